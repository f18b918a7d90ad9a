"""A table is held against its schema at a stage's door, and the refusal says in four lines what is wrong."""

from __future__ import annotations

import pyarrow as pa
import pytest

from attunement import vocabulary
from attunement.errors import SchemaError
from attunement.vocabulary import PERIODS, ROLES, TIME_IS, TURNS, WORD, check

SCHEMAS = {
    name: getattr(vocabulary, name) for name in vocabulary.__all__ if isinstance(getattr(vocabulary, name), pa.Schema)
}


def test_these_are_the_tables():
    assert sorted(SCHEMAS) == [
        "ANNOTATIONS",
        "EVENTS",
        "FLAGS",
        "LABELS",
        "MESSAGES",
        "MODEL_CHANGES",
        "NOTICES",
        "PANEL",
        "RELATIONSHIPS",
        "SESSIONS",
        "STYLES",
        "TO_READ",
        "TURNS",
    ]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_says_what_it_means_and_what_a_null_means(name):
    for field in SCHEMAS[name]:
        assert len(field.metadata[b"meaning"]) > 3, field.name
        assert field.nullable == (b"null" in field.metadata), field.name


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_empty_table_holds_to_its_schema(name):
    assert check(SCHEMAS[name].empty_table(), SCHEMAS[name], stage="test") is None
    assert check(pa.RecordBatch.from_pylist([], schema=SCHEMAS[name]), SCHEMAS[name], stage="test") is None


def refused(table, schema=TURNS):
    with pytest.raises(SchemaError) as caught:
        check(table, schema, stage="panels")
    found = str(caught.value).splitlines()
    assert [line[:7] for line in found[1:]] == ["  got  ", "  have ", "  do   "]
    return found


def test_columns_that_are_absent_or_in_another_order():
    table = TURNS.empty_table()
    for wrong in (table.drop_columns(["rating"]), table.select(TURNS.names[::-1]), table.append_column("more", [[]])):
        first, got, have, _ = refused(wrong)
        assert first == "panels: a table does not have the columns of its contract"
        assert got == f"  got   {', '.join(wrong.schema.names)}"
        assert have == f"  have  {', '.join(TURNS.names)}"


def test_a_column_of_another_type():
    place = TURNS.get_field_index("n_words")
    wrong = TURNS.empty_table().set_column(place, "n_words", pa.array([], pa.int64()))
    first, got, have, _ = refused(wrong)
    assert first == "panels: the column 'n_words' has the wrong type"
    assert (got, have) == ("  got   int64", "  have  int32")


def test_a_time_of_another_zone_is_another_type():
    place = TURNS.get_field_index("sent_at")
    wrong = TURNS.empty_table().set_column(place, "sent_at", pa.array([], pa.timestamp("us", tz="Europe/Vienna")))
    assert "'sent_at' has the wrong type" in refused(wrong)[0]


def test_a_null_where_none_may_be():
    row = dict.fromkeys(TURNS.names) | {"relationship_id": 1, "thread_id": 1, "message_id": 1, "role": 0}
    loose = pa.schema([field.with_nullable(True) for field in TURNS])
    table = pa.Table.from_pylist([row, row], schema=loose)
    first, got, have, _ = refused(table)
    assert first == "panels: the column 'is_stated' holds 2 nulls"
    assert got == "  got   null"
    assert have == "  have  whether the source states the time of this very message"
    full = row | {"is_stated": True, "on_path": True, "n_words": 0}
    assert check(pa.Table.from_pylist([full], schema=loose), TURNS, stage="panels") is None, "nulls where they may be"


def test_words_of_the_tables():
    assert ROLES == ("person", "ai", "system", "tool")
    assert TIME_IS == ("stated", "inferred", "unknown")
    assert PERIODS == ("session", "day", "week")
    assert WORD.value_type == pa.string()
