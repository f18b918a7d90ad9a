"""From words to raw scores, sentence by sentence and message by message."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from attunement.annotation.heads.cutting import Cut
from attunement.annotation.heads.embeddings import Static
from attunement.annotation.heads.features import N_WORD_BUCKETS, normal, pair_buckets, word_buckets, word_hash
from attunement.annotation.heads.lexicon import Lexicon
from attunement.annotation.heads.pieces import pieces
from attunement.annotation.heads.weights import Weights

LENGTH_DIMS = 32
"""Dimensions of a static embedding from which its length is taken: all 256 would cost more time than the scores."""


class Scores(NamedTuple):
    """Raw scores of many messages."""

    of_sentences: np.ndarray  # float32, sentences x columns
    of_messages: np.ndarray  # float32, messages x columns; the bias where a message has no words


class Scorer:
    """Weights made ready to score: what a word adds is worked out when it is first met.

    Every sum runs over the words of one sentence in their order, so that a message has the same scores to the last
    bit in whatever company it comes.
    """

    def __init__(self, weights: Weights, *, static: Static) -> None:
        """Make weights ready; `static` gives the row of each piece in them, and its embedding."""
        self._weights = weights
        self._vocabulary = static.vocabulary
        self._along = static.embeddings[:, :LENGTH_DIMS].astype(np.float32) * static.step[:LENGTH_DIMS]
        self._norms = weights.bucket_weight.astype(np.float32) ** 2
        pairs = weights.buckets[N_WORD_BUCKETS:].astype(np.float32) * weights.bucket_step
        self._pairs = np.column_stack([pairs, self._norms[N_WORD_BUCKETS:]])
        self._lexicon = Lexicon(self._row, width=len(self._row("a")[0]))

    def scores(self, cut: Cut) -> Scores:
        """The raw scores of what was cut."""
        n_columns = len(self._weights.columns)
        bias = self._weights.bias
        of_messages = np.broadcast_to(bias, (cut.n_messages, n_columns)).copy()
        if not cut.n_sentences:
            return Scores(np.empty((0, n_columns), dtype=np.float32), of_messages)
        places, rows, hashes = self._lexicon.look_up(cut.words)
        sums = _summed(places, cut.word_starts, rows)
        sums[:, : n_columns + 1] += _summed(
            pair_buckets(hashes, cut.word_starts) - N_WORD_BUCKETS, cut.word_starts, self._pairs
        )
        filled = np.flatnonzero(np.diff(cut.sentence_starts))
        of_messages[filled] = self._score(np.add.reduceat(sums, cut.sentence_starts[filled], axis=0))
        return Scores(self._score(sums), of_messages)

    def _score(self, sums: np.ndarray) -> np.ndarray:
        """The raw scores of texts whose words and pairs were added up: columns, squared norm, and what `_row` adds."""
        n_columns = len(self._weights.columns)
        scores: np.ndarray = sums[:, :n_columns] / np.sqrt(sums[:, n_columns : n_columns + 1]) + self._weights.bias
        if self._weights.has_own_length:
            scores += sums[:, n_columns + 1 : -LENGTH_DIMS] / lengths(sums[:, -LENGTH_DIMS:])[:, None]
        return scores

    def _row(self, word: str) -> tuple[np.ndarray, int]:
        """What a word adds to each column and to the squared norm, and its hash.

        Where embeddings have a length of their own: what its n-grams add, the squared norm, what its embedding adds,
        and the first dimensions of that.
        """
        weights = self._weights
        plain = normal(word)
        buckets = word_buckets(plain)
        places = pieces(plain, self._vocabulary)
        added = weights.buckets[buckets].sum(axis=0, dtype=np.float32) * weights.bucket_step
        of_embedding = weights.pieces[places].sum(axis=0, dtype=np.float32) * weights.piece_step
        norm = self._norms[buckets].sum(keepdims=True)
        if not weights.has_own_length:
            return np.concatenate([added + of_embedding, norm]), word_hash(plain)
        along = self._along[places].sum(axis=0, dtype=np.float32)
        return np.concatenate([added, norm, of_embedding, along]), word_hash(plain)


def lengths(embeddings: np.ndarray) -> np.ndarray:
    """The length of embeddings by their first dimensions; 1 where there is none."""
    length = np.sqrt(np.square(embeddings[:, :LENGTH_DIMS]).sum(axis=1))
    return np.where(length > 0, length, np.float32(1))


def _summed(places: np.ndarray, starts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The sum of the rows at the places, from each start to the next."""
    ones = np.ones(len(places), dtype=np.float32)
    ends = np.append(starts, len(places))
    return np.asarray(sparse.csr_matrix((ones, places, ends), shape=(len(starts), len(rows))) @ rows)
