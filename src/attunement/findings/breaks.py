"""Findings on breaks: what stands higher or lower after another model, an outage or a given day, and when unasked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from attunement.findings.reading import Read
from attunement.findings.words import counted, interval, listed, number
from attunement.statistics.shrinkage import RELIABILITY_FLOOR
from attunement.vocabulary import Estimate, Finding, Missing, Rung

ALPHA = 0.05
"""Of the null of each break, and of what must not be seen a window before a date."""

_NEEDED = "; needed: "
"""In `method` of an estimate without a value, this stands between what is missing and what would do."""

_MEASURE = re.compile(r"break\.(?P<kind>known|early|unknown|when)\.(?P<of>[^@]+)(?:@(?P<event>.+))?")

_NAMES = {
    "sessions": "how often they come",
    "minutes": "time in contact",
    "reward.rating": "the rating of a session",
    "rating": "the rating",
}
_DATES = "Whoever left before or after the date is not in it; weeks move everybody, and the interval counts that in."
_CHOSEN = "Where people chose the date themselves, as they can choose a model, what moved them to it is in it too."
_SEARCH = "It tells that the level changed, at once or by and by; the day is the clearest cut and can be off by weeks."
_NOT_WHY = "What came at that time is not told by it, and a change in the annotator looks the same."


def breaks(estimates: Sequence[Estimate], constructs: Sequence[Read] = ()) -> list[Finding]:
    """One finding for each event, one for breaks that nobody named, and one for each relationship that was searched.

    Args:
        estimates: from `dynamics`; those that do not speak of breaks are left alone.
        constructs: what was looked for, for the names of measures.
    """
    names = _NAMES | {one.measure: f"signs of {one.quoted}" for one in constructs}
    known: dict[str, dict[tuple[str, str], Estimate]] = {}
    unknown: dict[tuple[str, str], Estimate] = {}
    own: dict[int, dict[tuple[str, str], Estimate]] = {}
    for estimate in estimates:
        named = _MEASURE.fullmatch(estimate.measure)
        if not named:
            continue
        key = (named["kind"], named["of"])
        if estimate.relationship_id is not None:
            # What one relationship did at a known date is shown with its number, and makes no claim by itself.
            if named["event"] is None:
                own.setdefault(estimate.relationship_id, {})[key] = estimate
        elif named["event"] is not None:
            known.setdefault(named["event"], {})[key] = estimate
        else:
            unknown[key] = estimate
    found = [_of_event(event, of, names) for event, of in known.items()]
    found += [_unknown(unknown, names)] if unknown else []
    return found + [_of_one(relationship, of, names) for relationship, of in own.items()]


def _of_event(event: str, known: Mapping[tuple[str, str], Estimate], names: Mapping[str, str]) -> Finding:
    when = _event(event)
    jumps = {of: one for (kind, of), one in known.items() if kind == "known"}
    told = {of: one for of, one in jumps.items() if not isinstance(one.value, Missing)}
    if not told:
        return _refusal(f"break.known.{event}", f"What changed {when} cannot be said", list(jumps.values()))
    early = [of for of in told if _holds(known.get(("early", of)))]
    clear = [of for of in told if _holds(told[of]) and of not in early]
    rest = [of for of in told if of not in clear and of not in early]
    parts = [
        f"{_capital(names.get(of, of))} {'is' if _is_one(of) else 'are'} {_size(told[of])} {when} than before,"
        f" beyond what is usual between such weeks, in {counted(told[of].n, 'relationship')}."
        for of in clear
    ]
    if early:
        parts.append(
            f"{_capital(listed([names.get(of, of) for of in early]))} had begun to change before it, so nothing is"
            " claimed of that."
        )
    if rest:
        parts.append(f"No clear change {when}: {listed([names.get(of, of) for of in rest])}.")
    return Finding(
        key=f"break.known.{event}",
        relationship_id=None,
        claim=" ".join(parts),
        rung=Rung.ASSOCIATION if clear else Rung.DESCRIBED,
        estimates=tuple(known.values()),
        caveats=(_DATES, *((_CHOSEN,) if event.startswith("release") else ())),
    )


def _unknown(known: Mapping[tuple[str, str], Estimate], names: Mapping[str, str]) -> Finding:
    jumps = {of: one for (kind, of), one in known.items() if kind == "unknown"}
    searched = {of: one for of, one in jumps.items() if ("when", of) in known}
    if not searched:
        return _refusal(
            "break.unknown", "Whether anything broke at a time that nobody named cannot be said", list(jumps.values())
        )
    clear = [of for of, one in searched.items() if _holds(one)]
    rest = [of for of in searched if of not in clear]
    parts = []
    for of in clear:
        one = searched[of]
        size = (
            "; by how much cannot be told"
            if isinstance(one.value, Missing)
            else f": {_size(one)} in the four weeks after"
        )
        parts.append(f"Over all relationships, {names.get(of, of)} changed around {_day(known[('when', of)])}{size}.")
    if rest:
        parts.append(f"No clear break over all relationships: {listed([names.get(of, of) for of in rest])}.")
    return Finding(
        key="break.unknown",
        relationship_id=None,
        claim=" ".join(parts),
        rung=Rung.ASSOCIATION if clear else Rung.DESCRIBED,
        estimates=tuple(one for (kind, of), one in known.items() if kind == "unknown" or of in clear),
        caveats=(_SEARCH, _NOT_WHY) if clear else (),
    )


def _of_one(relationship: int, known: Mapping[tuple[str, str], Estimate], names: Mapping[str, str]) -> Finding:
    jumps = {of: one for (kind, of), one in known.items() if kind == "unknown"}
    if not any(kind == "when" for kind, _ in known):
        refusal = _refusal("break.own", "Whether anything broke here cannot be said", list(jumps.values()))
        return replace(refusal, relationship_id=relationship)
    clear = [of for of, one in jumps.items() if _holds(one)]
    if not clear:
        return Finding(
            key="break.own",
            relationship_id=relationship,
            claim="No clear break in this relationship, of all that was searched.",
            rung=Rung.DESCRIBED,
            estimates=tuple(one for one in jumps.values() if not isinstance(one.value, Missing)),
        )
    parts = []
    for of in clear:
        one = jumps[of]
        reliable = isinstance(one.reliability, float) and one.reliability >= RELIABILITY_FLOOR
        size = f": {_size(one)} after it" if reliable else "; by how much cannot be told of it alone"
        day = _day(known[("when", of)]) if ("when", of) in known else "an unknown day"
        parts.append(f"In this relationship {names.get(of, of)} changed around {day}{size}.")
    return Finding(
        key="break.own",
        relationship_id=relationship,
        claim=" ".join(parts),
        rung=Rung.DESCRIBED,
        estimates=tuple(one for (_, of), one in known.items() if of in clear),
        caveats=(_SEARCH, _NOT_WHY),
    )


def _event(event: str) -> str:
    if event == "release":
        return "in the four weeks after another model took over"
    if event.startswith("release."):
        before, _, after = event.removeprefix("release.").partition(" to ")
        return f"in the four weeks after {after} took over from {before}"
    if event.startswith("outage."):
        return f"in the four weeks after outage {event.removeprefix('outage.')}"
    return f'in the four weeks after "{event}"'


def _size(one: Estimate) -> str:
    value = 0.0 if isinstance(one.value, Missing) else one.value
    unit = f" {one.unit}" if one.unit else ""
    return f"{number(abs(value))}{unit} {'higher' if value > 0 else 'lower'}{interval(one)}"


def _is_one(of: str) -> bool:
    return not of.startswith("rate.")


def _day(when: Estimate) -> str:
    if isinstance(when.value, Missing):
        return "an unknown day"
    day = datetime.fromtimestamp(when.value * 86_400, tz=UTC)
    return f"{day.day} {day:%B %Y}"


def _holds(estimate: Estimate | None) -> bool:
    if estimate is None or estimate.null is None or isinstance(estimate.null.p, Missing):
        return False
    return estimate.null.p <= ALPHA


def _refusal(key: str, claim: str, estimates: Sequence[Estimate]) -> Finding:
    first = estimates[0]
    what, _, need = first.method.partition(_NEEDED)
    return Finding(
        key=key,
        relationship_id=None,
        claim=f"{claim}: {what}.",
        rung=Rung.DESCRIBED,
        estimates=tuple(estimates),
        missing=first.value if isinstance(first.value, Missing) else Missing.NOT_IDENTIFIED,
        would_need=need or "more relationships, or longer ones",
    )


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
