"""Findings on drift: how what a person says changed, and which part of that goes with the AI."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attunement.findings.reading import Read
from attunement.findings.words import counted, interval, number
from attunement.statistics.shrinkage import RELIABILITY_FLOOR
from attunement.vocabulary import Estimate, Finding, Missing, Rung

ALPHA = 0.05
"""Of the null of each route, and of what must not be seen a window too early."""

_NEEDED = "; needed: "
"""In `method` of an estimate without a value, this stands between what is missing and what would do."""

_MEASURE = re.compile(
    r"drift\.(?P<part>(?:(?:induced|natural|placebo)\.(?:arm|release|untouched|adoption|pull|none))"
    r"|total|distinct|pull|return)\.(?P<of>.+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    """A route and its words."""

    key: str
    said: str
    """What the part that goes with the AI is, where chance did not decide; {number} stands for it."""
    span: str
    """Over which time."""
    caveat: str


ROUTES = (
    _Route(
        key="arm",
        said="people who got it stand {number} than those who did not, at equal levels before",
        span="since the arms were drawn",
        caveat="Who did not come again is not in either arm.",
    ),
    _Route(
        key="release",
        said="people whose AI was changed stand {number} than others on the same days",
        span="in the four weeks after the change",
        caveat="It speaks of what that change brought, and not of all that the AI does.",
    ),
    _Route(
        key="untouched",
        said="the change is {number} than on topics that the AI never touched",
        span="from the first half of the sessions to the second",
        caveat="It holds if life moves both kinds of topics alike, in units of their own ups and downs.",
    ),
    _Route(
        key="adoption",
        said="the change is {number} than the same people's in the weeks before the AI",
        span="in the first four weeks",
        caveat="It holds if people would have gone on as before; whoever began for a reason had that reason too.",
    ),
    _Route(
        key="pull",
        said="where the AI moved goes together with a change of {number}",
        span="from the first half of the sessions to the second",
        caveat="It holds if nothing outside moves the AI's position and the person after it.",
    ),
)
"""Best first."""

_LIFE = "A difference in time is not an effect of the AI: the person's life changes too."
_NOISE = "Errors of the readings are in the intervals only as far as they differ from session to session."


def drift(estimates: Sequence[Estimate], constructs: Sequence[Read] = ()) -> list[Finding]:
    """One finding for each measure over all relationships, and one for each relationship whose change was measured.

    Args:
        estimates: from `dynamics`; those that do not speak of drift are left alone.
        constructs: what was looked for, for the names of measures.
    """
    names = {construct.measure: f"signs of {construct.quoted}" for construct in constructs}
    of_all: dict[str, dict[str, Estimate]] = {}
    of_each: list[tuple[str, Estimate]] = []
    for estimate in estimates:
        named = _MEASURE.fullmatch(estimate.measure)
        if named and estimate.relationship_id is None:
            of_all.setdefault(named["of"], {})[named["part"]] = estimate
        elif named:
            of_each.append((named["of"], estimate))
    found = [_of_all(measure, names.get(measure, f'"{measure}"'), known) for measure, known in of_all.items()]
    return found + [_of_one(measure, names.get(measure, f'"{measure}"'), one) for measure, one in of_each]


def _of_all(measure: str, what: str, known: Mapping[str, Estimate]) -> Finding:
    key = f"drift.{measure}"
    usable = [route for route in ROUTES if _is_usable(route, known)]
    passed = [route for route in ROUTES if _is_early(route, known)]
    change = _change(what, known.get("total"))
    early = tuple(f"What {route.said.split(' {')[0]} was passed over: it differs before it could." for route in passed)
    if not usable:
        missing, why, need = _why(known)
        return Finding(
            key=key,
            relationship_id=None,
            claim=f"{change} Which part of that goes with the AI cannot be told: {why}.",
            rung=Rung.DESCRIBED,
            estimates=tuple(known.values()),
            caveats=(*early, _LIFE),
            missing=missing,
            would_need=need,
        )
    best = usable[0]
    induced, natural = known[f"induced.{best.key}"], known.get(f"natural.{best.key}")
    return Finding(
        key=key,
        relationship_id=None,
        claim=" ".join(
            part for part in (change, _induced(best, induced), _natural(natural), _figure(best, known)) if part
        ),
        rung=induced.rung,
        estimates=tuple(known.values()),
        caveats=(*early, *_others(usable, known), best.caveat, _NOISE),
    )


def _is_usable(route: _Route, known: Mapping[str, Estimate]) -> bool:
    induced = known.get(f"induced.{route.key}")
    return induced is not None and not isinstance(induced.value, Missing) and not _is_early(route, known)


def _is_early(route: _Route, known: Mapping[str, Estimate]) -> bool:
    """Whether the contrast is there before its time."""
    return _holds(known.get(f"placebo.{route.key}"))


def _holds(estimate: Estimate | None) -> bool:
    if estimate is None or isinstance(estimate.value, Missing) or estimate.null is None:
        return False
    return not isinstance(estimate.null.p, Missing) and estimate.null.p <= ALPHA


def _change(what: str, total: Estimate | None) -> str:
    if total is None or isinstance(total.value, Missing):
        return f"How {what} changed over all relationships is not known."
    unit = f" {total.unit}" if total.unit else ""
    if not _holds(total):
        return (
            f"From the first half of the sessions to the second, {what} did not clearly change on average:"
            f" by {_signed(total.value)}{unit}{interval(total)}, in {counted(total.n, 'relationship')}."
        )
    return (
        f"From the first half of the sessions to the second, {what} changed by {_signed(total.value)}{unit}"
        f"{interval(total)} on average, in {counted(total.n, 'relationship')}."
    )


def _induced(route: _Route, induced: Estimate) -> str:
    if isinstance(induced.value, Missing):
        return ""
    unit = f" {induced.unit}" if induced.unit else ""
    size = f"{number(abs(induced.value))}{unit} {'higher' if induced.value > 0 else 'lower'}"
    ends = interval(induced)
    if induced.rung is Rung.RANDOMISED:
        if not _holds(induced):
            return f"Chance decided who got the AI, and no effect of it is clear: {_signed(induced.value)}{unit}{ends}."
        return f"Chance decided who got the AI, and its effect is {_signed(induced.value)}{unit}{ends} {route.span}."
    said = route.said.format(number=_signed(induced.value) + unit if route.key == "pull" else size)
    clear = "" if _holds(induced) else ", which may be chance"
    return f"{_capital(route.span)}, {said}{ends}{clear}."


def _natural(natural: Estimate | None) -> str:
    if natural is None or isinstance(natural.value, Missing):
        return "What would have come anyway is not known."
    unit = f" {natural.unit}" if natural.unit else ""
    return f"What came without it is {_signed(natural.value)}{unit}{interval(natural)}."


def _figure(route: _Route, known: Mapping[str, Estimate]) -> str:
    distinct = known.get("distinct")
    if route.key != "pull" or distinct is None or isinstance(distinct.value, Missing):
        return ""
    return (
        f"The person's own course leaves {number(100 * distinct.value)} of 100 parts of where the AI stands; an AI that"
        " mirrored the person would leave none, and then this could not be told."
    )


def _others(usable: Sequence[_Route], known: Mapping[str, Estimate]) -> tuple[str, ...]:
    """Whether another route clearly says the opposite."""
    first = known[f"induced.{usable[0].key}"]
    signs = {route.key: known[f"induced.{route.key}"] for route in usable}
    against = [
        key
        for key, one in signs.items()
        if _holds(one) and _holds(first) and _value(one) * _value(first) < 0
    ]  # fmt: skip
    return (f"Another way of telling says the opposite ({', '.join(against)}).",) if against else ()


def _why(known: Mapping[str, Estimate]) -> tuple[Missing, str, str]:
    for route in (*(route.key for route in ROUTES), "none"):
        one = known.get(f"induced.{route}")
        if one is not None and isinstance(one.value, Missing):
            what, _, need = one.method.partition(_NEEDED)
            return one.value, what, need or "more relationships, or longer ones"
    what = "the contrast is there before its time"
    return Missing.NOT_IDENTIFIED, what, "changes of the AI at dates that have nothing to do with the people"


def _of_one(measure: str, what: str, one: Estimate) -> Finding:
    key = f"drift.{measure}"
    if isinstance(one.value, Missing):
        why, _, need = one.method.partition(_NEEDED)
        return Finding(
            key=key,
            relationship_id=one.relationship_id,
            claim=f"Whether {what} drifted in this relationship cannot be said: {why}.",
            rung=Rung.DESCRIBED,
            estimates=(one,),
            missing=one.value,
            would_need=need or "more sessions in which it was read",
        )
    reliability = one.reliability
    unit = f" {one.unit}" if one.unit else ""
    shown = f"{_signed(one.value)}{unit}{interval(one)}"
    if not isinstance(reliability, float) or reliability < RELIABILITY_FLOOR:
        how = f" (reliability {number(reliability)})" if isinstance(reliability, float) else ""
        claim = (
            f"How {what} changed in this relationship cannot be told by itself{how}; drawn towards all it is {shown}."
        )
    else:
        clear = not isinstance(one.low, Missing) and not isinstance(one.high, Missing) and not one.low <= 0 <= one.high
        verb = "changed" if clear else "did not clearly change"
        claim = f"From the first half of the sessions to the second, {what} {verb}: {shown}."
    return Finding(
        key=key,
        relationship_id=one.relationship_id,
        claim=f"{claim} Which part of that goes with the AI cannot be told in one relationship.",
        rung=Rung.DESCRIBED,
        estimates=(one,),
        caveats=(_LIFE,),
    )


def _value(estimate: Estimate) -> float:
    return 0.0 if isinstance(estimate.value, Missing) else estimate.value


def _signed(value: float) -> str:
    text = number(abs(value))
    return text if text == "0" else f"{'+' if value > 0 else '-'}{text}"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
