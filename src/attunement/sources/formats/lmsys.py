"""LMSYS-Chat-1M: a research corpus of single conversations, without times and without anything that links them.

Each conversation stands for a person of its own, so that nothing is claimed over time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from attunement.sources.fields import compact, digest_of, id_of, items_of, object_of, objects_of, text_of
from attunement.sources.formats import wildchat
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import role_of

_ROLES = {"user": "person", "human": "person", "assistant": "ai", "system": "system"}


def recognise(seen: Sample) -> bool:
    """A conversation of turns with roles, under an id and with a model, and none of what WildChat states."""
    return (
        seen.kind in {"array", "lines", "parquet", "object"}
        and not wildchat.recognise(seen)
        and any(map(_is_conversation, seen.records))
    )


def _is_conversation(record: object) -> bool:
    return (
        isinstance(record, dict)
        and ("conversation_id" in record or "openai_moderation" in record)
        and ("model" in record or "turn" in record)
        and any(isinstance(turn, dict) and "role" in turn for turn in items_of(record, "conversation"))
    )


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each conversation."""
    n_of: Counter[str] = Counter()
    for number, record in enumerate(records):
        turns = objects_of(record, "conversation", rows)
        if turns:
            name = (
                id_of(record, "conversation_id") or f"from {digest_of(*(text_of(turn, 'content') for turn in turns))}"
            )
            n_of[name] += 1
            _add(record, turns, rows, name=name if n_of[name] == 1 else f"{name}.{n_of[name]}")
        else:
            rows.notice("skipped", "records without a conversation", example=f"record {number}")
        yield


def _add(record: dict[str, Any], turns: list[dict[str, Any]], rows: Rows, *, name: str) -> None:
    rows.conversation(name, person_id=name, ai_id="LMSYS-Chat-1M")
    model = text_of(record, "model") or None
    shared = compact(language=text_of(record, "language"), redacted=record.get("redacted") is True)
    verdicts = [_flagged(verdict) for verdict in items_of(record, "openai_moderation")]
    parent = ""
    for number, turn in enumerate(turns):
        role = role_of(turn.get("role"), _ROLES, rows, where=f"conversation {name}")
        flagged = verdicts[number] if len(verdicts) == len(turns) else []
        parent = rows.add(
            role,
            text_of(turn, "content") or None,
            parent=parent,
            model=model if role == "ai" else None,
            extra=shared | compact(flagged=flagged),
        )


def _flagged(verdict: object) -> list[str]:
    """The categories in which the moderation of the corpus flagged a turn."""
    return sorted(key for key, value in object_of(verdict, "categories").items() if value is True)


FORMS = (
    Form(
        key="lmsys",
        title="LMSYS-Chat-1M",
        recognise=recognise,
        read=read,
        inferred=(
            "no persons or times are stated: each conversation is of a person of its own, and says nothing over time",
        ),
        notes="huggingface.co/datasets/lmsys/lmsys-chat-1m, after its terms are accepted there, as Parquet. Good for "
        "rates of what is said, not for what becomes of anybody.",
    ),
)
