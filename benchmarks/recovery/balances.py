"""Does the interval of a balance (the share of one sign in the signs of two) cover the share in the long run?

Sessions differ in how many signs they hold (a gamma rate) and in their share (memory between sessions, on the logit),
people differ in both, and signs are rare. `independent` draws each session's share anew; `memory` keeps half of it from
one session to the next; `feedback` lets many signs in a session be followed by a lower share; `heavy` draws the number
of signs from a heavy tail; `switch` moves every share by one logit halfway; `alarms` adds false alarms of an annotator
to both sides, 5 in 1,000 messages, which pulls the share towards one half: `bias` holds what no interval can.
`changes_told` is how often the interval of the change between the halves leaves zero out, and `ring` how often the
null of circular shifts is rejected at .05 (from 40 sessions on): errors everywhere but in `switch`, where it is power.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep

from attunement.dynamics.dilemmas import estimate_balances
from attunement.vocabulary import PANEL, Missing

MEASURE = "balance.ai-human.talk"
KINDS = ("independent", "memory", "feedback", "heavy", "switch", "alarms")
DAY_US = 86_400_000_000


def signs(rng: np.random.Generator, kind: str, *, people: int, sessions: int, rate: float) -> tuple[np.ndarray, ...]:
    """Signs of the first and of the second, messages, and the expected share of each person: people x sessions."""
    level = rng.normal(0.0, 0.8, size=people)
    often = rate * rng.lognormal(-0.125, 0.5, size=people)
    messages = rng.integers(5, 40, size=(people, sessions))
    memory = 0.5 if kind in ("memory", "feedback") else 0.0
    state = rng.normal(0.0, 0.5, size=people)
    first, second = np.zeros((2, people, sessions))
    weight, held = np.zeros((2, people, sessions))
    for at in range(sessions):
        noise = rng.normal(0.0, 0.5 * np.sqrt(1 - memory**2), size=people)
        state = memory * state + noise
        if kind == "feedback" and at:
            state -= 0.1 * (first[:, at - 1] + second[:, at - 1] - rate * 22)
        moved = (1.0 if at >= sessions // 2 else 0.0) - 0.5 if kind == "switch" else 0.0
        share = 1 / (1 + np.exp(-(level + state + moved)))
        busy = rng.pareto(2.5, size=people) * 1.5 if kind == "heavy" else rng.gamma(2.0, 0.5, size=people)
        expected = often * busy * messages[:, at]
        both = np.minimum(rng.poisson(expected), messages[:, at])
        second[:, at] = rng.binomial(both, share)
        first[:, at] = both - second[:, at]
        weight[:, at], held[:, at] = expected, expected * share
    true = held.sum(axis=1) / weight.sum(axis=1)
    if kind == "alarms":
        first += rng.binomial(messages, 0.005)
        second += rng.binomial(messages, 0.005)
    return first, second, messages, true


def panel_of(first: np.ndarray, second: np.ndarray, messages: np.ndarray) -> pa.Table:
    people, sessions = first.shape
    owner = np.repeat(np.arange(people, dtype=np.uint64), sessions)
    start = np.tile(np.arange(sessions) * DAY_US, people)
    parts = []
    for name, seen in (("rate.user.attach", first), ("rate.user.human_ties", second)):
        n = messages.reshape(-1)
        columns = {
            "relationship_id": owner,
            "period_start": start,
            "period": np.full(len(n), "session"),
            "measure": np.full(len(n), name),
            "value": 100 * seen.reshape(-1) / n,
            "se": np.ones(len(n)),
            "n": n.astype(np.int32),
            "exposure": np.full(len(n), 30.0),
        }
        arrays = [
            pa.array(columns[field.name]).cast(field.type) if field.name in columns else pa.nulls(len(n), field.type)
            for field in PANEL
        ]
        parts.append(pa.Table.from_arrays(arrays, schema=PANEL))
    return pa.concat_tables(parts)


def cell(rng: np.random.Generator, kind: str, *, people: int, sessions: int, rate: float) -> dict[str, object]:
    first, second, messages, true = signs(rng, kind, people=people, sessions=sessions, rate=rate)
    found = estimate_balances(panel_of(first, second, messages))
    shares = [one for one in found if one.measure == MEASURE and not isinstance(one.value, Missing)]
    truth = np.array([100 * true[one.relationship_id] for one in shares])
    value, low, high = (np.array([getattr(one, name) for one in shares]) for name in ("value", "low", "high"))
    covered = (low <= truth) & (truth <= high)
    changes = [one for one in found if one.measure == f"change.{MEASURE}" and not isinstance(one.value, Missing)]
    ends = np.array([[one.low, one.high] for one in changes], dtype=float).reshape(-1, 2)
    apart = (ends[:, 0] > 0) | (ends[:, 1] < 0)
    p = np.array([one.null.p for one in changes if one.null and not isinstance(one.null.p, Missing)])
    return {
        "kind": kind,
        "sessions": sessions,
        "signs_a_message": rate,
        "told": len(shares),
        "refused": people - len(shares),
        "coverage": round(float(covered.mean()), 3) if shares else None,
        "coverage_error": round(float(np.sqrt(0.05 * 0.95 / len(shares))), 3) if shares else None,
        "bias": round(float((value - truth).mean()), 2) if shares else None,
        "pull_to_half": round(float(np.polyfit(truth - 50, value - truth, 1)[0]), 3) if len(shares) > 20 else None,
        "mean_width": round(float((high - low).mean()), 1) if shares else None,
        "changes_told": round(float(apart.mean()), 3) if len(changes) > 100 else None,
        "ring": round(float((p <= 0.05).mean()), 3) if len(p) > 100 else None,
    }


def main(people: int) -> dict[str, object]:
    rng = np.random.default_rng(20261123)
    cells = []
    for kind in KINDS:
        for sessions in (12, 30, 100):
            for rate in (0.03, 0.1):
                cells.append(cell(rng, kind, people=people, sessions=sessions, rate=rate))
                print(cells[-1], file=sys.stderr)
    return {"people": people, "cells": cells}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000, help="relationships in each cell")
    keep(__file__, main(parser.parse_args().runs), packages=("numpy", "scipy", "pyarrow"))
