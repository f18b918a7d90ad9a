"""The rules as an annotator: transparent patterns, with the span that each rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.annotation.columns import annotation_rows, empty_annotations, readable, with_context
from attunement.annotation.exchanges import NOT_GIVEN, trace
from attunement.annotation.matching import Found, Matcher, either, probability
from attunement.annotation.plaintext import plain_column, small_column
from attunement.annotation.readability import reasons
from attunement.annotation.rulefiles import Rule
from attunement.codebook import Codebook
from attunement.errors import CodebookError
from attunement.vocabulary import Missing

_ROLE_OF = {"ai": "ai", "user": "person"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Messages made ready once, for all the rules."""

    rows: pa.Table
    n_messages: int
    plain_text: pa.StringArray
    small_text: pa.StringArray
    missing: pa.StringArray
    answered: np.ndarray
    earlier: np.ndarray

    def text(self, row: int) -> str | None:
        """The text of a row, of the context too; None where there is none or no such row."""
        return self.rows["text"][row].as_py() if row >= 0 else None


class Rules:
    """Pattern rules as an annotator, one rule a construct.

    A reply of an exchange construct counts in full where the message it answers shows what must be answered, and by
    its `weight_alone` where it does not. Where the answered message was not given, a reply that would count only as
    an answer is Missing.UNSURE.
    """

    name = "rules"
    version = "1"

    def __init__(self, *, rules: Sequence[Rule], codebook: Codebook) -> None:
        """Compile the rules.

        Raises:
            CodebookError: when a rule is for a construct that the codebook lacks, or answers one without a rule.
        """
        self._matchers = {rule.construct: Matcher(rule) for rule in rules}
        self._role = {rule.construct: _ROLE_OF[codebook.construct(rule.construct).side] for rule in rules}
        for rule in rules:
            if rule.answers and rule.answers.construct not in self._matchers:
                raise CodebookError(
                    f"the rule for {rule.construct} needs another that is not there",
                    got=", ".join(self._matchers),
                    have=rule.answers.construct,
                    do=f"give the rule for {rule.answers.construct} too",
                )

    @property
    def constructs(self) -> tuple[str, ...]:
        """The keys that it has rules for."""
        return tuple(self._matchers)

    def annotate(
        self, messages: pa.RecordBatch | pa.Table, *, context: pa.RecordBatch | pa.Table | None = None
    ) -> pa.Table:
        """One row for each message of a rule's side."""
        rows = with_context(readable(messages, stage="annotation"), context)
        batch = _made_ready(rows, n_messages=messages.num_rows)
        found = [self._rows_of(matcher, batch) for matcher in self._matchers.values()]
        return pa.concat_tables([empty_annotations(), *found])

    def _rows_of(self, matcher: Matcher, batch: _Batch) -> pa.Table:
        construct = matcher.rule.construct
        of_side = pc.equal(batch.rows["role"].slice(0, batch.n_messages), self._role[construct])
        places = np.flatnonzero(of_side.to_numpy())
        taken = pa.array(places)
        missing: list[str | None] = batch.missing.take(taken).to_pylist()
        may = matcher.candidates(plain_text=batch.plain_text.take(taken), small_text=batch.small_text.take(taken))
        p_found = np.full(len(places), matcher.rule.base)
        spans = np.full((2, len(places)), -1, dtype=np.int32)
        for row in np.flatnonzero(may & _present(missing)):
            p_found[row], span, missing[row] = self._judged(matcher, batch, place=int(places[row]))
            spans[:, row] = span
        absent = ~_present(missing)
        return annotation_rows(
            message_id=batch.rows["message_id"].combine_chunks().take(taken),
            construct=construct,
            annotator=self.name,
            annotator_version=self.version,
            probability=pa.array(p_found.astype(np.float32), mask=absent),
            span_start=pa.array(spans[0], mask=absent | (spans[0] < 0)),
            span_end=pa.array(spans[1], mask=absent | (spans[1] < 0)),
            missing=pa.array(missing, type=pa.string()),
        )

    def _judged(self, matcher: Matcher, batch: _Batch, *, place: int) -> tuple[float, tuple[int, int], str | None]:
        """The probability, the span of the heaviest pattern, and the reason if there can be none."""
        rule = matcher.rule
        found = matcher.found(batch.text(place) or "")
        if not found:
            return rule.base, (-1, -1), None
        span = (found[0].start, found[0].end)
        answered = int(batch.answered[place])
        fiction = matcher.asks_for_text(batch.text(answered))
        p_answers = None if rule.answers is None else self._p_answers(rule, batch, place=place)
        p_found = probability(found, base=rule.base, p_answers=p_answers, asked_for_text=fiction)
        if rule.answers and answered == NOT_GIVEN and p_found < 0.5 <= probability(found, base=rule.base):
            return p_found, span, Missing.UNSURE.value
        return p_found, span, None

    def _p_answers(self, rule: Rule, batch: _Batch, *, place: int) -> float:
        """The probability that the reply answers what its rule asks for."""
        if rule.answers is None:
            return 1.0
        matcher, kinds = self._matchers[rule.answers.construct], rule.answers.kinds
        now = _p_of_kinds(matcher.found(batch.text(int(batch.answered[place])) or ""), kinds)
        before = _p_of_kinds(matcher.found(batch.text(int(batch.earlier[place])) or ""), kinds)
        return either([now, before * rule.answers.earlier])


def _present(missing: list[str | None]) -> np.ndarray:
    return np.array([reason is None for reason in missing], dtype=bool)


def _p_of_kinds(found: list[Found], kinds: tuple[str, ...]) -> float:
    return either(one.pattern.weight for one in found if one.pattern.kind in kinds)


def _made_ready(rows: pa.Table, *, n_messages: int) -> _Batch:
    plain_text = plain_column(rows["text"].combine_chunks().slice(0, n_messages))
    answered, earlier = trace(rows, n_messages=n_messages)
    return _Batch(
        rows=rows,
        n_messages=n_messages,
        plain_text=plain_text,
        small_text=small_column(plain_text),
        missing=reasons(rows, n_messages=n_messages),
        answered=answered,
        earlier=earlier,
    )
