"""Grok: conversations with their responses, nested twice in the official export and flat in other copies of it.

Times of responses are in the extended JSON of a database. Newer exports give ids and parents; where there are none,
each response answers the one before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attunement.sources.fields import compact, digest_of, id_of, items_of, object_of, objects_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread, chain, role_of

_ROLES = {"human": "person", "user": "person", "assistant": "ai", "system": "system"}


def recognise(seen: Sample) -> bool:
    """Conversations that hold responses with a sender and a message."""
    if seen.kind not in {"array", "object", "lines"}:
        return False
    found = [one for record in seen.records for one in _conversations(record)]
    return any(_is_response(response) for one in found for response in items_of(one, "responses"))


def _conversations(record: object) -> list[Any]:
    return items_of(record, "conversations") if isinstance(record, dict) and "conversations" in record else [record]


def _is_response(item: object) -> bool:
    response = object_of(item, "response") or item
    return isinstance(response, dict) and "sender" in response and "message" in response


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each conversation of an export."""
    number = 0
    for record in records:
        for one in _conversations(record):
            number += 1
            if isinstance(one, dict) and isinstance(one.get("responses"), list):
                _add_conversation(one, rows, number)
            else:
                rows.notice("skipped", "an element that is no conversation", example=f"element {number}")
            yield


def _add_conversation(one: dict[str, Any], rows: Rows, number: int) -> None:
    about = object_of(one, "conversation") or one
    responses = [object_of(item, "response") or item for item in objects_of(one, "responses", rows)]
    started_at = rows.stated(_time(about.get("create_time")))
    where = f"conversation {number}"
    if not responses:
        rows.notice("skipped", "empty conversations", example=where)
        return
    name = id_of(about, "id", "conversation_id", "conversationId") or _name(responses[0])
    rows.conversation(name, person_id=id_of(about, "user_id"), ai_id="Grok")
    turns = [_turn(response, rows, where) for response in responses]
    leaf = id_of(about, "leaf_response_id")
    if not any(turn.parent for turn in turns):
        turns = chain(_by_time(turns), rows, retries=True)
        leaf = turns[-1].key
        rows.notice("inferred", "conversations without stated parents: each message answers the one before it")
    add_thread(turns, rows, where=where, leaf=leaf, started_at=started_at)


def _name(first: dict[str, Any]) -> str:
    """A name for a conversation without an id: what its first message says of it, or a digest of that message."""
    stated = id_of(first, "conversation_id", "conversationId")
    return stated or f"from {digest_of(_time(first.get('create_time')), text_of(first, 'message'))}"


def _by_time(turns: list[Turn]) -> list[Turn]:
    """Oldest first, where every turn states its time; else as they stand."""
    times = [turn.sent_at for turn in turns if turn.sent_at is not None]
    if len(times) < len(turns):
        return turns
    listed = list(reversed(turns)) if times and times[0] > times[-1] else turns
    return sorted(listed, key=lambda turn: turn.sent_at or 0)


def _time(value: object) -> object:
    """A time out of the database's extended JSON: {"$date": {"$numberLong": "1705312200000"}}."""
    for key in ("$date", "$numberLong"):
        if isinstance(value, dict) and key in value:
            value = value[key]
    return value


def _turn(response: dict[str, Any], rows: Rows, where: str) -> Turn:
    sender = response.get("sender")
    if isinstance(sender, str) and sender.lower().startswith("grok"):
        sender = "assistant"
    role = role_of(sender, _ROLES, rows, where=where)
    traces = [text_of(response, "thinking_trace")]
    traces += [text_of(trace, "thinking_trace") for trace in items_of(response, "agent_thinking_traces")]
    return Turn(
        key=id_of(response, "_id", "id", "responseId", "response_id"),
        parent=id_of(response, "parent_response_id", "parentResponseId"),
        role=role,
        text=text_of(response, "message"),
        sent_at=rows.stated(_time(response.get("create_time"))),
        model=(text_of(response, "model") or None) if role == "ai" else None,
        extra=compact(
            thinking="\n\n".join(filter(None, traces)),
            tool_steps=len(items_of(response, "steps")),
            images=len(items_of(response, "generated_image_urls")),
            files=len(items_of(response, "file_attachments")),
            failed=bool(response.get("error")),
        ),
    )


FORMS = (
    Form(
        key="grok",
        title="Grok export",
        recognise=recognise,
        read=read,
        notes="accounts.x.ai, Data, Download account data: prod-grok-backend.json in the zip. It is read in one piece.",
    ),
)
