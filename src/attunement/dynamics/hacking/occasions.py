"""The sessions of a panel as columns, one row a session, with what came before and what came after each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float, Int

from attunement.vocabulary import PANEL, check

DAY_US = 86_400_000_000

Rows = Float[np.ndarray, " rows"]


@dataclass(frozen=True, slots=True)
class Occasions:
    """Sessions sorted by relationship and time."""

    relationship: np.ndarray
    """The id of each relationship."""
    starts: Int[np.ndarray, " units"]
    """The first row of each relationship."""
    unit: Int[np.ndarray, " rows"]
    """The relationship of each row, from 0."""
    start: np.ndarray
    """When each session began, in microseconds since 1970."""
    began: Rows
    """The same in days."""
    ended: Rows
    """When it ended, in days."""
    values: dict[str, Rows]
    """Each measure; NaN where it has no value."""
    errors: dict[str, Rows]
    """Its standard error."""
    counts: dict[str, Rows]
    """How many units it was made from."""

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def log_end(self) -> float:
        """The last time of the whole log, in days; what would have come later nobody saw."""
        return float(self.ended.max()) if len(self) else 0.0

    def column(self, measure: str) -> Rows:
        """A measure; all NaN where the panel does not hold it."""
        return self.values.get(measure, np.full(len(self), np.nan))

    def before(self, column: Rows) -> Rows:
        """The value at the session before of the same relationship."""
        moved = np.empty_like(column)
        moved[1:] = column[:-1]
        moved[self.starts] = np.nan
        return moved

    def after(self, column: Rows) -> Rows:
        """The value at the session after of the same relationship."""
        moved = np.full_like(column, np.nan)
        moved[:-1] = np.where(self.unit[1:] == self.unit[:-1], column[1:], np.nan)
        return moved


def occasions(panel: pa.Table) -> Occasions:
    """The session rows of a panel, wide.

    Raises:
        SchemaError: the table is no PANEL.
    """
    check(panel, PANEL, stage="dynamics")
    table = panel.filter(pc.equal(panel.column("period").cast(pa.string()), "session"))
    names = pc.dictionary_encode(table.column("measure").cast(pa.string()).combine_chunks())
    owner = table.column("relationship_id").to_numpy()
    start = table.column("period_start").combine_chunks().cast(pa.int64()).to_numpy()
    order = np.lexsort((start, owner))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (owner[order][1:] != owner[order][:-1]) | (start[order][1:] != start[order][:-1])
    row = np.empty(len(order), dtype=np.int64)
    row[order] = np.cumsum(new) - 1
    first = order[new]
    relationship, starts, unit = np.unique(owner[first], return_index=True, return_inverse=True)
    minutes = np.zeros(len(first))
    np.maximum.at(minutes, row, table.column("exposure").to_numpy())
    wide: dict[str, dict[str, Rows]] = {}
    code = names.indices.to_numpy()
    for column in ("value", "se", "n"):
        numbers = table.column(column).cast(pa.float64()).to_numpy()
        wide[column] = {}
        for number, measure in enumerate(names.dictionary.to_pylist()):
            here = code == number
            found = np.full(len(first), np.nan)
            found[row[here]] = numbers[here]
            wide[column][measure] = found
    began = start[first] / DAY_US
    return Occasions(
        relationship=relationship,
        starts=starts,
        unit=unit,
        start=start[first],
        began=began,
        ended=began + minutes / 1440,
        values=wide["value"],
        errors=wide["se"],
        counts=wide["n"],
    )


def later(
    seen: Occasions, column: Rows, weight: Rows, *, from_days: float, to_days: float
) -> tuple[Rows, Rows, Bool[np.ndarray, " rows"]]:
    """The weighted mean of a column over the sessions that begin in a window of days after each session ends.

    Returns:
        The mean, NaN where no session of the window has a value; the sum of the weights it was made from; and whether
        the log goes on to the end of the window.
    """
    known = np.isfinite(column) & (weight > 0)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, weight, 0.0))])
    value = np.concatenate([[0.0], np.cumsum(np.where(known, weight * np.nan_to_num(column), 0.0))])
    low = float(seen.began.min()) if len(seen) else 0.0
    span = seen.log_end - low + to_days + 1
    key = seen.unit * span + (seen.began - low)
    at = seen.unit * span + (seen.ended - low)
    first = np.searchsorted(key, at + from_days, side="left")
    last = np.searchsorted(key, at + to_days, side="right")
    mass = total[last] - total[first]
    whole = seen.ended + to_days <= seen.log_end
    some = mass > 1e-12
    mean = np.where(some, value[last] - value[first], np.nan) / np.where(some, mass, 1.0)
    return mean, np.where(some, mass, 0.0), whole


def filled(column: Rows, unit: Int[np.ndarray, " rows"]) -> Rows:
    """Holes filled with the mean of the relationship, so that they say nothing within it."""
    known = np.isfinite(column)
    n = np.bincount(unit, known)
    total = np.bincount(unit, np.where(known, column, 0.0))
    overall = column[known].mean() if known.any() else 0.0
    mean = np.where(n > 0, total / np.maximum(n, 1), overall)
    return np.where(known, column, mean[unit])
