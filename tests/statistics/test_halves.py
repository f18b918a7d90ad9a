"""The change between halves: its interval, the null of the ring, invariances, and how often it errs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def change(statistics, seen, n, starts=(0,)):
    seen, n, starts = np.array(seen, float), np.array(n, float), np.array(starts, int)
    lengths = np.diff(np.append(starts, len(n)))
    cut = np.stack([starts, starts + lengths // 2], axis=1).reshape(-1)
    halves = statistics.share_interval(seen, n, cut)
    return halves, statistics.halves_change(seen, n, starts, halves=halves)


def slow_p(seen, n):
    """Cut the ring at every place, one after the other."""
    k, half = len(n), len(n) // 2

    def distance(shift):
        seen_now, n_now = np.roll(seen, -shift), np.roll(n, -shift)
        if n_now[:half].sum() == 0 or n_now[half:].sum() == 0:
            return 0.0
        return abs(seen_now[half:].sum() / n_now[half:].sum() - seen_now[:half].sum() / n_now[:half].sum())

    return np.mean([distance(shift) >= distance(0) - 1e-12 for shift in range(k)])


def test_a_change_is_the_second_half_minus_the_first(statistics):
    _, found = change(statistics, [1, 1, 1, 1, 3, 3, 3, 3], [4] * 8)
    assert found.change == pytest.approx(0.5)
    _, found = change(statistics, [3, 3, 3, 3, 1, 1, 1, 1], [4] * 8)
    assert found.change == pytest.approx(-0.5)


def test_the_interval_joins_those_of_the_halves(statistics):
    halves, found = change(statistics, [0, 2, 1, 1, 3, 2, 4, 3], [4] * 8)
    (p1, p2), (l1, l2), (u1, u2) = halves.value, halves.low, halves.high
    assert found.low == pytest.approx(p2 - p1 - np.hypot(p2 - l2, u1 - p1))
    assert found.high == pytest.approx(p2 - p1 + np.hypot(u2 - p2, p1 - l1))
    assert found.low < found.change < found.high


@pytest.mark.parametrize(("before", "after", "n", "low", "high"), [(56, 48, (70, 80), -0.3341, -0.0524)])
def test_the_published_example_of_the_difference_of_two_shares(statistics, before, after, n, low, high):
    """Newcombe (1998), example a, 56/70 against 48/80: .0524 to .3339 from Wilson's intervals, which MOVER joins."""

    def wilson(hits, size):
        z = 1.959963985
        middle, half = hits + z**2 / 2, z * np.sqrt(hits * (1 - hits / size) + z**2 / 4)
        return (middle - half) / (size + z**2), (middle + half) / (size + z**2)

    ends = np.array([wilson(before, n[0]), wilson(after, n[1])])
    sizes = np.array(n, float)
    shares = np.array([before / n[0], after / n[1]])
    halves = statistics.Interval(shares, ends[:, 0], ends[:, 1], sizes, sizes)
    found = statistics.halves_change(np.array([before, after], float), sizes, np.array([0]), halves=halves)
    assert found.change == pytest.approx(-0.2)
    assert found.low == pytest.approx(-0.3339, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_a_step_in_the_middle_is_as_far_as_a_ring_can_get(statistics):
    for k in (12, 13, 40):
        _, found = change(statistics, [0] * (k // 2) + [1] * (k - k // 2), [1] * k)
        assert found.p == pytest.approx((2 if k % 2 == 0 else 1) / k)


def test_a_series_that_never_changes_has_p_1(statistics):
    _, found = change(statistics, [1] * 20, [4] * 20)
    assert (found.change, found.p) == (0, 1)


def test_a_half_without_observations_has_no_change(statistics):
    _, found = change(statistics, [0] * 6 + [1] * 6, [0] * 6 + [2] * 6)
    assert np.isnan(found.change)
    assert np.isnan(found.low)
    assert np.isnan(found.high)
    assert found.p == 1


@st.composite
def some_units(draw):
    units = []
    for _ in range(draw(st.integers(1, 4))):
        n = draw(st.lists(st.integers(0, 9), min_size=2, max_size=20))
        units.append((np.array([draw(st.integers(0, size)) for size in n], float), np.array(n, float)))
    return units


@settings(max_examples=60, deadline=None)
@given(units=some_units())
def test_each_unit_stands_alone_and_p_is_that_of_the_slow_way(statistics, units):
    starts = np.concatenate([[0], np.cumsum([len(n) for _, n in units])[:-1]])
    seen, n = np.concatenate([seen for seen, _ in units]), np.concatenate([n for _, n in units])
    _, together = change(statistics, seen, n, starts)
    alone = np.concatenate([np.array(change(statistics, *unit)[1]) for unit in units], axis=1)
    np.testing.assert_allclose(np.array(together), alone, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(together.p, [slow_p(*unit) for unit in units])


@settings(max_examples=60, deadline=None)
@given(units=some_units())
def test_time_turned_round_turns_the_change_round(statistics, units):
    for seen, n in units:
        if len(n) % 2 == 0:
            _, forth = change(statistics, seen, n)
            _, back = change(statistics, seen[::-1], n[::-1])
            assert forth.change == pytest.approx(-back.change, nan_ok=True)
            assert forth.low == pytest.approx(-back.high, nan_ok=True, rel=1e-5, abs=1e-6)
            assert forth.p == pytest.approx(back.p)


# -- recovery: a fast version of benchmarks/recovery/halves.py ---------------------------------------------------------


def rates(statistics, simulated, *, n_sessions, memory, slope, n=800):
    drawn = simulated.sessions(
        np.random.default_rng(20260302),
        n_relationships=n,
        n_sessions=n_sessions,
        base=0.08,
        memory=memory,
        slope_sd=slope,
    )
    _, found = change(statistics, drawn.seen, drawn.n, drawn.starts)
    return (found.p <= 0.05).mean(), ((found.low > 0) | (found.high < 0)).mean()


@pytest.mark.parametrize("n_sessions", [12, 40, 120])
@pytest.mark.parametrize("memory", [0.0, 0.3, 0.5])
def test_changes_are_seldom_declared_where_there_are_none(statistics, simulated, n_sessions, memory):
    by_ring, by_interval = rates(statistics, simulated, n_sessions=n_sessions, memory=memory, slope=0.0)
    assert by_ring <= 0.08
    assert by_interval <= 0.08
    if n_sessions < 40:
        assert by_ring == 0, "2/k is more than .05"


def test_changes_are_found_where_there_are_some(statistics, simulated):
    by_ring, by_interval = rates(statistics, simulated, n_sessions=120, memory=0.3, slope=3.0)
    assert by_ring > 0.3
    assert by_interval > 0.4
