"""An event study within persons: the level after a date less that before, against the same at dates of no event."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from attunement.dynamics.breaks_rows import FEWEST_A_SIDE, Line, PerUnit, jumps
from attunement.dynamics.drift_rows import Interval, interval
from attunement.statistics import Refused
from attunement.vocabulary import Missing

WINDOW_DAYS = 28.0
"""On either side of a date; fixed before any data were seen."""

FEWEST = 20
"""Relationships seen on both sides."""

FEWEST_PLACEBOS = 4.0
"""Windows' worth of dates of no event: with fewer it is not known what comes without one."""

FEWEST_PERIODS = 6
"""Windows over which the dates of people have to be spread to do without dates of no event."""

PerShift = Float[np.ndarray, "units shifts"]
Rows = Bool[np.ndarray, " rows"]

_STEP_DAYS = 7.0
_FARTHEST_DAYS = 364.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A jump at a date."""

    jump: Interval
    """Beyond what is usual between such windows at dates of no event, where those are known."""
    early: Interval | None
    """The same a window before the date, where nothing had happened yet."""
    usual: float | None
    """The median change at dates of no event."""
    n_placebos: float
    """Windows' worth of dates of no event."""
    n_weeks: int
    """Calendar weeks in which the sessions around the dates lie."""
    own: PerUnit
    """The jump in each relationship, not beyond anything; NaN where it was not seen."""
    own_variance: PerUnit

    def moved_to(self, value: float) -> Broken:
        """The same errors around another value."""
        by, was = value - self.jump.value, self.jump
        return replace(self, jump=Interval(value, was.low + by, was.high + by, was.p, was.n))


def study(line: Line, begin: PerUnit, end: PerUnit, *, level: float, window: float = WINDOW_DAYS) -> Broken | Refused:
    """The mean jump over relationships at their dates.

    Errors are clustered by relationship and by calendar week, since those who share a date share its news; where dates
    of no event vary more than that, by as much as these do.

    Args:
        line: one measure.
        begin: the date of each unit in days; NaN where it has none.
        end: when what came then was over.
        level: the coverage aimed at.
        window: days on either side.

    Source: cameron2011 for two-way clusters; student1908
    """
    steps = np.arange(window, _FARTHEST_DAYS + 1, _STEP_DAYS)
    length = float(np.nanmax(end - begin, initial=0.0))
    shifts = np.concatenate([[0.0], -steps - length, steps + length])
    change = jumps(line, begin, end, shifts, window)
    seen = np.isfinite(change[:, 0])
    n = int(seen.sum())
    if n < FEWEST:
        return Refused(
            reason=Missing.TOO_FEW,
            what=f"of {len(seen):,} relationships, {n:,} were seen in {FEWEST_A_SIDE} sessions or weeks on either side",
            do=f"{FEWEST} relationships that are seen within {window:.0f} days before and after",
        )
    means, counts = _means(change)
    usable = (counts >= max(n // 2, FEWEST)) & (shifts != 0)
    placebos = means[usable]
    n_placebos = float(usable.sum()) * _STEP_DAYS / window
    se_two_way, n_weeks = _two_way(line, begin, end, change[:, 0], window)
    spread = len(np.unique(np.floor(begin[seen] / window)))
    own_variance = _own_variance(line, begin, end, window)
    if n_placebos < FEWEST_PLACEBOS:
        if spread < FEWEST_PERIODS:
            return Refused(
                reason=Missing.NOT_IDENTIFIED,
                what="the log is so short that there are hardly dates of no event to hold it against",
                do=f"some {2 * (FEWEST_PLACEBOS + 2) * window / 7:.0f} weeks of log around it, or dates that differ"
                " between people",
            )
        jump = interval(float(means[0]), se_two_way, degrees=max(n_weeks - 2, 1), n=n, level=level)
        return Broken(
            jump=jump, early=None, usual=None, n_placebos=n_placebos, n_weeks=n_weeks, own=change[:, 0],
            own_variance=own_variance,
        )  # fmt: skip
    # The median, since the first weeks of people and changes at other dates are no usual ones.
    usual = float(np.median(placebos))
    # Neighbouring dates share most of their windows: a window's worth of them counts as one.
    sd = float(np.sqrt(np.mean((placebos - usual) ** 2) * n_placebos / (n_placebos - 1)))
    se = max(se_two_way, sd) * np.sqrt(1 + 1 / n_placebos)
    degrees = n_placebos - 1 if spread < FEWEST_PERIODS else max(n_placebos - 1, spread - 1)
    just_before = int(np.flatnonzero(shifts == -window - length)[0])
    early = None
    if usable[just_before]:
        n_early = int(counts[just_before])
        early = interval(float(means[just_before]) - usual, se, degrees=degrees, n=n_early, level=level)
    return Broken(
        jump=interval(float(means[0]) - usual, se, degrees=degrees, n=n, level=level),
        early=early,
        usual=usual,
        n_placebos=n_placebos,
        n_weeks=n_weeks,
        own=change[:, 0],
        own_variance=own_variance,
    )


def _means(change: PerShift) -> tuple[Float[np.ndarray, " shifts"], Int[np.ndarray, " shifts"]]:
    known = np.isfinite(change)
    counts = known.sum(axis=0)
    return np.where(known, change, 0.0).sum(axis=0) / np.maximum(counts, 1), counts


def _sides(line: Line, begin: PerUnit, end: PerUnit, window: float) -> tuple[Rows, Rows]:
    """Which rows lie in the window after the date, and in that before."""
    since, until = line.at - end[line.owner], line.at - begin[line.owner]
    after = (since >= line.half) & (since < window)
    before = (until >= -window) & (until < -line.half)
    return after, before


def _two_way(line: Line, begin: PerUnit, end: PerUnit, change: PerUnit, window: float) -> tuple[float, int]:
    """The standard error of the mean jump, rows clustered by relationship and by calendar week; and the weeks."""
    seen = np.isfinite(change)
    n = int(seen.sum())
    owner = line.owner
    after, before = (side & seen[owner] for side in _sides(line, begin, end, window))
    push, apart = np.zeros(len(owner)), np.zeros(len(owner))
    half = np.where(seen, change, 0.0).sum() / n / 2
    middle = np.zeros(len(line.starts))
    for side, sign in ((after, 1.0), (before, -1.0)):
        weight = np.where(side, line.weight, 0.0)
        total = np.maximum(np.bincount(owner, weight, minlength=len(line.starts)), 1e-300)
        mean = np.bincount(owner, weight * line.value, minlength=len(line.starts)) / total
        push += sign * weight / total[owner] / n
        middle += mean / 2
        apart += side * sign * half
    left = np.where(after | before, line.value - middle[owner] - apart, 0.0)
    score = push * left
    week = np.floor(line.at / 7).astype(np.int64)
    week -= week.min()
    of_unit, of_week = np.bincount(owner, score), np.bincount(week, score)
    _, cell = np.unique(owner * (week.max() + 1) + week, return_inverse=True)
    of_both = np.bincount(cell, score)
    n_weeks = len(np.unique(week[after | before]))
    by_unit = float(of_unit @ of_unit) * n / (n - 1)
    by_week = float(of_week @ of_week) * n_weeks / max(n_weeks - 2, 1)
    return float(np.sqrt(max(by_unit + by_week - float(of_both @ of_both), by_unit))), n_weeks


def _own_variance(line: Line, begin: PerUnit, end: PerUnit, window: float) -> PerUnit:
    """Of the error of each relationship's own jump: half from its own rows, half from those of all, with memory."""
    owner, n_units = line.owner, len(line.starts)
    total = np.zeros(n_units)
    degrees, inverse = np.zeros(n_units), np.zeros(n_units)
    apart = np.full(len(owner), np.nan)
    for side in _sides(line, begin, end, window):
        weight = np.where(side, line.weight, 0.0)
        size = np.bincount(owner, weight, minlength=n_units)
        count = np.bincount(owner[side], minlength=n_units)
        mean = np.bincount(owner, weight * line.value, minlength=n_units) / np.maximum(size, 1e-300)
        apart[side] = (line.value - mean[owner])[side]
        total += np.bincount(owner[side], apart[side] ** 2, minlength=n_units)
        degrees += np.maximum(count - 1, 0)
        squares = np.bincount(owner, weight**2, minlength=n_units)
        inverse += squares / np.where(size > 0, size, 1.0) ** 2
    pooled = float(total.sum() / max(degrees.sum(), 1.0))
    same = (owner[1:] == owner[:-1]) & np.isfinite(apart[1:] * apart[:-1])
    memory = float(np.mean((apart[1:] * apart[:-1])[same])) / pooled if same.any() and pooled > 0 else 0.0
    a_side = float(np.mean(degrees[degrees > 0])) / 2 + 1 if (degrees > 0).any() else 2.0
    # A mean taken out of a few rows hides some of their memory.
    memory = float(np.clip(memory + (1 + 3 * memory) / a_side, 0.0, 0.9))
    own = total / np.maximum(degrees, 1.0)
    return np.asarray(0.5 * (own + pooled) * inverse * (1 + memory) / (1 - memory))
