"""Quotations found in messages, and messages as material."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.annotation.judge.material import CONTEXT_LIMIT, make_material
from attunement.annotation.judge.quotes import Quotable
from attunement.annotation.plaintext import LIMIT


@pytest.mark.parametrize(
    ("text", "quote", "found"),
    [
        ("I was so lonely.", "so lonely", "so lonely"),
        ("I was so lonely.", "  so lonely ", "so lonely"),
        ("I was so lonely.", "SO LONELY", "so lonely"),
        ("I was so lonely.", '"so lonely..."', "so lonely"),
        ("I was so lonely.", "…so lonely…", "so lonely"),
        ("It\u2019s me \u201chere\u201d", 'It\'s me "here"', "It\u2019s me \u201chere\u201d"),
        ("It's me", "It\u2019s me", "It's me"),
        ("so\n\n  lonely now", "so lonely", "so\n\n  lonely"),
        ("so lo\u200bnely\u00ad now", "so lonely now", "so lo\u200bnely\u00ad now"),
        ("e\u0301te\u0301 yes yes", "yes", "yes"),
        ("ﬁne by me", "fine by", "ﬁne by"),
        ("ﬁne by me", "ine by", "ﬁne by"),
        ("👩‍👩‍👧 all day", "👩👩👧 all", "👩‍👩‍👧 all"),
        ("I was so lonely.", "so alone", None),
        ("I was so lonely.", "", None),
        ("I was so lonely.", ' "..." ', None),
        ("", "lonely", None),
    ],
)
def test_quotations(text, quote, found):
    span = Quotable(text).find(quote)
    assert (None if span is None else text[slice(*span)]) == found


@given(st.text(), st.text())
def test_a_span_lies_within_the_text(text, quote):
    span = Quotable(text).find(quote)
    assert span is None or 0 <= span[0] < span[1] <= len(text)


@given(st.text(min_size=1), st.data())
def test_what_is_copied_is_found(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    span = Quotable(text).find(quote)
    assert not quote.strip() or text[slice(*span)] == quote.strip()


@given(st.text(), st.none() | st.text(), st.sampled_from(["ai", "user"]))
def test_material_gives_back_what_was_put_in(text, answers, side):
    material, item = make_material(text=text, answers=answers, side=side)
    first, line, last, order = material.split("\n")
    expected = {"id": item} | ({"answers": answers or None} if side == "ai" else {}) | {"text": text}
    assert json.loads(line) == expected
    mark = first.split()[1]
    assert (first, last) == (f"material {mark} begins", f"material {mark} ends")
    assert order == f"Give the JSON object for id {item} now."
    assert all(one.isprintable() or unicodedata.category(one) == "Zs" for one in material.replace("\n", ""))
    assert not set("<>[]") & set(material)
    assert make_material(text=text, answers=answers, side=side) == (material, item)


def test_long_texts_are_cut():
    line = make_material(text="a" * 99_999, answers="b" * 99_999 + "bye", side="ai")[0].split("\n")[1]
    fields = json.loads(line)
    assert len(fields["text"]) == LIMIT
    assert len(fields["answers"]) == CONTEXT_LIMIT
    assert fields["answers"].endswith("bye")
