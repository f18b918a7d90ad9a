"""Replika: the table that backup tools write, and the frames of its own connection that they write it from.

There is one thread for each companion, newest message first. A companion sends several messages in a row, so nothing
is taken for a regeneration.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attunement.sources.fields import compact, id_of, named, object_of, objects_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread, chain, role_of
from attunement.sources.times import states_offset

_AI = "Replika"
_SENDERS = {"me": "person", "rep": "ai"}
_NATURES = {"robot": "ai", "customer": "person", "user": "person"}
_RATINGS = {"upvote": 1.0, "thumbs_up": 1.0, "like": 1.0, "downvote": 0.0, "thumbs_down": 0.0, "dislike": 0.0}
_SILENT = frozenset({"voice_message", "voice_record", "voice", "images", "image", "ar", "gif", "service_message"})


def recognise(seen: Sample) -> bool:
    """A table of Timestamp, From and Text, or frames of the event `history`."""
    if seen.kind == "csv":
        return seen.has("Timestamp", "From", "Text")
    return seen.kind in {"array", "object", "lines"} and any(_is_history(record) for record in seen.records)


def _is_history(record: object) -> bool:
    return text_of(record, "event_name") == "history" and bool(object_of(record, "payload"))


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add the messages, once all are seen: they are written from the newest to the oldest."""
    chats: dict[str, list[Turn]] = {}
    reactions: dict[str, str] = {}
    person = ""
    for number, record in enumerate(records):
        if "From" in record if isinstance(record, dict) else False:
            chats.setdefault("replika", []).append(_row(record, rows))
        elif isinstance(record, dict) and text_of(record, "event_name") == "history":
            person = person or id_of(object_of(record, "auth"), "user_id")
            _frame(record, chats, reactions, rows)
        elif isinstance(record, dict) and "event_name" in record:
            rows.notice("skipped", f"frames of an event {named(record['event_name'])}")
        else:
            rows.notice("skipped", "an element that is no message", example=f"element {number}")
        yield
    for chat, turns in chats.items():
        for turn in turns:
            _react(turn, reactions.get(turn.key, ""))
        rows.conversation(chat, person_id=person, ai_id=_AI)
        ordered = chain(_oldest_first(turns), rows, retries=False)
        add_thread(ordered, rows, where=f"chat {chat}", leaf=ordered[-1].key)
        yield


def _row(record: dict[str, Any], rows: Rows) -> Turn:
    turn = Turn(
        key=id_of(record, "ID", "Id", "id"),
        role=role_of(record.get("From"), _SENDERS, rows, where="the table"),
        text=text_of(record, "Text").replace("\\n", "\n"),
        sent_at=_time(record.get("Timestamp"), rows),
    )
    _react(turn, text_of(record, "Reaction"))
    return turn


def _frame(record: dict[str, Any], chats: dict[str, list[Turn]], reactions: dict[str, str], rows: Rows) -> None:
    payload = object_of(record, "payload")
    for reaction in objects_of(payload, "message_reactions", rows):
        reactions[id_of(reaction, "message_id")] = text_of(reaction, "reaction")
    for message in objects_of(payload, "messages", rows):
        meta = object_of(message, "meta")
        content = object_of(message, "content")
        kind = text_of(content, "type")
        if kind in _SILENT:
            rows.notice("skipped", "voice, pictures and AR in messages: there are no words in them")
        elif kind != "text":
            rows.notice("unknown_type", f"content {named(content.get('type'))}, kept with what text it has")
        turn = Turn(
            key=id_of(message, "id"),
            role=role_of(meta.get("nature"), _NATURES, rows, where="the frames"),
            text=text_of(content, "text"),
            sent_at=_time(meta.get("timestamp"), rows),
            extra=compact(content_type=kind if kind != "text" else ""),
        )
        chats.setdefault(id_of(meta, "chat_id") or "replika", []).append(turn)


def _time(value: object, rows: Rows) -> int | None:
    if isinstance(value, str) and ":" in value and not states_offset(value):
        rows.notice(
            "inferred", "times without an offset from UTC, read as UTC", do="think of it where the hour of day matters"
        )
    return rows.stated(value)


def _react(turn: Turn, reaction: str) -> None:
    """A clear thumb up or down is a rating; other reactions, such as Love or Funny, are kept as words."""
    if reaction and reaction.lower() != "none":
        turn.rating = _RATINGS.get(reaction.lower().replace(" ", "_"), turn.rating)
        turn.extra["reaction"] = reaction


def _oldest_first(turns: list[Turn]) -> list[Turn]:
    """By time; a message without a time stays beside its older neighbour."""
    times = [turn.sent_at for turn in turns if turn.sent_at is not None]
    listed = turns if len(times) > 1 and times[0] < times[-1] else turns[::-1]
    ordered: list[tuple[int, Turn]] = []
    at = 0
    for turn in listed:
        at = at if turn.sent_at is None else turn.sent_at
        ordered.append((at, turn))
    return [turn for _, turn in sorted(ordered, key=lambda pair: pair[0])]


FORMS = (
    Form(
        key="replika",
        title="Replika backup",
        recognise=recognise,
        read=read,
        inferred=("one thread for the companion: the product has no separate conversations",),
        notes="Replika gives no file of its own; a tool such as replika_backup writes the CSV (Timestamp, From, Text, "
        "Reaction, ID) or keeps the frames of the connection as JSON. Read two companions apart, with --ai.",
    ),
)
