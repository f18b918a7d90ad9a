"""Findings on use: how much, how it changed, from when to when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attunement.findings.words import counted, measured, number, with_interval
from attunement.vocabulary import Estimate, Finding, Missing, Rung

_CALENDAR = "The first and the last week may be incomplete, which lowers weekly means."
_SELECTION = "What was deleted, written in temporary chats, or said elsewhere is not in the logs."
_LIFE = "A difference in time is not an effect of the AI: the person's life changes too."
_WEEKLY = ("weekly.sessions", "weekly.minutes", "weekly.messages_person", "weekly.active_days")

MIN_FOR_CHANCE = 40
"""With fewer, no way of cutting the series elsewhere can be rarer than one in twenty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked when a change is looked for, and the words for it."""

    key: str
    """The key of the finding."""
    what: str
    """What may have changed, for the middle of a sentence."""
    more: str
    """The word for a rise: 'longer', 'more frequent'."""
    less: str
    """The word for a fall."""
    are: str
    """'was' or 'were'."""
    would_need: str
    """What is needed to tell."""


_TIME = Asked(
    key="use.change",
    what="the time in contact",
    more="longer",
    less="shorter",
    are="was",
    would_need="at least 8 weeks from the first session to the last",
)


def use(row: Mapping[str, Any], known: Mapping[str, Estimate]) -> list[Finding]:
    """How much contact there is a week, and whether the second half differs from the first."""
    sessions, minutes = known.get("weekly.sessions"), known.get("weekly.minutes")
    if sessions is None or minutes is None:
        return [without_times(row, key) for key in ("use.amount", "use.change")]
    amount = Finding(
        key="use.amount",
        relationship_id=row["relationship_id"],
        claim=_amount_claim(sessions, minutes),
        rung=Rung.DESCRIBED,
        estimates=tuple(known[name] for name in _WEEKLY if name in known),
        caveats=(_CALENDAR, _SELECTION),
    )
    changed = known.get("change.minutes")
    return [amount, change(row, changed, asked=_TIME)]


def _amount_claim(sessions: Estimate, minutes: Estimate) -> str:
    often, long = with_interval(sessions, "session", "sessions"), with_interval(minutes, "minute", "minutes")
    if sessions.n == 1:
        return f"All contact was in one week: {often}, {long}."
    short = "" if not isinstance(sessions.low, Missing) else "; that is too short a time for an interval"
    return f"Over {counted(sessions.n, 'week')} there were on average {often} and {long} a week{short}."


def change(
    row: Mapping[str, Any], estimate: Estimate | None, *, asked: Asked, why_not: tuple[Missing, str] | None = None
) -> Finding:
    """Whether something differs between the halves of a relationship, or why that cannot be said.

    Args:
        row: the relationship.
        estimate: the change, where there is one.
        asked: the question and its words.
        why_not: the reason and what would be needed, where there is no estimate that says so itself.
    """
    if estimate is None or isinstance(estimate.value, Missing):
        missing, need = why_not or (Missing.TOO_FEW, asked.would_need)
        if estimate is not None and isinstance(estimate.value, Missing):
            verb = "is" if estimate.n == 1 else "are"
            missing, need = estimate.value, f"{asked.would_need}; there {verb} {estimate.n:,}"
        return Finding(
            key=asked.key,
            relationship_id=row["relationship_id"],
            claim=f"Whether {asked.what} changed cannot be said.",
            rung=Rung.DESCRIBED,
            estimates=() if estimate is None else (estimate,),
            missing=missing,
            would_need=need,
        )
    return Finding(
        key=asked.key,
        relationship_id=row["relationship_id"],
        claim=_change_claim(estimate, estimate.value, asked),
        rung=Rung.DESCRIBED,
        estimates=(estimate,),
        caveats=(_LIFE,),
    )


def _change_claim(estimate: Estimate, value: float, asked: Asked) -> str:
    low, high = estimate.low, estimate.high
    what = f"{asked.what[0].upper()}{asked.what[1:]}"
    if isinstance(low, Missing) or isinstance(high, Missing):
        return f"Whether {asked.what} changed cannot be said."
    if low <= 0 <= high:
        return (
            f"{what} did not clearly change: from the first half to the second it may be anything from"
            f" {number(-low)} less to {number(high)} more {estimate.unit}."
        )
    near, far = sorted((abs(low), abs(high)))
    claim = (
        f"{what} {asked.are} {asked.more if value > 0 else asked.less} in the second half than in the first, by"
        f" {measured(abs(value), estimate.unit)} (interval {number(near)} to {number(far)})"
    )
    p = Missing.TOO_FEW if estimate.null is None else estimate.null.p
    if isinstance(p, Missing):
        return (
            f"{claim}. Whether that is more than the usual up and down cannot be told from"
            f" {counted(estimate.n, estimate.n_of.removesuffix('s'))}; it takes {MIN_FOR_CHANCE}."
        )
    if p <= 1 - estimate.level:
        return f"{claim}. That is more than the usual up and down of this series."
    return (
        f"{claim}. It may be the usual up and down: in {100 * p:.0f} of 100 other places to cut the series, the parts"
        " differ as much."
    )


def without_times(row: Mapping[str, Any], key: str) -> Finding:
    """The refusal of a finding on time, where the source states no times or none that lies in a session."""
    if row["n_stated"] == 0:
        missing, why = Missing.NO_TIMES, "the source states no times"
        need = "an export that states when each message, or at least each conversation, was sent"
    else:
        missing, why = Missing.TOO_FEW, "no session could be found in what is there"
        need = "messages of the person or of the AI whose times are stated"
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"The course over time cannot be told: {why}.",
        rung=Rung.DESCRIBED,
        missing=missing,
        would_need=need,
    )
