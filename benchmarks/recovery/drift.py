"""Is a person's change split rightly into what came with the AI and what would have come anyway, or refused?

The truth is a pull: d person = [K (own - person) + B (AI - person)] dt + noise, K = .35 and B = .15 a day or 0; `own`
rises by .5 over a relationship (natural drift), an AI with an agenda by 1. Scores have errors of SD .4, sessions come at
irregular times, people differ in K and B. Pull rows (`pull`) say how often a pull is claimed and refused:

- none (an AI that moves by itself and does not pull), leader, both (it also follows), lag mirror (it follows within
  days and does not pull), mirror .05 to 1 (it stands where the person stands, and moves by itself with that SD), and
  word mirror (it repeats even what the person says by chance in a session);
- start low (everybody begins 2 SD low), shock (weeks move everybody), heavy (t, 3 degrees of freedom), bounded (scores 1
  to 7), switch (no pull, then twice the pull), annotator (a version reads the person .5 higher from a date on), wander
  (own levels walk at random, and AIs too).

`floors` says for each floor of `drift.distinct` what share of mirrors is taken for a pull and of pulls is told. Routes
(`routes`): bias, coverage and size of each, with a natural drift, a low start and shocks, the AI pulling or not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep

from attunement.dynamics import drift_pull
from attunement.dynamics.drift import estimate_drift
from attunement.dynamics.drift_routes import Routes
from attunement.vocabulary import PANEL, PERIODS, Missing

START = datetime(2026, 1, 5, tzinfo=UTC).timestamp() / 86_400
K = 0.35
STEPS = 5
"""Steps of the simulation between two sessions."""
FLOORS = (0.0, 0.1, 0.25, 0.4, 0.5)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is simulated, in days and in standard deviations of a person about their own level."""

    pull: float = 0.0
    natural: float = 0.5
    agenda: float = 1.0
    own: float = 0.8
    """How much the AI moves by itself."""
    follows: float = 0.0
    """Share of the person's position that the AI takes on at once."""
    lag: float = 0.0
    """Rate a day at which the AI goes to where the person is."""
    repeats: float = 0.0
    """How much of what a person says by chance in a session the AI repeats in it."""
    start: float = 0.0
    shock: float = 0.0
    tails: float = np.inf
    noise: float = 0.4
    bounded: bool = False
    switch: bool = False
    annotator: float = 0.0
    wander: float = 0.0
    n_units: int = 150
    n_sessions: int = 40
    entries: float = 40.0
    """Days over which people begin."""
    before: int = 0
    """Sessions before the AI can pull, and before its agenda."""
    route: str = ""


@dataclass(frozen=True)
class Drawn:
    """A panel and what is true of it."""

    panel: pa.Table
    induced: float
    """What the AI's moves since its first sessions did to second halves less first, on average."""
    days: np.ndarray
    onset: np.ndarray
    exposed: np.ndarray
    latent: np.ndarray
    alone: np.ndarray
    """Where each person would have been without any pull."""


def simulate(rng: np.random.Generator, truth: Truth) -> Drawn:
    """Everybody abreast, in small steps; the same noise once with the pull and once without."""
    n, s = truth.n_units, truth.n_sessions

    def draw() -> np.ndarray:
        if np.isinf(truth.tails):
            return rng.standard_normal(n)
        return rng.standard_t(truth.tails, n) / np.sqrt(truth.tails / (truth.tails - 2))

    gaps = np.maximum(rng.exponential(rng.choice([0.5, 1.5, 7.0], p=[0.8, 0.15, 0.05], size=(n, s))), 0.02)
    days = np.cumsum(gaps, axis=1) + rng.uniform(0, truth.entries, (n, 1))
    back = K * np.exp(0.25 * rng.standard_normal(n))
    pull = np.maximum(truth.pull * (1 + 0.4 * rng.standard_normal(n)), 0.0)
    exposed = rng.random(n) < 0.5 if truth.route in {"arm", "release"} else np.ones(n, dtype=bool)
    level, level_ai = rng.standard_normal(n), rng.standard_normal(n)
    person = level + draw() + truth.start
    alone, own, other = person.copy(), truth.own * draw(), level_ai.copy()
    week = truth.shock * np.cumsum(rng.standard_normal(120)) / 3
    moved = np.zeros(n)
    first_sum, first_n = np.zeros(n), 0
    walk, walk_ai = np.zeros(n), np.zeros(n)
    latent, latent_alone, position, path = (np.empty((n, s)) for _ in range(4))
    for t in range(s):
        share = t / s
        fresh = max(t - truth.before, 0) / max(s - truth.before, 1)
        for _ in range(STEPS):
            h = gaps[:, t] / STEPS
            may = (truth.route == "release") | ((t >= truth.before) & (exposed | (truth.route != "arm")))
            now_pull = np.where(may, pull * (2.0 * (share >= 0.5) if truth.switch else 1.0), 0.0)
            shared = week[np.minimum(days[:, t] // 7, 119).astype(int)]
            walk += truth.wander * np.sqrt(h / 40) * rng.standard_normal(n)
            walk_ai += truth.wander * np.sqrt(h / 40) * rng.standard_normal(n)
            home = level + truth.natural * share + walk + shared
            agenda = truth.agenda * (fresh if truth.route != "release" else (t >= truth.before) * exposed)
            if truth.lag:
                other += (person - other) * (1 - np.exp(-truth.lag * h))
            free = (person if truth.follows else 0.0) * truth.follows + (0.0 if truth.follows == 1 else level_ai)
            ai = (other if truth.lag else free) + own + agenda * (truth.follows < 1) + walk_ai
            start = first_sum / max(first_n, 1) if t else ai
            new = draw()
            person = _step(person, home, ai, back, now_pull, h, new)
            # Alone is without any pull; of a release, without what it did to the AI.
            pulls = truth.route == "release"
            alone = _step(alone, home, ai - agenda, back, now_pull * pulls, h, new)
            rate = back + now_pull
            fade = np.exp(-rate * h)
            moved = fade * moved + np.where(now_pull > 0, now_pull / rate * (1 - fade) * (ai - start), 0.0)
            fade = np.exp(-0.5 * h)
            own = fade * own + truth.own * np.sqrt(1 - fade**2) * draw()
        if t < 3:
            first_sum, first_n = first_sum + ai, first_n + 1
        latent[:, t], latent_alone[:, t], position[:, t], path[:, t] = person, alone, ai, moved
    columns = _seen(rng, truth, days, latent, position, latent_alone)
    half = s // 2
    return Drawn(
        _panel(days, columns),
        float((path[:, half:].mean(axis=1) - path[:, :half].mean(axis=1)).mean()),
        days,
        days[:, truth.before] - 1e-6,
        exposed,
        latent,
        latent_alone,
    )


def _seen(
    rng: np.random.Generator,
    truth: Truth,
    days: np.ndarray,
    latent: np.ndarray,
    position: np.ndarray,
    latent_alone: np.ndarray,
) -> dict[str, np.ndarray]:
    """Scores with the errors of the annotator."""
    n, s = days.shape
    chance = truth.noise * rng.standard_normal((n, s))
    seen = latent + chance + truth.annotator * (days > np.median(days))
    seen_ai = position + truth.repeats * chance + truth.noise * rng.standard_normal((n, s))
    if truth.bounded:
        seen, seen_ai = (np.clip(np.round(4 + 1.2 * one), 1, 7) for one in (seen, seen_ai))
    columns = {"score.person": seen, "score.ai": seen_ai}
    if truth.route == "untouched":
        for other_topic in range(3):
            somebody = latent_alone[rng.permutation(n)]
            columns[f"score.other{other_topic}"] = somebody + truth.noise * rng.standard_normal((n, s))
    return columns


def _step(
    at: np.ndarray, home: np.ndarray, ai: np.ndarray, back: np.ndarray, pull: np.ndarray, h: np.ndarray, new: np.ndarray
) -> np.ndarray:
    rate = back + pull
    fade = np.exp(-rate * h)
    goal = (back * home + pull * ai) / rate
    return goal + (at - goal) * fade + np.sqrt((1 - fade**2) / (2 * rate)) * np.sqrt(2 * K) * new


def _panel(days: np.ndarray, columns: dict[str, np.ndarray]) -> pa.Table:
    n, s = days.shape
    k = len(columns)
    shape = (n, s, k)
    us = ((START + days) * 86_400e6).astype(np.int64)
    word = pa.DictionaryArray.from_arrays
    rows = n * s * k
    return pa.Table.from_arrays(
        [
            pa.array(np.broadcast_to(np.arange(1, n + 1, dtype=np.uint64)[:, None, None], shape).reshape(-1)),
            pa.array(np.broadcast_to(us[..., None], shape).reshape(-1)).cast(pa.timestamp("us", tz="UTC")),
            word(pa.array(np.zeros(rows, dtype=np.int8)), pa.array(PERIODS)),
            word(pa.array(np.broadcast_to(np.arange(k, dtype=np.int8), shape).reshape(-1)), pa.array(list(columns))),
            pa.array(np.stack(list(columns.values()), axis=2).reshape(-1)),
            pa.nulls(rows, pa.float64()),
            pa.array(np.full(rows, 6, dtype=np.int32)),
            pa.array(np.full(rows, 10.0)),
            pa.nulls(rows, pa.dictionary(pa.int8(), pa.string())),
        ],
        schema=PANEL,
    )


LEADER = Truth(pull=0.15)
PULLS = {
    "none": Truth(),
    "leader": LEADER,
    "both": Truth(pull=0.15, follows=0.5),
    "lag mirror": Truth(lag=0.5, own=0.5, agenda=0.0),
    "lag mirror, pulls": Truth(pull=0.15, lag=0.5, own=0.5),
    "mirror .05": Truth(follows=1.0, own=0.05),
    "mirror .3": Truth(follows=1.0, own=0.3),
    "mirror .6": Truth(follows=1.0, own=0.6),
    "mirror 1": Truth(follows=1.0, own=1.0),
    "mirror .6, pulls": Truth(follows=1.0, own=0.6, pull=0.15),
    "word mirror": Truth(follows=1.0, own=0.3, repeats=1.0),
    "none, words repeated": Truth(repeats=1.0),
    "start low": Truth(start=-2.0),
    "start low, leader": replace(LEADER, start=-2.0),
    "shock": Truth(shock=1.0),
    "shock, leader": replace(LEADER, shock=1.0),
    "heavy": Truth(tails=3.0),
    "heavy, leader": replace(LEADER, tails=3.0),
    "bounded": Truth(bounded=True),
    "switch": replace(LEADER, switch=True),
    "annotator": Truth(annotator=0.5),
    "wander": Truth(wander=1.0),
}
ROUTES = {
    f"{route}, {what}": Truth(
        route=route,
        pull=pull,
        before=before,
        start=start,
        shock=0.5,
        agenda=2.0,
        n_units=200,
        n_sessions=n_sessions,
        entries=entries,
    )
    for route, before, start, n_sessions, entries in (
        ("arm", 12, -1.0, 40, 40.0),
        ("release", 35, 0.0, 80, 40.0),
        ("untouched", 0, -1.0, 40, 40.0),
        ("adoption", 100, 0.0, 150, 300.0),
    )
    for what, pull in (("none", 0.0), ("pulls", 0.15))
}


def one_pull(name: str, run: int) -> dict:
    """One run of the pull, with the floor taken away, so that every floor can be told from it."""
    truth = PULLS[name]
    rng = np.random.default_rng([7, list(PULLS).index(name), run])
    drawn = simulate(rng, truth)
    began = time.process_time()
    kept, drift_pull.FLOOR = drift_pull.FLOOR, -1.0
    found = {
        item.measure: item
        for item in estimate_drift(drawn.panel, person="score.person", ai="score.ai", rng=rng, n_threads=1)
    }
    drift_pull.FLOOR = kept
    record: dict = {"name": name, "run": run, "seconds": time.process_time() - began, "truth": drawn.induced}
    for key in ("distinct", "pull", "return", "induced.pull", "natural.pull"):
        item = found.get(f"drift.{key}.score.person")
        known = item is not None and not isinstance(item.value, Missing)
        record[key] = [item.value, item.low, item.high, item.null.p if item.null else None] if known else None
    return record


def one_route(name: str, run: int) -> dict:
    """One run of a route."""
    truth = ROUTES[name]
    rng = np.random.default_rng([8, list(ROUTES).index(name), run])
    drawn = simulate(rng, truth)
    owner = pa.array(np.arange(1, truth.n_units + 1, dtype=np.uint64))
    at = pa.array(((START + drawn.onset) * 86_400e6).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))
    dates = pa.table({"relationship_id": owner, "at": at})
    gone = drawn.latent - drawn.alone
    days, onset = drawn.days, drawn.onset[:, None]
    if truth.route == "arm":
        routes = Routes(arms=dates.append_column("arm", pa.array(drawn.exposed.astype(float))))
        expected = gone[drawn.exposed, truth.before :].mean()
    elif truth.route == "release":
        routes = Routes(releases=dates.filter(pa.array(drawn.exposed)))
        since = days - onset
        expected = np.mean(
            [
                row[(when >= 0) & (when < 28)].mean() - row[(when >= -28) & (when < 0)].mean()
                for row, when, on in zip(gone, since, drawn.exposed, strict=True)
                if on and ((when >= 0) & (when < 28)).sum() >= 3 and ((when >= -28) & (when < 0)).sum() >= 3
            ]
        )
    elif truth.route == "untouched":
        routes = Routes(untouched=tuple(f"score.other{place}" for place in range(3)))
        half = truth.n_sessions // 2
        expected = (gone[:, half:].mean(axis=1) - gone[:, :half].mean(axis=1)).mean()
    else:
        routes = Routes(adoption=dates)
        since = days - onset
        expected = np.mean([row[(when >= 0) & (when < 28)].mean() for row, when in zip(gone, since, strict=True)])
    found = estimate_drift(drawn.panel, person="score.person", routes=routes, rng=rng)
    item = next(item for item in found if item.measure == f"drift.induced.{truth.route}.score.person")
    if isinstance(item.value, Missing):
        return {"name": name, "run": run, "refused": item.method}
    p = item.null.p if item.null else None
    return {
        "name": name,
        "run": run,
        "truth": float(expected),
        "value": [item.value, item.low, item.high, p],
        "rung": item.rung,
    }


def pull_table(name: str, runs: list[dict]) -> dict:
    """One scenario of the pull at the floor that ships."""
    truth = PULLS[name]
    told = [run for run in runs if run["distinct"] and run["distinct"][1] >= drift_pull.FLOOR and run["pull"]]
    figures = [run["distinct"][0] for run in runs if run["distinct"]]
    row: dict = {
        "scenario": name,
        "runs": len(runs),
        "pull": truth.pull,
        "distinct": round(float(np.mean(figures)), 3) if figures else None,
        "refused": round(1 - len(told) / len(runs), 3),
        "mc_se_of_shares": round(float(np.sqrt(0.05 * 0.95 / max(len(told), 1))), 3),
        "seconds_median": round(float(np.median([run["seconds"] for run in runs])), 2),
    }
    if told:
        pull = np.array([run["pull"] for run in told], dtype=float)
        induced = np.array([run["induced.pull"] for run in told], dtype=float)
        true = np.array([run["truth"] for run in told])
        row |= {
            "pull_bias": round(float(np.mean(pull[:, 0] - truth.pull)), 4),
            "pull_covers": round(float(np.mean((pull[:, 1] <= truth.pull) & (pull[:, 2] >= truth.pull))), 3),
            "pull_claimed": round(float(np.mean(pull[:, 3] <= 0.05)), 3),
            "induced_truth": round(float(true.mean()), 3),
            "induced_bias": round(float(np.mean(induced[:, 0] - true)), 4),
            "induced_covers": round(float(np.mean((induced[:, 1] <= true) & (induced[:, 2] >= true))), 3),
        }
    return row


def floor_table(runs: list[dict]) -> list[dict]:
    """Over all scenarios that mirror, and all that pull: what each floor lets through."""
    rows = []
    for floor in FLOORS:
        row: dict = {"floor": floor}
        for kind, names in (
            ("mirrors", [name for name in PULLS if "mirror" in name and "pulls" not in name]),
            ("pulls", [name for name, truth in PULLS.items() if truth.pull and not truth.switch]),
        ):
            of_kind = [run for run in runs if run["name"] in names]
            told = [run for run in of_kind if run["pull"] and run["distinct"][1] >= floor]
            row[f"{kind}_told"] = round(len(told) / max(len(of_kind), 1), 3)
            claimed = [run for run in told if run["pull"][3] <= 0.05]
            row[f"{kind}_claimed_of_told"] = round(len(claimed) / max(len(told), 1), 3)
        rows.append(row)
    return rows


def route_table(name: str, runs: list[dict]) -> dict:
    """Bias, coverage and rejections of a route."""
    told = [run for run in runs if "value" in run]
    row: dict = {"scenario": name, "runs": len(runs), "refused": round(1 - len(told) / len(runs), 3)}
    if told:
        got, true = np.array([run["value"] for run in told], dtype=float), np.array([run["truth"] for run in told])
        row |= {
            "truth": round(float(true.mean()), 3),
            "bias": round(float(np.mean(got[:, 0] - true)), 4),
            "mc_se_of_bias": round(float(np.std(got[:, 0] - true) / np.sqrt(len(true))), 4),
            "covers": round(float(np.mean((got[:, 1] <= true) & (got[:, 2] >= true))), 3),
            "rejects_none": round(float(np.mean(got[:, 3] <= 0.05)), 3),
            "mc_se_of_shares": round(float(np.sqrt(0.05 * 0.95 / len(told))), 3),
        }
    return row


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=60)
    options.add_argument("--cache", type=Path, help="a file of finished runs, to go on with")
    options.add_argument("--only", nargs="*", default=[*PULLS, *ROUTES])
    given = options.parse_args()
    there = given.cache is not None and given.cache.exists()
    done = [json.loads(line) for line in given.cache.read_text().splitlines()] if there else []
    results: dict = {"pull": [], "floors": [], "routes": []}
    all_runs = []
    for name in given.only:
        work, n_runs = (one_pull, given.runs) if name in PULLS else (one_route, 3 * given.runs)
        runs = [run for run in done if run["name"] == name and run["run"] < n_runs]
        for run in sorted(set(range(n_runs)) - {item["run"] for item in runs}):
            runs.append(work(name, run))
            if given.cache:
                with given.cache.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(runs[-1]) + "\n")
            print(f"\r{name}: {len(runs)} of {n_runs}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        if name in PULLS:
            results["pull"].append(pull_table(name, runs))
            all_runs += runs
        else:
            results["routes"].append(route_table(name, runs))
    results["floors"] = floor_table(all_runs) if all_runs else []
    if given.only == [*PULLS, *ROUTES]:
        keep(__file__, results)
    else:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
