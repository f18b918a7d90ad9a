"""Learning a detector from reference units: the baseline from one half, what its e-values come to from the other."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int
from scipy import optimize

from attunement.errors import OptionError
from attunement.statistics.detectors import kernels
from attunement.statistics.detectors.detecting import LAMBDAS, Baseline, Detector, Reading, start, update
from attunement.statistics.detectors.observations import Observations, ordered

FEWEST_UNITS = 40
"""Fewer reference units, half of which learn and half of which calibrate, say too little of how units differ."""

FEWEST_ROWS = 1000
"""With fewer rows of reference the mean of an e-value is not known to a few per cent."""

MOST_UNITS = 1500
"""More units are not needed to learn eight numbers."""

DRIFT_TOLERATED = 0.25
"""Standard deviations of levels by which a stable level may wander in a year."""

DAYS_A_YEAR = 365.25

MARGIN = 1.0
"""Standard errors by which means of e-values are taken larger than they were found."""

BLOCKS = (5, 10, 20)
"""Rows over which sums of scores are compared with what independent scores would give."""

FEWEST_BLOCKS = 50

STILL = -14.0
"""The logarithm of a wandering (in variances between units a day) that is none."""

N_GROUPS = 10
"""Groups of units in which two baselines are compared."""

CLEARLY = 2.0
"""Standard errors, over groups, by which levels that wander must predict better than levels that stand still."""


def learn_detector(
    reference: Observations,
    *,
    average_run_length: float,
    drift_tolerated: float = DRIFT_TOLERATED,
    lambdas: tuple[float, ...] = LAMBDAS,
) -> Detector:
    """Learn a detector from units that are taken to be stable.

    One half of the units (every second one) fits the baseline, by the predictive density of each next row. The other
    half, which the fit never saw, says what the e-values of its scores come to: each e-value is divided by an upper
    confidence bound on its mean, and further by what sums of scores over blocks vary beyond independent ones, because
    real units forget more slowly, differ more and drift more than any baseline says.

    Args:
        reference: earlier rows, or rows of other units, of at least 40 units; best as long as what is to be watched.
            Units that did change do not make the detector false, only slow.
        average_run_length: rows that a stable unit shall have on average before its first alarm, at least.
        drift_tolerated: how far the level of a stable unit may wander in a year, in standard deviations of levels
            between units. Slow drift takes a year to show, so a reference of weeks cannot teach it: it has to be said.
            More means fewer alarms of people who change by and by, and fewer alarms of small sudden changes.
        lambdas: sizes of change, in standard deviations of an innovation, each twice the one before.

    Raises:
        OptionError: the reference has too few units or rows, or an option makes no sense.

    Assumes:  units are independent but for what they share in a period; those to be watched are like the reference.
    Source:   dawid1984 for the predictive fit; shin2024 for the mixture.
    Checked:  benchmarks/recovery/detectors.py
    """
    _check(reference, average_run_length=average_run_length, lambdas=lambdas)
    if not drift_tolerated >= 0:
        raise OptionError("the drift tolerated is negative", got=str(drift_tolerated), do="give 0 for none at all")
    reference = ordered(reference)
    units = np.unique(reference.unit)
    to_fit = np.isin(reference.unit, units[::2][:: max(1, len(units) // 2 // MOST_UNITS)])
    to_calibrate = np.isin(reference.unit, units[1::2])
    baseline = _fit(reference.rows(to_fit))
    slow = baseline.level_variance * drift_tolerated**2 / DAYS_A_YEAR
    baseline = replace(baseline, wander=max(baseline.wander, slow))
    reading = run_silently(baseline, reference.rows(to_calibrate), lambdas=lambdas)
    return Detector(
        baseline=baseline,
        lambdas=lambdas,
        log_mean=_log_mean(reading, np.array(lambdas)),
        average_run_length=average_run_length,
        n_units=len(units) // 2,
    )


def run_silently(baseline: Baseline, rows: Observations, *, lambdas: tuple[float, ...] = LAMBDAS) -> Reading:
    """Read rows with a baseline and no alarms, for their scores and the log predictive density."""
    plain = 0.5 * np.tile(np.array(lambdas), 2) ** 2
    silent = Detector(baseline=baseline, lambdas=lambdas, log_mean=plain, average_run_length=np.inf, n_units=0)
    return update(silent, start(silent), rows)


def _check(reference: Observations, *, average_run_length: float, lambdas: tuple[float, ...]) -> None:
    n_units = len(np.unique(reference.unit))
    if n_units < FEWEST_UNITS or len(reference) < FEWEST_ROWS:
        raise OptionError(
            "too few stable relationships to learn a detector from",
            got=f"{n_units} relationships with {len(reference)} rows",
            have=f"at least {FEWEST_UNITS} relationships with {FEWEST_ROWS} rows together are needed",
            do="wait for more, or learn from another deployment that measures the same",
        )
    if not average_run_length > 1:
        raise OptionError(
            "the average run length makes no sense", got=str(average_run_length), do="give a number of rows, say 5000"
        )
    if not lambdas or lambdas[0] <= 0 or any(b != 2 * a for a, b in pairwise(lambdas)):
        raise OptionError(
            "the sizes of change are not a doubling series",
            got=str(lambdas),
            have=f"for instance {LAMBDAS}",
            do="start from the smallest change that matters and double it",
        )
    if np.ptp(reference.value) == 0:
        raise OptionError("all reference values are the same", got=str(reference.value[0]), do="use another measure")


def _fit(rows: Observations) -> Baseline:
    """The baseline whose predictions of each next row are best, by the sum of log densities; then the common shock."""
    typical = _typical(rows)
    day = max(float(np.median(np.abs(_gaps(rows)))), 1e-6)

    def baseline(theta: Float[np.ndarray, " parameters"]) -> Baseline:
        level, decay, share, wander, first, scale, most = (float(number) for number in theta)
        shape = 1.0 + float(np.exp(first))
        variance = typical.rate_first / typical.shape_first * float(np.exp(scale))
        return Baseline(
            # Not fitted: what all units share could take up any mean, and a lone unit would be held against it.
            mean=typical.mean,
            level_variance=typical.level_variance * float(np.exp(level)),
            decay=float(np.exp(decay)) / day,
            wave_share=1 / (1 + float(np.exp(-share))),
            wander=typical.level_variance * float(np.exp(wander)) / day,
            shape_first=shape,
            rate_first=shape * variance,
            shape_most=shape + float(np.exp(most)),
            shock=typical.shock,
        )

    def loss(theta: Float[np.ndarray, " parameters"]) -> float:
        log_score = run_silently(baseline(theta), rows).log_score
        return -log_score / len(rows) if np.isfinite(log_score) else 1e6

    def search(first: Float[np.ndarray, " parameters"], *, wanders: bool) -> Float[np.ndarray, " parameters"]:
        wander = (STILL, 0) if wanders else (STILL, STILL)
        bounds = [(-4, 3), (-5, 3), (-6, 4), wander, (-1, 5), (-2, 2), (0, 6)]
        options = {"maxiter": 40, "eps": 1e-4}
        return np.asarray(optimize.minimize(loss, first, method="L-BFGS-B", bounds=bounds, options=options).x)

    theta = search(np.array([0.0, -0.7, -0.7, STILL, 1.5, 0.0, 4.0]), wanders=False)
    # A level that is said to wander hides every slow change, so wandering has to be seen before it is believed.
    trial = np.array([*theta[:3], -6.0, *theta[4:]])
    if loss(trial) < loss(theta):
        wandering = search(trial, wanders=True)
        if _better(baseline(wandering), baseline(theta), rows):
            theta = wandering
    fitted = baseline(theta)
    return replace(fitted, shock=_shock(run_silently(fitted, rows), fitted))


def _better(one: Baseline, other: Baseline, rows: Observations) -> bool:
    """Whether one baseline predicts better than another in most groups of units, and not in a few wild ones alone."""
    _, index = np.unique(rows.unit, return_inverse=True)
    groups = [rows.rows(index % N_GROUPS == group) for group in range(N_GROUPS)]
    gains = [run_silently(one, some).log_score - run_silently(other, some).log_score for some in groups]
    return bool(np.mean(gains) > CLEARLY * np.std(gains, ddof=1) / np.sqrt(N_GROUPS))


def _typical(rows: Observations) -> Baseline:
    """Round figures to start from: variances between and within units."""
    _, index = np.unique(rows.unit, return_inverse=True)
    n = np.bincount(index)
    means = np.bincount(index, rows.value) / n
    within = float(np.sum((rows.value - means[index]) ** 2) / max(len(rows) - len(n), 1))
    between = max(float(np.var(means) - within * np.mean(1 / n)), 0.05 * within)
    return Baseline(
        mean=float(means.mean()),
        level_variance=between,
        decay=1.0,
        wave_share=0.5,
        wander=0.0,
        shape_first=4.0,
        rate_first=4.0 * within,
        shape_most=50.0,
        shock=0.02 * within,
    )


def _gaps(rows: Observations) -> Float[np.ndarray, " gaps"]:
    """Days from each row of a unit to its next."""
    order = np.lexsort((rows.time, rows.unit))
    same = np.diff(rows.unit[order]) == 0
    gaps = np.diff(rows.time[order])[same]
    return gaps[gaps > 0] if np.any(gaps > 0) else np.ones(1)


def _shock(reading: Reading, fitted: Baseline) -> float:
    """The variance of common steps from day to day, beyond that of an average of so many units; releases left out.

    Taken two standard errors too large, and never nothing: what is not absorbed here becomes thousands of alarms.
    """
    within = fitted.rate_first / fitted.shape_first
    seen = reading.shared.score != 0
    seen[:1] = False  # the first period finds the level of the deployment; that is no step
    n = int(seen.sum())
    floor = 1e-4 * within
    if n < 5:
        return max(0.02 * within, floor)
    step = reading.shared.step[seen]
    size = float(np.median(np.abs(step - np.median(step)))) / 0.6745
    rows_a_period = len(reading.rows) / max(len(reading.shared.period), 1)
    # The common level is estimated anew each period, so a step holds the noise of two averages.
    noise = 2 * (within + 0.5 * fitted.level_variance / max(n, 1)) / rows_a_period
    return max((size**2 - noise) * (1 + 2 * float(np.sqrt(2 / n))), floor)


def _log_mean(reading: Reading, lambdas: Float[np.ndarray, " lambdas"]) -> Float[np.ndarray, " sides_lambdas"]:
    """Upper bounds on log E exp(lambda score), and on what blocks of scores vary beyond independent ones."""
    score = np.clip(reading.score, -kernels.CLIP, kernels.CLIP)
    _, index = np.unique(reading.rows.unit, return_inverse=True)
    excess = _block_excess(score, index)
    bounds = []
    for sign in (1.0, -1.0):
        for size in lambdas:
            mean, se = _clustered_mean(np.exp(sign * size * score), index)
            # Never less than a normal score's: short references can look too calm by luck.
            bounds.append(max(np.log(mean + MARGIN * se), 0.5 * size**2) + 0.5 * size**2 * excess)
    return np.array(bounds)


def _block_excess(score: Float[np.ndarray, " rows"], index: Int[np.ndarray, " rows"]) -> float:
    """By how much the variance of a sum over a block is larger, per row, than if its scores were independent.

    Upper bound; the largest over lengths of blocks. It holds what is left of memory, drift and personal levels.
    """
    order = np.argsort(index, kind="stable")
    score, index = score[order], index[order]
    within = np.arange(len(index)) - np.searchsorted(index, index)
    length = np.bincount(index)[index]
    excess = 0.0
    centred = score - score.mean()
    for n_rows in BLOCKS:
        whole = within < length // n_rows * n_rows
        if whole.sum() < FEWEST_BLOCKS * n_rows:
            continue
        total = np.add.reduceat(centred[whole], np.arange(0, whole.sum(), n_rows))
        squares = np.add.reduceat(centred[whole] ** 2, np.arange(0, whole.sum(), n_rows))
        mean, se = _clustered_mean((total**2 - squares) / n_rows, index[whole][::n_rows])
        excess = max(excess, mean + MARGIN * se)
    return excess


def _clustered_mean(value: Float[np.ndarray, " rows"], index: Int[np.ndarray, " rows"]) -> tuple[float, float]:
    """A mean over rows and its standard error, rows of a unit being alike."""
    mean = float(value.mean())
    total = np.bincount(index, value - mean)
    n = max(int(np.count_nonzero(np.bincount(index))), 2)
    return mean, float(np.sqrt(np.sum(total**2) * n / (n - 1)) / len(value))
