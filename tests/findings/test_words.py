"""Numbers in words: as many digits as they deserve, and one where one is meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.findings.words import counted, interval, listed, measured, number, with_interval
from attunement.vocabulary import Missing


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.001, "under 0.01"),
        (-0.001, "0"),
        (0.005, "0.01"),
        (0.25, "0.25"),
        (0.3, "0.3"),
        (0.994, "0.99"),
        (0.999, "1"),
        (1.0, "1"),
        (4.04, "4"),
        (4.25, "4.2"),
        (9.96, "10"),
        (12.34, "12.3"),
        (99.94, "99.9"),
        (99.96, "100"),
        (1234.5, "1,234"),
        (-12.0, "-12"),
        (-0.996, "-1"),
        (1e6, "1,000,000"),
    ],
)
def test_a_number(value, text):
    assert number(value) == text


@given(st.floats(-1e9, 1e9))
def test_a_number_is_near_what_it_stands_for(value):
    text = number(value)
    if text == "under 0.01":
        assert 0 < value < 0.005
        return
    assert re.fullmatch(r"-?\d{1,3}(,\d{3})*(\.\d{1,2})?", text)
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.06, abs=0.0051)


def test_counts_and_lists():
    assert [counted(n, "week") for n in (0, 1, 2, 1234)] == ["0 weeks", "1 week", "2 weeks", "1,234 weeks"]
    assert [listed(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_a_measure_with_its_unit():
    assert measured(12.0, "minutes a week") == "12 minutes a week"
    assert measured(1.0, "minutes a week") == "1 minute a week"
    assert measured(1.0, "per 100 messages") == "1 per 100 messages"


def test_a_value_with_its_interval(estimate):
    assert with_interval(estimate("x", 4.3, 2.9, 5.7), "day", "days") == "4.3 days (interval 2.9 to 5.7)"
    assert with_interval(estimate("x", 1.0), "day", "days") == "1 day"
    assert with_interval(estimate("x", Missing.NO_TIMES), "day", "days") == "The source states no times."
    assert interval(estimate("x", 2.0, 2.0, 2.0)) == "", "an interval without width says nothing"
