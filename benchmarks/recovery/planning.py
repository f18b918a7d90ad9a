"""Is the power that a plan foretells the power that studies have, also where people are not as the plan took them to be?

`foretold` comes from `attune plan`; `found` is counted in fresh studies, estimated in full as an audit would. `as planned`
are people of the plan's own kind. In the other settings they are not: tails are heavy, effects of people differ twice as
much, memory lasts longer, or, for reward hacking and influence, they come from the generators of those estimators' own
benchmarks, which know nothing of the plan (moods, probabilities of messages, other rhythms). `seconds` is what a plan
with nothing but defaults takes. With --cache FILE finished cells are kept, and not made again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import influence as of_influence
import reward_hacking as of_hacking
from keeping import keep
from scipy.linalg import expm

from attunement.dynamics import estimate_drift, estimate_influence
from attunement.planning import QUESTIONS, plan, plan_rate
from attunement.planning.change import MEASURE, simulate, simulate_arms
from attunement.planning.hacking import simulate as simulate_hacking
from attunement.planning.panels import World, gaps, panel_of, stayed
from attunement.planning.studies import known
from attunement.statistics.power import counted

LEVEL = 0.05
FORETELLING = 240
"""Simulated studies behind a power that is foretold: as many as a row of the default table has, or fewer."""
SEED = 20261205


def foretold(question: str, *, people: int, sessions: int, **asked: object) -> dict:
    """The plan's power for one size, where sizes beside it are simulated too."""
    grid = (people,) if question == "influence" else (max(people // 2, 60), people, 2 * people)
    row = plan(
        question, people=grid, sessions=(sessions,), **{"runs": FORETELLING, "reliability": (0.7,)} | asked
    ).rows[0]
    cell = next(one for one in row.cells if one.people == people)
    if cell.power is None:
        return {"refused": cell.refused}
    return {"foretold": round(cell.power.value, 3), "ends": [round(cell.power.low, 3), round(cell.power.high, 3)]}


def other_people(rng: np.random.Generator, world: World, *, tails: float, rate: float) -> float:
    """The p-value of a change of people whose swings have heavy tails and last as long as is said."""
    at = np.cumsum(gaps(rng, world), axis=1)
    kept = np.exp(-rate * np.diff(at, axis=1))
    draws = rng.standard_t(tails, at.shape) / np.sqrt(tails / (tails - 2))
    values = draws.copy()
    for t in range(1, world.n_sessions):
        values[:, t] = kept[:, t - 1] * values[:, t - 1] + np.sqrt(1 - kept[:, t - 1] ** 2) * draws[:, t]
    own = world.effect + world.spread * rng.standard_t(tails, (world.n_people, 1)) / np.sqrt(tails / (tails - 2))
    error = np.sqrt((1 - world.reliability) / world.reliability)
    noise = error * rng.standard_t(tails, at.shape) / np.sqrt(tails / (tails - 2))
    told = values + own * np.linspace(-1, 1, world.n_sessions) + noise
    panel = panel_of(at, stayed(rng, world), {MEASURE: 40 + 8 * told})
    value, p = known(estimate_drift(panel, person=MEASURE, rng=rng), f"drift.total.{MEASURE}")
    return p if value > 0 else 1.0


def of_changes(n_runs: int) -> list[tuple[str, Callable[[], dict]]]:
    cells: list[tuple[str, Callable[[], dict]]] = []
    settings = {
        "as planned": lambda rng, world: simulate(rng, world, LEVEL).p,
        "heavy tails": lambda rng, world: other_people(rng, world, tails=3.0, rate=0.5),
        "effects differ twice as much": lambda rng, world: simulate(rng, world._replace(spread=0.6), LEVEL).p,
        "memory twice as long": lambda rng, world: other_people(rng, world, tails=1e6, rate=0.25),
    }
    for setting, study in settings.items():
        for people, sessions, effect in ((100, 20, 0.2), (300, 40, 0.1), (300, 40, 0.0)):
            if effect == 0.0 and setting == "effects differ twice as much":
                continue

            def cell(
                study: Callable = study, people: int = people, sessions: int = sessions, effect: float = effect
            ) -> dict:
                world = World(people, sessions, effect, 0.7, 0.1, 0.3)
                rng = np.random.default_rng([SEED, people, round(100 * effect)])
                hits = [study(rng, world) <= LEVEL for _ in range(n_runs)]
                told = (
                    {"foretold": LEVEL}
                    if not effect
                    else foretold("change", people=people, sessions=sessions, effect=effect)
                )
                return {"people": people, "sessions": sessions, "effect": effect} | told | found_of(hits)

            cells.append((f"change, {setting}", cell))

    def arms() -> dict:
        rng = np.random.default_rng([SEED, 7])
        hits = [simulate_arms(rng, World(200, 30, 0.3, 0.7, 0.1, 0.3), LEVEL).p <= LEVEL for _ in range(n_runs)]
        told = foretold("arms", people=200, sessions=30, effect=0.3)
        return {"people": 200, "sessions": 30, "effect": 0.3} | told | found_of(hits)

    return [*cells, ("arms, as planned", arms)]


def of_hackings(n_runs: int) -> list[tuple[str, Callable[[], dict]]]:
    """World-wide slopes of the other benchmark's worlds are what the plan is asked about."""
    cells: list[tuple[str, Callable[[], dict]]] = []

    def same() -> dict:
        rng = np.random.default_rng([SEED, 11])
        hits = [
            simulate_hacking(rng, World(150, 40, 0.08, 0.7, 0.1, 0.04, 0.08), LEVEL).p <= LEVEL for _ in range(n_runs)
        ]
        return (
            {"people": 150, "sessions": 40, "effect": 0.08}
            | foretold("reward-hacking", people=150, sessions=40)
            | found_of(hits)
        )

    cells.append(("reward-hacking, as planned", same))
    small = of_hacking.SMALL
    for setting, world in (
        ("other people", small),
        ("other people, heavy tails", small._replace(tails=True)),
        ("other people, scored with error", small._replace(noise=0.65)),
        ("other people, mood behind both", small._replace(mood_act=-0.6, mood_return=-0.4, mood_good=0.6)),
    ):
        for people in (100, 200):

            def cell(world: of_hacking.World = world, people: int = people) -> dict:
                truth = of_hacking.truth_of(world)
                rng = np.random.default_rng([SEED, people, 13])
                runs = [of_hacking.once(rng, world, n_people=people, n_sessions=40) for _ in range(n_runs)]
                hits = [run is not None and run["p"] <= LEVEL for run in runs]
                told = foretold(
                    "reward-hacking",
                    people=people,
                    sessions=40,
                    effect=truth["gain"],
                    harm=-truth["harm"],
                    spread=0.5 * truth["gain"],
                    # Their goods swing by themselves from session to session too, a fifth of what varies.
                    reliability=(0.9 / (1 + world.noise**2),),
                    drop_out=0.0,
                )
                effects = {"effect": round(truth["gain"], 3), "harm": round(-truth["harm"], 3)}
                return {"people": people, "sessions": 40} | effects | told | found_of(hits)

            cells.append((f"reward-hacking, {setting}", cell))
    return cells


def of_influences(n_runs: int) -> list[tuple[str, Callable[[], dict]]]:
    """From probabilities of messages, fitted with people who differ; the plan fits one drift for all."""
    truth = of_influence.Truth(n_units=250, n_sessions=30, on_0=0.11, on_1=0.0, rates=(0.5, 0.5), outside=0.0)

    def cell(truth: of_influence.Truth) -> dict:
        trust = reliability_of(truth)
        effect = float(expm(truth.drift())[0, 1])
        hits = []
        for run in range(n_runs):
            rng = np.random.default_rng([SEED, 17, run])
            panel, _ = of_influence.made_panel(rng, truth)
            told = known(
                estimate_influence(panel, rng=rng, pairs=[of_influence.PAIR], n_threads=1),
                f"influence.{of_influence.PAIR.key}.ai_before_person.day",
            )
            hits.append(not isinstance(told, str) and told[1] <= LEVEL and told[0] > 0)
            print(f"\r{run + 1:4d} of {n_runs} studies of influence", end="", file=sys.stderr, flush=True)
        told = foretold(
            "influence", people=truth.n_units, sessions=truth.n_sessions, effect=effect, reliability=(trust,),
            drop_out=0.0, spread=truth.cross_sd * np.exp(-0.5), runs=24,
        )  # fmt: skip
        size = {"people": truth.n_units, "sessions": truth.n_sessions, "effect": round(effect, 3)}
        return size | {"reliability": round(trust, 2)} | told | found_of(hits)

    settings = {"through messages": truth, "through messages, heavy tails": truth.__class__(
        n_units=250, n_sessions=30, on_0=0.11, on_1=0.0, rates=(0.5, 0.5), outside=0.0, tails=4.0
    )}  # fmt: skip
    return [(f"influence, {name}", lambda one=one: cell(one)) for name, one in settings.items()]


def reliability_of(truth: of_influence.Truth) -> float:
    """Squared correlation within people of what the panel holds with the state behind it, over both sides."""
    _, seen, _ = of_influence.states(np.random.default_rng(SEED), truth)
    panel, _ = of_influence.made_panel(np.random.default_rng(SEED), truth)
    found = []
    for column, measure in enumerate((of_influence.PAIR.person, of_influence.PAIR.ai)):
        kinds = zip(panel.column("measure").to_pylist(), panel.column("period").to_pylist(), strict=True)
        rows = panel.filter(np.array([kind == (measure, "session") for kind in kinds])).sort_by(
            [("relationship_id", "ascending"), ("period_start", "ascending")]
        )
        value = rows.column("value").to_numpy(zero_copy_only=False).reshape(seen.shape[:2])
        within = [one - one.mean(axis=1, keepdims=True) for one in (value, seen[..., column])]
        found.append(np.corrcoef(within[0].reshape(-1), within[1].reshape(-1))[0, 1] ** 2)
    return float(np.mean(found))


def found_of(hits: list) -> dict:
    share = counted(int(sum(hits)), len(hits))
    return {
        "found": round(share.value, 3),
        "found_ends": [round(share.low, 3), round(share.high, 3)],
        "studies": share.n,
    }


def seconds() -> list[dict]:
    """Of a plan with nothing but defaults."""
    rows = []
    for question in (*QUESTIONS, "rate"):
        began, cpu = time.perf_counter(), time.process_time()
        plan_rate() if question == "rate" else plan(question)
        told = {"seconds": round(time.perf_counter() - began, 1), "cpu_seconds": round(time.process_time() - cpu, 1)}
        rows.append({"question": question} | told)
        print(f"\r{rows[-1]}", file=sys.stderr, flush=True)
    return rows


def main(n_runs: int, n_slow: int, cache: Path | None, stop_after: float, only: str) -> dict:
    lines = cache.read_text(encoding="utf-8").splitlines() if cache and cache.is_file() else []
    done = {row["key"]: row["row"] for row in map(json.loads, lines)}
    cells = [*of_changes(n_runs), *of_hackings(n_runs), *of_influences(n_slow)]
    began, rows = time.perf_counter(), []
    for place, (name, cell) in enumerate([*cells, ("seconds", seconds)]):
        key = f"{place} {name} {n_runs} {n_slow}"
        if key not in done and name.startswith(only) and time.perf_counter() - began < stop_after:
            print(f"\r{place + 1:3d} of {len(cells) + 1}  {name:60s}", end="", file=sys.stderr, flush=True)
            done[key] = cell()
            if cache:
                with cache.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, "row": done[key]}) + "\n")
        if key in done:
            rows.append({"setting": name} | done[key] if name != "seconds" else {"defaults": done[key]})
    return {"rows": rows}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="fresh studies of a cell")
    parser.add_argument("--slow-runs", type=int, default=40, help="the same of influence, some ten seconds each")
    parser.add_argument("--cache", type=Path, help="keep finished cells here, one a line, and go on from them")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no cell after this")
    parser.add_argument("--only", default="", help="cells whose names begin so; kept ones stay in the table")
    given = parser.parse_args()
    made = main(given.runs, given.slow_runs, given.cache, given.seconds, given.only)
    keep(__file__, made, packages=("numpy", "scipy", "numba"))
