"""The state space: its likelihood against the dense one, invariances, refusals, and a fast version of its recovery."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import install_import_hook
from scipy.linalg import expm
from scipy.stats import multivariate_normal

import attunement.statistics
from attunement.errors import OptionError
from attunement.statistics import state_space
from attunement.statistics.refusals import Refused
from attunement.statistics.state_space import (
    Peak,
    Series,
    StateSpaceFit,
    direction_difference,
    fit_state_space,
    horizon_effects,
    kernels,
    likelihood,
    peak_lag,
    scaling,
)
from attunement.vocabulary import Missing

DRIFTING = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "drifting.py"


@pytest.fixture(scope="module")
def drifting():
    """The simulation of the benchmark, so that tests and benchmark know one truth."""
    spec = importlib.util.spec_from_file_location("drifting_series", DRIFTING)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def drawn(drifting, *, n_units, n_occasions, seed=1, **truth):
    rng = np.random.default_rng(seed)
    made = drifting.simulate(rng, drifting.Truth(**truth), n_units=n_units, n_occasions=n_occasions)
    return Series(times=made.times, values=made.values, starts=made.starts, version=made.version)


@pytest.fixture(scope="module")
def series(drifting):
    return drawn(drifting, n_units=60, n_occasions=25, p_missing=0.1)


@pytest.fixture(scope="module")
def fit(series):
    found = fit_state_space(series, n_threads=1)
    assert isinstance(found, StateSpaceFit)
    return found


# -- the likelihood -----------------------------------------------------------------------------------------------------


def small(rng, *, n_series, known=False):
    """Three units of six occasions, a third of the values missing, two versions."""
    times = np.concatenate([np.cumsum(rng.exponential(1.0, 6)) for _ in range(3)])
    values = rng.standard_normal((18, n_series))
    values[rng.random(values.shape) < 0.3] = np.nan
    values[:2] = 0.5
    values[1] = -0.5
    noise = np.where(rng.random(values.shape) < 0.5, 0.3, np.nan) if known else None
    return Series(
        times=times,
        values=values,
        starts=np.array([0, 6, 12]),
        version=(np.arange(18) % 2)[:, None].repeat(n_series, axis=1),
        noise_variance=noise,
    )


def some_vector(rng, layout):
    return np.concatenate(
        [
            np.concatenate([0.3 * rng.standard_normal(layout.n_series), 0.2 * rng.standard_normal(layout.n_drift)])[
                : layout.n_drift
            ],
            np.log(0.3) * np.ones(layout.n_drift if layout.random_drift else 0),
            0.3 * rng.standard_normal(layout.n_lower),
            -0.5 + 0.2 * rng.standard_normal(layout.n_noise),
            0.3 * rng.standard_normal(layout.n_series),
            0.3 * rng.standard_normal(layout.n_lower),
        ]
    )


def dense(data, vector, unit):
    """The log density of all values of a unit stacked, from their covariance written out."""
    layout, seen = data.layout, data.seen
    theta, _, diffusion, noise, mean, factor = layout.parts(vector)
    drift, root, low = layout.drift(theta), layout.lower(diffusion), layout.lower(factor)
    p, eye = layout.n_series, np.eye(layout.n_series)
    system = np.kron(drift, eye) + np.kron(eye, drift)
    stationary = np.linalg.solve(system, -(root @ root.T).reshape(-1)).reshape(p, p)
    rows = slice(seen.starts[unit], seen.starts[unit + 1])
    times, values = seen.times[rows], seen.values[rows]
    n = len(times)
    covariance = np.zeros((n, p, n, p))
    for a in range(n):
        for b in range(a + 1):
            covariance[a, :, b, :] = expm(drift * (times[a] - times[b])) @ stationary + low @ low.T
            covariance[b, :, a, :] = covariance[a, :, b, :].T
    error = np.where(seen.group[rows] < 0, seen.known[rows], np.exp(2 * noise)[seen.group[rows]])
    covariance = covariance.reshape(n * p, n * p) + np.diag(error.reshape(-1))
    here = ~np.isnan(values.reshape(-1))
    if not here.any():
        return 0.0
    return multivariate_normal(np.tile(mean, n)[here], covariance[np.ix_(here, here)]).logpdf(values.reshape(-1)[here])


@pytest.mark.parametrize("n_series", [2, 3])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_likelihood_is_that_of_all_values_stacked(n_series, known, seed):
    rng = np.random.default_rng(seed)
    data, _ = scaling.scale(small(rng, n_series=n_series, known=known), random_drift=False, n_threads=1)
    vector = some_vector(rng, data.layout)
    found = likelihood.evaluate(data, vector, near=None)
    assert found.log_likelihood == pytest.approx([dense(data, vector, unit) for unit in range(3)], rel=1e-9, abs=1e-9)


def test_an_occasion_of_missing_values_is_as_good_as_none():
    rng = np.random.default_rng(3)
    whole = small(rng, n_series=2)
    values = whole.values.copy()
    values[[3, 8, 17]] = np.nan
    kept = np.delete(np.arange(18), [3, 8, 17])
    without = Series(
        times=whole.times[kept], values=values[kept], starts=np.array([0, 5, 10]), version=whole.version[kept]
    )
    holed = Series(times=whole.times, values=values, starts=whole.starts, version=whole.version)
    results = []
    for one in (holed, without):
        data, _ = scaling.scale(one, random_drift=False, n_threads=1)
        unit_of_time = data.layout.time_unit
        seen = data.seen._replace(times=data.seen.times * unit_of_time)
        data = likelihood.Data(seen=seen, layout=data.layout, n_threads=1)
        results.append(likelihood.evaluate(data, some_vector(np.random.default_rng(5), data.layout), near=None))
    assert results[0].log_likelihood == pytest.approx(results[1].log_likelihood, rel=1e-10)


def product_rule(n):
    """Gauss and Hermite's rule with n nodes an axis, for four variables."""
    at, weight = np.polynomial.hermite_e.hermegauss(n)
    grid = np.stack(np.meshgrid(at, at, at, at), axis=-1).reshape(-1, 4)
    weights = np.stack(np.meshgrid(weight, weight, weight, weight), axis=-1).reshape(-1, 4).prod(axis=1)
    return grid, weights / weights.sum()


@pytest.mark.parametrize("random_drift", [False, True])
def test_scores_are_the_slopes_of_the_likelihood(random_drift, monkeypatch):
    # With few nodes both sides have the error of the quadrature, which differs between them.
    monkeypatch.setattr(likelihood, "sphere_rule", lambda _: product_rule(7))
    rng = np.random.default_rng(8)
    data, _ = scaling.scale(small(rng, n_series=2), random_drift=random_drift, n_threads=1)
    vector = some_vector(rng, data.layout)
    found = likelihood.evaluate(data, vector, near=None)
    step = 1e-4
    for k in range(len(vector)):
        move = step * (np.arange(len(vector)) == k)
        up = likelihood.evaluate(data, vector + move, near=None).log_likelihood
        down = likelihood.evaluate(data, vector - move, near=None).log_likelihood
        assert found.scores[:, k] == pytest.approx((up - down) / (2 * step), abs=3e-4), data.layout.names[k]


def test_the_quadrature_is_near_to_one_of_625_nodes(series, monkeypatch):
    data, _, vector = scaling.start(series, random_drift=True, n_threads=1)
    few = likelihood.evaluate(data, vector, near=None)
    monkeypatch.setattr(likelihood, "sphere_rule", lambda _: product_rule(5))
    many = likelihood.evaluate(data, vector, near=None)
    assert few.log_likelihood == pytest.approx(many.log_likelihood, abs=0.02)
    error = (few.scores - many.scores).sum(axis=0) / np.sqrt((many.scores**2).sum(axis=0))
    assert np.abs(error[:4]).max() < 0.03
    assert np.abs(error).max() < 0.2


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9])
def test_the_rule_on_the_sphere_is_exact(n):
    nodes, weights = likelihood.sphere_rule(n)
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1)
    assert weights @ nodes == pytest.approx(np.zeros(n), abs=1e-12)
    assert np.einsum("k,ki,kj->ij", weights, nodes, nodes) == pytest.approx(np.eye(n), abs=1e-12)
    fourth = np.einsum("k,ki,kj->ij", weights, nodes**2, nodes**2)
    assert fourth == pytest.approx(1 + 2 * np.eye(n), abs=1e-12)
    for order in (3, 4, 5):
        for axes in combinations(range(n), order):
            assert weights @ nodes[:, axes].prod(axis=1) == pytest.approx(0, abs=1e-12)
    assert len(nodes) == {4: 25, 9: 147}.get(n, len(nodes))


@given(st.integers(2, 4), st.integers(0, 2**32 - 1), st.floats(0.01, 30))
@settings(max_examples=200, deadline=None)
def test_every_drift_is_stable(p, seed, size):
    theta = np.clip(size * np.random.default_rng(seed).standard_normal(p * p), -50, 50)
    theta[:p] = np.clip(theta[:p], -6, 6)
    drift = np.empty((p, p))
    kernels.drift_matrix(theta, p, drift)
    assert np.linalg.eigvals(drift).real.max() < 0
    # Bent where need be, and elsewhere left as it is.
    mild = theta.copy()
    mild[p:] = 0.1 * np.exp(theta[:p].min()) * np.sign(theta[p:]) / p
    kernels.drift_matrix(mild, p, drift)
    assert drift[~np.eye(p, dtype=bool)] == pytest.approx(mild[p:])


# -- invariances --------------------------------------------------------------------------------------------------------


def test_the_unit_of_time_changes_nothing(series, fit):
    hours = Series(times=24 * series.times + 5, values=series.values, starts=series.starts, version=series.version)
    other = fit_state_space(hours, n_threads=1)
    assert other.typical.value[:2] == pytest.approx(fit.typical.value[:2] - np.log(24), abs=1e-4)
    assert other.typical.value[2:] == pytest.approx(fit.typical.value[2:] / 24, abs=1e-5)
    assert other.typical.se[:2] == pytest.approx(fit.typical.se[:2], rel=1e-3)
    here, there = horizon_effects(fit, np.array([1.0])), horizon_effects(other, np.array([24.0]))
    assert there.value == pytest.approx(here.value, abs=1e-4)
    assert peak_lag(other, of=1, on=0).lag == pytest.approx(24 * peak_lag(fit, of=1, on=0).lag, rel=1e-3)


def test_the_scale_of_a_series_changes_nothing(series, fit):
    values = series.values * np.array([1.0, 100.0]) + np.array([0.0, 7.0])
    other = fit_state_space(
        Series(times=series.times, values=values, starts=series.starts, version=series.version), n_threads=1
    )
    assert other.typical.value == pytest.approx(fit.typical.value * np.array([1, 1, 0.01, 100]), rel=2e-3)
    assert other.log_likelihood == pytest.approx(
        fit.log_likelihood - np.log(100) * (~np.isnan(values[:, 1])).sum(), abs=1e-3
    )
    here = direction_difference(fit, np.array([1.0]))
    assert direction_difference(other, np.array([1.0])).value == pytest.approx(here.value, abs=1e-4)


def test_the_order_of_units_changes_nothing(series, fit):
    order = np.random.default_rng(0).permutation(series.n_units)
    rows = (series.starts[order][:, None] + np.arange(25)).reshape(-1)
    other = fit_state_space(
        Series(times=series.times[rows], values=series.values[rows], starts=series.starts, version=series.version),
        n_threads=1,
    )
    assert other.typical.value == pytest.approx(fit.typical.value, abs=1e-4)
    assert other.unit_drift_mean == pytest.approx(fit.unit_drift_mean[order], abs=1e-3)


def test_threads_change_nothing(series, fit):
    other = fit_state_space(series, n_threads=2)
    assert np.array_equal(other.vector, fit.vector)
    assert np.array_equal(other.covariance, fit.covariance)


def test_shapes_and_types_are_as_written(series):
    name = state_space.__name__
    checked = [f"{name}.{part}" for part in ("effects", "fitting", "likelihood", "parameters", "scaling", "searching")]
    kept = {key: sys.modules.pop(key) for key in [*checked, f"{name}.series", name]}
    try:
        with install_import_hook([*checked, f"{name}.series"], "beartype.beartype"):
            other = importlib.import_module(name)
        made = other.Series(times=series.times, values=series.values, starts=series.starts, version=series.version)
        found = other.fit_state_space(made, random_drift=True, n_threads=1)
        other.horizon_effects(found, np.array([1.0, 7.0]), over="average", per="innovation_sd")
        other.direction_difference(found, np.array([1.0]))
        other.peak_lag(found, of=0, on=1)
        other.fit_state_space(made, random_drift=False, n_threads=1)
    finally:
        for key in [key for key in sys.modules if key == name or key in checked]:
            del sys.modules[key]
        sys.modules.update(kept)
        attunement.statistics.state_space = state_space


# -- what a fit says ----------------------------------------------------------------------------------------------------


def test_effects_are_the_exponential_of_the_drift(fit):
    horizons = np.array([1 / 24, 1.0, 7.0])
    found = horizon_effects(fit, horizons)
    assert found.value == pytest.approx(expm(fit.model.drift * horizons[:, None, None]))
    assert (found.se > 0).all()
    assert (found.low < found.value).all()
    size = np.sqrt(np.diag(fit.model.diffusion))
    per_sd = horizon_effects(fit, horizons, per="innovation_sd")
    assert per_sd.value == pytest.approx(found.value * np.outer(1 / size, size))
    apart = direction_difference(fit, horizons, of=1, on=0)
    assert apart.value == pytest.approx(per_sd.value[:, 0, 1] - per_sd.value[:, 1, 0])
    back = direction_difference(fit, horizons, of=0, on=1)
    assert back.value == pytest.approx(-apart.value)
    assert back.p == pytest.approx(apart.p)


def test_the_average_effect_is_not_that_of_the_typical_unit(fit, series):
    far = np.array([7.0])
    typical, average = (horizon_effects(fit, far, over=over).value for over in ("typical", "average"))
    assert (np.diagonal(average[0]) > np.diagonal(typical[0])).all(), "slow units last longest"
    common = fit_state_space(series, random_drift=False, n_threads=1)
    assert horizon_effects(common, far, over="average").value == pytest.approx(horizon_effects(common, far).value)


def test_the_peak_of_two_series_is_known_in_closed_form(fit):
    slow, fast = np.sort(np.linalg.eigvals(fit.model.drift).real)[::-1]
    peak = peak_lag(fit, of=1, on=0)
    assert isinstance(peak, Peak)
    assert peak.lag == pytest.approx(np.log(fast / slow) / (slow - fast), rel=1e-6)
    assert peak.low < peak.lag < peak.high
    assert peak_lag(fit, of=0, on=1).lag == pytest.approx(peak.lag, rel=1e-6)


def test_three_series_in_a_chain():
    """Series 2 moves 1, and 1 moves 0."""
    rng = np.random.default_rng(6)
    truth = np.array([[-0.5, 0.3, 0.0], [0.0, -0.7, 0.3], [0.0, 0.0, -0.6]])
    n_units, n_occasions, gap = 80, 40, 0.6
    move, system = expm(truth * gap), np.kron(truth, np.eye(3)) + np.kron(np.eye(3), truth)
    kept = np.linalg.solve(system, -np.eye(3).reshape(-1)).reshape(3, 3)
    root = np.linalg.cholesky(kept - move @ kept @ move.T)
    state = rng.standard_normal((n_units, 3)) @ np.linalg.cholesky(kept).T
    values = np.empty((n_units, n_occasions, 3))
    for t in range(n_occasions):
        values[:, t] = state + 0.3 * rng.standard_normal((n_units, 3))
        state = state @ move.T + rng.standard_normal((n_units, 3)) @ root.T
    values += rng.standard_normal((n_units, 1, 3))
    times = np.tile(gap * np.arange(n_occasions), n_units)
    found = fit_state_space(
        Series(times=times, values=values.reshape(-1, 3), starts=np.arange(n_units) * n_occasions), random_drift=False
    )
    cross = truth[~np.eye(3, dtype=bool)]
    expected = np.concatenate([np.log(-np.diag(truth)), cross])
    assert np.abs((found.typical.value - expected) / found.typical.se).max() < 4
    p = horizon_effects(found, np.array([1.0])).p[0]
    assert p[0, 1] < 0.01
    assert p[1, 2] < 0.01
    assert isinstance(peak_lag(found, of=1, on=0), Peak)
    assert isinstance(peak_lag(found, of=0, on=2), Refused) or p[2, 0] < 0.1


def test_known_and_estimated_noise(drifting):
    one = drawn(drifting, n_units=80, n_occasions=30, noise_sd=(0.3, 0.7))
    found = fit_state_space(one, n_threads=1)
    assert found.model.noise_variance == pytest.approx([0.09, 0.49, 0.09, 0.49], abs=0.13)
    known = np.where(one.version == 1, 0.49, np.nan)
    other = fit_state_space(
        Series(times=one.times, values=one.values, starts=one.starts, version=one.version, noise_variance=known),
        n_threads=1,
    )
    assert len(other.model.noise_variance) == 2
    assert other.typical.value == pytest.approx(found.typical.value, abs=0.1)
    known = np.where(one.version == 1, 0.49, 0.09)
    other = fit_state_space(Series(times=one.times, values=one.values, starts=one.starts, noise_variance=known))
    assert len(other.model.noise_variance) == 0
    assert other.typical.value == pytest.approx(found.typical.value, abs=0.15)


# -- what is refused ----------------------------------------------------------------------------------------------------


def broken(series, **changes):
    given = {"times": series.times, "values": series.values, "starts": series.starts, "version": series.version}
    return Series(**(given | changes))


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("are not numbers", lambda s: {"times": np.where(np.arange(len(s.times)) == 3, np.nan, s.times)}),
        ("same time", lambda s: {"times": np.where(np.arange(len(s.times)) == 3, s.times[2], s.times)}),
        ("go backwards", lambda s: {"times": -s.times}),
        ("seen once", lambda s: {"starts": np.arange(len(s.times))}),
        ("first occasion", lambda s: {"starts": s.starts + 1}),
        ("two series", lambda s: {"values": s.values[:, :1], "version": None}),
        ("never changes", lambda s: {"values": np.where([True, False], 3.0, s.values)}),
        ("hardly ever seen", lambda s: {"values": np.where([True, False], np.nan, s.values)}),
        ("infinite", lambda s: {"values": np.where(np.isnan(s.values), np.inf, s.values)}),
        ("does not fit", lambda s: {"version": s.version[:-1]}),
        ("negative", lambda s: {"noise_variance": np.full(s.values.shape, -1.0)}),
        ("counted from 0", lambda s: {"version": s.version - 1}),
    ],
)
def test_what_is_wrong_with_series_is_said(series, words, change):
    with pytest.raises(OptionError, match=words):
        broken(series, **change(series))


def test_what_is_wrong_with_questions_is_said(series, fit):
    with pytest.raises(OptionError, match="between 0 and 1"):
        fit_state_space(series, level=95)
    with pytest.raises(OptionError, match="thread"):
        fit_state_space(series, n_threads=0)
    with pytest.raises(OptionError, match="above 0"):
        horizon_effects(fit, np.array([0.0]))
    with pytest.raises(OptionError, match="different series"):
        direction_difference(fit, np.array([1.0]), of=1, on=1)


def test_fewer_units_than_parameters_are_refused(drifting):
    found = fit_state_space(drawn(drifting, n_units=18, n_occasions=30))
    assert isinstance(found, Refused)
    assert found.reason is Missing.TOO_FEW
    assert "18 units" in found.what


def test_a_mirror_is_refused(series):
    rng = np.random.default_rng(2)
    mirror = series.values[:, :1] + 1e-3 * rng.standard_normal((len(series.times), 1))
    found = fit_state_space(broken(series, values=np.hstack([series.values[:, :1], mirror])), n_threads=1)
    assert isinstance(found, Refused)
    assert found.reason is Missing.NOT_IDENTIFIED


def test_noise_alone_is_refused(series):
    values = np.random.default_rng(4).standard_normal(series.values.shape)
    found = fit_state_space(broken(series, values=values, version=None), n_threads=1)
    assert isinstance(found, Refused)
    assert found.reason is Missing.NOT_IDENTIFIED


# -- recovery: a fast version of benchmarks/recovery/state_space.py -----------------------------------------------------


@pytest.fixture(scope="module")
def recovered(drifting):
    return [fit_state_space(drawn(drifting, n_units=120, n_occasions=40, seed=seed)) for seed in range(6)]


def test_the_truth_is_recovered(drifting, recovered):
    truth = drifting.Truth().theta
    z = np.array([(fit.typical.value - truth) / fit.typical.se for fit in recovered])
    assert np.abs(z).max() < 4
    assert np.abs(z.mean(axis=0) * np.sqrt(len(z))).max() < 3.5, "bias"
    assert 0.5 < np.sqrt((z**2).mean()) < 1.4, "standard errors"


def test_units_differ_as_much_as_they_do(recovered):
    sd = np.mean([fit.model.drift_sd for fit in recovered], axis=0)
    assert sd[:2] == pytest.approx([0.25, 0.25], abs=0.12)
    assert sd[2:] == pytest.approx([0.10, 0.10], abs=0.06)


def test_effects_are_seldom_declared_where_there_are_none(drifting):
    declared = []
    for seed in range(6):
        fit = fit_state_space(drawn(drifting, n_units=100, n_occasions=30, seed=seed, on_0=0.0, on_1=0.0))
        p = horizon_effects(fit, np.array([1.0])).p[0]
        declared += [p[0, 1] < 0.05, p[1, 0] < 0.05, direction_difference(fit, np.array([1.0])).p[0] < 0.05]
    assert sum(declared) <= 4


def test_those_who_come_often_do_not_decay_more_slowly(drifting):
    often, seldom = (
        fit_state_space(drawn(drifting, n_units=120, n_occasions=40, seed=3, gap_scale=scale)) for scale in (0.25, 2.0)
    )
    apart = often.typical.value - seldom.typical.value
    assert np.abs(apart / np.hypot(often.typical.se, seldom.typical.se)).max() < 3.5


def test_the_search_ends_where_scores_add_up_to_nothing(series, fit):
    data, _, _ = scaling.start(series, random_drift=True, n_threads=1)
    found = likelihood.evaluate(data, fit.vector, near=None)
    slope = found.scores.sum(axis=0) / np.sqrt((found.scores**2).sum(axis=0))
    about_spread = np.char.startswith(data.layout.names, "SD of")  # next to their lower bound nothing is to be gained
    assert np.abs(slope[~about_spread]).max() < 0.25
