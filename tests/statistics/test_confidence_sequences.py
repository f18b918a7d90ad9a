"""Confidence sequences: known answers, invariances, refusals, and that they hold at every look."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import install_import_hook
from scipy import special

from attunement.errors import OptionError

ROOM = "attunement.statistics.confidence_sequences"


@pytest.fixture(scope="module")
def room():
    """The sequences with every shape and type checked, private functions included."""
    importlib.import_module(ROOM)
    kept = {key: sys.modules.pop(key) for key in list(sys.modules) if key == ROOM or key.startswith(f"{ROOM}.")}
    try:
        with install_import_hook(ROOM, "beartype.beartype"):
            return importlib.import_module(ROOM)
    finally:
        for key in [key for key in sys.modules if key == ROOM or key.startswith(f"{ROOM}.")]:
            del sys.modules[key]
        sys.modules.update(kept)


# -- known answers -----------------------------------------------------------------------------------------------------


def test_the_normal_mixture_is_that_of_robbins(room):
    found = room.sub_gaussian_sequence(np.zeros(100), sd=2.0, best_at=50)
    n, alpha = np.arange(1, 101), 0.05
    rho2 = (-2 * np.log(alpha) + np.log(-2 * np.log(alpha)) + 1) / 50
    expected = 2.0 * np.sqrt((n * rho2 + 1) / (n**2 * rho2) * np.log((n * rho2 + 1) / alpha**2))
    np.testing.assert_allclose(found.high, expected)
    np.testing.assert_allclose(found.low, -expected)


def test_it_is_tightest_where_it_was_told_to_be(room):
    width = [
        room.sub_gaussian_sequence(np.zeros(400), sd=1.0, best_at=best).high[199] for best in (10, 50, 200, 800, 4000)
    ]
    assert int(np.argmin(width)) == 2


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 20), (20, 20), (70, 1000)])
def test_a_proportion_is_in_as_long_as_its_likelihood_holds_against_the_mixture(room, hits, n):
    found = room.proportion_sequence(np.array([float(hits)]), np.array([float(n)]))
    mixture = special.betaln(hits + 0.5, n - hits + 0.5) - special.betaln(0.5, 0.5)
    for end in (found.low[0], found.high[0]):
        if 0 < end < 1:
            log_e = mixture - special.xlogy(hits, end) - special.xlog1py(n - hits, -end)
            assert log_e == pytest.approx(np.log(20), abs=1e-6)
    assert (found.low[0] == 0) == (hits == 0)
    assert (found.high[0] == 1) == (hits == n)


def test_a_constant_is_pinned_down(room):
    found = room.bounded_sequence(np.full(2000, 0.3))
    assert found.low[-1] < 0.3 < found.high[-1]
    assert found.high[-1] - found.low[-1] < 0.03
    assert found.value[-1] == pytest.approx(0.3)


def test_few_degrees_of_freedom_widen_far_more_than_for_one_look(room):
    value, se = np.zeros(1), np.ones(1)
    plain = room.asymptotic_sequence(value, se, best_se=1.0)
    few = room.asymptotic_sequence(value, se, best_se=1.0, degrees=np.array([8.0]))
    many = room.asymptotic_sequence(value, se, best_se=1.0, degrees=np.array([1e9]))
    assert few.high[0] > 1.4 * plain.high[0]
    assert many.high[0] == pytest.approx(plain.high[0], rel=1e-5)


# -- what cannot be known ------------------------------------------------------------------------------------------------


def test_nothing_is_said_before_twenty_relationships_nor_while_one_decides(room):
    rng = np.random.default_rng(0)
    cluster = np.arange(60)
    found = room.clustered_mean_sequence(rng.standard_normal(60), cluster=cluster, look=cluster, best_clusters=50)
    assert np.isnan(found.low[:19]).all()
    assert not np.isnan(found.low[30:]).any()
    assert not np.isnan(found.value).any()
    rare = np.zeros(60)
    rare[10] = 1.0
    found = room.clustered_mean_sequence(rare, cluster=cluster, look=cluster, best_clusters=50)
    assert np.isnan(found.low).all()
    constant = room.clustered_mean_sequence(np.ones(60), cluster=cluster, look=cluster, best_clusters=50)
    assert np.isnan(constant.high).all()


def test_no_values_are_no_looks(room):
    empty, none = np.zeros(0), np.zeros(0, dtype=int)
    for found in (
        room.bounded_sequence(empty),
        room.sub_gaussian_sequence(empty, sd=1.0, best_at=10),
        room.proportion_sequence(empty, empty),
        room.clustered_mean_sequence(empty, cluster=none, look=none, best_clusters=10),
    ):
        assert len(found.value) == len(found.low) == 0


def test_bad_input_is_an_error_in_plain_words(room):
    one = np.array([0.5])
    for call, words in (
        (lambda: room.bounded_sequence(np.array([1.5])), "beyond the bounds"),
        (lambda: room.bounded_sequence(np.array([np.nan])), "beyond the bounds"),
        (lambda: room.bounded_sequence(one, level=1.0), "between 0 and 1"),
        (lambda: room.sub_gaussian_sequence(one, sd=0.0, best_at=5), "not positive"),
        (lambda: room.asymptotic_sequence(one, np.zeros(1), best_se=1.0), "not positive"),
        (lambda: room.proportion_sequence(np.array([2.0]), np.array([1.0])), "hits be more"),
        (lambda: room.proportion_sequence(np.array([2.0, 1.0]), np.array([3.0, 4.0])), "must not fall"),
        (
            lambda: room.clustered_mean_sequence(
                np.array([np.nan]), cluster=np.array([0]), look=np.array([0]), best_clusters=9
            ),
            "not a number",
        ),
    ):
        with pytest.raises(OptionError, match=words):
            call()


# -- invariances -------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=80), low=st.floats(-10, 10), width=st.floats(0.1, 50))
def test_bounds_carry_over_and_intervals_never_widen(room, values, low, width):
    x = np.array(values)
    found = room.bounded_sequence(x)
    assert (np.diff(found.low) >= 0).all()
    assert (np.diff(found.high) <= 0).all()
    assert found.low.min() >= 0
    assert found.high.max() <= 1
    scaled = room.bounded_sequence(np.clip(low + width * x, low, low + width), low=low, high=low + width)
    np.testing.assert_allclose(scaled.low, low + width * found.low, atol=1e-6 * (1 + width))
    np.testing.assert_allclose(scaled.high, low + width * found.high, atol=1e-6 * (1 + width))


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(0, 1), min_size=2, max_size=60), cut=st.integers(1, 59))
def test_what_was_said_at_a_look_stays_said(room, values, cut):
    x = np.array(values)
    cut = min(cut, len(x))
    before, after = room.bounded_sequence(x[:cut]), room.bounded_sequence(x)
    np.testing.assert_array_equal(before.low, after.low[:cut])
    np.testing.assert_array_equal(before.high, after.high[:cut])


@settings(max_examples=30, deadline=None)
@given(hits=st.integers(0, 50), more=st.integers(0, 50), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_what_is_not_seen_mirrors_what_is(room, hits, more, level):
    n = np.array([float(hits + more)])
    found = room.proportion_sequence(np.array([float(hits)]), n, level=level)
    mirrored = room.proportion_sequence(np.array([float(more)]), n, level=level)
    np.testing.assert_allclose(found.low, 1 - mirrored.high, atol=1e-9)
    if hits + more:
        assert found.low[0] <= found.value[0] <= found.high[0]


@settings(max_examples=20, deadline=None)
@given(order=st.randoms(use_true_random=False), shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_the_order_of_rows_in_a_look_does_not_matter_and_units_carry_over(room, order, shift, scale):
    rng = np.random.default_rng(1)
    values, cluster, look = rng.standard_normal(200), rng.integers(0, 50, 200), rng.integers(0, 10, 200)
    found = room.clustered_mean_sequence(values, cluster=cluster, look=look, best_clusters=50)
    places = list(range(200))
    order.shuffle(places)
    p = np.array(places)
    other = room.clustered_mean_sequence(
        shift + scale * values[p], cluster=3 - cluster[p], look=look[p], best_clusters=50
    )
    np.testing.assert_allclose(other.low, shift + scale * found.low, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(other.high, shift + scale * found.high, rtol=1e-6, atol=1e-8)


# -- recovery: fast versions of benchmarks/recovery/confidence_sequences.py ----------------------------------------------


@pytest.mark.parametrize("p", [0.02, 0.3])
def test_hardly_any_run_has_a_look_that_misses(room, p):
    rng = np.random.default_rng(20261125)
    missed = np.zeros(2)
    for _ in range(150):
        x = (rng.random(400) < p).astype(float)
        bounded = room.bounded_sequence(x)
        counted = room.proportion_sequence(np.cumsum(x), np.arange(1.0, 401.0))
        missed += [np.any((one.low > p) | (one.high < p)) for one in (bounded, counted)]
    assert (missed / 150 <= 0.08).all()


def test_relationships_that_go_on_are_not_taken_for_independent_messages(room):
    rng = np.random.default_rng(20261125)
    missed = np.zeros(2)
    for _ in range(60):
        n = 80
        level, often = rng.standard_normal(n), rng.poisson(30, n) + 1
        cluster = np.repeat(np.arange(n), often)
        look = rng.integers(0, 60, len(cluster))
        values = level[cluster] + rng.standard_t(4, len(cluster))
        for which, of in enumerate((cluster, np.arange(len(cluster)))):
            found = room.clustered_mean_sequence(values, cluster=of, look=look, best_clusters=60)
            known = ~np.isnan(found.low)
            missed[which] += np.any((found.low[known] > 0) | (found.high[known] < 0))
    assert missed[0] / 60 <= 0.1
    assert missed[1] / 60 > 0.3
