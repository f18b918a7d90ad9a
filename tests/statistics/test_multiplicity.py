"""Many questions at once: published and scipy's answers, properties, refusals, and rates of false findings."""

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
from scipy import stats

from attunement.errors import OptionError

ROOM = "attunement.statistics.multiplicity"
BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "multiplicity.py"


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
    spec = importlib.util.spec_from_file_location("multiplicity_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["multiplicity_benchmark"] = module
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def margin(room, gain=0.0, harm=0.0):
    return room.Margin(gain=gain, harm=harm, fixed_in="a test")


P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=40).map(np.array)


# -- known answers -----------------------------------------------------------------------------------------------------


def test_benjamini_and_hochbergs_own_example(room):
    """Fifteen p-values of a trial of heart attacks; at .05 the procedure rejects the four smallest (1995, section 4)."""
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.759,
        1.0,
    ]
    assert (room.benjamini_hochberg(np.array(p)) <= 0.05).sum() == 4


@settings(max_examples=100, deadline=None)
@given(p=P_VALUES)
def test_adjusted_p_values_are_those_of_scipy(room, p):
    assert room.benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p, method="bh"))
    assert room.benjamini_yekutieli(p) == pytest.approx(stats.false_discovery_control(p, method="by"))


def test_e_bh_by_hand(room):
    # Of four at rate .2 the largest needs 20, the two largest 10 each, three 6.67: the first two are rejected.
    assert room.e_bh(np.array([12.0, 1.0, 11.0, 6.0]), rate=0.2).tolist() == [True, False, True, False]
    assert not room.e_bh(np.array([19.0, 1.0, 1.0, 1.0]), rate=0.2).any()
    assert len(room.e_bh(np.zeros(0), rate=0.2)) == 0


def test_an_e_value_is_no_better_than_its_inverse_as_a_p_value(room):
    """e-BH is Benjamini-Hochberg on one over e."""
    rng = np.random.default_rng(0)
    e = np.exp(3 * rng.standard_normal(300))
    assert (room.e_bh(e, rate=0.1) == (room.benjamini_hochberg(np.minimum(1 / e, 1.0)) <= 0.1)).all()


def test_both_parts_are_needed(room):
    gain, harm = np.array([3.0, 3.0, 0.0, 3.0]), np.array([-3.0, 0.0, -3.0, 3.0])
    one = np.ones(4)
    tested = room.intersection_union(gain, one, harm, one, margin=margin(room))
    assert tested.found.tolist() == [True, False, False, False]
    assert tested.p[0] == pytest.approx(stats.norm.sf(3))
    assert tested.p[1] == pytest.approx(0.5)
    assert tested.gain_at_least[0] == pytest.approx(3 - stats.norm.ppf(0.95))
    assert tested.harm_at_most[0] == pytest.approx(-3 + stats.norm.ppf(0.95))


def test_the_margin_moves_the_null(room):
    one, value = np.ones(1), np.array([2.5])
    small = room.intersection_union(value, one, -value, one, margin=margin(room), gain_degrees=12.0, harm_degrees=9.0)
    large = room.intersection_union(
        value, one, -value, one, margin=margin(room, harm=1.0), gain_degrees=12.0, harm_degrees=9.0
    )
    assert small.found[0]
    assert not large.found[0]
    assert small.p_gain[0] == pytest.approx(stats.t.sf(2.5, 12))
    assert large.p_harm[0] == pytest.approx(stats.t.sf(1.5, 9))


def test_the_ellipse_is_hotellings(room):
    """For one effect it is the t interval; for two with a known covariance, chi-square."""
    one = room.joint_set(np.array([1.0]), np.array([[4.0]]), degrees=7.0)
    assert one.radius == pytest.approx(stats.t.ppf(0.975, 7))
    assert one.low[0] == pytest.approx(1 - 2 * stats.t.ppf(0.975, 7))
    two = room.joint_set(np.zeros(2), np.array([[1.0, 0.5], [0.5, 2.0]]))
    assert two.radius**2 == pytest.approx(stats.chi2.ppf(0.95, 2))
    finite = room.joint_set(np.zeros(2), np.eye(2), degrees=19.0)
    assert finite.radius**2 == pytest.approx(2 * 19 / 18 * stats.f.ppf(0.95, 2, 18))


def test_the_outline_is_where_the_ellipse_ends(room):
    joint = room.joint_set(np.array([1.0, -2.0]), np.array([[1.0, 0.5], [0.5, 2.0]]))
    away = joint.outline() - joint.value
    assert np.einsum("ni,ij,nj->n", away, np.linalg.inv(joint.covariance), away) == pytest.approx(joint.radius**2)
    assert joint.contains(joint.value + 0.999 * away[7])
    assert not joint.contains(joint.value + 1.001 * away[7])


# -- properties --------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(p=P_VALUES, seed=st.integers(0, 99))
def test_order_does_not_matter_and_adjusting_never_helps(room, p, seed):
    order = np.random.default_rng(seed).permutation(len(p))
    adjusted = room.benjamini_hochberg(p)
    assert (adjusted >= p).all()
    assert (room.benjamini_yekutieli(p) >= adjusted - 1e-15).all()
    assert room.benjamini_hochberg(p[order]) == pytest.approx(adjusted[order])
    assert (np.diff(adjusted[np.argsort(p)]) >= -1e-15).all()


@settings(max_examples=50, deadline=None)
@given(
    gain=st.floats(-5, 5), harm=st.floats(-5, 5), size=st.floats(0, 2), level=st.floats(0.6, 0.99), df=st.floats(3, 100)
)
def test_it_is_found_just_where_p_says_so(room, gain, harm, size, level, df):
    one = np.ones(1)
    tested = room.intersection_union(
        np.array([gain]), one, np.array([harm]), one, margin=margin(room, size, size), gain_degrees=df, level=level
    )
    assert bool(tested.found[0]) == bool(tested.p[0] < 1 - level) or abs(tested.p[0] - 1 + level) < 1e-9


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), k=st.integers(1, 4))
def test_the_box_is_as_wide_whatever_the_order_of_effects(room, seed, k):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((k, k)) + 2 * np.eye(k)
    value, order = rng.standard_normal(k), rng.permutation(k)
    covariance = root @ root.T
    joint = room.joint_set(value, covariance)
    other = room.joint_set(value[order], covariance[np.ix_(order, order)])
    assert other.low == pytest.approx(joint.low[order])
    assert (joint.low < value).all()
    single = stats.norm.ppf(0.975) * np.sqrt(np.diag(covariance))
    assert (joint.high - value >= single - 1e-9).all()


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_a_margin_has_to_be_fixed_somewhere_beforehand(room):
    with pytest.raises(OptionError, match="fixed before the estimates"):
        room.Margin(gain=0.0, harm=0.1, fixed_in=" ")
    with pytest.raises(OptionError, match="margin of harm is negative"):
        room.Margin(gain=0.0, harm=-0.1, fixed_in="protocol")
    with pytest.raises(OptionError, match="margin of gain"):
        room.Margin(gain=float("nan"), harm=0.1, fixed_in="protocol")


def test_bad_input_is_said_in_plain_words(room):
    one = np.ones(1)
    for wrong in (np.array([1.2]), np.array([np.nan]), np.array([-0.1])):
        with pytest.raises(OptionError, match="not between 0 and 1"):
            room.benjamini_hochberg(wrong)
    assert len(room.benjamini_yekutieli(np.zeros(0))) == 0
    with pytest.raises(OptionError, match="rate lies between"):
        room.e_bh(one, rate=1.5)
    with pytest.raises(OptionError, match="negative or not a number"):
        room.e_bh(-one, rate=0.1)
    with pytest.raises(OptionError, match="not positive"):
        room.intersection_union(one, 0 * one, one, one, margin=margin(room))
    with pytest.raises(OptionError, match="not a number"):
        room.intersection_union(one * np.nan, one, one, one, margin=margin(room))
    with pytest.raises(OptionError, match=r"between 0\.5 and 1"):
        room.intersection_union(one, one, one, one, margin=margin(room), level=0.3)
    with pytest.raises(OptionError, match="positive definite"):
        room.joint_set(np.zeros(2), np.ones((2, 2)))
    with pytest.raises(OptionError, match="at least as many"):
        room.joint_set(np.zeros(2), np.eye(2), degrees=1.0)
    with pytest.raises(OptionError, match="two different effects"):
        room.joint_set(np.zeros(2), np.eye(2)).outline(0, 2)
    with pytest.raises(OptionError, match="different lengths"):
        importlib.import_module(ROOM).intersection_union(one, one, np.ones(2), one, margin=margin(room))


# -- recovery: a fast version of benchmarks/recovery/multiplicity.py -----------------------------------------------------


def test_reward_with_harm_is_found_where_it_is_and_seldom_where_it_is_not(benchmark):
    for row in benchmark.pairs(np.random.default_rng(20261125), n_runs=1500, n_people=50, correlation=0.3):
        if row["hacking"]:
            assert row["found"] > 0.7
        else:
            assert row["found"] <= 0.065
        assert row["ellipse_holds"] > 0.91
        assert row["box_holds"] > 0.91
        if row["truth"] == "gain alone":
            assert row["naive_found"] > 0.4


def test_discoveries_are_as_seldom_false_as_promised(benchmark):
    rng = np.random.default_rng(1)
    quiet = benchmark.discoveries(rng, n_runs=30, share_changed=0.05, shock=0.0)
    shaken = benchmark.discoveries(rng, n_runs=100, share_changed=0.05, shock=0.6)
    assert quiet["false_discovery_rate"]["Benjamini-Hochberg"] <= 0.12
    assert quiet["false_discovery_rate"]["each by itself at .05"] > 0.4
    for name in ("Benjamini-Yekutieli", "e-BH"):
        assert quiet["false_discovery_rate"][name] <= 0.1
        assert shaken["false_discovery_rate"][name] <= 0.1
