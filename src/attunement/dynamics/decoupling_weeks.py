"""Signs of wanting and of liking week by week, one row a week of each relationship, silent weeks included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float, Int

WANTING = {
    "sessions": "log",
    "gap": "log",
    "started_by_person": "log",
    "night_share": "log",
    "rate.user.separation": "words",
}
"""What shows how much the contact is wanted, and where it is read: in the log itself, in words, or as a rating."""

LIKING = {"rating": "rating", "rate.user.need_met": "words"}
"""What shows how much it is liked."""

_DAY_US = 86_400_000_000
_WEEK_US = 7 * _DAY_US
_MONDAY_US = 4 * _DAY_US  # 1970-01-05
_SHARES = ("started_by_person", "night_share")


@dataclass(frozen=True, slots=True)
class Weeks:
    """Weeks of many relationships, from the first to the last of each, sorted."""

    relationship: np.ndarray
    """Of each unit."""
    starts: Int[np.ndarray, " units"]
    """The first week of each unit."""
    week: Int[np.ndarray, " weeks"]
    """Weeks since January 1970."""
    value: dict[str, Float[np.ndarray, " weeks"]]
    """Of each indicator, on a scale on which errors are as large near its ends; NaN where it was not seen."""
    n: dict[str, Float[np.ndarray, " weeks"]]
    """How many sessions, ratings or messages it was made from."""

    @property
    def size(self) -> Int[np.ndarray, " units"]:
        """Weeks of each unit."""
        return np.diff(np.append(self.starts, len(self.week)))

    @property
    def owner(self) -> Int[np.ndarray, " weeks"]:
        """The unit of each week."""
        return np.repeat(np.arange(len(self.starts)), self.size)

    @property
    def place(self) -> Int[np.ndarray, " weeks"]:
        """The number of each week within its unit, from 0."""
        return np.asarray(np.arange(len(self.week)) - self.starts[self.owner])

    @property
    def left(self) -> Int[np.ndarray, " weeks"]:
        """How many weeks of the unit come after each week."""
        return np.asarray((self.size - 1)[self.owner] - self.place)


def weeks_of(panel: pa.Table, sessions: pa.Table) -> Weeks:
    """The grid of weeks and every indicator that is there. The tables were checked before.

    Counts become square roots, shares and rates angles, and silences the negative logarithm of their hours, so that
    more of each is more wanting and errors do not grow with the level.

    Source: anscombe1948
    """
    owner = sessions.column("relationship_id").to_numpy()
    week = _week(sessions.column("started_at"), start_of_week=False)
    if not len(owner):
        none = np.zeros(0, dtype=np.int64)
        return Weeks(owner, none, none, {}, {})
    first = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    last = np.append(first[1:], len(owner)) - 1
    begin = week[first]
    size = week[last] - begin + 1
    starts = np.cumsum(size) - size
    of_unit = np.repeat(np.arange(len(first)), size)
    grid = Weeks(owner[first], starts, begin[of_unit] + np.arange(size.sum()) - starts[of_unit], {}, {})
    unit = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(owner))))
    row = starts[unit] + week - begin[unit]
    n_sessions = np.bincount(row, minlength=len(grid.week)).astype(float)
    grid.value["sessions"], grid.n["sessions"] = np.sqrt(n_sessions + 0.375), np.ones(len(grid.week))
    _add_gaps(grid, sessions, row)
    for measure in (*_SHARES, "rating", "rate.user.separation", "rate.user.need_met"):
        _add(grid, panel, measure, begin)
    return grid


def _add_gaps(grid: Weeks, sessions: pa.Table, row: Int[np.ndarray, " sessions"]) -> None:
    minutes = sessions.column("gap_minutes").combine_chunks().fill_null(np.nan).to_numpy()
    use = np.isfinite(minutes)
    n = np.bincount(row[use], minlength=len(grid.week)).astype(float)
    total = np.bincount(row[use], -np.log(np.maximum(minutes[use], 1.0) / 60), minlength=len(grid.week))
    grid.value["gap"] = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    grid.n["gap"] = n


def _add(grid: Weeks, panel: pa.Table, measure: str, begin: Int[np.ndarray, " units"]) -> None:
    """One measure of the panel's weeks, put into the grid."""
    words = panel.column("measure").cast(pa.string())
    of_week = pc.equal(panel.column("period").cast(pa.string()), "week")
    table = panel.filter(pc.and_(pc.and_(pc.equal(words, measure), of_week), pc.is_valid(panel.column("value"))))
    if not table.num_rows:
        return
    owner = table.column("relationship_id").to_numpy()
    order = np.argsort(grid.relationship, kind="stable")
    unit = order[np.minimum(np.searchsorted(grid.relationship[order], owner), len(order) - 1)]
    place = _week(table.column("period_start"), start_of_week=True) - begin[unit]
    inside = (grid.relationship[unit] == owner) & (place >= 0) & (place < grid.size[unit])
    row = (grid.starts[unit] + place)[inside]
    value, n = table.column("value").to_numpy()[inside], table.column("n").to_numpy()[inside].astype(float)
    if measure != "rating":
        share = value if measure in _SHARES else value / 100
        value = np.arcsin(np.sqrt((np.clip(share, 0.0, 1.0) * n + 0.375) / (n + 0.75)))
    grid.value[measure], grid.n[measure] = np.full(len(grid.week), np.nan), np.zeros(len(grid.week))
    grid.value[measure][row], grid.n[measure][row] = value, n


def _week(times: pa.ChunkedArray, *, start_of_week: bool) -> Int[np.ndarray, " rows"]:
    """Weeks since January 1970; starts of weeks in any time zone lie within half a day of those of UTC."""
    us = times.combine_chunks().cast(pa.int64()).to_numpy() - _MONDAY_US
    return np.asarray((us + (_WEEK_US // 2 if start_of_week else 0)) // _WEEK_US)
