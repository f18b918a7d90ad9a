"""Which measure of the AI is held against which measure of the person, and why these."""

from __future__ import annotations

from dataclasses import dataclass

from attunement.codebook import Codebook

RATE = "rate."
"""What measures of constructs begin with in PANEL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A question: does what the AI does go before what the person says, or the other way round?"""

    ai: str
    """A measure of sessions in PANEL that is the AI's, such as rate.ai.warmth."""
    person: str
    """A measure of sessions in PANEL that is the person's, such as rate.user.need_met."""
    reason: str
    """Why the two are held against each other, in one sentence."""

    @property
    def key(self) -> str:
        """What the estimates of the pair are named by: ai.warmth~user.need_met."""
        return f"{self.ai.removeprefix(RATE)}~{self.person.removeprefix(RATE)}"


PAIRS = (
    Pair(
        ai="rate.ai.warmth",
        person="rate.user.need_met",
        reason="Warm concern is the plainest support of relatedness; the good that it is meant to do is a need felt as"
        " met.",
    ),
    Pair(
        ai="rate.ai.flattery",
        person="rate.user.defer",
        reason="Praise beyond what is due may go before leaving decisions to the AI, and those who defer may draw it.",
    ),
    Pair(
        ai="rate.ai.rel_seek",
        person="rate.user.attach",
        reason="Who moves first from tool towards friend: the AI with its words, or the person with affection.",
    ),
    Pair(
        ai="rate.ai.mind_claim",
        person="rate.user.mind",
        reason="A mind claimed and a mind ascribed feed on each other, and which comes first is disputed.",
    ),
    Pair(
        ai="rate.ai.to_humans",
        person="rate.user.human_ties",
        reason="Whether pointing to other people goes before contact with them, or only follows talk of it.",
    ),
    Pair(
        ai="rate.ai.scaffold",
        person="rate.user.independent",
        reason="Building a skill is to go before own judgement; it may as well be asked for by those who have it.",
    ),
)
"""Six questions that were set down before any data were seen: more questions make each answer weaker.

No act of the AI in them is judged together with the words that it answers (unit `exchange`), since the errors of such
readings go with what the person wrote.
"""


def read_as_one(pair: Pair, codebook: Codebook, readings: dict[str, str]) -> str:
    """Why the errors of the two measures go together, where that can be known; else nothing.

    Args:
        pair: the question.
        codebook: says which acts are read together with the words that they answer.
        readings: by measure, the reading that it comes from, where that is known.
    """
    ai, person = readings.get(pair.ai), readings.get(pair.person)
    if ai is not None and ai == person:
        return f"both are scored in one reading ({ai})"
    key = pair.ai.removeprefix(RATE)
    if pair.ai.startswith(RATE) and key in codebook.keys and codebook.construct(key).unit == "exchange":
        return f"{key} is judged together with the person's words that it answers"
    return ""
