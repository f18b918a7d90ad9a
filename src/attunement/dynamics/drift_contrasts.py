"""Contrasts over relationships: around dates, between arms, over stretches of the calendar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from attunement.dynamics.drift_rows import DAY_US, Interval, PerUnit, Rows, count_where, interval, mean_where

WINDOW_DAYS = 28.0
"""On either side of a change of the AI's."""

FEWEST_SESSIONS = 3
"""Sessions on either side of a date."""


class Stacked(NamedTuple):
    """Changes around days of a change."""

    unit: Int[np.ndarray, " rows"]
    treated: PerUnit  # 1 for those whose AI was changed on the day, less their share of the day
    change: PerUnit
    day: Int[np.ndarray, " rows"]


def stacked(rows: Rows, at: PerUnit, days: Float[np.ndarray, " days"], measure: int, *, shift: float) -> Stacked:
    """Changes around each day of those whose AI changed then and those without a change near it; days are few."""
    units, groups, changes, of_day = [], [], [], []
    for number, day in enumerate(days.tolist()):
        since = rows.at - (day + shift)
        change = mean_between(rows, measure, since, 0.0, WINDOW_DAYS) - mean_between(
            rows, measure, since, -WINDOW_DAYS, 0.0
        )
        treated = np.round(at) == day
        other = ~(np.abs(at - day) < 2 * WINDOW_DAYS)
        use = np.isfinite(change) & (treated | other)
        if not (use & treated).any() or not (use & other).any():
            continue
        units.append(np.flatnonzero(use))
        groups.append(treated[use] - treated[use].mean())
        changes.append(change[use])
        of_day.append(np.full(int(use.sum()), number))
    if not units:
        none = np.zeros(0, dtype=np.int64)
        return Stacked(none, np.zeros(0), np.zeros(0), none)
    return Stacked(*(np.concatenate(column) for column in (units, groups, changes, of_day)))


def difference_in_differences(found: Stacked, *, level: float) -> Interval:
    """The slope on having had the change, within days, with errors clustered by relationship.

    Source: liangzeger1986
    """
    unit, treated, change, day = found
    size = float(treated @ treated)
    slope = float(treated @ change) / size
    left = change - slope * treated
    left -= (np.bincount(day, left) / np.maximum(np.bincount(day), 1))[day]
    of_unit = np.bincount(unit, treated * left) / size
    n = int(np.count_nonzero(np.bincount(unit)))
    se = float(np.sqrt(of_unit @ of_unit * n / (n - 1)))
    return interval(slope, se, degrees=min(len(np.unique(unit[treated > 0])), n - 1), n=n, level=level)


def over_periods(values: PerUnit, period: PerUnit, *, level: float) -> Interval:
    """The mean with errors clustered by period: what comes to all in one is no more than one observation.

    Source: liangzeger1986
    """
    _, at = np.unique(period, return_inverse=True)
    n, n_periods = len(values), int(at.max()) + 1
    sums = np.bincount(at, values - values.mean()) / n
    se = float(np.sqrt(sums @ sums * n_periods / (n_periods - 1)))
    return interval(float(values.mean()), se, degrees=n_periods - 1, n=n, level=level)


def regressed(x: Float[np.ndarray, "units terms"], y: PerUnit, *, column: int, level: float) -> Interval:
    """One coefficient, with errors that need not be of one size (HC3).

    Source: mackinnon1985
    """
    inverse = np.linalg.pinv(x.T @ x)
    slope = inverse @ x.T @ y
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    influence = (x @ inverse)[:, column] * (y - x @ slope) / np.maximum(1 - leverage, 1e-6)
    se = float(np.sqrt(influence @ influence))
    return interval(float(slope[column]), se, degrees=len(y) - x.shape[1], n=len(y), level=level)


def mean_between(rows: Rows, measure: int, since: Float[np.ndarray, " sessions"], low: float, high: float) -> PerUnit:
    """The mean over sessions from `low` to `high` days since something; NaN where they are too few."""
    which = (since >= low) & (since < high)
    mean = mean_where(rows, measure, which)
    return np.where(count_where(rows, measure, which) >= FEWEST_SESSIONS, mean, np.nan)


def dates_of(rows: Rows, table: pa.Table) -> PerUnit:
    """The date of each unit in days; NaN where there is none. Of several rows of a relationship the first counts."""
    days = table.column("at").combine_chunks().cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy() / DAY_US
    return _found(rows, table, days)


def column_of(rows: Rows, table: pa.Table, name: str) -> PerUnit:
    """A column of a table by relationship, for each unit; NaN where it has no row."""
    return _found(rows, table, table.column(name).to_numpy().astype(float))


def _found(rows: Rows, table: pa.Table, values: PerUnit) -> PerUnit:
    owner = table.column("relationship_id").to_numpy()
    order = np.argsort(owner, kind="stable")
    place = np.clip(np.searchsorted(owner[order], rows.relationship), 0, max(len(owner) - 1, 0))
    if not len(owner):
        return np.full(len(rows.starts), np.nan)
    return np.where(owner[order][place] == rows.relationship, values[order][place], np.nan)
