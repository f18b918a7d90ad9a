"""Rows that detectors read: what was seen of which unit, when, and how well."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, Int

from attunement.errors import OptionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """Values of many units over time, in any order; `ordered` sorts them.

    Raises:
        OptionError: a column is longer than another, a value or a time is not finite, or a standard error is negative.
    """

    unit: Int[np.ndarray, " rows"]
    """The relationship of each row, as a number; any numbers will do."""
    period: Int[np.ndarray, " rows"]
    """The calendar period (day) of each row: rows of one period are read together, and share its shock."""
    time: Float[np.ndarray, " rows"]
    """When, in days; within a unit it must not fall from one period to the next."""
    value: Float[np.ndarray, " rows"]
    """What was seen, in the units of the measure."""
    se: Float[np.ndarray, " rows"]
    """The known standard error of the value, 0 where none is known; what is not known is learned as noise."""

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise OptionError(
                "columns of observations have different lengths", got=str(lengths), do="give one each a row"
            )
        for name in ("time", "value", "se"):
            wrong = np.flatnonzero(~np.isfinite(getattr(self, name)))
            if len(wrong):
                raise OptionError(
                    f"a detector was given a {name} that is not a number",
                    got=f"{getattr(self, name)[wrong[0]]} in row {wrong[0]} ({len(wrong)} such rows)",
                    do="leave rows out that have no value: a detector reads irregular times",
                )
        if len(self.se) and self.se.min() < 0:
            raise OptionError("a standard error is negative", got=str(self.se.min()), do="give 0 where none is known")

    def __len__(self) -> int:
        return len(self.unit)

    def rows(self, which: Bool[np.ndarray, " rows"] | Int[np.ndarray, " some"]) -> Observations:
        """Some of the rows, or all of them in another order."""
        return Observations(**{field.name: getattr(self, field.name)[which] for field in fields(self)})


def ordered(observations: Observations) -> Observations:
    """The rows by period, unit and time: the order in which detectors read, so that no other order matters."""
    period, unit, time = observations.period, observations.unit, observations.time
    up = np.diff(period)
    across = np.diff(unit)
    # Most daily batches come sorted; to see that is ten times cheaper than to sort.
    if np.all((up > 0) | ((up == 0) & ((across > 0) | ((across == 0) & (np.diff(time) >= 0))))):
        return observations
    return observations.rows(np.lexsort((observations.value, time, unit, period)))
