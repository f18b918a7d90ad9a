"""Numbers in words: the same number always reads the same."""

from __future__ import annotations

from collections.abc import Sequence

from attunement.vocabulary import Estimate, Missing

_ONE = {"minutes a week": "minute a week"}


def number(value: float) -> str:
    """A number with as many digits as it deserves: '1,234', '12.5', '3', '0.25', 'under 0.01'."""
    if 0 < value < 0.005:
        return "under 0.01"
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 0.995 else 2
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if digits else text
    return "0" if text in {"", "-0", "-"} else text


def interval(estimate: Estimate) -> str:
    """Its interval in brackets with a space before them, or nothing where there is none."""
    if isinstance(estimate.low, Missing) or isinstance(estimate.high, Missing):
        return ""
    low, high = number(estimate.low), number(estimate.high)
    return "" if low == high else f" (interval {low} to {high})"


def with_interval(estimate: Estimate, one: str, many: str) -> str:
    """A value with what it counts and its interval: '4.3 sessions (interval 2.9 to 5.7)'."""
    if isinstance(estimate.value, Missing):
        return estimate.value.sentence
    value = number(estimate.value)
    return f"{value} {one if value == '1' else many}{interval(estimate)}"


def measured(value: float, unit: str) -> str:
    """A value with its unit: '12 minutes a week', '1 minute a week', '3.4 per 100 messages'."""
    text = number(value)
    return f"{text} {_ONE.get(unit, unit) if text == '1' else unit}"


def counted(n: int, noun: str) -> str:
    """'1 week', '3 weeks'."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(items: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
