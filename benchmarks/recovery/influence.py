"""Does the influence estimate find who goes before whom, on the whole way from messages over a panel to estimates?

Two states of a relationship move each other in continuous time; each session has a few messages of either side, a
message shows the construct with a probability that the state sets, an annotator gives each message a probability, and
the panel makes rates of them. `truth` is in the states themselves: rates, angles and errors are in the way, and are
meant to be seen through. `found` is how often an effect was declared at .05 after both nulls: where the truth is 0 that
is the error of the first kind. Relationships differ in drift, levels and how often they come. Runs are few where a
fit takes long; `mc` and `_mc` are Monte-Carlo errors. With --cache FILE every
run is kept, and a run that is there is not made again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from scipy.linalg import expm

from attunement.dynamics.influence import estimate_influence
from attunement.dynamics.influence_pairs import Pair
from attunement.panels import measure_rates
from attunement.vocabulary import PANEL, SESSIONS, Missing

PAIR = Pair(ai="rate.ai.warmth", person="rate.user.need_met", reason="to be found again")
DIRECTIONS = ("ai_before_person", "person_before_ai")
START_S = 1_767_225_600


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is simulated. Series 0 is the person's, series 1 the AI's; time is in days."""

    n_units: int = 300
    n_sessions: int = 60
    on_0: float = 0.15
    on_1: float = 0.10
    rates: tuple[float, float] = (0.5, 0.7)
    rate_sd: float = 0.25
    cross_sd: float = 0.10
    outside: float = 0.2
    """Correlation of innovations: something that moves both."""
    base: tuple[float, float] = (0.25, 0.30)
    """The share of messages that show the construct at the middle of the state."""
    spread: float = 0.8
    """What a state of 1 adds on the logit scale."""
    level_sd: float = 1.0
    tails: float = np.inf
    """Degrees of freedom of innovations and levels."""
    visits: float = 0.0
    """How much sooner a person comes back who is low: gaps are multiplied by exp(visits x state)."""
    switch: float = 0.0
    """What both states gain at once on day 30: a release that moves everybody."""
    faster: float = 1.0
    """What decay rates are multiplied by from the 30th day on."""

    def drift(self) -> np.ndarray:
        """Of the typical relationship."""
        return np.array([[-self.rates[0], self.on_0], [self.on_1, -self.rates[1]]])


NOBODY = {"on_0": 0.0, "on_1": 0.0}
SCENARIOS = {
    "as assumed": Truth(),
    "nobody": Truth(**NOBODY),
    "nobody, nothing outside": Truth(**NOBODY, outside=0.0),
    "both alike": Truth(on_0=0.12, on_1=0.12, rates=(0.6, 0.6)),
    "200 x 25": Truth(n_units=200, n_sessions=25),
    "heavy tails, nobody": Truth(**NOBODY, tails=4.0),
    "heavy tails": Truth(tails=4.0),
    "visits follow the state, nobody": Truth(**NOBODY, visits=0.5),
    "visits follow the state": Truth(visits=0.5),
    "a release moves both, nobody": Truth(**NOBODY, switch=1.0),
    "faster from day 30, nobody": Truth(**NOBODY, faster=2.0),
    "near the floor, nobody": Truth(**NOBODY, base=(0.04, 0.05)),
    "near the floor": Truth(base=(0.04, 0.05)),
    "60 x 60": Truth(n_units=60),
    "300 x 20": Truth(n_sessions=20),
    "nearly always 0": Truth(base=(0.002, 0.002), level_sd=0.3),
}


def _draw(rng: np.random.Generator, truth: Truth) -> np.ndarray:
    if np.isinf(truth.tails):
        return rng.standard_normal((truth.n_units, 2))
    return rng.standard_t(truth.tails, (truth.n_units, 2)) / np.sqrt(truth.tails / (truth.tails - 2))


def states(rng: np.random.Generator, truth: Truth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times in days (units x sessions), states (units x sessions x 2) and each unit's effects (units x 2)."""
    n = truth.n_units
    away = rng.standard_normal((n, 4))
    drift = np.empty((n, 2, 2))
    drift[:, [0, 1], [0, 1]] = -np.array(truth.rates) * np.exp(truth.rate_sd * away[:, :2])
    drift[:, [0, 1], [1, 0]] = np.array([truth.on_0, truth.on_1]) + truth.cross_sd * away[:, 2:]
    settled = _settled(drift, truth)
    levels = truth.level_sd * _draw(rng, truth) @ np.linalg.cholesky(np.array([[1.0, 0.5], [0.5, 1.0]])).T
    state = np.einsum("uij,uj->ui", np.linalg.cholesky(settled), _draw(rng, truth))
    often = np.exp(0.4 * rng.standard_normal(n))
    times, seen, at = np.empty((n, truth.n_sessions)), np.empty((n, truth.n_sessions, 2)), rng.random(n)
    later = drift.copy()
    later[:, [0, 1], [0, 1]] *= truth.faster
    settled_later = _settled(later, truth)
    for t in range(truth.n_sessions):
        if t:
            gap = np.maximum(rng.exponential(rng.choice([0.5, 1.5, 7.0], p=[0.8, 0.15, 0.05], size=n)), 0.05) * often
            gap = gap * np.exp(truth.visits * np.clip(state[:, 0], -3, 3))
            at = at + gap
            old = (at < 30)[:, None, None]
            now, end = np.where(old, drift, later), np.where(old, settled, settled_later)
            move = expm(now * gap[:, None, None])
            left = end - move @ end @ move.transpose(0, 2, 1)
            size, axes = np.linalg.eigh(0.5 * (left + left.transpose(0, 2, 1)))
            root = axes * np.sqrt(np.maximum(size, 0))[:, None, :]
            state = np.einsum("uij,uj->ui", move, state) + np.einsum("uij,uj->ui", root, _draw(rng, truth))
        times[:, t] = at
        seen[:, t] = levels + state + truth.switch * (at >= 30)[:, None]
    return times, seen, _of_units(drift)


def _settled(drift: np.ndarray, truth: Truth) -> np.ndarray:
    diffusion = np.array([1.0, truth.outside, truth.outside, 1.0])
    system = np.array([np.kron(one, np.eye(2)) + np.kron(np.eye(2), one) for one in drift])
    return np.linalg.solve(system, np.tile(-diffusion[:, None], (len(drift), 1, 1)))[:, :, 0].reshape(-1, 2, 2)


def _of_units(drift: np.ndarray) -> np.ndarray:
    moved = expm(drift)
    return np.stack([moved[:, 0, 1], moved[:, 1, 0]], axis=1)


def made_panel(rng: np.random.Generator, truth: Truth) -> tuple[pa.Table, np.ndarray]:
    """A panel, by way of messages and an annotator's probabilities; and the true effect a day later of each unit."""
    times, seen, effects = states(rng, truth)
    order = np.arange(times.size)
    owner = np.repeat(np.arange(truth.n_units, dtype=np.uint64) + 1, truth.n_sessions)
    at_us = (START_S + np.round(86_400 * times.reshape(-1)).astype(np.int64)) * 1_000_000
    rows = []
    for column, construct in enumerate(("user.need_met", "ai.warmth")):
        n = 2 + rng.negative_binomial(1.5, 0.15, size=times.size)
        base = truth.base[column]
        p = 1 / (1 + np.exp(-(np.log(base / (1 - base)) + truth.spread * seen[..., column].reshape(-1))))
        of = np.repeat(order, n)
        shown = rng.random(len(of)) < p[of]
        score = rng.standard_normal(len(of)) + 2.5 * shown
        probability = 1 / (1 + np.exp(-(2.5 * score - 3.125 + np.log(base / (1 - base)))))
        rows.append((of, np.full(len(of), construct), probability))
    of, construct, probability = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    put = np.argsort(of, kind="stable")
    annotated = pa.table(
        {
            "relationship_id": pa.array(owner[of[put]]),
            "sent_at": pa.array(at_us[of[put]]).cast(pa.timestamp("us", tz="UTC")),
            "construct": pa.array(construct[put]),
            "probability": pa.array(probability[put].astype(np.float32)),
            "missing": pa.nulls(len(put), pa.string()),
        }
    )
    sessions = _sessions(owner, at_us, truth.n_sessions)
    batches = measure_rates(annotated.combine_chunks().to_batches(), sessions)
    return pa.Table.from_batches(list(batches), schema=PANEL).unify_dictionaries(), effects


def _sessions(owner: np.ndarray, at_us: np.ndarray, n_sessions: int) -> pa.Table:
    at = pa.array(at_us).cast(pa.timestamp("us", tz="UTC"))
    columns = {
        "relationship_id": pa.array(owner),
        "session": pa.array((np.arange(len(owner)) % n_sessions).astype(np.int32)),
        "started_at": at,
        "ended_at": at,
        "started_by": pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(owner), np.int8)), pa.array(["person"])),
    }
    arrays = [
        columns[field.name].cast(field.type) if field.name in columns else pa.array(np.ones(len(owner)), field.type)
        for field in SESSIONS
    ]
    return pa.Table.from_arrays(arrays, schema=SESSIONS)


def one_run(name: str, run: int, *, n_draws: int) -> dict:
    """Simulate once and estimate; everything that the table needs."""
    truth = SCENARIOS[name]
    rng = np.random.default_rng([20261124, list(SCENARIOS).index(name), run])
    panel, effects = made_panel(rng, truth)
    began = time.perf_counter()
    found = estimate_influence(panel, rng=rng, pairs=[PAIR], n_draws=n_draws, n_threads=1)
    record: dict = {"name": name, "run": run, "seconds": time.perf_counter() - began}
    for_all = {one.measure.removeprefix(f"influence.{PAIR.key}."): one for one in found if one.relationship_id is None}
    if isinstance(for_all[f"{DIRECTIONS[0]}.day"].value, Missing):
        return record | {"refused": for_all[f"{DIRECTIONS[0]}.day"].method}
    for what in (*DIRECTIONS, "difference"):
        one = for_all[f"{what}.day"]
        record[what] = [one.value, one.low, one.high, one.null.p]
        week = for_all[f"{what}.week"]
        record[f"{what}.week"] = [week.value, week.low, week.high]
    record["wald"] = [bool(for_all[f"{what}.day"].low > 0 or for_all[f"{what}.day"].high < 0) for what in DIRECTIONS]
    record["differ"] = "one drift" not in for_all[f"{DIRECTIONS[0]}.day"].method
    own = [one for one in found if one.relationship_id is not None]
    if own:
        true = np.array([effects[one.relationship_id - 1, DIRECTIONS.index(one.measure.split(".")[-2])] for one in own])
        value, low, high, reliability = np.array([[one.value, one.low, one.high, one.reliability] for one in own]).T
        record["units"] = {
            "covers": float(np.mean((low <= true) & (true <= high))),
            "rmse": float(np.sqrt(np.mean((value - true) ** 2))),
            "reliability": float(np.mean(reliability)),
            "r2": float(np.corrcoef(value, true)[0, 1] ** 2) if value.std() > 0 else 0.0,
        }
    return record


def table(name: str, runs: list[dict]) -> dict:
    """Bias, coverage and declared effects of one scenario; `mc` is the Monte-Carlo error."""
    truth = SCENARIOS[name]
    fitted = [run for run in runs if "refused" not in run]
    row: dict = {
        "scenario": name,
        "units": truth.n_units,
        "sessions": truth.n_sessions,
        "runs": len(runs),
        "refused": len(runs) - len(fitted),
        "seconds_median": round(float(np.median([run["seconds"] for run in runs])), 1),
    }
    if len(fitted) < len(runs):
        row["why"] = next(run["refused"] for run in runs if "refused" in run)
    if not fitted:
        return row
    row["relationships_differ"] = sum(run["differ"] for run in fitted)
    moved = {"": expm(truth.drift()), ".week": expm(7 * truth.drift())}
    for horizon, effect in moved.items():
        target = {DIRECTIONS[0]: effect[0, 1], DIRECTIONS[1]: effect[1, 0], "difference": effect[0, 1] - effect[1, 0]}
        for what, true in target.items():
            cells = np.array([run[f"{what}{horizon}"][:3] for run in fitted])
            row[f"{what}{horizon or '.day'}"] = {
                "truth": round(float(true), 4),
                "bias": round(float(cells[:, 0].mean() - true), 4),
                "mc": round(float(cells[:, 0].std(ddof=1) / np.sqrt(len(cells))), 4) if len(cells) > 1 else None,
                **_share("covers", (cells[:, 1] <= true) & (true <= cells[:, 2])),
            }
    row["found"] = {
        what: _share("share", np.array([run[what][3] <= 0.05 for run in fitted]))
        for what in (*DIRECTIONS, "difference")
    }
    row["found_without_partners"] = {
        what: _share("share", np.array([run["wald"][d] for run in fitted])) for d, what in enumerate(DIRECTIONS)
    }
    units = [run["units"] for run in fitted if "units" in run]
    if units:
        row["single_relationships"] = {key: round(float(np.mean([one[key] for one in units])), 3) for key in units[0]}
    return row


def _share(name: str, hits: np.ndarray) -> dict:
    share = float(np.mean(hits))
    return {name: round(share, 3), f"{name}_mc": round(float(np.sqrt(share * (1 - share) / len(hits))), 3)}


def gather(names: list[str], n_runs: int, *, cache: Path | None, n_draws: int, seconds: float) -> list[dict]:
    """Runs that are kept and runs that are made, until there are enough or the time is up."""
    lines = cache.read_text(encoding="utf-8").splitlines() if cache and cache.exists() else []
    kept = [run for run in map(json.loads, lines) if run["name"] in names and run["run"] < n_runs]
    have = {(run["name"], run["run"]) for run in kept}
    began = time.perf_counter()
    for run in range(n_runs):
        for name in names:
            if (name, run) in have or time.perf_counter() - began > seconds:
                continue
            kept.append(one_run(name, run, n_draws=n_draws))
            if cache:
                with cache.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(kept[-1]) + "\n")
            print(f"\r{run + 1:4d} of {n_runs}  {name:50s}", end="", file=sys.stderr, flush=True)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--draws", type=int, default=199, help="shuffles of partners")
    parser.add_argument("--only", action="append", choices=list(SCENARIOS))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no run after this")
    given = parser.parse_args()
    names = given.only or list(SCENARIOS)
    runs = gather(names, given.runs, cache=given.cache, n_draws=given.draws, seconds=given.seconds)
    made = {name: [run for run in runs if run["name"] == name] for name in names}
    rows = [table(name, some) for name, some in made.items() if some]
    keep(__file__, {"draws": given.draws, "rows": rows}, packages=("numpy", "scipy", "numba"))


if __name__ == "__main__":
    main()
