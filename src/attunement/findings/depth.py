"""How far this is a relationship: whether it goes on, whether each side goes with the other, whether another would do.

A tool that is used is not spoken of as a bond: the words are chosen by what is there, and three findings stay three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attunement.findings.course import without_times
from attunement.findings.influence import AI_FIRST, PERSON_FIRST, by_pair, holds, why_not
from attunement.findings.reading import Read
from attunement.findings.swaps import swap
from attunement.findings.words import counted, interval, listed, number, with_interval
from attunement.statistics.shrinkage import RELIABILITY_FLOOR
from attunement.vocabulary import Estimate, Finding, Missing, Rung

WORDS = ("user.attach", "user.prefer_ai", "user.separation")
"""What a person says of an AI that no other would do for: affection, the AI before people, distress at missing it."""

BOND_FROM = 1.0
"""Of 100 messages of the person: such words are spoken of as there where the lower end of an interval is above it."""

LITTLE_BELOW = 1.0
"""And as hardly there where the upper ends of all intervals are below it."""

LASTING_DAYS = 28
"""What lasts less is contact, whatever is said in it."""

_SELECTION = "What was deleted, written in temporary chats, or said elsewhere is not in the logs."
_THREADS = (
    "Whether earlier conversations are taken up again is not recorded: it takes a source with several of them, each"
    " with times."
)
_BREAK = (
    "What happens when another model takes over is not known: it takes logs that state the model, and many"
    " relationships with sessions before and after such a change."
)
_SAID = "Words are counted, not meant: affection can be play, and those who miss it most may not say so."
_DRAFT = "These readings are drafts: how well they agree with people has not been measured."


def relationship_depth(
    row: Mapping[str, Any], known: Mapping[str, Estimate], *, together: Sequence[Estimate], constructs: Sequence[Read]
) -> list[Finding]:
    """Continuity, interdependence and irreplaceability of one relationship.

    Args:
        row: of RELATIONSHIPS.
        known: estimates of this relationship, by measure.
        together: estimates over many relationships.
        constructs: what was looked for.
    """
    noun = spoken_of(row, known)
    return [
        _continuity(row, known, noun),
        _interdependence(row, known, together),
        _irreplaceability(row, known, together, constructs, noun),
    ]


def spoken_of(row: Mapping[str, Any], known: Mapping[str, Estimate]) -> str:
    """The word for it: 'relationship', 'use', or 'contact' where neither can be said."""
    if row["first_at"] is None:
        return "contact"
    said = [known[f"rate.{key}"] for key in WORDS if f"rate.{key}" in known]
    ends = [(one.low, one.high) for one in said if not isinstance(one.value, Missing)]
    lows = [low for low, _ in ends if not isinstance(low, Missing)]
    highs = [high for _, high in ends if not isinstance(high, Missing)]
    lasts = (row["last_at"] - row["first_at"]).days >= LASTING_DAYS
    if lasts and any(low > BOND_FROM for low in lows):
        return "relationship"
    return "use" if len(highs) == len(WORDS) and max(highs) < LITTLE_BELOW else "contact"


# -- continuity --------------------------------------------------------------------------------------------------------


def _continuity(row: Mapping[str, Any], known: Mapping[str, Estimate], noun: str) -> Finding:
    if row["first_at"] is None:
        return without_times(row, "depth.continuity")
    used = [known[key] for key in ("weekly.active_days", *(f"continuity.{name}" for name in _PARTS)) if key in known]
    recorded = _value(known, "continuity.taken_up") is not None
    return Finding(
        key="depth.continuity",
        relationship_id=row["relationship_id"],
        claim=" ".join(
            [_span(row, known, noun), *(part for part in (_steady(known), _silent(known), _taken(known)) if part)]
        ),
        rung=Rung.DESCRIBED,
        estimates=tuple(used),
        caveats=(_SELECTION,) if recorded else (_THREADS, _SELECTION),
    )


_PARTS = ("span", "burstiness", "longest_silence", "weeks_with_contact", "taken_up")


def _span(row: Mapping[str, Any], known: Mapping[str, Estimate], noun: str) -> str:
    talks = counted(row["n_conversations"], "conversation")
    n_days = (row["last_at"].date() - row["first_at"].date()).days + 1
    if n_days == 1:
        return f"All contact was on one day, {_date(row['first_at'])}, in {talks}."
    days, weeks = known.get("weekly.active_days"), known.get("continuity.weeks_with_contact")
    often = ""
    if days is not None and days.n > 1:
        often = f", with contact on {with_interval(days, 'day a week', 'days a week')}"
    if weeks is not None and not isinstance(weeks.value, Missing):
        often += f"{' and' if often else ', with contact'} in {number(weeks.value)} of 100 weeks between"
    reaches = {"relationship": "The relationship reaches", "use": "The AI was used", "contact": "Contact reaches"}[noun]
    when = f"from {_date(row['first_at'])} to {_date(row['last_at'])}"
    return f"{reaches} over {counted(n_days, 'day')}, {when}{often}, in {talks}."


def _steady(known: Mapping[str, Estimate]) -> str:
    burst = known.get("continuity.burstiness")
    value = _value(known, "continuity.burstiness")
    if burst is None or value is None or burst.null is None or isinstance(burst.null.p, Missing):
        return ""
    if burst.null.p > 1 - burst.level:
        return "Returns are about as steady as random times."
    how = "less steady than random times: they come in bursts" if value > 0 else "steadier than random times"
    return f"Returns are {how}."


def _silent(known: Mapping[str, Estimate]) -> str:
    value = _value(known, "continuity.longest_silence")
    return "" if value is None else f"The longest silence was {number(value)} {_days(value)}."


def _taken(known: Mapping[str, Estimate]) -> str:
    value = _value(known, "continuity.taken_up")
    return (
        ""
        if value is None
        else f"Of 100 conversations open in a session, {number(value)} had been opened in an earlier one."
    )


# -- interdependence ---------------------------------------------------------------------------------------------------


def _interdependence(row: Mapping[str, Any], known: Mapping[str, Estimate], together: Sequence[Estimate]) -> Finding:
    key, pairs = "depth.interdependence", by_pair(together)
    told = {pair: some for pair, some in pairs.items() if not isinstance(some[f"{AI_FIRST}.day"].value, Missing)}
    if not told:
        missing, need = _why(pairs)
        return Finding(
            key=key,
            relationship_id=row["relationship_id"],
            claim="Whether each side goes with what the other did before cannot be told.",
            rung=Rung.ASSOCIATION,
            missing=missing,
            would_need=need,
        )
    ways = {way: sum(holds(some.get(f"{way}.day")) for some in told.values()) for way in (AI_FIRST, PERSON_FIRST)}
    n = max(some[f"{AI_FIRST}.day"].n for some in told.values())
    own = [one for name, one in known.items() if name.startswith("influence.") and not isinstance(one.value, Missing)]
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"Over {counted(n, 'relationship')}, the AI's side goes before the person's in {ways[AI_FIRST]} of"
        f" {counted(len(told), 'pair')} of measures, and the person's before the AI's in {ways[PERSON_FIRST]}."
        f" {_own(own)}",
        rung=Rung.ASSOCIATION,
        estimates=(*own, *(some[f"{way}.day"] for some in told.values() for way in (AI_FIRST, PERSON_FIRST))),
        caveats=(
            "What goes before need not move what follows: something outside can come before both.",
            *(
                ("A number of one relationship is mostly that of all, the more the less reliable it is.",)
                if own
                else ()
            ),
        ),
    )


def _own(own: Sequence[Estimate]) -> str:
    """What may be said of this one: nothing below the floor."""
    if not own:
        return "Of this one by itself nothing can be told."
    readable = [
        one for one in own if not isinstance(one.reliability, Missing | None) and one.reliability >= RELIABILITY_FLOOR
    ]
    if not readable:
        best = max((one.reliability for one in own if not isinstance(one.reliability, Missing | None)), default=0.0)
        return (
            f"How this one differs from them cannot be told: the reliability of its own numbers is {number(best)} at"
            f" best, and it takes {number(RELIABILITY_FLOOR)}."
        )
    clear = [
        one
        for one in readable
        if not isinstance(one.low, Missing) and not isinstance(one.high, Missing) and (one.low > 0 or one.high < 0)
    ]
    first = sum(AI_FIRST in one.measure for one in clear)
    return (
        f"In this one, of {counted(len(readable), 'number')} that can be told, the AI's side clearly goes before the"
        f" person's in {first}, and the person's before the AI's in {len(clear) - first}."
    )


def _why(pairs: Mapping[tuple[str, str], Mapping[str, Estimate]]) -> tuple[Missing, str]:
    """Why no pair could be told of; that there is too little of it comes first, since more of it can be had."""
    reasons = [why_not(some) for some in pairs.values()]
    few = [one for one in reasons if one[0] is Missing.TOO_FEW]
    if few or reasons:
        return (few or reasons)[0]
    return (
        Missing.TOO_FEW,
        "estimates of many relationships: 200 of at least 25 sessions in which both sides can be read",
    )


# -- irreplaceability --------------------------------------------------------------------------------------------------


def _irreplaceability(
    row: Mapping[str, Any],
    known: Mapping[str, Estimate],
    together: Sequence[Estimate],
    constructs: Sequence[Read],
    noun: str,
) -> Finding:
    key = "depth.irreplaceability"
    read = [one for one in constructs if one.key in WORDS]
    said = [(one, known[one.measure]) for one in read if _value(known, one.measure) is not None]
    if not said:
        tried = [known[one.measure].value for one in read if one.measure in known]
        return Finding(
            key=key,
            relationship_id=row["relationship_id"],
            claim="Whether another would do cannot be told: nothing is known of what the person says of it.",
            rung=Rung.DESCRIBED,
            missing=next(
                (one for one in tried if isinstance(one, Missing)), Missing.TOO_FEW if read else Missing.NO_ANNOTATOR
            ),
            would_need="an annotator that looks for affection, for the AI before people and for missing it, and at"
            " least 20 messages of the person in 5 sessions",
        )
    swapped, around = swap(known, together)
    shares = listed([f"{number(float(one.value))}{interval(one)} of {construct.quoted}" for construct, one in said])
    claim = f"Signs in 100 messages of the person: {shares}."
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=" ".join(part for part in (claim, _TOOL if noun == "use" else "", swapped) if part),
        rung=Rung.DESCRIBED,
        estimates=(*(one for _, one in said), *around),
        caveats=(
            *(() if around else (_BREAK,)),
            _SAID,
            *((_DRAFT,) if any(one.is_draft for one, _ in said) else ()),
        ),
    )


_TOOL = "That is hardly any: it is spoken of here as something that is used."


def _value(known: Mapping[str, Estimate], measure: str) -> float | None:
    estimate = known.get(measure)
    return None if estimate is None or isinstance(estimate.value, Missing) else float(estimate.value)


def _days(value: float) -> str:
    return "day" if number(value) == "1" else "days"


def _date(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"
