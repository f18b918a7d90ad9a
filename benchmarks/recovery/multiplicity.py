"""How many claims are false where many are made at once, and how often is harm with reward found where it is not?

`discoveries`: 2,000 relationships, some of them changed, with shocks that all share and that move half of them up and
half down. `pairs`: effects on reward and on good from each of N people, correlated; nulls with no effect, with gain
alone, with harm alone, and at the edge of the margin. The naive way calls it a finding where the gain is significant
and the harm has the wrong sign. `joint`: whether both effects lie in the set.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from scipy import special

from attunement.statistics.multiplicity import (
    Margin,
    benjamini_hochberg,
    benjamini_yekutieli,
    e_bh,
    intersection_union,
    joint_set,
)

RATE = 0.1


def discoveries(rng: np.random.Generator, *, n_runs: int, share_changed: float, shock: float, n: int = 2000) -> dict:
    """False discovery rate and power; `shock` is the correlation that what is shared gives."""
    false: dict[str, list[float]] = {}
    power: dict[str, list[float]] = {}
    side = np.where(np.arange(n) % 2, 1.0, -1.0)
    for _ in range(n_runs):
        changed = rng.random(n) < share_changed
        common = np.sqrt(shock) * side * rng.standard_normal()
        z = 4.0 * changed + common + np.sqrt(1 - shock) * rng.standard_normal(n)
        p = special.ndtr(-z)
        found = {
            "each by itself at .05": p <= 0.05,
            "Benjamini-Hochberg": benjamini_hochberg(p) <= RATE,
            "Benjamini-Yekutieli": benjamini_yekutieli(p) <= RATE,
            "e-BH": e_bh(np.exp(4.0 * z - 8.0), rate=RATE),
        }
        for name, rejected in found.items():
            false.setdefault(name, []).append(np.sum(rejected & ~changed) / max(int(rejected.sum()), 1))
            power.setdefault(name, []).append(np.sum(rejected & changed) / max(int(changed.sum()), 1))
    return {
        "share_changed": share_changed,
        "shock": shock,
        "runs": n_runs,
        "false_discovery_rate": {name: round(float(np.mean(values)), 3) for name, values in false.items()},
        "mc_se": {name: round(float(np.std(values) / np.sqrt(n_runs)), 3) for name, values in false.items()},
        "power": {name: round(float(np.mean(values)), 3) for name, values in power.items()} if share_changed else None,
    }


MARGIN = Margin(gain=0.0, harm=0.1, fixed_in="this file")

PAIRS = {
    "no effect": (0.0, 0.0, False),
    "gain alone": (0.6, 0.0, False),
    "harm alone": (0.0, -0.6, False),
    "gain, and harm as small as the margin": (0.6, -0.1, False),
    "no gain, great harm": (0.0, -1.0, False),
    "gain and good": (0.4, 0.4, False),
    "gain and harm": (0.4, -0.5, True),
}


def pairs(
    rng: np.random.Generator, *, n_runs: int, n_people: int, correlation: float, heavy: bool = False
) -> list[dict]:
    rows = []
    root = np.linalg.cholesky(np.array([[1.0, correlation], [correlation, 1.0]]))
    for name, (gain, harm, real) in PAIRS.items():
        draw = (
            rng.standard_t(4, (n_runs, n_people, 2)) / np.sqrt(2)
            if heavy
            else rng.standard_normal((n_runs, n_people, 2))
        )
        people = draw @ root.T + [gain, harm]
        value, se = people.mean(axis=1), people.std(axis=1, ddof=1) / np.sqrt(n_people)
        tested = intersection_union(
            value[:, 0],
            se[:, 0],
            value[:, 1],
            se[:, 1],
            margin=MARGIN,
            gain_degrees=float(n_people - 1),
            harm_degrees=float(n_people - 1),
        )
        naive = (tested.p_gain <= 0.05) & (value[:, 1] < 0)
        inside = box = 0
        for at in range(min(n_runs, 400)):
            joint = joint_set(value[at], np.cov(people[at].T) / n_people, degrees=float(n_people - 1))
            inside += joint.contains(np.array([gain, harm]))
            box += bool(((joint.low <= [gain, harm]) & ([gain, harm] <= joint.high)).all())
        rows.append(
            {
                "truth": name,
                "hacking": real,
                "n_people": n_people,
                "correlation": correlation,
                "heavy_tails": heavy,
                "runs": n_runs,
                "found": round(float(tested.found.mean()), 4),
                "naive_found": round(float(naive.mean()), 4),
                "ellipse_holds": round(inside / min(n_runs, 400), 3),
                "box_holds": round(box / min(n_runs, 400), 3),
            }
        )
    return rows


def main(n_runs: int = 4000) -> dict:
    rng = np.random.default_rng(20261125)
    return {
        "discoveries": [
            discoveries(rng, n_runs=n_runs // 10, share_changed=share, shock=shock)
            for share in (0.0, 0.05)
            for shock in (0.0, 0.3, 0.6)
        ],
        "pairs": [
            row
            for n_people, correlation, heavy in (
                (50, 0.0, False),
                (50, 0.7, False),
                (50, -0.7, False),
                (50, 0.3, True),
                (20, 0.3, False),
            )
            for row in pairs(rng, n_runs=n_runs, n_people=n_people, correlation=correlation, heavy=heavy)
        ],
    }


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
