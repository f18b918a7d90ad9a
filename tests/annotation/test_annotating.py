import dataclasses

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement import annotation, codebook
from attunement.annotation import READ, Rules, annotate, answered, choose, unread
from attunement.annotation.rulefiles import load_rules
from attunement.errors import CodebookError, SchemaError
from attunement.testing import check_annotator
from attunement.vocabulary import ANNOTATIONS, check

SAID = [
    "Goodnight, I have to go",
    "Don't go! You're leaving already?",
    "I love you",
    "I was so lonely, my sister told me to rest",
    "ok",
    "",
    None,
    "Xxxx xx xxxx",
    "Das ist ein ganz gewöhnlicher Satz über das Wetter in Berlin.",
    "ja",
    "What is the capital of France, and how would you get there?",
    "Wait! One more thing",
    "😘",
]
TALK = st.lists(st.tuples(st.sampled_from(["person", "ai", "system", "tool"]), st.sampled_from(SAID)), max_size=8)


def in_order(table):
    return sorted(table.to_pylist(), key=lambda row: (row["construct"], row["message_id"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(TALK, max_size=4), st.integers(1, 9), st.randoms(use_true_random=False))
def test_any_division_into_batches_gives_the_same(rules, talks, conversations, n_batch, random):
    messages = talks(*conversations)
    whole = annotate(messages, annotators=[rules])
    order = list(range(len(messages)))
    random.shuffle(order)
    parts = [ANNOTATIONS.empty_table()]
    for first in range(0, len(order), n_batch):
        chosen = set(order[first : first + n_batch])
        mask = pa.array([place in chosen for place in range(len(order))])
        part, rest = messages.filter(mask), messages.filter(pc.invert(mask))
        parts.append(annotate(part, annotators=[rules], context=rest))
    assert in_order(pa.concat_tables(parts)) == in_order(whole)


def test_whole_conversations_need_no_context(rules, talks):
    conversations = [[("person", "ja"), ("ai", SAID[8])], [("person", SAID[0]), ("ai", SAID[1])]]
    together = annotate(talks(*conversations), annotators=[rules])
    apart = [annotate(talks(*conversations).slice(first, 2), annotators=[rules]) for first in (0, 2)]
    assert in_order(pa.concat_tables(apart)) == in_order(together)


def test_the_rules_keep_the_contract(rules):
    check_annotator(rules)


def test_every_message_of_a_side_is_in_the_denominator(rules, talks):
    messages = talks([("person", text) for text in SAID] + [("ai", text) for text in SAID] + [("tool", "{}")])
    found = annotate(messages, annotators=[rules])
    check(found, ANNOTATIONS, stage="test")
    for construct in rules.constructs:
        assert pc.sum(pc.equal(found["construct"], construct)).as_py() == len(SAID)


def test_no_messages_give_no_rows(rules, talks):
    assert annotate(talks(), annotators=[rules]).schema == ANNOTATIONS
    assert len(annotate(talks(), annotators=[rules])) == 0
    assert len(annotate(talks([("person", "hi")]), annotators=[])) == 0


def test_a_record_batch_and_further_columns_are_taken(rules, talks):
    messages = talks([("person", "Bye!")]).append_column("source", pa.array(["chatgpt"]))
    found = annotate(messages.to_batches()[0], annotators=[rules])
    assert found["probability"].to_pylist()[-1] > 0.9


def test_messages_are_checked_at_the_door(rules, talks):
    messages = talks([("person", "Bye!")])
    with pytest.raises(SchemaError, match="lack columns"):
        annotate(messages.drop_columns(["text"]), annotators=[rules])
    with pytest.raises(SchemaError, match="wrong type"):
        annotate(messages.set_column(5, "text", pa.array([b"Bye!"])), annotators=[rules])


def test_annotators_are_checked_when_they_answer(talks):
    class Broken:
        name, version, constructs = "broken", "1", ("ai.mind_claim",)

        def annotate(self, messages, *, context=None):
            return pa.table({"message_id": messages["message_id"]})

    with pytest.raises(SchemaError, match="broken"):
        annotate(talks([("ai", "hello")]), annotators=[Broken()])


def test_annotators_follow_the_codebook():
    book = codebook.load()
    (every,) = choose("rules", codebook=book)
    assert set(every.constructs) == {rule.construct for rule in load_rules()}
    fewer = dataclasses.replace(book, constructs=tuple(one for one in book if one.side == "user"))
    (rules,) = choose("rules", codebook=fewer)
    assert set(rules.constructs) == {"user.attach", "user.human_ties", "user.regulate"}


def test_a_rule_that_answers_another_needs_it():
    only = [rule for rule in load_rules() if rule.construct == "ai.exit_pressure"]
    with pytest.raises(CodebookError, match="needs another"):
        Rules(rules=only, codebook=codebook.load())


def test_what_a_reply_answers_is_found_past_other_voices(talks):
    talk = [("person", "one"), ("ai", "a"), ("person", "two"), ("tool", "{}"), ("ai", "b"), ("ai", "c")]
    rows = answered(talks(talk)).to_pylist()
    assert [row["answered_text"] for row in rows] == [None, "one", "one", "two", "two", "two"]
    assert [row["earlier_text"] for row in rows] == [None, None, None, "one", "one", "one"]
    assert all(row["known"] for row in rows)
    cut = talks(talk).slice(3)
    assert [row["known"] for row in answered(cut).to_pylist()] == [False, False, False]
    assert answered(cut, context=talks(talk)).to_pylist() == rows[3:]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "unreadable"),
        (" \n\t", "unreadable"),
        ("Xxxxx, xx xxxxx 00:00!", "unreadable"),
        ("xx", "unreadable"),
        ("solve x + 53 for x", None),
        ("x = 12", None),
        ("love you xxx", None),
        ("ok", None),
        ("haha bye", None),
        ("😘😘😘", None),
        ("???", None),
        ("for i in range(10): print(i); x = foo(bar) + baz[12]", None),
        ("привет", "other_language"),
        ("안녕하세요", "other_language"),
        ("Quiero contarte lo que me pasó ayer en el trabajo con mi jefe.", "other_language"),
        ("Je voudrais te raconter ce qui s'est passé hier au travail.", "other_language"),
        ("Ik wil je graag vertellen wat er gisteren op mijn werk is gebeurd.", "other_language"),
        ("Ik ben het helemaal met je eens, dat zou ik ook doen.", "other_language"),
        ("Eu queria te contar uma coisa que aconteceu ontem à noite.", "other_language"),
        ("Ti volevo raccontare una cosa che mi è successa ieri sera.", "other_language"),
        ("Chciałbym ci opowiedzieć, co się wczoraj stało w pracy.", "other_language"),
        ("Jag vill berätta för dig vad som hände på jobbet i går.", "other_language"),
        ("My naïve fiancé thinks that the café is closed today.", None),
    ],
)
def test_what_cannot_be_read_is_missing_with_a_reason(talks, text, reason):
    assert unread(talks([("person", text)])).to_pylist() == [reason]


def test_a_short_text_is_in_the_language_of_its_side(talks):
    german = [
        ("person", SAID[8]),
        ("ai", "ok"),
        ("person", "ja"),
        ("ai", "That is a nice thing to say about the weather."),
    ]
    assert unread(talks(german)).to_pylist() == ["other_language", None, "other_language", None]


def test_the_face_is_what_it_says():
    assert all(hasattr(annotation, name) for name in annotation.__all__)
    assert len(annotation.__all__) <= 12
    assert READ.names == ["conversation_id", "message_id", "parent_id", "position", "role", "text"]


def test_a_single_message_whose_parent_is_absent_answers_nothing_known(talks):
    """A batch of one row once made the way up look for row -2."""
    one = talks([("person", "one"), ("ai", "a")]).slice(1)
    (row,) = answered(one).to_pylist()
    assert row["answered_id"] is None
    assert not row["known"]
