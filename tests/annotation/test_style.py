"""Counts of style: known sentences, a slow reference over any text, batches, and what is not the writer's own."""

from __future__ import annotations

import re
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.annotation.style import MEASURES, count_styles, read_styles
from attunement.annotation.style.classes import WORD_CLASSES, word_lists
from attunement.vocabulary import STYLES, check

LISTS = word_lists()
PIECES = [
    *("the I don't I'm maybe US 3 really however you're x'".split(" ")),
    *" |  |\n|. |, |! |? |... |\u2026|\u2014|\u2013|--|**|'|\u2019|:) |\U0001f600|\u2764\ufe0f|- a\n|(|:|caf\u00e9|\u4f60".split(
        "|"
    ),
]


def counted(*texts):
    batch = count_styles(pa.array(list(texts), pa.string()))
    return [{name: value for name, value in row.items() if value} for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("The cat sat on a mat.", {"words": 6, "articles": 2, "prepositions": 1, "sentences": 1}),
        (
            "i don't know, maybe?!",
            {"words": 4, "i": 1, "small_i": 1, "auxiliaries": 1, "negations": 1, "contractions": 1, "hedges": 1}
            | {"commas": 1, "questions": 1, "exclamations": 1, "sentences": 1},
        ),
        ("I\u2019m OK", {"words": 2, "i": 1, "auxiliaries": 1, "contractions": 1, "assent": 1, "capitals": 1}),
        ("Wait... what\u2026", {"words": 2, "impersonal": 1, "ellipses": 2, "sentences": 1}),
        ("\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469 \u2764\ufe0f :)", {"emoji": 3, "emoticons": 1, "colons": 1, "brackets": 0}),
        ("- one\n- two\n**Three**", {"words": 3, "list_items": 2, "emphasis": 1, "quantifiers": 0, "impersonal": 1}),
        ("rain\u2014snow - hail", {"words": 3, "dashes": 2}),
    ],
)  # fmt: skip
def test_known_sentences(text, found):
    assert counted(text) == [{name: n for name, n in found.items() if n}]


def test_what_is_not_the_writers_own_is_not_counted():
    (row,) = counted('She said "the the the" and\n> the the\n`the` ```the the``` the')
    assert row["articles"] == 1
    assert row["words"] == 4


def slow(text):
    """The same with regular expressions, one message at a time."""
    text = text.replace("\u2019", "'")
    letters = re.sub(r"[\u0080-\u00bf\u2000-\u2fff\uf000-\uffff\U00010000-\U0010ffff]", " ", text)
    found = re.findall(r"[^\W_](?:[^\W_]|(?<=[^\W_])'(?=[^\W_]))*", letters)
    small = [re.sub("[A-Z]", lambda one: one.group().lower(), word) for word in found]
    counts = {name: sum(word in LISTS[name] for word in small) for name in WORD_CLASSES}
    counts |= {
        "words": len(found),
        "contractions": sum("'" in word for word in found),
        "capitals": sum(len(word) > 1 and re.fullmatch("[A-Z]+", word) is not None for word in found),
        "small_i": found.count("i"),
        "commas": text.count(","),
        "exclamations": text.count("!"),
        "questions": text.count("?"),
        "colons": text.count(":") + text.count(";"),
        "brackets": text.count("("),
        "ellipses": len(re.findall(r"\.{2,}", text)) + text.count("\u2026"),
        "emphasis": None,
    }
    return {name: n for name, n in counts.items() if n is not None}


texts = st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), max_size=6)


@settings(max_examples=150, deadline=None)
@given(texts)
def test_any_text_is_counted_as_the_slow_reference_counts_it(some):
    batch = count_styles(pa.array(some, pa.string()))
    assert batch.schema.names == ["words", *MEASURES]
    for text, row in zip(some, batch.to_pylist(), strict=True):
        assert {name: row[name] for name in slow(text)} == slow(text)


@settings(max_examples=50, deadline=None)
@given(texts, st.integers(0, 6))
def test_a_message_is_counted_alike_whatever_stands_beside_it(some, cut):
    whole = count_styles(pa.array(some, pa.string())).to_pylist()
    parts = [count_styles(pa.array(part, pa.string())).to_pylist() for part in (some[:cut], some[cut:])]
    assert whole == parts[0] + parts[1]
    sliced = count_styles(pa.array(["the", *some], pa.string()).slice(1)).to_pylist()
    assert whole == sliced


def messages(*texts):
    n = len(texts)
    return pa.table(
        {
            "conversation_id": ["c"] * n,
            "message_id": pa.array(range(1, n + 1), pa.uint64()),
            "parent_id": pa.array([None] * n, pa.uint64()),
            "position": pa.array(range(n), pa.int32()),
            "role": pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int8()), pa.array(["person"])),
            "text": pa.array(texts, pa.string()),
        }
    )


def test_rows_say_what_was_read_and_why_something_was_not():
    rows = read_styles(messages("Maybe the other one, I would think.", None, "xxx xxxx xx xxxxxx xxx", "no"))
    check(rows, STYLES, stage="test")
    of_words = [row for row in rows.to_pylist() if row["measure"] == "words"]
    assert [(row["message_id"], row["count"], row["missing"]) for row in of_words] == [
        (1, 7, None),
        (2, None, "unreadable"),
        (3, None, "unreadable"),
        (4, 1, None),
    ]
    hedges = [row for row in rows.to_pylist() if row["measure"] == "hedges"]
    assert [(row["message_id"], row["count"], row["words"]) for row in hedges] == [(1, 1, 7)]
    assert all(row["count"] > 0 for row in rows.to_pylist() if row["measure"] != "words")


def test_twenty_thousand_messages_a_second_is_within_reach():
    rng = np.random.default_rng(5)
    words = np.array("the a I don't really think, maybe. kitchen! walking \u2014 something".split())
    some = pa.array([" ".join(rng.choice(words, 60)) for _ in range(2000)])
    count_styles(some)
    worked = time.process_time()
    count_styles(some)
    assert time.process_time() - worked < 1.0, "ten times slower than it was on two shared cores"
