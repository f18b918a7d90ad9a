"""Sensitivity: published figures, confounders that are built and put in, refusals, and limits that hold."""

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

ROOM = "attunement.statistics.sensitivity"
BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "sensitivity.py"


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
    spec = importlib.util.spec_from_file_location("sensitivity_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["sensitivity_benchmark"] = module
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


DARFUR = {"estimate": 0.09731582, "se": 0.02325654}
"""Being harmed and wishing for peace: 783 residual degrees of freedom (Cinelli and Hazlett 2020, section 5)."""


def regression(seed=0, n=80):
    """Residuals of outcome and exposure of a regression, with the coefficient and its error."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    y = 0.4 * x + rng.standard_normal(n)
    x, y = x - x.mean(), y - y.mean()
    estimate = x @ y / (x @ x)
    left = y - estimate * x
    return x, y, float(estimate), left


def worst_confounder(x, left, share, rng):
    """A variable that explains the same share of exposure and outcome, and works against the estimate."""
    other = rng.standard_normal(len(x))
    for seen in (np.ones(len(x)), x, left):
        other = other - seen * (seen @ other) / (seen @ seen)

    def unit(column):
        return column / np.sqrt(column @ column)

    of_x = np.sqrt(share)
    rest = np.sqrt(1 - share) * (np.sqrt(share) * unit(left) + np.sqrt(1 - share) * unit(other))
    return of_x * unit(x) + rest


# -- known answers -----------------------------------------------------------------------------------------------------


def test_the_published_robustness_values(room):
    """13.9 % and, for the interval, 7.6 %; the partial R2 is 2.2 %."""
    found = room.robustness_value(**DARFUR, degrees=783.0)
    assert found.value == pytest.approx(0.139, abs=0.0005)
    assert found.limit == pytest.approx(0.076, abs=0.0005)
    assert found.partial_r2 == pytest.approx(0.022, abs=0.0005)


def test_a_confounder_as_strong_as_the_value_leaves_nothing(room):
    """Built and put into the regression, which then says 0; one half as strong does not."""
    for seed in range(5):
        x, y, estimate, left = regression(seed)
        free = len(x) - 2
        sd_y, sd_x = np.sqrt(left @ left / free), np.sqrt(x @ x / free)
        plain = room.robustness_value(estimate, float(sd_y / sd_x / np.sqrt(free)), degrees=float(free))
        clustered = room.clustered_robustness_value(
            estimate,
            0.1,
            degrees=room.Degrees(value=20.0, kind="made"),
            outcome_sd=float(sd_y),
            exposure_sd=float(sd_x),
        )
        assert clustered.value == pytest.approx(plain.value)
        half = room.robustness_value(estimate, float(sd_y / sd_x / np.sqrt(free)), degrees=float(free), q=0.5)
        for share, factor in ((plain.value, 0.0), (half.value, 0.5)):
            z = worst_confounder(np.sign(estimate) * x, left, share, np.random.default_rng(seed + 1000))
            after = np.linalg.lstsq(np.column_stack([x, z]), y, rcond=None)[0][0]
            assert after == pytest.approx(factor * estimate, abs=1e-9)


def test_the_bias_of_a_confounder_is_what_the_regression_shows(room):
    x, y, estimate, left = regression(3)
    z = worst_confounder(x, left, 0.2, np.random.default_rng(0))
    after = np.linalg.lstsq(np.column_stack([x, z]), y, rcond=None)[0][0]
    bias = room.confounding_bias(
        outcome_sd=float(left.std()), exposure_sd=float(x.std()), r2_outcome=0.2, r2_exposure=0.2
    )
    assert abs(after - estimate) == pytest.approx(bias)


def test_a_seen_predictor_left_out_is_its_own_benchmark(room):
    """For one predictor independent of another that is like it, the bound is the strength of the other."""
    rng = np.random.default_rng(0)
    n = 400_000
    z, w = rng.standard_normal((2, n))
    x = 0.4 * z + 0.4 * w + rng.standard_normal(n)
    y = 0.5 * z + 0.5 * w + rng.standard_normal(n)

    def left(column, *others):
        basis = np.column_stack(others)
        return column - basis @ np.linalg.lstsq(basis, column, rcond=None)[0]

    def share(one, other):
        return float(np.corrcoef(one, other)[0, 1] ** 2)

    seen = room.benchmark_strength(r2_outcome=share(left(y, x), left(w, x)), r2_exposure=share(x, w))
    true_exposure = share(left(x, w), left(z, w))
    true_outcome = share(left(y, x, w), left(z, x, w))
    assert seen.exposure == pytest.approx(true_exposure, abs=0.005)
    assert seen.outcome >= true_outcome - 0.005


def test_the_published_e_values(room):
    """Breastfeeding and infant deaths, and leukaemia (VanderWeele and Ding 2017); smoking and lung cancer (the same)."""
    for ratio, low, high, point, limit in (
        (3.9, 1.8, 8.7, 7.26, 3.0),
        (0.80, 0.71, 0.91, 1.81, 1.43),
        (10.73, 8.02, 14.36, 20.95, 15.52),
    ):
        found = room.e_value_of_ratio(ratio, low, high, of="risk")
        assert found.point == pytest.approx(point, abs=0.006)
        assert found.limit == pytest.approx(limit, abs=0.006)


def test_at_the_e_value_the_bounding_factor_is_the_ratio(room):
    """Ding and VanderWeele's factor of two equally strong associations E is E * E / (2 E - 1)."""
    e = room.e_value_of_ratio(2.3, 1.5, 3.0, of="rate").point
    assert e * e / (2 * e - 1) == pytest.approx(2.3)


def test_other_ratios_are_turned_into_risks(room):
    odds = room.e_value_of_ratio(4.0, 2.25, 9.0, of="odds, common")
    assert odds.risk_ratio == pytest.approx(2.0)
    assert odds.limit == pytest.approx(1.5 + np.sqrt(0.75))
    hazard = room.e_value_of_ratio(0.56, 0.46, 0.69, of="hazard, common")
    assert hazard.risk_ratio == pytest.approx((1 - 0.5 ** np.sqrt(0.56)) / (1 - 0.5 ** np.sqrt(1 / 0.56)))
    assert "0.5" in hazard.approximation
    difference = room.e_value_of_difference(1.0, 0.25, outcome_sd=2.0)
    assert difference.risk_ratio == pytest.approx(np.exp(0.455))
    low = np.exp(0.91 * (0.5 - 1.96 * 0.125))
    assert difference.limit == pytest.approx(low + np.sqrt(low * (low - 1)))


def test_effective_people_are_counted(room):
    assert room.effective_degrees(np.ones(30)).value == pytest.approx(29)
    uneven = room.effective_degrees(np.array([1.0] * 29 + [29.0]))
    assert uneven.value < 1.1
    assert "30 people" in uneven.kind
    # Independent rows: squares go with information, and people count by it.
    rng = np.random.default_rng(0)
    size = 1.0 + rng.geometric(0.05, 4000)
    apart = room.effective_degrees(size, np.sqrt(size) * rng.standard_normal(4000)).value
    together = room.effective_degrees(size, size * rng.standard_normal(4000)).value
    assert apart == pytest.approx(size.sum() ** 2 / np.sum(size**2), rel=0.15)
    assert together == pytest.approx(np.sum(size**2) ** 2 / np.sum(size**4), rel=0.3)
    assert room.effective_degrees(size).value < apart


# -- properties --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(estimate=st.floats(-5, 5), se=st.floats(0.01, 5), degrees=st.floats(10, 1e6), scale=st.floats(0.01, 100))
def test_robustness_values_are_shares_and_know_no_units(room, estimate, se, degrees, scale):
    found = room.robustness_value(estimate, se, degrees=degrees)
    assert 0 <= found.limit <= found.value <= 1
    assert found.value >= found.partial_r2 - 1e-12
    assert (found.limit > 0) <= (abs(estimate) > 1.9 * se)
    assert room.robustness_value(-scale * estimate, scale * se, degrees=degrees).value == pytest.approx(found.value)


@settings(max_examples=60, deadline=None)
@given(ratio=st.floats(0.05, 20), width=st.floats(1, 5))
def test_e_values_are_the_same_for_a_ratio_and_its_inverse(room, ratio, width):
    found = room.e_value_of_ratio(ratio, ratio / width, ratio * width, of="risk")
    other = room.e_value_of_ratio(1 / ratio, 1 / ratio / width, width / ratio, of="risk")
    assert found.point == pytest.approx(other.point)
    assert found.limit == pytest.approx(other.limit)
    assert 1 <= found.limit <= found.point + 1e-9


# -- refusals and bad input --------------------------------------------------------------------------------------------


def test_it_refuses_where_it_is_not_defined(room):
    few = room.Degrees(value=3.0, kind="effective: 4 people")
    refused = room.clustered_robustness_value(1.0, 0.1, degrees=few, outcome_sd=1.0, exposure_sd=1.0)
    assert refused.reason is Missing.TOO_FEW
    assert "4 people" in refused.what
    assert room.e_value_of_difference(10.0, 1.0, outcome_sd=2.0).reason is Missing.NOT_IDENTIFIED
    for strength in (
        {"r2_outcome": 0.1, "r2_exposure": 0.5, "times_exposure": 1.5},
        {"r2_outcome": 0.5, "r2_exposure": 0.1, "times_outcome": 9.0},
    ):
        assert room.benchmark_strength(**strength).reason is Missing.NOT_IDENTIFIED


def test_bad_input_is_said_in_plain_words(room):
    good = room.Degrees(value=30.0, kind="made")
    with pytest.raises(OptionError, match="not a number"):
        room.robustness_value(float("nan"), 1.0, degrees=10.0)
    with pytest.raises(OptionError, match="not positive"):
        room.robustness_value(1.0, 0.0, degrees=10.0)
    with pytest.raises(OptionError, match="above 1"):
        room.robustness_value(1.0, 1.0, degrees=1.0)
    with pytest.raises(OptionError, match="q is positive"):
        room.robustness_value(1.0, 1.0, degrees=10.0, q=0.0)
    with pytest.raises(OptionError, match="leaves of outcome"):
        room.clustered_robustness_value(1.0, 0.1, degrees=good, outcome_sd=0.0, exposure_sd=1.0)
    with pytest.raises(OptionError, match="share of the outcome"):
        room.confounding_bias(outcome_sd=1.0, exposure_sd=1.0, r2_outcome=0.1, r2_exposure=1.0)
    with pytest.raises(OptionError, match="multiples are not negative"):
        room.benchmark_strength(r2_outcome=0.1, r2_exposure=0.1, times_outcome=-1.0)
    for information in (np.ones(1), np.zeros(5), np.array([1.0, np.nan]), np.zeros(0)):
        with pytest.raises(OptionError, match="information of clusters"):
            room.effective_degrees(information)
    with pytest.raises(OptionError, match="lies in its interval"):
        room.e_value_of_ratio(-0.5, -1.0, 0.1, of="risk")
    with pytest.raises(OptionError, match="known kind"):
        importlib.import_module(ROOM).e_value_of_ratio(2.0, 1.0, 3.0, of="mean")
    with pytest.raises(OptionError, match="standard deviation are positive"):
        room.e_value_of_difference(1.0, 0.1, outcome_sd=0.0)


# -- recovery: a fast version of benchmarks/recovery/sensitivity.py ------------------------------------------------------


def test_a_limit_is_seldom_above_the_true_confounder(benchmark):
    rng = np.random.default_rng(20261126)
    found = benchmark.robustness(rng, n_runs=300, n_people=60, strength=0.1, slope_sd=0.3)
    assert found["limit_wrong"] <= 0.06
    assert found["naive_limit_wrong"] > 2 * found["limit_wrong"]
    ratios = benchmark.e_values(rng, n_runs=150, n=2000, ratio=2.0, base=0.1)
    assert ratios["limit_wrong"]["risk"] <= 0.03
    assert ratios["naive_significant"]["risk"] > 0.15
