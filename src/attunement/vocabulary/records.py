"""Single things: an estimate, a finding. Frozen, and checked when built."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from attunement.errors import SchemaError
from attunement.vocabulary.missing import Missing


class Rung(StrEnum):
    """How far a number may be trusted to speak of causes. Words of cause are used on the last rung only."""

    DESCRIBED = "described"
    """A count or a rate of what is in these logs. Nothing is said about why."""
    ASSOCIATION = "association"
    """Two things go together in these logs. It cannot separate the AI's effect from the person's state."""
    ADJUSTED = "adjusted"
    """Measured confounders are held constant; those that were not measured are not."""
    BOUNDED = "bounded"
    """How strong an unmeasured confounder would have to be is stated."""
    RANDOMISED = "randomised"
    """Chance decided who got what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Null:
    """What would be seen if there were nothing to see."""

    statement: str
    """The null in words."""
    p: float | Missing
    """How often the null gives something at least as far out, two-sided."""

    def __post_init__(self) -> None:
        if not isinstance(self.p, Missing) and not 0 <= self.p <= 1:
            raise SchemaError(
                "a p-value is no probability",
                got=f"p={self.p!r}",
                have="a number from 0 to 1, or Missing",
                do="give Missing and its reason where it cannot be known",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with everything that is needed to read it."""

    measure: str
    """What was measured, as in PANEL."""
    relationship_id: int | None
    """The relationship, or None where it speaks of many."""
    value: float | Missing
    """The number, or why there is none."""
    low: float | Missing
    """Lower end of the interval."""
    high: float | Missing
    """Upper end of the interval."""
    level: float
    """How often such intervals cover the truth, such as .95."""
    n: int
    """How many units it was made from."""
    n_of: str
    """What those units are, such as 'messages in 14 sessions'."""
    rung: Rung
    """How far it may be trusted to speak of causes."""
    null: Null | None
    """What it was held against; None for a plain description, which has no null."""
    method: str
    """How the number and its interval were made, in one sentence."""
    unit: str = ""
    """The unit of the value, such as 'per 100 AI messages'."""
    reliability: float | Missing | None = None
    """Share of the variance between units that is not error, for numbers of one unit drawn towards those of all; None
    where nothing was drawn."""

    def __post_init__(self) -> None:
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            if not isinstance(number, Missing) and not math.isfinite(number):
                raise SchemaError(
                    f"the {name} of {self.measure} is no number",
                    got=f"{name}={number!r}",
                    have="a finite number, or Missing",
                    do="give Missing and its reason where it cannot be known",
                )
        if isinstance(self.value, Missing):
            return
        if not isinstance(self.low, Missing) and not isinstance(self.high, Missing) and self.low > self.high:
            raise SchemaError(
                f"the interval of {self.measure} is upside down",
                got=f"low={self.low!r}, high={self.high!r}",
                do="give the lower end first",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A claim, with its rung, its null, its evidence and its caveats."""

    key: str
    """What kind of finding it is, such as need.autonomy.thwarted."""
    relationship_id: int | None
    """The relationship, or None where it speaks of many."""
    claim: str
    """The claim in one plain sentence, or the refusal in words."""
    rung: Rung
    """How far it may be trusted to speak of causes."""
    estimates: tuple[Estimate, ...] = ()
    """The numbers that it rests on."""
    evidence: tuple[int, ...] = ()
    """message_ids that show it best; their text stays in the store."""
    caveats: tuple[str, ...] = ()
    """What a careful reader has to know."""
    missing: Missing | None = None
    """Why nothing can be claimed, where nothing can."""
    would_need: str = ""
    """What would make it knowable, where it is not."""

    def __post_init__(self) -> None:
        if self.missing is not None and not self.would_need:
            raise SchemaError(
                f"the finding {self.key} refuses without saying what would make it knowable",
                got=f"missing={self.missing.value!r}, would_need=''",
                do="say what data or which annotator would be needed",
            )
