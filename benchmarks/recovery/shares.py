"""Does the interval of a share cover the share that the annotator would report in the long run?

The truth has random levels, random slopes, sessions of irregular size, memory between sessions and an annotator that
errs. `bias_of_truth` is the distance of what is reported from what is there: that error is the annotator's, no
interval here holds it, and only labels by people can take it out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from recovery.simulated import sessions

from attunement.statistics import mean_interval, share_interval


def coverage(rng: np.random.Generator, *, n_relationships: int, n_sessions: int, base: float, memory: float) -> dict:
    drawn = sessions(
        rng, n_relationships=n_relationships, n_sessions=n_sessions, base=base, memory=memory, slope_sd=0.5
    )
    found = share_interval(drawn.seen, drawn.n, drawn.starts)
    covered = (found.low <= drawn.expected) & (drawn.expected <= found.high)
    return {
        "sessions": n_sessions,
        "base": base,
        "memory": memory,
        "coverage": round(float(covered.mean()), 3),
        "bias": round(float((found.value - drawn.expected).mean()), 4),
        "bias_of_truth": round(float((found.value - drawn.true).mean()), 4),
        "mean_width": round(float((found.high - found.low).mean()), 4),
        "n": n_relationships,
    }


def weekly(rng: np.random.Generator, *, n_relationships: int, n_weeks: int) -> dict:
    values = rng.gamma(1.5, 40.0, size=(n_relationships, n_weeks))
    found = mean_interval(values.reshape(-1), np.arange(n_relationships) * n_weeks)
    covered = (found.low <= 60.0) & (found.high >= 60.0)
    return {"weeks": n_weeks, "coverage": round(float(covered.mean()), 3), "n": n_relationships}


def main(n_relationships: int = 4000) -> dict:
    rng = np.random.default_rng(20260301)
    shares = [
        coverage(rng, n_relationships=n_relationships, n_sessions=t, base=base, memory=memory)
        for t in (5, 12, 30, 100)
        for base in (0.01, 0.05, 0.2)
        for memory in (0.0, 0.3, 0.5)
    ]
    return {"shares": shares, "weekly": [weekly(rng, n_relationships=n_relationships, n_weeks=w) for w in (4, 10, 26)]}


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
