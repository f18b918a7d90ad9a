"""Texts cut into the word pieces of BERT without capitals, as the encoder was taught to read them.

The same ids as the reference tokenizer gives, from a vocabulary that is there anyway: `annotation.heads` ships it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

UNKNOWN, FIRST, LAST = 100, 101, 102
"""The ids of [UNK], and of the marks [CLS] and [SEP] before and after a text."""

_BEFORE_PIECES = 998
"""The shipped vocabulary holds [UNK], then every piece from id 999 on in the order of the ids."""

_LONGEST_WORD = 100
_FULL = 200_000
_GOES_ON = "##"
_WRITTEN_WITHOUT_SPACES = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip
"""Characters that are words of their own."""


class _Letters(dict[int, str]):
    """What becomes of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _normal(chr(code))
        return found


def _normal(letter: str) -> str:
    """A character in small letters without its accent, with spaces where a word ends there; or nothing."""
    if letter in "\t\n\r" or unicodedata.category(letter) == "Zs":
        return " "
    if letter == "\ufffd" or unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs"}:
        return ""
    if letter in "\u2028\u2029":
        return " "
    plain = "".join(one for one in unicodedata.normalize("NFD", letter) if unicodedata.category(one) != "Mn")
    plain = "".join(f" {one} " if _is_mark(one) else one for one in plain.lower())
    alone = any(first <= ord(letter) <= last for first, last in _WRITTEN_WITHOUT_SPACES)
    return f" {plain} " if alone else plain


def _is_mark(letter: str) -> bool:
    if letter.isascii():
        return not letter.isalnum() and not letter.isspace()
    return unicodedata.category(letter).startswith("P")


class WordPieces:
    """A tokenizer. What a word is cut into is worked out when it is first met."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        """A tokenizer over the vocabulary of `static_embeddings`."""
        self._ids = {piece: _BEFORE_PIECES + row for piece, row in vocabulary.items() if row}
        self._letters = _Letters()
        self._words: dict[str, list[int]] = {}

    def ids(self, text: str, *, most: int) -> list[int]:
        """The ids of a text between its two marks, cut off after `most` of them in all."""
        found = [FIRST]
        known = self._words
        for word in text.translate(self._letters).split():
            ids = known.get(word)
            found += self._learned(word) if ids is None else ids
            if len(found) >= most:
                break
        return [*found[: most - 1], LAST]

    def _learned(self, word: str) -> list[int]:
        if len(self._words) > _FULL:
            self._words = {}
        ids = self._words[word] = self._cut(word)
        return ids

    def _cut(self, word: str) -> list[int]:
        """The longest pieces that make up a word, from its beginning; UNKNOWN where there are none."""
        if len(word) > _LONGEST_WORD:
            return [UNKNOWN]
        found: list[int] = []
        start = 0
        while start < len(word):
            prefix = _GOES_ON if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if prefix + word[start:end] in self._ids), 0)
            if not end:
                return [UNKNOWN]
            found.append(self._ids[prefix + word[start:end]])
            start = end
        return found
