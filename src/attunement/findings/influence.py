"""Findings on who goes before whom, over many relationships: one for each pair of measures, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attunement.findings.reading import Read
from attunement.findings.words import counted, interval, listed, number
from attunement.vocabulary import Estimate, Finding, Missing, Rung

AI_FIRST, PERSON_FIRST = "ai_before_person", "person_before_ai"

ALPHA = 0.05
"""Of the adjusted p-values: so many of 100 that are claimed may be nothing."""

_MEASURE = re.compile(
    rf"influence\.(?P<ai>[^~]+)~(?P<person>.+)\.(?P<what>{AI_FIRST}|{PERSON_FIRST}|difference|peak_lag)"
    r"(?:\.(?P<horizon>hour|day|week))?"
)
_NEEDED = "; needed: "
"""In `method` of an estimate without a value, this stands between what is missing and what would do."""

_OUTSIDE = (
    "What goes before need not move what follows: something outside, such as work, illness or another version of the"
    " AI, can come before both."
)
_VISITS = "People come when they feel like it, and what they were like while away is not seen."
_WITHIN = "Who comes first within one session is not looked at."
_DRAFT = "The readings are drafts: how well they agree with people has not been measured."
_ALIKE = (
    "How relationships differ could not be told here, and all were taken to be alike: paces come out somewhat too slow."
)


def influence(estimates: Sequence[Estimate], constructs: Sequence[Read]) -> list[Finding]:
    """One finding for each pair that could be told of; one for all pairs that could not for the same reason.

    Args:
        estimates: from `dynamics`; those that do not speak of influence in many relationships are left alone.
        constructs: what was looked for.
    """
    pairs = by_pair(estimates)
    names = {construct.key: construct for construct in constructs}
    told = [_told(pair, known, names) for pair, known in pairs.items() if _is_told(known)]
    untold: dict[tuple[Missing, str], list[tuple[str, str]]] = {}
    for pair, known in pairs.items():
        if not _is_told(known):
            untold.setdefault(why_not(known), []).append(pair)
    return told + [_untold(some, why, pairs, names) for why, some in untold.items()]


def by_pair(estimates: Sequence[Estimate]) -> dict[tuple[str, str], dict[str, Estimate]]:
    """Estimates over many relationships by pair (the AI's measure, the person's), and by what they say of it."""
    pairs: dict[tuple[str, str], dict[str, Estimate]] = {}
    for estimate in estimates:
        named = _MEASURE.fullmatch(estimate.measure) if estimate.relationship_id is None else None
        if named:
            what = ".".join(part for part in (named["what"], named["horizon"]) if part)
            pairs.setdefault((named["ai"], named["person"]), {})[what] = estimate
    return pairs


def holds(estimate: Estimate | None) -> bool:
    """Whether a number is there and both of its nulls fail."""
    if estimate is None or isinstance(estimate.value, Missing) or estimate.null is None:
        return False
    return not isinstance(estimate.null.p, Missing) and estimate.null.p <= ALPHA


def why_not(known: Mapping[str, Estimate]) -> tuple[Missing, str]:
    """The reason why a pair could not be told of, and what would do."""
    for estimate in known.values():
        if isinstance(estimate.value, Missing):
            return estimate.value, estimate.method.partition(_NEEDED)[2] or "more relationships, or longer ones"
    return Missing.TOO_FEW, "more relationships, or longer ones"


def _is_told(known: Mapping[str, Estimate]) -> bool:
    days = [known.get(f"{way}.day") for way in (AI_FIRST, PERSON_FIRST, "difference")]
    return all(day is not None and not isinstance(day.value, Missing) for day in days)


def _told(pair: tuple[str, str], known: Mapping[str, Estimate], names: Mapping[str, Read]) -> Finding:
    ai, person = (_name(key, names) for key in pair)
    there, back, apart = (known[f"{way}.day"] for way in (AI_FIRST, PERSON_FIRST, "difference"))
    sentences = [
        f"Over {counted(there.n, 'relationship')}: signs of {_after(person, ai, there)}",
        f"Signs of {_after(ai, person, back)}",
        _which(there, back, apart),
    ]
    peak = known.get("peak_lag")
    if peak is not None and not isinstance(peak.value, Missing) and (holds(there) or holds(back)):
        days = "day" if number(peak.value) == "1" else "days"
        sentences.append(f"This is largest after about {number(peak.value)} {days}{interval(peak)}.")
    read = [names[key] for key in pair if key in names]
    alike = "one drift for all" in there.method
    return Finding(
        key=f"influence.{pair[0]}~{pair[1]}",
        relationship_id=None,
        claim=" ".join(sentences),
        rung=Rung.ASSOCIATION,
        estimates=tuple(known.values()),
        caveats=(
            _OUTSIDE,
            _VISITS,
            _WITHIN,
            *((_DRAFT,) if any(one.is_draft for one in read) else ()),
            *((_ALIKE,) if alike else ()),
        ),
    )


def _after(follows: str, before: str, estimate: Estimate) -> str:
    """What is seen of one side a day after the other."""
    value = float(estimate.value)
    size = f"by {number(abs(value))} of what it changes by itself in a day, for each such change before"
    if not holds(estimate):
        return f"{follows} are not clearly different a day after more signs of {before} than usual{_range(estimate)}."
    more = "more" if value > 0 else "less"
    return f"{follows} are {more} frequent a day after more signs of {before} than usual, {size}{_range(estimate)}."


def _which(there: Estimate, back: Estimate, apart: Estimate) -> str:
    """Which side goes before the other more, as one test says."""
    first, second = float(there.value), float(back.value)
    if not holds(apart):
        return "Which of the two goes before the other more cannot be told."
    if first * second < 0:
        both = holds(there) and holds(back)
        return "The two ways go in opposite directions." if both else "The two ways differ."
    if abs(first) > abs(second):
        return "The AI's side goes before the person's more than the other way round."
    return "The person's side goes before the AI's more than the other way round."


def _range(estimate: Estimate) -> str:
    if isinstance(estimate.low, Missing) or isinstance(estimate.high, Missing):
        return ""
    return f" (interval {_signed(estimate.low)} to {_signed(estimate.high)})"


def _signed(value: float) -> str:
    """As `number`, which has no small negative numbers."""
    return f"-{number(-value)}" if value < 0 and number(-value) != "0" else number(value)


def _untold(
    pairs: Sequence[tuple[str, str]],
    why: tuple[Missing, str],
    known: Mapping[tuple[str, str], Mapping[str, Estimate]],
    names: Mapping[str, Read],
) -> Finding:
    asked = listed([f"{_name(ai, names)} and {_name(person, names)}" for ai, person in pairs])
    reasons = {estimate.method.partition(_NEEDED)[0] for pair in pairs for estimate in known[pair].values()}
    reason = reasons.pop() if len(reasons) == 1 else ""
    return Finding(
        key=f"influence.{pairs[0][0]}~{pairs[0][1]}",
        relationship_id=None,
        claim=f"Whether the AI's side goes before the person's, or follows it, cannot be told for {asked}"
        + (f": {reason}." if reason else "."),
        rung=Rung.ASSOCIATION,
        estimates=tuple(estimate for pair in pairs for estimate in known[pair].values()),
        missing=why[0],
        would_need=why[1],
    )


def _name(key: str, names: Mapping[str, Read]) -> str:
    return names[key].quoted if key in names else f'"{key}"'
