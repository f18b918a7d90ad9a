"""What came back: the text of a reply, or why there is none, and the JSON objects in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attunement.llm.questions import Answer, Question, Tokens
from attunement.vocabulary import Missing

_LONGEST = 50_000
"""Characters of a reply that are looked at. What is asked for is far shorter."""
_THOUGHT = "</think>"
"""What ends the thoughts that some endpoints put before an answer; drafts in them are no answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply of an endpoint."""

    text: str = ""
    """What the language model wrote."""
    missing: Missing | None = None
    """Why there is nothing to read."""
    used: Tokens | None = None
    """The tokens, if the endpoint counted them."""


def reply_from(body: str) -> Reply | None:
    """The reply in the body of a response; None where the body is no chat completion at all."""
    try:
        stated = json.loads(body)
    except (ValueError, RecursionError):
        return None
    choices = stated.get("choices") if isinstance(stated, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    used = _used(stated.get("usage"))
    message = choices[0].get("message")
    content = message.get("content") if isinstance(message, dict) else None
    reason = choices[0].get("finish_reason")
    if reason == "content_filter" or (isinstance(message, dict) and message.get("refusal")):
        return Reply(missing=Missing.REFUSED, used=used)
    if reason == "length" or not isinstance(content, str) or not content.strip():
        return Reply(missing=Missing.UNUSABLE, used=used)
    return Reply(text=content, used=used)


def answer_from(reply: Reply, question: Question) -> Answer:
    """What the question keeps of a reply: of the one answer in it, wherever it stands.

    Two answers that differ are none. Objects that do not answer the question, such as an example that the language
    model repeats, are passed over.
    """
    if reply.missing is not None:
        return Answer(missing=reply.missing)
    try:
        found = [question.read(one) for one in objects_in(reply.text)]
    except _Doubled:
        return Answer(missing=Missing.UNUSABLE)
    kept = [one for one in found if one is not None]
    if not kept or any(one != kept[0] for one in kept):
        return Answer(missing=Missing.UNUSABLE)
    return Answer(kept=kept[0])


def objects_in(text: str) -> list[Mapping[str, Any]]:
    """Every outermost JSON object in a text, whatever stands around it."""
    if not text.lstrip().startswith("{"):
        text = text.rpartition(_THOUGHT)[2]
    text = text[:_LONGEST]
    found: list[Mapping[str, Any]] = []
    place = text.find("{")
    while place >= 0:
        try:
            one, place = _DECODER.raw_decode(text, place)
            found.append(one)
        except _Doubled:
            raise
        except ValueError:
            place += 1
        except RecursionError:
            break
        place = text.find("{", place)
    return found


class _Doubled(ValueError):
    """An object names a key twice, so that it says two things."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    one = dict(pairs)
    if len(one) < len(pairs):
        raise _Doubled
    return one


def _no_number(word: str) -> float:
    raise ValueError(word)


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)


def _used(usage: object) -> Tokens | None:
    if not isinstance(usage, dict):
        return None
    n_in, n_out = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if isinstance(n_in, int) and isinstance(n_out, int) and n_in >= 0 and n_out >= 0:
        return Tokens(n_in, n_out)
    return None
