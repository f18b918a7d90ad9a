"""Findings on use: how much, how it changed, from when to when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attunement.findings.words import counted, number, with_interval
from attunement.vocabulary import Estimate, Finding, Missing, Null, Rung

_CALENDAR = "The first and the last week may be incomplete, which lowers weekly means."
_SELECTION = "What was deleted, written in temporary chats, or said elsewhere is not in the logs."


def use(row: Mapping[str, Any], known: Mapping[str, Estimate]) -> list[Finding]:
    """How much contact there is a week, and whether the second half differs from the first."""
    sessions, minutes = known.get("weekly.sessions"), known.get("weekly.minutes")
    if sessions is None or minutes is None:
        return [_no_times(row, key) for key in ("use.amount", "use.change")]
    amount = Finding(
        key="use.amount",
        relationship_id=row["relationship_id"],
        claim=f"Over {counted(sessions.n, 'week')} there were {with_interval(sessions)} sessions a week, and"
        f" {with_interval(minutes)} minutes a week.",
        rung=Rung.DESCRIBED,
        estimates=tuple(known[name] for name in _WEEKLY if name in known),
        caveats=(_CALENDAR, _SELECTION),
    )
    return [amount, change(row, known.get("change.minutes"), key="use.change", what="The minutes a week")]


_WEEKLY = ("weekly.sessions", "weekly.minutes", "weekly.messages_person", "weekly.active_days")


def change(row: Mapping[str, Any], estimate: Estimate | None, *, key: str, what: str) -> Finding:
    """Whether something differs between the halves of a relationship, or why that cannot be said."""
    relationship = row["relationship_id"]
    if estimate is None or isinstance(estimate.value, Missing):
        return Finding(
            key=key,
            relationship_id=relationship,
            claim=f"Whether {what[0].lower()}{what[1:]} changed cannot be said.",
            rung=Rung.DESCRIBED,
            estimates=() if estimate is None else (estimate,),
            missing=Missing.TOO_FEW,
            would_need="more of them: at least 12 sessions, or 8 weeks, that could be read",
        )
    null = estimate.null
    return Finding(
        key=key,
        relationship_id=relationship,
        claim=_change_claim(estimate, what),
        rung=Rung.DESCRIBED,
        estimates=(estimate,),
        caveats=_change_caveats(null),
    )


def _change_claim(estimate: Estimate, what: str) -> str:
    value, low, high = estimate.value, estimate.low, estimate.high
    if isinstance(value, Missing) or isinstance(low, Missing) or isinstance(high, Missing):
        return f"Whether {what[0].lower()}{what[1:]} changed cannot be said."
    span = f"by {number(abs(value))} {estimate.unit} (interval {number(low)} to {number(high)})"
    if low <= 0 <= high:
        return f"{what} did not clearly differ between the first and the second half ({number(value)}, {number(low)} to {number(high)})."
    direction = "higher" if value > 0 else "lower"
    p = None if estimate.null is None else estimate.null.p
    if isinstance(p, float) and p <= 1 - estimate.level:
        return f"{what} were {direction} in the second half than in the first {span}."
    if isinstance(p, float):
        return (
            f"{what} were {direction} in the second half {span}, but halves cut elsewhere in the same series differ as"
            f" much in {100 * p:.0f} of 100 cases: the wave may be an ordinary one."
        )
    return f"{what} were {direction} in the second half {span}; there are too few sessions to hold this against chance."


def _change_caveats(null: Null | None) -> tuple[str, ...]:
    caveats = ["A difference in time is not an effect of the AI: the person's life changes too."]
    if null is not None and null.p is Missing.TOO_FEW:
        caveats.append("With fewer than 40 sessions the null (cut the series anywhere else) cannot be rejected.")
    return tuple(caveats)


def continuity(row: Mapping[str, Any], known: Mapping[str, Estimate]) -> Finding:
    """From when to when, on how many days."""
    if row["first_at"] is None:
        return _no_times(row, "depth.continuity")
    n_days = (row["last_at"].date() - row["first_at"].date()).days + 1
    days = known.get("weekly.active_days")
    often = "" if days is None else f", with contact on {with_interval(days)} days a week"
    return Finding(
        key="depth.continuity",
        relationship_id=row["relationship_id"],
        claim=f"Contact reaches over {counted(n_days, 'day')}, from {row['first_at']:%-d %B %Y} to"
        f" {row['last_at']:%-d %B %Y}{often}, in {counted(row['n_conversations'], 'conversation')}.",
        rung=Rung.DESCRIBED,
        estimates=() if days is None else (days,),
        caveats=(
            "How far this is a relationship needs more than its length: who influences whom, and whether another would"
            " do, are not measured by this version.",
        ),
    )


def _no_times(row: Mapping[str, Any], key: str) -> Finding:
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim="The course over time cannot be told: the source states no times.",
        rung=Rung.DESCRIBED,
        missing=Missing.NO_TIMES,
        would_need="an export that states when each message, or at least each conversation, was sent",
    )
