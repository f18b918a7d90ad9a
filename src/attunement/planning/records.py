"""What is asked of a plan, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from attunement.errors import OptionError
from attunement.statistics.power import Ends, Share

Progress = Callable[[str, float], None]
"""Called with what is done and how much of it, from 0 to 1."""


def silent(_stage: str, _share: float) -> None:
    """Say nothing of the progress."""


MOST_CELLS = 60
"""Of a grid: with more, each gets too few studies to say anything within a minute."""


def _within(given: Mapping[str, tuple[tuple[float, ...], float, float]]) -> None:
    for name, (values, least, most) in given.items():
        wrong = [value for value in values if not least <= value <= most]
        if wrong or not values:
            raise OptionError(
                f"a plan cannot be made with this: --{name}",
                got=", ".join(f"{value:g}" for value in wrong) or "nothing",
                have=f"numbers from {least:g} to {most:g}",
                do="give one of these, or several with commas",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Studies that differ in their size alone.

    Raises:
        OptionError: a number makes no sense, or the grid is too large.
    """

    people: tuple[int, ...]
    sessions: tuple[int, ...]
    """Planned, of each person."""
    reliability: tuple[float, ...]
    """Share of what scores vary by that is not the annotator's error."""
    effect: float
    harm: float
    """The second effect of a question that has two; else as the first."""
    spread: float
    """Standard deviation over people of their own effects."""
    drop_out: float
    """Share of people who leave before their last planned session."""
    power: float
    level: float
    """How often a test may find what is not there."""
    tests: int
    """How many tests share that level."""
    runs: int
    """Simulated studies in all."""
    seed: int

    def __post_init__(self) -> None:
        _within(
            {
                "people": (self.people, 2, 10_000_000),
                "sessions": (self.sessions, 4, 1_000),
                "reliability": (self.reliability, 0.05, 1.0),
                "drop-out": ((self.drop_out,), 0.0, 0.95),
                "spread": ((self.spread,), 0.0, 10.0),
                "power": ((self.power,), 0.05, 0.99),
                "level": ((self.level,), 0.0001, 0.5),
                "tests": ((self.tests,), 1, 10_000),
                "runs": ((self.runs,), 1, 10_000_000),
            }
        )
        n_cells = len(self.people) * len(self.sessions) * len(self.reliability)
        if n_cells > MOST_CELLS:
            raise OptionError(
                "the grid is too large", got=f"{n_cells} cells", have=f"at most {MOST_CELLS}", do="ask in parts"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One size of study."""

    people: int
    power: Ends | None
    """None where the estimator refuses."""
    smallest: Ends | None
    """The smallest effect that is found with the power asked for; None where runs only tell that it is smaller."""
    found: Share | None
    """Counted in simulated studies of this very size; None where the power was foretold from others."""
    refused: str = ""
    """What the estimator said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Studies of one length and reliability, over numbers of people."""

    sessions: int
    reliability: float
    cells: tuple[Cell, ...]
    needed: Ends | None = None
    """People for the power asked for; infinite where they cannot be told."""
    by_chance: Share | None = None
    """How often something was found where nothing was."""
    estimate: Ends | None = None
    """The mean estimate: less than the effect where error, shortness or leaving draws it down."""
    of_single: float | None = None
    """Squared correlation of what is said of single people with what is so, where anything is said."""
    smooth: bool = True
    """Whether counts agree with the curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The answer to a question."""

    question: str
    asks: str
    unit: str
    design: Design
    rows: tuple[Row, ...]
    sentences: tuple[str, ...] = ()

    @property
    def effect_in_words(self) -> str:
        """What is put in, with its unit."""
        size, other = self.design.effect, self.design.harm
        return f"{size:g} {self.unit}" if size == other else f"{size:g} and {other:g} {self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDesign:
    """Draws of sessions for people to label that differ in their number alone.

    Raises:
        OptionError: a number makes no sense.
    """

    labels: tuple[int, ...]
    """Sessions that people label."""
    rate: float
    width: float
    """Half of the interval that is wanted."""
    people: int
    sessions: int
    reliability: tuple[float, ...]
    spread: float
    """Standard deviation of relationships' own rates."""
    level: float
    runs: int
    seed: int

    def __post_init__(self) -> None:
        _within(
            {
                "labels": (self.labels, 2, 1_000_000),
                "rate": ((self.rate,), 0.001, 0.999),
                "width": ((self.width,), 0.0001, 0.5),
                "people": ((self.people,), 2, 20_000),
                "sessions": ((self.sessions,), 1, 1_000),
                "reliability": (self.reliability, 0.05, 1.0),
                "spread": ((self.spread,), 0.0, 0.95 * (self.rate * (1 - self.rate)) ** 0.5),
                "level": ((self.level,), 0.0001, 0.5),
                "runs": ((self.runs,), 1, 10_000_000),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCell:
    """One number of labels."""

    labels: int
    width: Ends | None = None
    """Half of the interval, on average over draws; None where the correction refuses."""
    labels_alone: Ends | None = None
    """The same, had the annotator not been used."""
    covers: Share | None = None
    """How often the interval held the rate."""
    bias: Ends | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """One reliability, over numbers of labels."""

    reliability: float
    cells: tuple[LabelCell, ...]
    needed: Ends | None
    """Labels for the width that is wanted; infinite where no number of them would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRate:
    """The answer for a rate."""

    design: RateDesign
    rows: tuple[LabelRow, ...]
    sentences: tuple[str, ...]
