"""Shrinkage: published and drawn posteriors, invariances, refusals, coverage and false signs."""

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

from attunement.errors import OptionError
from attunement.vocabulary import Missing

ROOM = "attunement.statistics.shrinkage"
BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "shrinkage.py"


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
    spec = importlib.util.spec_from_file_location("shrinkage_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["shrinkage_benchmark"] = module
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


SCHOOLS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18]) ** 2
"""Effects of coaching in eight schools and the variances of their errors (Rubin 1981)."""

PUBLISHED = {0: (-2, 10, 31), 1: (-5, 8, 23), 2: (-11, 7, 19), 4: (-9, 5, 18), 6: (-1, 10, 26)}
"""Ends of 95 % intervals and medians of 200 posterior draws (Gelman et al. 2013, table 5.3), rounded to whole points."""


def made(seed=0, n=250, *, spread=0.3, centre=0.1):
    rng = np.random.default_rng(seed)
    truth = centre + spread * rng.standard_normal(n)
    variance = 0.3**2 * rng.gamma(4, 0.25, n)
    return truth + np.sqrt(variance) * rng.standard_normal(n), variance, truth


# -- known answers -----------------------------------------------------------------------------------------------------


def test_the_eight_schools(room):
    found = room.shrink_normal(*SCHOOLS)
    for at, (low, median, high) in PUBLISHED.items():
        assert found.low[at] == pytest.approx(low, abs=2.5)
        assert found.mean[at] == pytest.approx(median, abs=2.0)
        assert found.high[at] == pytest.approx(high, abs=3.0)


def test_the_eight_schools_by_drawing_instead(room):
    """Another way to the same posterior: draws of spread, centre and effects in turn."""
    value, variance = SCHOOLS
    rng = np.random.default_rng(0)
    grid = np.linspace(0.005, 60, 6000)
    total = variance[:, None] + grid**2
    precision = (1 / total).sum(axis=0)
    centre = (value[:, None] / total).sum(axis=0) / precision
    height = -0.5 * (
        np.log(total).sum(axis=0) + np.log(precision) + ((value[:, None] - centre) ** 2 / total).sum(axis=0)
    )
    chance = np.exp(height - height.max())
    at = rng.choice(len(grid), size=200_000, p=chance / chance.sum())
    mu = centre[at] + rng.standard_normal(len(at)) / np.sqrt(precision[at])
    kept = grid[at] ** 2 / total[:, at]
    effect = mu + kept * (value[:, None] - mu) + np.sqrt(kept * variance[:, None]) * rng.standard_normal(kept.shape)
    found = room.shrink_normal(value, variance)
    assert found.mean == pytest.approx(effect.mean(axis=1), abs=0.1)
    assert found.sd == pytest.approx(effect.std(axis=1), abs=0.1)
    assert found.low == pytest.approx(np.quantile(effect, 0.025, axis=1), abs=0.25)
    assert found.high == pytest.approx(np.quantile(effect, 0.975, axis=1), abs=0.25)
    wrong = np.minimum((effect < 0).mean(axis=1), (effect > 0).mean(axis=1))
    assert found.false_sign_rate == pytest.approx(wrong, abs=0.005)
    assert found.spread == pytest.approx(grid[at].mean(), abs=0.1)


def test_with_a_known_prior_it_is_the_textbook_formula(room):
    """Many units leave nothing open: the shrunken estimate is a mean weighted by precision."""
    value, variance, _ = made(n=4000)
    found = room.shrink_normal(value, variance)
    kept = found.spread**2 / (found.spread**2 + variance)
    assert found.mean == pytest.approx(found.centre + kept * (value - found.centre), abs=0.002)
    assert found.sd == pytest.approx(np.sqrt(kept * variance), abs=0.002)
    assert found.reliability == pytest.approx(kept, abs=0.002)
    assert found.spread == pytest.approx(0.3, abs=0.02)


def test_the_robust_reach_is_the_worst_over_all_two_sized_biases(room):
    from scipy import special

    from attunement.statistics.shrinkage import robust

    assert robust.robust_reach(np.array([1e-12]), 1.0, level=0.95) == pytest.approx(1.96, abs=0.01)
    rng = np.random.default_rng(0)
    for ratio in (0.3, 1.0, 5.0):
        reach = robust._critical(ratio, 0.05)
        below, share = ratio * rng.random(4000), rng.random(4000)
        above = (ratio - share * below) / (1 - share)
        sizes = np.sqrt(np.stack([below, above]))
        missed = special.ndtr(-reach - sizes) + special.ndtr(-reach + sizes)
        worst = (share * missed[0] + (1 - share) * missed[1]).max()
        assert worst <= 0.05 + 1e-6
        assert worst > 0.035


def test_units_that_do_not_differ_are_all_drawn_together(room):
    rng = np.random.default_rng(1)
    value, variance = 0.2 + 0.1 * rng.standard_normal(300), np.full(300, 0.01)
    for found in (room.shrink_normal(value, variance), room.shrink_unimodal(value, variance)):
        assert np.ptp(found.mean) < 0.35 * np.ptp(value)
        assert not found.readable.any()


def test_a_peak_at_zero_counts_against_both_signs(room):
    rng = np.random.default_rng(2)
    truth = np.where(rng.random(500) < 0.2, 3.0, 0.0)
    found = room.shrink_unimodal(truth + rng.standard_normal(500), np.ones(500), mode=0.0)
    assert found.false_sign_rate[truth == 0].mean() > 0.6
    claimed = found.s_value <= 0.05
    assert claimed.sum() > 10
    assert (truth[claimed] == 0).mean() <= 0.1


def test_heavy_tails_are_left_where_they_are(room):
    rng = np.random.default_rng(3)
    truth = 0.1 * rng.standard_normal(400)
    truth[0] = 6.0
    value = truth + 0.3 * rng.standard_normal(400)
    variance = np.full(400, 0.09)
    assert abs(room.shrink_unimodal(value, variance).mean[0] - value[0]) < 0.2
    assert abs(room.shrink_normal(value, variance).mean[0] - value[0]) > 0.5


# -- properties --------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 500), scale=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_units_of_measurement_and_origin_do_not_matter(room, seed, scale, shift):
    value, variance, _ = made(seed, n=40)
    found = room.shrink_normal(value, variance)
    moved = room.shrink_normal(scale * value + shift, scale**2 * variance)
    assert moved.mean == pytest.approx(scale * found.mean + shift, rel=1e-6, abs=1e-6 * scale)
    assert moved.low == pytest.approx(scale * found.low + shift, rel=1e-6, abs=1e-6 * scale)
    assert moved.reliability == pytest.approx(found.reliability, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 500), n=st.integers(5, 60))
def test_estimates_are_drawn_towards_the_centre_and_sides_are_symmetric(room, seed, n):
    value, variance, _ = made(seed, n=n)
    found, turned = room.shrink_normal(value, variance), room.shrink_normal(-value, variance)
    away, kept = value - found.centre, found.mean - found.centre
    far = np.abs(away) > 1.0
    assert (np.sign(kept[far]) == np.sign(away[far])).all()
    assert (np.abs(kept[far]) <= np.abs(away[far])).all()
    assert (found.low < found.mean).all()
    assert (found.mean < found.high).all()
    assert ((found.false_sign_rate >= 0) & (found.false_sign_rate <= 0.5)).all()
    assert turned.mean == pytest.approx(-found.mean)
    assert turned.high == pytest.approx(-found.low)
    assert (found.s_value <= np.maximum(found.false_sign_rate, 1e-12) + 1e-12).all()


def test_tied_signs_stand_or_fall_together(room):
    value, variance, _ = made(n=6)
    found = room.shrink_normal(np.repeat(value, 2), np.repeat(variance, 2))
    assert found.s_value[::2] == pytest.approx(found.s_value[1::2])


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_too_few_units_are_refused_in_words(room):
    value, variance, _ = made(n=4)
    assert room.shrink_normal(value, variance).reason is Missing.TOO_FEW
    assert room.shrink_normal(value[:0], variance[:0]).reason is Missing.TOO_FEW
    assert "normal prior" in room.shrink_unimodal(value, variance).do


def test_bad_input_is_said_in_plain_words(room):
    value, variance, _ = made(n=30)
    shrunken = room.shrink_normal(value, variance)
    with pytest.raises(OptionError, match="not a number"):
        room.shrink_normal(np.where(value > 0, np.nan, value), variance)
    with pytest.raises(OptionError, match="not positive"):
        room.shrink_normal(value, 0 * variance)
    with pytest.raises(OptionError, match="between 0 and 1"):
        room.shrink_normal(value, variance, level=95.0)
    with pytest.raises(OptionError, match="mode"):
        room.shrink_unimodal(value, variance, mode=float("nan"))
    with pytest.raises(OptionError, match="different units"):
        room.selection_errors(value[1:], variance[1:], shrunken)
    with pytest.raises(OptionError, match="different lengths"):
        importlib.import_module(ROOM).shrink_normal(value, variance[1:])


def test_equal_estimates_are_no_reason_to_fail(room):
    found = room.shrink_normal(np.full(10, 0.3), np.full(10, 0.04))
    assert found.mean == pytest.approx(0.3)
    assert (found.high - found.low > 0.1).all()


def test_where_none_is_significant_nothing_is_said_of_their_errors(room):
    value, variance, _ = made(n=30)
    errors = room.selection_errors(0 * value, variance, room.shrink_normal(0 * value, variance))
    assert errors.n_selected == 0
    assert np.isnan(errors.sign_errors)


# -- recovery: a fast version of benchmarks/recovery/shrinkage.py --------------------------------------------------------


def test_intervals_hold_the_truth_and_signs_are_as_sure_as_they_say(benchmark):
    rng = np.random.default_rng(20261124)
    for row in (*benchmark.shapes(rng, n_units=20, n_runs=60), *benchmark.shapes(rng, n_units=200, n_runs=3)):
        found = row["normal prior"]
        assert found["covers"] >= 0.9
        assert found["robust_covers"] >= 0.93
        if row["truth"] != "mostly nothing":  # a normal prior knows no true value of exactly 0
            assert found["sign_wrong"] <= found["sign_said_wrong"] + 0.03
            assert found["claims_wrong"] <= 0.08


def test_influence_of_single_people_is_told_honestly(benchmark):
    found = benchmark.influence(np.random.default_rng(5), n_steps=50, n_runs=4, n_units=300)
    assert found["shrunken"]["covers"] >= 0.91
    assert found["shrunken"]["rmse"] < 0.75 * found["naive"]["rmse"]
    assert found["naive"]["exaggeration"] > 1.3
    assert found["naive_as_foreseen"]["exaggeration"] == pytest.approx(found["naive"]["exaggeration"], abs=0.2)
    assert found["shrunken"]["reliability"] == pytest.approx(found["shrunken"]["true_reliability"], abs=0.1)
