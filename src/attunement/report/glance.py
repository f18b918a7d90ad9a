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
    amounts: tuple[tuple[str, str], ...]
    """How much contact there is: a number and what it counts."""
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


def _amounts(found: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    known: dict[str, Estimate] = {
        one.measure: one for finding in found if finding.key == "use.amount" for one in finding.estimates
    }
    words = {"weekly.sessions": "sessions a week", "weekly.minutes": "minutes a week"}
    told = [
        (number(float(known[measure].value)), unit)
        for measure, unit in words.items()
        if measure in known and not isinstance(known[measure].value, Missing)
    ]
    weeks = next((one.n for one in known.values()), 0)
    return (*told, (number(weeks), "week" if weeks == 1 else "weeks")) if weeks else tuple(told)


def _most(found: Sequence[Finding], side: str, say: Speaker) -> list[tuple[str, str, str]]:
    acts = [(key, act) for key, act in acts_of(found) if key.startswith(f"{side}.")]
    if not acts:
        return []
    key, act = max(acts, key=lambda pair: float(pair[1].value))
    whose = "The AI most often" if side == "ai" else "The person most often"
    return [
        (
            whose,
            capital(say.names.construct(key)),
            f"{number(float(act.value))} in 100 of its messages"
            if side == "ai"
            else f"{number(float(act.value))} in 100 of theirs",
        )
    ]
