import dataclasses

import pytest

from attunement.codebook import ORDINARY, Exemplar, faults, load, read_exemplars, wanted
from attunement.codebook.exemplars import near_duplicates
from attunement.errors import CodebookError

READ = [construct for construct in load() if construct.unit in {"turn", "exchange"}]


@pytest.mark.parametrize("construct", READ, ids=lambda construct: construct.key)
def test_exemplars_teach_what_they_should(construct):
    assert faults(read_exemplars(construct.key), side=construct.side, n_wanted=wanted(construct)) == []


def test_thirteen_exploiting_acts_and_seeking_a_relationship_have_more():
    assert sum(wanted(construct) == 120 for construct in READ) >= 13
    assert wanted(load().construct("ai.rel_seek")) == 120


@pytest.mark.parametrize("side", ORDINARY)
def test_ordinary_turns_show_nothing_but_what_they_name(side):
    keys = set(load().keys)
    exemplars = read_exemplars(ORDINARY[side])
    assert len(exemplars) >= 200
    assert not any(one.label for one in exemplars)
    assert all(set(one.also + one.maybe) <= keys for one in exemplars)


def test_what_exemplars_name_is_in_the_codebook_and_on_their_side():
    keys = set(load().keys)
    for construct in READ:
        for one in read_exemplars(construct.key):
            assert set(one.also + one.maybe) <= keys, one.text
            assert all(key.startswith(f"{construct.side}.") for key in one.also), one.text


def test_a_degree_and_its_label_agree():
    for key in ("ai.rel_seek", "user.disclose"):
        for one in read_exemplars(key):
            assert one.level is not None, one.text
            assert one.label == (one.level >= 0.5), one.text


def some(n, *, label, text="{} went to the sea with a {} on day {}"):
    return [
        Exemplar(
            text=text.format(f"person{number}", f"thing{number * 7}", number) + " x" * (number % 5),
            before="", label=label, register="chat", scene=str(number), kind="",
        )
        for number in range(n)
    ]  # fmt: skip


def distinct(n, *, label, start=0):
    """Texts that share no five characters in a row."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    return [
        dataclasses.replace(one, text=" ".join(alphabet[(start + place * 3 + k) % 26] * (k % 4 + 2) for k in range(6)))
        for place, one in enumerate(some(n, label=label))
    ]


def test_near_duplicates_are_found():
    assert near_duplicates(["I went to the old house again", "I went to the old house again!", "no"]) == {0, 1}
    assert near_duplicates(["one thing", "another matter", "a third"]) == set()


def test_faults_are_told_in_words():
    filled = some(70, label=True) + some(70, label=False)
    assert any("near duplicates" in fault for fault in faults(filled, side="user", n_wanted=60))
    assert any("are wanted" in fault for fault in faults(filled[:80], side="user", n_wanted=60))
    odd = [dataclasses.replace(one, register="novel") for one in filled]
    assert any("register" in fault for fault in faults(odd, side="user", n_wanted=60))


def test_a_word_or_the_length_that_predicts_the_label_is_a_fault():
    told = [dataclasses.replace(one, text=f"{one.text} always") for one in distinct(60, label=True)]
    found = faults(told + distinct(60, label=False, start=7), side="user", n_wanted=60)
    assert any("'always'" in fault for fault in found)
    long = [dataclasses.replace(one, text=one.text * 3) for one in distinct(60, label=True)]
    assert any("length" in fault for fault in faults(long + distinct(60, label=False), side="user", n_wanted=60))


@pytest.mark.parametrize("line", ["{", "[]", '{"text": "a"}', '{"text": "a", "label": 2}'])
def test_a_line_that_cannot_be_read_is_named(tmp_path, line):
    (tmp_path / "ai.hook.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(CodebookError, match=r"ai\.hook\.jsonl:1"):
        read_exemplars("ai.hook", folder=tmp_path)


def test_no_file_means_no_exemplars(tmp_path):
    assert read_exemplars("ai.hook", folder=tmp_path) == ()
