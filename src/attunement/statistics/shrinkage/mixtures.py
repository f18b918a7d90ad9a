"""Normal mixtures, one a unit: probabilities and quantiles."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import special

PerUnit = Float[np.ndarray, " units"]
Parts = Float[np.ndarray, "units parts"]

_CHUNK = 4096
_HALVINGS = 45


def below(x: PerUnit, weight: Parts, mean: Parts, sd: Parts, *, closed: bool = True) -> PerUnit:
    """The probability of lying below x, or at it where `closed`; a part of no spread is a point."""
    point = sd == 0
    z = (x[:, None] - mean) / np.where(point, 1.0, sd)
    at = (mean <= x[:, None]) if closed else (mean < x[:, None])
    return np.asarray(np.sum(weight * np.where(point, at, special.ndtr(z)), axis=1))


def quantile(p: float, weight: Parts, mean: Parts, sd: Parts) -> PerUnit:
    """Where the mixture has probability p below it, by halving between the quantiles of its parts."""
    found = np.empty(len(mean))
    for first in range(0, len(mean), _CHUNK):
        rows = slice(first, first + _CHUNK)
        w, m, s = weight[rows], mean[rows], sd[rows]
        ends = m + special.ndtri(p) * s
        low, high = ends.min(axis=1), ends.max(axis=1)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            short = below(middle, w, m, s) < p
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        found[rows] = high
    return found
