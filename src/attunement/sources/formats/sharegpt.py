"""ShareGPT: conversations that people shared, and the many sets of training data in the same form.

Long conversations were split over ids that end in _0, _1, ...; the parts are joined again, in the order of their
numbers, so the whole file is seen before anything of it is added.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from attunement.sources.fields import compact, digest_of, id_of, items_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.pages import plain
from attunement.sources.rows import Rows
from attunement.sources.threads import role_of

_ROLES = {
    "human": "person",
    "user": "person",
    "gpt": "ai",
    "chatgpt": "ai",
    "assistant": "ai",
    "model": "ai",
    "bing": "ai",
    "bard": "ai",
    "system": "system",
    "tool": "tool",
    "observation": "tool",
    "function_call": "ai",
    "function_response": "tool",
}
_PRODUCTS = {"chatgpt": "ChatGPT", "bing": "Bing", "bard": "Bard"}
_LISTS = ("conversations", "conversation", "items", "messages")
_PART = re.compile(r"(?P<stem>.+)_(?P<number>\d{1,6})")
_HTML = re.compile(r"\s*<(?:div|p|span|pre|ol|ul|h[1-6])\b[^>]*>", re.IGNORECASE)
"""What copies of the page begin with; ordinary text seldom does."""


def recognise(seen: Sample) -> bool:
    """A list of turns that say whom they are from and hold a value."""
    return seen.kind in {"array", "lines", "parquet", "object"} and any(_key(record) for record in seen.records)


def _key(record: object) -> str:
    """Under which name a record keeps its turns, or ""."""
    for key in _LISTS:
        if any(isinstance(turn, dict) and "from" in turn and "value" in turn for turn in items_of(record, key)):
            return key
    return ""


@dataclass(slots=True)
class _Whole:
    """A conversation, while its parts are gathered: their numbers, and the records."""

    parts: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Gather the parts of each conversation, then add it."""
    wholes: dict[str, _Whole] = {}
    n_of: Counter[str] = Counter()
    for number, record in enumerate(records):
        if _key(record):
            stem, part = _named(record)
            n_of[f"{stem}\x1f{part}"] += 1
            again = n_of[f"{stem}\x1f{part}"]
            if again > 1:
                rows.notice("inferred", "records with an id that was there before: kept as conversations of their own")
            wholes.setdefault(stem if again == 1 else f"{stem}.{again}", _Whole()).parts.append((part, record))
        else:
            rows.notice("skipped", "records without turns", example=f"record {number}")
        yield
    while wholes:
        stem = next(iter(wholes))
        _add(stem, wholes.pop(stem), rows)
        yield


def _named(record: dict[str, Any]) -> tuple[str, int]:
    """The id without the number of the part, and that number; 0 where an id has none."""
    stated = id_of(record, "id", "conversation_id", "hash")
    if not stated:
        turns = items_of(record, _key(record))
        return f"from {digest_of(*((text_of(turn, 'from'), text_of(turn, 'value')) for turn in turns))}", 0
    part = _PART.fullmatch(stated)
    return (part["stem"], int(part["number"])) if part else (stated, 0)


def _add(name: str, whole: _Whole, rows: Rows) -> None:
    parts = sorted(whole.parts, key=lambda part: part[0])
    turns = [turn for _, record in parts for turn in _turns(record, rows)]
    if [number for number, _ in parts] != list(range(len(parts))):
        rows.notice("inferred", "parts of a conversation that are not there: what is left was joined")
    first = parts[0][1]
    person = next(filter(None, (id_of(record, "user_id", "user", "person_id") for _, record in parts)), "")
    products = [_PRODUCTS[said_by] for turn in turns if (said_by := text_of(turn, "from").lower()) in _PRODUCTS]
    rows.conversation(name, person_id=person or name, ai_id=(products or ["ShareGPT"])[0])
    parent = ""
    told = text_of(first, "system", "system_prompt")
    if told:
        parent = rows.add("system", told)
    for turn in turns:
        role = role_of(turn.get("from"), _ROLES, rows, where=f"conversation {name}")
        parent = rows.add(
            role,
            _words(turn, role, rows) or None,
            parent=parent,
            model=(text_of(turn, "model") or text_of(first, "model") or None) if role == "ai" else None,
            extra=compact(call=text_of(turn, "from") == "function_call")
            | ({"weight": 0} if turn.get("weight") in (0, 0.0) and turn.get("weight") is not False else {}),
        )


def _turns(record: dict[str, Any], rows: Rows) -> list[dict[str, Any]]:
    items = items_of(record, _key(record))
    turns = [turn for turn in items if isinstance(turn, dict)]
    if len(turns) < len(items):
        rows.notice("skipped", "turns that are no objects", n=len(items) - len(turns))
    return turns


def _words(turn: dict[str, Any], role: str, rows: Rows) -> str:
    """The words, without the tags of the page that replies were copied from."""
    text = text_of(turn, "value", "markdown", "text")
    if role == "ai" and _HTML.match(text):
        rows.notice("mended", "replies in HTML, copied from a page: its tags were taken away")
        return plain(text)
    return text


FORMS = (
    Form(
        key="sharegpt",
        title="ShareGPT conversations",
        recognise=recognise,
        read=read,
        inferred=("no times are stated, and seldom a person: each conversation is then of a person of its own",),
        notes="Sets of shared conversations and of training data, as a JSON array, JSON lines or Parquet: records with "
        "`conversations` of {from, value}. The whole file is kept in memory while parts are joined.",
    ),
)
