"""What is given to the model: series of many units, and a check that says what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from attunement.errors import OptionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Two or more series of many units, at the times at which somebody looked."""

    times: Float[np.ndarray, " occasions"]
    """When each occasion was, in days or any other unit; increasing within a unit."""
    values: Float[np.ndarray, "occasions series"]
    """What was seen; NaN where a series was not."""
    starts: Int[np.ndarray, " units"]
    """The first occasion of each unit."""
    noise_variance: Float[np.ndarray, "occasions series"] | None = None
    """The variance of the measurement error where it is known; NaN, or None for all, where it is to be estimated."""
    version: Int[np.ndarray, "occasions series"] | None = None
    """The version of the annotator of each value, from 0: an unknown variance is one for each series and version."""

    def __post_init__(self) -> None:
        """Check everything that can be checked without fitting."""
        _check_shapes(self)
        _check_times(self)
        _check_values(self)
        _check_noise(self)

    @property
    def n_series(self) -> int:
        """How many series."""
        return int(self.values.shape[1])

    @property
    def n_units(self) -> int:
        """How many units."""
        return len(self.starts)


def _check_shapes(series: Series) -> None:
    n, p = len(series.times), series.values.shape[1]
    if p < 2:
        raise OptionError("who moves whom needs two series", got=f"{p}", do="give a column for each series")
    for name in ("values", "noise_variance", "version"):
        array = getattr(series, name)
        if array is not None and array.shape != (n, p):
            raise OptionError(f"{name} does not fit the times", got=f"{array.shape}", have=f"({n}, {p})")
    starts = series.starts
    if not len(starts) or starts[0] != 0 or starts[-1] >= n or (np.diff(starts) < 1).any():
        raise OptionError(
            "starts must be the first occasion of each unit",
            got=f"{len(starts)} starts for {n} occasions",
            do="begin with 0 and go up; no unit may be empty",
        )


def _check_times(series: Series) -> None:
    times, starts = series.times, series.starts
    bad = np.flatnonzero(~np.isfinite(times))
    if len(bad):
        raise OptionError(
            f"{len(bad)} times are not numbers",
            got=f"{times[bad[0]]} at occasion {bad[0]}",
            do="leave out occasions whose time is not known",
        )
    gaps = np.diff(times)
    gaps[starts[1:] - 1] = 1.0
    bad = np.flatnonzero(gaps <= 0)
    if len(bad):
        unit = int(np.searchsorted(starts, bad[0], side="right")) - 1
        twice = gaps[bad[0]] == 0
        raise OptionError(
            "two occasions of a unit have the same time" if twice else "the times of a unit go backwards",
            got=f"{times[bad[0]]} and then {times[bad[0] + 1]} in unit {unit}; {len(bad)} such pairs in all",
            do="join occasions of one time into one" if twice else "sort by unit and then by time",
        )
    if np.diff(np.append(starts, len(times))).max() < 2:
        raise OptionError(
            "every unit was seen once, and what is seen once cannot change",
            got=f"{len(starts)} units of one occasion",
            do="give at least two occasions a unit; inference needs many more",
        )


def _check_values(series: Series) -> None:
    values, starts = series.values, series.starts
    if np.isinf(values).any():
        raise OptionError("some values are infinite", do="use NaN where a series was not seen")
    owner = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(values))))
    for column in range(values.shape[1]):
        seen = ~np.isnan(values[:, column])
        if seen.sum() < 2:
            raise OptionError(f"series {column} was hardly ever seen", got=f"{int(seen.sum())} values")
        n = np.bincount(owner[seen], minlength=len(starts))
        means = np.bincount(owner[seen], values[seen, column], minlength=len(starts)) / np.maximum(n, 1)
        within = values[seen, column] - means[owner[seen]]
        if np.abs(within).max() <= 1e-12 * max(1.0, np.abs(values[seen, column]).max()):
            raise OptionError(
                f"series {column} never changes within a unit",
                got=f"the same value at every occasion, in all {len(starts)} units",
                do="leave it out: what does not change can neither move nor be moved",
            )


def _check_noise(series: Series) -> None:
    known, version = series.noise_variance, series.version
    if known is not None and (np.isinf(known).any() or (known < 0).any()):
        raise OptionError("a variance of errors is negative or infinite", do="use NaN where it is not known")
    if version is not None and version.min(initial=0) < 0:
        raise OptionError("versions are counted from 0", got=f"{int(version.min())}")
