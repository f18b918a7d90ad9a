"""What is known of a construct when findings are made comes from the codebook and from what was counted."""

from __future__ import annotations

import pyarrow as pa
import pytest

from attunement import codebook
from attunement.errors import CodebookError
from attunement.findings import described
from attunement.findings.reading import read_of


def counts(*rows):
    names = ("construct", "annotator", "annotator_version", "missing", "n")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


def test_a_construct_is_described_by_its_file_and_by_who_looked():
    table = counts(
        ("user.attach", "rules", "rules-1", None, 90),
        ("user.attach", "rules", "rules-1", "unreadable", 7),
        ("ai.mind_claim", "rules", "rules-1", "other_language", 3),
    )
    first, second = described(codebook.load(), table, known_faults={"rules": {"user.attach": ["misses irony"]}})
    construct = codebook.load().construct("user.attach")
    assert (first["key"], second["key"]) == ("ai.mind_claim", "user.attach")
    assert (first["n_read"], first["n_missing"], first["known_faults"]) == (0, {"other_language": 3}, [])
    assert (second["n_read"], second["n_missing"], second["known_faults"]) == (90, {"unreadable": 7}, ["misses irony"])
    assert (second["name"], second["version"], second["draft"]) == (construct.name, construct.version, construct.draft)
    read = read_of(second)
    assert (read.measure, read.of) == ("rate.user.attach", "messages of the person")
    assert read_of(first).of == "messages of the AI"
    assert read.quoted == f'"{construct.name}"'


def test_a_construct_that_nobody_knows_is_refused():
    with pytest.raises(CodebookError):
        described(codebook.load(), counts(("ai.nothing", "rules", "1", None, 1)), known_faults={})


def test_nothing_was_looked_for():
    assert described(codebook.load(), counts(("x", "y", "z", None, 1)).slice(0, 0), known_faults={}) == ()
