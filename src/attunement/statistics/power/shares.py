"""Shares of simulated runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special


class Share(NamedTuple):
    """How often something came out in simulated runs."""

    value: float
    low: float
    """Ends of the Monte-Carlo interval."""
    high: float
    n: int
    """Runs."""


def counted(hits: int, n: int, *, coverage: float = 0.95) -> Share:
    """The share of runs, with the interval of Wilson.

    Source: wilson1927
    """
    z = float(special.ndtri(0.5 + coverage / 2))
    share = hits / n
    middle = (hits + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * float(np.sqrt(n * share * (1 - share) + z**2 / 4))
    low, high = (0.0 if not hits else middle - half), (1.0 if hits == n else middle + half)
    return Share(share, low, high, n)
