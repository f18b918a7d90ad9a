"""Use by day and week against a slow reference, in zones whose clocks leap, with silent weeks, in any split."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.errors import OptionError
from attunement.panels import measure_usage
from attunement.panels.usage import MEASURES
from attunement.vocabulary import PANEL, SESSIONS, check

ZONES = [None, "UTC", "Europe/Vienna", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu"]
STARTS = [
    datetime(2018, 10, 28, 20, 0, tzinfo=UTC),  # Europe falls back, Brazil leaps at midnight a week later
    datetime(2018, 2, 16, 20, 0, tzinfo=UTC),  # Brazil falls back at midnight
    datetime(2011, 12, 27, 3, 0, tzinfo=UTC),  # Samoa leaves out the 30th of December
    datetime(2026, 3, 27, 22, 0, tzinfo=UTC),  # Europe leaps
]
STEPS = [timedelta(minutes=40), timedelta(hours=5), timedelta(hours=23), timedelta(days=3), timedelta(days=25)]


def session(owner, number, started_at, minutes, *, ended_before=None, **changes):
    row = {
        "relationship_id": owner,
        "session": number,
        "started_at": started_at,
        "ended_at": started_at + timedelta(minutes=minutes),
        "n_messages": 5,
        "n_person": 3,
        "n_ai": 2,
        "words_person": 30,
        "words_ai": 200,
        "n_conversations": 1,
        "n_off_path": 0,
        "n_regenerations": 0,
        "n_unanswered": 0,
        "n_rated": 0,
        "sum_rating": 0.0,
        "started_by": "person",
        "gap_minutes": None if ended_before is None else (started_at - ended_before) / timedelta(minutes=1),
    }
    assert not set(changes) - set(row)
    return row | changes


@st.composite
def some_sessions(draw):
    rows = []
    for owner in sorted(draw(st.sets(st.integers(1, 2**64 - 1), max_size=4))):
        at, ended = draw(st.sampled_from(STARTS)), None
        for number in range(draw(st.integers(1, 12))):
            minutes = draw(st.integers(0, 600))
            n_ai, n_rated = draw(st.integers(0, 4)), draw(st.integers(0, 2))
            rows.append(
                session(
                    owner,
                    number,
                    at,
                    minutes,
                    ended_before=ended,
                    n_ai=n_ai,
                    n_regenerations=draw(st.integers(0, n_ai)),
                    n_unanswered=draw(st.integers(0, 1)),
                    n_rated=n_rated,
                    sum_rating=0.5 * n_rated,
                    started_by=draw(st.sampled_from(["person", "ai", None])),
                )
            )
            ended = rows[-1]["ended_at"]
            at = ended + draw(st.sampled_from(STEPS))
    return rows


def panel(slow, rows, zone, cuts=(), periods=("day", "week")):
    found = list(measure_usage(slow.batches(rows, SESSIONS, cuts), time_zone=zone, periods=periods))
    for batch in found:
        check(batch, PANEL, stage="test")
    return [row for batch in found for row in batch.to_pylist()]


def as_found(rows, period):
    found = {}
    for row in rows:
        if row["period"] == period:
            key = (row["relationship_id"], row["period_start"], row["measure"])
            assert key not in found, f"{key} stands twice"
            assert row["se"] is None
            assert row["missing"] is None
            found[key] = (row["value"], row["n"], row["exposure"])
    return found


@settings(max_examples=100, deadline=None)
@given(data=st.data(), zone=st.sampled_from(ZONES), cuts=st.lists(st.integers(0, 48), max_size=6))
def test_any_sessions_in_any_split_give_what_the_slow_way_gives(slow, data, zone, cuts):
    rows = data.draw(some_sessions())
    found = panel(slow, rows, zone, cuts)
    for period in ("day", "week"):
        expected = slow.usage(rows, period, zone)
        assert as_found(found, period) == {key: pytest.approx(value) for key, value in expected.items()}


def test_weeks_of_silence_are_zeros_and_days_of_silence_are_no_rows(slow):
    monday = datetime(2026, 1, 5, 12, tzinfo=UTC)
    rows = [session(7, 0, monday, 30), session(7, 1, monday + timedelta(weeks=3), 10, ended_before=monday)]
    found = panel(slow, rows, None)
    weeks = [row for row in found if row["period"] == "week"]
    minutes = [(row["value"], row["n"], row["exposure"]) for row in weeks if row["measure"] == "minutes"]
    assert minutes == [(30, 1, 30), (0, 0, 0), (0, 0, 0), (10, 1, 10)]
    silent = {row["measure"]: row["value"] for row in weeks if row["period_start"].day == 12}
    assert silent == dict.fromkeys(
        [
            "sessions",
            "messages_person",
            "messages_ai",
            "words_person",
            "words_ai",
            "minutes",
            "unanswered",
            "active_days",
        ],
        0.0,
    ), "counts are zero; means of nothing are not there"
    assert len({row["period_start"] for row in found if row["period"] == "day"}) == 2


def test_a_day_that_begins_with_a_leap_of_the_clock_begins_after_it(slow):
    zone = "America/Sao_Paulo"  # on 4 November 2018 midnight was followed by one o'clock
    rows = [session(7, 0, datetime(2018, 11, 4, 15, tzinfo=UTC), 10)]
    days = {row["period_start"] for row in panel(slow, rows, zone, periods=("day",))}
    assert days == {datetime(2018, 11, 4, 3, tzinfo=UTC)}


def test_a_day_that_never_was_splits_no_week(slow):
    zone = "Pacific/Apia"  # 29 December 2011 was followed by the 31st
    rows = [
        session(7, number, datetime(2011, 12, 27, 12, tzinfo=UTC) + timedelta(days=number), 10) for number in range(5)
    ]
    found = panel(slow, rows, zone)
    weeks = {row["period_start"] for row in found if row["period"] == "week"}
    (active,) = [row["value"] for row in found if row["measure"] == "active_days" and row["n"] == 5]
    assert len(weeks) == 1
    assert active == 5


@pytest.mark.parametrize(
    ("hour", "minute", "minutes", "is_night"),
    [(23, 0, 59, 0), (23, 30, 31, 1), (0, 0, 1, 1), (4, 59, 1, 1), (5, 0, 60, 0), (22, 0, 600, 1), (12, 0, 5, 0)],
)
def test_a_session_is_at_night_by_the_clock_of_the_person(slow, hour, minute, minutes, is_night):
    local = timedelta(hours=hour, minutes=minute) - timedelta(hours=2)  # Vienna in summer
    rows = [session(7, 0, datetime(2026, 7, 6, tzinfo=UTC) + local, minutes)]
    found = panel(slow, rows, "Europe/Vienna", periods=("week",))
    assert [row["value"] for row in found if row["measure"] == "night_share"] == [is_night]


def test_nights_are_not_measured_without_a_zone(slow):
    rows = [session(7, 0, datetime(2026, 7, 6, 1, tzinfo=UTC), 9, n_rated=1, sum_rating=1.0, n_regenerations=1)]
    measures = {row["measure"] for row in panel(slow, rows, None, periods=("week",))}
    assert "night_share" not in measures
    with_zone = panel(slow, [*rows, session(7, 1, rows[0]["ended_at"], 1, ended_before=rows[0]["ended_at"])], "UTC")
    assert {row["measure"] for row in with_zone} == set(MEASURES)


def test_a_session_belongs_to_the_day_and_week_on_which_it_starts(slow):
    sunday_night = datetime(2026, 1, 11, 23, 30, tzinfo=UTC)
    rows = panel(slow, [session(7, 0, sunday_night, 90)], None)
    assert {(row["period"], row["period_start"]) for row in rows} == {
        ("day", datetime(2026, 1, 11, tzinfo=UTC)),
        ("week", datetime(2026, 1, 5, tzinfo=UTC)),
    }
    assert {row["value"] for row in rows if row["measure"] == "minutes"} == {90}


def test_who_starts_is_read_by_the_word_and_not_by_its_place_in_a_dictionary(slow):
    at = datetime(2026, 1, 7, tzinfo=UTC)
    rows = [session(7, 0, at, 5, started_by="ai"), session(7, 1, at, 5, started_by="person")]
    for some, share in ((rows, 0.5), (rows[:1], 0.0), (rows[1:], 1.0), (rows[::-1], 0.5)):
        found = panel(slow, some, None, periods=("day",))
        assert [row["value"] for row in found if row["measure"] == "started_by_person"] == [share]


@pytest.mark.parametrize("zone", ["Europe/Wien", "", "Mars/Olympus", "../etc/passwd", "a\0b"])
def test_a_zone_that_is_none_is_refused_before_anything_is_read(zone):
    with pytest.raises(OptionError) as caught:
        measure_usage(iter([]), time_zone=zone)
    assert caught.value.what == "there is no such time zone"
    assert caught.value.got == zone


@pytest.mark.parametrize("n_batches", [0, 2])
def test_nothing_gives_nothing(n_batches):
    empty = pa.RecordBatch.from_pylist([], schema=SESSIONS)
    assert list(measure_usage([empty] * n_batches, time_zone="Europe/Vienna")) == []
