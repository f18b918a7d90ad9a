"""By how much a hundred labels of one's own beat what ships.

    python benchmarks/accuracy/own_labels.py --data DATA

offmychest_disclosure plays somebody's own product: the heads are trained on the exemplars alone (as if that set had
never been seen), then on the exemplars and on labels of 50 to 1,600 sentences of it, each time drawn from some writers
and tested on all the others. Five draws each. Kept are AUROC and calibration error on the held-out writers.
Distrust it: it is Reddit and no chat, two constructs, and labels of single sentences.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.populations import offmychest
from keeping import keep

from attunement.annotation.heads import static_embeddings
from attunement.annotation.training import exemplars_of, joined, labelled
from attunement.annotation.training.training import prepared, train_head
from attunement.codebook import load
from attunement.statistics import auroc, calibration_error

SIZES = (0, 50, 100, 200, 400, 1600)
N_DRAWS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    rows = [row for row in offmychest(options.data) if "." in row.construct]
    results = {key: curve(rows, key) for key in ("user.disclose", "ai.warmth")}
    keep(__file__, {"population": "offmychest_disclosure", "by_construct": results}, packages=("numpy", "scipy"))


def curve(rows, key: str) -> list[dict]:
    codebook = load()
    side = codebook.construct(key).side
    written = exemplars_of(codebook, side)
    own = labelled(map(asdict, rows), side=side, constructs=written.constructs)
    both = joined([written, replace(own, populations=np.full(len(own), "own"))])
    turns, _ = prepared(both.texts, static=static_embeddings())
    label = own.labels[:, own.constructs.index(key)] >= 0.5
    writers = np.unique(own.groups)
    found = []
    for size in SIZES:
        figures = []
        for draw in range(N_DRAWS if size else 1):
            rng = np.random.default_rng(draw)
            order = rng.permutation(writers)
            for_training = np.isin(own.groups, order[: len(order) // 2])
            chosen = rng.permutation(np.flatnonzero(for_training))[:size]
            seen = np.zeros(len(own), dtype=bool)
            seen[chosen] = True
            labels = np.where(seen[:, None], own.labels, np.nan)
            head = train_head(key, replace(both, labels=np.concatenate([written.labels, labels])), turns)
            p = head.p_final[-len(own) :][~for_training]
            figures.append((auroc(label[~for_training], p), calibration_error(label[~for_training], p)))
        mean, spread = np.mean(figures, axis=0), np.std(figures, axis=0)
        found.append(
            {
                "labels": size,
                "auroc": round(float(mean[0]), 4),
                "auroc_sd_over_draws": round(float(spread[0]), 4),
                "calibration_error": round(float(mean[1]), 4),
            }
        )
        print(key, found[-1], file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    main()
