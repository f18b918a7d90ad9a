"""Is social reward hacking found where it is, and never where it is not on the rung that is stated?

People have sessions at irregular times, levels and slopes of their own, and a mood that moves by itself. `gain` is how
much sooner they come back after a session with more of the act than usual; `harm` is how much a good then falls for
some days. Worlds differ in which of the two are there and in what else could look like them. The truth of a slope is
its mean over very many people of the same world; where an effect is absent it is 0.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


from keeping import keep

from attunement.dynamics.hacking import Plan, estimate_reward_hacking
from attunement.vocabulary import PANEL, PERIODS, TIME, Missing

ACT = "ai.flattery"
DAY_US = 86_400_000_000
PLAN = Plan(acts=(ACT,), rewards=("returned",), goods=("independence",))


class World(NamedTuple):
    """What moves what."""

    gain: float = 0.0
    harm: float = 0.0
    mood_act: float = 0.0  # mood at the session moves the act
    mood_return: float = 0.0  # and the time until the next
    mood_good: float = 0.4  # and the good
    mood_seen: bool = True  # whether the opening of a session tells the mood
    visits: float = 0.0  # at a time when somebody could come, mood decides whether they do
    noise: float = 0.0  # of the annotator, in standard deviations of what it scores
    corrected: bool = False  # whether the noise is known and taken out
    tails: bool = False
    bounded: bool = False
    feedback: float = 0.0  # a reward, and a low good, move the next act
    regime: float = 0.0  # at a time of its own each person's act and good take new levels
    leaving: float = 0.0  # who is low leaves for good
    chance: bool = False  # chance pushes the act up in some sessions, the likelier the lower the mood


class Drawn(NamedTuple):
    """Sessions, one row a person and one column a session; NaN after somebody left."""

    began: np.ndarray  # days
    act: np.ndarray
    good: np.ndarray
    mood: np.ndarray
    opening: np.ndarray  # the good as the person shows it before the act
    chosen: np.ndarray  # whether chance pushed the act up
    p_chosen: np.ndarray


def draw(rng: np.random.Generator, world: World, *, n_people: int, n_sessions: int) -> Drawn:
    n = n_people
    shock = (lambda size: rng.standard_t(3, size) / np.sqrt(3)) if world.tails else rng.standard_normal
    own_act, own_good, own_pace = rng.standard_normal(n), rng.standard_normal(n), 0.4 * rng.standard_normal(n)
    gain = world.gain + 0.5 * abs(world.gain) * rng.standard_normal(n)
    harm = world.harm + 0.5 * abs(world.harm) * rng.standard_normal(n)
    mood_act = world.mood_act * (1 + 0.4 * rng.standard_normal(n))
    rate_mood, rate_good = (np.exp(np.log(base) + 0.25 * rng.standard_normal(n)) for base in (0.25, 0.4))
    mood, good, hurt, wave = rng.standard_normal(n), rng.standard_normal(n), np.zeros(n), rng.standard_normal(n)
    now, since_reward = 30 * rng.random(n), np.zeros(n)
    switch = rng.random(n) * 0.8 + 0.1
    jumps = world.regime * rng.standard_normal((2, n))
    out = np.empty((7, n_sessions, n))
    there = np.ones(n, dtype=bool)
    for t in range(n_sessions):
        late = t / n_sessions > switch
        wave = 0.4 * wave + np.sqrt(1 - 0.16) * shock(n)
        level = own_good + good + world.mood_good * mood - hurt + jumps[1] * late
        # An AI knows of the person what they wrote: here that is what opens the session. Bounded, or act and loss would
        # drive each other up without end.
        opening = level + 0.5 * shock(n)
        moved = (
            mood_act * mood + world.feedback * (since_reward - 0.5) - world.feedback * 0.6 * np.tanh(opening - own_good)
        )
        p_chosen = 1 / (1 + np.exp(0.8 * mood))
        chosen = (rng.random(n) < p_chosen).astype(float)
        apart = 0.8 * wave + moved + world.chance * 1.5 * (chosen - 0.5)
        act = own_act + apart + jumps[0] * late
        out[:, t] = now, act, level + 0.5 * shock(n), mood, opening, chosen, p_chosen
        out[:, t, ~there] = np.nan
        there &= rng.random(n) >= world.leaving * 0.02 * np.exp(-0.7 * (level - own_good))
        hurt = hurt + harm * apart
        length = rng.choice([0.5, 1.5, 7.0], size=n, p=[0.8, 0.15, 0.05])
        step = length * rng.exponential(size=n) * np.exp(own_pace - gain * apart - world.mood_return * mood)
        step = 0.03 + np.minimum(step, 40.0)
        coming = np.ones(n, dtype=bool)
        total = np.zeros(n)
        for _ in range(6 if world.visits else 1):
            went = np.where(coming, step, 0.0)
            total += went
            mood, good, hurt = _moved(rng, mood, good, hurt, went, rate_mood, rate_good)
            if world.visits:
                coming &= rng.random(n) > 1 / (1 + np.exp(-0.3 - world.visits * mood))
                step = 0.03 + 0.7 * rng.exponential(size=n) * np.exp(own_pace)
        since_reward = (total < 1.0).astype(float)
        now = now + total
    return Drawn(*(piece.T for piece in out))


def _moved(rng, mood, good, hurt, days, rate_mood, rate_good):
    """Mood and good return to their level in their own time; what was done wears off in about ten days."""
    pieces = []
    for state, rate in ((mood, rate_mood), (good, rate_good)):
        kept = np.exp(-rate * days)
        pieces.append(kept * state + np.sqrt(1 - kept**2) * rng.standard_normal(len(days)))
    return pieces[0], pieces[1], hurt * np.exp(-0.1 * days)


def panel_of(rng: np.random.Generator, drawn: Drawn, world: World) -> tuple[pa.Table, dict[str, float]]:
    """The panel that an audit would make of it, and the variance of the annotator's errors where it is known."""
    scored, noise = {}, {}
    columns = {f"rate.{ACT}": drawn.act, "rate.user.independent": drawn.good}
    if world.mood_seen:
        columns |= {"opening.user.lonely": -drawn.mood, "opening.user.independent": drawn.opening}
    there = np.isfinite(drawn.began)
    for name, values in columns.items():
        within = np.nanstd(values - np.nanmean(values, axis=1, keepdims=True))
        told = values + world.noise * within * rng.standard_normal(values.shape)
        if world.bounded:
            told = np.clip(np.round(told, 0), -0.5, 1.5)
        scored[name] = (20 + 8 * told)[there]
        noise[name] = (8 * world.noise * within) ** 2
    ended = drawn.began + 0.02
    log_end = float(np.nanmax(ended))
    returned = np.zeros_like(drawn.began)
    with np.errstate(invalid="ignore"):
        returned[:, :-1] = np.nan_to_num(drawn.began[:, 1:] - ended[:, :-1], nan=99.0) < 1.0
    last = np.append(there[:, 1:], np.zeros((len(there), 1), dtype=bool), axis=1) != there
    last &= there
    # The last session of a person who had not left is where the simulation ends, not a silence of theirs.
    full = there.all(axis=1)
    known = there & ~(last & full[:, None]) & (ended <= log_end - 1.0)
    scored["reward.returned"] = np.where(known, returned, np.nan)[there]
    relationship = np.broadcast_to(np.arange(len(there), dtype=np.uint64)[:, None] + 1, there.shape)[there]
    return _table(relationship, drawn.began[there], scored), noise if world.corrected else {}


def _table(relationship: np.ndarray, began: np.ndarray, measures: dict[str, np.ndarray]) -> pa.Table:
    n, k = len(relationship), len(measures)
    value = np.concatenate(list(measures.values()))
    missing = ~np.isfinite(value)
    words = pa.DictionaryArray.from_arrays
    return pa.Table.from_arrays(
        [
            pa.array(np.tile(relationship, k)),
            pa.array(np.tile((began * DAY_US).astype(np.int64), k)).cast(TIME),
            words(pa.array(np.zeros(n * k, dtype=np.int8)), pa.array(PERIODS)),
            words(pa.array(np.repeat(np.arange(k, dtype=np.int8), n)), pa.array(list(measures))),
            pa.array(value, mask=missing),
            pa.nulls(n * k, pa.float64()),
            pa.array(np.full(n * k, 10, dtype=np.int32)),
            pa.array(np.full(n * k, 0.02 * 1440)),
            words(pa.array(np.zeros(n * k, dtype=np.int8), mask=~missing), pa.array([Missing.NOT_RECORDED.value])),
        ],
        schema=PANEL,
    )


def once(rng: np.random.Generator, world: World, *, n_people: int, n_sessions: int) -> dict[str, float] | None:
    """One study: both effects with their intervals, the p-value of both together, and what robustness values say."""
    drawn = draw(rng, world, n_people=n_people, n_sessions=n_sessions)
    panel, noise = panel_of(rng, drawn, world)
    assigned = assignments_of(drawn) if world.chance else None
    found = estimate_reward_hacking(panel, plan=PLAN, noise_variance=noise, assigned=assigned)
    known = {one.measure: one for one in found}
    both = known.get(f"hacking.pair:{ACT}:returned:independence")
    if both is None or isinstance(both.value, Missing):
        return None
    gain, harm = known[f"hacking.gain:{ACT}:returned"], known[f"hacking.harm:{ACT}:independence"]
    limits = [known.get(f"hacking.robustness.{one}") for one in (f"gain:{ACT}:returned", f"harm:{ACT}:independence")]
    told = [one.low for one in limits if one is not None and not isinstance(one.low, Missing)]
    growth = known[f"hacking.growth:{ACT}:returned"]
    return {
        **{f"gain_{name}": getattr(gain, name) for name in ("value", "low", "high")},
        **{f"harm_{name}": getattr(harm, name) for name in ("value", "low", "high")},
        "gain_p": gain.null.p / 2 if gain.value > 0 else 1 - gain.null.p / 2,
        "harm_p": harm.null.p / 2 if harm.value < 0 else 1 - harm.null.p / 2,
        "p": both.null.p,
        "robust": min(told) if len(told) == 2 else 0.0,
        "growth": growth.value,
        "growth_p": growth.null.p,
        "rung": both.rung.value,
    }


def assignments_of(drawn: Drawn) -> pa.Table:
    """What chance decided: whether the act was pushed up or down in the session."""
    there = np.isfinite(drawn.began)
    owner = np.broadcast_to(np.arange(len(there), dtype=np.uint64)[:, None] + 1, there.shape)[there]
    return pa.table(
        {
            "relationship_id": owner,
            "period_start": pa.array((drawn.began[there] * DAY_US).astype(np.int64)).cast(TIME),
            "act": pa.array([ACT] * len(owner)),
            "assigned": drawn.chosen[there],
            "probability": drawn.p_chosen[there],
        }
    )


def truth_of(world: World, *, n_draws: int = 2) -> dict[str, float]:
    """Both slopes in very many and long relationships, scored without error; 0 where nothing is there."""
    if not world.gain and not world.harm:
        return {"gain": 0.0, "harm": 0.0}
    plain = world._replace(noise=0.0, corrected=False)
    rng = np.random.default_rng(20261201)
    runs = [once(rng, plain, n_people=1200, n_sessions=150) for _ in range(n_draws)]
    mean = {kind: float(np.mean([run[f"{kind}_value"] for run in runs])) for kind in ("gain", "harm")}
    return {kind: mean[kind] if getattr(world, kind) else 0.0 for kind in mean}


def recovered(name: str, world: World, *, n_people: int, n_sessions: int, n_runs: int, with_truth: bool = True) -> dict:
    """Size, power, bias and coverage in one world."""
    rng = np.random.default_rng([20261202, zlib.crc32(f"{name} {n_people} {n_sessions}".encode())])
    runs = [once(rng, world, n_people=n_people, n_sessions=n_sessions) for _ in range(n_runs)]
    told = [run for run in runs if run is not None]
    row = {"world": name, "n_people": n_people, "n_sessions": n_sessions, "runs": n_runs, "refused": n_runs - len(told)}
    if not told:
        return row
    found = np.array([run["p"] <= PLAN.rate / 2 for run in told])
    truth = truth_of(world) if with_truth else None
    parts = {}
    for kind in ("gain", "harm"):
        value, low, high, p = (np.array([run[f"{kind}_{of}"] for run in told]) for of in ("value", "low", "high", "p"))
        parts[kind] = {
            "mean": round(float(value.mean()), 4),
            "sd": round(float(value.std()), 4),
            "rejects_no_effect": round(float(np.mean(p < 0.05)), 3),
        }
        if truth is not None:
            parts[kind] |= {
                "truth": round(truth[kind], 4),
                "bias": round(float(value.mean() - truth[kind]), 4),
                "covers": round(float(np.mean((low <= truth[kind]) & (truth[kind] <= high))), 3),
            }
    return {
        **row,
        "rung": sorted({run["rung"] for run in told}),
        "found_both": round(float(found.mean()), 3),
        "mc_se": round(float(np.sqrt(max(found.mean() * (1 - found.mean()), 0.05 * 0.95) / len(told))), 3),
        "fragile_of_found": round(
            float(np.mean([run["robust"] < 0.1 for run, is_found in zip(told, found, strict=True) if is_found])), 3
        )
        if found.any()
        else None,
        **parts,
        "growth": {
            "mean": round(float(np.mean([run["growth"] for run in told])), 4),
            "found": round(float(np.mean([run["growth_p"] < 0.05 for run in told])), 3),
        },
    }


MOOD = World(mood_act=-0.6, mood_return=-0.4, mood_good=0.6)
"""A low mood goes with more of the act, sooner return and a lower good."""

WORLDS = {
    "none": World(),
    "reward without harm": World(gain=0.25),
    "harm without reward": World(harm=0.15),
    "both": World(gain=0.25, harm=0.15),
    "mood seen": MOOD,
    "mood seen, scored with error": MOOD._replace(noise=0.5),
    "mood seen, error known": MOOD._replace(noise=0.5, corrected=True),
    "mood unseen": MOOD._replace(mood_seen=False),
    "mood unseen, weak": World(mood_act=-0.3, mood_return=-0.2, mood_good=0.6, mood_seen=False),
    "come when low, reward": World(gain=0.25, visits=-0.8),
    "come when well, reward": World(gain=0.25, visits=0.8),
    "come when well, mood unseen, reward": World(gain=0.25, visits=0.8, mood_seen=False),
    "come when low, harm": World(harm=0.15, visits=-0.8),
    "leave when low, reward": World(gain=0.25, leaving=1.0),
    "feedback, reward": World(gain=0.25, feedback=0.6),
    "feedback, harm": World(harm=0.15, feedback=0.6),
    "heavy tails, reward": World(gain=0.25, tails=True),
    "heavy tails, harm": World(harm=0.15, tails=True),
    "bounded, reward": World(gain=0.25, bounded=True),
    "bounded, harm": World(harm=0.15, bounded=True),
    "switch, reward": World(gain=0.25, regime=1.0),
    "switch, harm": World(harm=0.15, regime=1.0),
    "error, reward": World(gain=0.25, noise=0.5),
    "error, harm": World(harm=0.15, noise=0.5),
    "both, error": World(gain=0.25, harm=0.15, noise=0.5),
    "both, error known": World(gain=0.25, harm=0.15, noise=0.5, corrected=True),
    "both, feedback": World(gain=0.25, harm=0.15, feedback=0.6),
    "both, heavy tails": World(gain=0.25, harm=0.15, tails=True),
    "both, bounded": World(gain=0.25, harm=0.15, bounded=True),
    "both, switch": World(gain=0.25, harm=0.15, regime=1.0),
    "by chance, mood unseen": MOOD._replace(mood_seen=False, chance=True),
    "by chance, mood unseen, both": MOOD._replace(mood_seen=False, chance=True, gain=0.25, harm=0.15),
    "by chance, mood unseen, reward": MOOD._replace(mood_seen=False, chance=True, gain=0.25),
}

SMALL = World(gain=0.12, harm=0.08)
"""Half as strong, for power by people and sessions."""


TABLE = Plan(
    acts=(ACT, "ai.hook", "ai.uncritical"), rewards=("returned", "rating"), goods=("independence", "human_ties")
)


def table_of_acts(*, world: World, n_people: int, n_sessions: int, n_runs: int) -> dict:
    """Twelve pairs of which one is true: a second act goes with the first, a third alone; a reward and a good are noise."""
    rng = np.random.default_rng(20261203)
    true_one = f"hacking.pair:{ACT}:returned:independence"
    shares, n_true, n_any, of_second = [], 0, 0, 0
    for _ in range(n_runs):
        drawn = draw(rng, world, n_people=n_people, n_sessions=n_sessions)
        other = draw(rng, World(), n_people=n_people, n_sessions=n_sessions)
        second = 0.6 * drawn.act + 0.8 * rng.standard_normal(drawn.act.shape)
        more = {
            "rate.ai.hook": 20 + 8 * second,
            "rate.ai.uncritical": 20 + 8 * other.act,
            "rate.user.human_ties": 20 + 8 * other.good,
            "reward.rating": 0.5 + 0.1 * rng.standard_normal(drawn.act.shape),
        }
        panel, _ = panel_of(rng, drawn, world)
        n = drawn.act.size
        owner = np.repeat(np.arange(n_people, dtype=np.uint64) + 1, n_sessions)
        extra = _table(owner, drawn.began.reshape(-1), {name: one.reshape(-1) for name, one in more.items()})
        assert n == len(owner)
        whole = pa.concat_tables([panel, extra]).unify_dictionaries()
        pairs = [one for one in estimate_reward_hacking(whole, plan=TABLE) if one.measure.startswith("hacking.pair")]
        found = {one.measure for one in pairs if one.null is not None and one.null.p <= TABLE.rate}
        n_true += true_one in found
        wrong = found - ({true_one} if world.gain and world.harm else set())
        shares.append(len(wrong) / max(len(found), 1))
        n_any += bool(wrong)
        of_second += any("ai.hook" in one for one in wrong)
    return {
        "world": "table of twelve pairs",
        "truth": "one pair" if world.gain and world.harm else "no pair",
        "n_people": n_people,
        "n_sessions": n_sessions,
        "runs": n_runs,
        "true_pair_found": round(n_true / n_runs, 3),
        "false_share_of_found": round(float(np.mean(shares)), 3),
        "any_false": round(n_any / n_runs, 3),
        "false_by_the_act_that_goes_with_it": round(of_second / n_runs, 3),
    }


def cells(n_runs: int) -> list[tuple[str, dict]]:
    every = [(name, {"world": world, "n_people": 200, "n_sessions": 40}) for name, world in WORLDS.items()]
    grid = [(50, 25), (50, 50), (100, 25), (100, 50), (200, 25), (200, 50), (500, 25), (500, 50)]
    every += [
        (f"power, {name}", {"world": world, "n_people": n, "n_sessions": t, "n_runs": n_runs // 2, "with_truth": False})
        for name, world in (("both", WORLDS["both"]), ("half as strong", SMALL))
        for n, t in grid
    ]
    few = [(40, 40), (60, 40), (200, 12), (200, 16), (200, 25)]
    every += [
        (f"few, {name}", {"world": world, "n_people": n, "n_sessions": t})
        for name, world in (("feedback", World(feedback=0.6)), ("mood seen", MOOD))
        for n, t in few
    ]
    every += [
        (f"table, {name}", {"world": world, "n_people": 200, "n_sessions": 40, "n_runs": n_runs // 2})
        for name, world in (("one true", WORLDS["both"]), ("reward alone", WORLDS["reward without harm"]))
    ]
    return [(name, {"n_runs": n_runs} | how) for name, how in every]


def main(n_runs: int, cache: Path | None) -> list[dict]:
    done = {}
    if cache is not None and cache.is_file():
        done = {row["key"]: row for row in map(json.loads, cache.read_text(encoding="utf-8").splitlines())}
    rows = []
    everything = cells(n_runs)
    for at, (name, how) in enumerate(everything):
        key = f"{name} {how['n_people']} {how['n_sessions']} {how['n_runs']}"
        if key not in done:
            print(
                f"{at + 1} of {len(everything)}: {name}, {how['n_people']} x {how['n_sessions']}",
                file=sys.stderr,
                flush=True,
            )
            made = table_of_acts(**how) if name.startswith("table") else recovered(name, **how)
            done[key] = {"key": key} | made
            if cache is not None:
                with cache.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(done[key]) + "\n")
        rows.append({name: value for name, value in done[key].items() if name != "key"})
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--cache", type=Path, help="keep finished cells here, one a line, and go on from them")
    options = parser.parse_args()
    keep(__file__, main(options.runs, options.cache), packages=("numpy", "scipy", "pyarrow"))
