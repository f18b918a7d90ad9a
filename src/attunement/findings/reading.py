"""What is known of a construct when findings are made: its place in the codebook, and who read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from attunement.codebook import Codebook

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
    def quoted(self) -> str:
        """Its name in quotes: names hold commas of their own."""
        return f'"{self.name}"'

    @property
    def of(self) -> str:
        """Whose messages it is looked for in, for the middle of a sentence."""
        return "messages of the AI" if self.side == "ai" else "messages of the person"


def described(
    codebook: Codebook, counts: pa.Table, *, known_faults: Mapping[str, Mapping[str, Sequence[str]]]
) -> tuple[dict[str, object], ...]:
    """Each construct that was looked for, with who looked, how often, and what they are known to get wrong.

    Args:
        codebook: what the constructs are.
        counts: construct, annotator, annotator_version, missing and n: how many messages were read or could not be.
        known_faults: sentences by annotator and construct.
    """
    grouped: dict[tuple[str, str, str], dict[str | None, int]] = {}
    for row in counts.to_pylist():
        key = (row["construct"], row["annotator"], row["annotator_version"])
        grouped.setdefault(key, {})[row["missing"]] = row["n"]
    return tuple(
        _description(codebook, key, n, known_faults=known_faults)
        for key, n in sorted(grouped.items(), key=lambda kv: kv[0])
    )


def _description(
    codebook: Codebook,
    key: tuple[str, str, str],
    n: Mapping[str | None, int],
    *,
    known_faults: Mapping[str, Mapping[str, Sequence[str]]],
) -> dict[str, object]:
    construct = codebook.construct(key[0])
    return {
        "key": construct.key,
        "name": construct.name,
        "version": construct.version,
        "side": construct.side,
        "definition": construct.definition,
        "need": construct.need,
        "sign": construct.sign,
        "dilemma": construct.dilemma,
        "draft": construct.draft,
        "source": construct.source,
        "annotator": key[1],
        "annotator_version": key[2],
        "known_faults": list(known_faults.get(key[1], {}).get(construct.key, ())),
        "n_read": n.get(None, 0),
        "n_missing": {reason: count for reason, count in n.items() if reason is not None},
    }


def read_of(description: Mapping[str, Any]) -> Read:
    """What findings need of a description."""
    return Read(
        key=description["key"],
        side=description["side"],
        name=description["name"],
        need=description["need"],
        sign=description["sign"],
        dilemma=description["dilemma"],
        is_draft=description["draft"],
        n_read=description["n_read"],
        n_missing=description["n_missing"],
    )
