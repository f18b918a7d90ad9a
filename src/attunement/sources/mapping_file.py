"""What a mapping file says, checked before anything is read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from attunement.errors import OptionError
from attunement.sources.paths import Found, Place, said
from attunement.vocabulary import ROLES

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_USUAL_ROLES = {
    "user": "person",
    "human": "person",
    "person": "person",
    "client": "person",
    "assistant": "ai",
    "ai": "ai",
    "bot": "ai",
    "model": "ai",
    "system": "system",
    "tool": "tool",
}
_TOP = ("name", "title", "files", "conversations", "messages", "roles", "times")
_CONVERSATIONS = ("are", "at", "id", "person", "ai", "model", "started_at", "leaf", "rating")
_MESSAGES = ("at", "order", "id", "parent", "role", "text", "sent_at", "model", "rating", "extra")
_SIDE = tuple(key for key in _MESSAGES if key not in {"at", "order"})
_RATING = ("at", "min", "max", "words")
_TIMES = ("format", "zone")


@dataclass(frozen=True, slots=True)
class Field:
    """A value that stands at a place, or that is the same everywhere."""

    place: Place | None
    fixed: str = ""

    def values(self, start: Found) -> list[Any]:
        """Everything that it is."""
        return [self.fixed] if self.place is None else [one.value for one in self.place.all(start)]

    def value(self, start: Found) -> Any:
        """What it is, or None."""
        return self.fixed if self.place is None else self.place.first(start)


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating, and what its numbers or words are worth."""

    field: Field
    least: float
    most: float
    words: dict[str, float]

    def share(self, value: object) -> float | None:
        """The rating from 0 to 1, or None where the value is outside of its range."""
        if not isinstance(value, bool | int | float | str):
            return None
        if said(value).lower() in self.words:
            return self.words[said(value).lower()]
        try:
            found = (float(value) - self.least) / (self.most - self.least)
        except (ValueError, OverflowError):
            return None
        return found if 0 <= found <= 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """How one message is made of a record: of a pair of prompt and reply there are two."""

    role: Field
    text: Field
    id: Field | None
    parent: Field | None
    sent_at: Field | None
    model: Field | None
    rating: Rating | None
    extra: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A mapping file, understood."""

    name: str
    title: str
    files: tuple[str, ...]
    are: Literal["records", "rows"]
    at: Place | None
    ids: tuple[Field, ...]
    person: Field | None
    ai: Field | None
    model: Field | None
    started_at: Field | None
    leaf: Field | None
    rating: Rating | None
    messages_at: Place | None
    order: Place | None
    sides: tuple[Side, ...]
    roles: dict[str, str]
    time_format: str
    zone: ZoneInfo | None


def described(path: Path) -> Described:
    """Read a mapping file.

    Raises:
        OptionError: naming the key that is wrong.
    """
    top = _Section(_toml(path), path.name, "", _TOP)
    conversations = top.section("conversations", _CONVERSATIONS)
    are = conversations.word("are", ("records", "rows"), usual="records")
    sides, messages_at, order = _messages(top, are)
    times = top.section("times", _TIMES)
    name = top.text("name", usual=re.sub(r"[^A-Za-z0-9_.-]", "-", path.stem))
    if not _NAME.fullmatch(name):
        raise top.wrong("name", name, have="letters, digits, dots, hyphens and underscores", do="give a plain name")
    return Described(
        name=name,
        title=top.text("title", usual=name),
        files=_files(top),
        are="rows" if are == "rows" else "records",
        at=conversations.place("at"),
        ids=conversations.fields("id"),
        person=conversations.field("person"),
        ai=conversations.field("ai"),
        model=conversations.field("model"),
        started_at=conversations.field("started_at"),
        leaf=conversations.field("leaf"),
        rating=conversations.rating("rating"),
        messages_at=messages_at,
        order=order,
        sides=sides,
        roles=_roles(top),
        time_format=_format(times),
        zone=_zone(times),
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as fault:
        raise OptionError(
            f"there is no mapping file at {path}",
            got=str(fault.strerror or fault),
            have="a TOML file",
            do="write one as the how-to on other forms shows",
        ) from fault
    except (ValueError, RecursionError) as fault:
        raise OptionError(
            f"{path.name} is not TOML",
            got=str(fault)[:200],
            have="TOML in UTF-8",
            do="look at the line that is named; texts stand in quotes",
        ) from fault


def _messages(top: _Section, are: str) -> tuple[tuple[Side, ...], Place | None, Place | None]:
    tables = top.table.get("messages")
    if isinstance(tables, dict):
        section = top.section("messages", _MESSAGES)
        sections = [section]
    elif isinstance(tables, list) and tables and all(isinstance(one, dict) for one in tables):
        sections = [
            _Section(one, top.file, f"messages, number {number}", _MESSAGES if number == 1 else _SIDE)
            for number, one in enumerate(tables, 1)
        ]
    else:
        raise top.wrong("messages", tables, have="a table [messages]", do="say where role and text of a message stand")
    at = sections[0].place("at")
    if are == "records" and at is None:
        raise sections[0].wrong(
            "at", None, have="the path to the list of messages", do='give one, such as at = "messages[]"'
        )
    if are == "rows" and at is not None:
        raise sections[0].wrong(
            "at",
            at.written,
            have='no path, since [conversations] are = "rows" says that each row is a message',
            do='leave it out, or say are = "records"',
        )
    return tuple(_side(section) for section in sections), at, sections[0].place("order")


def _side(section: _Section) -> Side:
    role, text = section.field("role"), section.field("text")
    if role is None or text is None:
        missing = "role" if role is None else "text"
        raise section.wrong(missing, None, have="the path to it", do=f'give one, such as {missing} = "{missing}"')
    extra = section.table.get("extra", [])
    if not isinstance(extra, list) or not all(isinstance(one, str) for one in extra):
        raise section.wrong("extra", extra, have="a list of paths", do='write extra = ["one", "another"]')
    return Side(
        role=role,
        text=text,
        id=section.field("id"),
        parent=section.field("parent"),
        sent_at=section.field("sent_at"),
        model=section.field("model"),
        rating=section.rating("rating"),
        extra=tuple(section.understood("extra", one) for one in extra),
    )


def _roles(top: _Section) -> dict[str, str]:
    given = top.table.get("roles")
    if given is None:
        return _USUAL_ROLES
    if not isinstance(given, dict):
        raise top.wrong("roles", given, have="a table [roles]", do='write lines such as Human = "person" under it')
    for word, role in given.items():
        if role not in ROLES:
            raise OptionError(
                f'the mapping file gives a role that there is not: "roles.{word}"',
                got=f"{role!r} ({top.file})",
                have=", ".join(ROLES),
                do="give one of these",
            )
    return {role: role for role in ROLES} | {word.lower(): role for word, role in given.items()}


def _files(top: _Section) -> tuple[str, ...]:
    given = top.table.get("files", "*")
    patterns = given if isinstance(given, list) else [given]
    if not patterns or not all(isinstance(one, str) and one for one in patterns):
        raise top.wrong("files", given, have="a pattern, or a list of them", do='write files = "*.jsonl"')
    return tuple(patterns)


def _format(times: _Section) -> str:
    form = times.text("format", usual="")
    moment = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        datetime.strptime(moment.strftime(form), form)
    except ValueError as fault:
        raise times.wrong(
            "format", form, have="directives of strptime", do='write one such as "%d.%m.%Y %H:%M"'
        ) from fault
    return form


def _zone(times: _Section) -> ZoneInfo | None:
    name = times.text("zone", usual="")
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as fault:
        raise times.wrong("zone", name, have="a zone such as Europe/Vienna", do="give one of the tz list") from fault


class _Section:
    """One table of the file, whose keys are taken out and checked one by one."""

    def __init__(self, table: dict[str, Any], file: str, name: str, known: Collection[str]) -> None:
        self.table = table
        self.file = file
        self.name = name
        for key in table:
            if key not in known:
                raise OptionError(
                    f'the mapping file has a key that is not known: "{self._full(key)}"',
                    got=f"{key!r} ({file})",
                    have=", ".join(known),
                    do="use one of these, or leave it out",
                )

    def _full(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def wrong(self, key: str, got: object, *, have: str, do: str) -> OptionError:
        """The error for a key with a value that makes no sense."""
        shown = "nothing" if got is None else repr(got)[:100]
        return OptionError(
            f'the mapping file has no sensible value for "{self._full(key)}"',
            got=f"{shown} ({self.file})",
            have=have,
            do=do,
        )

    def section(self, key: str, known: Collection[str]) -> _Section:
        """A table in this one; an empty one where there is none."""
        table = self.table.get(key, {})
        if not isinstance(table, dict):
            raise self.wrong(key, table, have=f"a table [{key}]", do=f"write a line [{key}], and its keys under it")
        return _Section(table, self.file, self._full(key), known)

    def text(self, key: str, *, usual: str) -> str:
        """A text."""
        value = self.table.get(key, usual)
        if not isinstance(value, str):
            raise self.wrong(key, value, have="a text in quotes", do="put it in quotes")
        return value

    def word(self, key: str, words: tuple[str, ...], *, usual: str) -> str:
        """One of a few words."""
        value = self.table.get(key, usual)
        if value not in words:
            raise self.wrong(key, value, have=" or ".join(words), do="give one of these")
        return str(value)

    def understood(self, key: str, written: object) -> Place:
        """A path."""
        if not isinstance(written, str):
            raise self.wrong(key, written, have="a path in quotes", do="write it as the how-to on other forms shows")
        try:
            return Place.of(written)
        except ValueError as fault:
            raise self.wrong(
                key,
                written,
                have=f"a path, but {fault}",
                do='write it as the how-to on other forms shows, such as "user.id" or "items[].text"',
            ) from fault

    def place(self, key: str) -> Place | None:
        """A path to a list; its `[]` may be left out."""
        written = self.table.get(key)
        if written is None:
            return None
        is_list = key == "at" and isinstance(written, str)
        ways = [way if "[]" in way else f"{way}[]" for way in written.split("|")] if is_list else [written]
        return self.understood(key, "|".join(ways) if is_list else written)

    def field(self, key: str) -> Field | None:
        """A path, or `{ fixed = "..." }`."""
        written = self.table.get(key)
        if written is None:
            return None
        if isinstance(written, dict):
            if set(written) != {"fixed"} or not isinstance(written["fixed"], str):
                raise self.wrong(key, written, have='a path, or { fixed = "..." }', do="give one of the two")
            return Field(None, written["fixed"])
        return Field(self.understood(key, written))

    def fields(self, key: str) -> tuple[Field, ...]:
        """A path, or a list of several."""
        written = self.table.get(key, [])
        return tuple(Field(self.understood(key, one)) for one in (written if isinstance(written, list) else [written]))

    def rating(self, key: str) -> Rating | None:
        """A path to a number from 0 to 1, or `{ at, min, max }`, or `{ at, words }`."""
        written = self.table.get(key)
        if written is None:
            return None
        if isinstance(written, str):
            return Rating(Field(self.understood(key, written)), 0.0, 1.0, {})
        if not isinstance(written, dict) or "at" not in written or not set(written) <= set(_RATING):
            raise self.wrong(key, written, have="a path, or { at, min, max, words }", do="name the path as `at`")
        least, most, words = written.get("min", 0), written.get("max", 1), written.get("words", {})
        if not (_is_number(least) and _is_number(most) and least < most):
            raise self.wrong(key, written, have="min below max", do="give the worst rating as min, the best as max")
        if not isinstance(words, dict) or not all(_is_number(value) and 0 <= value <= 1 for value in words.values()):
            raise self.wrong(key, written, have="words with numbers from 0 to 1", do="such as { up = 1, down = 0 }")
        worth = {word.lower(): float(value) for word, value in words.items()}
        return Rating(Field(self.understood(key, written["at"])), float(least), float(most), worth)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
