"""The three needs as a grid: four ledgers each, side by side on one scale, and never added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attunement.report.claims import Made, Reading, Speaker
from attunement.report.dilemmas import read_from
from attunement.report.strips import Tick, scale_of
from attunement.report.words import LEDGERS, NEEDS
from attunement.vocabulary import Finding, Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One of the four ledgers of a need."""

    name: str
    """Whose words, and which sign."""
    side: str
    """ai or user."""
    readings: tuple[Reading, ...]
    """What was seen of it, the most frequent first."""
    text: str
    """What the finding says, where it has no numbers."""
    why_not: str
    """Why nothing is known; empty where something is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The needs of one relationship."""

    needs: tuple[tuple[str, str, tuple[Ledger, ...]], ...]
    """Each need with what it is and its four ledgers."""
    ticks: tuple[Tick, ...]
    """The scale that all the strips share."""
    read_from: tuple[str, ...]
    """What they were made from, each said once."""
    made: Made
    """How the numbers came about."""


def grid(found: Sequence[Finding], say: Speaker) -> Grid:
    """The grid of one relationship, from the findings `ledger.<need>.<ledger>`."""
    entries = {finding.key: finding for finding in found if finding.key.startswith("ledger.")}
    known = [finding for finding in entries.values() if finding.missing is None]
    scale = scale_of(one for finding in known for one in finding.estimates)

    def ledger(need: str, side: str) -> Ledger:
        finding = entries.get(f"ledger.{need}.{side}")
        missing = Missing.NO_ANNOTATOR if finding is None else finding.missing
        readings = []
        if finding is not None and finding.missing is None:
            estimates = [one for one in finding.estimates if not isinstance(one.value, Missing)]
            readings = [say.reading(one, scale) for one in sorted(estimates, key=lambda one: -float(one.value))]
        return Ledger(
            name=LEDGERS[side],
            side="ai" if side.startswith("ai") else "user",
            readings=tuple(readings),
            text="" if finding is None or readings else finding.claim,
            why_not="" if missing is None else missing.sentence,
        )

    return Grid(
        needs=tuple((need, words, tuple(ledger(need, side) for side in LEDGERS)) for need, words in NEEDS.items()),
        ticks=scale.ticks,
        read_from=read_from(one for finding in known for one in finding.estimates),
        made=say.made(known),
    )
