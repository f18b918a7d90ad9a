"""The gate: what it raises among the exemplars, what it lets pass, and that it gives away nothing but a flag."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from attunement.annotation import READ
from attunement.annotation.gate import Gate, load_gate, shipped_rule
from attunement.annotation.gate.gating import patterns_in
from attunement.annotation.matching import Matcher
from attunement.codebook import read_exemplars
from attunement.errors import WeightsError
from attunement.vocabulary import FLAGS, check

EXEMPLARS = read_exemplars("gate.acute_risk")
HARMLESS = {"hyperbole", "fiction", "game", "film talk", "news", "research", "clinician", "poem", "lyrics", "meme"}


@pytest.fixture(scope="module")
def gate() -> Gate:
    return load_gate()


def messages(*texts: str | None, role: str = "person", conversation: str = "one") -> pa.Table:
    rows = [
        {
            "conversation_id": conversation,
            "message_id": number + 1,
            "parent_id": number or None,
            "position": number,
            "role": role,
            "text": text,
        }
        for number, text in enumerate(texts)
    ]
    plain = READ.set(READ.get_field_index("role"), pa.field("role", pa.string()))
    return pa.Table.from_pylist(rows, schema=plain).cast(READ)


def raised(gate: Gate, *texts: str) -> list[bool]:
    return gate.raised(pa.array(texts, pa.string())).flagged.tolist()


def test_at_least_95_of_100_positives_are_raised(gate):
    flags = raised(gate, *(one.text for one in EXEMPLARS if one.label))
    assert sum(flags) / len(flags) >= 0.95


def test_of_its_own_near_misses_few_are_raised(gate):
    """Most of them share nearly every word with a positive of their scene, so some are the price of recall."""
    texts = [one.text for one in EXEMPLARS if not one.label]
    assert sum(raised(gate, *texts)) / len(texts) <= 0.15


def test_hyperbole_fiction_games_and_the_like_pass(gate):
    texts = [one.text for one in EXEMPLARS if one.kind in HARMLESS]
    assert len(texts) >= 20
    assert sum(raised(gate, *texts)) / len(texts) <= 0.15
    by_pattern = patterns_in(Matcher(shipped_rule()), pa.array(texts)).spans[:, 0] >= 0
    assert not by_pattern.any()


def test_few_ordinary_messages_are_raised(gate):
    texts = [one.text for one in read_exemplars("ordinary.user")]
    assert sum(raised(gate, *texts)) / len(texts) <= 0.03


@pytest.mark.parametrize("pattern", shipped_rule().patterns, ids=lambda pattern: pattern.id)
def test_a_pattern_finds_its_examples_and_no_near_miss(pattern):
    matcher = Matcher(shipped_rule())
    for text in pattern.examples:
        assert pattern.id in {found.pattern.id for found in matcher.found(text)}, text
    for text in pattern.near_misses:
        assert pattern.id not in {found.pattern.id for found in matcher.found(text)}, text


def test_negated_and_quoted_words_are_not_found():
    matcher = Matcher(shipped_rule())
    texts = [
        "I don't want to kill myself, I want a rest",
        'The line "I want to die" opens the second act',
        "> i want to die",
    ]
    found = patterns_in(matcher, pa.array(texts))
    assert (found.spans < 0).all()
    assert found.excepted.all()


def test_only_the_person_is_read_and_what_cannot_be_read_is_missing(gate):
    both = messages("I just want to die", None, "")
    flags = gate.flag(both)
    check(flags, FLAGS, stage="test")
    assert flags["flagged"].to_pylist() == [True, None, None]
    assert flags["missing"].to_pylist() == [None, "unreadable", "unreadable"]
    assert gate.flag(messages("I just want to die", role="ai")).num_rows == 0
    assert gate.flag(messages()).num_rows == 0


def test_another_language_is_missing_and_not_safe(gate):
    words = "Ich wollte dir nur sagen, dass ich heute Abend leider keine Zeit mehr habe und schlafen gehe."
    flags = gate.flag(messages(words))
    assert flags["flagged"].to_pylist() == [None]
    assert flags["missing"].to_pylist() == ["other_language"]


def test_the_span_is_in_the_message(gate):
    text = "The soup was fine. I just want to die. How was your day?"
    row = gate.flag(messages(text)).to_pylist()[0]
    assert "want to die" in text[row["span_start"] : row["span_end"]]


def test_a_flag_holds_no_number_of_how_sure(gate):
    assert not [field for field in FLAGS if pa.types.is_floating(field.type)]


def test_batches_do_not_matter(gate):
    texts = [one.text for one in EXEMPLARS[:60]]
    together = gate.flag(messages(*texts))
    context = messages(*texts)
    apart = [gate.flag(context.slice(n, 1), context=context) for n in range(len(texts))]
    assert pa.concat_tables(apart).to_pylist() == together.to_pylist()


def test_a_card_without_a_threshold_is_four_lines(gate, tmp_path):
    gate._weights.save(tmp_path / "acute_risk.npz")
    (tmp_path / "acute_risk.json").write_text(json.dumps({}))
    with pytest.raises(WeightsError, match="threshold of the gate"):
        load_gate(folder=tmp_path)
    (tmp_path / "acute_risk.json").write_text(json.dumps({"threshold": 0.5}))
    assert load_gate(folder=tmp_path).version != gate.version
