"""Patterns and a linear head together: either of them is enough to raise a message."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import special

from attunement.annotation.columns import readable, with_context
from attunement.annotation.heads import Cut, Weights, cut, static_embeddings
from attunement.annotation.heads.scoring import Scorer
from attunement.annotation.matching import Matcher
from attunement.annotation.plaintext import plain_column, small_column
from attunement.annotation.readability import reasons
from attunement.annotation.rulefiles import Rule
from attunement.vocabulary import FLAGS, Missing

FORM = 1
"""Raised when patterns and head are put together in another way."""


class _Raised(NamedTuple):
    """What was raised among some texts."""

    flagged: np.ndarray  # bool, one a text
    spans: np.ndarray  # int32, texts x 2, -1 where nothing was raised


class Patterned(NamedTuple):
    """What the patterns say of some texts."""

    spans: np.ndarray  # int32, texts x 2: where the heaviest pattern lies, -1 where there is none
    excepted: np.ndarray  # bool, one a text: their words are there, but in hyperbole, play or a quotation alone


class Gate:
    """Raises messages of the person that somebody should read.

    A message is raised where a pattern is found in it, or where the head gives it `threshold` or more, unless the words
    of a pattern are there and stand in hyperbole, play or a quotation: the head cannot tell those. The threshold
    lies where most of what the head raises is harmless: that is what a person reads it for. The head's
    probability is not given out, because it is no measure of how great a danger is.
    """

    name = "acute_risk"

    def __init__(self, *, rule: Rule, weights: Weights, threshold: float) -> None:
        """Make patterns and weights ready; the weights have one column."""
        self._rule = rule
        self._weights = weights
        self._threshold = threshold
        self._matcher = Matcher(rule)
        self._scorer = Scorer(weights, static=static_embeddings())

    @cached_property
    def version(self) -> str:
        """Eight hexadecimal digits that change with a pattern, a weight or the threshold."""
        said = f"{FORM} {self._rule!r} {self._weights.version} {self._threshold!r}"
        return hashlib.sha256(said.encode()).hexdigest()[:8]

    def flag(self, messages: pa.RecordBatch | pa.Table, context: pa.RecordBatch | pa.Table | None = None) -> pa.Table:
        """One row of FLAGS for each message of the person.

        Args:
            messages: rows of MESSAGES, or at least the columns of READ.
            context: other messages of the same conversations; they say which language a short message is in.
        """
        rows = with_context(readable(messages, stage="annotation"), context)
        is_person = pc.equal(rows["role"], "person")
        n_messages = int(is_person.slice(0, messages.num_rows).to_numpy().sum())
        of_person = rows.filter(is_person).combine_chunks()
        missing = reasons(of_person, n_messages=n_messages)
        text = of_person["text"].combine_chunks().slice(0, n_messages)
        unread = pc.is_valid(missing).to_numpy(zero_copy_only=False)
        raised = self.raised(text)
        quiet = unread | ~raised.flagged
        return pa.Table.from_arrays(
            [
                of_person["message_id"].combine_chunks().slice(0, n_messages),
                _same(self.name, n_messages),
                _same(self.version, n_messages),
                pa.array(raised.flagged, mask=unread),
                pa.array(raised.spans[:, 0], mask=quiet),
                pa.array(raised.spans[:, 1], mask=quiet),
                _coded(missing),
            ],
            schema=FLAGS,
        )

    def raised(self, text: pa.StringArray) -> _Raised:
        """Which texts are raised, and by which words: those of a pattern, else the sentence that the head looks at."""
        patterned = patterns_in(self._matcher, text)
        p_risk, sentences = self._scored(cut(text.to_pylist()))
        found = patterned.spans[:, 0] >= 0
        flagged = found | ((p_risk >= self._threshold) & ~patterned.excepted)
        spans = np.where(found[:, None], patterned.spans, sentences)
        return _Raised(flagged, np.where(flagged[:, None], spans, -1).astype(np.int32))

    def _scored(self, parts: Cut) -> tuple[np.ndarray, np.ndarray]:
        """What the head makes of each text, 0 for one without words, and where its most telling sentence lies."""
        scores = self._scorer.scores(parts)
        n_sentences = np.diff(parts.sentence_starts)
        filled = np.flatnonzero(n_sentences)
        p_risk, spans = np.zeros(len(n_sentences)), np.full((len(n_sentences), 2), -1, dtype=np.int32)
        if not len(filled):
            return p_risk, spans
        of_sentences = scores.of_sentences[:, 0]
        order = np.lexsort((-of_sentences, parts.message_of))
        best = order[parts.sentence_starts[filled]]
        constant, turn, best_sentence, log_sentences, _ = self._weights.stack[0]
        logit = constant + turn * scores.of_messages[filled, 0] + best_sentence * of_sentences[best]
        p_risk[filled] = special.expit(logit + log_sentences * np.log(n_sentences[filled]))
        spans[filled] = parts.spans[best]
        return p_risk, spans


def patterns_in(matcher: Matcher, text: pa.StringArray) -> Patterned:
    """Where the patterns are in each text, and where only their exceptions are."""
    plain_text = plain_column(text)
    may = matcher.candidates(plain_text=plain_text, small_text=small_column(plain_text))
    spans = np.full((len(text), 2), -1, dtype=np.int32)
    for row in np.flatnonzero(may):
        found = matcher.found(text[int(row)].as_py())
        if found:
            spans[row] = found[0].start, found[0].end
    return Patterned(spans, may & (spans[:, 0] < 0))


def _same(word: str, n_rows: int) -> pa.Array:
    kind = FLAGS.field("gate").type
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, kind.index_type), n_rows), pa.array([word]))


def _coded(missing: pa.StringArray) -> pa.Array:
    words = pa.array([reason.value for reason in Missing])
    return pa.DictionaryArray.from_arrays(pc.index_in(missing, value_set=words).cast(pa.int8()), words)
