"""Findings on style: who moved towards whose way of writing, and how far, from where each began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attunement.findings.words import counted, interval, number
from attunement.statistics.shrinkage import RELIABILITY_FLOOR
from attunement.vocabulary import Estimate, Finding, Missing, Rung

SIDES = ("person", "ai")

ALPHA = 0.05
"""Of the null of each side."""

_NEEDED = "; needed: "
"""In `method` of an estimate without a value, this stands between what is missing and what would do."""

_NAMES = {"person": "the person", "ai": "the AI"}
_FIRST = "What either side took over within the first six sessions is not seen: both are held to begin with them."
_HELD = (
    "Length of messages, weeks, and topics that pass within some sessions are held constant; a lasting topic is not."
)
_ENGLISH = "Style is counted in classes of English words and in marks; other languages are left out."
_NOT_ALONE = "Something outside a pair that lasts, such as a job that both write about, would look like moving nearer."
CAVEATS = (_FIRST, _HELD, _NOT_ALONE, _ENGLISH)


def accommodation(estimates: Sequence[Estimate]) -> list[Finding]:
    """Who moved, over all relationships, and for each side of each relationship what can be said of it alone.

    Args:
        estimates: from `dynamics`; those that do not speak of accommodation are left alone.
    """
    of_all: dict[str, Estimate] = {}
    of_each: dict[int, dict[str, Estimate]] = {}
    for estimate in estimates:
        if not estimate.measure.startswith("accommodation."):
            continue
        name = estimate.measure.removeprefix("accommodation.")
        if estimate.relationship_id is None:
            of_all[name] = estimate
        else:
            of_each.setdefault(estimate.relationship_id, {})[name] = estimate
    found = [_of_all(of_all)] if of_all else []
    return found + [_of_one(relationship, known) for relationship, known in of_each.items()]


def moved(estimate: Estimate | None) -> int:
    """1 where a side came nearer, -1 where it went away, 0 where neither is clear."""
    if estimate is None or isinstance(estimate.value, Missing) or estimate.null is None:
        return 0
    p = estimate.null.p
    return 0 if isinstance(p, Missing) or p > ALPHA else 1 if estimate.value > 0 else -1


def _of_all(known: Mapping[str, Estimate]) -> Finding:
    told = [side for side in SIDES if side in known and not isinstance(known[side].value, Missing)]
    if not told:
        return _refusal(None, [known[side] for side in SIDES if side in known])
    untold = [side for side in SIDES if side not in told]
    claim = " ".join([_headline(known, told), *(_side(known[side], side) for side in told), _compared(known)]).strip()
    caveats = [f"Of {_NAMES[side]} it cannot be told: {_why(known[side])[0]}." for side in untold if side in known]
    return Finding(
        key="accommodation.who_moved",
        relationship_id=None,
        claim=claim,
        rung=Rung.ADJUSTED,
        estimates=tuple(known.values()),
        caveats=(*caveats, *CAVEATS),
    )


def _headline(known: Mapping[str, Estimate], told: Sequence[str]) -> str:
    ways = {side: moved(known[side]) for side in told}
    nearer = [side for side, way in ways.items() if way > 0]
    if len(nearer) == 2:
        return "Both sides moved towards each other's way of writing."
    if len(nearer) == 1 and len(told) == 2:
        mover, stayer = nearer[0], "ai" if nearer[0] == "person" else "person"
        stayed = "moved away" if ways[stayer] < 0 else "did not clearly move"
        return f"{_capital(_NAMES[mover])} moved towards the other's way of writing; {_NAMES[stayer]} {stayed}."
    if len(nearer) == 1:
        return f"{_capital(_NAMES[nearer[0]])} moved towards the other's way of writing."
    if any(way < 0 for way in ways.values()):
        who = " and ".join(_NAMES[side] for side, way in ways.items() if way < 0)
        return f"{_capital(who)} moved away from the other's way of writing."
    return "Neither side clearly moved." if len(told) == 2 else f"{_capital(_NAMES[told[0]])} did not clearly move."


def _side(estimate: Estimate, side: str) -> str:
    if isinstance(estimate.value, Missing) or isinstance(estimate.low, Missing) or isinstance(estimate.high, Missing):
        return ""
    other = _NAMES["ai" if side == "person" else "person"]
    if moved(estimate) == 0:
        return (
            f"Of 100 parts of the way to where {other} began, {_NAMES[side]} may have gone anything from"
            f" {number(estimate.low)} to {number(estimate.high)}."
        )
    return (
        f"{_capital(_NAMES[side])} went {number(estimate.value)} of 100 parts of the way to where {other}"
        f" began{interval(estimate)}, in {counted(estimate.n, 'relationship')}."
    )


def _compared(known: Mapping[str, Estimate]) -> str:
    difference = known.get("difference")
    if difference is None or isinstance(difference.value, Missing):
        return ""
    if moved(difference) == 0:
        return "Which of the two went farther, each for its own spread, is not clear."
    farther = "person" if moved(difference) > 0 else "ai"
    return f"For its own spread, {_NAMES[farther]} went farther."


def _of_one(relationship: int, known: Mapping[str, Estimate]) -> Finding:
    told = [side for side in SIDES if side in known and not isinstance(known[side].value, Missing)]
    if not told:
        return _refusal(relationship, list(known.values()))
    parts = [_own(known[side], side) for side in told]
    return Finding(
        key="accommodation.own",
        relationship_id=relationship,
        claim=" ".join(parts),
        rung=Rung.ADJUSTED,
        estimates=tuple(known[side] for side in told),
        caveats=CAVEATS,
    )


def _own(estimate: Estimate, side: str) -> str:
    reliability = estimate.reliability
    shown = f"{number(_value(estimate))} of 100 parts of the way to where the other began{interval(estimate)}"
    if isinstance(reliability, Missing) or reliability is None or reliability < RELIABILITY_FLOOR:
        how = "" if isinstance(reliability, Missing) or reliability is None else f" (reliability {number(reliability)})"
        return (
            f"How far {_NAMES[side]} of this relationship moved cannot be told by itself{how}; drawn towards all"
            f" relationships it is {shown}."
        )
    if isinstance(estimate.low, Missing) or isinstance(estimate.high, Missing) or estimate.low <= 0 <= estimate.high:
        return f"Whether {_NAMES[side]} of this relationship moved is not clear: {shown}."
    way = "towards" if _value(estimate) > 0 else "away from"
    return f"{_capital(_NAMES[side])} of this relationship moved {way} the other's way of writing: {shown}."


def _value(estimate: Estimate) -> float:
    return 0.0 if isinstance(estimate.value, Missing) else estimate.value


def _refusal(relationship: int | None, known: Sequence[Estimate]) -> Finding:
    what, need = _why(known[0])
    reason = known[0].value
    return Finding(
        key="accommodation.who_moved" if relationship is None else "accommodation.own",
        relationship_id=relationship,
        claim=f"Who moved towards whose way of writing cannot be said: {what}.",
        rung=Rung.DESCRIBED,
        estimates=tuple(known),
        missing=reason if isinstance(reason, Missing) else Missing.NOT_IDENTIFIED,
        would_need=need,
    )


def _why(estimate: Estimate) -> tuple[str, str]:
    what, _, need = estimate.method.partition(_NEEDED)
    return what, need or "more relationships, or longer ones"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
