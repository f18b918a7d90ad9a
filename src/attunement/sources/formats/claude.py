"""Claude.ai: lists of messages that name their parent in newer exports, with content in blocks.

The words of a message are its text blocks; thinking, tools and files stay beside them. What Claude remembers about
the person comes from `memories.json` as events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attunement.sources.fields import compact, digest_of, id_of, items_of, named, object_of, objects_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread, chain, role_of
from attunement.sources.times import microseconds

_AI = "Claude"
_ROLES = {"human": "person", "user": "person", "assistant": "ai", "system": "system"}
_ROOTS = frozenset({"00000000-0000-4000-8000-000000000000", "00000000-0000-0000-0000-000000000000"})
_PLACEHOLDER = re.compile(r"(?:```\s*)?This block is not supported on your current device(?: yet)?\.?(?:\s*```)?")
_SILENT_BLOCKS = {"token_budget": "token budgets", "flag": "flags", "image": "images", "document": "documents"}


def recognise(seen: Sample) -> bool:
    """Conversations with a list of `chat_messages`."""
    return seen.kind in {"array", "object", "lines"} and any(
        isinstance(record, dict) and isinstance(record.get("chat_messages"), list) for record in seen.records
    )


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each conversation of an export."""
    for record in records:
        if isinstance(record, dict) and isinstance(record.get("chat_messages"), list):
            _add_conversation(record, rows)
        else:
            rows.notice("skipped", "an element that is no conversation")
        yield


def _add_conversation(record: dict[str, Any], rows: Rows) -> None:
    messages = objects_of(record, "chat_messages", rows)
    name = id_of(record, "uuid") or f"from {digest_of(record.get('created_at'), messages[:1])}"
    where = f"conversation {name}"
    if not messages:
        rows.notice("skipped", "empty conversations", example=where)
        return
    rows.conversation(name, person_id=id_of(object_of(record, "account"), "uuid"), ai_id=_AI)
    model = text_of(record, "model") or None
    turns = [_turn(message, rows, where=where, model=model) for message in messages]
    leaf = id_of(record, "current_leaf_message_uuid")
    if any(id_of(message, "parent_message_uuid") for message in messages):
        _link(turns, messages)
    else:
        turns = chain(turns, rows, retries=True)
        leaf = leaf if any(turn.key == leaf for turn in turns) else turns[-1].key
        rows.notice("inferred", "conversations without stated parents: each message answers the one before it")
    add_thread(turns, rows, where=where, leaf=leaf, started_at=rows.stated(record.get("created_at")))


def _link(turns: list[Turn], messages: list[dict[str, Any]]) -> None:
    """Set the stated parents; a message that states none answers the one before it."""
    before = ""
    for turn, message in zip(turns, messages, strict=True):
        parent = id_of(message, "parent_message_uuid")
        turn.parent = "" if parent in _ROOTS else parent or before
        before = turn.key


def _turn(message: dict[str, Any], rows: Rows, *, where: str, model: str | None) -> Turn:
    role = role_of(message.get("sender"), _ROLES, rows, where=where)
    texts, extra = _blocks(items_of(message, "content"), rows)
    text = "\n\n".join(texts) or _plain(text_of(message, "text", "content"), rows)
    attachments = items_of(message, "attachments")
    if any(text_of(item, "extracted_content") for item in attachments):
        rows.notice("skipped", "the text of attached files: it is not what the person wrote")
    extra |= compact(
        attachments=len(attachments),
        files=max(len(items_of(message, "files")), len(items_of(message, "files_v2"))),
        truncated=message.get("truncated") is True,
    )
    return Turn(
        key=id_of(message, "uuid"),
        role=role,
        text=text,
        sent_at=rows.stated(message.get("created_at")),
        model=model if role == "ai" else None,
        extra=extra,
    )


def _plain(text: str, rows: Rows) -> str:
    """The text that stands beside the blocks, without the words that stand for a block."""
    found, n_placeholders = _PLACEHOLDER.subn("", text)
    if not n_placeholders:
        return text
    rows.notice("skipped", "words of the product in the place of a block (`not supported on your device`)")
    return found.strip()


def _blocks(blocks: list[Any], rows: Rows) -> tuple[list[str], dict[str, Any]]:
    """The texts among the content blocks, and what the other blocks say in short."""
    texts: list[str] = []
    thoughts: list[str] = []
    tools: list[str] = []
    n_results = n_errors = 0
    for block in blocks:
        kind = block.get("type") if isinstance(block, dict) else "text"
        if kind == "text":
            texts.append(block if isinstance(block, str) else text_of(block, "text"))
        elif kind == "thinking":
            thoughts.append(text_of(block, "thinking"))
        elif kind in ("tool_use", "tool_call"):
            tools.append(id_of(block, "name") or id_of(object_of(block, "toolCall"), "name") or "unnamed")
        elif kind == "tool_result":
            n_results += 1
            n_errors += block.get("is_error") is True
        elif isinstance(kind, str) and kind in _SILENT_BLOCKS:
            rows.notice("skipped", f"{_SILENT_BLOCKS[kind]} in messages: there are no words in them")
        else:
            rows.notice("unknown_type", f"a content block {named(kind)}, kept with what text it has")
            texts.append(text_of(block, "text"))
    extra = compact(
        thinking="\n\n".join(filter(None, thoughts)),
        tools=tools,
        tool_results=n_results,
        tool_errors=n_errors,
        writing_seconds=_writing_seconds(blocks),
    )
    return list(filter(None, texts)), extra


def _writing_seconds(blocks: list[Any]) -> float | None:
    """How long the reply took to write, from the first block's start to the last one's stop."""
    starts = [microseconds(block.get("start_timestamp")) for block in blocks if isinstance(block, dict)]
    stops = [microseconds(block.get("stop_timestamp")) for block in blocks if isinstance(block, dict)]
    begun = min((at for at in starts if at is not None), default=None)
    ended = max((at for at in stops if at is not None), default=None)
    return None if begun is None or ended is None or ended < begun else (ended - begun) / 1e6


def _recognise_design(seen: Sample) -> bool:
    return seen.kind in {"array", "object", "lines"} and any(
        "contentBlocks" in object_of(message, "content")
        for record in seen.records
        for message in items_of(record, "messages")
    )


def _read_design(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    for record in records:
        messages = objects_of(record, "messages", rows)
        name = id_of(record, "uuid", "id") or f"from {digest_of(messages[:1])}"
        where = f"chat {name}"
        if messages:
            rows.conversation(name, person_id=id_of(object_of(record, "account"), "uuid"), ai_id=_AI)
            turns = chain([_design_turn(message, rows, where) for message in messages], rows, retries=False)
            started_at = rows.stated(record.get("created_at"))
            add_thread(turns, rows, where=where, leaf=turns[-1].key, started_at=started_at)
        else:
            rows.notice("skipped", "empty conversations", example=where)
        yield


def _design_turn(message: dict[str, Any], rows: Rows, where: str) -> Turn:
    content = object_of(message, "content")
    texts, extra = _blocks(items_of(content, "contentBlocks"), rows)
    kind = content.get("kind")
    stated = message.get("created_at")
    return Turn(
        key=id_of(message, "uuid", "id"),
        role=role_of(message.get("role", message.get("sender")), _ROLES, rows, where=where),
        text="\n\n".join(texts) or text_of(content, "content"),
        sent_at=rows.stated(content.get("timestamp") if stated is None else stated),
        extra=extra | compact(kind=kind if isinstance(kind, str) else "", files=len(items_of(content, "attachments"))),
    )


def _recognise_users(seen: Sample) -> bool:
    return seen.kind in {"array", "lines"} and seen.has("uuid", "full_name") and not seen.has("chat_messages")


def _read_users(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """The account, where there is exactly one: an export of a team does not say whose a conversation is."""
    found = set()
    for record in records:
        if id_of(record, "uuid"):
            found.add(id_of(record, "uuid"))
        yield
    if len(found) == 1:
        rows.facts.person_id = found.pop()


def _recognise_memories(seen: Sample) -> bool:
    return seen.kind in {"array", "object", "lines"} and (
        seen.has("conversations_memory") or seen.has("project_memories")
    )


def _read_memories(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    for number, record in enumerate(records):
        if not isinstance(record, dict):
            rows.notice("skipped", "an element that is no memory", example=f"element {number}")
            continue
        rows.conversation("memories", person_id=id_of(record, "account_uuid"), ai_id=_AI)
        at = rows.stated(record.get("updated_at", record.get("created_at")))
        kept = [text_of(record, "conversations_memory"), *object_of(record, "project_memories").values()]
        for text in kept:
            if isinstance(text, str) and text:
                rows.event("memory", text, at=at)
        yield


def _recognise_known(seen: Sample) -> bool:
    return seen.kind in {"array", "object"} and seen.has("uuid", "name", "creator") and not seen.has("chat_messages")


FORMS = (
    Form(
        key="claude",
        title="Claude.ai export",
        recognise=recognise,
        read=read,
        is_splittable=True,
        notes="Settings, Privacy, Export data; the link in the e-mail works for a day. A zip, its folder, or "
        "conversations.json; large accounts get several zips.",
    ),
    Form(
        key="claude_design",
        title="Claude Design chats",
        recognise=_recognise_design,
        read=_read_design,
        notes="The files of the folder design_chats in a Claude.ai export, one a chat.",
    ),
    Form(key="claude_users", title="Claude.ai account", recognise=_recognise_users, read=_read_users, part="facts"),
    Form(
        key="claude_memories",
        title="Claude.ai memories",
        recognise=_recognise_memories,
        read=_read_memories,
        part="facts",
    ),
    Form(key="claude_known", title="projects of a Claude.ai export", recognise=_recognise_known, part="known"),
)
