"""The annotator that ships, and the card that lies beside its weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attunement.annotation.encoder.annotating import Accurate
from attunement.annotation.encoder.encoding import SHIPPED, shipped_encoder
from attunement.annotation.encoder.weights import read_encoded
from attunement.annotation.heads import load_heads
from attunement.codebook import Codebook

WEIGHTS, CARD = "heads.npz", "card.json"


def load_accurate(codebook: Codebook, *, folder: Path | None = None) -> Accurate:
    """Heads over embeddings whose weights lie in a folder; without one, those that ship. Beside them read the encoder
    and the fast heads that ship.

    Raises:
        ExtraMissing: onnxruntime is not installed.
        WeightsError: the folder holds no weights, or some that cannot be read.
    """
    encoder = shipped_encoder()
    weights = read_encoded((SHIPPED if folder is None else folder) / WEIGHTS)
    return Accurate(weights, encoder=encoder, fast=load_heads(codebook), codebook=codebook)


def accurate_card() -> dict[str, Any]:
    """The card of the weights that ship."""
    card: dict[str, Any] = json.loads((SHIPPED / CARD).read_text(encoding="utf-8"))
    return card
