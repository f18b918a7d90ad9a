"""How many rows a second do detectors read, one day of many relationships at a time, beside river's on one stream?

Seconds are those of the processor, as other programs ran on the machine. River's detectors keep no level and no scale
of each relationship and promise no rate of false alarms; they stand here as the usual tool for streams.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from recovery.detectors import rows
from recovery.streams import streams

from attunement.statistics.detectors import Observations, learn_detector, start, update


def days(rng: np.random.Generator, *, n_units: int, n_days: int, share_present: float) -> dict:
    reference = streams(rng, n_relationships=100, n_sessions=40, memory=0.3)
    detector = learn_detector(rows(reference), average_run_length=5000.0)
    state = start(detector)
    unit = np.sort(rng.choice(2**62, size=n_units, replace=False))
    took, n_read = [], []
    for day in range(n_days):
        here = unit if day == 0 else unit[rng.random(n_units) < share_present]
        n = len(here)
        given = Observations(
            unit=here,
            period=np.full(n, day),
            time=np.full(n, float(day)),
            value=rng.standard_normal(n),
            se=np.zeros(n),
        )
        begun = time.process_time()
        state = update(detector, state, given).state
        took.append(time.process_time() - begun)
        n_read.append(n)
    seconds = np.array(took[1:])  # the first day compiles
    return {
        "relationships": n_units,
        "share_present_a_day": share_present,
        "ms_a_day": round(1000 * float(np.median(seconds)), 1),
        "updates_a_second": round(float(np.median(np.array(n_read[1:]) / seconds))),
        "mb_of_state": round(state.cells.nbytes / 1e6, 1),
    }


def peers(rng: np.random.Generator, *, n: int = 200_000) -> dict:
    """Updates a second of river's detectors on one stream; nothing where it is not installed."""
    try:
        from river import drift
    except ImportError:
        return {}
    values = rng.standard_normal(n).tolist()
    table = {}
    for name, chart in (("river ADWIN", drift.ADWIN()), ("river Page-Hinkley", drift.PageHinkley())):
        begun = time.process_time()
        for value in values:
            chart.update(value)
        table[name] = round(n / (time.process_time() - begun))
    return table


def main() -> dict:
    rng = np.random.default_rng(20261126)
    sizes = ((100_000, 1.0), (100_000, 0.3), (1_000_000, 1.0))
    table = [days(rng, n_units=n, n_days=15, share_present=share) for n, share in sizes]
    return {"rows": table, "peers_updates_a_second": peers(rng)}


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "numba"))
