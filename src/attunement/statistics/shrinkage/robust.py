"""How far an interval around a shrunken estimate must reach if nothing but the variance of true values is known."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float
from scipy import optimize, special

PerUnit = Float[np.ndarray, " units"]

_AT = np.concatenate([[0.0], np.geomspace(1e-4, 1e4, 60)])
"""Ratios of error variance to variance of true values between which the critical value is read off."""


def robust_reach(variance: PerUnit, spread_variance: float, *, level: float) -> PerUnit:
    """Critical values in standard errors of the shrunken estimate, one a unit.

    Shrinkage biases each unit's estimate by an amount whose mean square over units is known; the value holds for the
    worst distribution of that bias.

    Source: armstrong2022, section 3
    """
    if spread_variance <= 0:
        return np.full(len(variance), _critical(float(_AT[-1]), 1 - level))
    ratio = np.clip(variance / spread_variance, 0.0, _AT[-1])
    return np.asarray(np.interp(np.log1p(ratio), np.log1p(_AT), _needed(level)))


@cache
def _needed(level: float) -> Float[np.ndarray, " ratios"]:
    """Critical values at each of the ratios, worked out once for each level."""
    return np.array([_critical(float(at), 1 - level) for at in _AT])


def _critical(mean_square: float, alpha: float) -> float:
    top = np.sqrt(mean_square / alpha) + 2 * float(special.ndtri(1 - alpha / 4)) + 5
    return float(optimize.brentq(lambda reach: _worst(mean_square, reach) - alpha, 1e-6, top, xtol=1e-8))


def _worst(mean_square: float, reach: float) -> float:
    """The largest chance of missing, over distributions of the bias with this mean square.

    It is reached by a bias that is 0 or one other size; the best size is looked for.
    """
    sizes = np.sqrt(mean_square) + np.concatenate([[0.0], np.geomspace(1e-3, reach + 10, 400)])
    missed = special.ndtr(-reach - sizes) + special.ndtr(-reach + sizes)
    share = mean_square / np.maximum(sizes**2, 1e-300) if mean_square > 0 else np.zeros_like(sizes)
    return float(np.max((1 - share) * 2 * special.ndtr(-reach) + share * missed))
