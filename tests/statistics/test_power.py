"""Power as a curve over people: known normal cases, scores that are only known to be large, and counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from attunement.statistics.power import Scores, counted, fit_curve

CRITICAL = float(special.ndtri(0.975))


def scores(rng, *, slope, runs=400, people=(50, 100, 300), start=0.0, cap=np.inf, spread=1.0):
    n = np.repeat(np.array(people, dtype=float), runs // len(people))
    z = start + slope * np.sqrt(n) + spread * rng.standard_normal(len(n))
    return Scores(n=n, z=np.minimum(z, cap), capped=z >= cap)


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.2])
def test_a_normal_test_has_the_power_of_the_formula(slope):
    rng = np.random.default_rng(1)
    curve = fit_curve(scores(rng, slope=slope, runs=6000), rng=rng, from_nothing=True)
    for n in (50, 100, 300, 1000):
        power = curve.power(n, critical=CRITICAL)
        truth = float(special.ndtr(slope * np.sqrt(n) - CRITICAL))
        assert power.low <= power.value <= power.high
        assert power.value == pytest.approx(truth, abs=0.03)
    if slope:
        needed = curve.needed(0.8, critical=CRITICAL)
        assert needed.value == pytest.approx(((CRITICAL + special.ndtri(0.8)) / slope) ** 2, rel=0.05)


def test_scores_that_end_at_a_cap_tell_what_whole_ones_tell():
    rng = np.random.default_rng(2)
    whole = scores(np.random.default_rng(3), slope=0.15)
    cut = scores(np.random.default_rng(3), slope=0.15, cap=2.4)
    assert cut.capped.mean() > 0.2
    assert cut.capped.mean() < 0.8
    taken = fit_curve(cut._replace(capped=np.zeros(len(cut.n), bool)), rng=rng, from_nothing=True)
    told, known = (fit_curve(one, rng=rng, from_nothing=True) for one in (cut, whole))
    assert told.slope[0] == pytest.approx(known.slope[0], abs=0.01)
    assert told.spread[0] == pytest.approx(known.spread[0], abs=0.1)
    assert taken.slope[0] < told.slope[0] - 0.01, "taking the cap for the score would have been as good"


def test_intervals_hold_the_power_about_as_often_as_they_say():
    rng = np.random.default_rng(4)
    truth = float(special.ndtr(0.25 * np.sqrt(100) - CRITICAL))
    held = [
        one.low <= truth <= one.high
        for one in (
            fit_curve(scores(rng, slope=0.25, runs=60), rng=rng, from_nothing=True).power(100, critical=CRITICAL)
            for _ in range(150)
        )
    ]
    assert 0.87 <= np.mean(held) <= 0.99


@settings(max_examples=30, deadline=None)
@given(slope=st.floats(0.02, 0.3), seed=st.integers(0, 2**31), start=st.floats(-1, 0.5))
def test_more_people_and_larger_effects_never_find_less(slope, seed, start):
    rng = np.random.default_rng(seed)
    curve = fit_curve(scores(rng, slope=slope, runs=60, start=start), rng=rng, from_nothing=start == 0)
    if curve.slope[0] <= 0:
        return
    powers = [curve.power(n, critical=CRITICAL).value for n in (50, 100, 200, 400)]
    assert powers == sorted(powers)
    effects = [curve.smallest(0.8, n=n, critical=CRITICAL, effect=0.1, margin=0.02).value for n in (50, 100, 400)]
    assert effects == sorted(effects, reverse=True)
    needed = curve.needed(0.8, critical=CRITICAL)
    if 1 < needed.value < 1e9:
        assert curve.power(needed.value, critical=CRITICAL).value == pytest.approx(0.8, abs=1e-6)
        same = curve.smallest(0.8, n=needed.value, critical=CRITICAL, effect=0.1, margin=0.02).value
        assert same == pytest.approx(0.1, abs=1e-6)


def test_where_more_people_do_not_help_no_number_is_told():
    rng = np.random.default_rng(5)
    curve = fit_curve(scores(rng, slope=-0.1), rng=rng, from_nothing=True)
    assert curve.needed(0.8, critical=CRITICAL).value == np.inf


def test_a_share_has_the_interval_of_wilson():
    share = counted(8, 10)
    assert (share.value, share.n) == (0.8, 10)
    assert (share.low, share.high) == pytest.approx((0.490, 0.943), abs=0.001)
    assert counted(0, 20).low == 0
    assert counted(20, 20).high == pytest.approx(1.0)
