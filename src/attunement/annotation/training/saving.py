"""Trained heads written to a folder, with the card that says what they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from attunement.annotation.heads import Weights
from attunement.annotation.training.examples import Examples
from attunement.annotation.training.measuring import Accuracy


def save(
    folder: Path,
    weights: Mapping[str, Weights],
    *,
    examples: Mapping[str, Examples],
    accuracy: Mapping[str, Sequence[Accuracy]],
    licences: Mapping[str, str],
) -> Path:
    """Write the weights of both sides and their card, and give the path of the card."""
    folder.mkdir(parents=True, exist_ok=True)
    for side, one in weights.items():
        one.save(folder / f"{side}.npz")
    path = folder / "card.json"
    card = card_of(weights, examples=examples, accuracy=accuracy, licences=licences)
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def card_of(
    weights: Mapping[str, Weights],
    *,
    examples: Mapping[str, Examples],
    accuracy: Mapping[str, Sequence[Accuracy]],
    licences: Mapping[str, str],
) -> dict[str, Any]:
    """What was trained on what, under which licences, and how well it agrees with labels it did not see."""
    return {
        "annotator": "heads",
        "version": "-".join(weights[side].version for side in sorted(weights)),
        "features": "hashed word 1-2-grams and character 3-5-grams, and static embeddings of word pieces",
        "trained_on": {side: _trained_on(one) for side, one in examples.items()},
        "licences": dict(licences),
        "held_out_by": "scene, conversation or writer: five folds, whole groups",
        "threshold": 0.5,
        "accuracy": {key: [one.as_dict() for one in found] for key, found in accuracy.items()},
    }


def _trained_on(examples: Examples) -> dict[str, dict[str, int]]:
    """For each construct, how many texts of each population carried a label of its own."""
    found = {}
    for column, key in enumerate(examples.constructs):
        known = examples.own[:, column] & ~np.isnan(examples.labels[:, column])
        found[key] = {str(name): n for name, n in sorted(Counter(examples.populations[known]).items())}
    return found
