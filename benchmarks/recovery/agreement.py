"""Do the intervals of agreement between people hold the truth as often as they say, when messages come in relationships?"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep

from attunement.statistics import measure_agreement

MEASURES = ("percent", "alpha", "kappa", "ac1")


def labels(
    rng: np.random.Generator, *, n_relationships: int, n_messages: int, share_yes: float, n_labellers: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Labellers who err, more in some relationships than in others; relationships differ in how often it is so."""
    often = rng.beta(4 * share_yes, 4 * (1 - share_yes), size=n_relationships)
    err = rng.beta(2, 14, size=n_relationships)
    cluster = np.repeat(np.arange(n_relationships), n_messages)
    truth = rng.random(len(cluster)) < often[cluster]
    wrong = rng.random((n_labellers, len(cluster))) < err[cluster]
    return (truth ^ wrong).astype(float), cluster


def coverage(
    rng: np.random.Generator,
    *,
    n_relationships: int,
    share_yes: float,
    weighted: bool,
    n_runs: int,
    n_messages: int = 12,
) -> list[dict]:
    every, cluster = labels(rng, n_relationships=20_000, n_messages=n_messages, share_yes=share_yes)
    truth = measure_agreement(every, cluster=cluster, rng=rng, n_draws=0)
    hits, n_known = dict.fromkeys(MEASURES, 0), dict.fromkeys(MEASURES, 0)
    alone = dict.fromkeys(MEASURES, 0)
    for _ in range(n_runs):
        said, of = labels(rng, n_relationships=2 * n_relationships, n_messages=n_messages, share_yes=share_yes)
        # Favour relationships with many a yes: the weights have to undo it.
        size = np.bincount(of, said.mean(axis=0)) + 1 if weighted else np.ones(2 * n_relationships)
        p = np.minimum(n_relationships * size / size.sum(), 1.0)
        drawn = rng.random(len(p)) < p
        keep_it = drawn[of]
        if drawn.sum() < 2:
            continue
        given = {"rng": rng, "n_draws": 500, "weight": 1 / p[of[keep_it]]}
        found = measure_agreement(said[:, keep_it], cluster=of[keep_it], **given)
        rows = measure_agreement(said[:, keep_it], cluster=np.arange(int(keep_it.sum())), **given)
        for name in MEASURES:
            _, low, high = getattr(found, name)
            if not np.isnan(low):
                n_known[name] += 1
                hits[name] += low <= getattr(truth, name).value <= high
                alone[name] += getattr(rows, name).low <= getattr(truth, name).value <= getattr(rows, name).high
    return [
        {
            "measure": name,
            "relationships": n_relationships,
            "share_yes": share_yes,
            "favoured": weighted,
            "truth": round(getattr(truth, name).value, 3),
            "covers": round(hits[name] / max(n_known[name], 1), 3),
            "covers_messages_as_independent": round(alone[name] / max(n_known[name], 1), 3),
            "runs": n_known[name],
        }
        for name in MEASURES
    ]


def main(n_runs: int = 400) -> dict:
    rng = np.random.default_rng(20261123)
    return {
        "rows": [
            row
            for n_relationships in (10, 20, 60)
            for share_yes in (0.05, 0.3)
            for weighted in (False, True)
            for row in coverage(
                rng, n_relationships=n_relationships, share_yes=share_yes, weighted=weighted, n_runs=n_runs
            )
        ]
    }


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
