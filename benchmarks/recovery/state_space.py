"""Does the state space find who moves whom, as surely as it says, where gaps are irregular, scores noisy and drift random?

Each scenario is simulated and fitted many times. `rejects` holds, at the 5 % level, how often an effect was declared:
where the truth is 0 that is the error of the first kind. Seconds on the clock mean little on a machine that is shared;
seconds of work do not depend on it. Beside it stand a regression of each value on the values before,
centred by unit and with errors clustered by unit, which knows neither gaps nor noise; and the same state space without
random drift, for the first 10 runs. With --cache FILE every run is kept, and a run that is there is not made again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from scipy import special

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from recovery.drifting import Simulated, Truth, simulate
from scipy.linalg import expm

from attunement.statistics.refusals import Refused
from attunement.statistics.state_space import (
    Peak,
    Series,
    StateSpaceFit,
    direction_difference,
    fit_state_space,
    horizon_effects,
    peak_lag,
)

NAMES = ("log_rate_0", "log_rate_1", "on_0", "on_1")
HORIZONS = np.array([1.0, 7.0])
NOBODY = Truth(on_0=0.0, on_1=0.0)

SCENARIOS = {
    "300 x 60": (Truth(), 300, 60),
    "1000 x 100": (Truth(), 1000, 100),
    "100 x 50": (Truth(), 100, 50),
    "nobody moves anybody, 300 x 60": (NOBODY, 300, 60),
    "both move alike, 300 x 60": (Truth(on_0=0.12, on_1=0.12), 300, 60),
    "two annotator versions, a fifth missing, 300 x 60": (Truth(noise_sd=(0.3, 0.7), p_missing=0.2), 300, 60),
    "heavy tails, 300 x 60": (Truth(tails=4.0), 300, 60),
    "correlated drift, 300 x 60": (Truth(drift_correlation=0.6), 300, 60),
    "come often, 300 x 60": (Truth(gap_scale=0.25), 300, 60),
    "come seldom, 300 x 60": (Truth(gap_scale=2.0), 300, 60),
}


def one_run(name: str, run: int, *, n_threads: int) -> dict:
    """Simulate once and fit by all methods; everything that the tables need."""
    truth, n_units, n_occasions = SCENARIOS[name]
    rng = np.random.default_rng([20261123, list(SCENARIOS).index(name), run])
    drawn = simulate(rng, truth, n_units=n_units, n_occasions=n_occasions)
    series = Series(times=drawn.times, values=drawn.values, starts=drawn.starts, version=drawn.version)
    began, worked = time.perf_counter(), time.process_time()
    fit = fit_state_space(series, n_threads=n_threads)
    spent = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - worked}
    record: dict = {"name": name, "run": run, **spent, "lagged": lagged_regression(drawn)}
    common = fit_state_space(series, random_drift=False, n_threads=n_threads) if run < 10 else None
    if isinstance(common, StateSpaceFit):
        record["common"] = {"value": common.typical.value.tolist(), "se": common.typical.se.tolist()}
    if isinstance(fit, Refused):
        return record | {"refused": fit.what}
    effects = horizon_effects(fit, HORIZONS)
    difference = direction_difference(fit, HORIZONS, of=1, on=0)
    peak = peak_lag(fit, of=1, on=0)
    return record | {
        "value": fit.typical.value.tolist(),
        "se": fit.typical.se.tolist(),
        "se_ratio": fit.se_ratio.tolist(),
        "drift_sd": fit.model.drift_sd.tolist(),
        "effect": [effects.value[:, 0, 1].tolist(), effects.value[:, 1, 0].tolist()],
        "effect_se": [effects.se[:, 0, 1].tolist(), effects.se[:, 1, 0].tolist()],
        "difference": [difference.value[0], difference.se[0]],
        "peak": [peak.lag, peak.low, peak.high] if isinstance(peak, Peak) else None,
    }


def lagged_regression(drawn: Simulated) -> dict:
    """What a discrete model says: each value on both values before, centred by unit; p-values clustered by unit."""
    n_units = len(drawn.starts)
    values = drawn.values.reshape(n_units, -1, 2)
    values = values - np.nanmean(values, axis=1, keepdims=True)
    before, after = values[:, :-1], values[:, 1:]
    seen = ~np.isnan(before).any(axis=2) & ~np.isnan(after).any(axis=2)
    before, after = np.where(seen[..., None], before, 0.0), np.where(seen[..., None], after, 0.0)
    bread = np.linalg.inv(np.einsum("uti,utj->ij", before, before))
    slopes = bread @ np.einsum("uti,utj->ij", before, after)
    scores = np.einsum("uti,utj->uij", before, after - before @ slopes).transpose(0, 2, 1).reshape(n_units, 4)
    wide = np.kron(np.eye(2), bread)
    covariance = wide @ (scores.T @ scores) @ wide * n_units / (n_units - 1)
    contrasts = np.array([[0.0, 1, 0, 0], [0, 0, 1, 0], [0, 1, -1, 0]])  # 1 on 0, 0 on 1, their difference
    value = contrasts @ slopes.T.reshape(-1)
    se = np.sqrt(np.einsum("ci,ij,cj->c", contrasts, covariance, contrasts))
    return {"value": value.tolist(), "p": (2 * special.ndtr(-np.abs(value / se))).tolist()}


def table(name: str, runs: list[dict]) -> dict:
    """Bias, RMSE, coverage and rejections of one scenario."""
    truth, n_units, n_occasions = SCENARIOS[name]
    fitted = [run for run in runs if "value" in run]
    row: dict = {
        "scenario": name,
        "units": n_units,
        "occasions": n_occasions,
        "runs": len(runs),
        "refused": len(runs) - len(fitted),
        "seconds_median": round(float(np.median([run["seconds"] for run in runs])), 2),
        "cpu_seconds_median": round(float(np.median([run["cpu_seconds"] for run in runs if "cpu_seconds" in run])), 2),
    }
    if not fitted:
        return row
    value, se = np.array([run["value"] for run in fitted]), np.array([run["se"] for run in fitted])
    row["state_space"] = _recovered(value, se, truth.theta)
    common = [run["common"] for run in runs if "common" in run]
    if common:
        row["without_random_drift"] = _recovered(
            np.array([one["value"] for one in common]), np.array([one["se"] for one in common]), truth.theta
        )
    row["drift_sd_mean"] = np.mean([run["drift_sd"] for run in fitted], axis=0).round(3).tolist()
    moved = expm(truth.drift * HORIZONS[:, None, None])
    effect, effect_se = np.array([run["effect"] for run in fitted]), np.array([run["effect_se"] for run in fitted])
    target = np.stack([moved[:, 0, 1], moved[:, 1, 0]])
    row["effects_1_and_7_days"] = {
        "truth": target.round(4).tolist(),
        "bias": (effect - target).mean(axis=0).round(4).tolist(),
        "covers": (np.abs(effect - target) < 1.96 * effect_se).mean(axis=0).round(3).tolist(),
    }
    apart, apart_se = np.array([run["difference"] for run in fitted]).T
    true_apart = moved[0, 0, 1] - moved[0, 1, 0]
    z = np.abs(value[:, 2:] / se[:, 2:])
    row["difference"] = {
        "truth": round(float(true_apart), 4),
        "bias": round(float((apart - true_apart).mean()), 4),
        "covers": round(float((np.abs(apart - true_apart) < 1.96 * apart_se).mean()), 3),
    }
    row["rejects"] = {
        "on_0": round(float((z[:, 0] > 1.96).mean()), 3),
        "on_1": round(float((z[:, 1] > 1.96).mean()), 3),
        "difference": round(float((np.abs(apart / apart_se) > 1.96).mean()), 3),
    }
    lagged = np.array([run["lagged"]["p"] for run in runs]) < 0.05
    row["rejects_lagged_regression"] = dict(zip(row["rejects"], lagged.mean(axis=0).round(3).tolist(), strict=True))
    # The symmetric innovations of the truth have one size, so that its difference per innovation SD is the plain one.
    eigen = np.sort(np.linalg.eigvals(truth.drift).real)
    lag = np.log(eigen[0] / eigen[1]) / (eigen[1] - eigen[0])
    peaks = np.array([run["peak"] for run in fitted])
    row["peak_lag"] = {
        "truth": round(float(lag), 3),
        "bias": round(float((peaks[:, 0] - lag).mean()), 3),
        "covers": round(float(((peaks[:, 1] < lag) & (lag < peaks[:, 2])).mean()), 3),
    }
    return row


def _recovered(value: np.ndarray, se: np.ndarray, truth: np.ndarray) -> dict:
    """Per parameter, in the order of NAMES; `mc` is the Monte-Carlo error of the bias."""
    covers = np.abs(value - truth) < special.ndtri(0.975) * se
    return {
        name: {
            "truth": round(float(truth[k]), 4),
            "bias": round(float((value[:, k] - truth[k]).mean()), 4),
            "mc": round(float(value[:, k].std() / np.sqrt(len(value))), 4),
            "rmse": round(float(np.sqrt(((value[:, k] - truth[k]) ** 2).mean())), 4),
            "se_mean": round(float(se[:, k].mean()), 4),
            "covers": round(float(covers[:, k].mean()), 3),
        }
        for k, name in enumerate(NAMES)
    }


def gather(names: list[str], n_runs: int, *, cache: Path | None, n_threads: int, seconds: float) -> list[dict]:
    """Runs that are kept and runs that are made, until there are enough or the time is up."""
    lines = cache.read_text(encoding="utf-8").splitlines() if cache and cache.exists() else []
    kept = [run for run in map(json.loads, lines) if run["name"] in names]
    have = {(run["name"], run["run"]) for run in kept}
    began = time.perf_counter()
    for run in range(n_runs):
        for name in names:
            if (name, run) in have or time.perf_counter() - began > seconds:
                continue
            kept.append(one_run(name, run, n_threads=n_threads))
            if cache:
                with cache.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(kept[-1]) + "\n")
            print(f"\r{run + 1:4d} of {n_runs}  {name:60s}", end="", file=sys.stderr, flush=True)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--only", action="append", choices=list(SCENARIOS))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no run after this")
    given = parser.parse_args()
    names = given.only or list(SCENARIOS)
    runs = gather(names, given.runs, cache=given.cache, n_threads=given.threads, seconds=given.seconds)
    rows = [table(name, [run for run in runs if run["name"] == name]) for name in names]
    keep(__file__, {"threads": given.threads, "rows": rows}, packages=("numpy", "scipy", "numba"))


if __name__ == "__main__":
    main()
