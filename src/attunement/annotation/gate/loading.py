"""The gate that ships: its patterns, its weights, and the threshold that was chosen for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attunement.annotation.gate.gating import Gate
from attunement.annotation.heads import Weights, read_weights
from attunement.annotation.rulefiles import Rule, load_rules
from attunement.errors import WeightsError

_HERE = Path(__file__).parent
WEIGHTS, CARD = "acute_risk.npz", "acute_risk.json"


def load_gate(*, folder: Path | None = None) -> Gate:
    """The gate whose weights lie in a folder; without one, the gate that ships.

    Raises:
        WeightsError: the folder holds no weights, or some that cannot be read.
    """
    place = _HERE / "shipped" if folder is None else folder
    weights = read_weights(place / WEIGHTS)
    try:
        threshold = float(json.loads((place / CARD).read_text(encoding="utf-8"))["threshold"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise WeightsError(
            "the threshold of the gate cannot be read",
            got=f"{place / CARD}: {fault}",
            have="a file with a threshold from 0 to 1",
            do="train the gate again with benchmarks/training/gate.py",
        ) from fault
    return Gate(rule=shipped_rule(), weights=weights, threshold=threshold)


def shipped_rule() -> Rule:
    """The patterns that ship."""
    (rule,) = load_rules(folder=_HERE / "patterns")
    return rule


def write_gate(weights: Weights, card: dict[str, Any], *, folder: Path | None = None) -> None:
    """Write weights and their card, which names the threshold; without a folder, into the package."""
    place = _HERE / "shipped" if folder is None else folder
    weights.save(place / WEIGHTS)
    (place / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
