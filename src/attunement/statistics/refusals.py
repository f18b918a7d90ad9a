"""A number that is not given, and why: what estimators return where the data cannot carry one."""

from __future__ import annotations

from dataclasses import dataclass

from attunement.vocabulary import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why no figure is given, and what would make one possible."""

    reason: Missing
    what: str
    """What is missing, in one sentence."""
    do: str
    """What would mend it."""
