"""Heads from a folder of weights, and the card that lies beside them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from attunement.annotation.heads.annotating import SIDES, Heads
from attunement.annotation.heads.embeddings import SHIPPED
from attunement.annotation.heads.weights import read_weights
from attunement.codebook import Codebook
from attunement.errors import WeightsError

CARD = "card.json"
"""What was trained on what, and how well it agrees with labels: see `annotation.training`."""


def load_heads(codebook: Codebook, *, folder: Path | None = None) -> Heads:
    """Heads whose weights lie in a folder; without one, those that ship.

    Raises:
        WeightsError: the folder holds no weights, or some that cannot be read.
    """
    place = SHIPPED if folder is None else folder
    found = {side: place / f"{side}.npz" for side in SIDES if (place / f"{side}.npz").is_file()}
    if not found:
        raise WeightsError(
            "a folder holds no weights",
            got=str(place),
            have="ai.npz or user.npz",
            do="name a folder that `attune train` wrote",
        )
    return Heads({side: read_weights(path) for side, path in found.items()}, codebook=codebook)


def shipped_card() -> dict[str, Any]:
    """The card of the weights that ship."""
    card: dict[str, Any] = json.loads((SHIPPED / CARD).read_text(encoding="utf-8"))
    return card


def shipped_faults() -> dict[str, tuple[str, ...]]:
    """What the heads that ship are known to get wrong, by construct: what holds for all of them comes last."""
    stated = tomllib.loads((SHIPPED / "faults.toml").read_text(encoding="utf-8"))
    keys = [key for side in SIDES for key in read_weights(SHIPPED / f"{side}.npz").constructs]
    return {key: (*stated["constructs"].get(key, ()), *stated["every"]) for key in keys}
