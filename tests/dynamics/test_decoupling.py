"""Wanting against liking: what is read, what is refused, what fakes it, and a fast version of the recovery."""

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

from attunement.dynamics.decoupling import estimate_decoupling
from attunement.dynamics.decoupling_guards import BURN_IN, LAST, guarded, without_shared
from attunement.dynamics.decoupling_slopes import MIN_WEEKS, slopes_of
from attunement.dynamics.decoupling_weeks import Weeks, weeks_of
from attunement.errors import SchemaError
from attunement.statistics.nulls import sign_independence
from attunement.vocabulary import PANEL, SESSIONS, Missing, Rung

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "decoupling.py"
MAIN = "sessions~rating"


@pytest.fixture(scope="module")
def benchmark():
    """The simulation of the benchmark, so that tests and benchmark know one truth."""
    spec = importlib.util.spec_from_file_location("decoupling_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def some(benchmark):
    """500 people, two in ten of whom want it more and like it less."""
    return benchmark.simulate(np.random.default_rng(4), benchmark.Truth(some=0.3, n_units=500))


def of(estimates, measure, number=None):
    return next((one for one in estimates if one.measure == measure and one.relationship_id == number), None)


def grid(**columns):
    """Weeks of one unit or more, each column units x weeks."""
    first = next(iter(columns.values()))
    n, w = np.shape(first)
    flat = {name: np.asarray(value, dtype=float).reshape(-1) for name, value in columns.items()}
    return Weeks(
        np.arange(n, dtype=np.uint64),
        np.arange(n) * w,
        np.tile(np.arange(w), n),
        flat,
        {name: np.full(n * w, 5.0) for name in flat},
    )


def everything(weeks):
    return np.ones(len(weeks.week), dtype=bool)


# -- what is read ------------------------------------------------------------------------------------------------------


def test_silent_weeks_count_as_weeks_without_sessions(benchmark):
    counts = np.array([[2, 0, 1]])
    nobody = {"rating": (np.full((1, 3), 0.5), counts)}
    panel, sessions = benchmark._tables(np.random.default_rng(0), np.array([0]), counts, nobody)
    weeks = weeks_of(panel, sessions)
    np.testing.assert_allclose(weeks.value["sessions"] ** 2, [2.375, 0.375, 1.375])
    assert np.isnan(weeks.value["rating"][1])
    np.testing.assert_allclose(weeks.value["rating"][[0, 2]], 0.5)


def test_shorter_silences_are_more_wanting(benchmark):
    counts = np.array([[1, 1, 7]])
    panel, sessions = benchmark._tables(
        np.random.default_rng(0), np.array([0]), counts, {"rating": (counts / 9, counts)}
    )
    gap = weeks_of(panel, sessions).value["gap"]
    assert np.isnan(gap[0])
    assert gap[2] > gap[1]


def test_weeks_of_another_time_zone_fall_on_the_same_weeks(benchmark):
    counts = np.full((3, 9), 2)
    panel, sessions = benchmark._tables(
        np.random.default_rng(0), np.zeros(3, int), counts, {"rating": (counts / 9, counts)}
    )
    moved = panel.set_column(
        1,
        PANEL.field("period_start"),
        pa.array(
            [at - timedelta(hours=9) for at in panel["period_start"].to_pylist()], PANEL.field("period_start").type
        ),
    )
    np.testing.assert_array_equal(weeks_of(moved, sessions).value["rating"], weeks_of(panel, sessions).value["rating"])


# -- slopes ------------------------------------------------------------------------------------------------------------


def test_a_slope_is_the_change_in_four_weeks_in_ones_own_ups_and_downs():
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((400, 30))
    found = slopes_of(weeks := grid(rating=noise + 0.1 * np.arange(30)), "rating", everything(weeks))
    assert found.value.mean() == pytest.approx(0.4, abs=0.02)
    twice = slopes_of(weeks := grid(rating=7 * (noise + 0.1 * np.arange(30)) + 3), "rating", everything(weeks))
    np.testing.assert_allclose(twice.value, found.value, rtol=1e-9)


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.5])
def test_errors_of_slopes_know_of_memory(memory):
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((600, 24))
    for t in range(1, 24):
        noise[:, t] = memory * noise[:, t - 1] + np.sqrt(1 - memory**2) * noise[:, t]
    found = slopes_of(weeks := grid(rating=noise), "rating", everything(weeks))
    assert np.std(found.value / np.sqrt(found.variance)) == pytest.approx(1.0, abs=0.12)


def test_few_weeks_and_series_that_stand_still_have_no_slope():
    values = np.random.default_rng(1).standard_normal((3, 12))
    values[1, MIN_WEEKS - 1 :] = np.nan
    values[2] = 0.7
    found = slopes_of(weeks := grid(rating=values), "rating", everything(weeks))
    assert found.known.tolist() == [True, False, False]


def test_what_errors_share_is_taken_out_and_what_people_share_stays():
    rng = np.random.default_rng(8)
    shared = rng.standard_normal((500, 20))
    noise = [shared + 0.7 * rng.standard_normal((500, 20)), -shared + 0.7 * rng.standard_normal((500, 20))]
    true = rng.standard_normal((500, 1)) * 0.05
    week = np.arange(20)

    def correlation(trends):
        weeks = grid(wanting=noise[0] + trends[0] * week, liking=noise[1] + trends[1] * week)
        wanting, liking = (slopes_of(weeks, one, everything(weeks)) for one in ("wanting", "liking"))
        return [np.corrcoef(wanting.value, one)[0, 1] for one in (liking.value, without_shared(weeks, wanting, liking))]

    raw, free = correlation((true, rng.permutation(true)))
    assert raw < -0.2
    assert abs(free) < 0.1
    assert correlation((true, -true))[1] < -0.3


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_words_of_one_reading_are_not_set_against_each_other(benchmark):
    truth = benchmark.Truth(n_units=60)
    drawn = benchmark.simulate(np.random.default_rng(0), truth)
    both = []
    for name in ("rate.user.separation", "rate.user.need_met"):
        number = drawn.panel.schema.get_field_index("measure")
        word = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(drawn.panel), np.int8)), pa.array([name]))
        both.append(drawn.panel.set_column(number, PANEL.field("measure"), word))
    panel = pa.concat_tables(both).unify_dictionaries()
    refused = of(estimate_decoupling(panel, drawn.sessions), "decoupling.excess.user.separation~user.need_met")
    assert refused.value is Missing.NOT_IDENTIFIED
    assert "one annotator" in refused.method
    readings = {"rate.user.separation": "rules", "rate.user.need_met": "a model"}
    told = of(estimate_decoupling(panel, drawn.sessions, readings=readings), refused.measure)
    assert not isinstance(told.value, Missing)


def test_one_person_is_refused_in_words(benchmark):
    drawn = benchmark.simulate(np.random.default_rng(0), benchmark.Truth(n_units=1))
    found = estimate_decoupling(drawn.panel, drawn.sessions)
    assert {one.value for one in found} == {Missing.TOO_FEW, Missing.NOT_RECORDED}
    assert all("; needed: " in one.method for one in found)


def test_no_sessions_and_wrong_tables():
    empty = estimate_decoupling(PANEL.empty_table(), SESSIONS.empty_table())
    assert all(isinstance(one.value, Missing) for one in empty)
    with pytest.raises(SchemaError):
        estimate_decoupling(SESSIONS.empty_table(), SESSIONS.empty_table())


def test_few_people_get_slopes_but_no_probability(benchmark):
    drawn = benchmark.simulate(np.random.default_rng(2), benchmark.Truth(n_units=80))
    own = [one for one in estimate_decoupling(drawn.panel, drawn.sessions) if one.relationship_id is not None]
    assert {one.value for one in own if one.measure.startswith("decoupling.apart.")} == {Missing.TOO_FEW}
    assert any(isinstance(one.value, float) for one in own if one.measure == "decoupling.liking.rating")


# -- what is told ------------------------------------------------------------------------------------------------------


def test_it_is_found_where_it_is(some):
    found = estimate_decoupling(some.panel, some.sessions)
    excess = of(found, f"decoupling.excess.{MAIN}")
    assert excess.null.p < 0.01
    assert excess.low > 0
    assert excess.rung is Rung.ASSOCIATION
    shares = [
        of(found, f"decoupling.{kind}.{MAIN}").value for kind in ("apart", "both_up", "both_down", "liking_alone")
    ]
    assert sum(shares) == pytest.approx(100)
    assert shares[0] == max(shares)
    assert of(found, "decoupling.wanting.sessions").value > 0 > of(found, "decoupling.liking.rating").value


def test_those_who_are_surest_are_so(some):
    found = estimate_decoupling(some.panel, some.sessions)
    own = [one for one in found if one.measure == f"decoupling.apart.{MAIN}" and one.relationship_id is not None]
    own.sort(key=lambda one: -one.value)
    hit = [some.slopes[one.relationship_id - 1, 0] > 0 > some.slopes[one.relationship_id - 1, 1] for one in own]
    assert np.mean(hit[:50]) > 0.9
    assert all(0 <= one.reliability <= 1 for one in own)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_rows_and_people_does_not_matter(benchmark, seed):
    drawn = benchmark.simulate(np.random.default_rng(9), benchmark.Truth(n_units=60, n_weeks=16))
    rng = np.random.default_rng(seed)
    panel = drawn.panel.take(pa.array(rng.permutation(len(drawn.panel))))
    owner = drawn.sessions["relationship_id"].to_numpy()
    order = np.argsort(rng.permutation(61)[owner.astype(int)], kind="stable")
    again = estimate_decoupling(panel, drawn.sessions.take(pa.array(order)))
    for one in estimate_decoupling(drawn.panel, drawn.sessions):
        twin = of(again, one.measure, one.relationship_id)
        assert twin.value == (one.value if isinstance(one.value, Missing) else pytest.approx(one.value, abs=1e-9))


def test_an_announced_end_is_left_out(benchmark):
    truth = benchmark.Truth(n_units=200, end=6.0)
    drawn = benchmark.simulate(np.random.default_rng(3), truth)
    end = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(weeks=truth.n_weeks - 4)
    weeks = weeks_of(drawn.panel, drawn.sessions)
    late, early = (guarded(weeks, "sessions", "rating", announced_end=when, level=0.95) for when in (None, end))
    assert np.nanmean(late.wanting.value) > np.nanmean(early.wanting.value) + 0.2
    assert (early.wanting.pull[weeks.week >= weeks.week.max() - 3] == 0).all()


# -- recovery: a fast version of benchmarks/recovery/decoupling.py -------------------------------------------------------


@pytest.mark.parametrize("world", ["memory .5", "shared", "announced end, strong", "crisis start, strong", "drop-out"])
def test_nothing_is_found_where_signs_are_independent(benchmark, world):
    truth = replace(benchmark.WORLDS[world], n_units=120)
    rng = np.random.default_rng([1, len(world)])
    found = []
    for _ in range(8):
        drawn = benchmark.simulate(rng, truth)
        weeks = weeks_of(drawn.panel, drawn.sessions)
        found.append(guarded(weeks, "sessions", "rating", announced_end=None, level=0.95).p <= 0.05)
    assert sum(found) <= 2


def test_shared_weeks_would_fake_it(benchmark):
    """What the correction is for: raw signs are taken for decoupling where bad weeks bring people back."""
    drawn = benchmark.simulate(np.random.default_rng(6), replace(benchmark.WORLDS["shared, memory .5"], n_units=1000))
    found = guarded(weeks_of(drawn.panel, drawn.sessions), "sessions", "rating", announced_end=None, level=0.95)
    assert sign_independence(found.wanting.value, found.liking.value).p < 0.001
    assert found.by_guard["all weeks"] > 0.01


def test_the_first_and_last_weeks_are_seen_by_no_slope(some):
    weeks = weeks_of(some.panel, some.sessions)
    found = guarded(weeks, "sessions", "rating", announced_end=None, level=0.95)
    outside = (weeks.place < BURN_IN) | (weeks.left < LAST)
    assert (found.wanting.pull[outside] == 0).all()
    assert (found.wanting.pull[~outside] != 0).mean() > 0.5
