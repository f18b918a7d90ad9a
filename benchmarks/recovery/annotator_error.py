"""Do corrected means, slopes and regressions hold the truth as often as they say, when an annotator errs and drifts?

Relationships have random levels and slopes, irregular times and heavy tails. The annotator misses things in short
texts, sees what is not there ever more often (its false alarms rise from 4 to 16 % over a relationship), changes its
version in the middle of the calendar, and gives outcome and predictor in one reading, so that their errors go together.
People label whole relationships, drawn with known and unequal probabilities; in rows with `halves`, halves of them,
which change within relationships cannot be told from. `null` rows have a true coefficient of 0.
"""

from __future__ import annotations

import sys
import time as clock
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep

from attunement.statistics.annotator_error import (
    Judged,
    LabelDesign,
    Refused,
    correct_mean,
    correct_regression,
    correct_slope,
    exact,
)


class Logs(NamedTuple):
    """Messages of many relationships; truth, and what the annotator says."""

    cluster: np.ndarray
    time: np.ndarray  # from 0 to 1 over a relationship
    late: np.ndarray  # whether the second version of the annotator read it
    act: np.ndarray  # whether the act is there
    act_said: np.ndarray
    mood: np.ndarray  # what the person's words show
    mood_said: np.ndarray


def logs(rng: np.random.Generator, *, n: int, slope: float, effect: float, n_messages: int = 25) -> Logs:
    """Draw messages.

    Args:
        slope: mean change of the logit of the act over a relationship; it varies with SD .6.
        effect: by how much mood is higher where the act is.
    """
    size = 5 + rng.poisson(n_messages - 5, size=n)
    cluster = np.repeat(np.arange(n), size)
    rows = len(cluster)
    start = rng.random(n)
    order = np.lexsort((rng.random(rows), cluster))
    gaps = rng.exponential(1.0, rows)[order]
    total = np.cumsum(gaps) - np.concatenate([[0], np.cumsum(np.bincount(cluster, gaps))[:-1]])[cluster]
    time = total / np.bincount(cluster, gaps)[cluster]
    late = start[cluster] + 0.5 * time > 0.75
    level = -1.0 + 0.8 * rng.standard_normal(n)
    slopes = slope + 0.6 * rng.standard_normal(n) if slope else np.zeros(n)
    p = 1 / (1 + np.exp(-(level[cluster] + slopes[cluster] * (time - 0.5))))
    act = (rng.random(rows) < p).astype(float)
    short = rng.random(rows) < 0.4
    personal = 0.5 * rng.standard_t(5, n)
    mood = personal[cluster] + effect * act + 0.5 * time + 0.7 * rng.standard_t(5, rows)
    sensitivity = np.where(short, 0.6, 0.9)
    false_alarm = 0.04 + 0.12 * time + 0.04 * late
    error = rng.standard_normal(rows)
    said_yes = np.where(act > 0, rng.random(rows) < sensitivity, rng.random(rows) < false_alarm)
    act_said = np.clip(np.where(said_yes, 0.85, 0.1) + 0.08 * error, 0, 1)
    mood_said = 0.8 * mood + 0.3 * late + 0.25 * (said_yes - act) + 0.4 * error * np.where(short, 1.5, 0.8)
    return Logs(cluster, time, late, act, act_said, mood, mood_said)


def design_of(rng: np.random.Generator, drawn: Logs, *, n_labels: int) -> LabelDesign:
    """Draw whole relationships, those where the annotator sees more of the act up to four times as often."""
    n = int(drawn.cluster.max()) + 1
    seen = np.bincount(drawn.cluster, drawn.act_said) / np.bincount(drawn.cluster)
    size = 1 + 3 * np.argsort(np.argsort(seen)) / n
    p = np.minimum(n_labels * size / size.sum(), 1.0)
    labelled = rng.random(n) < p
    return LabelDesign(
        cluster=drawn.cluster,
        p_label=p[drawn.cluster],
        labelled=labelled[drawn.cluster],
        stratum=drawn.late.astype(int) * 2 + (drawn.time > 0.5),
    )


def design_of_parts(rng: np.random.Generator, drawn: Logs, *, n_labels: int) -> LabelDesign:
    """Draw halves of relationships, those more often in which the annotator is unsure of much."""
    part = drawn.cluster * 2 + (drawn.time > 0.5)
    n = int(part.max()) + 1
    size = 0.35 + np.bincount(part, np.abs(drawn.act_said - 0.5) < 0.35, minlength=n) / np.maximum(
        np.bincount(part, minlength=n), 1
    )
    p = np.minimum(n_labels * size / size.sum(), 1.0)
    labelled = rng.random(n) < p
    return LabelDesign(
        cluster=drawn.cluster,
        p_label=p[part],
        labelled=labelled[part],
        stratum=drawn.late.astype(int) * 2 + (drawn.time > 0.5),
    )


def estimands(drawn: Logs, design: LabelDesign, method: str) -> dict:
    def judged(said: np.ndarray, true: np.ndarray) -> Judged:
        return Judged(said=said, label=np.where(design.labelled, true, np.nan))

    act, mood = judged(drawn.act_said, drawn.act), judged(drawn.mood_said, drawn.mood)
    with_time = {"act": act, "time": exact(drawn.time)}
    return {
        "mean of the act": (correct_mean(act, design, method=method), 0),
        "mean of own slopes of the act": (correct_slope(act, drawn.time, design, method=method), 0),
        "mood on judged act": (correct_regression(mood, with_time, design, method=method), 1),
        "mood on judged act, within": (correct_regression(mood, with_time, design, within=True, method=method), 0),
    }


def truths(rng: np.random.Generator, *, slope: float, effect: float) -> dict:
    every = logs(rng, n=40_000, slope=slope, effect=effect)
    whole = LabelDesign(
        cluster=every.cluster,
        p_label=np.ones(len(every.cluster)),
        labelled=np.ones(len(every.cluster), dtype=bool),
        stratum=np.zeros(len(every.cluster), dtype=int),
    )
    return {name: found.labels_only.value[at] for name, (found, at) in estimands(every, whole, "ppi").items()}


def recovered(
    rng: np.random.Generator,
    *,
    slope: float,
    effect: float,
    n_labels: int,
    n_runs: int,
    n: int = 800,
    in_parts: bool = False,
) -> list[dict]:
    truth = truths(rng, slope=slope, effect=effect)
    null = {
        "mean of own slopes of the act": slope == 0,
        "mood on judged act": effect == 0,
        "mood on judged act, within": effect == 0,
    }
    # Where nothing is there the truth is 0, not what forty thousand relationships happen to give.
    truth = {name: 0.0 if null.get(name) else value for name, value in truth.items()}
    kept: dict[tuple[str, str], list] = {}
    for _ in range(n_runs):
        drawn = logs(rng, n=n, slope=slope, effect=effect)
        design = (design_of_parts if in_parts else design_of)(rng, drawn, n_labels=n_labels)
        for method in ("ppi", "dsl"):
            for name, (found, at) in estimands(drawn, design, method).items():
                if isinstance(found, Refused):
                    kept.setdefault((name, "refused"), []).append(1)
                    continue
                kinds = {method: found.corrected}
                if method == "ppi":
                    kinds |= {"naive": found.naive, "labels only": found.labels_only}
                for kind, one in kinds.items():
                    kept.setdefault((name, kind), []).append((one.value[at], one.se[at], one.low[at], one.high[at]))
    table = []
    for name, true in truth.items():
        row = {
            "target": name,
            "null": bool(null.get(name)),
            "labelled": n_labels,
            "halves": in_parts,
            "truth": round(float(true), 4),
        }
        for kind in ("ppi", "dsl", "labels only", "naive"):
            if (name, kind) not in kept:
                continue
            value, se, low, high = np.array(kept[name, kind]).T
            row[kind] = {
                "bias": round(float(value.mean() - true), 4),
                "sd": round(float(value.std()), 4),
                "mean_se": round(float(se.mean()), 4),
                "covers": round(float(np.mean((low <= true) & (true <= high))), 3),
                "width": round(float(np.mean(high - low)), 4),
            }
            if null.get(name):
                row[kind]["rejects"] = round(float(np.mean((low > 0) | (high < 0))), 3)
        row["runs"] = len(kept.get((name, "ppi"), []))
        row["refused"] = len(kept.get((name, "refused"), [])) // 2
        table.append(row)
    return table


def main(n_runs: int = 300) -> dict:
    rng = np.random.default_rng(20261124)
    table = []
    for n_labels in (30, 60, 120):
        for slope, effect in ((0.0, 0.0), (0.8, 0.3)):
            begun = clock.perf_counter()
            table += recovered(rng, slope=slope, effect=effect, n_labels=n_labels, n_runs=n_runs)
            print(f"{n_labels} labels, slope {slope}: {clock.perf_counter() - begun:.0f} s", file=sys.stderr)
    table += recovered(rng, slope=0.8, effect=0.3, n_labels=120, n_runs=n_runs, in_parts=True)
    return {"coverage_mc_error": round(float(np.sqrt(0.95 * 0.05 / n_runs)), 3), "rows": table}


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
