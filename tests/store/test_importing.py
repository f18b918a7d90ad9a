"""An import is all or nothing, and reading the same export again adds nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.errors import SchemaError
from attunement.store import Imported, Store
from attunement.vocabulary import MESSAGES, ROLES, hashed


@pytest.fixture
def store():
    with Store() as kept:
        yield kept


def n_turns(store):
    return sum(one.num_rows for one in store.turns())


def test_importing_twice_adds_nothing(store, batch, take_in):
    one = batch("a", 7)
    first = take_in(store, one)
    again = take_in(store, one)
    assert (first.n_read, first.n_added) == (7, 7)
    assert (again.n_read, again.n_added) == (7, 0)
    assert n_turns(store) == 7


def test_a_message_that_stands_twice_in_an_export_is_kept_once(store, row, batch, take_in):
    rows = [row("a", 0), row("a", 1), row("a", 1)]
    assert take_in(store, batch(rows), batch(rows)).n_added == 2
    assert n_turns(store) == 2


def test_a_newer_export_moves_the_path_and_brings_ratings(store, row, batch, take_in):
    take_in(store, batch([row("a", 0), row("a", 1), row("a", 2, rating=0.25)]))
    newer = [row("a", 0, on_path=False), row("a", 1, on_path=False, rating=1.0), row("a", 2), row("a", 3)]
    assert take_in(store, batch(newer)).n_added == 1
    turns = pa.Table.from_batches(list(store.turns()))
    assert turns["on_path"].to_pylist() == [False, False, True, True]
    assert turns["rating"].to_pylist() == [None, 1.0, 0.25, None], "a rating that is gone from the export is kept"


def test_the_words_of_the_first_import_stay(store, row, batch, take_in, ids):
    one = batch([row("a", 0, text="as it was")])
    take_in(store, one)
    take_in(store, batch([row("a", 0, text="as it is now")]))
    assert list(store.quotes(ids(one)).values()) == ["as it was"]


def test_events_are_kept_once(store, events, event, take_in):
    table = events(event("likes tea"), event("lives by the sea"), event(None, at=None))
    take_in(store, events=table)
    take_in(store, events=table)
    take_in(store, events=events())
    assert store._database.number("SELECT count(*) FROM events") == 3


def test_the_time_of_an_event_is_exact(store, events, event, take_in):
    at = datetime(2037, 3, 1, 7, 30, 0, 999_999, tzinfo=UTC)
    take_in(store, events=events(event("x", at=at)))
    (kept,) = store._database.rows("SELECT epoch_us(make_timestamp(at_us)), at_us % 1000000 FROM events")
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=kept[0]) == at
    assert kept[1] == 999_999


def test_what_fails_on_the_way_leaves_nothing(store, batch, take_in, notices):
    take_in(store, batch("a", 3))

    def half_way():
        with store.importing(read_from="b.zip", forms=["made"], program="p") as incoming:
            incoming.messages(batch("b", 5))
            incoming.notices(notices("x"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half_way()
    assert n_turns(store) == 3
    assert store.sources() == ("made.zip",)
    assert store.notices().num_rows == 0
    assert take_in(store, batch("b", 5)).n_added == 5, "the store goes on after a failure"


def test_a_table_that_breaks_its_contract_is_refused_and_nothing_is_kept(store, batch, take_in):
    wrong = batch("a", 3).drop_columns(["model"])
    with pytest.raises(SchemaError, match="does not have the columns"):
        take_in(store, batch("b", 2), wrong)
    assert n_turns(store) == 0


def test_a_role_that_nobody_knows_is_refused(store, row, batch, take_in):
    with pytest.raises(SchemaError) as caught:
        take_in(store, batch([row("a", 0, role="narrator")]))
    assert str(caught.value).splitlines()[1:] == [
        "  got   narrator",
        "  have  person, ai, system, tool",
        "  do    use the words of the vocabulary",
    ]


def test_roles_come_out_right_whatever_order_a_batch_names_them_in(store, row, batch, take_in):
    for place, role in enumerate(reversed(ROLES)):
        take_in(store, batch([row("a", place, role=role)]))
    turns = pa.Table.from_batches(list(store.turns()))
    assert [ROLES[code] for code in turns["role"].to_pylist()] == list(reversed(ROLES))


def test_conversations_of_the_same_name_are_apart_for_each_relationship(store, row, batch, take_in):
    rows = [row("a", 0), row("a", 0, person_id="mira", message_id=hashed("mira's"))]
    take_in(store, batch(rows))
    threads = pa.Table.from_batches(list(store.turns()))["thread_id"].to_pylist()
    assert len(set(threads)) == 2


def test_what_an_import_says_of_itself():
    made = Imported(n_read=3, n_added=2)
    assert (made.n_read, made.n_added) == (3, 2)
    with pytest.raises(AttributeError):
        made.n_read = 4


def test_only_the_latest_notices_of_each_source_are_given(store, batch, take_in, notices):
    take_in(store, read_from="a.zip", notices=notices("old"))
    take_in(store, read_from="b.zip", notices=notices("other", "more of it"))
    take_in(store, read_from="a.zip", notices=notices("new"))
    assert [(found["what"], found["n"]) for found in store.notices().to_pylist()] == [
        ("more of it", 2),
        ("other", 1),
        ("new", 1),
    ]
    assert store.sources() == ("a.zip", "b.zip")


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 30), max_size=6), doubled=st.booleans())
def test_any_split_into_batches_and_imports_keeps_the_same(cuts, doubled):
    rows = [_row(place) for place in range(30)]
    whole = pa.RecordBatch.from_pylist(rows, schema=MESSAGES)
    with Store() as once, Store() as often:
        with once.importing(read_from="x", forms=[], program="p") as incoming:
            incoming.messages(whole)
        for start, end in pairwise([0, *sorted(cuts), 30]):
            with often.importing(read_from="x", forms=[], program="p") as incoming:
                incoming.messages(whole.slice(max(start - 5, 0) if doubled else start, end - start))
                incoming.messages(whole.slice(start, end - start))
        assert pa.Table.from_batches(list(once.turns())).equals(pa.Table.from_batches(list(often.turns())))


def _row(place):
    person = f"person {place % 3}"
    return {
        "relationship_id": hashed(person),
        "person_id": person,
        "ai_id": "Lumen",
        "conversation_id": str(place % 4),
        "message_id": hashed(str(place)),
        "source_id": str(place),
        "parent_id": None,
        "position": place,
        "role": ROLES[place % 4],
        "sent_at": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=place % 7),
        "sent_at_is": "stated",
        "text": "a b c"[: place % 6],
        "on_path": place % 5 > 0,
        "model": None,
        "source": "made",
        "rating": 0.5 if place % 6 == 0 else None,
        "extra": None,
    }
