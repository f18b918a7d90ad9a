"""A message cut into sentences, and a sentence into words."""

from __future__ import annotations

import re

from attunement.annotation.plaintext import LIMIT

_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_SENTENCE = re.compile(r"[^\n.!?\u2026]*(?:[.!?\u2026]+[\"'\u201d\u2019)*_\]]*(?=\s|\Z)|\n+|[.!?\u2026]|\Z)\s*")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]|_")
_LAYOUT = re.compile(r"^[#>\s]+|\*\*|__|`")
_SHORT = 4
"""A sentence with fewer words is read together with the next: "No." says nothing alone."""

# Characters that nobody sees: zero-width, bidirectional marks, variation selectors, soft hyphens, control characters.
_UNSEEN_RANGES = (
    (0x00, 0x09), (0x0B, 0x20), (0xAD, 0xAE), (0x34F, 0x350), (0x61C, 0x61D), (0x115F, 0x1161), (0x17B4, 0x17B6),
    (0x180E, 0x180F), (0x200B, 0x2010), (0x202A, 0x202F), (0x2060, 0x2070), (0x3164, 0x3165), (0xFE00, 0xFE10),
    (0xFEFF, 0xFF00), (0xFFA0, 0xFFA1), (0xE0000, 0xE0080),
)  # fmt: skip
_UNSEEN: dict[int, str | None] = {code: None for first, end in _UNSEEN_RANGES for code in range(first, end)}
_MARKS = {
    0x2019: "'",
    0x2018: "'",
    0x2BC: "'",
    0x60: "'",
    0x201C: '"',
    0x201D: '"',
    0xA0: " ",
    0x2014: "-",
    0x2013: "-",
}
_TABLE: dict[int, str | None] = {**_UNSEEN, **_MARKS}


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a message lie, in characters, code left out.

    Ends are marks followed by space, and line breaks. Fragments are joined to what follows them on the same line.
    """
    text = text[:LIMIT]
    if "```" in text:
        text = _CODE.sub(lambda code: "\n" * len(code.group()), text)
    places: list[tuple[int, int]] = []
    start = -1
    for found in _SENTENCE.finditer(text):
        words = found.group()
        if start < 0:
            start = found.start() + len(words) - len(words.lstrip())
        end = found.start() + len(words.rstrip())
        if end <= start:
            start = -1
        elif words.count(" ") + 1 >= _SHORT or "\n" in words or found.end() == len(text):
            places.append((start, end))
            start = -1
    if start >= 0 and text[start:].strip():
        places.append((start, start + len(text[start:].rstrip())))
    return places


def words(sentence: str) -> list[str]:
    """The words and marks of a sentence, in small letters, without characters that nobody sees."""
    if not sentence.isascii():
        sentence = sentence.translate(_TABLE)
    # Marks of layout say nothing; a single asterisk begins an action.
    sentence = _LAYOUT.sub("", sentence)
    return _WORD.findall(sentence.lower())
