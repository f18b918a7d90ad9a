"""WildChat: a research corpus of conversations with a public chat page, as JSON lines or Parquet.

Three versions differ in what they state: the first has one time a conversation, the others a time for each reply, and
the newest one for each turn that the model wrote with its usage. A hashed address stands for a household or an office,
not for a person, and is named so; places and request headers are left out on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from attunement.sources.fields import compact, digest_of, id_of, items_of, object_of, objects_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import role_of

_ROLES = {"user": "person", "assistant": "ai", "system": "system", "tool": "tool"}
_SIGNS = ("conversation_hash", "hashed_ip", "detoxify_moderation")
_N_HASH = 12
"""So many characters of a hashed address name a household."""


def recognise(seen: Sample) -> bool:
    """A conversation of turns with roles, beside a hash, a hashed address, a time or scores for toxicity."""
    return seen.kind in {"array", "lines", "parquet", "object"} and any(map(_is_conversation, seen.records))


def _is_conversation(record: object) -> bool:
    return (
        isinstance(record, dict)
        and (any(key in record for key in _SIGNS) or ("timestamp" in record and "turn" in record))
        and any(isinstance(turn, dict) and "role" in turn for turn in items_of(record, "conversation"))
    )


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each conversation."""
    n_of: Counter[str] = Counter()
    for number, record in enumerate(records):
        turns = objects_of(record, "conversation", rows)
        if turns:
            name = _name(record, turns)
            n_of[name] += 1
            _add(record, turns, rows, name=name if n_of[name] == 1 else f"{name}.{n_of[name]}")
        else:
            rows.notice("skipped", "records without a conversation", example=f"record {number}")
        yield


def _name(record: dict[str, Any], turns: list[dict[str, Any]]) -> str:
    """Equal conversations share the hash, which is one of their words: the number of the first turn sets them apart."""
    stated = id_of(record, "conversation_hash", "conversation_id")
    turn = next(filter(None, (id_of(turn, "turn_identifier") for turn in turns)), "")
    if not stated and not turn:
        return f"from {digest_of(*(_words(turn) for turn in turns))}"
    return "-".join(filter(None, (stated, turn)))


def _words(turn: dict[str, Any]) -> str:
    return text_of(turn, "content")


def _add(record: dict[str, Any], turns: list[dict[str, Any]], rows: Rows, *, name: str) -> None:
    rows.conversation(name, person_id=_household(record, turns, rows, name), ai_id="WildChat")
    stated, inferred = _times(record, turns, rows)
    model = text_of(record, "model") or None
    verdicts = _verdicts(record, len(turns))
    parent = ""
    for number, turn in enumerate(turns):
        role = role_of(turn.get("role"), _ROLES, rows, where=f"conversation {name}")
        parent = rows.add(
            role,
            _words(turn) or None,
            parent=parent,
            sent_at=stated[number],
            inferred_at=inferred[number],
            model=(text_of(turn, "model") or model) if role == "ai" else None,
            extra=_extra(turn) | compact(flagged=verdicts[number]),
        )


def _household(record: dict[str, Any], turns: list[dict[str, Any]], rows: Rows, name: str) -> str:
    """Whose conversation it is, as far as a hashed address tells; without one each conversation stands alone."""
    address = next(filter(None, (text_of(holder, "hashed_ip") for holder in (record, *turns))), "")
    if address:
        return f"household-{address[:_N_HASH]}"
    rows.notice("inferred", "conversations without a hashed address: each is taken to be of another person")
    return name


def _times(
    record: dict[str, Any], turns: list[dict[str, Any]], rows: Rows
) -> tuple[list[int | None], list[int | None]]:
    """The times that turns state, and for the others that of the reply that follows: it is written within seconds."""
    stated = [rows.stated(_first_of(turn, "timestamp", "created")) for turn in turns]
    if not any(stated):
        stated[-1] = rows.stated(record.get("timestamp"))
    inferred: list[int | None] = []
    at: int | None = None
    for time in reversed(stated):
        at = time or at
        inferred.append(at)
    inferred.reverse()
    last: int | None = None
    for number, time in enumerate(inferred):
        inferred[number] = last = time or last
    return stated, inferred


def _first_of(record: dict[str, Any], *keys: str) -> object:
    return next((record[key] for key in keys if record.get(key) is not None), None)


def _verdicts(record: dict[str, Any], n_turns: int) -> list[list[str]]:
    """The categories in which the moderation of the corpus flagged each turn."""
    found: list[list[str]] = []
    for verdict in items_of(record, "openai_moderation"):
        categories = object_of(verdict, "categories")
        found.append(sorted(key for key, value in categories.items() if value is True))
    return found if len(found) == n_turns else [[] for _ in range(n_turns)]


def _extra(turn: dict[str, Any]) -> dict[str, Any]:
    usage = object_of(turn, "usage")
    details = object_of(usage, "completion_tokens_details")
    return compact(
        language=text_of(turn, "language"),
        toxic=turn.get("toxic") is True,
        redacted=turn.get("redacted") is True,
        reasoning_tokens=_first_of(usage, "reasoning_tokens") or _first_of(details, "reasoning_tokens"),
        temperature=turn.get("temperature") if isinstance(turn.get("temperature"), int | float) else None,
    )


FORMS = (
    Form(
        key="wildchat",
        title="WildChat",
        recognise=recognise,
        read=read,
        inferred=(
            "a hashed address is a household or an office, not one person: what is found over time is about that place",
        ),
        notes="huggingface.co/datasets/allenai: WildChat, WildChat-1M or WildChat-4.8M, under their licence, as "
        "Parquet or JSON lines. Places and request headers are left out, so that nobody is found again.",
    ),
)
