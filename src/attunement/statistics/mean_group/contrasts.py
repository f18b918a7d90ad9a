"""Which of two directions is stronger, tested as one difference and not read off two p-values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from attunement.errors import OptionError
from attunement.statistics.mean_group.fitting import MeanGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One figure."""

    value: float
    se: float
    low: float
    high: float
    p: float
    """Two-sided, against 0."""


def direction_difference(fit: MeanGroup, *, moved: int = 0, mover: int = 1, level: float = 0.95) -> Contrast:
    """The mean effect of `mover` on `moved` less that of `moved` on `mover`.

    Both are in innovation standard deviations of what is moved per innovation standard deviation of what moves, so that
    scales of the two series do not decide. The standard deviations are those of all units together, and the error of
    their ratio counts.

    Args:
        fit: of `fit_mean_group`.
        moved: a series, counted from 0.
        mover: another.
        level: the coverage aimed at.

    Raises:
        OptionError: the two are one series, or there is no such series.

    Assumes:  as `fit_mean_group`.
    Source:   pesaransmith1995; oehlert1992 for the error of the ratio of scales.
    Checked:  benchmarks/recovery/mean_group.py
    """
    n_units, n_series = fit.innovation_variance.shape
    if moved == mover or not (0 <= moved < n_series and 0 <= mover < n_series):
        raise OptionError(
            "a direction goes from one series to another",
            got=f"{mover} on {moved}",
            have=", ".join(map(str, range(n_series))),
        )
    variance = fit.innovation_variance.mean(axis=0)
    ratio = float(np.sqrt(variance[mover] / variance[moved]))
    there, back = float(fit.value[moved, mover]), float(fit.value[mover, moved])
    relative = fit.innovation_variance / variance - 1
    log_ratio = 0.5 * (relative[:, mover] - relative[:, moved])
    effects = np.array([ratio, -1 / ratio])
    own = np.stack([fit.unit_value[:, moved, mover] - there, fit.unit_value[:, mover, moved] - back], axis=1)
    influence = own @ effects + (ratio * there + back / ratio) * log_ratio
    at = [moved * n_series + mover, mover * n_series + moved]
    between = own.T @ own / (n_units - 1) / n_units
    shared = float(effects @ (fit.covariance[np.ix_(at, at)] - between) @ effects)
    value = ratio * there - back / ratio
    se = float(np.sqrt(influence @ influence / (n_units - 1) / n_units + max(shared, 0.0)))
    reach = float(special.stdtrit(fit.degrees, 0.5 + level / 2)) * se
    p = float(2 * special.stdtr(fit.degrees, -abs(value) / se))
    return Contrast(value=value, se=se, low=value - reach, high=value + reach, p=p)
