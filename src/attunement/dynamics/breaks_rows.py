"""One measure of many relationships through time, and its means over stretches of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float, Int

DAY_US = 86_400e6
MOST_WEIGHT = 10.0
"""Messages from which on a session counts fully: more of one evening say little more of the person."""

FEWEST_A_SIDE = 3
"""Sessions, or weeks, on either side of a date."""

PerUnit = Float[np.ndarray, " units"]
PerRow = Float[np.ndarray, " rows"]
PerDate = Float[np.ndarray, "units dates"]


@dataclass(frozen=True, slots=True)
class Line:
    """Rows of one measure, sorted by relationship and time."""

    relationship: np.ndarray
    """Of each unit."""
    starts: Int[np.ndarray, " units"]
    """The first row of each unit."""
    at: PerRow
    """Days of one calendar: the start of a session, the middle of a week."""
    value: PerRow
    weight: PerRow
    half: float
    """Half the days that a row stands for: a week that a date lies in belongs to neither side."""

    @property
    def size(self) -> Int[np.ndarray, " units"]:
        """Rows of each unit."""
        return np.diff(np.append(self.starts, len(self.at)))

    @property
    def owner(self) -> Int[np.ndarray, " rows"]:
        """The unit of each row."""
        return np.repeat(np.arange(len(self.starts)), self.size)

    def kept(self, units: Bool[np.ndarray, " units"]) -> Line:
        """Only those units."""
        rows, size = units[self.owner], self.size[units]
        starts = np.cumsum(size) - size
        return Line(self.relationship[units], starts, self.at[rows], self.value[rows], self.weight[rows], self.half)


def line_of(panel: pa.Table, measure: str, period: str) -> Line:
    """The rows of a measure that have a value. Of weeks, the first and the last of each relationship are left out.

    Those are cut off by where the relationship begins and ends, and so are never silent.
    """
    words = panel.column("measure").cast(pa.string())
    wanted = pc.and_(pc.equal(words, measure), pc.equal(panel.column("period").cast(pa.string()), period))
    table = panel.filter(pc.and_(wanted, pc.is_valid(panel.column("value")))).combine_chunks()
    owner = table.column("relationship_id").to_numpy()
    at = table.column("period_start").combine_chunks().cast(pa.int64()).to_numpy() / DAY_US
    order = np.lexsort((at, owner))
    owner, at = owner[order], at[order]
    value = table.column("value").to_numpy()[order]
    n = table.column("n").to_numpy()[order].astype(float)
    new = np.append(True, owner[1:] != owner[:-1])[: len(owner)]
    if period == "session":
        starts = np.flatnonzero(new)
        return Line(owner[starts], starts, at, value, np.clip(n, 1.0, MOST_WEIGHT), 0.0)
    inner = ~new & ~np.append(new[1:], True)[: len(owner)]
    owner, at, value = owner[inner], at[inner] + 3.5, value[inner]
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1])[: len(owner)])
    return Line(owner[starts], starts, at, value, np.ones(len(at)), 3.5)


def jumps(
    line: Line, begin: PerUnit, end: PerUnit, shifts: Float[np.ndarray, " shifts"], window: float
) -> Float[np.ndarray, "units shifts"]:
    """Mean over a window after less the mean over one before, of each unit, at its date moved by some days.

    Args:
        line: the rows.
        begin: when something began for each unit, in days; NaN where nothing did.
        end: when it was over.
        shifts: days by which dates are moved.
        window: its days.

    Returns:
        NaN where either side has fewer than three rows.
    """
    known = np.isfinite(begin)
    first, last = (np.where(known, one, line.at[line.starts])[:, None] + shifts for one in (begin, end))
    after = _mean_between(line, last + line.half, last + window)
    before = _mean_between(line, first - window, first - line.half)
    return np.where(known[:, None], after - before, np.nan)


def _mean_between(line: Line, low: PerDate, high: PerDate) -> PerDate:
    """Weighted means of rows from `low` up to before `high`, by sums up to each row."""
    begin = float(min(line.at.min(), low.min()))
    span = float(max(line.at.max(), high.max())) - begin + 1.0
    unit = np.arange(len(line.starts))[:, None] * span
    key = line.owner * span + (line.at - begin)
    inside = [np.searchsorted(key, unit + (edge - begin), side="left") for edge in (low, high)]
    weight, total = (np.concatenate([[0.0], np.cumsum(one)]) for one in (line.weight, line.weight * line.value))
    few = inside[1] - inside[0] < FEWEST_A_SIDE
    size = np.where(few, 1.0, weight[inside[1]] - weight[inside[0]])
    return np.where(few, np.nan, (total[inside[1]] - total[inside[0]]) / size)
