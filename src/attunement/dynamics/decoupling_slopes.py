"""Slopes over the weeks of each relationship, with errors that know of memory and of what two series share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from attunement.dynamics.decoupling_weeks import Weeks

PerUnit = Float[np.ndarray, " units"]
PerWeek = Float[np.ndarray, " weeks"]

MIN_WEEKS = 8
"""Weeks in which an indicator was seen: with fewer, its slope is that of a few evenings."""

PER_WEEKS = 4.0
"""Slopes are changes in so many weeks."""

_LAGS = 3
_PRIOR_WEEKS = 10.0


@dataclass(frozen=True, slots=True)
class Slopes:
    """Of one indicator in each unit, in units of the person's own ups and downs from week to week, in four weeks."""

    value: PerUnit
    """NaN where it was seen in too few weeks or never changed."""
    variance: PerUnit
    """Of its error."""
    n: PerUnit
    """Weeks it was seen in."""
    pull: PerWeek
    """How much each week moves the slope."""
    left: PerWeek
    """What the line leaves of each week, in the person's own ups and downs; NaN outside of it."""

    @property
    def known(self) -> Bool[np.ndarray, " units"]:
        """Where there is a slope."""
        return np.asarray(np.isfinite(self.value))


def slopes_of(weeks: Weeks, indicator: str, use: Bool[np.ndarray, " weeks"]) -> Slopes:
    """Weighted least squares over some weeks of each unit.

    Errors are those of series with the memory that all units have on average, up to three weeks; that a line takes
    some of it away is put back.

    Source: neweywest1987 for errors with memory
    """
    n_units, owner = len(weeks.starts), weeks.owner
    y, n = weeks.value[indicator], weeks.n[indicator]
    seen = use & np.isfinite(y)
    count = np.bincount(owner[seen], minlength=n_units).astype(float)
    # A week of many ratings says hardly more of the week than one of some.
    w = np.where(seen, n / (n + 2.0), 0.0)
    x, filled = weeks.place.astype(float), np.where(seen, y, 0.0)
    total = np.maximum(np.bincount(owner, w, minlength=n_units), 1e-300)
    mean_x, mean_y = (np.bincount(owner, w * one, minlength=n_units) / total for one in (x, filled))
    away = x - mean_x[owner]
    size = np.bincount(owner, w * away**2, minlength=n_units)
    enough = (count >= MIN_WEEKS) & (size > 0)
    pull = w * away / np.where(enough, size, 1.0)[owner]
    slope = np.bincount(owner, pull * filled, minlength=n_units)
    left = np.where(seen & enough[owner], y - mean_y[owner] - slope[owner] * away, np.nan)
    squares = np.bincount(owner, np.nan_to_num(left) ** 2, minlength=n_units)
    degrees = np.maximum(count - 2, 0) * enough
    typical = squares.sum() / max(float(degrees.sum()), 1.0)
    scale = np.sqrt((squares + _PRIOR_WEEKS * typical) / (degrees + _PRIOR_WEEKS))
    # One who never changes has neither slope nor ups and downs.
    moves = enough & (squares > 1e-12 * max(typical, 1e-300)) & (scale > 0)
    scale = np.where(moves, scale, 1.0)
    left, pull = left / scale[owner], np.where(moves[owner], pull, 0.0)
    left = np.where(moves[owner], left, np.nan)
    found = Slopes(np.where(moves, PER_WEEKS * slope / scale, np.nan), np.zeros(n_units), count, pull, left)
    variance = covariance(weeks, found, found)
    # A sum over few lags can come out at nothing or below it; independent weeks are the least that is believed.
    least = 0.5 * PER_WEEKS**2 * np.bincount(owner, pull**2, minlength=n_units)
    return Slopes(found.value, np.maximum(variance, least), count, pull, left)


def covariance(weeks: Weeks, first: Slopes, second: Slopes) -> PerUnit:
    """Of the errors of two slopes in each unit, from what lines leave of both, up to three weeks apart."""
    owner = weeks.owner
    gamma, apart = [], []
    for lag in range(-_LAGS, _LAGS + 1):
        ahead = np.arange(len(owner)) + lag
        inside = (ahead >= 0) & (ahead < len(owner))
        to = np.clip(ahead, 0, max(len(owner) - 1, 0))
        inside &= owner[to] == owner
        both = np.where(inside, first.left * second.left[to], np.nan)
        gamma.append(float(np.nanmean(both)) if np.isfinite(both).any() else 0.0)
        cross = np.where(inside, first.pull * second.pull[to], 0.0)
        apart.append(np.bincount(owner, cross, minlength=len(weeks.starts)))
    given_back = _taken(weeks, first, second, np.array(gamma))
    total = sum((one + given_back) * product for one, product in zip(gamma, apart, strict=True))
    return np.asarray(PER_WEEKS**2 * total)


def _taken(weeks: Weeks, first: Slopes, second: Slopes, gamma: Float[np.ndarray, " lags"]) -> float:
    """What a line took from the covariance at every lag: level and slope, each as large as the sum over lags."""
    both = np.isfinite(first.left) & np.isfinite(second.left)
    n = np.bincount(weeks.owner[both], minlength=len(weeks.starts))
    typical = float(np.mean(n[n > 0])) if (n > 0).any() else float("inf")
    share = 2.0 / typical
    return float(share * gamma.sum() / max(1.0 - share * len(gamma), 0.3))
