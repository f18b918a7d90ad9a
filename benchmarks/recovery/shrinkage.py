"""Do shrunken estimates of single units hold the truth as often as they say, and are their signs as sure as they say?

Rows `shapes` know the variance of each error; true values are normal, heavy-tailed, skew, or mostly nothing. Rows
`influence` go the whole way: slopes of units that differ, estimated unit by unit by the mean group, then shrunken; the
naive way beside it shows each unit's own estimate with its own interval, and picks units by p-value.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from recovery.mean_group import MEAN, panel

from attunement.statistics.mean_group import MeanGroup, fit_mean_group
from attunement.statistics.shrinkage import (
    RELIABILITY_FLOOR,
    Shrunken,
    selection_errors,
    shrink_normal,
    shrink_unimodal,
)

SHAPES = {
    "normal": lambda rng, n: 0.15 + 0.12 * rng.standard_normal(n),
    "heavy tails": lambda rng, n: 0.15 + 0.12 * rng.standard_t(3, n) / np.sqrt(3),
    "skew": lambda rng, n: 0.15 + 0.12 * (rng.exponential(size=n) - 1),
    "mostly nothing": lambda rng, n: np.where(rng.random(n) < 0.1, 0.5, 0.0),
}


def scored(found: Shrunken, truth: np.ndarray) -> dict:
    sure = found.s_value <= 0.05
    wrong = np.sign(found.mean) != np.sign(truth)
    return {
        "covers": np.mean((found.low <= truth) & (truth <= found.high)),
        "robust_covers": np.mean((found.robust_low <= truth) & (truth <= found.robust_high)),
        "width": np.mean(found.high - found.low),
        "robust_width": np.mean(found.robust_high - found.robust_low),
        "rmse": np.sqrt(np.mean((found.mean - truth) ** 2)),
        "sign_wrong": np.mean(wrong),
        "sign_said_wrong": np.mean(found.false_sign_rate),
        "claimed": np.mean(sure),
        "claims_wrong": np.sum(wrong & sure) / max(int(sure.sum()), 1),
    }


def averaged(rows: list[dict]) -> dict:
    return {key: round(float(np.mean([row[key] for row in rows])), 3) for key in rows[0]}


def shapes(rng: np.random.Generator, *, n_units: int, n_runs: int) -> list[dict]:
    rows = []
    for name, draw in SHAPES.items():
        got: dict[str, list[dict]] = {}
        for _ in range(n_runs):
            truth = draw(rng, n_units)
            variance = 0.2**2 * rng.gamma(5, 0.2, n_units)
            value = truth + np.sqrt(variance) * rng.standard_normal(n_units)
            ways = {"normal prior": shrink_normal(value, variance)}
            if n_units >= 200:
                ways["unimodal prior"] = shrink_unimodal(value, variance)
                ways["unimodal prior, mode 0"] = shrink_unimodal(value, variance, mode=0.0)
            for way, found in ways.items():
                assert isinstance(found, Shrunken)
                got.setdefault(way, []).append(scored(found, truth))
        rows.append({"truth": name, "n_units": n_units, "runs": n_runs, **{way: averaged(r) for way, r in got.items()}})
    return rows


def influence(rng: np.random.Generator, *, n_steps: int, n_runs: int, n_units: int = 500) -> dict:
    shrunken_rows, naive_rows, said = [], [], []
    for _ in range(n_runs):
        values, starts, slopes, _ = panel(rng, n_units=n_units, n_steps=n_steps, mean=MEAN)
        fit = fit_mean_group(values, starts)
        assert isinstance(fit, MeanGroup)
        value, variance, truth = fit.unit_value[:, 0, 1], fit.unit_variance[:, 0, 1], slopes[fit.unit, 0, 1]
        found = shrink_normal(value, variance)
        assert isinstance(found, Shrunken)
        row = scored(found, truth)
        row["reliability"] = np.mean(found.reliability)
        row["true_reliability"] = np.var(truth) / np.var(value)
        row["spread"] = found.spread
        row["readable"] = np.mean(found.reliability >= RELIABILITY_FLOOR)
        shrunken_rows.append(row)
        picked = np.abs(value) > 1.96 * np.sqrt(variance)
        naive_rows.append(
            {
                "covers": np.mean(np.abs(value - truth) <= 1.96 * np.sqrt(variance)),
                "rmse": np.sqrt(np.mean((value - truth) ** 2)),
                "claimed": picked.mean(),
                "claims_wrong": np.mean(np.sign(value[picked]) != np.sign(truth[picked])),
                "exaggeration": np.abs(value[picked]).sum() / np.sum(np.sign(value[picked]) * truth[picked]),
            }
        )
        errors = selection_errors(value, variance, found)
        said.append({"claims_wrong": errors.sign_errors, "exaggeration": errors.exaggeration})
    return {
        "n_steps": n_steps,
        "n_units": n_units,
        "runs": n_runs,
        "true_spread": 0.12,
        "shrunken": averaged(shrunken_rows),
        "naive": averaged(naive_rows),
        "naive_as_foreseen": averaged(said),
    }


def main(n_runs: int = 100) -> dict:
    rng = np.random.default_rng(20261124)
    return {
        "shapes": [
            *shapes(rng, n_units=20, n_runs=5 * n_runs),
            *shapes(rng, n_units=200, n_runs=n_runs),
            *shapes(rng, n_units=1000, n_runs=max(n_runs // 4, 2)),
        ],
        "influence": [influence(rng, n_steps=t, n_runs=max(n_runs // 2, 2)) for t in (25, 50, 100, 200)],
    }


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
