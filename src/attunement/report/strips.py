"""Strips: a number and its interval as a mark on a line, one to a row of a table, on a scale that the rows share.

A strip has no axis, no legend and no words of its own: the number stands beside it. It is drawn with places in
percent, so that it fits any width, needs no script, and prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

from attunement.report.words import amount
from attunement.vocabulary import Estimate, Missing

_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A round number on a scale."""

    place: str
    """Where, such as '25.0%'."""
    text: str
    """The number."""
    anchor: str
    """start, middle or end: how its words lie to its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The stretch of numbers that some strips share."""

    low: float
    """Its left end, or its right where strips are mirrored."""
    high: float
    """Its other end."""
    step: float
    """From one round number to the next."""
    mirrored: bool = False
    """Whether it grows to the left."""

    def place(self, value: float) -> str:
        """Where a number lies, from '0.0%' to '100.0%'; what lies outside is put at the end."""
        share = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return f"{100 * (1 - share if self.mirrored else share):.1f}%"

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The round numbers, from the left."""
        count = round((self.high - self.low) / self.step)
        values = [self.low + self.step * number for number in range(count + 1)]
        ordered = values[::-1] if self.mirrored else values
        last = len(ordered) - 1
        return tuple(
            Tick(
                place=self.place(value),
                text=amount(round(value, 6)),
                anchor="start" if at == 0 else "end" if at == last else "middle",
            )
            for at, value in enumerate(ordered)
        )

    @property
    def zero(self) -> str:
        """Where nothing lies, for scales on both sides of it; else empty."""
        return self.place(0.0) if self.low < 0 < self.high else ""

    def mirror(self) -> Scale:
        """The same, growing to the left."""
        return Scale(low=self.low, high=self.high, step=self.step, mirrored=not self.mirrored)


PERCENT = Scale(low=0.0, high=100.0, step=25.0)
"""For shares of 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A number on its line."""

    side: str
    """ai, user or both: its mark and colour."""
    dot: str
    """Where the number lies."""
    low: str
    """Where its interval begins; empty where there is none."""
    high: str
    """Where it ends."""
    zero: str
    """Where nothing lies, where the scale has both sides of it."""
    grid: tuple[str, ...]
    """Where the round numbers lie."""


def scale_of(estimates: Iterable[Estimate]) -> Scale:
    """A scale with round ends that holds zero and every value and interval, in four or five steps."""
    values = [0.0]
    for one in estimates:
        values += [float(end) for end in (one.value, one.low, one.high) if not isinstance(end, Missing)]
    low, high = min(values), max(values)
    if low == high:
        return Scale(low=0.0, high=1.0, step=0.5)
    rough = (high - low) / 4
    size = 10.0 ** floor(log10(rough))
    step = next(size * part for part in _STEPS if size * part >= rough * 0.999)
    return Scale(low=floor(low / step + 1e-9) * step, high=ceil(high / step - 1e-9) * step, step=step)


def strip_of(estimate: Estimate, scale: Scale, side: str) -> Strip | None:
    """An estimate as a strip; None where there is no number."""
    if isinstance(estimate.value, Missing):
        return None
    ends = (estimate.low, estimate.high)
    low, high = ("", "") if any(isinstance(end, Missing) for end in ends) else map(scale.place, map(float, ends))
    return Strip(
        side=side,
        dot=scale.place(float(estimate.value)),
        low=low,
        high=high,
        zero=scale.zero,
        grid=tuple(tick.place for tick in scale.ticks),
    )
