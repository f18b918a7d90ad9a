"""Which messages cannot be read, and why."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.annotation.columns import readable, with_context
from attunement.annotation.languages import foreign
from attunement.vocabulary import Missing

MASKED_SHARE = 0.8
"""A text whose letters are x to this share or more, and whose digits are all 0, has been masked (`attune mask`)."""

_MAYBE_MASKED = r"[xX]{3}|^[^a-wyzA-WYZ]*[xX][^a-wyzA-WYZ]*$"
_DIGIT = re.compile(r"[1-9]")
_LETTER = re.compile(r"[^\W\d_]")


def unread(messages: pa.RecordBatch | pa.Table, *, context: pa.RecordBatch | pa.Table | None = None) -> pa.Array:
    """For each message the reason why it cannot be read (a value of Missing), or null where it can.

    A text that is absent, empty or masked is `unreadable`. One that is not English is `other_language`; a text too
    short to tell is taken to be in the language of its side of the conversation.
    """
    rows = with_context(readable(messages, stage="annotation"), context)
    return reasons(rows, n_messages=messages.num_rows)


def reasons(rows: pa.Table, *, n_messages: int) -> pa.Array:
    """As `unread`, for the first `n_messages` of rows that already hold their context."""
    text = rows["text"].combine_chunks()
    blank = pc.fill_null(pc.equal(pc.binary_length(pc.utf8_trim_whitespace(text)), 0), fill_value=True).to_numpy(
        zero_copy_only=False
    )
    unreadable = blank | _masked(text)
    other = foreign(rows, skip=unreadable, n_messages=n_messages)
    words = np.where(unreadable[:n_messages], Missing.UNREADABLE.value, Missing.OTHER_LANGUAGE.value)
    return pa.array(words, mask=~(unreadable[:n_messages] | other), type=pa.string())


def _masked(text: pa.StringArray) -> np.ndarray:
    """Whether nearly every letter is x."""
    maybe = pc.fill_null(pc.match_substring_regex(text, _MAYBE_MASKED), fill_value=False)
    masked = maybe.to_numpy(zero_copy_only=False).copy()
    places = np.flatnonzero(masked)
    for place, words in zip(places, text.take(pa.array(places)).to_pylist(), strict=True):
        n_letters = len(_LETTER.findall(words))
        n_x = words.count("x") + words.count("X")
        masked[place] = n_x >= MASKED_SHARE * n_letters and not _DIGIT.search(words)
    return np.asarray(masked)
