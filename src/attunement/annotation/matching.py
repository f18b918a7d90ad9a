"""Patterns held against text: RE2 finds the messages that may match, Python finds where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.annotation.plaintext import hushed, plain, small
from attunement.annotation.rulefiles import Pattern, Rule

_WINDOW = 120
"""How far around a match its sentence is looked at, in characters."""
_SENTENCE_END = re.compile(r"[.!?\n]")
_EDGE = " \t\r\n.,;:!?~)(-"
"""What a pattern may take along to see where a clause begins or ends, and a span leaves out."""
_UNLIKELY = 0.1
"""What a match counts where the person had asked for a text to be written."""
_AT_MOST = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A pattern in a text."""

    pattern: Pattern
    """Which."""
    start: int
    """Where it begins, in characters."""
    end: int
    """Where it ends, in characters."""


class Matcher:
    """One rule, compiled."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._compiled = [(pattern, _compiled_pattern(pattern, rule=rule)) for pattern in rule.patterns]
        self._small = _any_of(pattern.match for pattern in rule.patterns if not pattern.cased)
        self._cased = _any_of(pattern.match for pattern in rule.patterns if pattern.cased)
        self._fiction = _union(rule.unless_answering)

    def candidates(self, *, plain_text: pa.StringArray, small_text: pa.StringArray) -> np.ndarray:
        """Which texts may hold one of the patterns, exceptions and quotations not looked at."""
        may = np.zeros(len(plain_text), dtype=bool)
        for expression, text in ((self._small, small_text), (self._cased, plain_text)):
            if expression:
                hits = pc.match_substring_regex(text, expression).fill_null(fill_value=False)
                may |= hits.to_numpy(zero_copy_only=False)
        return may

    def found(self, text: str) -> list[Found]:
        """Every pattern that the text holds, each where it is first found, the heaviest first."""
        cased = hushed(plain(text))
        lowered = small(cased)
        every = (self._first(pattern, parts, cased if pattern.cased else lowered) for pattern, parts in self._compiled)
        return sorted((one for one in every if one is not None), key=lambda one: (-one.pattern.weight, one.start))

    def asks_for_text(self, answered: str | None) -> bool:
        """Whether the answered message asks for a text in which others speak, such as a story."""
        return bool(answered and self._fiction and self._fiction.search(small(plain(answered))))

    @staticmethod
    def _first(pattern: Pattern, parts: _Compiled, text: str) -> Found | None:
        for hit in parts.match.finditer(text):
            if not parts.excepted(text, hit):
                start = hit.end() - len(hit.group().lstrip(_EDGE))
                return Found(pattern=pattern, start=start, end=start + len(text[start : hit.end()].rstrip(_EDGE)))
        return None


def probability(
    found: list[Found], *, base: float, p_answers: float | None = None, asked_for_text: bool = False
) -> float:
    """How probable the construct is, each pattern being independent evidence for it.

    Args:
        found: the patterns in the message.
        base: the probability where there are none.
        p_answers: for an exchange, the probability that the answered message shows what must be answered.
        asked_for_text: whether the message was asked to be a text in which others speak.
    """
    p_found = either(one.pattern.weight for one in found)
    if p_answers is not None:
        p_alone = either(one.pattern.weight_alone for one in found)
        p_found = p_answers * p_found + (1 - p_answers) * p_alone
    if asked_for_text:
        p_found *= _UNLIKELY
    return min(_AT_MOST, either([base, p_found]))


def either(probabilities: Iterable[float]) -> float:
    """The probability that at least one of several independent things is so."""
    return 1 - prod(1 - p for p in probabilities)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    match: re.Pattern[str]
    unless_before: re.Pattern[str] | None
    unless_after: re.Pattern[str] | None
    unless_within: re.Pattern[str] | None

    def excepted(self, text: str, hit: re.Match[str]) -> bool:
        if self.unless_before and self.unless_before.search(_sentence_before(text, hit.start())):
            return True
        if self.unless_within and self.unless_within.search(hit.group()):
            return True
        return bool(self.unless_after and self.unless_after.search(_sentence_after(text, hit.end())))


def _compiled_pattern(pattern: Pattern, *, rule: Rule) -> _Compiled:
    return _Compiled(
        match=re.compile(pattern.match, re.ASCII),
        unless_before=_union((*rule.unless_before, *pattern.unless_before)),
        unless_after=_union((*rule.unless_after, *pattern.unless_after)),
        unless_within=_union(pattern.unless_within),
    )


def _union(expressions: Iterable[str]) -> re.Pattern[str] | None:
    union = _any_of(expressions)
    return re.compile(union, re.ASCII) if union else None


def _any_of(expressions: Iterable[str]) -> str:
    return "|".join(f"(?:{expression})" for expression in expressions)


def _sentence_before(text: str, start: int) -> str:
    before = text[max(0, start - _WINDOW) : start]
    ends = [end.end() for end in _ends(before)]
    return before[ends[-1] :] if ends else before


def _sentence_after(text: str, end: int) -> str:
    after = text[end : end + _WINDOW]
    first = next(_ends(after), None)
    return after if first is None else after[: first.end()]


def _ends(text: str) -> Iterator[re.Match[str]]:
    return _SENTENCE_END.finditer(text)
