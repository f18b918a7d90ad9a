"""How often do detectors raise false alarms in stable relationships, and how soon do they find changes?

Each detector is learned from reference relationships, and watches others for 200 sessions; its run length of 2,000
sessions allows alarms in at most 10 % of stable ones. `watched` holds false alarms, and the share and the median delay
of changes by one and two standard deviations that came at session 100 in 5 % of relationships. Slopes count as stable:
a reference of 60 sessions cannot show what they do in 200, one of 200 can.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from recovery.streams import Streams, streams

from attunement.statistics.detectors import Observations, calibrate, e_bh, learn_detector, start, unit_e_values, update

N_SESSIONS, AT, RUN_LENGTH = 200, 100, 2000.0

SCENARIOS: dict[str, dict] = {
    "no memory": {},
    "memory .3": {"memory": 0.3},
    "memory .5": {"memory": 0.5},
    "memory .5, irregular times": {"memory": 0.5, "irregular": True},
    "heavy tails": {"heavy": True},
    "memory .5, heavy tails": {"memory": 0.5, "heavy": True},
    "memory .3, slopes of SD .4 a year": {"memory": 0.3, "slope_sd": 0.001},
    "memory .3, slopes of SD 1.1 a year": {"memory": 0.3, "slope_sd": 0.003},
    "memory .3, noise that depends on the text": {"memory": 0.3, "text_noise": 1.0},
    "memory .3, common shocks and a release": {"memory": 0.3, "shock_sd": 0.2, "release": 2.0},
    "all of these": {
        "memory": 0.5,
        "heavy": True,
        "irregular": True,
        "slope_sd": 0.001,
        "text_noise": 0.5,
        "shock_sd": 0.2,
        "release": 2.0,
    },
}


def rows(drawn: Streams, *, alone: bool = False) -> Observations:
    """As a detector reads them; `alone` gives each relationship a calendar of its own, so that nothing is shared."""
    period = drawn.day * (int(drawn.unit.max()) + 1) + drawn.unit if alone else drawn.day
    zero = np.zeros(len(drawn.value))
    return Observations(unit=drawn.unit, period=period, time=drawn.time, value=drawn.value, se=zero)


def watched(
    rng: np.random.Generator, options: dict, *, n_reference: int, n_learned: int, n_watched: int, n_runs: int
) -> dict:
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    for _ in range(n_runs):
        before = {**options, "release": 0.0}
        reference = streams(rng, n_relationships=n_reference, n_sessions=n_learned, **before)
        detector = learn_detector(rows(reference), average_run_length=RUN_LENGTH)
        stable = streams(rng, n_relationships=n_watched, n_sessions=N_SESSIONS, **options)
        reading = update(detector, start(detector), rows(stable))
        note("false_alarms", len(reading.alarms.unit) / n_watched)
        years = n_watched * stable.time.max() / 365.25
        note("false_alarms_a_relationship_year", len(reading.alarms.unit) / years)
        e_values = unit_e_values(reading.state)
        note("mean_e_value", float(e_values.mean()))
        note("e_bh_any_where_all_are_stable", float(e_bh(e_values, rate=0.1).any()))
        note("score_sd", float(reading.score.std()))
        note("false_alarms_cusum", _cusum(stable, n_watched))
        if options.get("release"):
            apart = update(detector, start(detector), rows(stable, alone=True))
            note("false_alarms_without_common_term", len(apart.alarms.unit) / n_watched)
        for size in (1.0, 2.0):
            moved = streams(
                rng,
                n_relationships=n_watched,
                n_sessions=N_SESSIONS,
                change=size,
                share_changed=0.05,
                at=AT,
                **options,
            )
            reading = update(detector, start(detector), rows(moved))
            delay = _delay(moved, reading.alarms.unit, reading.alarms.time)
            seen = e_bh(unit_e_values(reading.state), rate=0.1)
            note(f"found_{size:g}sd", float(np.mean(~np.isnan(delay))))
            note(f"delay_{size:g}sd", float(np.nanmedian(delay)) if np.any(~np.isnan(delay)) else np.nan)
            note(f"e_bh_false_{size:g}sd", float((seen & ~moved.changed).sum() / max(seen.sum(), 1)))
            note(f"e_bh_found_{size:g}sd", float(seen[moved.changed].mean()))
    table = {name: round(float(np.nanmean(values)), 3) for name, values in found.items()}
    alarms = found["false_alarms"]
    return {**table, "false_alarms_mc_error": round(float(np.std(alarms) / np.sqrt(len(alarms))), 4), "runs": n_runs}


def _delay(moved: Streams, unit: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Sessions from the change to the alarm in each relationship that changed; NaN where none came after it."""
    times = moved.time.reshape(-1, N_SESSIONS)
    nth = np.full(len(times), np.nan)
    nth[unit] = (times[unit] < when[:, None]).sum(axis=1)
    late = nth - AT
    late[late < 0] = np.nan
    return late[moved.changed]


def _cusum(drawn: Streams, n_units: int) -> float:
    """A textbook chart (k = .25, h = 8) with mean and SD of each relationship's first twenty sessions."""
    value = drawn.value.reshape(n_units, -1)
    mean, sd = value[:, :20].mean(axis=1), value[:, :20].std(axis=1, ddof=1)
    up, down, alarm = np.zeros(n_units), np.zeros(n_units), np.zeros(n_units, dtype=bool)
    for k in range(20, value.shape[1]):
        z = (value[:, k] - mean) / sd
        up, down = np.maximum(up + z - 0.25, 0), np.maximum(down - z - 0.25, 0)
        alarm |= (up > 8) | (down > 8)
    return float(alarm.mean())


def report(rng: np.random.Generator, *, n_held_out: int = 500) -> dict:
    """What the calibration report says of relationships like those that taught the detector, and of rougher ones."""
    table = {}
    detector = learn_detector(
        rows(streams(rng, n_relationships=400, n_sessions=60, memory=0.3)), average_run_length=RUN_LENGTH
    )
    for name, options in (
        ("like the reference", {"memory": 0.3}),
        ("more memory, heavy tails", {"memory": 0.8, "heavy": True}),
    ):
        held_out = rows(streams(rng, n_relationships=n_held_out, n_sessions=N_SESSIONS, **options))
        found = calibrate(detector, held_out, rng=rng)
        table[name] = {
            "sentence": found.sentence,
            "holds": found.holds,
            "alarms_shuffled": [round(rate.share, 3) for rate in found.permuted],
            "score_sd": round(found.score_sd, 3),
        }
    return table


def main(n_runs: int = 4) -> dict:
    rng = np.random.default_rng(20261123)
    table = []
    for n_reference, n_learned in ((100, 60), (400, 60), (400, 200)):
        for name, options in SCENARIOS.items():
            if n_learned > 60 and not options.get("slope_sd"):
                continue
            begun = time.perf_counter()
            size = {"n_reference": n_reference, "n_learned": n_learned, "n_watched": 1200, "n_runs": n_runs}
            found = watched(rng, options, **size)
            reference = {"relationships": n_reference, "sessions": n_learned}
            table.append({"scenario": name, "reference": reference, "promised": 0.1, **found})
            print(f"{name}, {n_reference} x {n_learned}: {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return {"watched": table, "report": report(rng)}


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy", "numba"))
