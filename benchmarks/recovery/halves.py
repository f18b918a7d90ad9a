"""How often is a change between halves declared where there is none, and how often found where there is one?"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from recovery.simulated import sessions

from attunement.statistics import halves_change, share_interval


def rates(rng: np.random.Generator, *, n_relationships: int, n_sessions: int, memory: float, slope: float) -> dict:
    drawn = sessions(
        rng,
        n_relationships=n_relationships,
        n_sessions=n_sessions,
        base=0.08,
        memory=memory,
        slope_sd=slope,
    )
    half_starts = np.stack([drawn.starts, drawn.starts + n_sessions // 2], axis=1).reshape(-1)
    halves = share_interval(drawn.seen, drawn.n, half_starts)
    found = halves_change(drawn.seen, drawn.n, drawn.starts, halves=halves)
    shuffled = _shuffle_p(rng, drawn.seen, drawn.n, n_relationships, n_sessions)
    return {
        "sessions": n_sessions,
        "memory": memory,
        "slope_sd": slope,
        "p_ring_below_.05": round(float((found.p <= 0.05).mean()), 3),
        "p_shuffle_below_.05": round(float((shuffled <= 0.05).mean()), 3),
        "interval_excludes_0": round(float(((found.low > 0) | (found.high < 0)).mean()), 3),
        "both": round(float(((found.p <= 0.05) & ((found.low > 0) | (found.high < 0))).mean()), 3),
        "n": n_relationships,
    }


def _shuffle_p(rng: np.random.Generator, seen: np.ndarray, n: np.ndarray, units: int, k: int) -> np.ndarray:
    """The plain permutation of sessions, for comparison: it forgets that neighbouring sessions are alike."""
    seen, n = seen.reshape(units, k), n.reshape(units, k)

    def distance(order: np.ndarray) -> np.ndarray:
        s, m = np.take_along_axis(seen, order, 1), np.take_along_axis(n, order, 1)
        h = k // 2
        return np.abs(s[:, h:].sum(1) / m[:, h:].sum(1) - s[:, :h].sum(1) / m[:, :h].sum(1))

    observed = distance(np.tile(np.arange(k), (units, 1)))
    draws = [distance(np.argsort(rng.random((units, k)), axis=1)) >= observed - 1e-12 for _ in range(199)]
    return (1 + np.sum(draws, axis=0)) / 200


def main(n_relationships: int = 3000) -> dict:
    rng = np.random.default_rng(20260302)
    return {
        "rows": [
            rates(rng, n_relationships=n_relationships, n_sessions=t, memory=memory, slope=slope)
            for t in (12, 20, 40, 60, 120)
            for memory in (0.0, 0.3, 0.5)
            for slope in (0.0, 3.0)
        ]
    }


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
