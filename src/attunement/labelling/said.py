"""One thing that a labeller said, before it is checked."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from attunement.vocabulary import shown

YES, NO, CANNOT_SAY = "yes", "no", "cannot say"
"""What a labeller can say."""


class Said(NamedTuple):
    """A label as it stood in a file."""

    place: str  # where, for errors
    message: str
    construct: str
    labeller: str
    label: str
    at: datetime | None


def message_name(message_id: int) -> str:
    """An id as labellers see it. The letter keeps spreadsheets from taking sixteen digits for a number."""
    return f"m{shown(message_id)}"
