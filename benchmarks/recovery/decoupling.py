"""Does wanting that grows apart from liking get found where it is, and nothing where their signs are independent?

Weeks of people with slopes of their own for how often they come (wanting) and for how they rate and what they say
(liking): sessions are Poisson, ratings have errors, both have memory from week to week. Worlds without decoupling:

- memory 0, .3, .5, and slopes that on average go opposite ways (`opposite`): many want more, most like less;
- shared (a bad week brings people back and pleases them less), heavy (t, 3 degrees of freedom), bounded (ratings of 1 to
  5 with most at the top), feedback (whoever liked it less comes less in the next week), switch (slopes begin half-way);
- annotator (from a date on, liking is read higher), announced end (in the last weeks people cling and like it less, the
  more the more), crisis start (begin by coming often and liking it little, back to usual in a fortnight), honeymoon (the
  reverse), drop-out (whoever comes less and likes it less leaves).

Worlds with it: slopes that correlate by -.5 (`apart`), and a fifth of people with both (`some`), with leavers or not.
`claimed` is the share of runs with a p of at most .05 for any pair; `labels` of one relationship are claimed at
reliability .6 and a probability of .95, and `labels_wrong` is the share of them that is not so.
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

from attunement.dynamics.decoupling import estimate_decoupling
from attunement.dynamics.decoupling_weeks import weeks_of
from attunement.statistics.shrinkage import RELIABILITY_FLOOR
from attunement.vocabulary import PANEL, PERIODS, SESSIONS, Missing

MONDAY_US = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1e6)
DAY_US = 86_400_000_000
SURE = 0.95
ENTRY_WEEKS = 8


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is simulated, in standard deviations of a person about their own line, slopes in four weeks."""

    n_units: int = 300
    n_weeks: int = 26
    """Of the log; people begin in its first eight."""
    mean: tuple[float, float] = (0.0, 0.0)
    spread: tuple[float, float] = (0.25, 0.25)
    slopes_go: float = 0.0
    some: float = 0.0
    """Share of people with a slope of .5 up and .5 down."""
    memory: float = 0.3
    shared: float = 0.0
    tails: float = np.inf
    bounded: bool = False
    feedback: float = 0.0
    switch: bool = False
    annotator: float = 0.0
    end: float = 0.0
    start: float = 0.0
    leave: float = 0.0


@dataclass(frozen=True)
class Drawn:
    """Tables, and the slopes that people had."""

    panel: pa.Table
    sessions: pa.Table
    slopes: np.ndarray


def simulate(rng: np.random.Generator, truth: Truth) -> Drawn:
    """Everybody week by week."""
    # Everybody who stays is seen until the log ends.
    n, w = truth.n_units, truth.n_weeks
    begin = rng.integers(0, ENTRY_WEEKS, n)
    slopes = rng.multivariate_normal(
        np.zeros(2), [[1, truth.slopes_go], [truth.slopes_go, 1]], size=n
    ) * truth.spread + np.array(truth.mean)
    hit = rng.random(n) < truth.some
    slopes[hit] = [0.5, -0.5]
    week = np.arange(w)
    ramp = np.where(week < w / 2, 0.0, 2.0 * (week - w / 2)) if truth.switch else week
    course = _noise(rng, truth) + slopes[:, :, None] * ramp / 4
    react = rng.gamma(2.0, 0.5, n)
    last = np.maximum(week + begin[:, None] - (w - 4), 0) / 3
    course += truth.end * react[:, None, None] * np.array([1.0, -1.0])[:, None] * last[:, None]
    low = rng.standard_normal(n) + 1.0
    course += truth.start * low[:, None, None] * np.array([1.0, -1.0])[:, None] * np.exp(-week / 1.5)
    if truth.feedback:
        course[:, 0, 1:] += truth.feedback * course[:, 1, :-1]
    stays = _stays(rng, truth, course) * (week + begin[:, None] < w)
    level = np.exp(rng.normal(1.4, 0.4, n))
    rate = np.clip(level[:, None] * np.exp(0.35 * course[:, 0]), 0.05, 60.0)
    counts = rng.poisson(rate) * stays
    counts[:, 0] = np.maximum(counts[:, 0], 1)
    rated = rng.binomial(counts, 0.5)
    liking = course[:, 1] + truth.annotator * (week[None] + begin[:, None] > 14)
    seen = liking + 0.8 * rng.standard_normal((n, w)) / np.sqrt(np.maximum(rated, 1))
    rating = np.clip(np.round(4.3 + 0.8 * seen), 1, 5) / 5 if truth.bounded else 0.5 + 0.05 * seen
    return Drawn(*_tables(rng, begin, counts, {"rating": (rating, rated)}), slopes)


def _noise(rng: np.random.Generator, truth: Truth) -> np.ndarray:
    """People x (wanting, liking) x weeks of unit variance, with memory, and shared in part."""
    shape = (truth.n_units, truth.n_weeks)

    def draw() -> np.ndarray:
        if np.isinf(truth.tails):
            return rng.standard_normal(shape)
        return rng.standard_t(truth.tails, shape) / np.sqrt(truth.tails / (truth.tails - 2))

    first = draw()
    both = np.stack([first, truth.shared * first + np.sqrt(1 - truth.shared**2) * draw()], axis=1)
    for t in range(1, truth.n_weeks):
        both[:, :, t] = truth.memory * both[:, :, t - 1] + np.sqrt(1 - truth.memory**2) * both[:, :, t]
    return both


def _stays(rng: np.random.Generator, truth: Truth, course: np.ndarray) -> np.ndarray:
    """1 while a person is there: who comes less and likes it less leaves."""
    hazard = truth.leave * np.exp(-1.5 * np.minimum(course[:, 0], 0) * (course[:, 1] < 0) - 0.7 * course[:, 1])
    leaves = rng.random(hazard.shape) < np.clip(hazard, 0, 0.5)
    leaves[:, :4] = False
    return (np.cumsum(leaves, axis=1) == 0).astype(int)


def _tables(
    rng: np.random.Generator, begin: np.ndarray, counts: np.ndarray, measures: dict[str, tuple[np.ndarray, np.ndarray]]
) -> tuple[pa.Table, pa.Table]:
    n, w = counts.shape
    cell = np.repeat(np.arange(n * w), counts.reshape(-1))
    unit, week = cell // w, cell % w
    at = (begin[unit] + week) * 7 * DAY_US + (rng.random(len(cell)) * 6.9 * DAY_US).astype(np.int64)
    order = np.lexsort((at, unit))
    unit, at = unit[order], at[order] + MONDAY_US
    gap = np.full(len(at), np.nan)
    gap[1:] = np.where(unit[1:] == unit[:-1], np.maximum(np.diff(at) / 60e6 - 10, 31.0), np.nan)
    time = pa.timestamp("us", tz="UTC")
    columns: dict[str, pa.Array] = {
        "relationship_id": pa.array((unit + 1).astype(np.uint64)),
        "started_at": pa.array(at).cast(time),
        "ended_at": pa.array(at + 600_000_000).cast(time),
        "gap_minutes": pa.array(gap, mask=np.isnan(gap)),
        "started_by": pa.array(np.full(len(at), "person")).dictionary_encode().cast(SESSIONS.field("started_by").type),
    }
    zero = np.zeros(len(at), dtype=np.int64)
    sessions = pa.Table.from_arrays(
        [columns[field.name] if field.name in columns else pa.array(zero).cast(field.type) for field in SESSIONS],
        schema=SESSIONS,
    )
    word = pa.DictionaryArray.from_arrays
    pieces = []
    for name, (value, n_seen) in measures.items():
        person, of_week = np.nonzero(n_seen > 0)
        k = len(person)
        start = MONDAY_US + (begin[person] + of_week) * 7 * DAY_US
        pieces.append(
            pa.Table.from_arrays(
                [
                    pa.array((person + 1).astype(np.uint64)),
                    pa.array(start).cast(time),
                    word(pa.array(np.full(k, PERIODS.index("week"), dtype=np.int8)), pa.array(PERIODS)),
                    word(pa.array(np.zeros(k, dtype=np.int8)), pa.array([name])),
                    pa.array(value[person, of_week]),
                    pa.nulls(k, pa.float64()),
                    pa.array(n_seen[person, of_week].astype(np.int32)),
                    pa.array(np.full(k, 10.0)),
                    pa.nulls(k, pa.dictionary(pa.int8(), pa.string())),
                ],
                schema=PANEL,
            )
        )
    return pa.concat_tables(pieces).unify_dictionaries(), sessions


NONE = {
    "memory 0": Truth(memory=0.0),
    "memory .3": Truth(),
    "memory .5": Truth(memory=0.5),
    "opposite": Truth(mean=(0.25, -0.25)),
    "shared": Truth(shared=-0.6),
    "shared, memory .5": Truth(shared=-0.6, memory=0.5),
    "heavy": Truth(tails=3.0),
    "bounded": Truth(bounded=True),
    "feedback": Truth(feedback=0.4),
    "switch": Truth(switch=True),
    "annotator": Truth(annotator=1.0),
    "announced end": Truth(end=1.0),
    "announced end, strong": Truth(end=3.0),
    "crisis start": Truth(start=1.0),
    "crisis start, strong": Truth(start=3.0),
    "honeymoon": Truth(start=-1.0),
    "honeymoon, strong": Truth(start=-3.0),
    "drop-out": Truth(leave=0.02),
    "drop-out, strong": Truth(leave=0.08),
}
APART = Truth(slopes_go=-0.5)
SOME = {
    "apart": APART,
    "apart, large": replace(APART, spread=(0.5, 0.5)),
    "apart, 1,000 people": replace(APART, n_units=1000),
    "apart, drop-out": replace(APART, leave=0.02),
    "apart, shared": replace(APART, shared=-0.6),
    "some": Truth(some=0.2),
    "some, 1,000 people": Truth(some=0.2, n_units=1000),
    "some, 40 weeks": Truth(some=0.2, n_units=1000, n_weeks=52),
}
WORLDS = NONE | SOME


def one(name: str, run: int) -> dict:
    """One run of one world."""
    truth = WORLDS[name]
    drawn = simulate(np.random.default_rng([11, list(WORLDS).index(name), run]), truth)
    began = time.process_time()
    found = estimate_decoupling(drawn.panel, drawn.sessions)
    record: dict = {"name": name, "run": run, "seconds": time.process_time() - began, "p": {}, "labels": [0, 0, 0]}
    units = weeks_of(drawn.panel, drawn.sessions).relationship
    true = dict(zip(units.tolist(), drawn.slopes[(units - 1).astype(int)].tolist(), strict=True))
    covered: list[bool] = []
    for item in found:
        if item.measure.startswith("decoupling.excess.") and item.null and not isinstance(item.null.p, Missing):
            record["p"][item.measure.removeprefix("decoupling.excess.")] = [item.null.p, item.value]
        if item.relationship_id is None or isinstance(item.value, Missing):
            if item.measure == "decoupling.apart.sessions~rating":
                record["share"] = item.value if not isinstance(item.value, Missing) else None
            continue
        if item.measure == "decoupling.apart.sessions~rating":
            wanting, liking = true[item.relationship_id]
            reliable = isinstance(item.reliability, float) and item.reliability >= RELIABILITY_FLOOR
            claimed = reliable and item.value >= SURE
            record["labels"][0] += claimed
            record["labels"][1] += claimed and not (wanting > 0 > liking)
            record["labels"][2] += reliable
        if item.measure == "decoupling.liking.rating":
            covered.append(
                bool(item.low * item.high > 0 and np.sign(item.value) != np.sign(true[item.relationship_id][1]))
            )
    record["sign_errors"] = float(np.mean(covered)) if covered else None
    record["true_share"] = 100 * float(np.mean((drawn.slopes[:, 0] > 0) & (drawn.slopes[:, 1] < 0)))
    return record


def table(name: str, runs: list[dict]) -> dict:
    """One world."""
    any_pair = np.array([min((p for p, _ in run["p"].values()), default=1.0) for run in runs])
    main = [run["p"]["sessions~rating"] for run in runs if "sessions~rating" in run["p"]]
    labels = np.array([run["labels"] for run in runs])
    share = [run["share"] for run in runs if run.get("share") is not None]
    claimed = float(np.mean(any_pair <= 0.05))
    return {
        "world": name,
        "decoupled": name in SOME,
        "runs": len(runs),
        "claimed": round(claimed, 3),
        "mc_se": round(float(np.sqrt(max(claimed * (1 - claimed), 0.05 * 0.95) / len(runs))), 3),
        "excess_of_100": round(float(np.mean([value for _, value in main])), 2) if main else None,
        "share_of_100": round(float(np.mean(share)), 1) if share else None,
        "true_share_of_100": round(float(np.mean([run["true_share"] for run in runs])), 1),
        "labels_a_run": round(float(labels[:, 0].mean()), 2),
        "labels_wrong": round(float(labels[:, 1].sum() / labels[:, 0].sum()), 3) if labels[:, 0].sum() else None,
        "reliable_a_run": round(float(labels[:, 2].mean()), 1),
        "seconds_median": round(float(np.median([run["seconds"] for run in runs])), 2),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=200)
    options.add_argument("--cache", type=Path, help="a file of finished runs, to go on with")
    options.add_argument("--only", nargs="*", default=list(WORLDS))
    given = options.parse_args()
    there = given.cache is not None and given.cache.exists()
    done = [json.loads(line) for line in given.cache.read_text().splitlines()] if there else []
    rows = []
    for name in given.only:
        runs = [run for run in done if run["name"] == name and run["run"] < given.runs]
        for run in sorted(set(range(given.runs)) - {item["run"] for item in runs}):
            runs.append(one(name, run))
            if given.cache:
                with given.cache.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(runs[-1]) + "\n")
            print(f"\r{name}: {len(runs)} of {given.runs}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        rows.append(table(name, runs))
    if given.only == list(WORLDS):
        keep(__file__, {"worlds": rows})
    else:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
