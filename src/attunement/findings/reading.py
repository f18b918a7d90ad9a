"""What is known of a construct when findings are made: its place in the codebook, and who read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NEEDS = ("autonomy", "competence", "relatedness")
DILEMMAS = ("present-future", "self-system", "ai-human")

LEDGERS = {
    "ai_supports": ("ai", "supports"),
    "ai_thwarts": ("ai", "thwarts"),
    "person_satisfied": ("user", "satisfied"),
    "person_frustrated": ("user", "frustrated"),
}
"""The four ledgers of each need: whose words, and which sign. They are never added up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A construct that an annotator looked for."""

    key: str
    """Its key in the codebook."""
    side: str
    """ai or user."""
    name: str
    """What it is, in a few plain words, for the middle of a sentence."""
    need: str | None
    """autonomy, competence, relatedness or None."""
    sign: str | None
    """supports, thwarts, satisfied, frustrated, mixed or None."""
    dilemma: str | None
    """present-future, self-system, ai-human or None."""
    is_draft: bool
    """Whether its agreement with people has not been measured."""
    n_read: int
    """Messages in which it could be looked for."""
    n_missing: Mapping[str, int]
    """Messages in which it could not, by reason."""

    @property
    def measure(self) -> str:
        """Its measure in PANEL."""
        return f"rate.{self.key}"

    @property
    def of(self) -> str:
        """Whose messages it is looked for in, for the middle of a sentence."""
        return "the AI's messages" if self.side == "ai" else "the person's messages"
