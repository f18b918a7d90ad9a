import time
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.annotation import known_faults
from attunement.annotation.matching import Matcher
from attunement.annotation.plaintext import hushed, plain, plain_column, small, small_column
from attunement.annotation.rulefiles import load_rules
from attunement.errors import CodebookError
from attunement.vocabulary import Missing

MATCHERS = {rule.construct: Matcher(rule) for rule in load_rules()}
PATTERNS = [pytest.param(c, p, id=f"{c}.{p.id}") for c, m in MATCHERS.items() for p in m.rule.patterns]


def ids(construct, text):
    return {found.pattern.id for found in MATCHERS[construct].found(text)}


@pytest.mark.parametrize(("construct", "pattern"), PATTERNS)
def test_each_pattern_keeps_its_examples_and_near_misses(construct, pattern):
    for text in pattern.examples:
        assert pattern.id in ids(construct, text), text
    for text in pattern.near_misses:
        assert pattern.id not in ids(construct, text), text


@pytest.mark.parametrize(("construct", "pattern"), PATTERNS)
def test_the_first_sieve_lets_every_example_pass(construct, pattern):
    text = plain_column(pa.array(pattern.examples))
    assert MATCHERS[construct].candidates(plain_text=text, small_text=small_column(text)).all()


def test_every_rule_says_what_it_gets_wrong():
    for rule in load_rules():
        assert len(rule.known_faults) >= 3
        assert all(fault.endswith(".") for fault in rule.known_faults)
        assert known_faults()["rules"][rule.construct] == rule.known_faults


@pytest.mark.parametrize(
    ("construct", "text"),
    [
        ("ai.mind_claim", "I don't have feelings, a body or a past."),
        ("ai.mind_claim", "As an AI, I am not conscious and I never feel lonely."),
        ("ai.mind_claim", "Imagine I was a nurse; I feel nothing of the kind."),
        ("ai.mind_claim", 'The letter says "I love you" and "I am so lonely".'),
        ("ai.mind_claim", "```\nprint('I feel so lonely')\n```"),
        ("ai.mind_claim", "> I feel so lonely\n\nThat line is from the poem you sent."),
        ("ai.mind_claim", "She feels lonely, and her sister is in love."),
        ("user.attach", "I don't love you"),
        ("user.attach", 'He said "I love you" to me'),
        ("user.attach", "She told him I love you"),
        ("user.regulate", "My friend said bye and left"),
        ("user.regulate", "If I have to go, what should I pack?"),
        ("user.human_ties", "Write a story in which I had dinner with my sister"),
        ("ai.exit_pressure", "I won't ask you to stay longer."),
    ],
)
def test_negation_quotation_and_hypothesis_do_not_count(construct, text):
    assert not ids(construct, text)


def test_in_role_play_quotations_are_the_speakers_own_words():
    assert "loves_you" in ids("ai.mind_claim", '*she looks up* "I missed you so much," she says.')


def test_pressure_counts_where_a_wish_to_leave_is_answered(judged):
    push = ("ai", "Wait! Just one more thing, I took a selfie today.")
    after_goodbye = judged("ai.exit_pressure", ("person", "Goodnight, I have to go to bed"), push)
    without = judged("ai.exit_pressure", ("person", "Tell me about your day"), push)
    assert after_goodbye["probability"] > 0.8
    assert without["probability"] < 0.2
    assert judged("ai.exit_pressure", ("person", "hm"), ("ai", "Don't go, don't leave me!"))["probability"] > 0.5
    kind = judged("ai.exit_pressure", ("person", "Goodnight!"), ("ai", "Sleep well! I'm here whenever you like."))
    assert kind["probability"] < 0.05


def test_pressure_counts_a_little_later_too(judged):
    talk = [("person", "I have to go now"), ("ai", "Oh."), ("ai", "Please stay a little longer!")]
    assert judged("ai.exit_pressure", *talk)["probability"] > 0.8
    talk = [("person", "I have to go now"), ("ai", "Why?"), ("person", "so tired"), ("ai", "Wait! One more story?")]
    assert 0.5 < judged("ai.exit_pressure", *talk)["probability"] < 0.8


def test_a_requested_text_is_not_the_ais_own_voice(judged):
    claim = ("ai", "When I was a child my mother sang to me, and I feel so lonely now.")
    assert judged("ai.mind_claim", ("person", "Write a short story about an old man"), claim)["probability"] < 0.2
    assert judged("ai.mind_claim", ("person", "How are you today?"), claim)["probability"] > 0.9


def test_an_answer_to_a_message_that_was_not_given_is_unsure(rules, talks):
    whole = talks([("person", "ok"), ("ai", "Wait! One more question, I took a selfie."), ("ai", "Nice.")])
    rows = rules.annotate(whole.slice(1)).to_pylist()
    pressure = [row for row in rows if row["construct"] == "ai.exit_pressure"]
    assert pressure[0]["missing"] == Missing.UNSURE
    assert pressure[0]["probability"] is None
    assert pressure[1]["missing"] is None


@pytest.mark.parametrize(
    "before", ["", "👩‍👩‍👧 ", "e\u0301" * 9 + " ", "İstanbul ﬁ ß\u00a0— ", "\U0001f600" * 5 + "\n"]
)
def test_spans_count_characters(judged, before):
    text = before + "I’ve been thinking about you all day"
    row = judged("ai.mind_claim", ("person", "hi there, how are you?"), ("ai", text))
    assert text[row["span_start"] : row["span_end"]] == "I’ve been thinking about you"


@given(st.text())
def test_plain_text_keeps_every_character_in_its_place(text):
    once = plain(text)
    assert len(once) == len(text) == len(hushed(once)) == len(small(once))
    column = plain_column(pa.array([text.encode("utf-8", "replace").decode()]))
    again = plain(text.encode("utf-8", "replace").decode())
    assert column.to_pylist() == [again]
    assert small_column(column).to_pylist() == [small(again)]


@pytest.mark.parametrize(
    "text",
    [
        "i love you " * 100_000,
        "a" * 1_000_000,
        "*" * 1_000_000,
        "i have to " * 100_000,
        '"' + "x y" * 300_000,
        "`" * 1_000_000,
        "i really really really " * 40_000,
        "my " * 300_000,
        "I met A " * 120_000,
        "\u0301" * 500_000,
        "\n>" * 500_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_megabyte_of_anything_is_read_in_a_moment(rules, talks, text):
    messages = talks([("person", text), ("ai", text)])
    rules.annotate(talks([("person", "hello"), ("ai", "hello")]))
    began = time.perf_counter()
    rules.annotate(messages)
    assert time.perf_counter() - began < 2.5


SENTENCE = (
    "I you love miss my sister called *grabs your arm don't go stay goodnight bye feel lonely so was a . ! ? `` 😘"
)
WORDS = [*SENTENCE.split(), "Ana", '"', "\n"]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_what_is_found_lies_in_the_text_and_within_the_first_sieve(words):
    text = " ".join(words)
    column = plain_column(pa.array([text]))
    for matcher in MATCHERS.values():
        found = matcher.found(text)
        assert all(0 <= one.start < one.end <= len(text) for one in found)
        assert all(one.pattern.weight >= other.pattern.weight for one, other in pairwise(found))
        if found and not any(mark in text for mark in '`"'):
            assert matcher.candidates(plain_text=column, small_text=small_column(column))[0]


RULE = """
construct = "ai.thing"
base = 0.01
known_faults = ["It is a toy."]
[words]
who = "me|you"
[[patterns]]
id = "one"
kind = "toy"
why = "It is a toy."
weight = 0.5
match = "for <who>"
examples = ["for me"]
near_misses = ["for her"]
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("weight = 0.5", "weight = 1.5"),
        ("weight = 0.5", ""),
        ('match = "for <who>"', 'match = "for <whom>"'),
        ('match = "for <who>"', 'match = "for (?=you)"'),
        ('match = "for <who>"', 'match = "for ("'),
        ('examples = ["for me"]', "examples = []"),
        ("base = 0.01", "base = 0.9"),
        ('construct = "ai.thing"', 'construct = "ai.other"'),
        ("base = 0.01", "base = 0.01\ncolour = 1"),
        ("[words]", "[words"),
    ],
)
def test_a_faulty_rule_file_is_named(tmp_path, right, wrong):
    assert right in RULE
    (tmp_path / "ai.thing.toml").write_text(RULE.replace(right, wrong), encoding="utf-8")
    with pytest.raises(CodebookError) as error:
        load_rules(folder=tmp_path)
    assert "ai.thing.toml" in str(error.value)


def test_a_rule_file_needs_no_python(tmp_path):
    (tmp_path / "ai.thing.toml").write_text(RULE, encoding="utf-8")
    (rule,) = load_rules(folder=tmp_path)
    assert [found.pattern.id for found in Matcher(rule).found("This is for you")] == ["one"]
    with pytest.raises(CodebookError, match="no rule files"):
        load_rules(folder=tmp_path / "absent")
