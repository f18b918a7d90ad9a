"""Breaks: dates out of logs, what stands higher after them, what is found unasked, and a fast version of the recovery."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.dynamics.breaks import estimate_breaks
from attunement.dynamics.breaks_dates import DATES, check_dates, given_dates, outage_dates, release_dates
from attunement.dynamics.breaks_known import Broken, study
from attunement.dynamics.breaks_rows import Line, jumps, line_of
from attunement.dynamics.breaks_scan import MIN_ROWS, own_jumps, scan_each, settled, weekly_means
from attunement.errors import SchemaError
from attunement.statistics.refusals import Refused
from attunement.vocabulary import PANEL, SESSIONS, Missing, Rung

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "breaks.py"
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
SCORE = {"score": "session"}


@pytest.fixture(scope="module")
def benchmark():
    """The simulation of the benchmark, so that tests and benchmark know one truth."""
    spec = importlib.util.spec_from_file_location("breaks_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def of(estimates, measure, number=None):
    return next((one for one in estimates if one.measure == measure and one.relationship_id == number), None)


def line(values, *, at=None, half=0.0):
    """A line of units that have as many rows each, a day apart."""
    values = np.asarray(values, dtype=float)
    n, rows = values.shape
    days = np.tile(np.arange(rows, dtype=float), n) if at is None else np.asarray(at, dtype=float).reshape(-1)
    return Line(np.arange(n, dtype=np.uint64), np.arange(n) * rows, days, values.reshape(-1), np.ones(n * rows), half)


def sessions(days):
    started = pa.array([MONDAY + timedelta(days=float(day)) for day in days], pa.timestamp("us", tz="UTC"))
    return pa.table(
        {one.name: started if one.name == "started_at" else pa.nulls(len(days), one.type) for one in SESSIONS}
    )


# -- dates out of logs -------------------------------------------------------------------------------------------------


def changes(rows):
    names = ("relationship_id", "at", "model_before", "model_after", "is_new", "is_final", "n_before", "n_after")
    kinds = {"relationship_id": pa.uint64(), "at": pa.timestamp("us", tz="UTC")}
    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    return pa.table({name: pa.array(list(one), kinds.get(name)) for name, one in zip(names, columns, strict=True)})


def test_only_models_that_took_over_for_good_make_a_date():
    day = [MONDAY + timedelta(days=number) for number in range(4)]
    table = changes(
        [
            (1, day[0], "a", "b", True, False, 9, 9),
            (1, day[1], "b", "c", True, True, 9, 9),
            (1, day[2], "c", "d", True, True, 9, 9),
            (2, day[3], "a", "b", True, True, 9, 2),
            (3, day[3], "a", "b", True, True, 9, 9),
        ]
    )
    found = release_dates(table)
    check_dates(found)
    assert found.select(["event", "relationship_id", "at"]).to_pylist() == [
        {"event": "release", "relationship_id": 1, "at": day[1]},
        {"event": "release", "relationship_id": 3, "at": day[3]},
    ]


def test_a_change_that_came_to_many_is_an_event_of_its_own():
    many = [(number, MONDAY, "a", "b", True, True, 9, 9) for number in range(1, 25)]
    few = [(number, MONDAY, "a", "c", True, True, 9, 9) for number in range(30, 35)]
    found = release_dates(changes(many + few)).column("event").to_pylist()
    assert found.count("release") == 29
    assert found.count("release.a to b") == 24
    assert "release.a to c" not in found


def test_no_changes_make_no_dates():
    assert release_dates(changes([(1, MONDAY, "a", "b", False, True, 9, 9)])).num_rows == 0


def test_an_outage_is_found_at_its_hours_and_nights_are_none():
    rng = np.random.default_rng(2)
    days = np.sort(rng.uniform(0, 120, 60_000))
    days = days[rng.random(len(days)) < (1 - 0.95 * np.cos(2 * np.pi * days)) / 2]
    assert outage_dates(sessions(days)).num_rows == 0
    out = (days > 60.5) & (days < 60.9)
    (found,) = outage_dates(sessions(days[~out])).to_pylist()
    assert abs(found["at"] - MONDAY - timedelta(days=60.5)) < timedelta(hours=2)
    assert abs(found["until"] - MONDAY - timedelta(days=60.9)) < timedelta(hours=2)
    assert found["relationship_id"] is None


@pytest.mark.parametrize("seed", range(4))
def test_a_log_that_fills_and_empties_has_no_outage_at_its_ends(seed):
    """People who begin within two weeks and stop one after the other leave quiet hours that are nobody's fault."""
    rng = np.random.default_rng(seed)
    begin, length = rng.uniform(0, 12, 230), rng.uniform(30, 60, 230)
    days = np.sort((begin[:, None] + length[:, None] * rng.random((230, 30))).reshape(-1))
    assert outage_dates(sessions(days)).num_rows == 0
    out = (days > 30.2) & (days < 30.8)
    assert outage_dates(sessions(days[~out])).num_rows == 1


def test_few_sessions_have_no_outage():
    assert outage_dates(sessions([])).num_rows == 0
    assert outage_dates(sessions([0.1, 40.0, 90.0])).num_rows == 0


def test_a_table_of_other_columns_is_no_table_of_dates():
    with pytest.raises(SchemaError, match="dates"):
        check_dates(pa.table({"event": ["x"]}))


# -- at known dates ----------------------------------------------------------------------------------------------------


def test_a_jump_is_the_mean_after_less_that_before_within_the_window():
    values = np.zeros((1, 100))
    values[0, 50:] = 2.0
    values[0, :12] = 99.0
    at = np.array([50.0])
    np.testing.assert_allclose(jumps(line(values), at, at, np.array([0.0, -10.0]), 28.0)[0], [2.0, 2 * 18 / 28])
    assert np.isnan(jumps(line(values), at, at, np.array([60.0]), 28.0)).all()
    assert np.isnan(jumps(line(values), np.array([np.nan]), at, np.array([0.0]), 28.0)).all()


def test_while_an_outage_lasts_belongs_to_neither_side():
    values = np.zeros((1, 100))
    values[0, 50:55] = 50.0
    values[0, 55:] = 1.0
    assert jumps(line(values), np.array([50.0]), np.array([55.0]), np.zeros(1), 28.0)[0, 0] == pytest.approx(1.0)


def test_a_week_that_a_date_lies_in_belongs_to_neither_side():
    values = np.repeat([[0.0, 5.0, 1.0]], [6, 1, 6], axis=1)
    weeks = line(values, at=7 * np.arange(13) + 3.5, half=3.5)
    at = np.array([45.0])
    assert jumps(weeks, at, at, np.zeros(1), 28.0)[0, 0] == pytest.approx(1.0)


def test_many_who_share_a_date_do_not_make_its_news_surer():
    """Weeks move all: by relationship and week the errors are far too small, by dates of no event they are not."""
    rng = np.random.default_rng(7)
    rejected = []
    for _ in range(40):
        news = np.repeat(0.5 * rng.standard_normal(52), 7)
        values = news + rng.standard_normal((80, 364))
        at = np.full(80, 180.0)
        found = study(line(values), at, at, level=0.95)
        assert isinstance(found, Broken)
        naive = found.own.mean() / (found.own.std(ddof=1) / np.sqrt(80))
        rejected.append([found.jump.p <= 0.05, abs(naive) > 1.96])
    ours, by_people = np.mean(rejected, axis=0)
    assert ours <= 0.15
    assert by_people > 0.5


def test_a_trend_is_no_break():
    rng = np.random.default_rng(1)
    values = np.arange(364) / 100 + rng.standard_normal((60, 364))
    at = rng.uniform(120, 280, 60)
    found = study(line(values), at, at, level=0.95)
    assert found.usual == pytest.approx(0.28, abs=0.05)
    assert found.jump.low < 0 < found.jump.high


def test_too_few_people_and_too_short_a_log_are_refused_in_words():
    values = np.random.default_rng(0).standard_normal((30, 60))
    at = np.full(30, 30.0)
    short = study(line(values), at, at, level=0.95)
    assert isinstance(short, Refused)
    assert short.reason is Missing.NOT_IDENTIFIED
    few = study(line(values[:5]), at[:5], at[:5], level=0.95)
    assert isinstance(few, Refused)
    assert few.reason is Missing.TOO_FEW


def test_what_began_before_the_date_is_seen_before_it(benchmark):
    drawn = benchmark.simulate(np.random.default_rng(3), benchmark.Truth(before=0.8, staggered=True))
    found = estimate_breaks(
        drawn.panel, benchmark._dates(drawn), rng=np.random.default_rng(0), measures=SCORE, search=False
    )
    assert of(found, "break.early.score@given").null.p <= 0.05


# -- at unknown times --------------------------------------------------------------------------------------------------


def test_one_relationship_that_breaks_is_found_and_dated():
    rng = np.random.default_rng(4)
    values = rng.standard_normal((3, 120))
    values[1, 70:] += 2.0
    found = scan_each(line(values), rng=rng, n_draws=199)
    assert found.p[1] <= 0.01
    assert abs(found.when[1] - 69.5) <= 3
    assert found.p[[0, 2]].min() > 0.01


def test_jumps_are_read_off_sessions_that_did_not_choose_the_cut():
    """Where nothing breaks they are as often up as down, and not larger than their errors say."""
    rng = np.random.default_rng(6)
    value, variance = own_jumps(line(rng.standard_normal((400, 96))))
    assert abs(value.mean()) < 0.06
    assert np.mean(value**2 / variance) < 1.3


def test_all_relationships_stand_above_their_own_level_by_the_weekly_means():
    rng = np.random.default_rng(2)
    shock = np.repeat(rng.standard_normal(20), 7)
    values = shock + 9 * np.arange(30)[:, None] + 0.1 * rng.standard_normal((30, 140))
    week, mean = weekly_means(line(values, at=np.tile(np.arange(140.0) + 4, 30)))
    assert len(week) == 20
    np.testing.assert_allclose(mean - mean.mean(), shock[::7] - shock.mean(), atol=0.1)


def test_the_first_four_weeks_are_not_searched():
    values = np.ones((2, 100))
    late = settled(line(values))
    assert late.size.tolist() == [72, 72]
    assert late.at.min() == 28


# -- the whole way -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("staggered", [False, True])
def test_a_jump_is_found_with_its_size(benchmark, staggered):
    truth = benchmark.Truth(jump=0.8, staggered=staggered)
    drawn = benchmark.simulate(np.random.default_rng(5), truth)
    found = estimate_breaks(
        drawn.panel, benchmark._dates(drawn), rng=np.random.default_rng(0), measures=SCORE, search=False
    )
    jump = of(found, "break.known.score@given")
    assert jump.null.p <= 0.05
    assert jump.low <= 0.8 <= jump.high
    assert jump.rung is Rung.ASSOCIATION
    own = [one for one in found if one.relationship_id is not None]
    covered = [one.low <= drawn.jumps[one.relationship_id - 1] <= one.high for one in own]
    assert np.mean(covered) > 0.9
    assert all(0 < one.reliability < 1 for one in own)


def test_the_search_finds_a_day_that_nobody_named(benchmark):
    drawn = benchmark.simulate(np.random.default_rng(5), benchmark.Truth(jump=0.8, n_units=100))
    found = estimate_breaks(drawn.panel, rng=np.random.default_rng(0), measures=SCORE, n_draws=99)
    jump, when = of(found, "break.unknown.score"), of(found, "break.when.score")
    assert jump.null.p <= 0.05
    assert jump.low <= 0.8 <= jump.high
    assert abs(when.value - benchmark.START - drawn.at[0]) < 14


def test_a_short_relationship_is_told_what_it_lacks(benchmark):
    drawn = benchmark.simulate(np.random.default_rng(5), benchmark.Truth(n_units=1, n_weeks=10))
    found = estimate_breaks(drawn.panel, rng=np.random.default_rng(0), measures=SCORE)
    assert {one.value for one in found} == {Missing.TOO_FEW}
    assert f"needed: {MIN_ROWS}" in of(found, "break.unknown.score", 1).method


def test_a_measure_that_nobody_read_is_refused(benchmark):
    drawn = benchmark.simulate(np.random.default_rng(5), benchmark.Truth(n_units=3, n_weeks=10))
    dates = given_dates("spring", MONDAY)
    found = estimate_breaks(drawn.panel, dates, rng=np.random.default_rng(0), measures={"rate.x": "session"})
    assert of(found, "break.known.rate.x@spring").value is Missing.NO_ANNOTATOR
    assert estimate_breaks(PANEL.empty_table(), dates, rng=np.random.default_rng(0)) == []


def test_own_dates_come_before_the_date_of_all_and_the_first_of_many(benchmark):
    drawn = benchmark.simulate(np.random.default_rng(5), benchmark.Truth(n_units=40))
    late, early = (MONDAY + timedelta(days=day) for day in (250, 200))
    own = pa.Table.from_pylist(
        [
            {"event": "e", "relationship_id": number, "at": at, "until": None}
            for number in range(1, 41)
            for at in (late, early)
        ],
        schema=DATES,
    )
    measures = {"score": "session"}
    one, same = (
        estimate_breaks(drawn.panel, dates, rng=np.random.default_rng(0), measures=measures, search=False)
        for dates in (own, given_dates("e", early))
    )
    assert of(one, "break.known.score@e") == of(same, "break.known.score@e")


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100))
def test_the_order_of_rows_does_not_matter_and_scale_only_scales(benchmark, seed, scale):
    drawn = benchmark.simulate(np.random.default_rng(8), benchmark.Truth(n_units=40, jump=0.5))
    panel = drawn.panel.take(pa.array(np.random.default_rng(seed).permutation(len(drawn.panel))))
    panel = panel.set_column(4, PANEL.field("value"), pa.array(panel["value"].to_numpy() * scale))
    dates = benchmark._dates(drawn)
    first, again = (
        estimate_breaks(one, dates, rng=np.random.default_rng(0), measures=SCORE, search=False)
        for one in (drawn.panel, panel)
    )
    for one in first:
        twin = of(again, one.measure, one.relationship_id)
        assert twin.value == pytest.approx(scale * one.value, rel=1e-6, abs=1e-9)
        if one.null is not None:
            assert twin.null.p == pytest.approx(one.null.p, rel=1e-6)


# -- recovery: a fast version of benchmarks/recovery/breaks.py -----------------------------------------------------------


@pytest.mark.parametrize("world", ["memory .5", "weeks with memory", "heavy", "trend", "low start", "bounded"])
def test_dates_of_nothing_stay_quiet(benchmark, world):
    rng = np.random.default_rng([3, len(world)])
    found = []
    for number in range(12):
        truth = replace(benchmark.NONE[world], n_units=60, staggered=number % 2 == 1)
        drawn = benchmark.simulate(rng, truth)
        rows = line_of(drawn.panel, "score", "session")
        at = benchmark.START + drawn.at[(rows.relationship - 1).astype(int)]
        found.append(study(rows, at, at, level=0.95).jump.p <= 0.05)
    assert sum(found) <= 3
