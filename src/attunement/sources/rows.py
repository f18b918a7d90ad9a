"""Gathers messages, events and notices while a form is read, and hands them on as Arrow batches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from attunement.errors import SourceError
from attunement.sources.times import is_far_future, microseconds, now_us
from attunement.vocabulary import EVENTS, MESSAGES, NOTICE_KINDS, NOTICES, ROLES, TIME_IS, hashed, relationship_id

_ROLE_CODE = {role: code for code, role in enumerate(ROLES)}
_STATED, _INFERRED, _UNKNOWN = range(3)
_ROLE_WORDS = pa.array(ROLES)
_TIME_WORDS = pa.array(TIME_IS)


@dataclass(slots=True)
class Facts:
    """What the files beside the conversations say: who the person is, how messages were rated."""

    person_id: str = ""
    ratings: dict[str, float] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)


class Portable(NamedTuple):
    """What one process tells another besides messages."""

    events: list[tuple[object, ...]]
    notices: Counter[tuple[str, str, str]]
    examples: dict[tuple[str, str, str], str]


class Rows:
    """The rows of one file while it is read.

    A form calls `conversation` once for each thread and `add` once for each message; `event` for what is kept about
    the person outside turns; `notice` for whatever was skipped, mended, inferred or not understood.
    """

    def __init__(
        self,
        *,
        form: str,
        facts: Facts | None = None,
        person: str | None = None,
        ai: str | None = None,
        strict: bool = False,
        now: int | None = None,
    ) -> None:
        self.form = form
        self.facts = facts or Facts()
        self.person = person
        self.ai = ai
        self.strict = strict
        self.now = now_us() if now is None else now
        self.n_messages = 0
        self.n_bytes_done = 0
        self._notices: Counter[tuple[str, str, str]] = Counter()
        self._examples: dict[tuple[str, str, str], str] = {}
        self._events: list[tuple[object, ...]] = []
        self._relationships: dict[tuple[str, str], int] = {}
        self._clear()

    def _clear(self) -> None:
        self._columns: list[list[Any]] = [[] for _ in MESSAGES]
        self._put = [column.append for column in self._columns]

    # -- what forms call -------------------------------------------------------------------------------------------

    def conversation(self, conversation_id: str, *, person_id: str = "", ai_id: str) -> None:
        """Begin a thread. Messages that follow belong to it, until the next."""
        person = self.person or person_id or self.facts.person_id
        if not person:
            person = "owner"
            self.notice(
                "inferred",
                "the source does not say whose account it is; the person is called 'owner'",
                do="give --person NAME before you read exports of several people into one store",
            )
        key = (person, self.ai or ai_id)
        if key not in self._relationships:
            self._relationships[key] = relationship_id(*key)
        self._relationship = self._relationships[key]
        self._person_id, self._ai_id = key
        self._conversation_id = conversation_id
        self._stem = blake2b(
            f"{self.form}\x1f{key[0]}\x1f{conversation_id}\x1f".encode("utf-8", "replace"), digest_size=8
        )
        self._ids: dict[str, int] = {}
        self._n_same: dict[str, int] = {}
        self._position = 0

    def message_id(self, source_id: str) -> int:
        """The 64-bit id of a message of this thread, from the source's own id."""
        found = self._ids.get(source_id)
        if found is None:
            digest = self._stem.copy()
            digest.update(source_id.encode("utf-8", "replace"))
            found = self._ids[source_id] = int.from_bytes(digest.digest(), "little")
        return found

    def content_id(self, role: str, at: int | None, text: str | None) -> str:
        """An id from the content, for sources that give none: the same at every reading, and unique in its thread."""
        digest = blake2b(f"{role}\x1f{at}\x1f{text}".encode("utf-8", "replace"), digest_size=10).hexdigest()
        n_same = self._n_same.get(digest, 0)
        while (name := f"{digest}.{n_same}") in self._ids:
            n_same += 1
        self._n_same[digest] = n_same
        return name

    def add(
        self,
        role: str,
        text: str | None,
        *,
        source_id: str = "",
        parent: str = "",
        sent_at: int | None = None,
        inferred_at: int | None = None,
        on_path: bool = True,
        model: str | None = None,
        rating: float | None = None,
        extra: dict[str, Any] | None = None,
    ) -> str:
        """Add a message of the current thread, and give back its source id.

        Args:
            role: person, ai, system or tool.
            text: the words, or None where there is nothing to read.
            source_id: the source's own id; without one an id is made from the content.
            parent: the source id of the message that it answers, or "" for none.
            sent_at: the time that the source states, as `stated` gives it.
            inferred_at: a time taken from the neighbours, used where none is stated.
            on_path: False for edits and regenerations that were left behind.
            model: the language model that wrote it.
            rating: from 0 to 1.
            extra: what else is worth keeping.
        """
        if sent_at is not None:
            at, time_is = sent_at, _STATED
        elif inferred_at is not None:
            at, time_is = inferred_at, _INFERRED
        else:
            at, time_is = None, _UNKNOWN
        name = source_id or self.content_id(role, at, text)
        put = self._put
        put[0](self._relationship)
        put[1](self._person_id)
        put[2](self._ai_id)
        put[3](self._conversation_id)
        put[4](self.message_id(name))
        put[5](name)
        put[6](self.message_id(parent) if parent else None)
        put[7](self._position)
        put[8](_ROLE_CODE[role])
        put[9](at)
        put[10](time_is)
        put[11](text)
        put[12](on_path)
        put[13](model)
        put[14](self.form)
        put[15](self.facts.ratings.get(name) if rating is None else rating)
        put[16](json.dumps(extra, ensure_ascii=False, sort_keys=True, default=str) if extra else None)
        self._position += 1
        self.n_messages += 1
        return name

    def event(self, kind: str, text: str | None, *, at: int | None = None) -> None:
        """Add a memory, an instruction or another piece of relationship state to the current thread's relationship."""
        event_id = hashed("event", self.form, self._person_id, self._ai_id, kind, text or "")
        self._events.append((self._relationship, self._person_id, self._ai_id, event_id, at, kind, text, self.form))

    def stated(self, value: object) -> int | None:
        """The time that the source states, or None, with a notice, where the value is no time or lies in the future."""
        if value is None:
            return None
        at = microseconds(value)
        if at is None:
            self.notice("mended", "a time that is no time (such as NaN, or before 1995) was left out")
        elif is_far_future(at, now=self.now):
            self.notice("mended", "a time in the future was left out")
            return None
        return at

    def notice(self, kind: str, what: str, *, example: str = "", do: str = "", n: int = 1) -> None:
        """Count something that was skipped, mended, inferred or not understood. `example` holds no text of a message.

        Raises:
            SourceError: in strict mode, for whatever would be mended.
        """
        if self.strict and kind == "mended":
            raise SourceError(
                "strict reading met something that would have to be mended",
                got=what + (f" ({example})" if example else ""),
                have="a source without faults",
                do=do or "read without --strict to have it mended and counted",
            )
        key = (kind, what, do)
        self._notices[key] += n
        if example and key not in self._examples:
            self._examples[key] = example

    def join(self, other: Portable) -> None:
        """Take over the events and notices that another process gathered for the same file."""
        self._events += other.events
        for key, n in other.notices.items():
            self._notices[key] += n
        self._examples = other.examples | self._examples

    # -- what the reader calls -------------------------------------------------------------------------------------

    @property
    def n_waiting(self) -> int:
        """Messages that were added since the last batch."""
        return len(self._columns[0])

    def portable(self) -> Portable:
        """Events and notices since the start, for another process; the messages go as a batch."""
        return Portable(self._events, self._notices, self._examples)

    def batch(self) -> pa.RecordBatch:
        """The messages added since the last batch."""
        columns = self._columns
        arrays = [
            _role_column(values, name) if name in {"role", "sent_at_is"} else pa.array(values, kind)
            for values, name, kind in zip(columns, MESSAGES.names, MESSAGES.types, strict=True)
        ]
        self._clear()
        return pa.RecordBatch.from_arrays(arrays, schema=MESSAGES)

    def events(self) -> pa.Table:
        """All events so far."""
        columns: list[Sequence[object]] = list(zip(*self._events, strict=True)) or [() for _ in EVENTS]
        arrays = [pa.array(list(values), kind) for values, kind in zip(columns, EVENTS.types, strict=True)]
        return pa.Table.from_arrays(arrays, schema=EVENTS)

    def notices(self) -> pa.Table:
        """All notices so far, most frequent first."""
        ordered = sorted(self._notices.items(), key=lambda item: (NOTICE_KINDS.index(item[0][0]), -item[1], item[0]))
        records = [
            {
                "form": self.form,
                "kind": kind,
                "what": what,
                "n": n,
                "example": self._examples.get((kind, what, do)),
                "do": do or None,
            }
            for (kind, what, do), n in ordered
        ]
        return pa.Table.from_pylist(records, schema=NOTICES)


def _role_column(codes: list[int], name: str) -> pa.DictionaryArray:
    words = _ROLE_WORDS if name == "role" else _TIME_WORDS
    return pa.DictionaryArray.from_arrays(pa.array(np.asarray(codes, dtype=np.int8)), words)
