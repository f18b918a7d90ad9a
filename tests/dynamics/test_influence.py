"""Who goes before whom: the way from a panel to estimates, what is refused, and a fast version of the recovery."""

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
from scipy.linalg import expm

from attunement import codebook
from attunement.dynamics import influence, influence_fit
from attunement.dynamics.influence import MIN_RELATIONSHIPS, RAREST, estimate_influence
from attunement.dynamics.influence_calendar import CROWD, without_common
from attunement.dynamics.influence_fit import Fitted
from attunement.dynamics.influence_pairs import PAIRS, Pair, read_as_one
from attunement.dynamics.influence_screen import screen_influence
from attunement.dynamics.influence_series import (
    MIN_SESSIONS,
    Paired,
    error_groups,
    in_own_spread,
    long_enough,
    paired,
    share_moving,
)
from attunement.dynamics.influence_units import unit_effects
from attunement.dynamics.influence_yoked import STRATUM, Typical, yoked_p
from attunement.errors import SchemaError
from attunement.statistics.refusals import Refused
from attunement.vocabulary import PANEL, Missing, Rung

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "influence.py"
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
PAIR = Pair(ai="rate.ai.warmth", person="rate.user.need_met", reason="a test")


@pytest.fixture(scope="module")
def benchmark():
    """The simulation of the benchmark, so that tests and benchmark know one truth."""
    spec = importlib.util.spec_from_file_location("influence_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def cells(measure, owner, values, *, n=8, days=1.0):
    return [
        {
            "relationship_id": owner,
            "period_start": MONDAY + timedelta(days=days * place),
            "period": "session",
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


def both(owner, ai, person, **options):
    return [*cells(PAIR.ai, owner, ai, **options), *cells(PAIR.person, owner, person, **options)]


def estimates(made, **options):
    found = estimate_influence(made, rng=np.random.default_rng(3), pairs=[PAIR], n_draws=99, n_threads=1, **options)
    return {(one.relationship_id, one.measure.removeprefix(f"influence.{PAIR.key}.")): one for one in found}


def drawn(seed, n_units=60, n_sessions=30, *, pull=0.0, outside=0.0, shift=0.0):
    """Series on a common calendar, day by day; the AI's pulls the person's by `pull` a day later."""
    rng = np.random.default_rng(seed)
    values = np.zeros((n_units, n_sessions, 2))
    for t in range(1, n_sessions):
        new = rng.standard_normal((n_units, 2)) + outside * rng.standard_normal(2)
        values[:, t] = 0.5 * values[:, t - 1] + new
        values[:, t, 0] += pull * values[:, t - 1, 1]
    values[:, n_sessions // 2 :] += shift
    at = np.tile(np.arange(n_sessions) + 0.3, n_units) + np.repeat(0.4 * rng.random(n_units), n_sessions)
    flat = values.reshape(-1, 2)
    owner = np.arange(n_units)
    return Paired(owner, owner * n_sessions, at, flat, np.full(flat.shape, 8.0), np.full(flat.shape, np.nan))


# -- the questions -----------------------------------------------------------------------------------------------------


def test_the_questions_are_of_the_codebook_and_each_has_a_reason():
    book = codebook.load()
    assert len({pair.key for pair in PAIRS}) == len(PAIRS)
    for pair in PAIRS:
        ai, person = (book.construct(measure.removeprefix("rate.")) for measure in (pair.ai, pair.person))
        assert (ai.side, person.side) == ("ai", "user")
        assert ai.unit == person.unit == "turn", "judged together with the other side's words"
        assert pair.reason.endswith(".")
        assert read_as_one(pair, book, {}) == ""


def test_one_reading_of_both_is_known_by_its_name_or_by_the_codebook():
    book = codebook.load()
    assert "one reading (a)" in read_as_one(PAIR, book, {PAIR.ai: "a", PAIR.person: "a"})
    assert read_as_one(PAIR, book, {PAIR.ai: "a", PAIR.person: "b"}) == ""
    assert "person's words" in read_as_one(replace(PAIR, ai="rate.ai.understand"), book, {})
    assert read_as_one(replace(PAIR, ai="words_ai"), book, {}) == ""


# -- series ------------------------------------------------------------------------------------------------------------


def test_two_measures_are_joined_by_session_and_stand_as_angles():
    found = paired(panel(both(7, [50.0, None, 0.0], [25.0, 100.0, None])), PAIR)
    assert found.relationship.tolist() == [7]
    share = [(2 + 0.375) / 8.75, (8 + 0.375) / 8.75]
    assert found.values[:2, 0] == pytest.approx(np.arcsin(np.sqrt(share)))
    assert found.values[0, 1] == pytest.approx(np.arcsin(np.sqrt((4 + 0.375) / 8.75)))
    assert np.isnan(found.values[1, 1])
    assert np.isnan(found.values[2, 0])
    assert np.diff(found.at) == pytest.approx([1.0, 1.0])


def test_what_is_no_rate_is_taken_as_it_stands():
    other = replace(PAIR, person="words_person")
    made = panel(cells(PAIR.ai, 1, [50.0, 20.0]), cells("words_person", 1, [120.0, 80.0]))
    found = paired(made, other)
    assert found.values[:, 0].tolist() == [120.0, 80.0]
    assert np.isnan(found.seen[:, 0]).all()
    assert share_moving(found)[0] == 1.0
    assert set(error_groups(found, [(), ()])[:, 0].tolist()) == {0}


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(24)))
def test_the_order_of_rows_does_not_matter(order):
    rows = [*both(5, [10.0, 20, 30, 40], [1.0, 2, 3, 4]), *both(2, [50.0, 60, None, 80], [5.0, None, 7, 8])]
    rows += cells("rate.ai.control", 5, [1.0] * 8)
    sorted_, mixed = paired(panel(rows), PAIR), paired(panel([rows[place] for place in order]), PAIR)
    assert sorted_.relationship.tolist() == mixed.relationship.tolist() == [2, 5]
    np.testing.assert_array_equal(sorted_.values, mixed.values)
    np.testing.assert_array_equal(sorted_.at, mixed.at)


def test_long_enough_counts_sessions_in_which_both_were_read():
    whole, half = [1.0] * MIN_SESSIONS, [*([1.0] * (MIN_SESSIONS - 1)), None]
    found = paired(panel(both(1, whole, whole), both(2, whole, half)), PAIR)
    assert long_enough(found).tolist() == [True, False]
    kept = found.kept(long_enough(found))
    assert (kept.relationship.tolist(), len(kept.at), kept.starts.tolist()) == ([1], MIN_SESSIONS, [0])


def test_errors_are_grouped_by_size_of_session_and_by_version():
    found = paired(panel(both(1, [10.0] * 9, [10.0] * 9)), PAIR)
    sized = replace(found, n=np.repeat(np.array([[2.0, 5], [5, 5], [20, 5]]), 3, axis=0))
    assert error_groups(sized, [(), ()])[:, 0].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert len(set(error_groups(sized, [(), ()])[:, 1].tolist())) == 1
    changed = error_groups(sized, [(), (MONDAY + timedelta(days=4),)])[:, 1]
    assert (changed[:4] != changed[4:][:4]).all()
    assert len(set(changed.tolist())) == 2


@settings(max_examples=20, deadline=None)
@given(times=st.floats(0.01, 100), plus=st.floats(-10, 10))
def test_how_far_all_swing_does_not_matter_and_who_swings_farther_is_brought_near(times, plus):
    made = drawn(3, n_units=20)
    wider = replace(made, values=np.where(np.arange(len(made.at))[:, None] < 300, 3.0, 1.0) * made.values)
    one, other = in_own_spread(wider), in_own_spread(replace(wider, values=times * wider.values + plus))
    np.testing.assert_allclose(np.diff(one.values, axis=0)[:29], np.diff(other.values, axis=0)[:29], rtol=1e-6)
    by_unit = one.values[:, 0].reshape(20, 30).std(axis=1)
    assert by_unit[:10].mean() / by_unit[10:].mean() < 1.8
    assert by_unit[:10].mean() > by_unit[10:].mean(), "a spread of few sessions is not taken at its word"


# -- what all share ----------------------------------------------------------------------------------------------------


def test_a_day_that_moves_everybody_is_taken_out_and_nothing_else():
    moved, still = drawn(1, n_units=100, shift=2.0), drawn(1, n_units=100)
    without, period = without_common(moved)
    assert period == "day"
    by_day = without.values[:, 0].reshape(100, -1).mean(axis=0)
    assert np.abs(by_day - by_day.mean()).max() < 0.35
    same, _ = without_common(still)
    assert np.sqrt(np.mean((same.values - still.values) ** 2)) < 0.08, (
        "where nothing is shared, hardly anything is taken"
    )


def test_few_people_share_nothing_that_could_be_told():
    few = drawn(1, n_units=CROWD // 10)
    found, period = without_common(few)
    assert period == ""
    assert found is few


# -- shuffled partners -------------------------------------------------------------------------------------------------


def test_a_link_is_found_in_its_direction_and_partners_that_could_be_anybodys_are_not():
    typical = Typical(np.array([0.7, 0.71]), np.array([0.9, 0.9]))
    there, back = yoked_p(drawn(2, pull=0.3), typical, rng=np.random.default_rng(1), n_draws=199)
    assert there < 0.02
    assert back > 0.05
    p = [
        yoked_p(drawn(seed, n_units=2 * STRATUM), typical, rng=np.random.default_rng(seed), n_draws=39)
        for seed in range(30)
    ]
    assert np.mean(np.array(p) <= 0.05) < 0.15


# -- single relationships ----------------------------------------------------------------------------------------------


def unit(drift, **changes):
    given_ = {
        "covariance": np.zeros((len(drift), 4, 4)),
        "typical": np.array([-0.7, -0.4, 0.1, 0.1]),
        "typical_covariance": np.zeros((4, 4)),
        "spread": np.array([0.2, 0.2, 0.1, 0.1]),
        "innovation_sd": np.array([2.0, 0.5]),
        "scale": np.array([2.0, 0.5]),
        "horizon": 1.0,
    }
    return unit_effects(drift=drift, **(given_ | changes))


@settings(max_examples=50, deadline=None)
@given(rates=st.tuples(st.floats(-2, 1), st.floats(-2, 1)), there=st.floats(-0.1, 0.1), back=st.floats(-0.1, 0.1))
def test_effects_of_one_are_those_of_the_matrix_exponential(rates, there, back):
    theta = np.array([[*rates, 4 * there, back / 4]])
    matrix = np.array([[-np.exp(rates[0]), 4 * there], [back / 4, -np.exp(rates[1])]])
    found = unit(theta)
    assert found.value[0] == pytest.approx([expm(matrix)[0, 1] / 4, expm(matrix)[1, 0] * 4], abs=1e-8)
    assert found.reliability[0] == pytest.approx([1.0, 1.0])


def test_a_unit_of_which_nothing_is_known_has_no_reliability():
    prior = np.diag(np.array([0.2, 0.2, 0.1, 0.1]) ** 2)[None]
    error = np.diag([0.0, 0.0, 0.01, 0.01])
    typical = np.array([[-0.7, -0.4, 0.1, 0.1]])
    found = unit(typical, covariance=prior, typical_covariance=error)
    assert found.reliability[0] == pytest.approx([0.0, 0.0], abs=1e-6)
    known = unit(typical, covariance=prior / 4, typical_covariance=error)
    assert known.reliability[0] == pytest.approx([0.75, 0.75])
    assert (known.sd < found.sd).all()


# -- refusals ----------------------------------------------------------------------------------------------------------


def refusal(made, **options):
    found = estimates(made, **options)
    assert set(found) == {(None, f"{what}.day") for what in ("ai_before_person", "person_before_ai", "difference")}
    one = found[None, "ai_before_person.day"]
    assert one.rung is Rung.ASSOCIATION
    assert one.value is one.low is one.high
    what, _, do = one.method.partition("; needed: ")
    assert what
    assert do
    return one.value, one.n, what, do


def test_one_person_is_refused_with_what_would_do():
    long = list(np.random.default_rng(1).uniform(0, 100, 40))
    value, n, what, do = refusal(panel(both(1, long, long[::-1])))
    assert (value, n) == (Missing.TOO_FEW, 1)
    assert "1 relationship" in what
    assert f"{MIN_RELATIONSHIPS} relationships of at least {MIN_SESSIONS} sessions" in do


def test_what_nobody_looked_for_is_refused():
    value, _, what, _ = refusal(panel(cells(PAIR.ai, 1, [1.0, 2.0])))
    assert value is Missing.NO_ANNOTATOR
    assert what.startswith("user.need_met")
    assert refusal(PANEL.empty_table())[0] is Missing.NO_ANNOTATOR


def test_one_reading_is_refused():
    made = panel(both(1, [10.0, 20.0], [5.0, 2.0]))
    value, _, what, _ = refusal(made, readings={PAIR.ai: "one call", PAIR.person: "one call"})
    assert value is Missing.NOT_IDENTIFIED
    assert "one call" in what


def test_a_measure_that_hardly_ever_leaves_its_floor_is_refused(monkeypatch):
    monkeypatch.setattr(influence, "MIN_RELATIONSHIPS", 2)
    rng = np.random.default_rng(1)
    rare = [0.5] * 27 + [40.0, 0.5, 0.5]
    made = panel(*(both(owner, rare, list(rng.uniform(10, 90, 30))) for owner in (1, 2)))
    value, _, what, _ = refusal(made)
    assert value is Missing.NOT_IDENTIFIED
    assert "ai.warmth is seen, or not seen, in 3 of 100 sessions" in what
    always = [99.5 if one == 0.5 else one for one in rare]
    assert refusal(panel(*(both(owner, always, list(rng.uniform(10, 90, 30))) for owner in (1, 2))))[0] is value
    assert RAREST > 1 / 30


def test_without_numba_it_says_how_to_get_it(monkeypatch):
    import attunement.statistics as package

    for name in [name for name in sys.modules if name.startswith("attunement.statistics.state_space")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "attunement.statistics.compiling", raising=False)
    monkeypatch.delattr(package, "state_space", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    refused = influence_fit.fit_pair(
        drawn(1), [(), ()], rng=np.random.default_rng(1), n_draws=19, level=0.95, n_threads=1
    )
    assert isinstance(refused, Refused)
    assert refused.reason is Missing.NOT_INSTALLED
    assert 'pip install "attunement[longitudinal]"' in refused.do


def test_refusals_of_the_state_space_are_said_in_words_of_relationships():
    said = influence_fit.in_plain_words("the data cannot tell SD of effect 0<-1, log rate 1 from the rest")
    assert said == (
        "the data cannot tell how relationships differ in what follows the AI's measure, how fast the AI's measure comes"
        " back from the rest"
    )
    assert (
        influence_fit.in_plain_words("give more units, occasions closer") == "give more relationships, sessions closer"
    )


def test_a_panel_that_is_none_is_refused():
    with pytest.raises(SchemaError, match="dynamics"):
        estimate_influence(PANEL.empty_table().drop_columns(["se"]), rng=np.random.default_rng(1))


# -- many questions ----------------------------------------------------------------------------------------------------


def fitted(p, apart):
    three = np.tile([0.1, 0.0, 0.2], (3, 1))
    return Fitted(
        value=np.full((3, 2), 0.1),
        low=np.zeros((3, 2)),
        high=np.full((3, 2), 0.2),
        p=np.tile(p, (3, 1)),
        difference=three,
        difference_p=np.full(3, apart),
        peak=None,
        units=None,
        relationship=np.arange(5),
        n_sessions=np.full(5, 30),
        differ=False,
        common="day",
        level=0.95,
    )


def test_p_values_are_adjusted_over_the_questions_that_could_be_asked():
    gone = Refused(reason=Missing.TOO_FEW, what="few", do="more")
    answers = [
        influence._Answer(PAIRS[0], fitted([0.01, 0.5], 0.04), 5),
        influence._Answer(PAIRS[1], gone, 3),
        influence._Answer(PAIRS[2], fitted([0.02, 0.9], 0.6), 5),
    ]
    found = {one.measure: one for one in influence._estimates(answers, level=0.95)}
    first, third = (f"influence.{PAIRS[place].key}." for place in (0, 2))
    assert found[f"{first}ai_before_person.day"].null.p == pytest.approx(0.04), "4 questions, the best of them"
    assert found[f"{third}ai_before_person.day"].null.p == pytest.approx(0.04)
    assert found[f"{first}difference.day"].null.p == pytest.approx(0.08), "2 differences"
    assert "over 4" in found[f"{first}ai_before_person.day"].null.statement
    assert found[f"{first}peak_lag"].value is Missing.NOT_IDENTIFIED
    assert "one drift for all" in found[f"{first}ai_before_person.day"].method
    assert "share on a day" in found[f"{first}ai_before_person.day"].method


# -- the screen ---------------------------------------------------------------------------------------------------------


def regular(pull, *, n_units=40, days=1.0, jitter=0.0):
    made = drawn(4, n_units=n_units, n_sessions=40, pull=pull)
    share = 100 / (1 + np.exp(-made.values.reshape(n_units, 40, 2)))
    rng = np.random.default_rng(1)
    rows = []
    for owner in range(n_units):
        one = both(owner + 1, share[owner, :, 1].tolist(), share[owner, :, 0].tolist(), n=400, days=days)
        late = rng.exponential(jitter, 40) if jitter else np.zeros(40)
        for place, row in enumerate(one):
            row["period_start"] += timedelta(days=float(np.cumsum(late)[place % 40]))
        rows.append(one)
    return panel(*rows)


def test_regular_sessions_are_screened_without_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    found = {one.measure.split(".")[-2]: one for one in screen_influence(regular(0.4), pairs=[PAIR])}
    assert found["ai_before_person"].value == pytest.approx(0.4, abs=0.1)
    assert found["ai_before_person"].null.p < 0.001
    assert found["person_before_ai"].low < 0 < found["person_before_ai"].high
    assert found["difference"].null.p < 0.001
    assert {one.rung for one in found.values()} == {Rung.ASSOCIATION}
    assert found["difference"].n == 40


def test_irregular_or_few_relationships_are_not_screened():
    assert screen_influence(regular(0.4, jitter=3.0), pairs=[PAIR]) == []
    assert screen_influence(regular(0.4, n_units=5), pairs=[PAIR]) == []
    assert screen_influence(PANEL.empty_table()) == []


# -- recovery, in small ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recovered(benchmark):
    truth = benchmark.Truth(
        n_units=90, n_sessions=30, on_0=0.5, on_1=0.0, rates=(0.7, 0.7), spread=1.6, base=(0.4, 0.4), level_sd=0.5
    )
    made, effects = benchmark.made_panel(np.random.default_rng(11), truth)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(influence, "MIN_RELATIONSHIPS", 90)
        return estimates(made), truth, effects


def test_who_goes_before_whom_is_found_on_the_whole_way(recovered):
    found, truth, _ = recovered
    moved = expm(truth.drift())
    there, back, apart = (found[None, f"{way}.day"] for way in ("ai_before_person", "person_before_ai", "difference"))
    assert there.low <= moved[0, 1] <= there.high
    assert back.low <= 0 <= back.high
    assert there.null.p <= 0.05 < back.null.p
    assert apart.null.p <= 0.05
    assert (there.n, there.rung, there.unit) == (90, Rung.ASSOCIATION, "innovation SDs per innovation SD")
    hour, week = (found[None, f"ai_before_person.{horizon}"] for horizon in ("hour", "week"))
    assert abs(hour.value) < there.value
    assert abs(week.value) < there.value


def test_single_relationships_come_shrunken_with_their_reliability(recovered):
    found, _, effects = recovered
    own = [one for (number, what), one in found.items() if number is not None and what == "ai_before_person.day"]
    for one in own:
        assert 0 <= one.reliability <= 1
        assert one.low < one.value < one.high
        assert one.null.p is Missing.NOT_IDENTIFIED
    if own:
        covers = [one.low <= effects[one.relationship_id - 1, 0] <= one.high for one in own]
        assert len(own) == 90
        assert np.mean(covers) > 0.85
        values = np.array([one.value for one in own])
        assert values.std() < effects[:, 0].std() * 1.1, "shrunken values vary less than true ones"
