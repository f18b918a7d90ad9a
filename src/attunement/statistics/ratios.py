"""Shares and means of clustered observations, with intervals, for many units at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy import special

Values = Float[np.ndarray, " clusters"]
Starts = Int[np.ndarray, " units"]
PerUnit = Shaped[np.ndarray, " units"]

WITHIN_CLUSTER = 0.1
"""The correlation within a cluster that is assumed where nothing was seen, so that it cannot be estimated."""


class Interval(NamedTuple):
    """An estimate for each unit."""

    value: PerUnit  # the share or the mean; NaN where a unit has no observation
    low: PerUnit  # lower end of the interval; NaN where fewer than two clusters have an observation
    high: PerUnit  # upper end of the interval; NaN where the lower end is
    n: PerUnit  # observations
    n_clusters: PerUnit  # clusters with an observation


def share_interval(seen: Values, n: Values, starts: Starts, *, level: float = 0.95) -> Interval:
    """The share of observations that show something, where observations come in clusters (messages in sessions).

    The share is that of all observations of a unit together. Its interval is that of Clopper and Pearson with the
    number of independent observations in the place of n: n divided by the design effect, which is the ratio of the
    variance between clusters to that of independent observations and at least 1, and lessened for having few clusters.
    The variance between clusters counts that neighbouring clusters may be alike.

    Args:
        seen: how much was seen in each cluster: a count or a sum of probabilities, from 0 to n.
        n: observations in each cluster, 0 allowed.
        starts: the first cluster of each unit.
        level: the coverage aimed at.

    Assumes:  clusters far apart are independent; a probability is the share of such messages that show it.
    Source:   korn1998, section 2; neweywest1987, eq. 5, for neighbours that are alike.
    Checked:  benchmarks/recovery/shares.py
    """
    owner = _owner(starts, len(n))
    total_n = np.add.reduceat(n, starts)
    total = np.add.reduceat(seen, starts)
    k = np.add.reduceat((n > 0).astype(float), starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = total / total_n
        residual = seen - share[owner] * n
        variance = k / (k - 1) * _long_run(residual, starts) / total_n**2
        independent = share * (1 - share) / (total_n - 1)
        effect = np.maximum(variance / independent, 1.0)
        mean_size = np.add.reduceat(n**2, starts) / total_n
        assumed = 1 + WITHIN_CLUSTER * (mean_size - 1)
        effect = np.where(independent > 0, effect, assumed)
        few = (_student(level, total_n - 1) / _student(level, k - 1)) ** 2
        effective = np.minimum(total_n / effect * few, total_n)
        hits = share * effective
        low = special.betaincinv(hits, effective - hits + 1, 0.5 - level / 2)
        high = special.betaincinv(hits + 1, effective - hits, 0.5 + level / 2)
    low = np.where(hits == 0, 0.0, np.minimum(low, share))  # the inverse is coarse for shares next to 0 and 1
    high = np.where(hits >= effective, 1.0, np.maximum(high, share))
    return Interval(share, low, high, total_n, k)


def mean_interval(values: Values, starts: Starts, *, level: float = 0.95) -> Interval:
    """The mean over the clusters of each unit, with Student's interval.

    Assumes:  clusters (weeks) are independent of each other and alike.
    Source:   student1908.
    Checked:  benchmarks/recovery/shares.py
    """
    k = np.diff(np.append(starts, len(values))).astype(float)
    mean = np.add.reduceat(values, starts) / k
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.add.reduceat((values - mean[_owner(starts, len(values))]) ** 2, starts) / (k - 1)
        half = _student(level, k - 1) * np.sqrt(variance / k)
    return Interval(mean, mean - half, mean + half, k, k)


def _long_run(residual: Values, starts: Starts) -> PerUnit:
    """The sum of squares of each unit with its likeness at short lags added (Bartlett weights), never lessened by it.

    The reach grows with the cube root of a unit's clusters. Memory that lowers the variance is not believed: the
    estimate is too noisy in short series to narrow an interval by it.
    """
    owner = _owner(starts, len(residual))
    k = np.diff(np.append(starts, len(residual)))
    reach = np.floor(1.5 * k ** (1 / 3)).astype(int)
    own = np.add.reduceat(residual**2, starts)
    total = own.copy()
    for lag in range(1, int(reach.max(initial=0)) + 1):
        product = np.zeros_like(residual)
        product[lag:] = np.where(owner[lag:] == owner[:-lag], residual[lag:] * residual[:-lag], 0.0)
        weight = np.maximum(1 - lag / (reach + 1), 0.0)
        total += 2 * weight * np.add.reduceat(product, starts)
    return np.maximum(total, own)


def _student(level: float, degrees: PerUnit) -> PerUnit:
    """The quantile of Student's t that holds `level` between itself and its negative."""
    return np.asarray(special.stdtrit(degrees, 0.5 + level / 2))


def _owner(starts: Starts, n_rows: int) -> Int[np.ndarray, " clusters"]:
    return np.repeat(np.arange(len(starts)), np.diff(np.append(starts, n_rows)))
