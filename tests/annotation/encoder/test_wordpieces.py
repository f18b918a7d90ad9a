import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.annotation.encoder import wordpieces
from attunement.annotation.encoder.wordpieces import FIRST, LAST, UNKNOWN, WordPieces
from attunement.annotation.heads import static_embeddings

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))
"""Texts with the ids that the tokenizer of the package `transformers` gives for all-MiniLM-L6-v2."""
PLENTY = 10_000


@pytest.fixture(scope="module")
def pieces():
    return WordPieces(static_embeddings().vocabulary)


@pytest.mark.parametrize(("text", "ids"), REFERENCE, ids=[ascii(text)[:30] for text, _ in REFERENCE])
def test_the_ids_are_those_of_the_reference(pieces, text, ids):
    assert pieces.ids(text, most=PLENTY) == ids


def test_a_word_met_before_has_the_same_ids(pieces):
    text = "loneliness and attunement, loneliness and attunement"
    once = WordPieces(static_embeddings().vocabulary).ids(text, most=PLENTY)
    assert pieces.ids(text, most=PLENTY) == pieces.ids(text, most=PLENTY) == once


def test_a_tokenizer_that_is_full_forgets_and_goes_on(monkeypatch):
    monkeypatch.setattr(wordpieces, "_FULL", 3)
    small = WordPieces(static_embeddings().vocabulary)
    for text, ids in REFERENCE:
        assert small.ids(text, most=PLENTY) == ids


def test_a_long_text_is_cut_off_between_its_marks(pieces):
    text = "one two three four five"
    whole = pieces.ids(text, most=PLENTY)
    assert len(whole) == 7
    assert pieces.ids(text, most=4) == [*whole[:3], LAST]
    assert pieces.ids(text, most=7) == whole


@given(st.text(max_size=120), st.integers(2, 40))
def test_whatever_is_read_lies_within_the_vocabulary(text, most):
    found = WordPieces(static_embeddings().vocabulary).ids(text, most=most)
    assert found[0] == FIRST
    assert found[-1] == LAST
    assert 2 <= len(found) <= most
    assert all(one == UNKNOWN or 999 <= one < 30_522 for one in found[1:-1])


@given(st.text(max_size=60))
def test_capitals_of_plain_letters_change_nothing(text):
    pieces = WordPieces(static_embeddings().vocabulary)
    plain = text.encode("ascii", "ignore").decode()
    assert pieces.ids(plain.upper(), most=PLENTY) == pieces.ids(plain.lower(), most=PLENTY)
