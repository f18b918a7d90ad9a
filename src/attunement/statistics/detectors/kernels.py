"""The compiled arithmetic of detectors: one cell of numbers a unit, read and written in place, row by row.

A cell holds the belief about a unit's level, its wave around the level (an Ornstein-Uhlenbeck process, in units of the
personal scale) and its personal scale, and the Shiryaev-Roberts sums. Nothing here checks its arguments, and nothing
depends on the place of a row in its batch, so that a history read in parts gives the same bits as one read whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast, no_type_check

import numpy as np

from attunement.statistics.compiling import numba

F = TypeVar("F", bound=Callable[..., Any])

LEVEL, WAVE, P_LEVEL, P_BOTH, P_WAVE, SHAPE, RATE, LAST, N_SINCE, N_ALL, RAISED, SUMS = range(12)
"""Places in a cell: level, wave, variances, scale^2 (inverse gamma), time, counts, alarm, sums."""

MEAN, LEVEL_VARIANCE, DECAY, WAVE_SHARE, WANDER, SHAPE_FIRST, RATE_FIRST, SHAPE_MOST, SHOCK = range(9)
"""Places in the vector of a baseline."""

SHIFT, P_SHIFT, LAST_PERIOD, N_PERIODS, SHARED_SUMS = range(5)
"""Places in what is shared by all units: the common level, its variance, period, count, then the sums."""

CLIP = 4.0
"""Scores are cut off here, so that one wild value can multiply the evidence by a bounded factor only."""

SHARED_CLIP = 8.0
"""The same for what all units share: a release comes in one step, and one step has to be evidence enough."""

LARGEST = 1e290
"""Sums stop here, short of infinity."""

BELIEVED = 3.0
"""A surprise beyond so many standard deviations moves the beliefs no farther (Huber's rule)."""

MOST = 512
"""What units share is taken from about so many of them, evenly spaced; more would not make it better known."""

FEWEST = 8
"""With fewer units in a period nothing is said about what they share."""


def compiled(function: F) -> F:
    """Numba's `njit`, keeping the type. No fast mathematics: the same row must give the same bits in any batch."""
    return cast("F", numba.njit(nogil=True, cache=True, error_model="numpy")(function))


@compiled
@no_type_check
def _predict(cells, at, gap, kept, base):
    """The belief about a unit just before a row: level, wave, their (co)variances, and the variance of its scale."""
    if cells[at, N_ALL] == 0.0:
        level, wave = base[MEAN], 0.0
        p_level, p_both, p_wave = base[LEVEL_VARIANCE], 0.0, base[WAVE_SHARE]
        variance = base[RATE_FIRST] / base[SHAPE_FIRST]
    else:
        level, wave = cells[at, LEVEL], kept * cells[at, WAVE]
        p_level = cells[at, P_LEVEL] + base[WANDER] * gap
        p_both = kept * cells[at, P_BOTH]
        p_wave = base[WAVE_SHARE] + kept * kept * (cells[at, P_WAVE] - base[WAVE_SHARE])
        variance = cells[at, RATE] / cells[at, SHAPE]
    return level, wave, p_level, p_both, p_wave, variance


@compiled
@no_type_check
def _kept(cells, at, time, gap_before, kept_before, base):
    """The gap since the unit's last row, and how much of its wave is left; most rows of a day have one and the same."""
    gap = time - cells[at, LAST] if cells[at, N_ALL] > 0.0 else 0.0
    if gap == gap_before:
        return gap, kept_before
    return gap, math.exp(-base[DECAY] * gap)


@compiled
@no_type_check
def normal_score(r, surety):
    """The standard normal value as far out as r is in Student's t with 1 / surety degrees of freedom.

    Wallace's closed form (wallace1959), off by at most .02 from four degrees on; what is off, calibration takes in.
    """
    size = math.sqrt(math.log(1.0 + r * r * surety) / surety) * ((8.0 + surety) / (8.0 + 3.0 * surety))
    return size if r > 0.0 else -size


@compiled
@no_type_check
def _update(cells, at, time, gap, kept, value, se, shift, p_shift, base):
    """Condition the beliefs of a cell on a row; give its score, its surprise in SDs, their variance and the surety."""
    level, wave, p_level, p_both, p_wave, variance = _predict(cells, at, gap, kept, base)
    shape = cells[at, SHAPE] if cells[at, N_ALL] > 0.0 else base[SHAPE_FIRST]
    scale = math.sqrt(variance)
    own = variance * (p_wave + 1.0 - base[WAVE_SHARE])
    spread = p_level + 2.0 * scale * p_both + own + se * se + p_shift
    per_root = 1.0 / math.sqrt(spread)
    r = (value - shift - level - scale * wave) * per_root
    # The scale is uncertain, and it makes up a share of the variance: Satterthwaite's degrees of freedom, inverted.
    share = own * per_root * per_root
    surety = 0.5 * share * share / shape + 1e-12
    score = normal_score(r, surety)
    believed = min(max(r, -BELIEVED), BELIEVED)
    to_level = (p_level + scale * p_both) * per_root
    to_wave = (p_both + scale * p_wave) * per_root
    cells[at, LEVEL] = level + to_level * believed
    cells[at, WAVE] = wave + to_wave * believed
    cells[at, P_LEVEL] = p_level - to_level * to_level
    cells[at, P_BOTH] = p_both - to_level * to_wave
    cells[at, P_WAVE] = p_wave - to_wave * to_wave
    # Only the share of a surprise that is the person's own scale says something about that scale.
    shape_next = shape + 0.5 * share
    rate_next = variance * (shape + 0.5 * share * believed * believed)
    if shape_next > base[SHAPE_MOST]:
        rate_next *= base[SHAPE_MOST] / shape_next
        shape_next = base[SHAPE_MOST]
    cells[at, SHAPE], cells[at, RATE] = shape_next, rate_next
    cells[at, LAST] = time
    cells[at, N_ALL] += 1.0
    return score, r, spread, surety


@compiled
@no_type_check
def _log_density(r, spread, surety):
    """Student's log density of a surprise of r standard deviations."""
    degrees = 1.0 / surety
    size = math.lgamma(0.5 * degrees + 0.5) - math.lgamma(0.5 * degrees) - 0.5 * math.log(degrees * math.pi * spread)
    return size - 0.5 * (degrees + 1.0) * math.log1p(r * r / degrees)


@compiled
@no_type_check
def _shared_surprise(surprise, spread):
    """Huber's estimate of what all units of a period have in common, and its variance."""
    shared = np.median(surprise)
    top, bottom, noise = 0.0, 0.0, 0.0
    for _ in range(3):
        top, bottom, noise = 0.0, 0.0, 0.0
        for i in range(len(surprise)):
            off = surprise[i] - shared
            limit = 1.5 * math.sqrt(spread[i])
            cut = min(max(off, -limit), limit)
            top += cut / spread[i]
            noise += cut * cut / (spread[i] * spread[i])
            if cut == off:
                bottom += 1.0 / spread[i]
        if bottom == 0.0:
            return shared, np.inf
        shared += top / bottom
    return shared, noise / (bottom * bottom)


@compiled
@no_type_check
def _shared_evidence(shared):
    total = 0.0
    for k in range(SHARED_SUMS, len(shared)):
        total += shared[k]
    return total / (len(shared) - SHARED_SUMS)


@compiled
@no_type_check
def _absorb(shared, period, surprise, spread, shock, lambdas):
    """Move the common level by what a period's units have in common, and update its own evidence of a change."""
    n_lambdas = len(lambdas)
    elapsed = period - shared[LAST_PERIOD] if shared[N_PERIODS] > 0.0 else 0.0
    shared[LAST_PERIOD] = period
    if len(surprise) < FEWEST:  # each unit's own level takes up what it cannot tell from a common one
        return 0.0, 0.0, _shared_evidence(shared)
    shared[P_SHIFT] += shock * elapsed
    moved, noise = _shared_surprise(surprise, spread)
    score = moved / math.sqrt(shared[P_SHIFT] + noise)
    if math.fabs(score) > CLIP:
        # A release moves everyone at once by more than days ever do: take the step whole, and at once.
        shared[P_SHIFT] += moved * moved
    gain = shared[P_SHIFT] / (shared[P_SHIFT] + noise)
    shared[SHIFT] += gain * moved
    shared[P_SHIFT] *= 1.0 - gain
    if shared[N_PERIODS] > 0.0:
        cut = min(max(score, -SHARED_CLIP), SHARED_CLIP)
        for k in range(n_lambdas):
            size = lambdas[k]
            up, down = SHARED_SUMS + k, SHARED_SUMS + n_lambdas + k
            shared[up] = (1.0 + shared[up]) * math.exp(size * cut - 0.5 * size * size)
            shared[down] = (1.0 + shared[down]) * math.exp(-size * cut - 0.5 * size * size)
    shared[N_PERIODS] += 1.0
    return moved, score, _shared_evidence(shared)


@compiled
@no_type_check
def _accumulate(cells, at, score, unit_power, factors, threshold):
    """The Shiryaev-Roberts sums after a score; gives the evidence, and the sign of the change where an alarm is raised.

    The sizes of change are unit_power times 1, 2, 4, ...: one exponential serves them all.
    """
    n_lambdas = len(factors) // 2
    cut = min(max(score, -CLIP), CLIP)
    up = math.exp(unit_power * cut)
    down = 1.0 / up
    sum_up, sum_down = 0.0, 0.0
    for k in range(n_lambdas):
        one = min((1.0 + cells[at, SUMS + k]) * (up * factors[k]), LARGEST)
        other = min((1.0 + cells[at, SUMS + n_lambdas + k]) * (down * factors[n_lambdas + k]), LARGEST)
        cells[at, SUMS + k] = one
        cells[at, SUMS + n_lambdas + k] = other
        sum_up += one
        sum_down += other
        up *= up
        down *= down
    cells[at, N_SINCE] += 1.0
    evidence = (sum_up + sum_down) / (2 * n_lambdas)
    if evidence < threshold or cells[at, RAISED] != 0.0:
        return evidence, 0
    cells[at, RAISED] = 1.0 if sum_up >= sum_down else -1.0
    return evidence, int(cells[at, RAISED])


@compiled
@no_type_check
def read_rows(cells, shared, rows, by_period, detector, out):
    """Read rows period by period into cells; give the sum of the log predictive densities.

    Args:
        cells: (units, fields), written to.
        shared: what all units share, written to.
        rows: the cell of each row, its time, value and standard error, (n) each.
        by_period: which periods there are (periods), and where the rows of each begin and the last end (periods + 1).
        detector: the baseline (fields), one over the mean of each e-value of stable units (2 lambdas), the lambdas,
            each twice the one before, and the threshold of alarms.
        out: written to: scores, evidence and signs of alarms (n); common steps, their scores and evidence (periods, 3).
    """
    index, time, value, se = rows
    periods, bounds = by_period
    base, factors, lambdas, threshold = detector
    out_score, out_evidence, out_alarm, out_shared = out
    surprise, spread = np.empty(2 * MOST), np.empty(2 * MOST)
    score_sum, gap, kept = 0.0, 0.0, 1.0
    for p in range(len(periods)):
        first, last = bounds[p], bounds[p + 1]
        n = 0
        for i in range(first, last, max(1, (last - first) // MOST)):
            if i > first and index[i] == index[i - 1]:
                continue  # a unit's later row of this period: its own earlier one predicts it
            at = index[i]
            gap, kept = _kept(cells, at, time[i], gap, kept, base)
            level, wave, p_level, p_both, p_wave, variance = _predict(cells, at, gap, kept, base)
            scale = math.sqrt(variance)
            surprise[n] = value[i] - shared[SHIFT] - level - scale * wave
            spread[n] = p_level + 2.0 * scale * p_both + variance * (p_wave + 1.0 - base[WAVE_SHARE]) + se[i] * se[i]
            n += 1
        out_shared[p, 0], out_shared[p, 1], out_shared[p, 2] = _absorb(
            shared, periods[p], surprise[:n], spread[:n], base[SHOCK], lambdas
        )
        shift = shared[SHIFT]
        p_shift = shared[P_SHIFT] if shared[N_PERIODS] > 0.0 else 0.0
        for i in range(first, last):
            at = index[i]
            gap, kept = _kept(cells, at, time[i], gap, kept, base)
            score, r, variance, surety = _update(cells, at, time[i], gap, kept, value[i], se[i], shift, p_shift, base)
            if threshold == np.inf:  # learning: densities are wanted, and alarms are not
                score_sum += _log_density(r, variance, surety)
            out_score[i] = score
            out_evidence[i], out_alarm[i] = _accumulate(cells, at, score, lambdas[0], factors, threshold)
    return score_sum
