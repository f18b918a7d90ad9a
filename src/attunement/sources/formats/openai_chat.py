"""OpenAI chat: records of `messages` with roles, as training data, as requests, or as logs of requests and responses.

Requests repeat the whole history. Records that name the same conversation are laid over each other from its first
message on: what they share is read once, and where they part there is a branch. Of several choices the first is on the
path, unless a later record goes on from another.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from attunement.sources.fields import compact, digest_of, id_of, items_of, named, object_of, objects_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import role_of

_ROLES = {
    "user": "person",
    "assistant": "ai",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
_SILENT_PARTS = frozenset({"image_url", "input_image", "image", "input_audio", "audio", "file", "input_file"})
_CONVERSATION_KEYS = ("conversation_id", "session_id", "thread_id", "chat_id")
_PERSON_KEYS = ("safety_identifier", "user", "user_id", "end_user")
_AI_KEYS = ("persona", "assistant_name", "assistant", "character", "bot")
_TIME_KEYS = ("timestamp", "created_at", "created", "create_time", "time")
_OTHER_FORMS = ("parentId", "messageId", "parentMessageId", "uuid")
"""Fields of messages of Open WebUI, LibreChat and Claude.ai."""


def recognise(seen: Sample) -> bool:
    """Messages with a role and content, in the record itself or in the request that it logs."""
    return seen.kind in {"lines", "array", "parquet", "object"} and any(
        _is_message(item) for record in seen.records for item in items_of(_request(record), "messages")
    )


def _is_message(item: object) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("role"), str)
        and (isinstance(item["content"], str | list | None) if "content" in item else "tool_calls" in item)
        and not any(key in item for key in _OTHER_FORMS)
    )


def _request(record: object) -> dict[str, Any]:
    """The record, or what it says was sent: logs keep it as `request`, batches as `body`."""
    for key in ("request", "body"):
        if items_of(object_of(record, key), "messages"):
            return object_of(record, key)
    return record if isinstance(record, dict) else {}


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each record without a conversation's name as it comes; the others once all of them are seen."""
    named_ones: dict[tuple[str, str], _Conversation] = {}
    persons: dict[str, str] = {}
    names: Counter[str] = Counter()
    seen: set[int] = set()
    for number, record in enumerate(records):
        exchange = _Exchange.of(record, rows, where=f"record {number}")
        if exchange is None:
            rows.notice("skipped", "records without messages", example=f"record {number}")
        elif exchange.conversation:
            exchange.person = exchange.person or persons.get(exchange.conversation, "")
            persons.setdefault(exchange.conversation, exchange.person)
            key = (exchange.person, exchange.conversation)
            if key not in named_ones:
                named_ones[key] = _Conversation(exchange.conversation, exchange)
            named_ones[key].take(exchange, rows)
        else:
            _say_whether_repeated(exchange, seen, rows)
            conversation = _Conversation(exchange.own_name(names), exchange)
            conversation.take(exchange, rows)
            conversation.add(rows)
        yield
    while named_ones:
        named_ones.pop(next(iter(named_ones))).add(rows)
        yield


def _say_whether_repeated(exchange: _Exchange, seen: set[int], rows: Rows) -> None:
    """Whether a record without a conversation's name goes on from one before it: then its words count twice."""
    so_far = hash(exchange.person)
    for number, message in enumerate(exchange.messages):
        so_far = hash((so_far, message.sign))
        if message.role == "ai" and so_far in seen and number < len(exchange.messages) - 1:
            rows.notice(
                "inferred",
                "records that repeat an earlier one and go on, without naming their conversation: read apart",
                do="log a conversation_id with each request, so that what they share is read once",
            )
            break
    for choice in exchange.choices[:1] or exchange.messages[-1:]:
        seen.add(hash((so_far, choice.sign)) if exchange.choices else so_far)


@dataclass(slots=True, kw_only=True)
class _Message:
    """One message, and where it came to stand."""

    role: str
    text: str | None
    stated_id: str = ""
    sent_at: int | None = None
    inferred_at: int | None = None
    model: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    above: _Message | None = None
    """What it answers."""
    below: dict[str, _Message] = field(default_factory=dict)
    """What was said next, system messages left aside, by its sign."""
    key: str = ""

    @property
    def sign(self) -> str:
        """What makes it the same message in another record."""
        calls = self.extra.get("tool_calls")
        return f"{self.role}\x1f{self.text}\x1f{json.dumps(calls, sort_keys=True) if calls else ''}"


@dataclass(slots=True, kw_only=True)
class _Exchange:
    """One record: what was sent, and what came back."""

    conversation: str
    person: str
    ai: str
    record_id: str
    messages: list[_Message]
    choices: list[_Message]
    at: int | None
    replied_at: int | None

    @staticmethod
    def of(record: object, rows: Rows, *, where: str) -> _Exchange | None:
        """Read a record; None where there are no messages in it."""
        request = _request(record)
        listed = objects_of(request, "messages", rows)
        if not listed or not isinstance(record, dict):
            return None
        response = object_of(record, "response")
        response = object_of(response, "body") or response or (record if "choices" in record else {})
        holders = [record, object_of(record, "metadata"), request, object_of(request, "metadata")]
        holders.append(object_of(response, "metadata"))
        model = text_of(response, "model") or text_of(request, "model") or text_of(record, "model") or None
        choices = _choices(record, response, rows, where)
        messages = [_message(item, rows, where) for item in listed]
        told = text_of(request, "system")
        if told:
            messages.insert(0, _Message(role="system", text=told))
        for message in choices or messages:
            message.model = model if message.role == "ai" else None
        own_time = {} if record is response else record
        return _Exchange(
            conversation=_from(holders, _CONVERSATION_KEYS),
            person=_from(holders, _PERSON_KEYS),
            ai=_from(holders, _AI_KEYS),
            record_id=id_of(record, "id", "custom_id", "request_id"),
            messages=messages,
            choices=choices,
            at=_time(own_time, rows) or (_time(request, rows) if request is not record else None),
            replied_at=_time(response, rows),
        )

    def own_name(self, names: Counter[str]) -> str:
        """A name for the conversation of a record that names none, the same at every reading."""
        name = self.record_id or f"from {digest_of(*(one.sign for one in (*self.messages, *self.choices)))}"
        names[name] += 1
        return name if names[name] == 1 else f"{name}.{names[name]}"


def _from(holders: Sequence[dict[str, Any]], keys: Sequence[str]) -> str:
    return next((found for key in keys for holder in holders if (found := id_of(holder, key))), "")


def _time(record: dict[str, Any], rows: Rows) -> int | None:
    return rows.stated(next((record[key] for key in _TIME_KEYS if record.get(key) is not None), None))


def _choices(record: dict[str, Any], response: dict[str, Any], rows: Rows, where: str) -> list[_Message]:
    """What came back: the choices of a response, or one reply in another form."""
    found: list[_Message] = []
    listed = [choice for choice in items_of(response, "choices") if isinstance(choice, dict)]
    for choice in sorted(listed, key=lambda one: one["index"] if isinstance(one.get("index"), int) else 0):
        message = object_of(choice, "message") or object_of(choice, "delta")
        reply = _message({"role": "assistant"} | message, rows, where)
        ended = text_of(choice, "finish_reason")
        reply.extra |= compact(finish_reason=ended if ended != "stop" else "", choice=choice.get("index"))
        found.append(reply)
    if found:
        return found
    if text_of(record, "response"):
        return [_Message(role="ai", text=text_of(record, "response"))]
    if "content" in response and response is not record:
        return [_message({"role": "assistant"} | response, rows, where)]
    if response.get("error") or (record is not response and record.get("error")):
        rows.notice("skipped", "requests that failed: there is no reply", example=where)
    elif response:
        rows.notice("unknown_type", "responses without choices", example=where)
    return []


def _message(item: dict[str, Any], rows: Rows, where: str) -> _Message:
    text = _words(item, rows)
    calls = [_call(call) for call in items_of(item, "tool_calls")]
    if isinstance(item.get("function_call"), dict):
        calls.append(_call({"function": item["function_call"]}))
    refusal = text_of(item, "refusal")
    weight = item.get("weight")
    return _Message(
        role=role_of(item.get("role"), _ROLES, rows, where=where),
        text=text or refusal or text_of(object_of(item, "audio"), "transcript") or None,
        stated_id=id_of(item, "id", "message_id"),
        sent_at=_time(item, rows),
        extra=compact(
            name=text_of(item, "name"),
            tool_calls=calls,
            tool_call_id=text_of(item, "tool_call_id"),
            thinking=text_of(item, "reasoning_content", "reasoning"),
            refused=bool(refusal),
        )
        | ({"weight": 0} if weight == 0 and weight is not False else {}),
    )


def _call(call: object) -> dict[str, Any]:
    of = object_of(call, "function")
    arguments = of.get("arguments")
    arguments = arguments if isinstance(arguments, str) else json.dumps(arguments, default=str)
    return compact(id=id_of(call, "id"), name=text_of(of, "name"), arguments=arguments)


def _words(item: dict[str, Any], rows: Rows) -> str:
    """The words of content that is a text, a list of parts, or null."""
    content = item.get("content")
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for part in items_of(item, "content"):
        kind = part.get("type") if isinstance(part, dict) else "text"
        if isinstance(part, str):
            texts.append(part)
        elif kind in ("text", "input_text", "output_text", "refusal"):
            texts.append(text_of(part, "text", "refusal"))
        elif isinstance(kind, str) and kind in _SILENT_PARTS:
            rows.notice("skipped", "images, sound and files in messages: there are no words in them")
        else:
            rows.notice("unknown_type", f"a message part {named(kind)}, kept with what text it has")
            texts.append(text_of(part, "text"))
    return "\n\n".join(filter(None, texts))


class _Conversation:
    """The messages of all records of one conversation, laid over each other."""

    def __init__(self, name: str, first: _Exchange) -> None:
        self.name = name
        self.person = first.person
        self.ai = first.ai
        self.all: list[_Message] = []
        self.root = _Message(role="", text=None)
        self.leaf = self.root
        self._trail: list[_Message] = []
        self._told: set[str] = set()
        self._is_piecewise = False
        """Whether records hold only what is new, so that a word that was said before is said again."""

    def take(self, exchange: _Exchange, rows: Rows) -> None:
        """Lay a record over what is there, and add what is new in it."""
        self.ai = self.ai or exchange.ai
        n_before = len(self.all)
        last, n_known = self._meet([one for one in exchange.messages if one.role != "system"])
        goes_on = last is self._last()
        over = self.leaf if goes_on else last
        new: list[_Message] = []
        for message in exchange.messages:
            if message.role == "system":
                over = self._tell(message, over, exchange)
            elif n_known:
                n_known -= 1
            else:
                over = last = self._put(message, over, last)
                new.append(message)
        choices = self._choose(exchange.choices, over, last, rows)
        _date(new, exchange, rows)
        if len(self.all) > n_before:
            self.leaf = choices[0] if choices else over
            self._trail = self._trail + new + choices[:1] if goes_on else []
        else:
            rows.notice("skipped", "records that repeat what was read before")

    def _choose(self, choices: Sequence[_Message], over: _Message, last: _Message, rows: Rows) -> list[_Message]:
        """Hang the replies beside each other; one that was there before is not added again."""
        before = dict(last.below)
        found: list[_Message] = []
        for choice in choices:
            if choice.sign in before:
                rows.notice("skipped", "replies that repeat one to the same message")
                found.append(before[choice.sign])
            else:
                found.append(self._put(choice, over, last))
        return found

    def _meet(self, talk: Sequence[_Message]) -> tuple[_Message, int]:
        """The last message that the record shares with what is there, and how many of its messages are known.

        A record may hold the whole history, the last messages of it, or only what is new.
        """
        at, n_known = self.root, 0
        for message in talk:
            if message.sign not in at.below:
                break
            at, n_known = at.below[message.sign], n_known + 1
        trail = self._path()
        if (n_known and not (self._is_piecewise and len(talk) == 1)) or not trail:
            return at, n_known
        signs = [message.sign for message in talk]
        for start in range(max(0, len(trail) - len(talk)), len(trail) - 1):
            shared = [message.sign for message in trail[start:]]
            if shared == signs[: len(shared)]:
                return trail[-1], len(shared)
        self._is_piecewise = True
        return trail[-1], 0

    def _last(self) -> _Message:
        """The last message that was seen, system messages left aside."""
        trail = self._path()
        return trail[-1] if trail else self.root

    def _path(self) -> list[_Message]:
        """From the first message to the last that was seen, system messages left aside."""
        if not self._trail:
            at: _Message | None = self.leaf
            while at is not None and at is not self.root:
                if at.role != "system":
                    self._trail.append(at)
                at = at.above
            self._trail.reverse()
        return self._trail

    def _tell(self, message: _Message, over: _Message, exchange: _Exchange) -> _Message:
        """Add instructions that were not given before; what is said next hangs below them."""
        if message.sign in self._told:
            return over
        self._told.add(message.sign)
        message.inferred_at = exchange.at or exchange.replied_at
        message.above = over
        self.all.append(message)
        return message

    def _put(self, message: _Message, over: _Message, last: _Message) -> _Message:
        message.above = over
        last.below[message.sign] = message
        self.all.append(message)
        return message

    def add(self, rows: Rows) -> None:
        """Add the messages, in the order in which they were met: each stands after the one that it answers."""
        rows.conversation(self.name, person_id=self.person, ai_id=self.ai or "OpenAI chat")
        seen: set[int] = set()
        at: _Message | None = self.leaf if self.leaf is not self.root else self.all[-1]
        while at is not None:
            seen.add(id(at))
            at = at.above
        taken: set[str] = set()
        for message in self.all:
            above = message.above
            if message.stated_id in taken:
                message.stated_id = ""
            if message.inferred_at is None and above is not None:
                message.inferred_at = above.sent_at or above.inferred_at
            message.key = rows.add(
                message.role,
                message.text,
                source_id=message.stated_id,
                parent=above.key if above is not None else "",
                sent_at=message.sent_at,
                inferred_at=message.inferred_at,
                on_path=id(message) in seen,
                model=message.model,
                extra=message.extra or None,
            )
            taken.add(message.key)


def _date(new: Sequence[_Message], exchange: _Exchange, rows: Rows) -> None:
    """Give the record's time to what is new in it: it states that of one exchange, and not of many."""
    if exchange.choices:
        start = max((number for number, message in enumerate(new, 1) if message.role == "ai"), default=0)
    else:
        start = 0 if sum(message.role == "person" for message in new) <= 1 else len(new)
    for number, message in enumerate(new):
        if message.sent_at is None and number >= start:
            message.sent_at = exchange.at
        message.inferred_at = exchange.at or exchange.replied_at
    if start and (exchange.at or exchange.replied_at):
        rows.notice("inferred", "a record with one time for several exchanges: taken for each of its messages")
    for choice in exchange.choices:
        choice.sent_at = choice.sent_at or exchange.replied_at or exchange.at


FORMS = (
    Form(
        key="openai_chat",
        title="OpenAI chat records",
        recognise=recognise,
        read=read,
        notes="JSON lines, an array or Parquet with `messages` (role, content), or logs of {request, response} that a "
        "proxy or your own program keeps. Log `safety_identifier` (or `user`), `metadata.conversation_id` and a time "
        "with each request; `metadata.persona` names the AI, which else is called OpenAI chat.",
    ),
)
