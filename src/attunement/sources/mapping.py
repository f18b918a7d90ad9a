"""Reads any table or nested JSON that a mapping file describes.

A mapping file says in TOML where conversations, messages, people and times stand. It names fields and holds no text;
how to write one is in docs/how-to/other-forms.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatch
from functools import partial
from math import isnan
from pathlib import Path, PurePosixPath
from typing import Any

from attunement.sources.cutting import CUTS
from attunement.sources.fields import digest_of, named
from attunement.sources.forms import Form, Sample
from attunement.sources.mapping_file import Described, Field, Rating, Side, described
from attunement.sources.paths import Found, said
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread, chain
from attunement.sources.times import microseconds, states_offset

_ONE_TIME = (
    "the times of single messages are not stated: the first of a conversation has the time at which it began, and the "
    "others are given the same"
)
_MISSING = {
    "conversations.id": "inferred",
    "conversations.person": "inferred",
    "conversations.ai": "inferred",
    "conversations.started_at": "not_measured",
    "messages.id": "inferred",
    "messages.text": "not_measured",
    "messages.sent_at": "not_measured",
}
"""The kind of notice for a field that is not there: something stands in its place, or nothing does."""
_NO_TIMES = "no times are stated, so that nothing can be said over time"


def mapped(path: str | Path) -> Form:
    """The form that a mapping file describes, for `read(..., form=mapped("mine.toml"))`.

    Raises:
        OptionError: the file is not there, or one of its keys is not known, is missing, or has no sensible value.
    """
    what = described(Path(path))
    inferred: tuple[str, ...] = ()
    if not any(side.sent_at for side in what.sides):
        inferred = (_ONE_TIME if what.started_at else _NO_TIMES,)
    return Form(
        key=f"mapped:{what.name}",
        title=what.title,
        recognise=partial(_recognise, what),
        read=partial(_read, what),
        inferred=inferred,
    )


def _recognise(what: Described, seen: Sample) -> bool:
    name = PurePosixPath(seen.member.name).name
    return seen.kind in CUTS and any(fnmatch(name, pattern) for pattern in what.files)


def _read(what: Described, records: Iterator[Any], rows: Rows) -> Iterator[None]:
    """Add each conversation: record by record, or, where each row is a message, once all rows are seen."""
    adder = _Adder(what, rows)
    if what.are == "records":
        for number, record in enumerate(records):
            start = Found(record)
            for conversation in what.at.all(start) if what.at else [start]:
                adder.add([conversation], what.messages_at.all(conversation) if what.messages_at else [], number)
            yield
        return
    gathered: dict[str, list[Found]] = {}
    for number, record in enumerate(records):
        start = Found(record)
        for item in what.at.all(start) if what.at else [start]:
            if isinstance(item.value, dict):
                name = adder.conversation_id([item]) or adder.text(what.person, [item])
                gathered.setdefault(name, []).append(item)
            else:
                rows.notice("skipped", "rows that are no objects", example=f"record {number}")
        yield
    for number, name in enumerate(list(gathered)):
        items = gathered.pop(name)
        adder.add(items, items, number)
        yield


class _Adder:
    """Turns records into rows, by what the mapping file says."""

    def __init__(self, what: Described, rows: Rows) -> None:
        self.what = what
        self.rows = rows
        self.n_of: Counter[str] = Counter()

    def add(self, holders: list[Found], items: list[Found], number: int) -> None:
        """Add one conversation.

        Args:
            holders: the record that describes it, or the rows that it is made of.
            items: what its messages are made of.
            number: of the record, for notices.
        """
        rows, what = self.rows, self.what
        if what.order is not None:
            order = what.order
            items = sorted(items, key=lambda item: _rank(order.first(item)))
        made = ((item, self._turn(side, item, number)) for item in items for side in what.sides)
        pairs = [(item, turn) for item, turn in made if turn is not None]
        turns = [turn for _, turn in pairs]
        if not turns:
            rows.notice("skipped", "records without messages", example=f"record {number}")
            return
        if what.are == "records":
            pairs = []
        person = self.text(what.person, [*_said_by("person", pairs), *holders])
        ai = self.text(what.ai, [*_said_by("ai", pairs), *holders])
        begun = self._first(what.started_at, holders)
        where = f"record {number}"
        if not rows.person:
            self._count_missing("conversations.person", what.person, person, where)
        if not rows.ai:
            self._count_missing("conversations.ai", what.ai, ai, where)
        self._count_missing("conversations.started_at", what.started_at, begun, where)
        ai = ai or what.title
        started_at = None if begun is None else self._time(begun)
        stated_id = self.conversation_id(holders)
        self._count_missing("conversations.id", what.ids[0] if what.ids else None, stated_id, where)
        name = stated_id or f"from {digest_of(person, ai, begun, turns[0].role, turns[0].text)}"
        self.n_of[name] += 1
        name = name if self.n_of[name] == 1 else f"{name}.{self.n_of[name]}"
        rows.conversation(name, person_id=person, ai_id=ai)
        self._complete(turns, holders, started_at)
        if not any(turn.parent for turn in turns):
            turns = chain(turns, rows, retries=False)
        leaf = self.text(what.leaf, holders)
        add_thread(turns, rows, where=f"conversation {name}", leaf=leaf, started_at=started_at)

    def _complete(self, turns: list[Turn], holders: list[Found], started_at: int | None) -> None:
        """Give messages what is stated of the conversation: the model, when it began, how it was rated in the end."""
        model = self.text(self.what.model, holders) or None
        for turn in turns:
            turn.model = turn.model or (model if turn.role == "ai" else None)
        if turns[0].sent_at is None:
            turns[0].sent_at = started_at
        rating = self._rating(self.what.rating, holders)
        if rating is not None:
            self._rate(turns, rating)

    def _rate(self, turns: list[Turn], rating: float) -> None:
        """Keep the rating of a conversation with its last reply; where the AI said nothing, with its last message."""
        rated = next((turn for turn in reversed(turns) if turn.role == "ai"), None)
        if rated is None:
            rated = turns[-1]
            self.rows.notice(
                "inferred",
                "ratings of conversations in which the AI says nothing, kept with the last message",
                do="leave these out where you study ratings of replies",
            )
        if rated.rating is not None:
            rated.extra["own_rating"] = rated.rating
        rated.rating = rating

    def conversation_id(self, holders: list[Found]) -> str:
        """What the source calls the conversation; several fields are joined."""
        return "-".join(filter(None, (self.text(field, holders[:1]) for field in self.what.ids)))

    def text(self, field: Field | None, holders: list[Found]) -> str:
        """What a field says, in words."""
        value = self._first(field, holders)
        return "" if isinstance(value, dict | list) else said(value)

    @staticmethod
    def _first(field: Field | None, holders: list[Found]) -> Any:
        if field is None:
            return None
        return next((value for one in holders if (value := field.value(one)) is not None), None)

    def _count_missing(self, key: str, field: Field | None, value: object, where: str) -> None:
        """Count a field that the mapping file names and that is not there."""
        if field is not None and (value is None or value == ""):
            self.rows.notice(
                _MISSING[key],
                f"the field that `{key}` of the mapping file names is not there",
                example=where,
                do="check the path, or let the file be as it is if the source does not always state it",
            )

    def _turn(self, side: Side, item: Found, number: int) -> Turn | None:
        text = _words(side.text, item)
        if len(self.what.sides) > 1 and text is None:
            self.rows.notice("skipped", "records in which one side says nothing")
            return None
        stated = self._first(side.sent_at, [item])
        key = self.text(side.id, [item])
        where = f"record {number}"
        self._count_missing("messages.text", side.text, text, where)
        self._count_missing("messages.sent_at", side.sent_at, stated, where)
        self._count_missing("messages.id", side.id, key, where)
        extra = {place.name: value for place in side.extra if (value := place.first(item)) is not None}
        return Turn(
            key=key,
            parent=self.text(side.parent, [item]),
            role=self._role(side, item),
            text=text,
            sent_at=None if stated is None else self._time(stated),
            model=self.text(side.model, [item]) or None,
            rating=self._rating(side.rating, [item]),
            extra=extra,
        )

    def _role(self, side: Side, item: Found) -> str:
        word = side.role.value(item)
        role = None if isinstance(word, dict | list) else self.what.roles.get(said(word).lower())
        if role is None:
            self.rows.notice(
                "unknown_type",
                f"a role {named(said(word) if word is not None else None)}, kept as tool",
                do="give the word a role under [roles] of the mapping file",
            )
        return role or "tool"

    def _time(self, value: object) -> int | None:
        """A time in the format and zone that the file states, and else as any source writes them."""
        what = self.what
        moment: datetime | None = value if isinstance(value, datetime) else None
        if isinstance(value, str):
            try:
                moment = (
                    datetime.strptime(value.strip(), what.time_format)
                    if what.time_format
                    else datetime.fromisoformat(value.strip())
                )
            except ValueError:
                moment = None
        if moment is None or moment.tzinfo is not None:
            if isinstance(value, str) and ":" in value and microseconds(value) and not states_offset(value):
                self._say_that_utc_is_meant()
            return self.rows.stated(moment or value)
        self._say_that_utc_is_meant()
        return self.rows.stated(moment.replace(tzinfo=what.zone))

    def _say_that_utc_is_meant(self) -> None:
        if self.what.zone is None:
            self.rows.notice(
                "inferred",
                "times without an offset from UTC, read as UTC",
                do="give `zone` under [times] of the mapping file where they are of another zone",
            )

    def _rating(self, rating: Rating | None, holders: list[Found]) -> float | None:
        value = None if rating is None else self._first(rating.field, holders)
        if rating is None or value is None:
            return None
        found = rating.share(value)
        if found is None:
            self.rows.notice("skipped", "ratings outside of the range that the mapping file gives")
        return found


def _words(field: Field, item: Found) -> str | None:
    """The text of a message; of several values, one below the other."""
    found = [said(value) for value in field.values(item) if not isinstance(value, dict | list)]
    return "\n".join(found) or None


def _said_by(role: str, pairs: list[tuple[Found, Turn]]) -> list[Found]:
    """The rows of one side, since a column may name whoever speaks."""
    return [item for item, turn in pairs if turn.role == role]


def _rank(value: object) -> tuple[int, float, str]:
    """Numbers and times by size, then words, then nothing."""
    text = said(value)
    try:
        number = float(text)
    except ValueError:
        number = float(microseconds(value) or "nan")
    if not isnan(number):
        return 0, number, ""
    return (1, 0.0, text) if text else (2, 0.0, "")
