"""The heads over embeddings as an annotator."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import special

from attunement.annotation.columns import annotation_rows, empty_annotations, readable, with_context
from attunement.annotation.encoder.embedding import Embedded, embedded, embedded_wholes
from attunement.annotation.encoder.encoding import Encoder
from attunement.annotation.encoder.weights import READS, EncodedWeights
from attunement.annotation.exchanges import trace
from attunement.annotation.heads import SIDES, Heads
from attunement.annotation.heads.annotating import SHOWN_FROM
from attunement.annotation.heads.weights import UNKNOWN_CAUSE
from attunement.annotation.readability import reasons
from attunement.codebook import Codebook

LEAST_P = 1e-4
"""A probability of the fast heads counts as at least this, and at most 1 less this: its logit stays finite."""

_DECIMALS = 4


class Accurate:
    """Heads over a sentence encoder and the fast heads together: better, and some sixty times slower.

    The probability of a turn is calibrated from the scores of its embedding and of its best sentence, for an exchange
    construct of the message that it answers, and from what the fast heads say. For acts that are a failure to answer,
    the probability that there was something to be answered multiplies it, as in `Heads`.
    """

    name = "accurate"

    def __init__(self, weights: EncodedWeights, *, encoder: Encoder, fast: Heads, codebook: Codebook) -> None:
        """Put the parts together; heads of constructs that the codebook lacks, or the fast heads, are left out."""
        self._weights, self._encoder, self._fast = weights, encoder, fast
        known = [key for key in weights.constructs if key in codebook.keys and key in fast.constructs]
        self._side = {key: codebook.construct(key).side for key in known}
        self._exchange = {key for key in known if codebook.construct(key).unit == "exchange"}

    @property
    def version(self) -> str:
        """Eight hexadecimal digits that change with any number in the heads, the encoder or the fast heads."""
        parts = [self._weights.version, self._encoder.version, self._fast.version]
        return hashlib.sha256("-".join(parts).encode()).hexdigest()[:8]

    @property
    def constructs(self) -> tuple[str, ...]:
        """The keys that have a head."""
        return tuple(sorted(self._side))

    def annotate(
        self, messages: pa.RecordBatch | pa.Table, *, context: pa.RecordBatch | pa.Table | None = None
    ) -> pa.Table:
        """One row for each message of a head's side."""
        rows = with_context(readable(messages, stage="annotation"), context)
        missing = reasons(rows, n_messages=messages.num_rows)
        answered, _ = trace(rows, n_messages=messages.num_rows)
        said = self._fast.annotate(messages, context=context)
        tables = [empty_annotations()]
        for side in sorted(set(self._side.values())):
            of_role = pc.equal(rows["role"].slice(0, messages.num_rows), SIDES[side])
            places = np.flatnonzero(of_role.to_numpy(zero_copy_only=False))
            keys = [key for key in self.constructs if self._side[key] == side]
            tables += self._of_side(keys, rows, places, answered=answered[places], missing=missing, said=said)
        return pa.concat_tables(tables)

    def _of_side(
        self,
        keys: list[str],
        rows: pa.Table,
        places: np.ndarray,
        *,
        answered: np.ndarray,
        missing: pa.Array,
        said: pa.Table,
    ) -> list[pa.Table]:
        reason = missing.take(pa.array(places))
        absent = ~reason.is_null().to_numpy(zero_copy_only=False)
        # What cannot be read is not embedded: it would cost as much as what can.
        texts = rows["text"].take(pa.array(places, mask=absent)).to_pylist()
        turns = embedded(texts, encode=self._encoder.encode)
        back, has_back = np.zeros_like(turns.of_turns), np.zeros(len(places), dtype=bool)
        if self._exchange & set(keys):
            before = rows["text"].take(pa.array(answered, mask=(answered < 0) | absent)).to_pylist()
            back, has_back = embedded_wholes(before, encode=self._encoder.encode)
        tables = []
        for key in keys:
            p_fast = said.filter(pc.equal(said["construct"], key))["probability"].to_numpy().astype(np.float64)
            p_present, best = self._of_key(key, turns, back, has_back, p_fast=np.nan_to_num(p_fast))
            unseen = absent | (p_present < SHOWN_FROM) | (best < 0)
            spans = turns.parts.spans[np.maximum(best, 0)] if turns.parts.n_sentences else np.zeros((len(places), 2))
            tables.append(
                annotation_rows(
                    message_id=rows["message_id"].combine_chunks().take(pa.array(places)),
                    construct=key,
                    annotator=self.name,
                    annotator_version=self.version,
                    probability=pa.array(p_present, mask=absent),
                    span_start=pa.array(spans[:, 0].astype(np.int32), mask=unseen),
                    span_end=pa.array(spans[:, 1].astype(np.int32), mask=unseen),
                    missing=reason,
                )
            )
        return tables

    def _of_key(
        self, key: str, turns: Embedded, back: np.ndarray, has_back: np.ndarray, *, p_fast: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The probability of one construct in each turn, and the place of its best sentence."""
        weights, row = self._weights, self._weights.constructs.index(key)
        turn, mean, answered, cause = (weights.directions[row, place] for place in range(len(READS)))
        bias, _, answered_bias, cause_bias = weights.biases[row]
        score = _scores(turns.of_turns, turn) + _scores(turns.of_means, mean) + bias
        best_score, best = _best(
            _scores(turns.of_sentences, turn + mean) + bias, turns.parts.sentence_starts, of_turns=score
        )
        constant, of_turn, of_best, of_length, of_answered, of_fast = weights.stack[row].astype(np.float64)
        logit = constant + of_turn * score + of_best * best_score
        logit += of_length * np.log(np.maximum(np.diff(turns.parts.sentence_starts), 1)) + of_fast * fast_logit(p_fast)
        if key in self._exchange:
            logit += of_answered * np.where(has_back, _scores(back, answered) + answered_bias, 0.0)
        p_present = special.expit(logit)
        if key in self._exchange and not np.isnan(weights.cause[row, 0]):
            of_cause = weights.cause[row, 0] + weights.cause[row, 1] * (_scores(back, cause) + cause_bias)
            p_present = p_present * np.where(has_back, special.expit(of_cause), UNKNOWN_CAUSE)
        return np.round(p_present, _DECIMALS).astype(np.float32), best


def fast_logit(p_fast: np.ndarray) -> np.ndarray:
    """The logit of what the fast heads say, kept within what LEAST_P allows."""
    return np.asarray(special.logit(np.clip(p_fast, LEAST_P, 1 - LEAST_P)))


def _scores(points: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The product of each point with a direction, summed point by point: a matrix product may sum in another order when
    there are more points, and a message has the same row to the last bit in whatever company it comes."""
    return np.asarray((points * direction).sum(axis=1))


def _best(of_sentences: np.ndarray, starts: np.ndarray, *, of_turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The score of each turn's best sentence and its place; the score of the turn and -1 where it has none."""
    score, place = of_turns.copy(), np.full(len(of_turns), -1, dtype=np.int64)
    n_sentences = np.diff(starts)
    filled = np.flatnonzero(n_sentences)
    if len(filled):
        turn_of = np.repeat(np.arange(len(n_sentences)), n_sentences)
        place[filled] = np.lexsort((-of_sentences, turn_of))[starts[filled]]
        score[filled] = of_sentences[place[filled]]
    return score, place
