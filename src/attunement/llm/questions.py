"""What is asked, and what is kept of the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from attunement.llm.endpoint import Endpoint
from attunement.vocabulary import Missing

Kept: TypeAlias = dict[str, Any]
"""What a question keeps of an answer: plain JSON, without words of the text that was asked about."""

PARAMETERS = {"temperature": 0, "seed": 0}
"""What every call asks for, so that the same question gets the same answer where the endpoint can promise it."""

_BYTES_PER_TOKEN = 4
_FEWEST_BYTES_PER_TOKEN = 3
_FRAME_TOKENS = 20


class Tokens(NamedTuple):
    """Tokens of one call or of many."""

    n_in: int
    """Sent."""
    n_out: int
    """Got back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One structured call: instructions, material, the shape of the answer and how it is read."""

    instructions: str
    """The system message. The same for many questions, so that an endpoint can keep it ready."""
    material: str
    """The user message: what is asked about."""
    schema_name: str
    """The name of the shape, in letters and underscores."""
    schema: Mapping[str, Any]
    """The shape of the answer as a JSON schema. The same for many questions."""
    prompt_version: str
    """Raised whenever the answer, or what is read from it, can change."""
    max_tokens: int
    """How long the answer may be."""
    read: Callable[[Mapping[str, Any]], Kept | None] = field(compare=False, repr=False)
    """What is kept of a JSON object; None where the object is no answer to this question."""

    def key(self, endpoint: Endpoint) -> bytes:
        """A hash of all that the answer depends on, under which it is kept."""
        everything = [
            endpoint.llm,
            endpoint.url,
            self.prompt_version,
            self.instructions,
            self.material,
            self.schema_name,
            self.schema,
            PARAMETERS,
            self.max_tokens,
        ]
        return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).digest()

    def expected(self) -> Tokens:
        """About how many tokens it takes in English."""
        return Tokens(self._n_in(_BYTES_PER_TOKEN), self.max_tokens // 3)

    def at_most(self) -> Tokens:
        """How many tokens it takes if every word is short and the answer as long as it may be."""
        return Tokens(self._n_in(_FEWEST_BYTES_PER_TOKEN), self.max_tokens)

    def _n_in(self, n_bytes_per_token: int) -> int:
        texts = (self.instructions, self.material, json.dumps(self.schema))
        return sum(len(text.encode()) for text in texts) // n_bytes_per_token + _FRAME_TOKENS


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a question: what its `read` kept, or the reason why there is nothing."""

    kept: Kept | None = None
    """What was kept."""
    missing: Missing | None = None
    """Why there is nothing: REFUSED, UNUSABLE, UNANSWERED or OVER_BUDGET."""

    @property
    def is_settled(self) -> bool:
        """Whether asking again would give the same; such answers are kept on disk."""
        return self.missing not in {Missing.UNANSWERED, Missing.OVER_BUDGET}
