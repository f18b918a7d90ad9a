"""Conversations as MESSAGES columns, for benchmarks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from attunement.annotation import READ

ROLES = {"user": "person", "human": "person", "client": "person", "assistant": "ai", "counsellor": "ai"}


def as_messages(conversations: Iterable[tuple[str, list[tuple[str, str]]]]) -> pa.Table:
    """Conversations of (role, text) as the columns that annotators read."""
    rows, number = [], 0
    for name, turns in conversations:
        parent = None
        for position, (role, text) in enumerate(turns):
            number += 1
            rows.append(
                {
                    "conversation_id": name,
                    "message_id": number,
                    "parent_id": parent,
                    "position": position,
                    "role": role,
                    "text": text,
                }
            )
            parent = number
    plain = READ.set(READ.get_field_index("role"), pa.field("role", pa.string(), nullable=False))
    return pa.Table.from_pylist(rows, schema=plain).cast(READ)


def arena(data: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The ordinary conversations of arena_control."""
    with (data / "arena_control" / "arena.jsonl").open(encoding="utf-8") as file:
        for line in file:
            talk = json.loads(line)
            yield talk["id"], [(ROLES[one["role"]], one["content"]) for one in talk["messages"]]
