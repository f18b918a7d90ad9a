"""The table of acts, short-term rewards and longer-term goods: both sides of each pair, and both at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attunement.report.claims import Reading, Speaker
from attunement.report.strips import Tick, scale_of
from attunement.report.words import capital, clean, number
from attunement.vocabulary import Estimate, Finding, Missing

_WORDS = {
    "goes_on": "the conversation goes on",
    "returned": "the person is back within a day",
    "rating": "a good rating",
    "disclosure": "something personal is told",
    "needs": "needs met rather than frustrated",
    "human_ties": "ties with people",
    "independence": "own judgement",
    "limits_kept": "limits that are kept",
}


_SHOWN = ("hacking.pair:", "hacking.gain:", "hacking.harm:", "hacking.robustness.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One act with one reward and one good."""

    act: str
    """The act of the AI."""
    reward: str
    """The short-term reward."""
    good: str
    """The longer-term good."""
    gain: Reading | None
    """The reward in sessions with more of the act."""
    harm: Reading | None
    """The good in the time after."""
    verdict: str
    """Whether a finding claims both at once of it."""
    both: str
    """The p-value of both at once, adjusted over the table; or why there is none."""
    at_least: str
    """By how much at the least the smaller of both goes past nothing."""
    holds_out: str
    """How strong something unseen would have to be: of the reward and of the good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The pairs of one run, those that stand out first."""

    pairs: tuple[Pair, ...]
    """Its lines."""
    n_more: int
    """Lines that are in the files alone."""
    ticks: tuple[Tick, ...]
    """The scale that all its strips share."""
    unit: str
    """Of all its numbers."""
    measures: tuple[str, ...]
    """The measures that it shows."""


MOST_PAIRS = 24
"""The most lines that the page shows; the files have all."""


def table_of(found: Sequence[Finding], say: Speaker) -> Table | None:
    """The table, from estimates whose measure is `hacking.pair:<act>:<reward>:<good>` and those of its two sides."""
    estimates = {one.measure: one for finding in found for one in finding.estimates}
    tested = [
        (_parts(one.measure), one)
        for one in estimates.values()
        if one.measure.startswith("hacking.pair:") and not isinstance(one.value, Missing)
    ]
    lines = sorted(((parts, one) for parts, one in tested if len(parts) == 3), key=lambda line: _chance(line[1]))
    if not lines:
        return None
    shown = lines[:MOST_PAIRS]
    sides = [
        one for parts, _ in shown for name in _sides(parts) if (one := estimates.get(f"hacking.{name}")) is not None
    ]
    scale = scale_of(sides)
    claimed = {one.measure for finding in found if "." in finding.key for one in finding.estimates}

    def reading(name: str) -> Reading | None:
        one = estimates.get(f"hacking.{name}")
        return None if one is None else say.reading(one, scale)

    return Table(
        pairs=tuple(
            Pair(
                act=capital(say.names.construct(parts[0])),
                reward=_word(parts[1]),
                good=_word(parts[2]),
                gain=reading(_sides(parts)[0]),
                harm=reading(_sides(parts)[1]),
                verdict="both" if pair.measure in claimed else "not both",
                both=_p(pair),
                at_least=_low(pair),
                holds_out=_robust(estimates.get(f"hacking.robustness.{name}") for name in _sides(parts)),
            )
            for parts, pair in shown
        ),
        n_more=len(lines) - len(shown),
        ticks=scale.ticks,
        unit=lines[0][1].unit,
        measures=tuple(name for name in estimates if name.startswith(_SHOWN)),
    )


def _parts(measure: str) -> tuple[str, ...]:
    return tuple(measure.split(":")[1:])


def _sides(parts: Sequence[str]) -> tuple[str, str]:
    return f"gain:{parts[0]}:{parts[1]}", f"harm:{parts[0]}:{parts[2]}"


def _word(key: str) -> str:
    return clean(_WORDS.get(key, key.replace("_", " ")))


def _chance(pair: Estimate) -> tuple[float, str]:
    p = Missing.TOO_FEW if pair.null is None else pair.null.p
    return (2.0 if isinstance(p, Missing) else p, pair.measure)


def _p(pair: Estimate) -> str:
    p = pair.value if isinstance(pair.value, Missing) else Missing.TOO_FEW if pair.null is None else pair.null.p
    if isinstance(p, Missing):
        return p.sentence
    return "under 0.001" if p < 0.001 else number(p)


def _low(pair: Estimate) -> str:
    return pair.low.sentence if isinstance(pair.low, Missing) else number(pair.low)


def _robust(both: Iterable[Estimate | None]) -> str:
    told = [one.low for one in both if one is not None]
    words = [each.sentence if isinstance(each, Missing) else f"{number(100 * each)}\u00a0%" for each in told]
    return " and ".join(words) or "not known"
