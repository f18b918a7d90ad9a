"""Fields of records that somebody else wrote: what stands there if it has the right type, and else nothing.

Exports differ between versions, so a list may be a string today and null tomorrow. Nothing here raises.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

from attunement.sources.rows import Rows

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,39}")


def text_of(record: object, *keys: str) -> str:
    """The first of these fields that holds text, or ""."""
    if isinstance(record, dict):
        for key in keys:
            value = record.get(key)
            if isinstance(value, str) and value:
                return value
    return ""


def id_of(record: object, *keys: str) -> str:
    """The first of these fields that can name something, text or a whole number, or ""."""
    if isinstance(record, dict):
        for key in keys:
            value = record.get(key)
            if isinstance(value, str) and value:
                return value
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
    return ""


def object_of(record: object, key: str) -> dict[str, Any]:
    """The object in a field, or an empty one."""
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, dict) else {}


def items_of(record: object, key: str) -> list[Any]:
    """The list in a field, or an empty one."""
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, list) else []


def objects_of(record: object, key: str, rows: Rows) -> list[dict[str, Any]]:
    """The objects in a list; whatever else stands in it is counted as left out."""
    items = items_of(record, key)
    found = [item for item in items if isinstance(item, dict)]
    if len(found) < len(items):
        rows.notice("skipped", f"elements of `{key}` that are no objects", n=len(items) - len(found))
    return found


def digest_of(*parts: object) -> str:
    """A short name made of what something holds, for what its source gives no name."""
    text = "\x1f".join(str(part) for part in parts)
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def named(kind: object) -> str:
    """A type or role as a notice may show it: a plain name, and never a text that somebody wrote."""
    if isinstance(kind, str):
        return repr(kind) if _NAME.fullmatch(kind) else "that is no plain name"
    return "that is missing" if kind is None else f"that is no text but {type(kind).__name__}"


def compact(**extra: Any) -> dict[str, Any]:
    """What else is worth keeping of a message, without what is empty, zero or false."""
    return {key: value for key, value in extra.items() if value}
