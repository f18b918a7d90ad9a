"""JSON in what language models write."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.llm.patience import asked_wait_s
from attunement.llm.replies import _Doubled, objects_in, reply_from

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PROSE = st.text(alphabet=st.characters(exclude_characters="{}<>"), max_size=30)


@settings(deadline=None)
@given(st.lists(st.tuples(PROSE, st.dictionaries(st.text(), JSON, max_size=3), st.booleans()), max_size=4), PROSE)
def test_every_object_is_found_whatever_stands_around_it(parts, end):
    text = "".join(words + json.dumps(one, ensure_ascii=as_ascii) for words, one, as_ascii in parts) + end
    assert objects_in(text) == [one for _, one, _ in parts]


def test_a_quotation_of_the_end_of_a_thought_ends_no_thought():
    one = {"quote": "</think>{}"}
    assert objects_in(json.dumps(one)) == [one]
    assert objects_in('I think {"a": 1}. </think>' + json.dumps({"b": 2})) == [{"b": 2}]


@settings(deadline=None)
@given(st.text(alphabet='{}[]":,\\ab1 \n<', max_size=60) | st.text())
def test_nothing_that_comes_back_is_too_odd_to_be_read(text):
    reply_from(text)
    with contextlib.suppress(_Doubled):
        assert all(isinstance(one, dict) for one in objects_in(text))


@given(JSON)
def test_every_body_is_a_reply_or_none(body):
    reply_from(json.dumps(body))
    reply_from(json.dumps({"choices": [{"message": body, "finish_reason": body}], "usage": body}))
    reply_from(json.dumps({"choices": body}))


def test_waits_that_are_asked_for():
    waits = {
        "3": 3.0,
        "0": 0.0,
        "1.5": 1.5,
        "-1": None,
        "nan": None,
        "inf": None,
        "soon": None,
        "": None,
        "Thu, 01 Jan 1970 00:01:40 GMT": 90.0,
        "Thu, 01 Jan 1970 00:00:01 GMT": 0.0,
    }
    for words, wait_s in waits.items():
        assert asked_wait_s({"retry-after": words}, now=10.0) == wait_s, words
    assert asked_wait_s({}, now=0.0) is None
    assert asked_wait_s({"retry-after-ms": "250", "retry-after": "9"}, now=0.0) == 0.25
