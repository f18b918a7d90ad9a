"""How often does any of a year's daily intervals miss the mean, and how much wider are they than for one look?

Each row counts runs in which at least one look missed; a sequence of level .95 may do so in 5 % of runs. Beside it stand
the ordinary interval for one look, looked at as often, and one that takes messages for independent.
"""

from __future__ import annotations

import sys
import time as clock
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep

from attunement.statistics.confidence_sequences import (
    asymptotic_sequence,
    bounded_sequence,
    clustered_mean_sequence,
    proportion_sequence,
    sub_gaussian_sequence,
)

N, FIRST = 1000, 20


def _missed(low: np.ndarray, high: np.ndarray, true: float) -> bool:
    return bool(np.any((low > true) | (high < true)))


def of_values(rng: np.random.Generator, kind: str, *, n_runs: int) -> dict:
    """Independent values between 0 and 1: bounded, sub-Gaussian and asymptotic sequences."""
    draw = {
        "beta(2, 5)": (lambda: rng.beta(2, 5, N), 2 / 7),
        "skewed: beta(.1, 2)": (lambda: rng.beta(0.1, 2, N), 0.1 / 2.1),
        "yes or no, 2 %": (lambda: (rng.random(N) < 0.02).astype(float), 0.02),
        "yes or no, 30 %": (lambda: (rng.random(N) < 0.3).astype(float), 0.3),
    }
    one, true = draw[kind]
    names = ["empirical Bernstein", "sub-Gaussian", "asymptotic", "one look, looked at daily"]
    yes_no = kind.startswith("yes")
    missed: dict[str, int] = dict.fromkeys([*names, "proportion"] if yes_no else names, 0)
    width: dict[str, list[float]] = {name: [] for name in missed}
    n = np.arange(1, N + 1)
    for _ in range(n_runs):
        x = one()
        mean = np.cumsum(x) / n
        sd = np.sqrt(np.maximum(np.cumsum(x**2) / n - mean**2, 1e-12) * n / np.maximum(n - 1, 1))
        se = (sd / np.sqrt(n))[FIRST:]
        half = stats.norm.ppf(0.975) * se
        found = {
            "empirical Bernstein": bounded_sequence(x),
            "sub-Gaussian": sub_gaussian_sequence(x, sd=0.5, best_at=N // 2),
            "asymptotic": asymptotic_sequence(mean[FIRST:], se, best_se=np.sqrt(true * (1 - true)) / np.sqrt(N / 2)),
        }
        if yes_no:
            found["proportion"] = proportion_sequence(np.cumsum(x), n.astype(float))
        for name, sequence in found.items():
            missed[name] += _missed(sequence.low, sequence.high, true)
            width[name].append(float(sequence.high[-1] - sequence.low[-1]))
        missed[names[3]] += _missed(mean[FIRST:] - half, mean[FIRST:] + half, true)
        width[names[3]].append(2 * float(half[-1]))
    return {
        "values": kind,
        "n": N,
        "runs": n_runs,
        "missed_ever": {name: round(times / n_runs, 3) for name, times in missed.items()},
        "last_width": {name: round(float(np.mean(widths)), 4) for name, widths in width.items()},
    }


def of_relationships(rng: np.random.Generator, *, n_relationships: int, n_days: int, yes_no: bool, n_runs: int) -> dict:
    """Relationships begin through the year and go on for random times, with levels of their own and heavy tails."""
    looks_known: list[float] = []
    names = ("clustered sequence", "messages as independent", "one look, looked at daily")
    missed = dict.fromkeys(names, 0)
    width: dict[str, list[float]] = {name: [] for name in names}
    true = (
        float(np.mean(1 / (1 + np.exp(-(-1.5 + stats.norm.ppf((np.arange(100_000) + 0.5) / 1e5)))))) if yes_no else 0.0
    )
    for _ in range(n_runs):
        begin = rng.integers(0, n_days, n_relationships)
        begin[: n_relationships // 5] = 0
        lasts = 1 + rng.geometric(1 / 40, n_relationships)
        often = rng.gamma(2, 0.5, n_relationships)
        level = rng.standard_normal(n_relationships)
        n_rows = rng.poisson(often * lasts)
        cluster = np.repeat(np.arange(n_relationships), n_rows)
        day = begin[cluster] + (rng.random(len(cluster)) * lasts[cluster]).astype(int)
        if yes_no:
            values = (rng.random(len(cluster)) < 1 / (1 + np.exp(1.5 - level[cluster]))).astype(float)
        else:
            values = level[cluster] + rng.standard_t(4, len(cluster))
        inside = day < n_days
        given = {"look": day[inside], "best_clusters": n_relationships // 2}
        x, c = values[inside], cluster[inside]
        found = clustered_mean_sequence(x, cluster=c, **given)
        alone = clustered_mean_sequence(x, cluster=np.arange(len(x)), **given)
        known = ~np.isnan(found.low)
        looks_known.append(float(known.mean()))
        if not known.any():
            continue
        half = _one_look(x, c, day[inside], n_days)
        for name, low, high in (
            (names[0], found.low[known], found.high[known]),
            (names[1], alone.low[known], alone.high[known]),
            (names[2], (found.value - half)[known], (found.value + half)[known]),
        ):
            missed[name] += _missed(low, high, true)
            width[name].append(float(high[-1] - low[-1]))
    return {
        "values": "yes or no" if yes_no else "levels of their own, heavy tails",
        "relationships": n_relationships,
        "looks": n_days,
        "share_of_looks_with_an_interval": round(float(np.mean(looks_known)), 3),
        "runs": n_runs,
        "missed_ever": {name: round(times / n_runs, 3) for name, times in missed.items()},
        "last_width": {name: round(float(np.mean(widths)), 4) for name, widths in width.items()},
    }


def _one_look(x: np.ndarray, cluster: np.ndarray, day: np.ndarray, n_days: int) -> np.ndarray:
    """Half the ordinary cluster-robust interval at each look."""
    half = np.full(n_days, np.nan)
    for look in range(n_days):
        seen = day <= look
        k = len(np.unique(cluster[seen]))
        if k < FIRST:
            continue
        total = np.bincount(cluster[seen], x[seen] - x[seen].mean())
        se = np.sqrt(np.sum(total**2) * k / (k - 1)) / seen.sum()
        half[look] = stats.t.ppf(0.975, k - 1) * se
    return half


def main(n_runs: int = 1000) -> dict:
    rng = np.random.default_rng(20261125)
    table = []
    for kind in ("beta(2, 5)", "skewed: beta(.1, 2)", "yes or no, 2 %", "yes or no, 30 %"):
        begun = clock.perf_counter()
        table.append(of_values(rng, kind, n_runs=n_runs))
        print(f"{kind}: {clock.perf_counter() - begun:.0f} s", file=sys.stderr)
    for n_relationships in (100, 400):
        for yes_no in (False, True):
            begun = clock.perf_counter()
            size = {"n_relationships": n_relationships, "n_days": 180, "yes_no": yes_no}
            table.append(of_relationships(rng, **size, n_runs=n_runs // 6))
            print(f"{n_relationships} relationships: {clock.perf_counter() - begun:.0f} s", file=sys.stderr)
    return {"allowed": 0.05, "mc_error": round(float(np.sqrt(0.05 * 0.95 / n_runs)), 3), "rows": table}


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
