"""Numbers in words: the same number always reads the same."""

from __future__ import annotations

from attunement.vocabulary import Estimate, Missing


def number(value: float) -> str:
    """A number with as many digits as it deserves."""
    size = abs(value)
    if size >= 100 or (size >= 10 and round(value, 1) == round(value)):
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.1f}" if size >= 1 or size == 0 else f"{value:.2f}"


def with_interval(estimate: Estimate) -> str:
    """A value with its interval: '4.3 (2.9 to 5.7)'."""
    if isinstance(estimate.value, Missing):
        return estimate.value.sentence
    if isinstance(estimate.low, Missing) or isinstance(estimate.high, Missing):
        return number(estimate.value)
    return f"{number(estimate.value)} ({number(estimate.low)} to {number(estimate.high)})"


def counted(n: int, noun: str) -> str:
    """'1 week', '3 weeks'."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(items: list[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
