"""Shrinkage to any symmetric distribution with one peak: a mixture of normals of many widths around one mode."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import optimize

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.statistics.shrinkage.mixtures import below, quantile
from attunement.statistics.shrinkage.records import PerUnit, Shrunken, check, too_few
from attunement.statistics.shrinkage.robust import robust_reach

FEWEST_UNITS = 200
"""With fewer, the shape of a distribution cannot be learned, and the normal prior is the honest one."""

NULL_WEIGHT = 10.0
"""Units that a peak given beforehand is counted to have beside its own, so that signs are claimed with caution."""


class _Mixture(NamedTuple):
    """A prior that was learned."""

    width: Float[np.ndarray, " parts"]
    share: Float[np.ndarray, " parts"]
    height: float  # its log likelihood, with the penalty


def shrink_unimodal(
    value: PerUnit, variance: PerUnit, *, mode: float | None = None, level: float = 0.95
) -> Shrunken | Refused:
    """True values from a distribution with one peak and any tails, learned from all estimates.

    Heavy tails are not drawn in as a normal prior would: a few units that are really far away stay there.

    Args:
        value: one estimate a unit.
        variance: of its error.
        mode: where the peak is; 0 where most units may have no effect, the only honest choice for claims of signs
            there. None: it is learned.
        level: the coverage aimed at.

    Returns:
        `Refused` with fewer than two hundred units.

    Raises:
        OptionError: an estimate is not a number, a variance not positive, or the mode not finite.

    Assumes:  as `shrink_normal`, but for the shape. That the prior is learned is not counted in the intervals.
    Source:   stephens2017; armstrong2022 for the robust interval.
    Checked:  benchmarks/recovery/shrinkage.py
    """
    check(value, variance, level=level)
    if mode is not None and not np.isfinite(mode):
        raise OptionError("the mode is not a number", got=str(mode), do="give 0, or None to have it learned")
    refused = too_few(len(value), FEWEST_UNITS, instead="Use the normal prior, which needs fewer.")
    if refused is not None:
        return refused
    centre = _mode(value, variance) if mode is None else float(mode)
    prior = _learned(value - centre, variance, at_peak=0.0 if mode is None else NULL_WEIGHT, n_rounds=2000)
    total = variance[:, None] + prior.width**2
    log_weight = np.log(np.maximum(prior.share, 1e-300)) - 0.5 * (
        np.log(total) + (value[:, None] - centre) ** 2 / total
    )
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    kept = prior.width**2 / total
    mean, sd = centre + kept * (value[:, None] - centre), np.sqrt(kept * variance[:, None])
    best = np.sum(weight * mean, axis=1)
    zero = np.zeros(len(value))
    typical = float(prior.share @ prior.width**2)
    linear = typical / (typical + variance)
    reach = robust_reach(variance, typical, level=level) * np.sqrt(variance) * linear
    return Shrunken(
        mean=best,
        sd=np.sqrt(np.maximum(np.sum(weight * (sd**2 + mean**2), axis=1) - best**2, 0.0)),
        low=quantile(0.5 - level / 2, weight, mean, sd),
        high=quantile(0.5 + level / 2, weight, mean, sd),
        robust_low=centre + linear * (value - centre) - reach,
        robust_high=centre + linear * (value - centre) + reach,
        # A true value of exactly 0 has neither sign, and counts against both.
        false_sign_rate=np.minimum(below(zero, weight, mean, sd), 1 - below(zero, weight, mean, sd, closed=False)),
        reliability=linear,
        centre=centre,
        spread=float(np.sqrt(typical)),
        spread_low=float("nan"),
        spread_high=float("nan"),
        level=level,
    )


def _mode(value: PerUnit, variance: PerUnit) -> float:
    """The peak that makes the estimates likeliest, looked for within their middle half."""
    low, high = np.quantile(value, [0.25, 0.75])
    if high <= low:
        return float(low)
    found = optimize.minimize_scalar(
        lambda at: -_learned(value - at, variance, at_peak=0.0, n_rounds=60).height,
        bounds=(low, high),
        method="bounded",
    )
    return float(found.x)


def _learned(value: PerUnit, variance: PerUnit, *, at_peak: float, n_rounds: int) -> _Mixture:
    """Shares of widths by expectation and maximisation, the peak itself having some units beforehand."""
    smallest = np.sqrt(variance.min()) / 10
    largest = 2 * np.sqrt(max(float(np.max(value**2 - variance)), 64 * smallest**2))
    steps = int(np.ceil(2 * np.log2(largest / smallest)))
    width = np.concatenate([[0.0], smallest * np.sqrt(2.0) ** np.arange(steps + 1)])
    total = variance[:, None] + width**2
    log_likely = -0.5 * (np.log(2 * np.pi * total) + value[:, None] ** 2 / total)
    top = log_likely.max(axis=1, keepdims=True)
    likely = np.exp(log_likely - top)
    before = np.zeros(len(width))
    before[0] = at_peak
    share = np.full(len(width), 1 / len(width))
    height = -np.inf
    for _ in range(n_rounds):
        of_unit = likely @ share
        new = float(np.sum(np.log(of_unit)) + before[0] * np.log(max(share[0], 1e-300)))
        counts = share * (likely.T @ (1 / of_unit)) + before
        share = counts / counts.sum()
        if new - height < 1e-7 * len(value):
            break
        height = new
    return _Mixture(width, share, new + float(top.sum()))
