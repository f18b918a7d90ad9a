"""JSON text to Python values, strictly where a fault could hide messages and mildly where it could not."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jiter

from attunement.errors import SourceError

_PLACE = re.compile(r"at line (\d+) column (\d+)$")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class Undecodable(ValueError):
    """JSON that cannot be decoded: why, and at which byte of what was given."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.at = at


@contextmanager
def _no_cycle_search() -> Iterator[None]:
    """Decoding only builds, so the search for garbage cycles finds nothing and costs 3/4 of the time (measured)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def decode(text: bytes, *, mended: list[str] | None = None) -> Any:
    """The value of a JSON text.

    Keys that stand twice in one object are refused: the last would silently hide the others. Lone surrogates, which
    some products write when they cut an emoji in half, become U+FFFD, and `mended` gets a word for it.

    Raises:
        Undecodable: with the reason and the byte.
    """
    try:
        with _no_cycle_search():
            return jiter.from_json(text, cache_mode="keys", catch_duplicate_keys=True)
    except ValueError as fault:
        why = str(fault)
        if "surrogate" in why or "hex escape" in why:
            return _decode_with_surrogates(text, mended if mended is not None else [])
        raise Undecodable(_PLACE.sub("", why).strip(), _byte_of(text, why)) from fault


def partial(text: bytes) -> Any:
    """The value of the beginning of a JSON text, as far as it goes and up to a first fault; None where it is no JSON.

    It is only looked at to tell a form. Whoever reads the whole text finds the fault again, and says what it is.
    """
    for _ in range(3):
        try:
            return jiter.from_json(text, partial_mode="trailing-strings")
        except ValueError as fault:
            why = str(fault)
            if "surrogate" in why or "hex escape" in why:
                text = _SURROGATE_ESCAPE.sub(rb"\\ufffd", text)
            else:
                text = text[: max(_byte_of(text, why) - 1, 0)]
    return None


def _byte_of(text: bytes, why: str) -> int:
    place = _PLACE.search(why)
    if place is None:
        return 0
    line, column = int(place[1]), int(place[2])
    start = 0
    for _ in range(line - 1):
        start = text.find(b"\n", start) + 1
    return start + column


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Undecodable("Detected duplicate key", 0)
    return found


def _decode_with_surrogates(text: bytes, mended: list[str]) -> Any:
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except Undecodable:
        raise
    except (ValueError, RecursionError) as fault:
        raise Undecodable(str(fault), getattr(fault, "pos", 0)) from fault
    return _without_surrogates(value, mended)


def _without_surrogates(value: Any, mended: list[str]) -> Any:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            mended.append("half of a character (a lone surrogate)")
            return _SURROGATE.sub("\ufffd", value)
        return value
    if isinstance(value, list):
        return [_without_surrogates(item, mended) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key, mended): _without_surrogates(item, mended) for key, item in value.items()}
    return value


def refusal(fault: Undecodable, *, name: str, place: str) -> SourceError:
    """The error for JSON that cannot be decoded, in four lines."""
    why = fault.why
    if "EOF" in why:
        do = "export or download again: the file ends in the middle"
        have = "a complete JSON file"
    elif "duplicate key" in why:
        do = "ask the maker of the file; reading on would silently hide what the other key holds"
        have = "each key once"
    elif "recursion" in why:
        do = "check where the file comes from; no export nests this deep"
        have = "JSON nested at most 200 deep"
    elif "unicode" in why:
        do = "save the file as UTF-8 and try again"
        have = "text in UTF-8"
    else:
        do = "export again; if it comes out the same, send a copy made by `attune mask` to the maintainers"
        have = "valid JSON"
    return SourceError(f"{name} cannot be read as JSON", got=f"{why} ({place})", have=have, do=do)
