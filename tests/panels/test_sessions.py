"""Sessions against a slow reference, for any turns and any split; and the cases that definitions turn on."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attunement.errors import OptionError, SchemaError
from attunement.panels import find_sessions
from attunement.vocabulary import SESSIONS, TURNS, check

GAP = timedelta(minutes=30)
STEPS = [
    timedelta(0),
    timedelta(seconds=1),
    timedelta(minutes=29),
    GAP,
    GAP + timedelta(microseconds=1),
    timedelta(hours=3),
    timedelta(days=9),
]


@st.composite
def some_turns(draw, slow):
    """Turns of a few relationships. Of the answers to one message, at most one is on the path."""
    rows = []
    for owner in sorted(draw(st.sets(st.integers(1, 2**64 - 1), max_size=4))):
        at, taken = slow.START, set()
        for place in range(draw(st.integers(0, 14))):
            at += draw(st.sampled_from(STEPS))
            thread = draw(st.sampled_from("abc"))
            earlier = [row for row in rows if row["thread_id"] == slow.hashed(str(owner), thread)]
            parent = draw(st.sampled_from([None, *(row["message_id"] for row in earlier)]))
            on_path = draw(st.booleans()) and (parent is None or parent not in taken)
            if on_path and parent is not None:
                taken.add(parent)
            timed = draw(st.sampled_from(["stated", "stated", "stated", "inferred", "none"]))
            rows.append(
                slow.turn(
                    owner,
                    thread,
                    place,
                    None if timed == "none" else at,
                    is_stated=timed == "stated",
                    role=draw(st.sampled_from([0, 0, 1, 1, 2, 3])),
                    parent_id=parent,
                    on_path=on_path,
                    n_words=draw(st.integers(0, 5)),
                    rating=draw(st.sampled_from([None, None, 0.0, 1.0])),
                )
            )
    return slow.in_order(rows)


def as_rows(found):
    return [row for batch in found for row in batch.to_pylist()]


def made(slow, rows, cuts=(), gap_minutes=30.0):
    found = list(find_sessions(slow.batches(rows, TURNS, cuts), gap_minutes=gap_minutes))
    for batch in found:
        check(batch, SESSIONS, stage="test")
        assert batch.num_rows > 0
    return as_rows(found)


def close_to(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert {**one, "gap_minutes": 0} == {**other, "gap_minutes": 0}
        assert one["gap_minutes"] == pytest.approx(other["gap_minutes"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), cuts=st.lists(st.integers(0, 60), max_size=8))
def test_any_turns_in_any_split_give_what_the_slow_way_gives(slow, data, cuts):
    rows = data.draw(some_turns(slow))
    close_to(made(slow, rows, cuts), slow.sessions(rows, 30.0))


@settings(max_examples=60, deadline=None)
@given(data=st.data(), gap_minutes=st.sampled_from([0.5, 29.0, 180.0, 60.0 * 24 * 365]))
def test_any_gap(slow, data, gap_minutes):
    rows = data.draw(some_turns(slow))
    close_to(made(slow, rows, gap_minutes=gap_minutes), slow.sessions(rows, gap_minutes))


def talk(slow, *minutes, owner=7, thread="a", **changes):
    return [
        slow.turn(owner, thread, place, slow.START + timedelta(minutes=at), role=place % 2, **changes)
        for place, at in enumerate(minutes)
    ]


def test_a_silence_of_exactly_the_gap_does_not_end_a_session(slow):
    assert len(made(slow, talk(slow, 0, 30, 60))) == 1
    rows = talk(slow, 0, 30)
    rows[1]["sent_at"] += timedelta(microseconds=1)
    first, second = made(slow, rows)
    assert second["gap_minutes"] == pytest.approx(30.0)
    assert (first["session"], second["session"]) == (0, 1)


def test_a_talk_of_two_sessions_as_it_reads(slow):
    first, second = made(slow, talk(slow, 0, 1, 5, 100, 101, 102))
    assert (first["n_messages"], first["n_person"], first["n_ai"], first["started_by"]) == (3, 2, 1, "person")
    assert (second["n_messages"], second["n_person"], second["n_ai"], second["started_by"]) == (3, 1, 2, "ai")
    assert (first["words_person"], second["words_ai"], first["gap_minutes"], second["gap_minutes"]) == (6, 6, None, 95)
    assert (first["n_unanswered"], second["n_unanswered"]) == (0, 0)


def test_relationships_without_stated_times_have_no_sessions(slow):
    rows = [
        *talk(slow, 0, 5, owner=1),
        *talk(slow, 0, 5, 99, owner=2, is_stated=False),
        *[slow.turn(3, "a", place, None) for place in range(3)],
        *talk(slow, 0, 5, owner=4),
    ]
    assert [row["relationship_id"] for row in made(slow, slow.in_order(rows))] == [1, 4]


def test_inferred_times_never_open_or_stretch_a_session(slow):
    rows = talk(slow, 0, 10, 500, 900)
    for place in (0, 2):
        rows[place]["is_stated"] = False
    first, second = made(slow, rows)
    assert (first["started_at"], first["ended_at"]) == (slow.START + timedelta(minutes=10),) * 2
    assert (first["n_messages"], second["n_messages"]) == (3, 1)
    assert first["started_by"] == "person", "the message before the first stated one belongs to its session"


def test_instructions_of_the_product_open_nothing_and_count_for_nothing(slow):
    rows = [slow.turn(7, "a", "system", slow.START, role=slow.SYSTEM, rating=1.0), *talk(slow, 300, 301)]
    (row,) = made(slow, rows)
    assert (row["started_at"], row["n_messages"], row["n_rated"]) == (rows[1]["sent_at"], 2, 0)


def test_a_session_of_a_tool_alone_was_started_by_neither_side(slow):
    (row,) = made(slow, [slow.turn(7, "a", 0, slow.START, role=slow.TOOL)])
    assert (row["n_messages"], row["started_by"], row["n_conversations"]) == (0, None, 1)


def test_regenerated_answers_count_in_the_session_of_the_later_one(slow):
    question, *_ = rows = talk(slow, 0)
    for place, minute in enumerate((1, 2, 200), start=1):
        at = slow.START + timedelta(minutes=minute)
        rows.append(slow.turn(7, "a", place, at, role=1, parent_id=question["message_id"], on_path=minute == 200))
    first, second = made(slow, rows)
    assert (first["n_regenerations"], second["n_regenerations"]) == (1, 1)
    assert (first["n_off_path"], second["n_off_path"]) == (2, 0)
    assert (first["n_unanswered"], second["n_unanswered"]) == (0, 0)


def test_a_thread_that_ends_on_the_person_is_unanswered_where_it_ends(slow):
    rows = slow.in_order([*talk(slow, 0, 1, 2, thread="a"), *talk(slow, 1, 400, 401, thread="b")])
    first, second = made(slow, rows)
    assert (first["n_unanswered"], second["n_unanswered"]) == (1, 1)
    rows[-1]["on_path"] = False
    assert [row["n_unanswered"] for row in made(slow, rows)] == [1, 0]


def test_threads_that_are_open_at_once_are_one_session(slow):
    rows = slow.in_order([*talk(slow, 0, 20, 40, thread="a"), *talk(slow, 10, 30, thread="b")])
    (row,) = made(slow, rows)
    assert (row["n_conversations"], row["n_messages"]) == (2, 5)


def test_times_before_1970_are_times(slow):
    rows = talk(slow, 0, 1)
    for row in rows:
        row["sent_at"] -= timedelta(days=365 * 60)
    (row,) = made(slow, rows)
    assert (row["started_at"].year, row["n_messages"]) == (1966, 2)


def test_one_relationship_over_many_batches(slow):
    rows = talk(slow, *range(0, 4000, 20))
    cut_everywhere = made(slow, rows, cuts=range(len(rows)))
    assert cut_everywhere == made(slow, rows)
    assert len(cut_everywhere) == 1
    assert cut_everywhere[0]["n_messages"] == 200


def test_one_turn_is_a_session(slow):
    (row,) = made(slow, talk(slow, 0))
    assert (row["n_messages"], row["started_at"], row["n_unanswered"]) == (1, row["ended_at"], 1)


@pytest.mark.parametrize("n_batches", [0, 1, 3])
def test_nothing_gives_nothing(n_batches):
    assert list(find_sessions([pa.RecordBatch.from_pylist([], schema=TURNS)] * n_batches)) == []


@pytest.mark.parametrize("gap_minutes", [0, -1.0, float("nan"), float("inf")])
def test_a_gap_that_makes_no_sense_is_refused_before_anything_is_read(gap_minutes):
    with pytest.raises(OptionError, match="the gap between sessions makes no sense"):
        find_sessions(iter([]), gap_minutes=gap_minutes)


def test_a_table_that_breaks_its_contract_is_refused(slow):
    (batch,) = slow.batches(talk(slow, 0, 1), TURNS)
    with pytest.raises(SchemaError, match="panels: a table does not have the columns"):
        list(find_sessions([batch.drop_columns(["rating"])]))
