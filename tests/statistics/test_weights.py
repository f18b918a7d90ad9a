"""Weights: counted by hand and by other optimisers, truncation told, refusals, and means that come right."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import install_import_hook
from scipy import optimize, special, stats

from attunement.errors import OptionError
from attunement.vocabulary import Missing

ROOM = "attunement.statistics.weights"
BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "weights.py"


@pytest.fixture(scope="module")
def room():
    """The room with every shape and type checked, private functions included."""
    importlib.import_module(ROOM)
    kept = {key: sys.modules.pop(key) for key in list(sys.modules) if key == ROOM or key.startswith(f"{ROOM}.")}
    try:
        with install_import_hook(ROOM, "beartype.beartype"):
            return importlib.import_module(ROOM)
    finally:
        for key in [key for key in sys.modules if key == ROOM or key.startswith(f"{ROOM}.")]:
            del sys.modules[key]
        sys.modules.update(kept)


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("weights_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["weights_benchmark"] = module
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def stay_or_go(seed=0, *, n=200, weeks=6, pull=0.6):
    """Rows of person-weeks: who leaves after them, what goes with it, and the first row of each person."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, weeks))
    leaves = rng.random((n, weeks)) < special.expit(-2 - pull * x)
    leaves[:, -1] = False
    there = np.concatenate([np.ones((n, 1), dtype=bool), np.cumprod(~leaves, axis=1)[:, :-1].astype(bool)], axis=1)
    size = there.sum(axis=1)
    week = np.broadcast_to(np.arange(weeks), x.shape)[there].astype(float)
    return leaves[there], np.stack([x[there], week], axis=1), np.cumsum(size) - size, week[:, None]


def come_or_not(seed=0, *, n=50, days=30, pull=0.6):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n * days, 2))
    return rng.random(n * days) < special.expit(-0.5 - pull * x[:, 0]), x, np.arange(n) * days


# -- known answers -----------------------------------------------------------------------------------------------------


def test_the_hazard_is_the_likeliest(room):
    """Another optimiser, on the plain likelihood, comes to the same place."""
    from attunement.statistics.weights.hazards import fit_hazard

    came, x, _ = come_or_not()
    design = np.column_stack([np.ones(len(x)), 5 * x + 100])
    scaled = np.column_stack([np.ones(len(x)), x])
    found = fit_hazard(came, design[:, 1:], told=np.ones(len(x), dtype=bool))
    best = optimize.minimize(lambda b: np.sum(np.logaddexp(0, scaled @ b) - came * (scaled @ b)), np.zeros(3)).x
    assert found.probability == pytest.approx(special.expit(scaled @ best), abs=1e-4)
    assert found.coefficient == pytest.approx(best[1:] / 5, abs=1e-4)
    assert found.intercept + design[3, 1:] @ found.coefficient == pytest.approx(scaled[3] @ best, abs=1e-3)


def test_of_two_kinds_the_weights_are_counted_by_hand(room):
    """Of 40 glad people 10 leave after the first week, of 60 sad ones 30; 60 of 100 stay."""
    sad = np.repeat([0.0, 1.0], [40, 60])
    left = np.concatenate([np.arange(40) < 10, np.arange(60) < 30])
    starts, dropped, kind, rows = [], [], [], 0
    for one, gone in zip(sad, left, strict=True):
        starts.append(rows)
        n = 1 if gone else 2
        dropped += [gone] + [False] * (n - 1)
        kind += [one] * n
        rows += n
    weights = room.dropout_weights(np.array(dropped), np.array(kind)[:, None], np.array(starts), truncate=0.0)
    second = np.array([at for at in starts if not dropped[at]]) + 1
    expected = np.where(np.array(kind)[second] == 1.0, 0.6 / 0.5, 0.6 / 0.75)
    assert weights.weight[second] == pytest.approx(expected, rel=1e-4)
    assert weights.weight[starts] == pytest.approx(1.0)
    assert weights.mean == pytest.approx(1.0, abs=1e-4)
    mean = room.weighted_mean(np.array(kind), weights.weight * np.isin(np.arange(rows), second), np.array(starts))
    assert mean.value == pytest.approx(0.6, abs=1e-4)


def test_weights_are_products_over_earlier_rows(room):
    from attunement.statistics.weights.hazards import fit_hazard

    dropped, x, starts, week = stay_or_go()
    weights = room.dropout_weights(dropped, x, starts, baseline=week, truncate=0.0)
    last = np.append(starts[1:], len(dropped)) - 1
    told = np.ones(len(dropped), dtype=bool)
    told[last] = dropped[last]
    full, base = (fit_hazard(dropped, columns, told=told).probability for columns in (x, week))
    for first, end in zip(starts, last + 1, strict=True):
        ratio = (1 - base[first : end - 1]) / (1 - full[first : end - 1])
        assert weights.weight[first:end] == pytest.approx(np.concatenate([[1.0], np.cumprod(ratio)]))
    assert weights.coefficient[0] == pytest.approx(-0.6, abs=0.25)


def test_visits_are_weighted_by_one_over_their_probability(room):
    came, x, starts = come_or_not()
    weights = room.visit_weights(came, x, starts, truncate=0.0)
    assert (weights.weight[~came] == 0).all()
    assert weights.mean == pytest.approx(1.0, abs=0.05)
    assert np.average(x[:, 0], weights=weights.weight) == pytest.approx(x[:, 0].mean(), abs=0.03)
    assert x[came, 0].mean() < -0.2


def test_truncation_is_told(room):
    came, x, starts = come_or_not(pull=1.2)
    free, cut = (room.visit_weights(came, x, starts, truncate=share) for share in (0.0, 0.05))
    assert free.n_truncated == 0
    assert cut.n_truncated == pytest.approx(0.1 * came.sum(), abs=3)
    assert cut.weight[came].max() == pytest.approx(cut.truncated_above)
    assert cut.weight[came].min() == pytest.approx(cut.truncated_below)
    assert cut.largest == pytest.approx(free.weight.max())
    assert cut.effective_rows > free.effective_rows


def test_where_nobody_leaves_all_count_alike(room):
    weights = room.dropout_weights(np.zeros(60, dtype=bool), np.arange(60.0)[:, None], np.arange(0, 60, 3))
    assert (weights.weight == 1).all()
    assert weights.effective_people == pytest.approx(20)


def test_a_plain_mean_of_people_is_the_textbook_one(room):
    values = np.random.default_rng(0).standard_normal(40)
    mean = room.weighted_mean(values, np.ones(40), np.arange(40))
    low, high = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert (mean.value, mean.low, mean.high) == pytest.approx((values.mean(), low, high))
    assert mean.effective_people == pytest.approx(40)


def test_the_tipping_delta_by_hand(room):
    """A mean of .3, a quarter of people unseen: they would have to be 1.2 lower for it to be 0."""
    values = np.random.default_rng(0).standard_normal(400)
    mean = room.weighted_mean(values - values.mean() + 0.3, np.ones(400), np.arange(400))
    tipping = room.tipping_delta(mean, share_unseen=0.25)
    assert tipping.value == pytest.approx(-1.2)
    assert tipping.limit == pytest.approx(-mean.low / 0.25)
    assert room.tipping_delta(mean, share_unseen=0.25, threshold=mean.high - 1e-6).limit == 0
    assert room.tipping_delta(mean, share_unseen=0.5, threshold=1.0).limit == pytest.approx((1 - mean.high) / 0.5)
    with pytest.raises(OptionError, match="between 0 and 1"):
        room.tipping_delta(mean, share_unseen=0.0)


# -- properties --------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 500), scale=st.floats(0.01, 100), shift=st.floats(-20, 20))
def test_units_of_covariates_do_not_matter(room, seed, scale, shift):
    dropped, x, starts, week = stay_or_go(seed)
    weights = room.dropout_weights(dropped, x, starts, baseline=week)
    other = room.dropout_weights(dropped, x * [scale, 1.0] + shift, starts, baseline=week)
    assert other.weight == pytest.approx(weights.weight, rel=1e-4)
    assert other.coefficient[0] * scale == pytest.approx(weights.coefficient[0], rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 500), truncate=st.floats(0, 0.2))
def test_weights_are_positive_and_worth_no_more_than_there_is(room, seed, truncate):
    came, x, starts = come_or_not(seed)
    weights = room.visit_weights(came, x, starts, truncate=truncate)
    assert (weights.weight[came] > 0).all()
    assert weights.effective_rows <= weights.n_rows + 1e-9
    assert weights.effective_people <= weights.n_people + 1e-9
    assert weights.truncated_below <= weights.truncated_above <= weights.largest


# -- refusals and bad input --------------------------------------------------------------------------------------------


def test_it_refuses_where_a_kind_of_people_all_but_left(room):
    dropped, x, starts, _ = stay_or_go(pull=4.0, n=300)
    refused = room.dropout_weights(dropped, x, starts)
    assert refused.reason is Missing.NOT_IDENTIFIED
    assert "hardly anybody" in refused.what
    rng = np.random.default_rng(0)
    kind = (rng.random(3000) < 0.3).astype(float)
    came = (rng.random(3000) < 0.4) & (kind == 0)
    refused = room.visit_weights(came, kind[:, None], np.arange(0, 3000, 30))
    assert refused.reason is Missing.NOT_IDENTIFIED
    assert "30 % of days" in refused.what or "31 % of days" in refused.what or "29 % of days" in refused.what


def test_it_refuses_with_few_events_or_people(room):
    dropped, x, starts, _ = stay_or_go(n=20, pull=0.0)
    few = dropped & (np.cumsum(dropped) <= 5)
    assert room.dropout_weights(few, x, starts).reason is Missing.TOO_FEW
    came = np.zeros(90, dtype=bool)
    came[::20] = True
    assert room.visit_weights(came, np.arange(90.0)[:, None], np.arange(0, 90, 30)).reason is Missing.TOO_FEW
    assert room.weighted_mean(np.ones(5), np.ones(5), np.arange(5)).reason is Missing.TOO_FEW
    assert room.weighted_mean(np.ones(5), np.ones(5), np.zeros(1, dtype=int)).reason is Missing.TOO_FEW


def test_bad_input_is_said_in_plain_words(room):
    dropped, x, starts, _ = stay_or_go()
    came, columns, days = come_or_not()
    cases = [
        (
            room.dropout_weights,
            (np.zeros(0, dtype=bool), np.zeros((0, 1)), np.zeros(0, dtype=int)),
            {},
            "no rows at all",
        ),
        (room.dropout_weights, (dropped, x, starts + 1), {}, "first row of each unit"),
        (room.dropout_weights, (np.ones(len(x), dtype=bool), x, starts), {}, "after they left"),
        (room.dropout_weights, (dropped, np.where(x > 2, np.nan, x), starts), {}, "not a number"),
        (room.dropout_weights, (dropped, x * [1.0, 0.0], starts), {}, "covariate 1 never changes"),
        (room.dropout_weights, (dropped, x[:, [0, 0]], starts), {}, "repeats others"),
        (room.dropout_weights, (dropped, x, starts), {"truncate": 0.5}, "below one half"),
        (room.dropout_weights, (dropped, x[:, :0], starts), {}, "do not fit"),
        (room.visit_weights, (np.ones(len(came), dtype=bool), columns, days), {}, "every row has a visit"),
        (room.weighted_mean, (np.full(50, np.nan), np.ones(50), np.arange(50)), {}, "not a number"),
        (room.weighted_mean, (np.ones(50), -np.ones(50), np.arange(50)), {}, "negative"),
    ]
    for function, given_, options, words in cases:
        with pytest.raises(OptionError, match=words):
            function(*given_, **options)
    with pytest.raises(OptionError, match="different lengths"):
        importlib.import_module(ROOM).weighted_mean(np.ones(5), np.ones(4), np.arange(5))


# -- recovery: a fast version of benchmarks/recovery/weights.py ----------------------------------------------------------


def test_weighted_means_come_right_where_low_scores_decide(benchmark):
    rng = np.random.default_rng(20261128)
    left = benchmark.recovered(rng, what="leaving", n_runs=60, pull=0.5)
    assert abs(left["weighted"]["bias"]) < 0.08
    assert left["naive"]["bias"] > 0.3
    assert left["weighted"]["covers"] >= 0.85
    came = benchmark.recovered(rng, what="coming", n_runs=15, pull=0.4, n_people=300)
    assert abs(came["weighted"]["bias"]) < 0.05
    assert came["naive"]["bias"] < -0.2
    assert benchmark.recovered(rng, what="leaving", n_runs=10, pull=2.5)["refused"] >= 0.9
