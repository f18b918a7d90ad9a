"""Does a break at a date get its true size, do dates of no event stay quiet, and are breaks at unknown times found?

People with sessions at irregular times, levels of their own, memory within a day or two, noise, and weeks that move
everybody. `known` dates, shared by all or staggered over half a year: size, power, bias and coverage of the jump, whose
size differs between people. Worlds with nothing at the date: memory 0, .3, .5 from session to session, week shocks (by
themselves and with memory from week to week), a trend, heavy tails (t, 3 degrees of freedom), rates of few messages
that hardly leave the floor (bounded), people who begin low, a change that began before the date (`began before`, which
`early` must see), and an annotator who reads higher from another date on. `rejects` is the share of runs with p at most
.05; `claims` leaves out those whose difference was there a window before.

`all` at unknown times: weekly means over all relationships, the jump at one date that nobody names. `each`: relationships
by themselves; `claims` is the share of runs with any claim where there is nothing, and of relationships claimed where
all jump, both at an adjusted p of .05; `covers` is of their own jumps after shrinkage. `outages`: hours in which nobody
came, found or not, and logs without one, also such as fill and empty.
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

from attunement.dynamics.breaks import estimate_breaks
from attunement.dynamics.breaks_dates import DATES, outage_dates
from attunement.vocabulary import PANEL, PERIODS, SESSIONS, Estimate, Missing

START = datetime(2026, 1, 5, tzinfo=UTC).timestamp() / 86_400


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is simulated, in standard deviations of a person about their own level."""

    jump: float = 0.0
    staggered: bool = False
    n_units: int = 200
    n_weeks: int = 52
    per_week: float = 3.0
    memory: float = 0.3
    """From one session to the next, at the usual gap."""
    weeks: float = 0.1
    weeks_memory: float = 0.0
    trend: float = 0.0
    """Over the whole log."""
    tails: float = np.inf
    bounded: bool = False
    start: float = 0.0
    before: float = 0.0
    annotator: float = 0.0
    noise: float = 0.5


@dataclass(frozen=True)
class Drawn:
    """Rows of sessions, and when something came."""

    panel: pa.Table
    at: np.ndarray
    """Of each person, in days."""
    jumps: np.ndarray
    """Of each person."""


def simulate(rng: np.random.Generator, truth: Truth) -> Drawn:
    """Everybody at once: sessions in order, the memory of each by the gap."""
    n, span = truth.n_units, 7 * truth.n_weeks
    entry = rng.uniform(0, span / 4, n)
    rate = truth.per_week / 7 * np.exp(0.3 * rng.standard_normal(n))
    most = int(truth.per_week * truth.n_weeks * 3)
    days = entry[:, None] + np.cumsum(rng.exponential(1 / rate[:, None], (n, most)), axis=1)
    decay = -np.log(max(truth.memory, 1e-9)) * truth.per_week / 7

    def draw(*shape: int) -> np.ndarray:
        if np.isinf(truth.tails):
            return rng.standard_normal(shape)
        return rng.standard_t(truth.tails, shape) / np.sqrt(truth.tails / (truth.tails - 2))

    state = draw(n, most)
    fade = np.exp(-decay * np.diff(days, axis=1))
    for t in range(1, most):
        state[:, t] = fade[:, t - 1] * state[:, t - 1] + np.sqrt(1 - fade[:, t - 1] ** 2) * state[:, t]
    shock = draw(truth.n_weeks + 1)
    for t in range(1, len(shock)):
        shock[t] = truth.weeks_memory * shock[t - 1] + np.sqrt(1 - truth.weeks_memory**2) * shock[t]
    at = rng.uniform(0.4 * span, 0.85 * span, n) if truth.staggered else np.full(n, rng.uniform(0.5, 0.75) * span)
    jumps = truth.jump * (1 + 0.5 * rng.standard_normal(n))
    inside = days < span
    week = np.minimum(days // 7, truth.n_weeks).astype(int)
    value = rng.standard_normal(n)[:, None] + state + truth.weeks * shock[week] + truth.trend * days / span
    value += jumps[:, None] * (days >= at[:, None]) + truth.start * np.exp(-(days - entry[:, None]) / 14)
    value += truth.before * np.clip((days - at[:, None] + 42) / 42, 0, 1)
    value += truth.annotator * (days > 0.3 * span)
    n_read = rng.integers(2, 9, value.shape)
    if truth.bounded:
        value = 100 * rng.binomial(n_read, 1 / (1 + np.exp(3.5 - 0.8 * value))) / n_read
    else:
        value = value + truth.noise * draw(n, most)
    return Drawn(_panel(days, value, n_read, inside), at, jumps)


def _panel(days: np.ndarray, value: np.ndarray, n_read: np.ndarray, inside: np.ndarray) -> pa.Table:
    person, place = np.nonzero(inside)
    k = len(person)
    word = pa.DictionaryArray.from_arrays
    us = ((START + days[person, place]) * 86_400e6).astype(np.int64)
    return pa.Table.from_arrays(
        [
            pa.array((person + 1).astype(np.uint64)),
            pa.array(us).cast(pa.timestamp("us", tz="UTC")),
            word(pa.array(np.full(k, PERIODS.index("session"), dtype=np.int8)), pa.array(PERIODS)),
            word(pa.array(np.zeros(k, dtype=np.int8)), pa.array(["score"])),
            pa.array(value[person, place]),
            pa.nulls(k, pa.float64()),
            pa.array(n_read[person, place].astype(np.int32)),
            pa.array(np.full(k, 10.0)),
            pa.nulls(k, pa.dictionary(pa.int8(), pa.string())),
        ],
        schema=PANEL,
    )


NONE = {
    "memory 0": Truth(memory=0.0),
    "memory .3": Truth(),
    "memory .5": Truth(memory=0.5),
    "weeks": Truth(weeks=0.3),
    "weeks with memory": Truth(weeks=0.3, weeks_memory=0.6),
    "trend": Truth(trend=2.0),
    "heavy": Truth(tails=3.0),
    "bounded": Truth(bounded=True),
    "low start": Truth(start=-2.0),
    "began before": Truth(before=0.5),
    "annotator": Truth(annotator=0.5),
}
JUMPS = {
    "jump .2": Truth(jump=0.2),
    "jump .5": Truth(jump=0.5),
    "jump .5, heavy": Truth(jump=0.5, tails=3.0),
    "jump .5, weeks": Truth(jump=0.5, weeks=0.3, weeks_memory=0.6),
    "jump .5, trend": Truth(jump=0.5, trend=2.0),
    "jump .5, 40 people": Truth(jump=0.5, n_units=40),
}
QUESTIONS: dict[str, tuple[str, Truth]] = {
    f"{question}, {name}": (question, replace(truth, staggered=question == "staggered"))
    for question in ("shared", "staggered", "all")
    for name, truth in (NONE | JUMPS).items()
    if question != "all" or name != "began before"
}
QUESTIONS |= {
    f"each, {name}": ("each", replace(truth, n_units=60))
    for name, truth in (NONE | {"jump 1": Truth(jump=1.0), "jump 2": Truth(jump=2.0)}).items()
    if name != "began before"
}
QUESTIONS |= {
    f"outages, {people:,} people, {hours} hours": ("outages", Truth(n_units=people, jump=hours, n_weeks=26))
    for people, hours in ((200, 0), (200, 24), (200, 72), (2000, 0), (2000, 6), (2000, 12))
}
QUESTIONS |= {
    f"outages, 200 people, {hours} hours, fills and empties": ("outages", Truth(jump=hours, n_weeks=12, trend=1.0))
    for hours in (0, 24)
}


def one(name: str, run: int) -> dict:
    """One run of one question."""
    question, truth = QUESTIONS[name]
    rng = np.random.default_rng([13, list(QUESTIONS).index(name), run])
    if question == "outages":
        return {"name": name, "run": run} | _outages(rng, truth)
    drawn = simulate(rng, truth)
    began = time.process_time()
    if question in {"shared", "staggered"}:
        found = estimate_breaks(drawn.panel, _dates(drawn), rng=rng, measures={"score": "session"}, search=False)
    else:
        found = estimate_breaks(
            drawn.panel, rng=rng, measures={"score": "session"}, n_draws=199 if question == "all" else 999
        )
    record = {"name": name, "run": run, "seconds": time.process_time() - began}
    if question == "each":
        return record | _each(found, drawn)
    key = "break.unknown.score" if question == "all" else "break.known.score@given"
    jump, early = (_of_all(found, one_key) for one_key in (key, "break.early.score@given"))
    when = _of_all(found, "break.when.score")
    record["early"] = _p(early)
    if jump is not None and not isinstance(jump.value, Missing):
        record["jump"] = [jump.value, jump.low, jump.high, _p(jump)]
    record["truth"] = float(drawn.jumps.mean())
    if when is not None:
        record["days_off"] = abs(float(when.value) - START - float(drawn.at[0]))
    if question != "all" and truth.jump:
        own = [item for item in found if item.relationship_id and not isinstance(item.value, Missing)]
        record["own_covers"] = float(np.mean([_covers(item, drawn) for item in own]))
        record["own_reliability"] = float(np.mean([item.reliability for item in own]))
    return record


def _dates(drawn: Drawn) -> pa.Table:
    us = ((START + drawn.at) * 86_400e6).astype(np.int64)
    n = len(us)
    return pa.table(
        {
            "event": ["given"] * n,
            "relationship_id": pa.array(np.arange(1, n + 1, dtype=np.uint64)),
            "at": pa.array(us).cast(DATES.field("at").type),
            "until": pa.nulls(n, DATES.field("until").type),
        },
        schema=DATES,
    )


def _of_all(found: list[Estimate], measure: str) -> Estimate | None:
    return next((item for item in found if item.measure == measure and item.relationship_id is None), None)


def _p(item: Estimate | None) -> float | None:
    return None if item is None or item.null is None or isinstance(item.null.p, Missing) else item.null.p


def _covers(item: Estimate, drawn: Drawn) -> bool:
    return bool(item.low <= drawn.jumps[int(item.relationship_id or 0) - 1] <= item.high)


def _each(found: list[Estimate], drawn: Drawn) -> dict:
    own = [item for item in found if item.measure == "break.unknown.score" and item.relationship_id is not None]
    p = np.array([_p(item) for item in own], dtype=float)
    told = [item for item in own if not isinstance(item.value, Missing)]
    return {
        "any": bool((p <= 0.05).any()),
        "share": float((p <= 0.05).mean()),
        "own_covers": float(np.mean([_covers(item, drawn) for item in told])),
        "own_bias": float(np.mean([item.value - drawn.jumps[int(item.relationship_id or 0) - 1] for item in told])),
        "own_reliability": float(np.mean([item.reliability for item in told])),
    }


def _outages(rng: np.random.Generator, truth: Truth) -> dict:
    span = 7.0 * truth.n_weeks
    n = rng.poisson(truth.per_week / 7 * span * truth.n_units)
    at = np.sort(rng.uniform(0, span, n))
    # People come by day, and more on some days than on others.
    at = at[
        rng.random(n) < (1 - 0.8 * np.cos(2 * np.pi * at)) / 1.8 * (0.7 + 0.3 * rng.random(int(span))[at.astype(int)])
    ]
    if truth.trend:
        # Everybody begins within two weeks and stops one after the other.
        at = at[rng.random(len(at)) < np.minimum(1.0, np.minimum(at / 14, (span - at) / (0.6 * span)))]
    begin = rng.uniform(0.3, 0.7) * span
    at = at[(at < begin) | (at > begin + truth.jump / 24)]
    us = pa.array(((START + at) * 86_400e6).astype(np.int64))
    given = {"started_at": us.cast(pa.timestamp("us", tz="UTC"))}
    empty = SESSIONS.empty_table()
    table = pa.table({field.name: given.get(field.name, pa.nulls(len(at), field.type)) for field in empty.schema})
    dates = outage_dates(table).column("at").to_pylist()
    days = np.array([when.timestamp() / 86_400 - START for when in dates])
    hit = np.abs(days - begin) < max(truth.jump / 24, 0.5)
    return {"found": bool(truth.jump and hit.any()), "false": int((~hit).sum() if truth.jump else len(days))}


def table(name: str, runs: list[dict]) -> dict:
    """One question in one world."""
    question, truth = QUESTIONS[name]
    row: dict = {"question": name, "runs": len(runs)}
    if question == "outages":
        return row | {
            "found": round(float(np.mean([run["found"] for run in runs])), 3),
            "false_a_log": round(float(np.mean([run["false"] for run in runs])), 3),
        }
    if question == "each":
        claims = float(np.mean([run["share" if truth.jump else "any"] for run in runs]))
    else:
        p = np.array([run["jump"][3] if "jump" in run else 1.0 for run in runs])
        early = np.array([1.0 if run["early"] is None else run["early"] for run in runs])
        told = [run for run in runs if "jump" in run]
        got, true = np.array([run["jump"][:3] for run in told]), np.array([run["truth"] for run in told])
        claims = float(np.mean((p <= 0.05) & (early > 0.05)))
        row |= {
            "rejects": round(float(np.mean(p <= 0.05)), 3),
            "early": round(float(np.mean(early <= 0.05)), 3) if question != "all" else None,
            "truth": round(float(true.mean()), 3),
            "bias": round(float(np.mean(got[:, 0] - true)), 3),
            "mc_se_of_bias": round(float(np.std(got[:, 0] - true) / np.sqrt(len(told))), 3),
            "covers": round(float(np.mean((got[:, 1] <= true) & (got[:, 2] >= true))), 3),
        }
    row |= {
        "claims": round(claims, 3),
        "mc_se": round(float(np.sqrt(max(claims * (1 - claims), 0.0475) / len(runs))), 3),
    }
    for key in ("own_covers", "own_bias", "own_reliability"):
        if key in runs[0]:
            row[key] = round(float(np.mean([run[key] for run in runs])), 3)
    if question == "all" and truth.jump:
        row["days_off_median"] = round(float(np.median([run["days_off"] for run in runs])), 1)
    return row | {"seconds_median": round(float(np.median([run["seconds"] for run in runs])), 2)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=200)
    options.add_argument("--cache", type=Path, help="a file of finished runs, to go on with")
    options.add_argument("--only", nargs="*", default=list(QUESTIONS))
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
    if given.only == list(QUESTIONS):
        keep(__file__, {"questions": rows})
    else:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
