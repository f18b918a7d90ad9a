from typing import Any

import pytest

from attunement.sources.paths import Found, Place, said

RECORD: dict[str, Any] = {
    "id": 7,
    "meta": {"user": {"id": "u-1"}, "a.b": "dotted"},
    "first": {"class": "Bot", "name": "Juniper"},
    "second": {"class": "User", "name": "Sol"},
    "people": [{"class": "Bot", "name": "Juniper"}, {"class": "User", "name": "Sol"}, "odd"],
    "chats": [{"n": 1, "turns": [{"t": "a"}, {"t": "b"}]}, {"n": 2, "turns": {"x": {"t": "c"}}}],
    "empty": "",
}


def first(path: str) -> Any:
    return Place.of(path).first(Found(RECORD))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", 7),
        ("meta.user.id", "u-1"),
        ('meta."a.b"', "dotted"),
        ("people[class=User].name", "Sol"),
        ("first[class=User].name|second[class=User].name", "Sol"),
        ("people[-2].name", "Sol"),
        ("people[0].name", "Juniper"),
        ("people[9].name", None),
        ("chats[].turns[].t", "a"),
        ("empty|id", 7),
        ("meta.user.id.deeper", None),
        ("people[].name", "Juniper"),
        ("^", None),
        ("nothing", None),
    ],
)
def test_where_a_path_leads(path: str, value: object) -> None:
    assert first(path) == value


def test_every_item_is_found_and_knows_what_is_around_it() -> None:
    turns = Place.of("chats[].turns[]").all(Found(RECORD))
    assert [Place.of("t").first(turn) for turn in turns] == ["a", "b", "c"]
    assert [Place.of("^.n").first(turn) for turn in turns] == [1, 1, 2]
    assert [Place.of("^.^.id").first(turn) for turn in turns] == [7, 7, 7]
    assert Place.of("^.^.^.id").first(turns[0]) is None


@pytest.mark.parametrize("path", ["", ".a", "a.", "a..b", "a[", "a[]b", 'a"', "a|", "a[x"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"it is empty|cannot be understood|a dot"):
        Place.of(path)


@pytest.mark.parametrize(
    ("value", "words"), [(True, "true"), (False, "false"), (3.0, "3"), (2.5, "2.5"), (None, ""), ("x", "x"), (0, "0")]
)
def test_values_as_a_mapping_file_writes_them(value: object, words: str) -> None:
    assert said(value) == words
