"""What a language model is told: the instructions of each side, with the constructs put in.

The two sides are asked in separate calls and in different words, so that what one prompt makes a language model see
where it is not does not show on both sides at once and look like influence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attunement.codebook import Construct

_FOLDER = Path(__file__).parent / "prompts"
_READING = 1
"""Raised whenever the same reply would give other rows, or the same message another request."""
_TOKENS_OF_A_VERDICT = 60
_TOKENS_AROUND = 60
_CASES = {"ai": ("Counts:", "Does not:"), "user": ("Applies:", "Does not apply:")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The instructions for one side, and the shape of the answer."""

    side: str
    """Whose messages: ai or user."""
    constructs: tuple[Construct, ...]
    """What is asked, sorted by key."""
    instructions: str
    """The system message, the same for every message of the side."""
    schema: dict[str, Any]
    """The shape of an answer, the same for every message of the side."""
    max_tokens: int
    """How long an answer may be."""
    version: str
    """A hash of all of it, and of how replies are read."""

    @property
    def names(self) -> tuple[str, ...]:
        """The constructs as an answer names them: without their side."""
        return tuple(short(construct.key) for construct in self.constructs)


def make_prompt(side: str, constructs: Sequence[Construct]) -> Prompt:
    """The prompt of one side, for the constructs that a message of it can show."""
    asked = tuple(sorted(constructs, key=lambda construct: construct.key))
    template = (_FOLDER / f"{side}.txt").read_text(encoding="utf-8").strip()
    shape = _shape([short(construct.key) for construct in asked])
    described = "\n\n".join(_described(construct, cases=_CASES[side]) for construct in asked)
    instructions = template.replace("<shape>", shape).replace("<constructs>", described)
    schema = _schema([short(construct.key) for construct in asked])
    versions = [(construct.key, construct.version) for construct in asked]
    everything = json.dumps([_READING, instructions, schema, versions], sort_keys=True)
    return Prompt(
        side=side,
        constructs=asked,
        instructions=instructions,
        schema=schema,
        max_tokens=_TOKENS_AROUND + _TOKENS_OF_A_VERDICT * len(asked),
        version=hashlib.sha256(everything.encode()).hexdigest()[:12],
    )


def short(key: str) -> str:
    """A construct as an answer names it: without its side, so that every endpoint takes it for a name."""
    return key.partition(".")[2]


def _described(construct: Construct, *, cases: tuple[str, str]) -> str:
    lines = [f"{short(construct.key)}: {construct.name}", construct.definition]
    for heading, items in zip(cases, (construct.counts, construct.does_not), strict=True):
        lines += [heading, *(f"- {item}" for item in items)]
    return "\n".join(lines)


def _shape(names: Sequence[str]) -> str:
    verdicts = ", ".join(f'"{name}": {{"quote": "...", "probability": ...}}' for name in names)
    return f'{{"id": "...", "verdicts": {{{verdicts}}}}}'


def _schema(names: Sequence[str]) -> dict[str, Any]:
    verdict = _object({"quote": {"type": "string"}, "probability": {"type": ["integer", "null"]}})
    return _object({"id": {"type": "string"}, "verdicts": _object(dict.fromkeys(names, verdict))})


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
