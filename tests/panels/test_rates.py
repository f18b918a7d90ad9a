"""How often constructs are seen, against a slow reference, in any split, with every reason for what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attunement.errors import OptionError, SchemaError
from attunement.panels import find_sessions, measure_rates
from attunement.vocabulary import PANEL, PERIODS, SESSIONS, TURNS, Missing, check

STEPS = [timedelta(0), timedelta(seconds=1), timedelta(minutes=30), timedelta(minutes=31), timedelta(days=3)]
REASONS = [Missing.UNSURE.value, Missing.UNREADABLE.value, Missing.OTHER_LANGUAGE.value]


@st.composite
def some_talk(draw, slow):
    """Turns, and for each some annotations: relationships without stated times and turns without any among them."""
    turns, annotated = [], []
    for owner in sorted(draw(st.sets(st.integers(1, 2**64 - 1), max_size=3))):
        at = slow.START
        has_times = draw(st.integers(0, 4)) > 0
        for place in range(draw(st.integers(1, 10))):
            at += draw(st.sampled_from(STEPS))
            kind = draw(st.sampled_from(["stated", "stated", "inferred", "none"]))
            turns.append(
                slow.turn(
                    owner,
                    "a",
                    place,
                    None if kind == "none" else at,
                    is_stated=has_times and kind == "stated",
                    role=place % 2,
                )
            )
    turns = slow.in_order(turns)
    for turn in turns:
        for construct in draw(st.sets(st.sampled_from(["ai.x", "ai.y", "user.z"]))):
            missing = draw(st.sampled_from([None, None, *REASONS]))
            annotated.append(
                {
                    "relationship_id": turn["relationship_id"],
                    "sent_at": turn["sent_at"],
                    "message_id": turn["message_id"],
                    "construct": construct,
                    "probability": None if missing else draw(st.sampled_from([0.0, 0.25, 1.0])),
                    "missing": missing,
                }
            )
    return turns, annotated


def in_sessions(slow, turns):
    return pa.Table.from_batches(list(find_sessions(slow.batches(turns, TURNS))), schema=SESSIONS)


def panel(slow, annotated, table, cuts=(), zone=None):
    found = list(measure_rates(slow.batches(annotated, slow.ANNOTATED, cuts), table, time_zone=zone))
    for batch in found:
        check(batch, PANEL, stage="test")
    return [row for batch in found for row in batch.to_pylist()]


def as_found(rows, period):
    found = {}
    for row in rows:
        if row["period"] == period:
            key = (row["relationship_id"], row["period_start"], row["measure"])
            assert key not in found, f"{key} stands twice"
            found[key] = (row["value"], row["se"], row["n"], row["exposure"], row["missing"])
    return found


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(),
    zone=st.sampled_from([None, "Europe/Vienna", "America/Sao_Paulo"]),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_any_annotations_in_any_split_give_what_the_slow_way_gives(slow, data, zone, cuts):
    turns, annotated = data.draw(some_talk(slow))
    table = in_sessions(slow, turns)
    found = panel(slow, annotated, table, cuts, zone)
    for period in PERIODS:
        expected = slow.rates(annotated, table.to_pylist(), period, zone)
        same = as_found(found, period)
        assert set(same) == set(expected)
        for key, (*numbers, missing) in expected.items():
            assert same[key][-1] == missing
            for one, other in zip(same[key][:-1], numbers, strict=True):
                assert one == (None if other is None else pytest.approx(other, abs=1e-9))


def annotation(slow, minute, probability, *, owner=7, construct="ai.x", missing=None):
    return {
        "relationship_id": owner,
        "sent_at": None if minute is None else slow.START + timedelta(minutes=minute),
        "message_id": 1,
        "construct": construct,
        "probability": probability,
        "missing": missing,
    }


def two_sessions(slow, owner=7):
    turns = [slow.turn(owner, "a", at, slow.START + timedelta(minutes=at), role=1) for at in (0, 10, 100, 105)]
    return in_sessions(slow, turns)


def of_sessions(rows):
    return [row for row in rows if row["period"] == "session"]


def test_a_rate_is_the_mean_probability_in_hundred(slow):
    annotated = [annotation(slow, at, p) for at, p in ((0, 1.0), (10, 0.5), (100, 0.0), (105, 0.0))]
    first, second = of_sessions(panel(slow, annotated, two_sessions(slow)))
    assert (first["value"], first["n"], first["exposure"], first["measure"]) == (75.0, 2, 10.0, "rate.ai.x")
    assert (second["value"], second["n"], second["exposure"]) == (0.0, 2, 5.0)
    assert 0 < second["se"] < 50, "that nothing was seen in two messages is not known without error"


def test_what_could_not_be_read_is_not_counted_as_nothing_seen(slow):
    annotated = [
        annotation(slow, 0, 1.0),
        annotation(slow, 10, None, missing="unreadable"),
        annotation(slow, 100, None, missing="unsure"),
        annotation(slow, 103, None, missing="other_language"),
        annotation(slow, 105, None, missing="other_language"),
    ]
    first, second = of_sessions(panel(slow, annotated, two_sessions(slow)))
    assert (first["value"], first["n"], first["missing"]) == (100.0, 1, None)
    assert (second["value"], second["se"], second["n"]) == (None, None, 0)
    assert second["missing"] == "other_language", "the most frequent reason"


@pytest.mark.parametrize("reason", list(Missing))
def test_every_reason_reaches_the_panel(slow, reason):
    found = panel(slow, [annotation(slow, 0, None, missing=reason.value)], two_sessions(slow))
    assert {row["missing"] for row in found} == {reason.value}


def test_relationships_without_sessions_have_no_rates(slow):
    annotated = [annotation(slow, 0, 1.0, owner=owner) for owner in (1, 7, 9)]
    found = panel(slow, annotated, two_sessions(slow))
    assert {row["relationship_id"] for row in found} == {7}
    assert panel(slow, annotated, SESSIONS.empty_table()) == []


def test_messages_without_a_time_are_in_no_session(slow):
    assert panel(slow, [annotation(slow, None, 1.0)], two_sessions(slow)) == []
    found = panel(slow, [annotation(slow, 0, 0.0), annotation(slow, None, 1.0)], two_sessions(slow))
    assert {row["n"] for row in found} == {1}


def test_a_message_before_the_first_session_joins_it(slow):
    (row,) = of_sessions(panel(slow, [annotation(slow, -500, 1.0)], two_sessions(slow)))
    assert row["period_start"] == slow.START


def test_days_and_weeks_are_those_of_the_person(slow):
    at = datetime(2026, 1, 11, 23, 30, tzinfo=UTC)  # a Sunday; in Vienna it is Monday already
    table = in_sessions(slow, [slow.turn(7, "a", 0, at)])
    annotated = [annotation(slow, 0, 1.0) | {"sent_at": at}]
    starts = {row["period"]: row["period_start"] for row in panel(slow, annotated, table, zone="Europe/Vienna")}
    assert starts == {
        "session": at,
        "day": datetime(2026, 1, 11, 23, tzinfo=UTC),
        "week": datetime(2026, 1, 11, 23, tzinfo=UTC),
    }


def test_nothing_gives_nothing(slow):
    assert panel(slow, [], two_sessions(slow)) == []
    assert list(measure_rates([], SESSIONS.empty_table())) == []


def test_bad_options_and_tables_are_refused_before_anything_is_read(slow):
    with pytest.raises(OptionError, match="there is no such time zone"):
        measure_rates(iter([]), SESSIONS.empty_table(), time_zone="Europe/Wien")
    with pytest.raises(SchemaError, match="panels: a table does not have the columns"):
        measure_rates(iter([]), SESSIONS.empty_table().drop_columns(["session"]))
