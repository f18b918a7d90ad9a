"""How well the heads carry over to spiral_bench: from exemplars alone, to a model held out, and per conversation.

    python benchmarks/accuracy/spiral.py --data DATA

For each criterion of spiral_bench that means nearly what a construct means: trained on the exemplars alone; with one
whole language model of spiral_bench held out; with its scenarios held out; and, for the last, the mean probability of
each conversation beside the share of its turns that were judged to show it.
Distrust it: the labels are a language model's, the person is one too, and there are two models, which differ in base rate
as much as in style.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.populations import Labelled, spiral
from keeping import keep

from attunement.annotation.heads import static_embeddings
from attunement.annotation.training import accuracy, exemplars_of, joined, labelled
from attunement.annotation.training.training import prepared, train_head
from attunement.codebook import load
from attunement.statistics import calibration_error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    keep(__file__, held_out(list(spiral(options.data))), packages=("numpy", "scipy"))


def held_out(rows: list[Labelled]) -> dict:
    """On spiral_bench: transfer from exemplars, a model held out, and means of conversations."""
    codebook, static = load(), static_embeddings()
    keys = sorted({row.construct for row in rows})
    written = exemplars_of(codebook, "ai")
    test = labelled(map(asdict, rows), side="ai", constructs=written.constructs)
    both = joined([written, test])
    turns, _ = prepared(both.texts, static=static)
    conversation = {(row.text, row.before): row.conversation for row in rows}
    conversations = np.array(
        [conversation[text, before] for text, before in zip(test.texts, test.befores, strict=True)]
    )
    splits = {"trained on exemplars alone": np.zeros(len(test), dtype=bool)}
    splits |= {f"{model} held out": test.registers != model for model in sorted(set(test.registers))}
    found: dict = {"per_turn": {}, "per_conversation": {}}
    for key in keys:
        known = ~np.isnan(test.labels[:, test.constructs.index(key)])
        label = test.labels[:, test.constructs.index(key)]
        found["per_turn"][key] = []
        for name, seen in splits.items():
            say(f"{key}, {name}", 0)
            labels = joined([written, replace(test, labels=np.where(seen[:, None], test.labels, np.nan))])
            head = train_head(key, labels, turns)
            rest = known & ~seen
            p = head.p_final[-len(test) :]
            figures = accuracy(label[rest], p[rest], test.groups[rest], population="spiral_bench", register=name)
            found["per_turn"][key].append(figures.as_dict())
        p = train_head(key, both, turns).p_without[-len(test) :]
        name = "scenarios held out"
        figures = accuracy(label[known], p[known], test.groups[known], population="spiral_bench", register=name)
        found["per_turn"][key].append(figures.as_dict())
        found["per_conversation"][key] = by_conversation(label[known], p[known], conversations[known])
    return found


def by_conversation(label, p, conversation) -> dict:
    """The mean probability of each conversation beside the share of its turns that were judged to show it."""
    _, which = np.unique(conversation, return_inverse=True)
    n = np.bincount(which)
    said, was = np.bincount(which, p) / n, np.bincount(which, label) / n
    return {
        "n": len(n),
        "pearson": round(float(np.corrcoef(said, was)[0, 1]), 4),
        "mean_absolute_error": round(float(np.abs(said - was).mean()), 4),
        "calibration_error_of_turns": round(calibration_error(label >= 0.5, p), 4),
        "mean_said": round(float(p.mean()), 4),
        "mean_judged": round(float(label.mean()), 4),
    }


def say(stage: str, share: float) -> None:
    print(f"\r{stage:<30} {100 * share:3.0f} %", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
