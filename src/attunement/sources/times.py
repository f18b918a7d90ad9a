"""Times as sources write them, turned into microseconds since 1970 in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
"""No log of a chat with an AI is older; an earlier time is a default value such as 1970-01-01, not a time."""

_EARLIEST_US = int(EARLIEST.timestamp() * 1e6)
_DAY_US = 86_400_000_000
_OFFSET = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")
_FRACTION = re.compile(r"\.(\d{1,9})")


def now_us() -> int:
    """This moment, in microseconds since 1970."""
    return int(datetime.now(tz=UTC).timestamp() * 1e6)


def microseconds(value: object) -> int | None:
    """A time in microseconds since 1970, or None where the value is no time.

    Numbers may be seconds, milliseconds, microseconds or nanoseconds: the four ranges do not meet between 1995 and
    2286, so the size decides. Strings may be ISO 8601 (without an offset: UTC) or such a number. A value that lies
    before 1995 comes back as None: it is a default, not a time. The future is the caller's to judge.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_number(value)
    if isinstance(value, datetime):
        return _from_datetime(value)
    if isinstance(value, str):
        return _from_text(value.strip())
    return None


def _from_number(value: float) -> int | None:
    if not 0 < value < 1e20:  # false for NaN too, and good for whole numbers of any length
        return None
    if value < 1e11:
        scaled = value * 1e6
    elif value < 1e14:
        scaled = value * 1e3
    elif value < 1e17:
        scaled = value
    else:
        scaled = value / 1e3
    return int(scaled) if scaled >= _EARLIEST_US else None


def _from_datetime(value: datetime) -> int | None:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        found = int(aware.timestamp() * 1e6)
    except (OverflowError, ValueError, OSError):
        return None
    return found if found >= _EARLIEST_US else None


def _from_text(text: str) -> int | None:
    if not text or len(text) > 64:
        return None
    try:
        return _from_datetime(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        return _from_number(float(text))
    except ValueError:
        pass
    shorter = _FRACTION.sub(lambda match: "." + match[1][:6].ljust(6, "0"), text.replace(" UTC", "Z"))
    try:
        return _from_datetime(datetime.fromisoformat(shorter))
    except ValueError:
        return None


def states_offset(text: str) -> bool:
    """Whether a time string says which offset from UTC it was written in."""
    return bool(_OFFSET.search(text.strip()))


def is_far_future(at_us: int, *, now: int) -> bool:
    """Whether a time lies more than a day (clocks differ) after the moment of reading."""
    return at_us > now + _DAY_US
