"""Signs of two slopes against chance, four times over: whatever fakes them fails in one of the four."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from jaxtyping import Bool

from attunement.dynamics.decoupling_slopes import PerUnit, Slopes, covariance, slopes_of
from attunement.dynamics.decoupling_weeks import Weeks
from attunement.dynamics.drift_rows import mean_of
from attunement.statistics import Refused
from attunement.statistics.nulls import SignIndependence, sign_independence
from attunement.statistics.shrinkage import Shrunken, shrink_normal

BURN_IN = 2
"""Weeks at the start that no slope sees: whoever begins in a crisis comes back to their usual anyway."""

MORE_AT_START = 2
"""Further weeks that the count has to do without."""

LAST = 1
"""Weeks at the end that no slope sees: the last week of a relationship is one by having had contact."""

MORE_AT_END = 2
"""Further weeks that the count has to do without: an end that people see coming shows in them."""

LEFT_WEEKS = 4
"""Whoever was silent so many weeks before the end of the log has left."""

WITHOUT = 2.0
"""The count without the first and without the last weeks has fewer weeks: it has to hold at twice the rate."""

_WEEK_S = 7 * 86_400
_MONDAY_S = 4 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A pair of slopes, tested."""

    wanting: Slopes
    liking: Slopes
    free: PerUnit
    """The slope of liking without the error that it shares with that of wanting."""
    p: float
    """The largest of the four, those with fewer weeks halved."""
    excess: tuple[float, float, float]
    """Relationships in which wanting rose and liking fell, in 100, beyond what independent signs give; interval."""
    by_guard: dict[str, float]
    """Each of the four."""


def guarded(
    weeks: Weeks, wanting: str, liking: str, *, announced_end: datetime | None, level: float
) -> Guarded | Refused:
    """Count relationships in which wanting rose while liking fell, and hold the count against independent signs.

    Source: fisher1935; berger1982 for the largest of several p-values.
    """
    until = _week_of(announced_end)
    main = [slopes_of(weeks, one, _window(weeks, 0, 0, until)) for one in (wanting, liking)]
    free = without_shared(weeks, *main)
    counts: dict[str, SignIndependence | Refused] = {"all weeks": sign_independence(main[0].value, free)}
    late = [slopes_of(weeks, one, _window(weeks, 0, MORE_AT_END, until)) for one in (wanting, liking)]
    counts["without the last weeks"] = sign_independence(late[0].value, without_shared(weeks, *late))
    early = [slopes_of(weeks, one, _window(weeks, MORE_AT_START, 0, until)) for one in (wanting, liking)]
    start = [_at_start(weeks, one) for one in (wanting, liking)]
    counts["without the first weeks"] = sign_independence(
        *(_level_held(one, start) for one in (early[0].value, without_shared(weeks, *early)))
    )
    gone = _gone(weeks, until) & ~(main[0].known & main[1].known)
    counts["with those who left"] = sign_independence(*(np.where(gone, -1.0, one) for one in (main[0].value, free)))
    p = {name: 1.0 if isinstance(one, Refused) else one.p for name, one in counts.items()}
    for name in ("without the last weeks", "without the first weeks"):
        p[name] /= WITHOUT
    first = counts["all weeks"]
    if isinstance(first, Refused):
        return first
    return Guarded(
        wanting=main[0],
        liking=main[1],
        free=free,
        p=max(p.values()),
        excess=_excess(main[0].value, free, level=level),
        by_guard=p,
    )


def without_shared(weeks: Weeks, wanting: Slopes, liking: Slopes) -> PerUnit:
    """The slope of liking less the error that that of wanting foretells.

    A bad week brings people back and pleases them less, so that by chance alone slopes come to differ. Of the error of
    one slope, what the other one's own error foretells is known from what the lines leave.
    """
    both = wanting.known & liking.known
    shared = covariance(weeks, wanting, liking)
    shrunken = shrink_normal(wanting.value[both], wanting.variance[both]) if both.any() else None
    if not isinstance(shrunken, Shrunken):
        return liking.value
    error = wanting.value[both] - shrunken.mean
    free = liking.value.copy()
    free[both] -= shared[both] / wanting.variance[both] * error
    return np.asarray(free)


def _window(weeks: Weeks, more_at_start: int, more_at_end: int, until: int | None) -> Bool[np.ndarray, " weeks"]:
    inside = (weeks.place >= BURN_IN + more_at_start) & (weeks.left >= LAST + more_at_end)
    return inside if until is None else inside & (weeks.week < until - more_at_end)


def _week_of(when: datetime | None) -> int | None:
    return None if when is None else int((when.timestamp() - _MONDAY_S) // _WEEK_S)


def _at_start(weeks: Weeks, indicator: str) -> PerUnit:
    """The mean of the weeks that no slope sees; that of all units where it was not seen then."""
    y = weeks.value[indicator]
    use = (weeks.place < BURN_IN) & np.isfinite(y)
    n = np.bincount(weeks.owner[use], minlength=len(weeks.starts))
    total = np.bincount(weeks.owner[use], y[use], minlength=len(weeks.starts))
    mean = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    return np.asarray(np.where(np.isfinite(mean), mean, np.nanmean(mean) if n.any() else 0.0))


def _level_held(slope: PerUnit, start: list[PerUnit]) -> PerUnit:
    """Slopes less what levels at the start foretell, their mean kept."""
    known = np.isfinite(slope)
    if known.sum() < 10:
        return slope
    x = np.stack([one[known] - one[known].mean() for one in start], axis=1)
    held = slope.copy()
    held[known] -= x @ np.linalg.lstsq(x, slope[known] - slope[known].mean(), rcond=None)[0]
    return held


def _gone(weeks: Weeks, until: int | None) -> Bool[np.ndarray, " units"]:
    """Whether a unit fell silent long before the end, wherever its slopes were to be seen."""
    last = weeks.week[weeks.starts + weeks.size - 1]
    end = int(last.max()) if until is None else min(int(last.max()), until)
    return np.asarray(last < end - LEFT_WEEKS)


def _excess(wanting: PerUnit, free: PerUnit, *, level: float) -> tuple[float, float, float]:
    """Covariance of the two signs over units, in 100, with its interval."""
    both = (np.nan_to_num(wanting) != 0) & (np.nan_to_num(free) != 0)
    up, down = (wanting[both] > 0).astype(float), (free[both] < 0).astype(float)
    products = 100 * (up - up.mean()) * (down - down.mean())
    mean = mean_of(products, level=level)
    return mean.value, mean.low, mean.high
