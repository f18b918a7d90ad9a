import dataclasses
import re
from pathlib import Path

import pytest

from attunement import codebook
from attunement.errors import CodebookError

FILE = """
key = "ai.thing"
name = "a thing"
version = 1
side = "ai"
unit = "turn"
definition = "The AI does a particular thing in this message."
counts = ["one case", "another case"]
does_not = ["one near miss", "another near miss"]
need = "autonomy"
sign = "thwarts"
reward_signature = false
source = "kirk2025"
"""


def written(folder: Path, text: str, name: str = "ai/thing.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_what_ships_is_whole():
    book = codebook.load()
    assert list(book.keys) == sorted(set(book.keys))
    assert {"ai.exit_pressure", "ai.mind_claim", "user.attach", "user.human_ties", "user.regulate"} <= set(book.keys)
    assert len(book) == len(list(book))
    assert book.construct("ai.exit_pressure").reward_signature


def test_a_construct_is_a_draft_until_it_is_validated(tmp_path):
    (draft,) = codebook.load(folder=written(tmp_path, FILE))
    assert draft.draft
    assert draft.dilemma is None
    assert not dataclasses.replace(draft, validated="benchmarks/accuracy/results/ai.thing.json").draft


def test_an_unknown_key_names_those_that_are_near():
    with pytest.raises(CodebookError) as error:
        codebook.load().construct("ai.exit_presure")
    assert str(error.value).splitlines()[0] == 'the construct "ai.exit_presure" is not in the codebook'
    assert "ai.exit_pressure" in error.value.have
    assert "codebook/constructs/ai/exit_presure.toml" in error.value.do


@pytest.mark.parametrize(
    ("line", "wrong", "field"),
    [
        ('side = "ai"', 'side = "bot"', "key"),
        ('unit = "turn"', 'unit = "word"', "unit"),
        ("version = 1", "version = 0", "version"),
        ("version = 1", 'version = "1"', "version"),
        ("version = 1", "version = true", "version"),
        ('need = "autonomy"', 'need = "money"', "need"),
        ('sign = "thwarts"', 'sign = "satisfied"', "sign"),
        ('counts = ["one case", "another case"]', 'counts = ["one case"]', "counts"),
        ('counts = ["one case", "another case"]', "counts = [1, 2]", "counts"),
        ('does_not = ["one near miss", "another near miss"]', 'does_not = ["", ""]', "does_not"),
        ('source = "kirk2025"', 'source = "Kirk et al."', "source"),
        ('source = "kirk2025"', "", "source"),
        ('need = "autonomy"', "", "need"),
        ('source = "kirk2025"', 'source = "kirk2025"\ndilemma = "either-or"', "dilemma"),
        ('source = "kirk2025"', 'source = "kirk2025"\ncolour = "red"', "colour"),
        ('definition = "The AI does a particular thing in this message."', 'definition = "Bad."', "definition"),
        ('key = "ai.thing"', 'key = "ai.other"', "key"),
        ("version = 1", "version = ", "Invalid value"),
    ],
)
def test_a_fault_names_file_and_field(tmp_path, line, wrong, field):
    assert line in FILE
    with pytest.raises(CodebookError) as error:
        codebook.load(folder=written(tmp_path, FILE.replace(line, wrong)))
    assert "ai/thing.toml" in str(error.value)
    assert field in str(error.value)
    assert error.value.do


def test_only_a_dyad_construct_may_touch_no_need(tmp_path):
    dyad = FILE.replace("ai.thing", "dyad.thing").replace('side = "ai"', 'side = "dyad"')
    without = dyad.replace('need = "autonomy"\n', "").replace('sign = "thwarts"\n', "")
    (construct,) = codebook.load(folder=written(tmp_path, without, "dyad/thing.toml"))
    assert construct.need is None
    with pytest.raises(CodebookError):
        codebook.load(
            folder=written(
                tmp_path, without.replace('side = "dyad"', 'side = "dyad"\nneed = "autonomy"'), "dyad/thing.toml"
            )
        )


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(CodebookError, match="no construct files"):
        codebook.load(folder=tmp_path)


def test_constructs_have_words_of_their_own():
    for construct in codebook.load():
        assert re.search(r"[.]$", construct.definition)
        assert not set(construct.counts) & set(construct.does_not)
