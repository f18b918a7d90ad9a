"""Shares and means of clusters: published figures, invariances, what cannot be known, and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special


def share(statistics, seen, n, starts=(0,), **options):
    return statistics.share_interval(np.array(seen, float), np.array(n, float), np.array(starts, int), **options)


def mean(statistics, values, starts=(0,), **options):
    return statistics.mean_interval(np.array(values, float), np.array(starts, int), **options)


def spread_out(hits, n):
    """Hits among single messages, as far apart as they go, so that neighbours are not alike."""
    seen = np.zeros(n)
    seen[np.linspace(0, n - 1, hits).round().astype(int)] = 1
    return seen


# -- shapes ------------------------------------------------------------------------------------------------------------


def test_shapes_and_types_are_checked_in_these_tests(statistics):
    from jaxtyping import TypeCheckError

    with pytest.raises(TypeCheckError):
        statistics.share_interval(np.zeros(3), np.ones(4), np.zeros(1, int))
    with pytest.raises(TypeCheckError):
        statistics.share_interval(np.zeros(3), np.ones(3), np.zeros(1, float))
    with pytest.raises(TypeCheckError):
        statistics.mean_interval(np.zeros((3, 1)), np.zeros(1, int))


def test_the_checked_copy_is_not_the_one_that_the_package_uses(statistics):
    import attunement.statistics

    assert attunement.statistics is not statistics
    assert attunement.statistics.Interval is not statistics.Interval


# -- known answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (4, 20, 0.0573, 0.4366),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (0, 100, 0.0, 0.0362),
        (10, 10, 0.6915, 1.0),
    ],
)
def test_single_messages_have_the_published_interval_of_clopper_and_pearson(statistics, hits, n, low, high):
    found = share(statistics, spread_out(hits, n), np.ones(n))
    assert found.value == pytest.approx(hits / n)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)
    assert (found.n.tolist(), found.n_clusters.tolist()) == ([n], [n])


@pytest.mark.parametrize("level", [0.5, 0.8, 0.99])
def test_the_level_is_that_of_the_interval(statistics, level):
    found = share(statistics, spread_out(4, 20), np.ones(20), level=level)
    assert found.low == pytest.approx(special.betaincinv(4, 17, 0.5 - level / 2))
    assert found.high == pytest.approx(special.betaincinv(5, 16, 0.5 + level / 2))


def test_the_mean_has_the_published_interval_of_student(statistics):
    extra_sleep = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]  # Student (1908), the second soporific
    found = mean(statistics, extra_sleep)
    assert found.value == pytest.approx(2.33)
    assert (found.low, found.high) == (pytest.approx(0.8976775), pytest.approx(3.7623225))


def test_alike_messages_in_one_session_are_worth_less_than_as_many_apart(statistics):
    alone = share(statistics, spread_out(10, 50), np.ones(50))
    together = share(statistics, [5, 5, 0, 0, 0, 0, 0, 0, 0, 0], [5] * 10)
    assert alone.value == together.value
    assert together.low < alone.low
    assert together.high > alone.high


def test_alike_neighbours_widen_the_interval_and_unlike_ones_do_not_narrow_it(statistics):
    n = np.full(40, 5.0)
    wave = share(statistics, np.repeat([4.0, 0.0], 20), n)
    shuffled = share(statistics, np.tile([4.0, 4.0, 0.0, 0.0], 10), n)
    zigzag = share(statistics, np.tile([4.0, 0.0], 20), n)
    assert wave.high - wave.low > 1.3 * (zigzag.high - zigzag.low)
    assert shuffled.high - shuffled.low >= zigzag.high - zigzag.low


def test_memory_that_would_narrow_the_interval_is_not_believed(statistics):
    seen, n = np.tile([3.0, 1.0], 20), np.full(40, 5.0)
    found = share(statistics, seen, n)
    between = 40 / 39 * ((seen - 0.4 * n) ** 2).sum() / 200**2
    effect = max(between / (0.4 * 0.6 / 199), 1.0)
    few = (special.stdtrit(199, 0.975) / special.stdtrit(39, 0.975)) ** 2
    effective = 200 / effect * few
    assert found.low == pytest.approx(special.betaincinv(0.4 * effective, 0.6 * effective + 1, 0.025))
    wide, narrow = np.tile([5.0, 0.0], 20), np.tile([3.0, 2.0], 20)
    assert share(statistics, wide, n).low < share(statistics, narrow, n).low - 0.03


def test_nothing_seen_in_few_long_sessions_says_less_than_in_many_short_ones(statistics):
    few, many = share(statistics, [0] * 4, [25] * 4), share(statistics, [0] * 100, [1] * 100)
    assert few.low == many.low == 0
    assert few.high > 4 * many.high


# -- what cannot be known ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "n", "value"),
    [
        ([0], [0], np.nan),
        ([0, 0], [0, 0], np.nan),
        ([3], [10], 0.3),
        ([0], [10], 0.0),
        ([1], [1], 1.0),
        ([0, 3], [0, 10], 0.3),
    ],
)
def test_fewer_than_two_clusters_with_observations_have_no_interval(statistics, seen, n, value):
    found = share(statistics, seen, n)
    assert found.value == pytest.approx(value, nan_ok=True)
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    assert found.n == sum(n)


def test_one_week_has_a_mean_and_no_interval(statistics):
    found = mean(statistics, [3.0, 4.0, 6.0], [0, 1])
    assert found.value.tolist() == [3.0, 5.0]
    assert np.isnan(found.low).tolist() == np.isnan(found.high).tolist() == [True, False]


def test_all_and_none_reach_the_ends_and_leave_room(statistics):
    found = share(statistics, [0] * 5 + [4] * 5, [4] * 10, [0, 5])
    assert found.value.tolist() == [0, 1]
    assert (found.low[0], found.high[1]) == (0, 1)
    assert 0.1 < found.high[0] < 0.9
    assert found.low[1] == pytest.approx(1 - found.high[0])


def test_no_units_are_no_units(statistics):
    assert all(len(column) == 0 for column in share(statistics, [], [], []))
    assert all(len(column) == 0 for column in mean(statistics, [], []))


# -- invariances -------------------------------------------------------------------------------------------------------


PROBABILITIES = st.sampled_from([0.0, 1.0]) | st.floats(0.001, 0.999)


@st.composite
def some_units(draw):
    units = []
    for _ in range(draw(st.integers(1, 5))):
        n = draw(st.lists(st.integers(0, 12), min_size=1, max_size=15))
        units.append((np.array([draw(PROBABILITIES) * size for size in n]), np.array(n, float)))
    return units


def joined(units):
    starts = np.concatenate([[0], np.cumsum([len(n) for _, n in units])[:-1]]).astype(int)
    return np.concatenate([seen for seen, _ in units]), np.concatenate([n for _, n in units]), starts


@settings(max_examples=60, deadline=None)
@given(units=some_units(), order=st.randoms(use_true_random=False))
def test_each_unit_stands_alone(statistics, units, order):
    together = np.array(share(statistics, *joined(units)))
    alone = np.concatenate([np.array(share(statistics, seen, n)) for seen, n in units], axis=1)
    np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-9)
    places = list(range(len(units)))
    order.shuffle(places)
    shuffled = np.array(share(statistics, *joined([units[place] for place in places])))
    np.testing.assert_allclose(shuffled, together[:, places], rtol=1e-6, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(units=some_units())
def test_an_interval_holds_its_share_and_lies_between_0_and_1(statistics, units):
    found = share(statistics, *joined(units))
    known = ~np.isnan(found.low)
    assert (known == ~np.isnan(found.high)).all()
    assert (known <= (found.n_clusters >= 2)).all()
    assert (found.low[known] >= 0).all()
    assert (found.high[known] <= 1).all()
    assert (found.low[known] <= found.value[known] + 1e-9).all()
    assert (found.high[known] >= found.value[known] - 1e-9).all()


@settings(max_examples=50, deadline=None)
@given(units=some_units())
def test_what_is_not_seen_mirrors_what_is(statistics, units):
    seen, n, starts = joined(units)
    found, mirrored = share(statistics, seen, n, starts), share(statistics, n - seen, n, starts)
    np.testing.assert_allclose(found.low, 1 - mirrored.high, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.high, 1 - mirrored.low, rtol=1e-5, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(units=some_units())
def test_means_of_each_unit_stand_alone(statistics, units):
    seen, _, starts = joined(units)
    together = np.array(mean(statistics, seen, starts))
    alone = np.concatenate([np.array(mean(statistics, one)) for one, _ in units], axis=1)
    np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-9)


# -- recovery: fast versions of benchmarks/recovery/shares.py ----------------------------------------------------------


@pytest.mark.parametrize(
    ("n_sessions", "base", "memory", "at_least", "at_most"),
    [
        (5, 0.05, 0.0, 0.96, 1.0),
        (12, 0.05, 0.3, 0.93, 1.0),
        (30, 0.05, 0.0, 0.93, 0.99),
        (30, 0.05, 0.5, 0.90, 0.98),
        (100, 0.2, 0.0, 0.92, 0.98),
        (100, 0.2, 0.5, 0.86, 0.95),
    ],
)
def test_the_interval_covers_the_long_run_share(statistics, simulated, n_sessions, base, memory, at_least, at_most):
    drawn = simulated.sessions(
        np.random.default_rng(20260301),
        n_relationships=600,
        n_sessions=n_sessions,
        base=base,
        memory=memory,
        slope_sd=0.5,
    )
    found = statistics.share_interval(drawn.seen, drawn.n, drawn.starts)
    covered = ((found.low <= drawn.expected) & (drawn.expected <= found.high)).mean()
    assert at_least <= covered <= at_most
    assert abs((found.value - drawn.expected).mean()) < 0.006


@pytest.mark.parametrize(("n_weeks", "at_least"), [(4, 0.87), (26, 0.91)])
def test_the_interval_of_skewed_weeks_covers_nearly_as_often_as_it_says(statistics, n_weeks, at_least):
    values = np.random.default_rng(20260301).gamma(1.5, 40.0, size=(1500, n_weeks))
    found = statistics.mean_interval(values.reshape(-1), np.arange(1500) * n_weeks)
    assert at_least <= ((found.low <= 60) & (found.high >= 60)).mean() <= 0.97
