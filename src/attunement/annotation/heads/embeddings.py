"""The static embeddings that ship: a vocabulary of pieces, and a point for each."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np

SHIPPED = Path(__file__).parent / "shipped"
"""The folder of everything that was trained and ships."""


class Static(NamedTuple):
    """Pieces of words with their embeddings."""

    vocabulary: dict[str, int]  # from a piece to its row
    embeddings: np.ndarray  # int8, pieces x dimensions, in steps
    step: np.ndarray  # float32, one a dimension


@functools.cache
def static_embeddings() -> Static:
    """The static embeddings, read once."""
    with np.load(SHIPPED / "static.npz", allow_pickle=False) as file:
        pieces = file["pieces"].tobytes().decode().split("\n")
        return Static({piece: row for row, piece in enumerate(pieces)}, file["embeddings"], file["step"])
