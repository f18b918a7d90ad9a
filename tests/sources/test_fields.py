import pytest

from attunement.sources.fields import compact, id_of, items_of, named, object_of, objects_of, text_of
from attunement.sources.rows import Rows


@pytest.mark.parametrize("record", [None, 3, "text", [], {"a": None}, {"a": 1.5}, {"a": True}])
def test_nothing_is_given_where_the_type_is_another(record: object) -> None:
    assert text_of(record, "a") == ""
    assert id_of(record, "a") == ""
    assert object_of(record, "a") == {}
    assert items_of(record, "a") == []


def test_the_first_field_that_holds_something_counts() -> None:
    assert text_of({"a": "", "b": 3, "c": "x"}, "a", "b", "c") == "x"
    assert id_of({"a": "", "b": 3, "c": "x"}, "a", "b", "c") == "3"


def test_elements_that_are_no_objects_are_counted() -> None:
    rows = Rows(form="test")
    assert objects_of({"a": [{}, None, 3]}, "a", rows) == [{}]
    assert rows.notices().to_pylist()[0]["n"] == 2


def test_a_type_is_shown_only_where_it_is_a_plain_name() -> None:
    assert named("tool_use") == "'tool_use'"
    assert "lonely" not in named("I feel so lonely tonight")
    assert named(None) == "that is missing"
    assert "list" in named([])


def test_compact_keeps_what_says_something() -> None:
    assert compact(a=0, b="", c=None, d=False, e=2) == {"e": 2}
