"""Where a series breaks at a time that nobody named: a search over cuts, held against series without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from attunement.dynamics.breaks_rows import Line, PerUnit
from attunement.statistics.nulls import Arrangement, BlockShuffles, permutation_test

MIN_ROWS = 60
"""Sessions of a relationship: with fewer, shuffled blocks are too few to say what comes without a break."""

BLOCK = 12
"""Sessions that are shuffled as one, so that their memory stays."""

MIN_WEEKS = 36
"""Weeks of a log in which enough relationships were seen."""

BLOCK_WEEKS = 6

BURN_IN_DAYS = 28.0
"""Of each relationship, which no search sees: whoever begins low or high comes back to their usual."""

FEWEST_A_WEEK = 20
"""Relationships of a week, from which on their mean says something of all."""

_EDGE = 0.15
_LEAST_EDGE = 6
_ROUNDS = 10

Drawn = Float[np.ndarray, "draws rows"]
PerRow = Float[np.ndarray, " rows"]
Rows = Bool[np.ndarray, " rows"]
PerWeek = Float[np.ndarray, " weeks"]


@dataclass(frozen=True, slots=True)
class Scanned:
    """The best cut of each unit."""

    p: PerUnit
    """That series without a break have one as clear somewhere."""
    when: PerUnit
    """The day of the cut."""
    cut: Int[np.ndarray, " units"]
    """The first row after it."""


def scan_each(line: Line, *, rng: np.random.Generator, n_draws: int) -> Scanned:
    """The best cut of each relationship, all of which have at least `MIN_ROWS` rows.

    Source: page1954 for sums against their mean; kunsch1989 for blocks.
    """
    arrangement = BlockShuffles(starts=line.starts, n_rows=len(line.at), block=BLOCK)
    return _scanned(line.value, line.starts, line.at, arrangement, straight=False, rng=rng, n_draws=n_draws)


def scan_all(week: PerWeek, mean: PerWeek, *, rng: np.random.Generator, n_draws: int) -> Scanned:
    """The best cut of the weekly means of all relationships, beyond a straight line through them."""
    starts = np.zeros(1, dtype=np.int64)
    arrangement = BlockShuffles(starts=starts, n_rows=len(mean), block=BLOCK_WEEKS)
    return _scanned(_less_line(mean[None])[0], starts, week, arrangement, straight=True, rng=rng, n_draws=n_draws)


def best_week(week: PerWeek, mean: PerWeek) -> float:
    """The day of the best cut of weekly means, untested."""
    starts = np.zeros(1, dtype=np.int64)
    clear = _clearness(starts, len(mean), straight=True)(mean[None])[0]
    cut = int(np.argmax(clear))
    return float(week[cut] + week[cut - 1]) / 2


def _scanned(
    value: Float[np.ndarray, " rows"],
    starts: Int[np.ndarray, " units"],
    at: Float[np.ndarray, " rows"],
    arrangement: Arrangement,
    *,
    straight: bool,
    rng: np.random.Generator,
    n_draws: int,
) -> Scanned:
    clear = _clearness(starts, len(value), straight=straight)
    tested = permutation_test(
        lambda drawn: np.maximum.reduceat(clear(drawn), starts, axis=1), value, arrangement, rng=rng, n_draws=n_draws
    )
    cut = _best(clear(value[None])[0], starts)
    return Scanned(tested.p_high, (at[cut] + at[cut - 1]) / 2, cut)


def _best(clear: Float[np.ndarray, " rows"], starts: Int[np.ndarray, " units"]) -> Int[np.ndarray, " units"]:
    """The row of each unit where a cut before it is clearest; the first of them."""
    owner = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(clear))))
    first = np.flatnonzero(clear == np.maximum.reduceat(clear, starts)[owner])
    return np.asarray(first[np.searchsorted(first, starts)])


def _clearness(starts: Int[np.ndarray, " units"], n_rows: int, *, straight: bool) -> Callable[[Drawn], Drawn]:
    """How clear a cut before each row is, for many copies of all series; -1 where no cut may be."""
    size = np.diff(np.append(starts, n_rows))
    owner = np.repeat(np.arange(len(starts)), size)
    place = (np.arange(n_rows) - starts[owner]).astype(float)
    edge = np.maximum(np.ceil(_EDGE * size), _LEAST_EDGE)[owner]
    allowed = (place >= edge) & (place <= size[owner] - edge)
    weight = _step_size(place, size[owner].astype(float), straight=straight)

    def clear(drawn: Drawn) -> Drawn:
        if straight:
            drawn = _less_line(drawn)
        before = np.cumsum(drawn, axis=1) - drawn
        before -= before[:, starts][:, owner]
        total = np.add.reduceat(drawn, starts, axis=1)[:, owner]
        return np.where(allowed, np.abs(before - place / size[owner] * total) * weight, -1.0)

    return clear


def _step_size(
    place: Float[np.ndarray, " rows"], size: Float[np.ndarray, " rows"], *, straight: bool
) -> Float[np.ndarray, " rows"]:
    """What sums up to a row are divided by: the size of a step there, what a straight line takes of it left out."""
    share = np.clip(place / size, 1e-9, 1 - 1e-9)
    left = size * share * (1 - share)
    if straight:
        left *= np.maximum(1 - 3 * share * (1 - share), 1e-9)
    return np.asarray(1 / np.sqrt(left))


def _less_line(drawn: Drawn) -> Drawn:
    x = np.arange(drawn.shape[1]) - (drawn.shape[1] - 1) / 2
    slope = drawn @ x / (x @ x)
    return np.asarray(drawn - drawn.mean(axis=1, keepdims=True) - slope[:, None] * x)


def settled(line: Line) -> Line:
    """The rows of each relationship after its first four weeks."""
    owner = line.owner
    use = line.at >= line.at[line.starts][owner] + BURN_IN_DAYS
    size = np.bincount(owner[use], minlength=len(line.starts))
    some = size > 0
    starts = (np.cumsum(size) - size)[some]
    return Line(line.relationship[some], starts, line.at[use], line.value[use], line.weight[use], line.half)


def weekly_means(line: Line) -> tuple[PerWeek, PerWeek]:
    """Days of weeks in which enough were seen, and by how much all of them stood above their own level then."""
    if not len(line.at):
        return np.zeros(0), np.zeros(0)
    week = np.floor((line.at - 4) / 7).astype(np.int64)
    first, n_units = int(week.min()), len(line.starts)
    owner, n_weeks = line.owner, int(week.max()) - first + 1
    week -= first
    pairs = np.unique(week * n_units + owner)
    enough = np.bincount(pairs // n_units, minlength=n_weeks) >= FEWEST_A_WEEK
    w = line.weight * enough[week]
    of_unit = np.maximum(np.bincount(owner, w, minlength=n_units), 1e-9)
    of_week = np.maximum(np.bincount(week, w, minlength=n_weeks), 1e-9)
    mean = np.zeros(n_weeks)
    for _ in range(_ROUNDS):
        level = np.bincount(owner, w * (line.value - mean[week]), minlength=n_units) / of_unit
        mean = np.bincount(week, w * (line.value - level[owner]), minlength=n_weeks) / of_week
    return (np.flatnonzero(enough) + first) * 7.0 + 7.5, mean[enough]


def own_jumps(line: Line) -> tuple[PerUnit, PerUnit]:
    """The jump of each relationship where it breaks best, and the variance of its error.

    The cut is looked for in every other block of sessions and the jump read off the blocks between, and the other way
    round: read off the sessions that chose the cut, it would be too large.
    """
    owner, n_units = line.owner, len(line.starts)
    block = (np.arange(len(owner)) - line.starts[owner]) // (BLOCK // 2) % 2 == 1
    change, variance = np.zeros((2, n_units)), np.zeros((2, n_units))
    for side, chooses in enumerate((block, ~block)):
        rows = np.flatnonzero(chooses)
        starts = np.flatnonzero(np.append(True, owner[rows][1:] != owner[rows][:-1]))
        cut = rows[_best(_clearness(starts, len(rows), straight=False)(line.value[rows][None])[0], starts)]
        after = np.arange(len(owner)) >= cut[owner]
        change[side], variance[side] = _difference(line, after, ~chooses)
    # Both ways use other sessions, but much the same cut: their mean is not taken to be surer than either.
    return change.mean(axis=0), variance.mean(axis=0)


def _difference(line: Line, after: Rows, use: Rows) -> tuple[PerUnit, PerUnit]:
    owner, n_units = line.owner, len(line.starts)
    n, mean = [], []
    left = line.value.copy()
    for side in (use & after, use & ~after):
        n.append(np.maximum(np.bincount(owner[side], minlength=n_units), 1))
        mean.append(np.bincount(owner[side], line.value[side], minlength=n_units) / n[-1])
        left[side] -= mean[-1][owner[side]]
    left = np.where(use, left, np.nan)
    same = (owner[1:] == owner[:-1]) & np.isfinite(left[1:] * left[:-1])
    square = np.bincount(owner[use], left[use] ** 2, minlength=n_units) / np.maximum(n[0] + n[1] - 2, 1)
    near = float(np.mean((left[1:] * left[:-1])[same])) if same.any() else 0.0
    memory = float(np.clip(near / max(float(np.nanmean(left**2)), 1e-300), 0.0, 0.9))
    # Half of the rows are left out between, so that memory counts less than in whole series.
    return mean[0] - mean[1], np.maximum(square, 1e-300) * (1 / n[0] + 1 / n[1]) * (1 + memory) / (1 - memory)
