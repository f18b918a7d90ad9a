"""Texts as matrices of features, for fitting. `annotation.heads` reaches the same scores by sums over words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from attunement.annotation.heads import Cut, Static, cut
from attunement.annotation.heads.features import N_BUCKETS, normal, pair_buckets, word_buckets, word_hash
from attunement.annotation.heads.pieces import pieces
from attunement.annotation.heads.scoring import lengths

GAIN = 0.7
"""How long a static embedding is made, by its first dimensions, which says how much the penalty spares it beside the
n-grams."""


class Features(NamedTuple):
    """Texts as numbers; a text without words is all zeros."""

    ngrams: sparse.csr_matrix  # texts x N_BUCKETS
    dense: np.ndarray  # texts x dimensions of the static embeddings

    def rows(self, places: np.ndarray) -> Features:
        """Those of some texts."""
        return Features(self.ngrams[places], self.dense[places])

    def columns(self, chosen: np.ndarray) -> Features:
        """Those with only some of the n-grams."""
        return Features(self.ngrams[:, chosen], self.dense)


class Counts(NamedTuple):
    """What was counted in each sentence of many messages."""

    parts: Cut
    ngrams: sparse.csr_matrix  # sentences x N_BUCKETS
    dense: np.ndarray  # sentences x dimensions: the sum of the embeddings of the pieces

    def of_messages(self) -> tuple[sparse.csr_matrix, np.ndarray]:
        """The sums over the sentences of each message."""
        n = self.parts.n_sentences
        ones = np.ones(n, dtype=np.float32)
        gather = sparse.csr_matrix((ones, np.arange(n), self.parts.sentence_starts), shape=(self.parts.n_messages, n))
        return sparse.csr_matrix(gather @ self.ngrams), np.asarray(gather @ self.dense)


def count(texts: Sequence[str | None], *, static: Static) -> Counts:
    """Cut texts and count the features of every sentence."""
    parts = cut(texts)
    known = {word: place for place, word in enumerate(dict.fromkeys(parts.words))}
    normals = [normal(word) for word in known]
    places = np.array([known[word] for word in parts.words], dtype=np.int64)
    n_words = np.diff(np.append(parts.word_starts, len(places)))
    sentence = np.repeat(np.arange(parts.n_sentences), n_words)
    by_word = sparse.csr_matrix(
        (np.ones(len(places), dtype=np.float32), (sentence, places)), shape=(parts.n_sentences, len(known))
    )
    hashes = np.array([word_hash(word) for word in normals], dtype=np.uint32)
    pairs = pair_buckets(hashes[places], parts.word_starts)
    of_pairs = sparse.csr_matrix(
        (np.ones(len(pairs), dtype=np.float32), (sentence, pairs)), shape=(parts.n_sentences, N_BUCKETS)
    )
    of_words = _listed([word_buckets(word) for word in normals], N_BUCKETS)
    of_pieces = _listed([pieces(word, static.vocabulary) for word in normals], len(static.embeddings))
    embedded = of_pieces @ (static.embeddings.astype(np.float32) * static.step)
    return Counts(parts, sparse.csr_matrix(by_word @ of_words + of_pairs), np.asarray(by_word @ embedded))


def _listed(places: Sequence[Sequence[int] | np.ndarray], width: int) -> sparse.csr_matrix:
    """A row for each list, counting the columns it names."""
    sizes = [len(one) for one in places]
    columns = np.concatenate([np.asarray(one, dtype=np.int64) for one in places]) if places else np.empty(0, np.int64)
    rows = np.repeat(np.arange(len(places)), sizes)
    return sparse.csr_matrix((np.ones(len(columns), dtype=np.float32), (rows, columns)), shape=(len(places), width))


def feature_weights(ngrams: sparse.csr_matrix) -> np.ndarray:
    """What each feature weighs: 1 + ln((1 + n) / (1 + texts that have it)), as in TF-IDF."""
    n_having = np.bincount(ngrams.indices, minlength=ngrams.shape[1])
    weights = 1 + np.log((1 + ngrams.shape[0]) / (1 + n_having))
    return np.asarray(weights.astype(np.float16).astype(np.float32))


def features(ngrams: sparse.csr_matrix, dense: np.ndarray, weights: np.ndarray) -> Features:
    """Counts times weights, over the root of the summed squared weights of every occurrence; embeddings of one length.

    Words that speak of one matter add up to an embedding that grows with their number and not with its root: were it
    divided by the root too, a long text would score far out in whatever direction it leans.
    """
    total = ngrams @ (weights**2)
    with np.errstate(divide="ignore"):
        norm = np.where(total > 0, 1 / np.sqrt(total), 0.0).astype(np.float32)
    scaled = sparse.diags(norm) @ ngrams @ sparse.diags(weights)
    return Features(sparse.csr_matrix(scaled, dtype=np.float32), dense * (GAIN / lengths(dense))[:, None])
