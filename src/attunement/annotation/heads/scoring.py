"""From words to raw scores, sentence by sentence and message by message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import sparse

from attunement.annotation.heads.cutting import Cut
from attunement.annotation.heads.features import N_WORD_BUCKETS, normal, pair_buckets, word_buckets, word_hash
from attunement.annotation.heads.lexicon import Lexicon
from attunement.annotation.heads.pieces import pieces
from attunement.annotation.heads.weights import Weights


class Scores(NamedTuple):
    """Raw scores of many messages."""

    of_sentences: np.ndarray  # float32, sentences x columns
    of_messages: np.ndarray  # float32, messages x columns; the bias where a message has no words


class Scorer:
    """Weights made ready to score: what a word adds is worked out when it is first met.

    Every sum runs over the words of one sentence in their order, so that a message has the same scores to the last
    bit in whatever company it comes.
    """

    def __init__(self, weights: Weights, *, vocabulary: Mapping[str, int]) -> None:
        """Make weights ready; `vocabulary` gives the row of each piece in them."""
        self._weights = weights
        self._vocabulary = vocabulary
        self._norms = weights.bucket_weight.astype(np.float32) ** 2
        pairs = weights.buckets[N_WORD_BUCKETS:].astype(np.float32) * weights.bucket_step
        self._pairs = np.column_stack([pairs, self._norms[N_WORD_BUCKETS:]])
        self._lexicon = Lexicon(self._row, width=len(weights.columns) + 1)

    def scores(self, cut: Cut) -> Scores:
        """The raw scores of what was cut."""
        n_columns = len(self._weights.columns)
        bias = self._weights.bias
        of_messages = np.broadcast_to(bias, (cut.n_messages, n_columns)).copy()
        if not cut.n_sentences:
            return Scores(np.empty((0, n_columns), dtype=np.float32), of_messages)
        places, rows, hashes = self._lexicon.look_up(cut.words)
        sums = _summed(places, cut.word_starts, rows) + _summed(
            pair_buckets(hashes, cut.word_starts) - N_WORD_BUCKETS, cut.word_starts, self._pairs
        )
        filled = np.flatnonzero(np.diff(cut.sentence_starts))
        totals = np.add.reduceat(sums, cut.sentence_starts[filled], axis=0)
        of_messages[filled] = totals[:, :-1] / np.sqrt(totals[:, -1:]) + bias
        return Scores(sums[:, :-1] / np.sqrt(sums[:, -1:]) + bias, of_messages)

    def _row(self, word: str) -> tuple[np.ndarray, int]:
        """What a word adds to each column and to the squared norm, and its hash."""
        weights = self._weights
        plain = normal(word)
        buckets = word_buckets(plain)
        places = pieces(plain, self._vocabulary)
        added = weights.buckets[buckets].sum(axis=0, dtype=np.float32) * weights.bucket_step
        added += weights.pieces[places].sum(axis=0, dtype=np.float32) * weights.piece_step
        return np.append(added, self._norms[buckets].sum()), word_hash(plain)


def _summed(places: np.ndarray, starts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The sum of the rows at the places, from each start to the next."""
    ones = np.ones(len(places), dtype=np.float32)
    ends = np.append(starts, len(places))
    return np.asarray(sparse.csr_matrix((ones, places, ends), shape=(len(starts), len(rows))) @ rows)
