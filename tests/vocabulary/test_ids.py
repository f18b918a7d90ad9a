"""Ids come out the same on every machine and at every reading."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from attunement.vocabulary import hashed, relationship_id, shown


def test_ids_are_what_they_were_when_the_first_store_was_written():
    assert hashed("message", "chatgpt", "a1") == 11_521_253_748_865_025_867
    assert shown(relationship_id("owner", "ChatGPT")) == "6ccd8c0a631c18c4"


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_an_id_has_64_bits_and_is_shown_in_16_digits(parts):
    number = hashed(*parts)
    assert 0 <= number < 2**64
    assert len(shown(number)) == 16
    assert int(shown(number), 16) == number
    assert hashed(*parts) == number


def test_order_and_borders_of_words_count():
    assert len({hashed("ab", "c"), hashed("a", "bc"), hashed("abc"), hashed("c", "ab"), hashed("abc", "")}) == 5


def test_half_a_sign_has_an_id_too():
    assert hashed("\ud83d") != hashed("\ufffd")
