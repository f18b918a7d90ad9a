"""Open WebUI and LibreChat: chats of one's own server, as trees of messages by id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attunement.sources.fields import compact, digest_of, id_of, items_of, named, object_of, objects_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread, role_of

_ROLES = {"user": "person", "assistant": "ai", "system": "system", "tool": "tool"}
_DETAILS = re.compile(
    r"<details\s[^>]*type=\"(?P<type>\w+)\"[^>]*>\s*(?:<summary>.*?</summary>)?(?P<text>.*?)</details>\s*", re.DOTALL
)
_NO_PARENT = "00000000-0000-0000-0000-000000000000"
_RATINGS = {"thumbsUp": 1.0, "thumbs_up": 1.0, "thumbsDown": 0.0, "thumbs_down": 0.0}
_SILENT_PARTS = frozenset({"image_url", "image_file", "image", "file", "audio", "input_audio", "video_url"})


# -- Open WebUI ----------------------------------------------------------------------------------------------------


def _chat(record: object) -> dict[str, Any]:
    return object_of(record, "chat") or (record if isinstance(record, dict) else {})


def recognise(seen: Sample) -> bool:
    """A chat with a `history` of messages by id, or with messages that name their parent."""
    return seen.kind in {"array", "object", "lines"} and any(_is_chat(_chat(record)) for record in seen.records)


def _is_chat(chat: dict[str, Any]) -> bool:
    if isinstance(object_of(chat, "history").get("messages"), dict):
        return True
    return any(isinstance(item, dict) and "parentId" in item and "role" in item for item in items_of(chat, "messages"))


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each chat of an export."""
    for record in records:
        chat = _chat(record)
        if _is_chat(chat):
            _add_chat(record, chat, rows)
        else:
            rows.notice("skipped", "an element that is no conversation")
        yield


def _add_chat(record: dict[str, Any], chat: dict[str, Any], rows: Rows) -> None:
    history = object_of(chat, "history")
    listed = history.get("messages")
    name = (
        id_of(record, "id") or id_of(chat, "id") or f"from {digest_of(*(listed if isinstance(listed, dict) else ()))}"
    )
    where = f"chat {name}"
    nodes: dict[str, dict[str, Any]] = {}
    for key, message in (
        listed.items()
        if isinstance(listed, dict)
        else [(id_of(item, "id"), item) for item in items_of(chat, "messages")]
    ):
        if isinstance(message, dict):
            nodes[key] = message
        else:
            rows.notice("skipped", "messages that are no objects", example=where)
    started_at = rows.stated(record.get("created_at"))
    rows.conversation(name, person_id=id_of(record, "user_id"), ai_id="Open WebUI")
    told = text_of(chat, "system") or text_of(object_of(chat, "params"), "system")
    if told:
        rows.event("instructions", told, at=started_at)
    add_thread(
        [_chat_turn(key, nodes, rows, where) for key in nodes],
        rows,
        where=where,
        leaf=id_of(history, "currentId"),
        started_at=started_at,
        stated={key: items_of(node, "childrenIds") for key, node in nodes.items()},
    )


def _chat_turn(key: str, nodes: dict[str, dict[str, Any]], rows: Rows, where: str) -> Turn:
    message = nodes[key]
    role = role_of(message.get("role"), _ROLES, rows, where=where)
    parent = id_of(message, "parentId")
    text = text_of(message, "content") or _parts_text(message, rows)[0]
    text, extra = _without_details(text) if role == "ai" else (text, {})
    rating = object_of(message, "annotation").get("rating")
    return Turn(
        key=key,
        parent=parent,
        role=role,
        text=text,
        sent_at=rows.stated(message.get("timestamp")),
        model=(text_of(message, "model") or None) if role == "ai" else None,
        rating={1: 1.0, -1: 0.0}.get(rating) if isinstance(rating, int) else None,
        extra=extra
        | compact(
            files=len(items_of(message, "files")),
            in_parallel=role == "ai" and len(items_of(nodes.get(parent), "models")) > 1,
            failed=bool(message.get("error")),
        ),
    )


def _without_details(text: str) -> tuple[str, dict[str, Any]]:
    """The words of a reply without the folded boxes that the product writes into it for reasoning and tools."""
    if "<details" not in text:
        return text, {}
    found = [(match["type"], match["text"].strip()) for match in _DETAILS.finditer(text)]
    thoughts = [words for kind, words in found if kind == "reasoning"]
    extra = compact(thinking="\n\n".join(thoughts), tools=[kind for kind, _ in found if kind != "reasoning"])
    return _DETAILS.sub("", text).strip(), extra


def _words(part: object, key: str) -> str:
    """Text that stands in a field, or in its `value`."""
    return text_of(part, key) or text_of(object_of(part, key), "value")


def _parts_text(message: dict[str, Any], rows: Rows) -> tuple[str, dict[str, Any]]:
    """The words of content that is given in parts, and what the other parts say in short."""
    texts: list[str] = []
    thoughts: list[str] = []
    tools: list[str] = []
    for part in items_of(message, "content"):
        kind = part.get("type") if isinstance(part, dict) else "text"
        if kind in ("text", "input_text", "output_text"):
            texts.append(part if isinstance(part, str) else _words(part, "text"))
        elif kind == "think":
            thoughts.append(_words(part, "think"))
        elif kind == "tool_call":
            tools.append(id_of(object_of(part, "tool_call"), "name") or "unnamed")
        elif kind == "error":
            rows.notice("skipped", "errors in the place of a reply")
        elif isinstance(kind, str) and kind in _SILENT_PARTS:
            rows.notice("skipped", "images, sound and files in messages: there are no words in them")
        else:
            rows.notice("unknown_type", f"a message part {named(kind)}, kept with what text it has")
            texts.append(text_of(part, "text"))
    extra = compact(thinking="\n\n".join(filter(None, thoughts)), tools=tools)
    return "\n\n".join(filter(None, texts)), extra


# -- LibreChat -----------------------------------------------------------------------------------------------------


def _recognise_librechat(seen: Sample) -> bool:
    return seen.kind in {"array", "object", "lines"} and any(
        isinstance(item, dict) and "messageId" in item and ("isCreatedByUser" in item or "parentMessageId" in item)
        for record in seen.records
        for item in items_of(record, "messages")
    )


def _read_librechat(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    for record in records:
        messages = _flat(record, rows)
        if messages:
            _add_librechat(record, messages, rows)
        else:
            rows.notice("skipped", "an element without messages")
        yield


def _flat(record: object, rows: Rows) -> list[tuple[str, dict[str, Any]]]:
    """The messages, each with the key above it, whether they are listed or nested in `children`."""
    found: list[tuple[str, dict[str, Any]]] = []
    stack = [("", message) for message in reversed(objects_of(record, "messages", rows))]
    while stack:
        above, message = stack.pop()
        found.append((above, message))
        key = id_of(message, "messageId")
        stack += [(key, child) for child in reversed(objects_of(message, "children", rows))]
    return found


def _add_librechat(record: dict[str, Any], messages: list[tuple[str, dict[str, Any]]], rows: Rows) -> None:
    options = object_of(record, "options")
    person = next((found for _, message in messages if (found := id_of(message, "user"))), "")
    first = messages[0][1]
    name = id_of(record, "conversationId") or id_of(first, "conversationId") or f"from {digest_of(first)}"
    where = f"conversation {name}"
    ai_id = text_of(options, "chatGptLabel", "modelLabel", "agent_id", "assistant_id") or "LibreChat"
    rows.conversation(name, person_id=person or id_of(record, "user"), ai_id=ai_id)
    started_at = rows.stated(record.get("createdAt"))
    told = text_of(options, "promptPrefix", "system")
    if told:
        rows.event("instructions", told, at=started_at)
    turns = [_libre_turn(above, message, rows, where) for above, message in messages]
    add_thread(turns, rows, where=where, started_at=started_at)


def _libre_turn(above: str, message: dict[str, Any], rows: Rows, where: str) -> Turn:
    by_person = message.get("isCreatedByUser")
    if isinstance(by_person, bool):
        role = "person" if by_person else "ai"
    else:
        role = role_of(message.get("sender"), _ROLES, rows, where=where)
    parent = id_of(message, "parentMessageId") or above
    words, extra = _parts_text(message, rows)
    rating = object_of(message, "feedback").get("rating")
    return Turn(
        key=id_of(message, "messageId"),
        parent="" if parent == _NO_PARENT else parent,
        role=role,
        text=text_of(message, "text") or words,
        sent_at=rows.stated(message.get("createdAt")),
        model=(text_of(message, "model") or None) if role == "ai" else None,
        rating=_RATINGS.get(rating) if isinstance(rating, str) else None,
        extra=extra
        | compact(
            files=len(items_of(message, "files")),
            failed=message.get("error") is True,
            unfinished=message.get("unfinished") is True,
        ),
    )


FORMS = (
    Form(
        key="open_webui",
        title="Open WebUI chats",
        recognise=recognise,
        read=read,
        is_splittable=True,
        notes="Settings, Data controls, Export chats (or the menu of one chat, Download, Export chat). The AI is "
        "called Open WebUI whichever model answered: give --ai for a persona of your own.",
    ),
    Form(
        key="librechat",
        title="LibreChat conversation",
        recognise=_recognise_librechat,
        read=_read_librechat,
        notes="In a conversation: Export, as JSON, with all branches. One file a conversation.",
    ),
)
