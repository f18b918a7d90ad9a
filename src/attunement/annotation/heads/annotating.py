"""The heads as an annotator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import special

from attunement.annotation.columns import annotation_rows, empty_annotations, readable, with_context
from attunement.annotation.exchanges import trace
from attunement.annotation.heads.cutting import Cut, cut
from attunement.annotation.heads.embeddings import static_embeddings
from attunement.annotation.heads.scoring import Scorer, Scores
from attunement.annotation.heads.weights import BEFORE, CAUSE, UNKNOWN_CAUSE, Weights
from attunement.annotation.readability import reasons
from attunement.codebook import Codebook

SIDES = {"user": "person", "ai": "ai"}
"""The role whose messages the heads of a side read."""

SHOWN_FROM = 0.25
"""A probability from which the best sentence is given as evidence; below it there is nothing to point at."""

_DECIMALS = 4


class _Side(NamedTuple):
    """One side of a batch, cut and scored."""

    places: np.ndarray  # the rows of the batch that were scored
    parts: Cut
    scores: Scores


class Heads:
    """Calibrated linear heads, one a construct.

    The probability of a turn is calibrated from three scores: of the whole turn, of its best sentence, and for an
    exchange construct of the person's message that it answers. An act that is a failure to answer (a goodbye, distress)
    has the product of two probabilities: that the person's message holds it, and that the reply fails it. Where that
    message was not given the first is UNKNOWN_CAUSE.
    """

    name = "heads"

    def __init__(self, weights: Mapping[str, Weights], *, codebook: Codebook) -> None:
        """Make weights ready, those of each side; heads of constructs that the codebook lacks are left out."""
        static = static_embeddings()
        self._weights = dict(weights)
        self._scorers = {side: Scorer(one, static=static) for side, one in weights.items()}
        self._heads = {key: side for side, one in weights.items() for key in one.constructs if key in codebook.keys}
        self._exchange = {key for key in self._heads if codebook.construct(key).unit == "exchange"}

    @property
    def version(self) -> str:
        """The versions of the weights of both sides."""
        return "-".join(self._weights[side].version for side in sorted(self._weights))

    @property
    def constructs(self) -> tuple[str, ...]:
        """The keys that have a head."""
        return tuple(sorted(self._heads))

    def annotate(
        self, messages: pa.RecordBatch | pa.Table, *, context: pa.RecordBatch | pa.Table | None = None
    ) -> pa.Table:
        """One row for each message of a head's side."""
        n_messages = messages.num_rows
        rows = with_context(readable(messages, stage="annotation"), context)
        missing = reasons(rows, n_messages=n_messages)
        answered, _ = trace(rows, n_messages=n_messages)
        found = {side: self._scored(side, rows, answered, n_messages=n_messages) for side in self._weights}
        tables = [self._rows_of(key, rows, found, answered=answered, missing=missing) for key in self.constructs]
        return pa.concat_tables([empty_annotations(), *tables])

    def _scored(self, side: str, rows: pa.Table, answered: np.ndarray, *, n_messages: int) -> _Side:
        """Score the messages of a side, and of the person's those in the context that are answered."""
        of_role = pc.equal(rows["role"], SIDES[side]).to_numpy().copy()
        wanted = np.zeros(len(of_role), dtype=bool)
        wanted[:n_messages] = True
        if side == "user":
            wanted[answered[answered >= 0]] = True
        places = np.flatnonzero(of_role & wanted)
        parts = cut(rows["text"].take(pa.array(places)).to_pylist())
        return _Side(places, parts, self._scorers[side].scores(parts))

    def _rows_of(
        self, key: str, rows: pa.Table, found: dict[str, _Side], *, answered: np.ndarray, missing: pa.Array
    ) -> pa.Table:
        own = found[self._heads[key]]
        of_batch = own.places < len(answered)
        places = own.places[of_batch]
        weights = self._weights[self._heads[key]]
        column = weights.columns.index(key)
        constant, turn, best_sentence, log_sentences, answers = weights.stack[column]
        best_score, best = _best(own, column)
        n_sentences = np.diff(own.parts.sentence_starts)
        logit = constant + turn * own.scores.of_messages[:, column] + best_sentence * best_score
        logit += log_sentences * np.log(np.maximum(n_sentences, 1))
        logit = logit[of_batch]
        if key in self._exchange and "user" in found:
            logit = logit + answers * np.nan_to_num(self._before(f"{key}{BEFORE}", found["user"], answered[places]))
        p_present = special.expit(logit)
        if key in self._exchange and "user" in found:
            p_present = p_present * self._cause(f"{key}{CAUSE}", found["user"], answered[places])
        p_present = np.round(p_present, _DECIMALS).astype(np.float32)
        reason = missing.take(pa.array(places))
        absent = ~reason.is_null().to_numpy(zero_copy_only=False)
        unseen = absent | (p_present < SHOWN_FROM) | (best[of_batch] < 0)
        spans = own.parts.spans[np.maximum(best[of_batch], 0)] if own.parts.n_sentences else np.zeros((len(places), 2))
        return annotation_rows(
            message_id=rows["message_id"].combine_chunks().take(pa.array(places)),
            construct=key,
            annotator=self.name,
            annotator_version=self.version,
            probability=pa.array(p_present, mask=absent),
            span_start=pa.array(spans[:, 0].astype(np.int32), mask=unseen),
            span_end=pa.array(spans[:, 1].astype(np.int32), mask=unseen),
            missing=reason,
        )

    def _before(self, column: str, person: _Side, answered: np.ndarray) -> np.ndarray:
        """What a column makes of the answered messages; NaN where there is none."""
        weights = self._weights["user"]
        if column not in weights.columns or not len(person.places):
            return np.full(len(answered), np.nan, dtype=np.float32)
        score = person.scores.of_messages[:, weights.columns.index(column)]
        at = np.minimum(np.searchsorted(person.places, answered), len(person.places) - 1)
        is_read = (person.places[at] == answered) & (np.diff(person.parts.sentence_starts)[at] > 0)
        return np.where(is_read, score[at], np.float32(np.nan)).astype(np.float32)

    def _cause(self, column: str, person: _Side, answered: np.ndarray) -> np.ndarray:
        """The probability that the answered messages hold what an act would answer; 1 for acts that need nothing."""
        weights = self._weights["user"]
        if column not in weights.columns:
            return np.ones(len(answered), dtype=np.float32)
        constant, of_score, *_ = weights.stack[weights.columns.index(column)]
        score = self._before(column, person, answered)
        return np.where(np.isnan(score), np.float32(UNKNOWN_CAUSE), special.expit(constant + of_score * score))


def _best(side: _Side, column: int) -> tuple[np.ndarray, np.ndarray]:
    """The score of each message's best sentence and its place; the score of the message and -1 where it has none."""
    score = side.scores.of_messages[:, column].copy()
    place = np.full(len(score), -1, dtype=np.int64)
    starts = side.parts.sentence_starts
    filled = np.flatnonzero(np.diff(starts))
    if len(filled):
        of_sentences = side.scores.of_sentences[:, column]
        score[filled] = np.maximum.reduceat(of_sentences, starts[filled])
        is_best = np.flatnonzero(of_sentences == np.repeat(score, np.diff(starts)))
        owner = side.parts.message_of[is_best]
        first = np.searchsorted(owner, filled)
        place[filled] = is_best[first]
    return score, place
