"""Do mean lagged effects come right, and hold the truth as often as they say, where every unit has slopes of its own?

Beside them stand a pooled regression, one about each unit's mean, and the mean of units without the jackknife. Rows
`irregular`, `bounded` and `switch` break what the estimator assumes: they say what that costs. In `switch` the effects of
series on each other grow by half after the middle; the truth is their mean over time. In `noisy` scores err, and the
variance of their errors is not said, said, or said too small. Rows `shared` have shocks that
all units take in one week and no effect: they say what to count for that.
"""

from __future__ import annotations

import sys
import time as clock
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from recovery.drifting import Truth, simulate
from scipy import special
from scipy.linalg import expm

from attunement.statistics.mean_group import MeanGroup, direction_difference, fit_mean_group

MEAN = np.array([[0.35, 0.15], [0.05, 0.40]])


def panel(
    rng: np.random.Generator,
    *,
    n_units: int,
    n_steps: int,
    mean: np.ndarray = MEAN,
    slope_sd: float = 0.12,
    noise_sd: float = 0.0,
    shock_sd: float = 0.0,
    unbalanced: bool = False,
    heavy: bool = False,
    bounded: bool = False,
    switch: float = 1.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Values, starts, the slopes of each unit, and the week of each row; slopes are drawn again where not stable.

    Args:
        switch: what effects between series are multiplied by after the middle, and divided by before it.
    """
    slopes = mean + slope_sd * rng.standard_normal((n_units, 2, 2))
    while (bad := np.abs(np.linalg.eigvals(slopes)).max(axis=1) > 0.95).any():
        slopes[bad] = mean + slope_sd * rng.standard_normal((int(bad.sum()), 2, 2))
    level = rng.standard_normal((n_units, 2)) @ np.linalg.cholesky(np.array([[1.0, 0.5], [0.5, 1.0]])).T
    burn = 50
    state = np.zeros((n_units, 2))
    values = np.empty((n_units, n_steps, 2))
    shock = shock_sd * rng.standard_normal((burn + n_steps, 1, 2))
    for t in range(burn + n_steps):
        now = slopes.copy()
        now[:, [0, 1], [1, 0]] *= 2 * (switch if t >= burn + n_steps // 2 else 1.0) / (1 + switch)
        new = rng.standard_t(3, (n_units, 2)) / np.sqrt(3) if heavy else rng.standard_normal((n_units, 2))
        state = np.einsum("uij,uj->ui", now, state) + new + shock[t]
        if t >= burn:
            values[:, t - burn] = level + state
    values += noise_sd * rng.standard_normal(values.shape)
    if bounded:  # scores from 1 to 7 in whole steps, with people at both ends
        values = np.clip(np.round(4 + 1.5 * values), 1, 7)
    n = np.full(n_units, n_steps)
    if unbalanced:
        n = rng.integers(n_steps // 2, n_steps + 1, n_units)
    keep_rows = np.arange(n_steps) < n[:, None]
    starts = np.concatenate([[0], np.cumsum(n)[:-1]])
    week = np.broadcast_to(np.arange(n_steps), (n_units, n_steps))[keep_rows]
    return values[keep_rows], starts, slopes, week


def pooled(values: np.ndarray, starts: np.ndarray, *, within: bool) -> tuple[np.ndarray, np.ndarray]:
    """One regression for all units, with errors clustered by unit."""
    unit = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(values))))
    row = np.setdiff1d(np.arange(len(values)), starts)
    x, y, unit = values[row - 1], values[row], unit[row]
    n = np.bincount(unit)

    def centred(column: np.ndarray) -> np.ndarray:
        if not within:
            return column - column.mean(axis=0)
        return column - np.stack([np.bincount(unit, one) / n for one in column.T], axis=1)[unit]

    x, y = centred(x), centred(y)
    inverse = np.linalg.inv(x.T @ x)
    slope = inverse @ x.T @ y
    se = np.empty((2, 2))
    for outcome in range(2):
        score = x * (y - x @ slope)[:, [outcome]]
        by_unit = np.stack([np.bincount(unit, one) for one in score.T], axis=1)
        se[outcome] = np.sqrt(np.diag(inverse @ by_unit.T @ by_unit @ inverse))
    return slope.T, se


def recovered(
    rng: np.random.Generator,
    *,
    n_runs: int,
    truth: np.ndarray = MEAN,
    cluster: bool = False,
    said: float | None = None,
    **design,
) -> dict:
    """Bias and coverage of each estimator, and whether the variance of units' own estimates is right.

    Args:
        said: standard deviation that the scores' errors are said to have.
    """
    got: dict[str, list] = {}
    ratios, differences = [], []
    true_difference = truth[0, 1] - truth[1, 0]
    for _ in range(n_runs):
        values, starts, slopes, week = panel(rng, mean=truth, **design)
        fit = fit_mean_group(values, starts)
        assert isinstance(fit, MeanGroup)
        n_units = len(fit.unit)
        plain_se = fit.se  # of about the same size; the bias is what fails
        rows = {
            "pooled": pooled(values, starts, within=False),
            "about own mean": pooled(values, starts, within=True),
            "mean group": (fit.uncorrected, plain_se),
            "mean group, jackknife": (fit.value, fit.se),
        }
        if cluster:
            shared = fit_mean_group(values, starts, period=week)
            assert isinstance(shared, MeanGroup)
            rows["mean group, jackknife, weeks"] = (shared.value, shared.se)
        if said is not None:
            known = fit_mean_group(values, starts, noise_variance=np.full(values.shape, said**2))
            assert isinstance(known, MeanGroup)
            rows["mean group, jackknife, noise known"] = (known.value, known.se)
            fit = known
        for name, (value, se) in rows.items():
            degrees = n_units - 1 if "weeks" not in name else shared.degrees
            reach = special.stdtrit(degrees, 0.975) * se
            got.setdefault(name, []).append((value - truth, np.abs(value - truth) <= reach))
        ratios.append([np.mean((fit.unit_value - slopes[fit.unit]) ** 2, axis=0), np.mean(fit.unit_variance, axis=0)])
        difference = direction_difference(fit)
        differences.append((difference.value - true_difference, difference.low <= true_difference <= difference.high))
    rows = {}
    for name, runs in got.items():
        bias = np.mean([run[0] for run in runs], axis=0)
        covers = np.mean([run[1] for run in runs], axis=0)
        rows[name] = {
            "bias": {key: round(float(bias[at]), 4) for key, at in CELLS.items()},
            "covers": {key: round(float(covers[at]), 3) for key, at in CELLS.items()},
        }
    return {
        **design,
        "noise_said": said,
        "runs": n_runs,
        "mc_se_of_coverage": round(float(np.sqrt(0.05 * 0.95 / n_runs)), 3),
        "estimators": rows,
        "difference": {
            "bias": round(float(np.mean([run[0] for run in differences])), 4),
            "covers": round(float(np.mean([run[1] for run in differences])), 3),
        },
        "own_error_over_its_variance": {
            key: round(float(np.mean([r[0][at] for r in ratios]) / np.mean([r[1][at] for r in ratios])), 3)
            for key, at in CELLS.items()
        },
    }


CELLS = {"on itself": (0, 0), "1 on 0": (0, 1), "0 on 1": (1, 0)}


def irregular(rng: np.random.Generator, *, n_runs: int, n_units: int = 300, n_steps: int = 60) -> list[dict]:
    """What lag effects are where gaps differ: the truth is the same in both rows, only how often people come is not."""
    rows = []
    for who, scale in (("come often", 0.25), ("come seldom", 2.0)):
        truth = Truth(gap_scale=scale)
        found = []
        for _ in range(n_runs):
            drawn = simulate(rng, truth, n_units=n_units, n_occasions=n_steps)
            fit = fit_mean_group(drawn.values, drawn.starts)
            assert isinstance(fit, MeanGroup)
            found.append(fit.value)
        day = expm(truth.drift)
        mean = np.mean(found, axis=0)
        rows.append(
            {
                "who": who,
                "a day later, truth": {key: round(float(day[at]), 3) for key, at in CELLS.items()},
                "a session later, found": {key: round(float(mean[at]), 3) for key, at in CELLS.items()},
            }
        )
    return rows


def speed(rng: np.random.Generator) -> dict:
    values, starts, _, _ = panel(rng, n_units=5000, n_steps=100)
    began = clock.perf_counter()
    fit_mean_group(values, starts)
    return {"person_steps_per_second": round(len(values) / (clock.perf_counter() - began))}


def main(n_runs: int = 200) -> dict:
    rng = np.random.default_rng(20261123)
    none = np.array([[0.35, 0.0], [0.0, 0.40]])
    return {
        "lengths": [recovered(rng, n_runs=n_runs, n_units=300, n_steps=t) for t in (25, 50, 100)],
        "thousand": recovered(rng, n_runs=2 * n_runs, n_units=1000, n_steps=50),
        "unbalanced": recovered(rng, n_runs=n_runs, n_units=200, n_steps=80, unbalanced=True),
        "no effect": recovered(rng, n_runs=n_runs, truth=none, n_units=200, n_steps=50),
        "twenty-five units": recovered(rng, n_runs=2 * n_runs, n_units=25, n_steps=50),
        "heavy tails": recovered(rng, n_runs=n_runs, n_units=300, n_steps=50, heavy=True),
        "bounded": recovered(rng, n_runs=n_runs // 2, n_units=300, n_steps=60, bounded=True),
        "switch": recovered(rng, n_runs=n_runs // 2, n_units=300, n_steps=60, switch=1.5),
        "noisy": [
            recovered(rng, n_runs=n_runs, n_units=300, n_steps=t, noise_sd=sd, said=said)
            for t, sd, said in ((25, 0.4, 0.4), (60, 0.4, 0.4), (60, 0.8, 0.8), (60, 0.4, 0.35))
        ],
        "shared": recovered(
            rng, n_runs=n_runs, truth=none, cluster=True, n_units=300, n_steps=60, slope_sd=0.05, shock_sd=0.5
        ),
        "irregular": irregular(rng, n_runs=max(n_runs // 20, 2)),
        "speed": speed(rng),
    }


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
