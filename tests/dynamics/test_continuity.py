"""Continuity from small tables made by hand, against chance simulated elsewhere, and whatever way people are sorted."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.dynamics.continuity import MIN_GAPS, MIN_WEEKS, corrected_burstiness, estimate_continuity
from attunement.errors import SchemaError
from attunement.vocabulary import PANEL, RELATIONSHIPS, SESSIONS, Missing, Rung

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
NO_PANEL = PANEL.empty_table()


def sessions(owner, days, *, threads=1):
    rows = []
    for number, day in enumerate(days):
        start = MONDAY + timedelta(days=float(day))
        row = {field.name: 1 for field in SESSIONS}
        row |= {
            "relationship_id": owner,
            "session": number,
            "started_at": start,
            "ended_at": start + timedelta(minutes=12),
            "n_conversations": threads,
            "sum_rating": 0.0,
            "started_by": "person",
            "gap_minutes": None if number == 0 else 60.0,
        }
        rows.append(row)
    return rows


def table(*rows):
    return pa.Table.from_pylist([row for some in rows for row in some], schema=SESSIONS)


def weeks(owner, counts):
    return [
        {
            "relationship_id": owner,
            "period_start": MONDAY + timedelta(weeks=place),
            "period": "week",
            "measure": "sessions",
            "value": float(count),
            "se": None,
            "n": count,
            "exposure": 1.0,
            "missing": None,
        }
        for place, count in enumerate(counts)
    ]


def people(**n_conversations):
    rows = [
        {field.name: None if field.nullable else ("x" if field.type == pa.string() else 0) for field in RELATIONSHIPS}
        | {"relationship_id": int(name[1:]), "n_conversations": n}
        for name, n in n_conversations.items()
    ]
    return pa.Table.from_pylist(rows, schema=RELATIONSHIPS)


def found(in_sessions, panel=NO_PANEL, *, seed=1, **options):
    made = estimate_continuity(panel, in_sessions, rng=np.random.default_rng(seed), **options)
    return {(one.relationship_id, one.measure.removeprefix("continuity.")): one for one in made}


def test_span_and_silence_are_counted():
    some = found(table(sessions(3, [0, 1, 4, 10, 10.5])))
    assert some[3, "span"].value == pytest.approx(10.5 + 12 / 1440)
    assert (some[3, "span"].n, some[3, "span"].n_of, some[3, "span"].unit) == (5, "sessions", "days")
    silence = some[3, "longest_silence"]
    assert (silence.value, silence.n) == (pytest.approx(6.0), 4)
    assert silence.null.p is Missing.TOO_FEW, "four returns are nothing to hold against chance"
    for one in some.values():
        assert one.rung is Rung.DESCRIBED
        assert one.method
        if not isinstance(one.value, Missing):
            assert one.low == one.value == one.high, "a count of all there is has no error"


def test_one_session_has_a_span_and_no_returns():
    some = found(table(sessions(3, [0])))
    assert some[3, "span"].value == pytest.approx(12 / 1440)
    assert (some[3, "burstiness"].value, some[3, "burstiness"].n) == (Missing.TOO_FEW, 0)
    assert (3, "longest_silence") not in some


def test_no_sessions_give_nothing():
    assert estimate_continuity(NO_PANEL, SESSIONS.empty_table(), rng=np.random.default_rng(1)) == []


def test_a_wrong_table_is_refused():
    with pytest.raises(SchemaError, match="dynamics"):
        estimate_continuity(NO_PANEL, NO_PANEL, rng=np.random.default_rng(1))


def test_a_clockwork_and_bursts_are_told_from_chance():
    rng = np.random.default_rng(5)
    bursts = np.cumsum(np.where(np.arange(40) % 8 == 0, 20.0, 0.1))
    chance = np.cumsum(rng.exponential(1.0, 40))
    some = found(table(sessions(1, np.arange(40.0)), sessions(2, bursts), sessions(3, chance)))
    clock, burst, random = (some[one, "burstiness"] for one in (1, 2, 3))
    assert clock.value == pytest.approx(-1.0)
    assert clock.null.p < 0.01
    assert burst.value > 0.3
    assert burst.null.p < 0.01
    assert abs(random.value) < 0.25
    assert random.null.p > 0.05


def test_too_few_returns_have_no_regularity():
    some = found(table(sessions(1, np.arange(MIN_GAPS)), sessions(2, np.arange(MIN_GAPS + 1.0))))
    assert some[1, "burstiness"].value is Missing.TOO_FEW
    assert some[1, "burstiness"].null.p is Missing.TOO_FEW
    assert some[2, "burstiness"].n == MIN_GAPS


@pytest.mark.parametrize("k", [12, 40])
def test_random_returns_are_called_unusual_as_often_as_said(k):
    """400 relationships that return at random: about 20 below .05, for the burstiness and for the silence."""
    rng = np.random.default_rng(k)
    at = np.cumsum(rng.exponential(1.0, (400, k + 1)), axis=1)
    some = found(table(*(sessions(owner, days) for owner, days in enumerate(at, start=1))))
    for name in ("burstiness", "longest_silence"):
        share = np.mean([some[owner, name].null.p <= 0.05 for owner in range(1, 401)])
        assert 0.02 < share < 0.085, name
    assert np.mean([some[owner, "burstiness"].value for owner in range(1, 401)]) == pytest.approx(0.0, abs=0.05)


def test_the_correction_runs_from_minus_one_to_one():
    k = np.array([12, 100])
    assert corrected_burstiness(np.zeros(2), k) == pytest.approx([-1.0, -1.0])
    assert corrected_burstiness(np.sqrt(k - 1.0), k) == pytest.approx([1.0, 1.0]), "all but one gap are nothing"
    assert corrected_burstiness(np.sqrt((k - 1) / (k + 1)), k) == pytest.approx([0.0, 0.0]), "random cuts of a span"


def test_weeks_with_contact_leave_the_first_and_the_last_out():
    panel = pa.Table.from_pylist([*weeks(1, [2, 0, 1, 0, 4, 1]), *weeks(2, [1, 1, 1])], schema=PANEL)
    some = found(table(sessions(1, [0, 40]), sessions(2, [0, 15])), panel)
    assert (some[1, "weeks_with_contact"].value, some[1, "weeks_with_contact"].n) == (50.0, MIN_WEEKS)
    assert (some[2, "weeks_with_contact"].value, some[2, "weeks_with_contact"].n) == (Missing.TOO_FEW, 1)


def test_what_is_taken_up_again_needs_the_number_of_conversations():
    made = table(sessions(1, [0, 1, 2, 3], threads=2), sessions(2, [0, 1]), sessions(3, [0, 1]))
    some = found(made, relationships=people(r1=6, r2=1, r3=5))
    assert some[1, "taken_up"].value == pytest.approx(25.0), "8 were open, 6 were opened"
    assert some[2, "taken_up"].value is Missing.NOT_RECORDED, "one endless thread is the product's doing"
    assert some[3, "taken_up"].value is Missing.NOT_RECORDED, "threads without times"
    assert found(made)[1, "taken_up"].value is Missing.NOT_RECORDED


@settings(max_examples=25, deadline=None)
@given(
    gaps=st.lists(st.lists(st.floats(0.05, 30), min_size=1, max_size=20), min_size=1, max_size=4),
    stretch=st.floats(0.2, 5),
)
def test_every_number_is_sound_and_the_unit_of_time_does_not_matter_for_regularity(gaps, stretch):
    made = [np.concatenate([[0.0], np.cumsum(some)]) for some in gaps]
    plain = found(table(*(sessions(owner, days) for owner, days in enumerate(made, start=1))))
    slow = found(table(*(sessions(owner, stretch * days) for owner, days in enumerate(made, start=1))))
    for key, one in plain.items():
        assert isinstance(one.value, Missing) or math.isfinite(one.value)
        if key[1] == "burstiness" and not isinstance(one.value, Missing):
            assert one.value == pytest.approx(slow[key].value, abs=1e-3)
            assert -1 <= one.value <= 1


def test_a_relationship_reads_the_same_alone_and_among_others():
    first, second = np.cumsum(np.full(20, 2.0)), np.cumsum(np.linspace(0.1, 3, 15))
    both = found(table(sessions(1, first), sessions(2, second)))
    alone = found(table(sessions(2, second)))
    for name in ("span", "burstiness", "longest_silence"):
        assert both[2, name].value == alone[2, name].value
