"""One measure of the person, and where the AI stood, session by session; and their means over stretches of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float, Int
from scipy import special

from attunement.statistics import Refused
from attunement.vocabulary import Missing

Column = Float[np.ndarray, " sessions"]
PerUnit = Float[np.ndarray, " units"]

DAY_US = 86_400e6

RAREST = 0.1
"""A rate that stands at 'never' in more than nine of ten sessions has no course that could be followed."""

MOST_WEIGHT = 10.0
"""Messages from which on a session counts fully: more of one evening say little more of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Sessions of many relationships, sorted by relationship and time."""

    relationship: np.ndarray
    """Of each unit."""
    starts: Int[np.ndarray, " units"]
    at: Column
    """Days of one calendar."""
    value: Float[np.ndarray, "sessions measures"]
    """NaN where it was not read."""
    n: Float[np.ndarray, "sessions measures"]
    """Messages it was read from."""

    @property
    def owner(self) -> Int[np.ndarray, " sessions"]:
        """The unit of each session."""
        return np.repeat(np.arange(len(self.starts)), self.n_sessions)

    @property
    def n_sessions(self) -> Int[np.ndarray, " units"]:
        """Of each unit."""
        return np.diff(np.append(self.starts, len(self.at)))

    @property
    def half(self) -> Bool[np.ndarray, " sessions"]:
        """Whether a session lies in the second half of its relationship's sessions."""
        place = np.arange(len(self.at)) - self.starts[self.owner]
        return np.asarray(place >= (self.n_sessions // 2)[self.owner])

    def kept(self, units: Bool[np.ndarray, " units"]) -> Rows:
        """Only those units."""
        rows, sizes = units[self.owner], self.n_sessions[units]
        return Rows(
            relationship=self.relationship[units],
            starts=np.cumsum(sizes) - sizes,
            at=self.at[rows],
            value=self.value[rows],
            n=self.n[rows],
        )


class Interval(NamedTuple):
    """A mean with its interval and p-value against 0."""

    value: float
    low: float
    high: float
    p: float
    n: int


def rows_of(panel: pa.Table, measures: tuple[str, ...]) -> Rows:
    """Sessions in which at least one of some measures was read, in the order of the measures."""
    words = panel.column("measure").cast(pa.string())
    wanted = pc.is_in(words, pa.array(measures, pa.string()))
    of_session = pc.equal(panel.column("period").cast(pa.string()), "session")
    table = panel.filter(pc.and_(pc.and_(wanted, of_session), pc.is_valid(panel.column("value")))).combine_chunks()
    names = table.column("measure").cast(pa.string())
    column = pc.index_in(names, value_set=pa.array(measures, pa.string())).to_numpy()
    owner = table.column("relationship_id").to_numpy()
    at = table.column("period_start").combine_chunks().cast(pa.int64()).to_numpy()
    order = np.lexsort((at, owner))
    owner, at, column = owner[order], at[order], column[order]
    new = np.append(True, (owner[1:] != owner[:-1]) | (at[1:] != at[:-1]))[: len(owner)]
    row = np.cumsum(new) - 1
    value, n = np.full((int(new.sum()), len(measures)), np.nan), np.zeros((int(new.sum()), len(measures)))
    value[row, column] = table.column("value").to_numpy()[order]
    n[row, column] = table.column("n").to_numpy()[order]
    owner, at = owner[new], at[new]
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1])[: len(owner)])
    return Rows(relationship=owner[starts], starts=starts, at=at / DAY_US, value=value, n=n)


def mean_where(rows: Rows, measure: int, which: Bool[np.ndarray, " sessions"]) -> PerUnit:
    """The mean of a measure over some sessions of each unit; NaN where it was not read in any."""
    use = which & np.isfinite(rows.value[:, measure])
    weight = np.where(use, np.minimum(rows.n[:, measure], MOST_WEIGHT), 0.0)
    total = np.bincount(rows.owner, weight, minlength=len(rows.starts))
    sums = np.bincount(rows.owner, weight * np.nan_to_num(rows.value[:, measure]), minlength=len(rows.starts))
    return np.asarray(np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0))


def count_where(rows: Rows, measure: int, which: Bool[np.ndarray, " sessions"]) -> Int[np.ndarray, " units"]:
    """In how many of some sessions of each unit a measure was read."""
    use = which & np.isfinite(rows.value[:, measure])
    return np.bincount(rows.owner[use], minlength=len(rows.starts))


def hardly_seen(rows: Rows, measures: tuple[str, ...]) -> Refused | None:
    """Why there is nothing to follow, where a rate hardly ever leaves its floor or its ceiling."""
    for column, measure in enumerate(measures):
        use = np.isfinite(rows.value[:, column]) & (rows.n[:, column] > 0)
        n, value = rows.n[use, column], rows.value[use, column]
        seen = value / 100 * n
        moving = min(float(np.mean(seen >= 0.5)), float(np.mean(n - seen >= 0.5))) if len(n) else 0.0
        if measure.startswith("rate.") and moving < RAREST:
            return Refused(
                reason=Missing.NOT_IDENTIFIED,
                what=f"{measure.removeprefix('rate.')} is seen, or not seen, in {100 * moving:.0f} of 100 sessions"
                " only: a series that hardly ever leaves its floor or ceiling cannot be followed",
                do="a measure that comes and goes more often, or longer sessions",
            )
    return None


def mean_of(values: PerUnit, *, level: float, unsure: float = 0.0) -> Interval:
    """The mean over units and Student's interval; `unsure` is a standard error that all of them share."""
    n = len(values)
    se = float(np.hypot(values.std(ddof=1) / np.sqrt(n), unsure))
    return interval(float(values.mean()), se, degrees=n - 1, n=n, level=level)


def interval(value: float, se: float, *, degrees: float, n: int, level: float) -> Interval:
    """Student's interval around an estimate.

    Source: student1908
    """
    reach = float(special.stdtrit(degrees, 0.5 + level / 2)) * se
    p = float(2 * special.stdtr(degrees, -abs(value) / se)) if se > 0 else 1.0
    return Interval(value, value - reach, value + reach, p, n)
