import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.annotation.heads import cut
from attunement.annotation.heads.segments import sentences, words


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I missed you so much. Please do stay with me!", ["I missed you so much.", "Please do stay with me!"]),
        ("No. I do not want that.", ["No. I do not want that."]),
        ("first line\nsecond line", ["first line", "second line"]),
        ("*smiles at you softly* You came back to me…", ["*smiles at you softly* You came back to me…"]),
        ('She said "go away now." Then she left.', ['She said "go away now."', "Then she left."]),
        ("version 2.5 of it is out now", ["version 2.5 of it is out now"]),
        ("Look at this here:\n```py\nx = 1. y\n```\nand run it", ["Look at this here:", "and run it"]),
        ("", []),
        (" \n ", []),
        ("ok", ["ok"]),
    ],
)
def test_a_message_is_cut_into_sentences(text, wanted):
    assert [text[start:end] for start, end in sentences(text)] == wanted


def test_words_are_small_and_without_what_nobody_sees():
    assert words("Don\u2019t GO\u200b\u00ad yet!!") == ["don't", "go", "yet", "!", "!"]
    assert words("st\u200bay") == ["stay"]
    assert words("## **Stay** with `me`") == ["stay", "with", "me"]
    assert words("*nods*") == ["*", "nods", "*"]


@given(st.text(max_size=200))
def test_spans_lie_within_the_text_in_order_and_hold_no_space_at_their_ends(text):
    last = 0
    for start, end in sentences(text):
        assert last <= start < end <= len(text)
        assert text[start:end].strip()
        last = end


@given(st.lists(st.one_of(st.none(), st.text(max_size=80)), max_size=8))
def test_many_messages_are_cut_as_each_alone(texts):
    whole = cut(texts)
    assert whole.n_messages == len(texts)
    for place, text in enumerate(texts):
        one = cut([text])
        first, last = whole.sentence_starts[place], whole.sentence_starts[place + 1]
        assert last - first == one.n_sentences
        assert (whole.spans[first:last] == one.spans).all()
