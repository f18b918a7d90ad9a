"""What a reader should see in the first ten seconds: each relationship in a few lines, with nothing added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attunement.report.captions import acts_of
from attunement.report.claims import Speaker
from attunement.report.dilemmas import Balance, headline
from attunement.report.words import DILEMMAS, capital, number
from attunement.vocabulary import Estimate, Finding, Missing

MOST = 4
"""The most relationships that are told at a glance."""

HEADLINES = {
    "present-future": "present-future.skill",
    "self-system": "self-system.decisions",
    "ai-human": "ai-human.talk",
}
"""The one quantity of each dilemma that can be seen at a glance. It stands for itself, not for the dilemma."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A relationship in a few lines."""

    id: str
    """The relationship_id as people see it."""
    person: str
    """The person."""
    ai: str
    """The AI or persona."""
    amounts: tuple[tuple[str, str, str], ...]
    """How much contact there is: a number, what it counts, and its interval."""
    most: tuple[tuple[str, str, str], ...]
    """What the AI and what the person does most: whose, what, and how often."""
    balances: tuple[tuple[str, str, Balance | None], ...]
    """For each dilemma its key, its name and one of its quantities."""


def glance(relationship: str, person: str, ai: str, found: Sequence[Finding], say: Speaker) -> Glance:
    """One relationship at a glance."""
    return Glance(
        id=relationship,
        person=person,
        ai=ai,
        amounts=_amounts(found),
        most=tuple(one for side in ("ai", "user") for one in _most(found, side, say)),
        balances=tuple((key, DILEMMAS[key][0], headline(found, of, say)) for key, of in HEADLINES.items()),
    )


def _amounts(found: Sequence[Finding]) -> tuple[tuple[str, str, str], ...]:
    known: dict[str, Estimate] = {
        one.measure: one for finding in found if finding.key == "use.amount" for one in finding.estimates
    }
    words = {"weekly.sessions": "sessions a week", "weekly.minutes": "minutes a week"}
    told = [
        (_short(float(known[measure].value)), unit, _ends(known[measure]))
        for measure, unit in words.items()
        if measure in known and not isinstance(known[measure].value, Missing)
    ]
    weeks = next((one.n for one in known.values()), 0)
    return (*told, (number(weeks), "week" if weeks == 1 else "weeks", "")) if weeks else tuple(told)


def _most(found: Sequence[Finding], side: str, say: Speaker) -> list[tuple[str, str, str]]:
    acts = [(key, act) for key, act in acts_of(found) if key.startswith(f"{side}.") and float(act.value) > 0]
    if not acts:
        return []
    key, act = max(acts, key=lambda pair: float(pair[1].value))
    whose, of = ("The AI", "its") if side == "ai" else ("The person", "their")
    often = f"{_short(float(act.value))} in 100 of {of} messages {_ends(act)}".rstrip()
    return [(f"{whose} most often", capital(say.names.construct(key)), often)]


def _short(value: float) -> str:
    return number(round(value)) if value >= 10 else number(value)


def _ends(estimate: Estimate) -> str:
    """The interval in brackets, or nothing where there is none."""
    if isinstance(estimate.low, Missing) or isinstance(estimate.high, Missing):
        return ""
    return f"({_short(estimate.low)} to {_short(estimate.high)})"
