"""Is it found who moved towards whose style, and who did not, where errors, topics, length and mirrors would feign it?

Counts of 24 classes are drawn a session. A share of the way to where the other began is moved, by `person` and by `ai`,
soon after the first sessions. Beside it stands what is often done: the distance between both sides late less early, as a
share of the early one, tested over relationships ("nearer"); it cannot say who moved, and errors of the first sessions
make it fall or rise by themselves. Rows:

- none, leader (the person moves), follower (the AI moves), both: 30 of 100 parts of the way;
- regression: the first sessions are a bad time, a third of each person's style then passes within weeks;
- length: messages get longer on both sides, and rates go with length; topic: what a pair talks about wanders and is
  shared by both sides from session to session; season: what moves everybody at a date;
- heavy: Student's t with 3 degrees of freedom for styles and drift; few: 30 relationships; noisy: 40 words a session;
- half mirror: half of the AI's style is the person's from the first session on;
- mirror: all of it, which must be refused; alike: one AI for all, whose pull on people must be refused.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep

from attunement.dynamics.accommodation import estimate_accommodation
from attunement.vocabulary import PANEL, PERIODS, Missing

N_CLASSES = 24
START_US = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1e6)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is simulated; styles are in units of how people differ, which is a third of a class's mean rate."""

    person: float = 0.0
    ai: float = 0.0
    spread: float = 0.1
    """Standard deviation over people of the share of the way that they move, where they do."""
    passing: float = 0.0
    """Share of a person's first style that is gone within ten sessions."""
    longer: float = 0.0
    """Growth of log length of messages over the relationship, and what rates do per unit of it."""
    topic: float = 0.3
    """What both sides of a pair share, wandering from session to session (AR .8)."""
    season: float = 0.2
    wander: float = 0.3
    """How far a person's own style drifts over the relationship, whatever the AI does."""
    mirrors: float = 0.0
    """How much of its style the AI takes from the person at once and always."""
    own: float = 1.0
    """How much AIs differ by themselves."""
    tails: float = np.inf
    words: float = 150.0
    n_units: int = 200
    n_sessions: int = 30


def simulate(rng: np.random.Generator, truth: Truth) -> tuple[pa.Table, np.ndarray]:
    """A panel of styles, and each person's share of the way."""
    n, s, k = truth.n_units, truth.n_sessions, N_CLASSES

    def draw(*shape: int) -> np.ndarray:
        if np.isinf(truth.tails):
            return rng.standard_normal(shape)
        return rng.standard_t(truth.tails, shape) / np.sqrt(truth.tails / (truth.tails - 2))

    gaps = rng.exponential(rng.choice([0.5, 1.5, 7.0], p=[0.8, 0.15, 0.05], size=(n, s)))
    days = np.cumsum(np.maximum(gaps, 0.02), axis=1) + rng.uniform(0, 60, (n, 1))
    person, other = draw(n, 1, k), truth.own * draw(n, 1, k) + 1.0 * rng.standard_normal((1, 1, k))
    shares = [one + (truth.spread if one else 0.0) * rng.standard_normal(n) for one in (truth.person, truth.ai)]
    moved = np.clip((np.arange(s) - 5) / 6, 0, 1)[None, :, None]  # from the seventh to the twelfth session
    lasting = np.sqrt(1 - truth.passing) * person
    gone = np.sqrt(truth.passing) * draw(n, 1, k) * np.exp(-np.arange(s) / 5)[None, :, None]
    drift = truth.wander * np.cumsum(draw(n, s, k), axis=1) / np.sqrt(s)
    topic, now = np.empty((n, s, k)), draw(n, k)
    for t in range(s):
        topic[:, t] = now
        now = 0.8 * now + 0.6 * draw(n, k)
    season = truth.season * np.sin(days[..., None] / 15 + rng.uniform(0, 6, k))
    mirrored = truth.mirrors * lasting
    from_ai = other + mirrored
    styles = [
        lasting + gone + drift + shares[0][:, None, None] * moved * (from_ai - lasting),
        from_ai + truth.mirrors * (gone + drift) + shares[1][:, None, None] * moved * (lasting - from_ai),
    ]
    mean = np.exp(rng.uniform(np.log(0.5), np.log(8), k))
    slope = rng.standard_normal(k)
    growth = truth.longer * np.linspace(0, 1, s)[None, :] + 0.3 * rng.standard_normal((n, s))
    pieces = []
    for side, style in zip(("person", "ai"), styles, strict=True):
        level = style + truth.topic * topic + season + (0.5 * slope * growth[..., None] if truth.longer else 0.0)
        rate = np.maximum(mean * (1 + level / 3), 0.02)
        words = np.maximum(rng.poisson(truth.words * np.exp(growth)), 5)
        counts = rng.poisson(rate * words[..., None] / 100)
        pieces.append((side, 100 * counts / words[..., None], words))
    return _panel(days, pieces), shares[0]


def _panel(days: np.ndarray, pieces: list[tuple[str, np.ndarray, np.ndarray]]) -> pa.Table:
    n, s = days.shape
    k = N_CLASSES
    us = START_US + (days * 86_400e6).astype(np.int64)
    labels, value, held = [], [], []
    for side, rates, words in pieces:
        labels += [f"style.{side}.words", *(f"style.{side}.c{place:02d}" for place in range(k))]
        value.append(np.concatenate([words[..., None] / 5, rates], axis=2))
        held.append(np.concatenate([np.full((n, s, 1), 5), np.repeat(words[..., None], k, axis=2)], axis=2))
    wide = len(labels)
    shape = (n, s, wide)
    word = pa.DictionaryArray.from_arrays
    rows = n * s * wide
    return pa.Table.from_arrays(
        [
            pa.array(np.broadcast_to(np.arange(1, n + 1, dtype=np.uint64)[:, None, None], shape).reshape(-1)),
            pa.array(np.broadcast_to(us[..., None], shape).reshape(-1)).cast(pa.timestamp("us", tz="UTC")),
            word(pa.array(np.zeros(rows, dtype=np.int8)), pa.array(PERIODS)),
            word(pa.array(np.broadcast_to(np.arange(wide, dtype=np.int8), shape).reshape(-1)), pa.array(labels)),
            pa.array(np.concatenate(value, axis=2).reshape(-1)),
            pa.nulls(rows, pa.float64()),
            pa.array(np.concatenate(held, axis=2).reshape(-1).astype(np.int32)),
            pa.array(np.full(rows, 10.0)),
            pa.nulls(rows, pa.dictionary(pa.int8(), pa.string())),
        ],
        schema=PANEL,
    )


def nearer(panel: pa.Table, truth: Truth) -> float:
    """The usual way: |t| of how much smaller the distance between both sides is late than early, relative to early."""
    wide = panel.column("value").to_numpy().reshape(truth.n_units, truth.n_sessions, 2, N_CLASSES + 1)[..., 1:]
    scale = wide.reshape(-1, 2, N_CLASSES).std(axis=(0, 1))
    early, late = (
        np.sqrt(np.mean(((part[:, :, 0].mean(axis=1) - part[:, :, 1].mean(axis=1)) / scale) ** 2, axis=1))
        for part in (wide[:, :6], wide[:, truth.n_sessions // 2 :])
    )
    fell = (early - late) / early
    return float(abs(fell.mean()) / (fell.std(ddof=1) / np.sqrt(len(fell))))


SCENARIOS = {
    "none": Truth(),
    "leader": Truth(person=0.3),
    "follower": Truth(ai=0.3),
    "both": Truth(person=0.3, ai=0.3),
    "regression": Truth(passing=0.33),
    "regression, leader": Truth(passing=0.33, person=0.3),
    "length": Truth(longer=0.7),
    "length, leader": Truth(longer=0.7, person=0.3),
    "topic": Truth(topic=0.9),
    "topic, leader": Truth(topic=0.9, person=0.3),
    "season": Truth(season=1.0),
    "heavy": Truth(tails=3.0),
    "heavy, leader": Truth(tails=3.0, person=0.3),
    "few": Truth(n_units=30),
    "few, leader": Truth(n_units=30, person=0.3),
    "noisy": Truth(words=40.0),
    "noisy, leader": Truth(words=40.0, person=0.3),
    "half mirror": Truth(mirrors=0.5, own=0.5),
    "half mirror, leader": Truth(mirrors=0.5, own=0.5, person=0.3),
    "mirror": Truth(mirrors=1.0, own=0.1),
    "mirror, regression": Truth(mirrors=1.0, own=0.1, passing=0.33),
    "alike": Truth(own=0.0),
}


def one(name: str, run: int) -> dict:
    """One run of a scenario."""
    truth = SCENARIOS[name]
    rng = np.random.default_rng([2026, list(SCENARIOS).index(name), run])
    panel, shares = simulate(rng, truth)
    began = time.process_time()
    found = estimate_accommodation(panel, rng=rng, n_draws=199)
    record: dict = {"name": name, "run": run, "seconds": time.process_time() - began, "nearer": nearer(panel, truth)}
    group = {item.measure.removeprefix("accommodation."): item for item in found if item.relationship_id is None}
    for key, item in group.items():
        known = not isinstance(item.value, Missing)
        record[key] = [item.value, item.low, item.high, item.null.p if item.null else None] if known else None
    own = [item for item in found if item.relationship_id is not None and item.measure == "accommodation.person"]
    if own and not isinstance(own[0].value, Missing):
        inside = [item.low <= 100 * share <= item.high for item, share in zip(own, shares, strict=True)]
        record["own_covers"] = float(np.mean(inside))
        record["own_reliability"] = float(np.mean([item.reliability for item in own]))
    return record


def table(name: str, runs: list[dict]) -> dict:
    """Bias, coverage and rejections of one scenario."""
    truth = SCENARIOS[name]
    row: dict = {"scenario": name, "relationships": truth.n_units, "runs": len(runs)}
    for side, value in (("person", truth.person), ("ai", truth.ai)):
        told = [run[side] for run in runs if run[side]]
        row[side] = {
            "truth": 100 * value,
            "refused": round(1 - len(told) / len(runs), 3),
            "distinct": round(float(np.mean([run[f"distinct.{side}"][0] for run in runs])), 1),
        }
        if told:
            got = np.array(told, dtype=float)
            error = got[:, 0] - 100 * value
            row[side] |= {
                "bias": round(float(error.mean()), 2),
                "mc_se_of_bias": round(float(error.std() / np.sqrt(len(error))), 2),
                "covers": round(float(np.mean((got[:, 1] <= 100 * value) & (got[:, 2] >= 100 * value))), 3),
                "interval_rejects_none": round(float(np.mean((got[:, 1] > 0) | (got[:, 2] < 0))), 3),
                "null_rejected": round(float(np.mean(got[:, 3] <= 0.05)), 3),
            }
    told = [run["difference"] for run in runs if run["difference"]]
    if told:
        row["difference_rejects_equal"] = round(float(np.mean([item[3] <= 0.05 for item in told])), 3)
    row["distance_rejects_none"] = round(float(np.mean([run["nearer"] > 1.97 for run in runs])), 3)
    own = [run for run in runs if "own_covers" in run]
    if own:
        row["own_covers"] = round(float(np.mean([run["own_covers"] for run in own])), 3)
        row["own_reliability"] = round(float(np.mean([run["own_reliability"] for run in own])), 3)
    row["mc_se_of_shares"] = round(float(np.sqrt(0.05 * 0.95 / len(runs))), 3)
    row["seconds_median"] = round(float(np.median([run["seconds"] for run in runs])), 2)
    return row


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=100)
    options.add_argument("--cache", type=Path, help="a file of finished runs, to go on with")
    options.add_argument("--only", nargs="*", default=list(SCENARIOS))
    given = options.parse_args()
    done = [json.loads(line) for line in given.cache.read_text().splitlines()] if _is_there(given.cache) else []
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
    if given.only == list(SCENARIOS):
        keep(__file__, rows)
    else:
        print(json.dumps(rows, indent=1))


def _is_there(cache: Path | None) -> bool:
    return cache is not None and cache.exists()


if __name__ == "__main__":
    main()
