"""SillyTavern: chats with characters that a person keeps on their own computer, one file of JSON lines a chat.

The first line says who talks with whom; each other line is a message with all replies that were tried (`swipes`). The
one that was kept is `mes`; the others hang beside it, off the path. Several chats with one character are several
conversations of one relationship.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from attunement.sources.fields import compact, digest_of, id_of, items_of, object_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread
from attunement.sources.times import microseconds, states_offset

_UNUSED = "unused"
"""What newer versions write in the place of both names."""

_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_IN_WORDS = re.compile(
    r"(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}), (?P<year>\d{4}),? (?P<hour>\d{1,2}):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d))?\s?(?P<half>[ap]m)?",
    re.IGNORECASE,
)
_AT_SIGN = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\s*@\s*(?P<hour>\d{1,2})h\s*(?P<minute>\d{1,2})m"
    r"\s*(?P<second>\d{1,2})s(?:\s*(?P<milli>\d{1,3})ms)?",
    re.IGNORECASE,
)
_OWN_TYPES = frozenset({"narrator", "comment", "help", "empty", "generic", "welcome", "welcome_prompt", "hypebot"})
"""Types of messages that are neither the person's nor the character's."""

_MEDIA = ("image", "video", "file", "media", "files", "inline_image")


def recognise(seen: Sample) -> bool:
    """A header with the metadata of a chat, or messages with `mes` that say whether a user wrote them."""
    return seen.kind in {"lines", "array", "object"} and any(
        _is_header(record) or _is_message(record) for record in seen.records
    )


def _is_message(record: object) -> bool:
    return isinstance(record, dict) and "mes" in record and ("is_user" in record or "swipes" in record)


def _is_header(record: object) -> bool:
    return (
        isinstance(record, dict)
        and "mes" not in record
        and ("chat_metadata" in record or ("user_name" in record and "character_name" in record))
    )


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add the chat of a file; where another header follows, another chat."""
    header: dict[str, Any] = {}
    messages: list[dict[str, Any]] = []
    n_headers = 0
    for record in records:
        if _is_header(record):
            if messages:
                _Chat(header, messages, rows).add()
            elif n_headers:
                rows.notice("skipped", "empty conversations")
            header, messages = record, []
            n_headers += 1
        elif isinstance(record, dict) and "mes" in record:
            messages.append(record)
        else:
            rows.notice("skipped", "a line that is neither a header nor a message")
        yield
    if messages:
        _Chat(header, messages, rows).add()
    elif n_headers:
        rows.notice("skipped", "empty conversations")
    yield


class _Chat:
    """One chat on its way into rows."""

    def __init__(self, header: dict[str, Any], messages: list[dict[str, Any]], rows: Rows) -> None:
        self.rows = rows
        self.header = header
        self.messages = messages
        self.metadata = object_of(header, "chat_metadata")
        self.person = _name(header, "user_name") or _first_name(messages, by_user=True)
        stated = _name(header, "character_name")
        self.characters = {stated} if stated else set(_names(messages, by_user=False))
        self.ai = " and ".join(sorted(self.characters)) or "SillyTavern"
        self.name = self._conversation_id()
        self.where = f"chat {self.name}"

    def _conversation_id(self) -> str:
        """From what stays the same when the file is renamed, and when the chat goes on."""
        begun = id_of(self.header, "create_date") or text_of(self.metadata, "integrity")
        first = self.messages[0]
        greeting = next(filter(None, map(_words, items_of(first, "swipes"))), "") or _words(first.get("mes"))
        return f"from {digest_of(begun, self.ai, greeting)}"

    def add(self) -> None:
        """Add its messages in the order of the file, each with the swipes beside it."""
        rows = self.rows
        rows.conversation(self.name, person_id=self.person, ai_id=self.ai)
        started_at = self._time(self.header.get("create_date"))
        note = text_of(self.metadata, "note_prompt").strip()
        if note:
            rows.event("instructions", note, at=started_at)
        turns: list[Turn] = []
        last = ""
        for number, message in enumerate(self.messages):
            siblings, chosen = self._turns(message, parent=last, is_first=number == 0)
            turns += siblings
            last = chosen.key
        add_thread(turns, rows, where=self.where, leaf=last, started_at=started_at)

    def _turns(self, message: dict[str, Any], *, parent: str, is_first: bool) -> tuple[list[Turn], Turn]:
        """The message as it was kept, among all that were tried in its place."""
        role, extra = self._role(message)
        swipes = [_words(swipe) for swipe in items_of(message, "swipes")]
        about = items_of(message, "swipe_info")
        at = _chosen(message, swipes)
        words = _words(message.get("mes"))
        kept = self._turn(message, words, role, extra, parent)
        if kept.sent_at is None and at < len(about):
            kept.sent_at = self._first_time(about[at])
        if is_first and role == "ai" and not message.get("gen_started"):
            kept.extra["greeting"] = True
        found: list[Turn] = []
        for number, swipe in enumerate(swipes):
            info = about[number] if number < len(about) else None
            if number == at:
                found.append(kept)
                if swipe == words:
                    continue
                self.rows.notice(
                    "mended", "a message that differs from its own swipe: both were kept", example=self.where
                )
            if swipe:
                other = self._turn(info if isinstance(info, dict) else {}, swipe, role, extra, parent)
                other.extra |= compact(greeting=kept.extra.get("greeting"))
                found.append(other)
            else:
                self.rows.notice("skipped", "swipes without words")
        if at >= len(swipes):
            found.append(kept)
        for turn in found:
            self._give_key(turn)
        return found, kept

    def _give_key(self, turn: Turn) -> None:
        turn.key = self.rows.content_id(turn.role, turn.sent_at, turn.text)
        self.rows.message_id(turn.key)

    def _turn(self, message: dict[str, Any], words: str, role: str, extra: dict[str, Any], parent: str) -> Turn:
        about = object_of(message, "extra")
        n_media = sum(len(value) if isinstance(value := about.get(key), list) else bool(value) for key in _MEDIA)
        if n_media:
            self.rows.notice("skipped", "images and files in messages: there are no words in them", n=n_media)
        return Turn(
            key="",
            parent=parent,
            role=role,
            text=words,
            sent_at=self._first_time(message),
            model=(text_of(about, "model") or None) if role == "ai" else None,
            extra=extra
            | compact(
                thinking=text_of(about, "reasoning"),
                api=text_of(about, "api"),
                files=n_media,
                translated=bool(about.get("display_text")),
                branched=len(items_of(about, "branches")),
            ),
        )

    def _role(self, message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Who wrote it. Hiding a message from the model marks it as one of the system, but it was said and read."""
        kind = object_of(message, "extra").get("type")
        kind = kind if isinstance(kind, str) else ""
        name = text_of(message, "name")
        by_user = message.get("is_user") is True
        marked = message.get("is_system") is True
        if kind in _OWN_TYPES or (marked and not by_user and (kind or name not in self.characters)):
            return "system", compact(type=kind, name=name)
        role = "person" if by_user else "ai"
        usual = self.person if by_user else self.ai
        if marked:
            self.rows.notice("inferred", "messages that were hidden from the model: kept as said by their writer")
        return role, compact(type=kind, hidden=marked, name=name if name != usual else "")

    # -- times -----------------------------------------------------------------------------------------------------

    def _first_time(self, record: object) -> int | None:
        """When it was sent, or else when the model began to write it."""
        if not isinstance(record, dict):
            return None
        for key in ("send_date", "gen_started", "gen_finished"):
            if record.get(key) not in (None, "", 0):
                return self._time(record[key])
        return None

    def _time(self, value: object) -> int | None:
        """A time in any of the ways in which versions of the program wrote it."""
        if isinstance(value, str):
            if ":" in value or "@" in value:
                value = self._time_in_words(value.strip())
            elif value.isdigit():
                value = int(value)
        return self.rows.stated(value)

    def _time_in_words(self, text: str) -> object:
        match = _IN_WORDS.fullmatch(text) or _AT_SIGN.fullmatch(text)
        found = _moment(match.groupdict()) if match else None
        if found is None and (states_offset(text) or microseconds(text) is None):
            return text
        self.rows.notice(
            "inferred",
            "times of the computer's own clock without an offset from UTC, read as UTC",
            do="think of it where the hour of day matters",
        )
        return found or text


def _moment(part: dict[str, str | None]) -> datetime | None:
    """A time from its pieces, as written; None where there is no such moment."""
    month = part["month"] or ""
    number = int(month) if month.isdigit() else _MONTHS.get(month[:3].lower(), 0)
    hour = int(part["hour"] or 0)
    half = (part.get("half") or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    with suppress(ValueError):
        return datetime(
            int(part["year"] or 0),
            number,
            int(part["day"] or 0),
            hour,
            int(part["minute"] or 0),
            int(part.get("second") or 0),
            int(part.get("milli") or 0) * 1000,
        )
    return None


def _words(value: object) -> str:
    """A text, or what other programs that write this form put in its place."""
    return value if isinstance(value, str) else text_of(value, "message", "mes")


def _chosen(message: dict[str, Any], swipes: list[str]) -> int:
    """Which swipe the message is; as many as there are where it is none of them."""
    stated = message.get("swipe_id")
    if isinstance(stated, int) and not isinstance(stated, bool) and 0 <= stated < len(swipes):
        return stated
    words = _words(message.get("mes"))
    return swipes.index(words) if words in swipes else len(swipes)


def _name(header: dict[str, Any], key: str) -> str:
    name = text_of(header, key).strip()
    return "" if name == _UNUSED else name


def _names(messages: list[dict[str, Any]], *, by_user: bool) -> Iterator[str]:
    """The names of the person, or of whoever answers them."""
    for message in messages:
        kind = object_of(message, "extra").get("type")
        aside = message.get("is_system") is True or (isinstance(kind, str) and kind in _OWN_TYPES)
        if (message.get("is_user") is True) == by_user and not aside and text_of(message, "name"):
            yield text_of(message, "name")


def _first_name(messages: list[dict[str, Any]], *, by_user: bool) -> str:
    return next(_names(messages, by_user=by_user), "")


FORMS = (
    Form(
        key="sillytavern",
        title="SillyTavern chat",
        recognise=recognise,
        read=read,
        notes="The folder data/<user>/chats/<character> of an installation, or Manage chat files, Export as JSONL. One "
        "file a chat; a folder of them is one relationship a character.",
    ),
)
