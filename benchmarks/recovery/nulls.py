"""How often is a link found where there is none, and found where there is one, against nulls that break only the link?

`links`: what the AI did in one session and how the person is in the next, in dyads with levels of their own, memory that
differs between them, irregular gaps and noise. `none`: no link. `trend`: no link, but both drift over months. `season`:
no link, but one calendar moves everybody. `link`: a link that differs between people. The naive ways are a shuffle of
single sessions, and a regression that takes sessions as independent. `signs`: wanting rises in most and liking falls in
most, independently or not; the naive way asks whether more than a quarter do both.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from scipy import special

from attunement.statistics.nulls import (
    BlockShuffles,
    CircularShifts,
    SignIndependence,
    YokedPartners,
    permutation_test,
    sign_independence,
)


def dyads(rng: np.random.Generator, *, truth: str, n_units: int, memory: float, n_sessions: int = 40):
    """What the AI did, how the person is in the next session, where each dyad starts, and the day of each row."""
    gaps = rng.exponential(1.0, (n_units, n_sessions))
    kept = np.clip(memory + 0.1 * rng.standard_normal((n_units, 2)), 0, 0.95)
    day = np.cumsum(gaps, axis=1)
    season = np.cumsum(rng.standard_normal(4 * n_sessions)) / 3
    common = season[np.minimum(day.astype(int), len(season) - 1)] if truth == "season" else 0.0
    both = np.empty((2, n_units, n_sessions))
    for side in (0, 1):
        wave = rng.standard_normal(n_units)
        for t in range(n_sessions):
            forget = kept[:, side] ** gaps[:, t] if memory else np.zeros(n_units)
            wave = forget * wave + np.sqrt(1 - forget**2) * rng.standard_normal(n_units)
            both[side, :, t] = wave
    ai, person = both
    if truth == "link":
        person[:, 1:] += (0.15 + 0.1 * rng.standard_normal(n_units))[:, None] * ai[:, :-1]
    if truth == "trend":
        slope = rng.standard_normal((2, n_units, 1)) * np.linspace(-1, 1, n_sessions)
        ai, person = ai + slope[0], person + slope[1]
    ai, person = ai + common, person + common
    ai = ai + rng.standard_normal((n_units, 1)) + 0.4 * rng.standard_normal(ai.shape)
    person = person + rng.standard_normal((n_units, 1)) + 0.4 * rng.standard_t(5, person.shape)
    n = n_sessions - 1 - rng.integers(0, n_sessions // 3, n_units)
    use = np.arange(n_sessions - 1) < n[:, None]
    return ai[:, :-1][use], person[:, 1:][use], np.cumsum(n) - n, day[:, :-1][use]


def within_covariance(person: np.ndarray, starts: np.ndarray):
    """The mean over dyads of the covariance within each, for many rearranged copies; missing rows are left out."""

    def statistic(ai: np.ndarray) -> np.ndarray:
        seen = ~np.isnan(ai)
        n = np.add.reduceat(seen, starts, axis=1)
        a = np.where(seen, ai, 0.0)
        p = np.where(seen, person, 0.0)
        sums = [np.add.reduceat(x, starts, axis=1) for x in (a, p, a * p)]
        return np.mean((sums[2] - sums[0] * sums[1] / n) / n, axis=1, keepdims=True)

    return statistic


def links(rng: np.random.Generator, *, truth: str, memory: float, n_runs: int, n_units: int = 40) -> dict:
    rejected: dict[str, int] = {}
    for _ in range(n_runs):
        ai, person, starts, day = dyads(rng, truth=truth, n_units=n_units, memory=memory)
        statistic = within_covariance(person, starts)
        rows = {"starts": starts, "n_rows": len(ai)}
        nulls = {
            "shuffle of sessions (naive)": BlockShuffles(**rows, block=1),
            "blocks of 8": BlockShuffles(**rows, block=8),
            "circular shifts": CircularShifts(**rows),
            "yoked partners, by place": YokedPartners(**rows, stratum=np.zeros(n_units, dtype=int)),
            "yoked partners, by calendar": YokedPartners(**rows, stratum=np.zeros(n_units, dtype=int), times=day),
        }
        for name, null in nulls.items():
            tested = permutation_test(statistic, ai, null, rng=rng, n_draws=199)
            rejected[name] = rejected.get(name, 0) + int(tested.p[0] <= 0.05)
        if truth in {"none", "season"}:
            # What a day brings to all is taken out first; then each dyad is its own control.
            left = permutation_test(
                within_covariance(_less_days(person, day), starts),
                _less_days(ai, day),
                CircularShifts(**rows),
                rng=rng,
                n_draws=199,
            )
            key = "circular shifts, days taken out"
            rejected[key] = rejected.get(key, 0) + int(left.p[0] <= 0.05)
        rejected["regression of rows (naive)"] = rejected.get("regression of rows (naive)", 0) + int(
            _row_p(ai, person, starts) <= 0.05
        )
    return {
        "truth": truth,
        "memory": memory,
        "n_units": n_units,
        "runs": n_runs,
        "rejected": {name: round(count / n_runs, 3) for name, count in rejected.items()},
        "mc_se_at_.05": round(float(np.sqrt(0.05 * 0.95 / n_runs)), 3),
    }


def _less_days(values: np.ndarray, day: np.ndarray) -> np.ndarray:
    _, on = np.unique(day.astype(int), return_inverse=True)
    return values - (np.bincount(on, values) / np.bincount(on))[on]


def _row_p(ai: np.ndarray, person: np.ndarray, starts: np.ndarray) -> float:
    n = np.diff(np.append(starts, len(ai)))
    owner = np.repeat(np.arange(len(starts)), n)
    x, y = (column - (np.bincount(owner, column) / n)[owner] for column in (ai, person))
    slope = x @ y / (x @ x)
    left = y - slope * x
    se = np.sqrt(left @ left / (len(x) - len(n) - 1) / (x @ x))
    return float(2 * special.ndtr(-abs(slope / se)))


def signs(
    rng: np.random.Generator, *, dependence: float, n_runs: int, n_units: int = 150, one_reading: bool = False
) -> dict:
    """Changes seen with noise; in one of two cohorts more people change, both ways.

    Args:
        one_reading: both scores come from one reading, whose errors raise the one and lower the other.
    """
    found = stratified = naive = 0
    for _ in range(n_runs):
        cohort = rng.random(n_units) < 0.5
        z = rng.standard_normal((2, n_units))
        z[1] = -dependence * z[0] + np.sqrt(1 - dependence**2) * z[1]
        error = rng.standard_normal((2, n_units))
        wanting = z[0] + np.where(cohort, 1.2, 0.2) + 0.5 * error[0]
        liking = z[1] - np.where(cohort, 1.2, 0.2) + 0.5 * (-error[0] if one_reading else error[1])
        plain, within = (
            sign_independence(wanting, liking),
            sign_independence(wanting, liking, stratum=cohort.astype(int)),
        )
        assert isinstance(plain, SignIndependence)
        assert isinstance(within, SignIndependence)
        found += plain.p <= 0.05
        stratified += within.p <= 0.05
        naive += special.bdtrc(plain.observed - 1, n_units, 0.25) <= 0.05
    return {
        "dependence": dependence,
        "one_reading": one_reading,
        "n_units": n_units,
        "runs": n_runs,
        "found": round(stratified / n_runs, 3),
        "found_without_cohorts": round(found / n_runs, 3),
        "naive_found": round(naive / n_runs, 3),
    }


def main(n_runs: int = 400) -> dict:
    rng = np.random.default_rng(20261127)
    return {
        "links": [
            links(rng, truth=truth, memory=memory, n_runs=n_runs if truth == "none" else n_runs // 2)
            for truth, memory in (
                ("none", 0.0),
                ("none", 0.5),
                ("none", 0.8),
                ("trend", 0.5),
                ("season", 0.5),
                ("link", 0.5),
            )
        ],
        "two dyads": [links(rng, truth="none", memory=memory, n_runs=n_runs, n_units=2) for memory in (0.5, 0.8)],
        "signs": [signs(rng, dependence=dependence, n_runs=5 * n_runs) for dependence in (0.0, 0.5)]
        + [signs(rng, dependence=0.0, n_runs=5 * n_runs, one_reading=True)],
    }


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
