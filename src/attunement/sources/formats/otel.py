"""OpenTelemetry: spans of calls to language models, as OTLP JSON or one flattened span a line.

Every span repeats the whole history of its conversation, so a message is known by the words before it: what two spans
share is added once, and where they part there is a branch. Content stands in attributes, in events, or nowhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attunement.sources.decoding import Undecodable, decode
from attunement.sources.fields import compact, digest_of, id_of, items_of, named, object_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread

_ROLES = {
    "user": "person",
    "human": "person",
    "assistant": "ai",
    "model": "ai",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
_NUMBERED = re.compile(r"^gen_ai\.(prompt|completion)\.(\d+)\.(role|content)$")
_DETAILS = "gen_ai.client.inference.operation.details"
_EVENT_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


Message = tuple[str, str, dict[str, Any]]
"""Who said it, the words, and what else it holds."""
Messages = list[Message]


@dataclass(slots=True)
class _Span:
    """A call: what went in, what came out, and when."""

    attributes: dict[str, Any]
    started_at: int | None
    ended_at: int | None
    trace: str
    given: Messages
    said: Messages


def recognise(seen: Sample) -> bool:
    """OTLP (`resourceSpans`), or records whose attributes speak of `gen_ai`."""
    if seen.kind not in {"array", "object", "lines"}:
        return False
    if seen.has("resourceSpans") or seen.has("resource_spans"):
        return True
    return isinstance(seen.first, dict) and any(key.startswith("gen_ai.") for key in _attributes(seen.first))


def read(records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Gather the spans of each conversation, then add them in the order of their times."""
    conversations: dict[tuple[str, str, str], list[_Span]] = {}
    for record in records:
        for raw in _raw_spans(record):
            span = _span(raw, rows)
            if span is None:
                continue
            name = id_of(span.attributes, "gen_ai.conversation.id", "session.id") or span.trace or "spans"
            person = id_of(span.attributes, "user.id", "enduser.id", "gen_ai.request.user")
            if not person:
                person = f"unnamed in {name}"
                rows.notice(
                    "inferred",
                    "calls that do not say whose they are: each conversation counts as a person of its own",
                    do="record user.id (a pseudonym will do) to follow people over time",
                )
            conversations.setdefault((name, person, _ai(span.attributes)), []).append(span)
    for (name, person, ai_id), spans in conversations.items():
        rows.conversation(name, person_id=person, ai_id=ai_id)
        _add_conversation(sorted(spans, key=lambda span: span.started_at or 0), rows, name)
        yield


def _ai(attributes: Mapping[str, Any]) -> str:
    return text_of(attributes, "gen_ai.agent.name", "gen_ai.provider.name", "gen_ai.system") or "language model"


def _raw_spans(record: object) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The spans of a record, each with the attributes of its resource."""
    resources = items_of(record, "resourceSpans") or items_of(record, "resource_spans")
    if not resources and isinstance(record, dict):
        yield record, {}
    for resource in resources:
        shared = _attributes(object_of(resource, "resource"))
        for scope in items_of(resource, "scopeSpans") or items_of(resource, "scope_spans"):
            for span in items_of(scope, "spans"):
                if isinstance(span, dict):
                    yield span, shared


def _attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as a plain object, from OTLP's list of keys and typed values or from an object."""
    stated = record.get("attributes")
    if isinstance(stated, dict):
        return stated
    found = {}
    for item in stated if isinstance(stated, list) else []:
        if isinstance(item, dict) and isinstance(item.get("key"), str):
            found[item["key"]] = _plain(item.get("value"))
    return found


def _plain(value: object) -> Any:
    """A typed value of OTLP as a plain one."""
    if not isinstance(value, dict):
        return value
    if "arrayValue" in value:
        return [_plain(item) for item in items_of(value["arrayValue"], "values")]
    if "kvlistValue" in value:
        pairs = [item for item in items_of(value["kvlistValue"], "values") if isinstance(item, dict)]
        return {str(item.get("key")): _plain(item.get("value")) for item in pairs}
    return next((item for key, item in value.items() if key.endswith("Value")), None)


def _span(raw: tuple[dict[str, Any], dict[str, Any]], rows: Rows) -> _Span | None:
    """A span with its messages, or None where it is no call or holds no content."""
    record, shared = raw
    attributes = shared | _attributes(record)
    if not any(key.startswith("gen_ai.") for key in attributes):
        rows.notice("skipped", "spans that are no calls to a language model")
        return None
    given, said = _messages(attributes, rows)
    for event in items_of(record, "events"):
        more_given, more_said = _of_event(event, rows)
        given, said = given + more_given, said + more_said
    if not given and not said:
        rows.notice(
            "skipped",
            "calls without content",
            do="let the instrumentation record messages (in most, an environment variable turns it on)",
        )
        return None
    return _Span(
        attributes=attributes,
        started_at=_time(record, ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime"), rows),
        ended_at=_time(record, ("endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime"), rows),
        trace=id_of(record, "traceId", "trace_id") or id_of(object_of(record, "context"), "trace_id"),
        given=given,
        said=said,
    )


def _time(record: Mapping[str, Any], keys: Sequence[str], rows: Rows) -> int | None:
    values = (record.get(key) for key in keys)
    value = next((value for value in values if isinstance(value, str | int | float) and value != ""), None)
    return None if value is None else rows.stated(value)


def _messages(attributes: Mapping[str, Any], rows: Rows) -> tuple[Messages, Messages]:
    """What attributes say went in and came out, in the present way or in the older numbered one."""
    given = _listed(attributes.get("gen_ai.system_instructions"), rows, "system")
    given += _listed(attributes.get("gen_ai.input.messages"), rows, "user")
    said = _listed(attributes.get("gen_ai.output.messages"), rows, "assistant")
    numbered: dict[tuple[str, int], dict[str, str]] = {}
    for key, value in attributes.items():
        match = _NUMBERED.match(key)
        if match:
            numbered.setdefault((match[1], int(match[2])), {})[match[3]] = str(value)
    for (side, _), message in sorted(numbered.items(), key=lambda item: item[0][1]):
        role = message.get("role") or ("user" if side == "prompt" else "assistant")
        (given if side == "prompt" else said).append((role, message.get("content", ""), {}))
    return given, said


def _of_event(event: object, rows: Rows) -> tuple[Messages, Messages]:
    """What an event of a span says went in and came out."""
    if not isinstance(event, dict):
        return [], []
    name = text_of(event, "name", "event_name")
    attributes = _attributes(event)
    if name == _DETAILS:
        return _messages(attributes, rows)
    text = text_of(attributes, "content", "gen_ai.event.content") or text_of(object_of(event, "body"), "content")
    if name in _EVENT_ROLES:
        return [(_EVENT_ROLES[name], text, {})], []
    if name == "gen_ai.choice":
        message = object_of(object_of(event, "body"), "message") or object_of(attributes, "message")
        return [], [("assistant", text_of(message, "content") or text, {})]
    return [], []


def _listed(value: object, rows: Rows, usual: str) -> Messages:
    """Messages from a list of them, or from the JSON text of one."""
    if isinstance(value, str):
        try:
            value = decode(value.encode("utf-8", "replace"))
        except Undecodable:
            return [(usual, str(value), {})] if value else []
    if not isinstance(value, list):
        return []
    if value and all(isinstance(item, dict) and "role" not in item for item in value):
        return [(usual, _text(value, rows)[0], {})]
    found = []
    for item in value:
        if isinstance(item, dict):
            text, extra = _text(items_of(item, "parts") or item.get("content"), rows)
            found.append((text_of(item, "role") or usual, text, extra))
        else:
            rows.notice("skipped", "messages that are no objects")
    return found


def _text(parts: object, rows: Rows) -> tuple[str, dict[str, Any]]:
    """The words of a message's parts, and what else they hold."""
    if isinstance(parts, str):
        return parts, {}
    words, thinking, tools = [], [], []
    for part in parts if isinstance(parts, list) else []:
        kind = text_of(part, "type") or "text"
        if isinstance(part, str):
            words.append(part)
        elif kind == "text":
            words.append(text_of(part, "content", "text"))
        elif kind == "reasoning":
            thinking.append(text_of(part, "content"))
        elif kind == "tool_call":
            tools.append(text_of(part, "name") or "unnamed")
        elif kind == "tool_call_response":
            words.append(_response(part))
        elif kind in {"blob", "file", "uri"}:
            rows.notice("skipped", "files in messages: there are no words in them")
        else:
            rows.notice("unknown_type", f"a message part {named(kind)}, kept with what text it has")
            words.append(text_of(part, "content", "text"))
    return "\n".join(filter(None, words)), compact(thinking="\n".join(thinking), tool_calls=tools)


def _response(part: Mapping[str, Any]) -> str:
    """What a tool gave back, which is text or any JSON."""
    found = next((part[key] for key in ("response", "result", "content") if part.get(key) is not None), "")
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, sort_keys=True, default=str)


def _add_conversation(spans: Sequence[_Span], rows: Rows, name: str) -> None:
    tree = _Histories(rows, f"conversation {name}")
    leaf = ""
    for span in spans:
        leaf = tree.add(span) or leaf
    started_at = next((span.started_at for span in spans if span.started_at), None)
    add_thread(list(tree.turns.values()), rows, where=tree.where, leaf=leaf, started_at=started_at)


class _Histories:
    """The histories of a conversation's calls, laid over each other.

    A message is known by the messages before it. Instructions do not count among those: many programs write the time
    of day into them, and a history that begins with other instructions is still the same history. Instructions that
    were not heard before stand above the first message that came with them.
    """

    def __init__(self, rows: Rows, where: str) -> None:
        self.rows = rows
        self.where = where
        self.turns: dict[str, Turn] = {}
        self._heard: dict[str, frozenset[str]] = {"": frozenset()}
        self._told: list[tuple[str, int | None]] = []

    def add(self, span: _Span) -> str:
        """Add what no call before had, and give the key of the message that this one ends in."""
        model = text_of(span.attributes, "gen_ai.response.model", "gen_ai.request.model") or None
        above, self._told = "", []
        self._say_if_it_begins_anew(span)
        for place, message in enumerate(span.given):
            is_last = place == len(span.given) - 1
            above = self._add(message, above, at=span.started_at if is_last else None)
        keys = [self._add(message, above, at=span.ended_at, model=model) for message in span.said]
        if not keys:
            return self._tell(above)
        return keys[0]

    def _say_if_it_begins_anew(self, span: _Span) -> None:
        first = next((message for message in span.given if _ROLES.get(message[0].lower()) != "system"), None)
        spoken = any(turn.role != "system" for turn in self.turns.values())
        if first is not None and spoken and digest_of("", first[0], first[1]) not in self.turns:
            self.rows.notice(
                "inferred",
                "calls whose history does not begin as one before it in their conversation: kept as a branch",
                example=self.where,
                do="where the program shortens histories, these messages are counted twice: record whole histories",
            )

    def _add(self, message: Message, above: str, *, at: int | None, model: str | None = None) -> str:
        """Add a message unless a call before has it already, and give its key; instructions wait for what follows."""
        said_by, text, extra = message
        role = _ROLES.get(said_by.lower())
        if role == "system":
            self._told.append((text, at))
            return above
        key = digest_of(above, said_by, text)
        if key in self.turns:
            return key
        if role is None:
            self.rows.notice("unknown_type", f"a role {named(said_by)}, kept as tool")
        over = self._tell(above)
        self._put(
            Turn(key=key, parent=over, role=role or "tool", text=text or None, sent_at=at, model=model, extra=extra)
        )
        return key

    def _tell(self, above: str) -> str:
        """Add the instructions that wait, save those that were heard on the way down to `above`."""
        for text, at in self._told:
            if text in self._heard[above]:
                continue
            key = digest_of(above, "system", text)
            if key not in self.turns:
                self._put(Turn(key=key, parent=above, role="system", text=text or None, sent_at=at))
                self._heard[key] = self._heard[above] | {text}
            above = key
        self._told = []
        return above

    def _put(self, turn: Turn) -> None:
        self.turns[turn.key] = turn
        self._heard[turn.key] = self._heard[turn.parent]


FORMS = (
    Form(
        key="otel",
        title="OpenTelemetry GenAI spans",
        recognise=recognise,
        read=read,
        inferred=("messages that only stand in the history of a later call have that call's conversation's time",),
        notes="OTLP JSON from a collector's file exporter, or one span a line; content has to be recorded.",
    ),
)
