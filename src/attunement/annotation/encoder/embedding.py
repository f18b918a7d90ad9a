"""Turns as points: the whole of each, its sentences, and the mean of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from attunement.annotation.encoder.encoding import N_DIMENSIONS
from attunement.annotation.heads import Cut, cut

Encode = Callable[[Sequence[str]], np.ndarray]
"""From texts to points: texts x N_DIMENSIONS."""


class Embedded(NamedTuple):
    """Some turns as points. One without words, or that was not given, is all zeros."""

    parts: Cut
    of_turns: np.ndarray  # float32, turns x dimensions
    of_sentences: np.ndarray  # float32, sentences x dimensions
    of_means: np.ndarray  # float32, turns x dimensions: the mean of the sentences

    @property
    def has_words(self) -> np.ndarray:
        """Which turns have words."""
        return np.diff(self.parts.sentence_starts) > 0


def embedded(texts: Sequence[str | None], *, encode: Encode) -> Embedded:
    """Cut turns into sentences, and embed both."""
    parts = cut(texts)
    n_sentences = np.diff(parts.sentence_starts)
    filled = np.flatnonzero(n_sentences)
    turns = [str(texts[turn]) for turn in filled.tolist()]
    sentences = [
        str(texts[turn])[start:end]
        for turn, (start, end) in zip(parts.message_of.tolist(), parts.spans.tolist(), strict=True)
    ]
    points = encode([*turns, *sentences]).astype(np.float32).reshape(-1, N_DIMENSIONS)
    of_turns = np.zeros((len(texts), N_DIMENSIONS), dtype=np.float32)
    of_turns[filled] = points[: len(turns)]
    of_sentences = points[len(turns) :]
    shares = np.repeat(1 / np.maximum(n_sentences, 1), n_sentences).astype(np.float32)
    gather = sparse.csr_matrix(
        (shares, np.arange(len(sentences)), parts.sentence_starts), shape=(len(texts), len(sentences))
    )
    return Embedded(parts, of_turns, of_sentences, np.asarray(gather @ of_sentences, dtype=np.float32))


def embedded_wholes(texts: Sequence[str | None], *, encode: Encode) -> tuple[np.ndarray, np.ndarray]:
    """The points of whole texts, zeros for those without words; and which have words."""
    has_words = np.diff(cut(texts).sentence_starts) > 0
    points = np.zeros((len(texts), N_DIMENSIONS), dtype=np.float32)
    points[has_words] = encode([str(text) for text, has in zip(texts, has_words, strict=True) if has]).reshape(
        -1, N_DIMENSIONS
    )
    return points, has_words
