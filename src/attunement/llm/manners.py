"""How an endpoint wants to be asked: which of them know JSON schemas, seeds, and which name for a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from attunement.llm.questions import PARAMETERS, Question

FORMS = ("schema", "object", "plain")
"""How the shape of an answer is asked for, the strictest first: by its schema, as any JSON object, in words only."""

_LIMITS = ("max_tokens", "max_completion_tokens")
_ABOUT_FORM = ("response_format", "json_schema", "json_object", "grammar", "schema", "structured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What a request says beside the question."""

    form: str = FORMS[0]
    """One of FORMS."""
    limit: str = _LIMITS[0]
    """The name under which the endpoint knows the limit of an answer."""
    left_out: frozenset[str] = frozenset()
    """Parameters that the endpoint refuses."""

    def request(self, question: Question) -> dict[str, Any]:
        """The body of a request, but for the language model's name."""
        body: dict[str, Any] = {
            "messages": [
                {"role": "system", "content": question.instructions},
                {"role": "user", "content": question.material},
            ],
            self.limit: question.max_tokens,
        }
        body |= {name: value for name, value in PARAMETERS.items() if name not in self.left_out}
        if self.form == "schema":
            shape = {"name": question.schema_name, "strict": True, "schema": dict(question.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif self.form == "object":
            body["response_format"] = {"type": "json_object"}
        return body

    def after_refusal(self, error: Mapping[str, Any]) -> Manner | None:
        """How to ask after a request was refused as malformed; None where nothing is left to try.

        Args:
            error: what the endpoint said of it: `param` and `message` are looked at.
        """
        about = f"{error.get('param') or ''} {str(error.get('message') or '')[:300]}".lower()
        other = _LIMITS[1 - _LIMITS.index(self.limit)]
        if (str(error.get("param")) == self.limit or other in about) and other not in self.left_out:
            return replace(self, limit=other, left_out=self.left_out | {self.limit})
        named = next((name for name in PARAMETERS if name in about and name not in self.left_out), None)
        if named is not None and not any(word in about for word in _ABOUT_FORM):
            return replace(self, left_out=self.left_out | {named})
        if self.form == FORMS[-1]:
            return None
        return replace(self, form=FORMS[FORMS.index(self.form) + 1])
