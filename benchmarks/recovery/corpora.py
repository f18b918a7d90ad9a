"""Does the whole chain stay quiet over a log of many people in which nothing happens, and speak where something does?

From turns, probabilities of messages and counts of style, through sessions, panels and estimates, to findings, as in an
audit. Everybody has levels and a memory of their own, sessions at irregular times over a year, ratings of some messages,
and another model at a date of their own. Worlds: `none`, and `none, fills and empties` (everybody begins in the same
weeks); `swap` (talk of affection falls for good where the model changes); `apart` (contact grows and ratings fall in the
same third of people); `style` (the person comes to write as the AI began). For each world and kind of finding the share
of runs with any claim; what is to be found in a world stands under `due`.
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

from attunement.codebook import load
from attunement.dynamics import estimate
from attunement.findings import described, find
from attunement.panels import measure_everything
from attunement.vocabulary import MODEL_CHANGES, RELATIONSHIPS, STYLES, TURNS, Finding, Missing

CONSTRUCTS = {
    "ai.warmth": 0.4,
    "ai.flattery": 0.3,
    "ai.mind_claim": 0.25,
    "ai.to_humans": 0.2,
    "ai.scaffold": 0.3,
    "ai.rel_seek": 0.2,
    "user.need_met": 0.3,
    "user.defer": 0.25,
    "user.attach": 0.35,
    "user.mind": 0.3,
    "user.human_ties": 0.3,
    "user.independent": 0.3,
    "user.separation": 0.2,
    "user.lonely": 0.3,
}
"""How often each is seen in a message of its side."""

CLASSES = tuple(f"class_{number}" for number in range(12))
START_US = 1_767_225_600_000_000  # 1 January 2026
DAY_US = 86_400_000_000
MESSAGES = 8
"""Of a session, by turns."""


@dataclass(frozen=True)
class World:
    """What happens in a log."""

    n_units: int = 120
    n_sessions: int = 70
    at_once: bool = False
    """Everybody begins in the same weeks, and some go on for longer than others."""
    swap: float = 0.0
    """By how much affection falls, in logits."""
    apart: float = 0.0
    """By how much contact grows and ratings fall over the log, in own ups and downs, in a third of people."""
    style: float = 0.0
    """Share of the way to where the AI began that the person has gone in the later half."""
    due: str = ""
    """The kind of finding that is to be made."""


WORLDS = {
    "none": World(),
    "none, fills and empties": World(at_once=True),
    "swap": World(swap=1.2, due="break"),
    "apart": World(apart=4.0, due="decoupling"),
    "style": World(style=0.5, due="accommodation"),
}
KINDS = ("influence", "hacking", "decoupling", "break", "drift", "accommodation")


@dataclass(frozen=True)
class Log:
    """A log as a store gives it."""

    turns: pa.RecordBatch
    annotated: pa.RecordBatch
    styled: pa.RecordBatch
    changes: pa.Table
    relationships: pa.Table


def simulate(rng: np.random.Generator, world: World) -> Log:
    """Everybody at once."""
    n, s = world.n_units, world.n_sessions
    third = rng.random(n) < 1 / 3
    days = _days(rng, world, third)
    place = np.linspace(-0.5, 0.5, s)
    changed = np.quantile(days, rng.uniform(0.3, 0.7, n), axis=1).diagonal() + 1e-3
    after = days > changed[:, None]
    level = {key: _memory(rng, n, s) + np.log(share / (1 - share)) for key, share in CONSTRUCTS.items()}
    level["user.attach"] -= world.swap * after
    rating = 0.6 + 0.1 * _memory(rng, n, s) - 0.1 * world.apart * third[:, None] * place
    owner, session = np.repeat(np.arange(n), s * MESSAGES), np.tile(np.repeat(np.arange(s), MESSAGES), n)
    turn = np.tile(np.arange(MESSAGES), n * s)
    us = (START_US + (days[owner, session] * DAY_US).astype(np.int64) + turn * 60_000_000).astype(np.int64)
    side = turn % 2
    ids = np.arange(1, len(owner) + 1, dtype=np.uint64)
    words = rng.poisson(60, len(owner)).astype(np.int32) + 1
    relationship = pa.array(owner.astype(np.uint64) + 1)
    sent = pa.array(us).cast(pa.timestamp("us", tz="UTC"))
    rated = (side == 1) & (rng.random(len(owner)) < 0.5)
    stars = np.clip(rating[owner, session] + 0.1 * rng.standard_normal(len(owner)), 0, 1)
    turns = pa.RecordBatch.from_arrays(
        [
            relationship,
            pa.array((owner * s + session).astype(np.uint64) + 1),
            pa.array(ids),
            pa.array(ids - 1, mask=turn == 0),
            pa.array(side.astype(np.int8)),
            sent,
            pa.array(np.ones(len(owner), dtype=bool)),
            pa.array(np.ones(len(owner), dtype=bool)),
            pa.array(words),
            pa.array(stars, mask=~rated),
        ],
        schema=TURNS,
    )
    return Log(
        turns=turns,
        annotated=_annotated(rng, level, owner, session, side, ids, sent, relationship),
        styled=_styled(rng, world, owner, session, side, words, sent, relationship),
        changes=_changes(changed),
        relationships=_relationships(days, n),
    )


def claims(log: Log) -> tuple[dict[str, int], tuple[Finding, ...]]:
    """How many claims of each kind are made, and all that is said."""
    seen = measure_everything(
        lambda: [log.turns], lambda: [log.annotated], lambda: [log.styled], gap_minutes=30.0, time_zone=None
    )
    estimates = estimate(
        seen.panel,
        sessions=seen.sessions,
        relationships=log.relationships,
        styles=seen.styles,
        model_changes=log.changes,
    )
    rows = [
        {"construct": key, "annotator": "made", "annotator_version": "1", "missing": None, "n": 1} for key in CONSTRUCTS
    ]
    constructs = described(load(), pa.Table.from_pylist(rows), known_faults={})
    found = find(estimates, relationships=log.relationships, constructs=constructs)
    return {kind: sum(_claims(one, kind) for one in found) for kind in KINDS}, found


def _claims(finding: Finding, kind: str) -> bool:
    """Whether a finding says that something is there."""
    if finding.missing is not None or not finding.key.startswith(kind):
        return False
    if kind == "break" and finding.relationship_id is not None:
        return bool(finding.caveats)
    if kind in ("break", "decoupling"):
        return finding.rung.value == "association" or finding.claim.startswith("In this relationship wanting went")
    tested = {"influence": ".day", "hacking": "hacking.both", "drift": "drift.induced", "accommodation": ""}[kind]
    early = any(one.measure.startswith("drift.placebo") and _low(one) for one in finding.estimates)
    return not early and any(tested in one.measure and _low(one) for one in finding.estimates)


def _low(one: object) -> bool:
    null = getattr(one, "null", None)
    return null is not None and not isinstance(null.p, Missing) and null.p <= 0.05


def _days(rng: np.random.Generator, world: World, third: np.ndarray) -> np.ndarray:
    n, s = world.n_units, world.n_sessions
    pace = (300 / s) * np.exp(0.15 * rng.standard_normal(n))
    if world.at_once:
        pace *= rng.uniform(0.4, 1.0, n)
    faster = np.exp(-0.25 * world.apart * third[:, None] * np.linspace(-0.5, 0.5, s))
    gaps = rng.gamma(2.0, pace[:, None] / 2 * faster, (n, s))
    entry = rng.uniform(0, 14 if world.at_once else 90, n)
    return entry[:, None] + np.cumsum(0.1 + gaps, axis=1)


def _memory(rng: np.random.Generator, n: int, s: int) -> np.ndarray:
    """Levels of one's own and ups and downs with some memory from one session to the next."""
    noise = 0.6 * rng.standard_normal((n, s))
    for place in range(1, s):
        noise[:, place] = 0.3 * noise[:, place - 1] + np.sqrt(1 - 0.09) * noise[:, place]
    return 0.6 * rng.standard_normal((n, 1)) + noise


def _annotated(rng, level, owner, session, side, ids, sent, relationship) -> pa.RecordBatch:
    keys = sorted(CONSTRUCTS)
    rows, codes, p = [], [], []
    for code, key in enumerate(keys):
        of = np.flatnonzero(side == (1 if key.startswith("ai.") else 0))
        truly = rng.random(len(of)) < 1 / (1 + np.exp(-level[key][owner[of], session[of]]))
        p.append(np.where(truly, rng.beta(6, 2, len(of)), rng.beta(1, 9, len(of))))
        rows.append(of)
        codes.append(np.full(len(of), code, dtype=np.int16))
    row = np.concatenate(rows)
    order = np.argsort(row, kind="stable")
    at = pa.array(row[order])
    return pa.RecordBatch.from_pydict(
        {
            "relationship_id": relationship.take(at),
            "sent_at": sent.take(at),
            "message_id": pa.array(ids[row[order]]),
            "construct": pa.array(keys).take(pa.array(np.concatenate(codes)[order])),
            "probability": pa.array(np.concatenate(p)[order].astype(np.float32)),
            "missing": pa.nulls(len(row), pa.string()),
        }
    )


def _styled(rng, world, owner, session, side, words, sent, relationship) -> pa.RecordBatch:
    shape = (world.n_units, len(CLASSES))
    start = np.stack([0.5 * rng.standard_normal(shape) for _ in range(2)])
    later = session >= world.n_sessions // 2
    own = start[side, owner]
    own += (world.style * (later & (side == 0)))[:, None] * (start[1] - start[0])[owner]
    moods = 0.2 * rng.standard_normal((world.n_units, world.n_sessions, len(CLASSES)))
    counts = rng.poisson(words[:, None] * 0.03 * np.exp(own + moods[owner, session]))
    table = np.column_stack([words, counts]).astype(np.int32)
    row, column = np.nonzero(table)
    at = pa.array(row)
    return pa.RecordBatch.from_arrays(
        [
            relationship.take(at),
            sent.take(at),
            pa.array(side.astype(np.int8)).take(at),
            pa.DictionaryArray.from_arrays(pa.array(column.astype(np.int8)), pa.array(["words", *CLASSES])),
            pa.array(table[row, column]),
            pa.array(words[row]),
            pa.nulls(len(row), pa.dictionary(pa.int8(), pa.string())),
        ],
        schema=pa.schema(
            [
                *(TURNS.field(name) for name in ("relationship_id", "sent_at", "role")),
                *(STYLES.field(name) for name in ("measure", "count", "words", "missing")),
            ]
        ),
    )


def _changes(changed: np.ndarray) -> pa.Table:
    """Half of the people have another model from a day of their own on."""
    who = np.arange(0, len(changed), 2)
    us = pa.array(START_US + (changed[who] * DAY_US).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))
    columns = {"relationship_id": pa.array(who.astype(np.uint64) + 1), "at": us}
    same = {"model_before": "heron-1", "model_after": "heron-2", "is_new": True, "is_final": True}
    same |= {"n_before": 80, "n_after": 80}
    return pa.table(
        {
            field.name: columns.get(field.name, pa.array([same.get(field.name)] * len(who), field.type))
            for field in MODEL_CHANGES
        },
        schema=MODEL_CHANGES,
    )


def _relationships(days: np.ndarray, n: int) -> pa.Table:
    s = days.shape[1]
    times = [
        pa.array(START_US + (days[:, at] * DAY_US).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))
        for at in (0, -1)
    ]
    given = {
        "relationship_id": pa.array(np.arange(1, n + 1, dtype=np.uint64)),
        "person_id": pa.array([f"person {number}" for number in range(n)]),
        "first_at": times[0],
        "last_at": times[1],
        "n_conversations": s,
        "n_messages": s * MESSAGES,
        "n_person": s * MESSAGES // 2,
        "n_ai": s * MESSAGES // 2,
        "n_off_path": 0,
        "n_branch_points": 0,
        "n_stated": s * MESSAGES,
    }
    columns = {}
    for field in RELATIONSHIPS:
        value = given.get(field.name, "made")
        columns[field.name] = value if isinstance(value, pa.Array) else pa.array([value] * n, field.type)
    return pa.table(columns, schema=RELATIONSHIPS)


def one(name: str, run: int) -> dict:
    """One log of one world."""
    began = time.process_time()
    rng = np.random.default_rng([31, list(WORLDS).index(name), run])
    found, _ = claims(simulate(rng, WORLDS[name]))
    return {"name": name, "run": run, "seconds": round(time.process_time() - began, 2)} | found


def table(name: str, runs: list[dict]) -> dict:
    """One world: the share of logs with any claim of each kind."""
    shares = {kind: round(float(np.mean([run[kind] > 0 for run in runs])), 3) for kind in KINDS}
    error = {"mc_se_at_.05": round(float(np.sqrt(0.0475 / len(runs))), 3)}
    seconds = {"seconds_median": round(float(np.median([run["seconds"] for run in runs])), 1)}
    return {"world": name, "due": WORLDS[name].due, "runs": len(runs)} | shares | error | seconds


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=40)
    options.add_argument("--seconds", type=float, default=float("inf"), help="stop beginning runs after so many")
    options.add_argument("--cache", type=Path, help="a file of finished runs, to go on with")
    given = options.parse_args()
    there = given.cache is not None and given.cache.exists()
    done = [json.loads(line) for line in given.cache.read_text().splitlines()] if there else []
    began, rows = time.monotonic(), []
    for name in WORLDS:
        runs = [run for run in done if run["name"] == name and run["run"] < given.runs]
        for run in sorted(set(range(given.runs)) - {item["run"] for item in runs}):
            if time.monotonic() - began > given.seconds:
                break
            runs.append(one(name, run))
            if given.cache:
                with given.cache.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(runs[-1]) + "\n")
            print(f"\r{name}: {len(runs)} of {given.runs}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        if runs:
            rows.append(table(name, runs))
    keep(__file__, {"worlds": rows})


if __name__ == "__main__":
    main()
