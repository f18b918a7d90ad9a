"""Words are counted on the bytes of a whole column, exactly as Python splits bytes at ASCII white space."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.store.counting import n_words

LETTERS = st.sampled_from(
    ["a", "\u00e9", "\U0001f642", "\u00a0", "\u2003", "\x1c", "\0", " ", "\t", "\n", "\r", "\v", "\f"]
)
TEXTS = st.lists(st.one_of(st.none(), st.text(LETTERS, max_size=12), st.text(max_size=8)), max_size=12)


def slowly(texts):
    return [0 if text is None else len(text.encode().split()) for text in texts]


@given(TEXTS, st.integers(0, 6), st.integers(0, 6))
def test_the_words_of_a_column_and_of_every_slice_of_it(texts, skip, n):
    column = pa.array(texts, pa.string())
    assert n_words(column).tolist() == slowly(texts)
    piece = column.slice(min(skip, len(column)), n)
    assert n_words(piece).tolist() == slowly(piece.to_pylist())


@given(TEXTS, st.lists(st.booleans(), min_size=12, max_size=12))
def test_a_column_that_was_filtered(texts, keep):
    kept = pa.array(texts, pa.string()).filter(pa.array(keep[: len(texts)], pa.bool_()))
    assert n_words(kept).tolist() == slowly(kept.to_pylist())


@pytest.mark.parametrize(
    ("text", "n"),
    [("", 0), ("   ", 0), ("one", 1), (" two words ", 2), ("no\u00a0break", 1), ("\u4f60\u597d\u5417", 1), ("a\0b", 1)],
)
def test_known_counts(text, n):
    counted = n_words(pa.array([text]))
    assert counted.tolist() == [n]
    assert counted.dtype == np.int32


def test_words_do_not_run_from_one_text_into_the_next():
    assert n_words(pa.array(["one", "two", None, "", "three four"])).tolist() == [1, 1, 0, 0, 2]


def test_a_null_over_bytes_that_were_left_there_has_no_words():
    offsets = pa.array([0, 7, 10], pa.int32()).buffers()[1]
    present = pa.array([False, True]).buffers()[1]
    column = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"old one new"), present)
    assert column.to_pylist() == [None, " ne"]
    assert n_words(column).tolist() == [0, 1]
