"""Estimates from small panels made by hand: what they say, and that too little is refused and never NaN."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.dynamics.amounts import MEASURES, MIN_WEEKS, estimate_amounts
from attunement.dynamics.amounts import METHOD as AMOUNTS
from attunement.dynamics.change import MIN_FOR_NULL, MIN_SESSIONS, estimate_changes
from attunement.dynamics.change import MIN_WEEKS as MIN_WEEKS_OF_CHANGE
from attunement.dynamics.habits import HABITS, estimate_habits
from attunement.dynamics.habits import MIN_WEEKS as MIN_WEEKS_OF_HABITS
from attunement.dynamics.shares import MIN_MESSAGES, estimate_shares
from attunement.dynamics.shares import MIN_SESSIONS as MIN_SESSIONS_OF_SHARES
from attunement.errors import SchemaError
from attunement.vocabulary import PANEL, Missing, Rung

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
KINDS = [estimate_amounts, estimate_changes, estimate_habits, estimate_shares]


def cells(measure, values, *, owner=7, period="week", n=10):
    """One row a value, in time; None is a period in which nothing could be read."""
    step = timedelta(weeks=1) if period == "week" else timedelta(hours=30)
    return [
        {
            "relationship_id": owner,
            "period_start": MONDAY + place * step,
            "period": period,
            "measure": measure,
            "value": value,
            "se": None,
            "n": 0 if value is None else n,
            "exposure": 20.0,
            "missing": "unreadable" if value is None else None,
        }
        for place, value in enumerate(values)
    ]


def panel(*rows):
    return pa.Table.from_pylist([row for some in rows for row in some], schema=PANEL)


def sound(estimate):
    """What holds for every estimate: no NaN, a value with an interval or the reason why not, and how it was made."""
    for number in (estimate.value, estimate.low, estimate.high):
        assert isinstance(number, Missing) or math.isfinite(number)
    assert isinstance(estimate.low, Missing) == isinstance(estimate.high, Missing)
    if isinstance(estimate.value, Missing):
        assert isinstance(estimate.low, Missing)
    elif not isinstance(estimate.low, Missing):
        assert estimate.low <= estimate.value <= estimate.high
    assert estimate.n >= 0
    assert estimate.n_of
    assert estimate.rung is Rung.DESCRIBED
    assert estimate.method


# -- amounts -----------------------------------------------------------------------------------------------------------


def test_an_amount_is_the_mean_over_all_weeks_with_silent_ones():
    (found,) = estimate_amounts(panel(cells("minutes", [60.0, 0.0, 30.0, 30.0])))
    sound(found)
    assert (found.measure, found.relationship_id, found.value) == ("weekly.minutes", 7, 30.0)
    assert (found.n, found.n_of, found.unit, found.level) == (4, "weeks", "minutes a week", 0.95)
    assert found.method == AMOUNTS
    assert found.null is None
    half = 3.182446 * math.sqrt(600 / 4)
    assert (found.low, found.high) == (0.0, pytest.approx(30 + half)), "time is not below zero"


def test_fewer_weeks_than_the_minimum_have_a_mean_and_no_interval():
    for n in range(1, MIN_WEEKS + 2):
        (found,) = estimate_amounts(panel(cells("sessions", [2.0] * n)))
        sound(found)
        assert found.value == 2.0
        assert isinstance(found.low, Missing) == (n < MIN_WEEKS)


def test_amounts_of_all_measures_and_relationships_and_of_nothing_else():
    rows = [
        cells(measure, [1.0] * 5, owner=owner)
        for measure in [*MEASURES, "words_ai", "rate.ai.x"]
        for owner in (2**64 - 1, 3)
    ]
    found = estimate_amounts(panel(*rows, cells("minutes", [9.0] * 5, period="day", owner=3)))
    assert {(one.relationship_id, one.measure) for one in found} == {
        (owner, f"weekly.{measure}") for owner in (3, 2**64 - 1) for measure in MEASURES
    }
    assert {one.value for one in found} == {1.0}


# -- habits ------------------------------------------------------------------------------------------------------------


def test_a_habit_is_a_share_of_all_sessions_together():
    rows = cells("started_by_person", [1.0] * 4, n=1) + [
        row | {"period_start": row["period_start"] + timedelta(days=90)}
        for row in cells("started_by_person", [0.5] * 4, n=4)
    ]
    (found,) = estimate_habits(panel(rows))
    sound(found)
    assert (found.measure, found.value, found.n) == ("share.started_by_person", pytest.approx(60.0), 20)
    assert (found.n_of, found.unit) == ("sessions in 8 weeks", "of 100 sessions")
    assert 0 < found.low < 60 < found.high < 100


def test_habits_of_all_kinds_and_of_nothing_else():
    rows = [cells(measure, [0.1] * 5) for measure in [*HABITS, "rating", "minutes"]]
    found = estimate_habits(panel(*rows, cells("night_share", [0.9] * 5, period="day")))
    assert {one.measure: one.value for one in found} == {f"share.{name}": pytest.approx(10.0) for name in HABITS}


def test_a_habit_of_few_weeks_has_no_interval():
    for n in range(1, MIN_WEEKS_OF_HABITS + 2):
        (found,) = estimate_habits(panel(cells("night_share", [0.2] * n, n=5)))
        sound(found)
        assert found.value == pytest.approx(20.0)
        assert isinstance(found.low, Missing) == (n < MIN_WEEKS_OF_HABITS)
        assert found.n_of == ("sessions in 1 week" if n == 1 else f"sessions in {n} weeks")


def test_more_versions_than_replies_are_no_more_than_all():
    (found,) = estimate_habits(panel(cells("regenerations_per_reply", [3.0] * 6)))
    sound(found)
    assert (found.value, found.high) == (100.0, 100.0)


# -- shares ------------------------------------------------------------------------------------------------------------


def test_a_share_is_that_of_all_messages_together():
    rows = cells("rate.ai.x", [50.0] * 5, period="session", n=2) + [
        row | {"period_start": row["period_start"] + timedelta(days=90)}
        for row in cells("rate.ai.x", [0.0] * 5, period="session", n=8)
    ]
    (found,) = estimate_shares(panel(rows))
    sound(found)
    assert (found.measure, found.value, found.n) == ("rate.ai.x", pytest.approx(10.0), 50)
    assert (found.n_of, found.unit) == ("readable messages in 10 sessions", "per 100 messages")
    assert 0 < found.low < 10 < found.high < 100


@pytest.mark.parametrize(
    ("n_sessions", "n_each", "n_of"),
    [
        (MIN_SESSIONS_OF_SHARES - 1, 50, "readable messages in 4 sessions"),
        (MIN_SESSIONS_OF_SHARES, 3, "readable messages in 5 sessions"),
        (1, 1, "readable message in 1 session"),
    ],
)
def test_a_share_of_too_little_is_refused(n_sessions, n_each, n_of):
    (found,) = estimate_shares(panel(cells("rate.ai.x", [10.0] * n_sessions, period="session", n=n_each)))
    sound(found)
    assert (found.value, found.low, found.high) == (Missing.TOO_FEW,) * 3
    assert (found.n, found.n_of) == (n_sessions * n_each, n_of)


def test_a_share_of_just_enough_is_given():
    (found,) = estimate_shares(
        panel(cells("rate.ai.x", [0.0] * MIN_SESSIONS_OF_SHARES, period="session", n=MIN_MESSAGES // 5))
    )
    sound(found)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high > 10


def test_sessions_in_which_nothing_could_be_read_count_for_nothing():
    readable = cells("rate.ai.x", [20.0] * 6, period="session")
    with_holes = cells("rate.ai.x", [20.0, None, 20.0, 20.0, None, None, 20.0, 20.0, 20.0], period="session")
    assert estimate_shares(panel(readable)) == estimate_shares(panel(with_holes))
    assert estimate_shares(panel(cells("rate.ai.x", [None] * 9, period="session"))) == []


# -- changes -----------------------------------------------------------------------------------------------------------


def test_a_change_of_a_construct_is_in_hundred_messages():
    values = [5.0, 10.0] * 12 + [30.0, 40.0] * 12
    (found,) = estimate_changes(panel(cells("rate.ai.x", values, period="session", n=20)))
    sound(found)
    assert (found.measure, found.value, found.unit) == ("change.rate.ai.x", pytest.approx(27.5), "per 100 messages")
    assert 0 < found.low < found.high
    assert (found.n, found.n_of, found.null.p) == (48, "sessions", pytest.approx(2 / 48))


def test_a_change_of_minutes_is_in_minutes():
    (found,) = estimate_changes(panel(cells("minutes", [100.0, 90.0, 110.0, 100.0, 40.0, 50.0, 60.0, 50.0])))
    sound(found)
    assert (found.measure, found.value, found.unit) == ("change.minutes", -50.0, "minutes a week")
    assert found.high < 0
    assert found.null.p is Missing.TOO_FEW, "with so few weeks chance can always do as much"


def test_changes_are_refused_below_their_minima():
    for n in range(2, MIN_SESSIONS + 2):
        (found,) = estimate_changes(panel(cells("rate.ai.x", [10.0, 20.0] * n, period="session")[:n]), level=0.8)
        sound(found)
        assert (found.value is Missing.TOO_FEW) == (n < MIN_SESSIONS)
        assert found.level == 0.8
    for n in range(1, MIN_WEEKS_OF_CHANGE + 2):
        (found,) = estimate_changes(panel(cells("minutes", [10.0, 20.0] * n)[:n]))
        sound(found)
        assert (found.value is Missing.TOO_FEW) == (n < MIN_WEEKS_OF_CHANGE)
        assert found.null.p is Missing.TOO_FEW


def test_the_null_is_told_from_forty_on():
    for n in (MIN_FOR_NULL - 1, MIN_FOR_NULL):
        (found,) = estimate_changes(panel(cells("rate.ai.x", [10.0, 30.0, 20.0] * 20, period="session")[:n]))
        assert isinstance(found.null.p, Missing) == (n < MIN_FOR_NULL)
        assert found.null.statement == "the halves would differ as much wherever the series was cut"


def test_long_and_short_series_beside_each_other_do_not_mix():
    long, short = [10.0] * 20 + [50.0] * 20, [10.0] * 3
    rows = [
        cells("rate.ai.x", some, period="session", owner=owner) for owner, some in ((1, short), (2, long), (3, short))
    ]
    alone = estimate_changes(panel(rows[1]))
    together = {one.relationship_id: one for one in estimate_changes(panel(*rows))}
    assert together[2] == alone[0]
    assert {owner for owner, one in together.items() if one.value is Missing.TOO_FEW} == {1, 3}


# -- all of them -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_panel_gives_nothing(kind):
    assert kind(PANEL.empty_table()) == []
    assert kind(panel(cells("gap_hours", [0.5] * 9), cells("rate.ai.x", [1.0] * 9, period="day"))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_panel_that_breaks_its_contract_is_refused(kind):
    with pytest.raises(SchemaError, match="dynamics: a table does not have the columns"):
        kind(PANEL.empty_table().drop_columns(["se"]))


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_whatever_the_panel_estimates_are_sound_and_do_not_hang_on_the_order_of_its_rows(data):
    numbers = st.sampled_from([0.0, 0.0, 100.0, 33.0, None])
    rows = []
    for owner in data.draw(st.sets(st.integers(1, 2**64 - 1), max_size=3)):
        for measure in ("rate.ai.x", "rate.user.y"):
            values = data.draw(st.lists(numbers, max_size=45))
            rows += cells(measure, values, owner=owner, period="session", n=data.draw(st.integers(1, 9)))
        rows += cells("minutes", data.draw(st.lists(st.floats(0, 1e4), max_size=45)), owner=owner)
        rows += cells("night_share", data.draw(st.lists(st.floats(0, 1), max_size=9)), owner=owner)
    shuffled = data.draw(st.permutations(rows)) if len(rows) < 30 else rows[::-1]
    for kind in KINDS:
        found = kind(panel(rows))
        for one in found:
            sound(one)
        key = {(one.relationship_id, one.measure) for one in found}
        assert len(key) == len(found), "one estimate each"
        assert {key_of(one): one for one in found} == {key_of(one): one for one in kind(panel(shuffled))}


def key_of(estimate):
    return estimate.relationship_id, estimate.measure
