"""Shrinkage to a normal distribution of true values, whose mean and spread are not taken as known."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attunement.statistics.refusals import Refused
from attunement.statistics.shrinkage.mixtures import below, quantile
from attunement.statistics.shrinkage.records import PerUnit, Shrunken, check, too_few
from attunement.statistics.shrinkage.robust import robust_reach

FEWEST_UNITS = 5
"""With fewer, nothing is known of the spread between units."""

_GRID = 61
_CELLS = 200_000


def shrink_normal(value: PerUnit, variance: PerUnit, *, level: float = 0.95) -> Shrunken | Refused:
    """True values of units that are normal around a mean, from estimates with known and unequal error variances.

    Mean and spread are averaged over what the estimates leave open (flat priors on both), so that intervals do not
    shrink to nothing where units are few or seem alike. The robust interval keeps its coverage over units whatever the
    distribution of true values is.

    Args:
        value: one estimate a unit.
        variance: of its error.
        level: the coverage aimed at.

    Returns:
        `Refused` with fewer than five units.

    Raises:
        OptionError: an estimate is not a number or a variance not positive.

    Assumes:  errors are normal and independent, with variances that do not go with the true values.
    Source:   rubin1981; gelman2013, section 5.4, for the averages; armstrong2022, section 3, for the robust interval;
        stephens2017 for the false sign rate.
    Checked:  benchmarks/recovery/shrinkage.py
    """
    check(value, variance, level=level)
    refused = too_few(len(value), FEWEST_UNITS, instead="Give one estimate of all units, and of none by itself.")
    if refused is not None:
        return refused
    spread, chance = _spread(value, variance)
    total = variance[:, None] + spread**2
    precision = 1 / total
    centre_variance = 1 / precision.sum(axis=0)
    centre = centre_variance * (value @ precision)
    kept = spread**2 / total
    mean = centre + kept * (value[:, None] - centre)
    # The centre is not known either: what it leaves open is added to each unit, the more the more it is drawn there.
    part_variance = kept * variance[:, None] + (1 - kept) ** 2 * centre_variance
    weight = np.broadcast_to(chance, mean.shape)
    sd = np.sqrt(part_variance)
    zero = np.zeros(len(value))
    best = mean @ chance
    up = below(zero, weight, mean, sd, closed=False)
    down = 1 - below(zero, weight, mean, sd)
    typical = float(spread**2 @ chance)
    reach = robust_reach(variance, typical, level=level) * np.sqrt(variance) * typical / (typical + variance)
    robust_centre = float(centre @ chance) + typical / (typical + variance) * (value - float(centre @ chance))
    return Shrunken(
        mean=best,
        sd=np.sqrt((part_variance + mean**2) @ chance - best**2),
        low=quantile(0.5 - level / 2, weight, mean, sd),
        high=quantile(0.5 + level / 2, weight, mean, sd),
        robust_low=robust_centre - reach,
        robust_high=robust_centre + reach,
        false_sign_rate=np.minimum(up, down),
        reliability=kept @ chance,
        centre=float(centre @ chance),
        spread=float(spread @ chance),
        spread_low=float(np.interp(0.5 - level / 2, np.cumsum(chance) - chance / 2, spread)),
        spread_high=float(np.interp(0.5 + level / 2, np.cumsum(chance) - chance / 2, spread)),
        level=level,
    )


def _spread(value: PerUnit, variance: PerUnit) -> tuple[Float[np.ndarray, " grid"], Float[np.ndarray, " grid"]]:
    """Points over which the spread may lie and the probability of each, from a flat prior."""
    widest = 5 * (np.ptp(value) + np.sqrt(variance.max()))
    # First over all sizes, then evenly where the probability is: with many units that is a narrow place.
    coarse = np.concatenate([[0.0], np.geomspace(1e-4 * widest, widest, 120)])
    height = _log_density(coarse, value, variance)
    high = np.flatnonzero(height > height.max() - 14)
    ends = coarse[max(high[0] - 1, 0)], coarse[min(high[-1] + 1, len(coarse) - 1)]
    for _ in range(2):
        fine = np.linspace(*ends, 4 * _GRID)
        height = _log_density(fine, value, variance)
        high = np.flatnonzero(height > height.max() - 14)
        ends = fine[max(high[0] - 1, 0)], fine[min(high[-1] + 1, len(fine) - 1)]
    # Middles of equal steps: an end at 0 must not count as much as the steps beside it.
    edges = np.linspace(*ends, _GRID + 1)
    spread = 0.5 * (edges[1:] + edges[:-1])
    height = _log_density(spread, value, variance)
    chance = np.exp(height - height.max())
    return spread, chance / chance.sum()


def _log_density(spread: Float[np.ndarray, " grid"], value: PerUnit, variance: PerUnit) -> Float[np.ndarray, " grid"]:
    """Of the spread given all estimates, the centre being averaged over, but for a constant."""
    density = []
    at_once = max(1, _CELLS // len(value))
    for first in range(0, len(spread), at_once):
        total = variance + spread[first : first + at_once, None] ** 2
        precision = 1 / total
        sum_precision = precision.sum(axis=1)
        centre = precision @ value / sum_precision
        apart = np.sum(precision * (value - centre[:, None]) ** 2, axis=1)
        density.append(-0.5 * (np.log(total).sum(axis=1) + np.log(sum_precision) + apart))
    return np.concatenate(density)
