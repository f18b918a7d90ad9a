"""DeepSeek: conversations as trees of nodes, whose messages are made of fragments.

It looks like ChatGPT's form and is told from it by `inserted_at` and by the fragments. Nothing says which branch was
seen last, so the one that ends in the newest message is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attunement.sources.fields import compact, digest_of, id_of, items_of, named, object_of, objects_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread, role_of

_ROLES = {"user": "person", "assistant": "ai", "system": "system", "tool": "tool"}
_FRAGMENTS = {"REQUEST": "person", "RESPONSE": "ai", "TEMPLATE_RESPONSE": "ai", "THINK": "ai"}
_SILENT_FRAGMENTS = {
    "SEARCH": "searches",
    "TOOL_SEARCH": "searches",
    "TOOL_OPEN": "searches",
    "READ_LINK": "links read",
}


def recognise(seen: Sample) -> bool:
    """A `mapping` of nodes beside `inserted_at`, or nodes with fragments."""
    if seen.kind not in {"array", "object", "lines"}:
        return False
    for record in seen.records:
        nodes = object_of(record, "mapping")
        if nodes and ("inserted_at" in record or any(_has_fragments(node) for node in nodes.values())):
            return True
    return False


def _has_fragments(node: object) -> bool:
    return isinstance(node, dict) and "fragments" in object_of(node, "message")


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each conversation of an export."""
    for record in records:
        if isinstance(record, dict) and isinstance(record.get("mapping"), dict):
            _add_conversation(record, rows)
        else:
            rows.notice("skipped", "an element that is no conversation")
        yield


def _add_conversation(record: dict[str, Any], rows: Rows) -> None:
    nodes = {key: node for key, node in record["mapping"].items() if isinstance(node, dict)}
    name = id_of(record, "id") or f"from {digest_of(record.get('inserted_at'), *sorted(nodes))}"
    where = f"conversation {name}"
    if len(nodes) < len(record["mapping"]):
        rows.notice("skipped", "nodes that are no objects", n=len(record["mapping"]) - len(nodes), example=where)
    rows.conversation(name, person_id=id_of(record, "user_id"), ai_id="DeepSeek")
    turns = [_turn(key, node, rows, where) for key, node in nodes.items()]
    add_thread(
        turns,
        rows,
        where=where,
        started_at=rows.stated(record.get("inserted_at")),
        stated={key: items_of(node, "children") for key, node in nodes.items()},
    )


def _turn(key: str, node: dict[str, Any], rows: Rows, where: str) -> Turn:
    parent = id_of(node, "parent")
    message = object_of(node, "message")
    if not message:
        return Turn(key=key, parent=parent)
    role, text, extra = _fragments(message, rows, where)
    return Turn(
        key=key,
        parent=parent,
        role=role,
        text=text,
        sent_at=rows.stated(message.get("inserted_at")),
        model=(text_of(message, "model") or None) if role == "ai" else None,
        extra=extra | compact(files=len(items_of(message, "files"))),
    )


def _fragments(message: dict[str, Any], rows: Rows, where: str) -> tuple[str, str, dict[str, Any]]:
    """Who wrote a message, its words, and what else its fragments hold."""
    fragments = objects_of(message, "fragments", rows)
    roles: list[str] = []
    texts: list[str] = []
    thoughts: list[str] = []
    n_searches = 0
    for fragment in fragments:
        kind = text_of(fragment, "type")
        roles.append(_FRAGMENTS.get(kind, ""))
        if kind == "THINK":
            thoughts.append(text_of(fragment, "content"))
        elif kind in _SILENT_FRAGMENTS:
            n_searches += 1
            rows.notice("skipped", f"{_SILENT_FRAGMENTS[kind]} in replies: not words of either side")
        else:
            if kind not in _FRAGMENTS:
                rows.notice("unknown_type", f"a fragment {named(fragment.get('type'))}, kept with what text it has")
            texts.append(text_of(fragment, "content"))
    role = next(filter(None, roles), "")
    if not role:
        role = role_of(message.get("role"), _ROLES, rows, where=where) if "role" in message else "ai"
    if not fragments:
        texts.append(text_of(message, "content"))
        thoughts.append(text_of(message, "reasoning_content", "thinking_content"))
    extra = compact(
        thinking="\n\n".join(filter(None, thoughts)),
        searches=n_searches,
        template=any(text_of(fragment, "type") == "TEMPLATE_RESPONSE" for fragment in fragments),
    )
    return role, "\n\n".join(filter(None, texts)), extra


def _recognise_user(seen: Sample) -> bool:
    return seen.kind == "object" and seen.has("user_id", "email", "mobile") and not seen.has("mapping")


def _read_user(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    for record in records:
        rows.facts.person_id = id_of(record, "user_id")
        yield


FORMS = (
    Form(
        key="deepseek",
        title="DeepSeek export",
        recognise=recognise,
        read=read,
        is_splittable=True,
        notes="On the web: Settings, Data, Export all chats. A zip, its folder, or conversations.json.",
    ),
    Form(key="deepseek_user", title="DeepSeek account", recognise=_recognise_user, read=_read_user, part="facts"),
)
