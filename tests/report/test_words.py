"""Numbers and strangers' text, as they are printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.errors import SchemaError
from attunement.report.words import clean, count, listed, lower_first, number, span


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0, "0"),
        (0.0213, "0.02"),
        (0.00213, "0.0021"),
        (0.67, "0.67"),
        (4.2, "4.2"),
        (13.71, "13.7"),
        (49.0, "49"),
        (49.3, "49.3"),
        (493.4, "493"),
        (1234567, "1\u202f234\u202f567"),
        (-3.44, "\u22123.4"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_printed(value: float) -> None:
    with pytest.raises(SchemaError):
        number(value)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200bb", "a[U+200B]b"),
        ("a\x00\x1bb", "a[U+0000][U+001B]b"),
        ("\ufeffa", "[U+FEFF]a"),
        ("a\u200db", "a[U+200D]b"),
        ("\U000e0041", "[U+E0041]"),
        ("one\ntwo", "one\ntwo"),
        ("a\u00a0b\u2003c", "a\u00a0b c"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("caf\u00e9 \u5c71", "caf\u00e9 \u5c71"),
    ],
)
def test_clean(text: str, seen: str) -> None:
    assert clean(text) == seen


@given(st.text())
def test_clean_leaves_nothing_that_acts_unseen(text: str) -> None:
    seen = clean(text)
    assert not set(seen) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\u2060\ufeff\x00\x1b"
    )
    assert clean(seen) == seen
    seen.encode("utf-8")


def test_phrases() -> None:
    assert count(1, "person", "people") == "1 person"
    assert count(12, "person", "people") == "12 people"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert lower_first("AI messages") == "AI messages"
    assert span(None, None) == "The source states no times."
