"""Where a quoted piece of evidence stands in a message."""

from __future__ import annotations

import unicodedata

from attunement.annotation.judge.material import is_hidden

_MARKS = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u2013": "-", "\u2014": "-", "\u2011": "-",
    }
)  # fmt: skip
_ENDS = " \t\r\n\"'.\u2026"
"""What a language model puts around a quotation that is not in the text."""


class Quotable:
    """A message in which quotations are looked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded: tuple[str, list[int]] | None = None

    def find(self, quote: str) -> tuple[int, int] | None:
        """The characters from and to which the quotation stands; None where it does not stand there.

        Looked for as it is first, then with capitals, kinds of marks, runs of spaces and hidden characters put aside.
        The first place counts.
        """
        quote = quote.strip()
        start = self._text.find(quote)
        if quote and start >= 0:
            return start, start + len(quote)
        if self._folded is None:
            self._folded = _fold(self._text)
        folded, places = self._folded
        wanted = _fold(quote)[0].strip()
        for words in (wanted, wanted.strip(_ENDS)):
            start = folded.find(words)
            if words and start >= 0:
                return places[start], places[start + len(words) - 1] + 1
        return None


def _fold(text: str) -> tuple[str, list[int]]:
    """A text without what language models change when they copy, and the place in it of each character that stays."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            plain = "" if folded and folded[-1] == " " else " "
        elif is_hidden(character):
            plain = ""
        else:
            plain = unicodedata.normalize("NFKC", character).casefold().translate(_MARKS)
        folded += plain
        places += [place] * len(plain)
    return "".join(folded), places
