"""Paths into nested records, as a mapping file writes them.

What can be written:

    meta.user.id                    a field in a field in a field
    "a.b".c                         quotes around a name that holds a dot, a bracket or a bar
    chats[].turns[]                 each item of a list, or each value of an object
    parts[0]   parts[-1]            one item of a list
    people[class=User].name         the first item whose field has that value; of one object, the object if it has it
    ^.name                          in the record around this one, as `chats[]` is left towards what holds `chats`
    user_id|meta.user               the first of these that is there
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]+)"
    | (?P<up>\^)
    | \[\s*(?P<all>)\]
    | \[\s*(?P<index>-?\d{1,9})\s*\]
    | \[\s*(?P<field>[^\[\]=]+?)\s*=\s*(?P<value>[^\[\]]*?)\s*\]
    | (?P<dot>\.)
    | (?P<key>[^.\[\]|"^]+)
    """,
    re.VERBOSE,
)
_BAR = re.compile(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""A bar that stands outside quotes."""


class Found(NamedTuple):
    """A value, and the records around it, the nearest last."""

    value: Any
    above: tuple[Any, ...] = ()


class _Step(NamedTuple):
    kind: str
    """key, all, index, where or up."""
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: one path, or several of which the first that leads somewhere counts."""

    written: str
    """As the file has it."""
    _ways: tuple[tuple[_Step, ...], ...]

    @staticmethod
    def of(written: str) -> Place:
        """Understand a path.

        Raises:
            ValueError: saying what is wrong with it.
        """
        return Place(written, tuple(_steps(way.strip()) for way in _BAR.split(written)))

    @property
    def name(self) -> str:
        """The last name in it."""
        return next((step.name for step in reversed(self._ways[0]) if step.kind == "key"), self.written)

    def all(self, start: Found) -> list[Found]:
        """Everything that stands there."""
        for way in self._ways:
            found = [one for one in _walk(way, 0, start.value, start.above, start.value) if not _is_nothing(one.value)]
            if found:
                return found
        return []

    def first(self, start: Found) -> Any:
        """What stands there first, or None."""
        found = self.all(start)
        return found[0].value if found else None


def _is_nothing(value: object) -> bool:
    return value is None or value == ""


def _steps(way: str) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    at = 0
    after_dot = True
    while at < len(way):
        match = _TOKEN.match(way, at)
        if match is None:
            raise ValueError(f"it cannot be understood from {way[at:]!r} on")
        at = match.end()
        kind = match.lastgroup
        if kind == "dot":
            if after_dot:
                raise ValueError("a dot stands at its beginning, or beside another one")
            after_dot = True
            continue
        if kind in {"quoted", "key", "up"} and not after_dot:
            raise ValueError(f"a dot is missing before {match[0]!r}")
        steps.append(_step(match))
        after_dot = False
    if not steps or after_dot:
        raise ValueError("it is empty, or ends in a dot")
    return tuple(steps)


def _step(match: re.Match[str]) -> _Step:
    kind = match.lastgroup or ""
    if kind in {"quoted", "key"}:
        return _Step("key", (match["quoted"] or match["key"]).strip())
    if kind == "index":
        return _Step("index", match["index"])
    if kind == "value":
        return _Step("where", match["field"].strip('"'), match["value"].strip('"'))
    return _Step(kind)


def _walk(way: tuple[_Step, ...], at: int, value: Any, above: tuple[Any, ...], record: Any) -> Iterator[Found]:
    """`record` is the one that the path goes out from, and inside a list its item."""
    for number in range(at, len(way)):
        step = way[number]
        if step.kind == "key":
            value = value.get(step.name) if isinstance(value, dict) else None
        elif step.kind == "index":
            index = int(step.name)
            value = value[index] if isinstance(value, list) and -len(value) <= index < len(value) else None
        elif step.kind == "where":
            value = _matching(value, step)
        elif step.kind == "up":
            value, above = (above[-1], above[:-1]) if above else (None, ())
            record = value
        else:
            items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
            for item in items:
                yield from _walk(way, number + 1, item, (*above, record), item)
            return
    yield Found(value, above)


def _matching(value: Any, step: _Step) -> Any:
    candidates = value if isinstance(value, list) else [value]
    return next(
        (one for one in candidates if isinstance(one, dict) and said(one.get(step.name)) == step.value),
        None,
    )


def said(value: object) -> str:
    """A value as a mapping file would write it: true and false in lower case, whole numbers without a point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
