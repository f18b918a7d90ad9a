"""Findings on habits of use: who starts, what is regenerated, how often contact reaches into the night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attunement.findings.words import interval, number
from attunement.vocabulary import Estimate, Finding, Missing, Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """A habit, the words for it, and why it may not be known."""

    key: str
    measure: str
    before: str
    """What stands before the number in the claim."""
    after: str
    """What stands after it."""
    unknown: str
    """The claim where it is not known."""
    missing: Missing
    would_need: str
    caveat: str


_HABITS = (
    _Habit(
        key="use.starts",
        measure="share.started_by_person",
        before="The person wrote first in",
        after="of 100 sessions",
        unknown="Who writes first cannot be said.",
        missing=Missing.TOO_FEW,
        would_need="a session with a message of the person or of the AI whose time is stated",
        caveat="Some products let the AI write first only after an event that the export does not show.",
    ),
    _Habit(
        key="use.regenerations",
        measure="share.regenerations_per_reply",
        before="Another version was asked for in",
        after="of 100 replies of the AI",
        unknown="How often another version of a reply was asked for cannot be said.",
        missing=Missing.NOT_RECORDED,
        would_need="an export that keeps regenerated replies, with times",
        caveat="Where a product keeps only the last version, none are seen.",
    ),
    _Habit(
        key="use.nights",
        measure="share.night_share",
        before="Contact reached into the hours between midnight and five in",
        after="of 100 sessions",
        unknown="How often contact reaches into the night cannot be said.",
        missing=Missing.NO_TIME_ZONE,
        would_need="the zone in which the person lives, given with --time-zone",
        caveat="People who travel or work at night have other nights.",
    ),
)


def habits(row: Mapping[str, Any], known: Mapping[str, Estimate]) -> list[Finding]:
    """One finding for each habit, or the reason why it is not known."""
    return [_finding(row, known.get(habit.measure), habit) for habit in _HABITS]


def _finding(row: Mapping[str, Any], estimate: Estimate | None, habit: _Habit) -> Finding:
    relationship = row["relationship_id"]
    if estimate is None or isinstance(estimate.value, Missing):
        timeless = row["n_stated"] == 0
        return Finding(
            key=habit.key,
            relationship_id=relationship,
            claim=habit.unknown,
            rung=Rung.DESCRIBED,
            missing=Missing.NO_TIMES if timeless else habit.missing,
            would_need="an export that states when messages were sent" if timeless else habit.would_need,
        )
    return Finding(
        key=habit.key,
        relationship_id=relationship,
        claim=f"{habit.before} {number(estimate.value)} {habit.after}{interval(estimate)}.",
        rung=Rung.DESCRIBED,
        estimates=(estimate,),
        caveats=(habit.caveat,),
    )
