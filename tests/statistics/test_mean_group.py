"""Mean lagged effects: against a loop over people, invariances, refusals, and coverage where slopes differ."""

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

ROOM = "attunement.statistics.mean_group"
BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "mean_group.py"


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
    spec = importlib.util.spec_from_file_location("mean_group_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["mean_group_benchmark"] = module
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def made(seed=0, *, n_units=24, n_steps=40, ragged=True):
    """Series of units that differ, with lengths that differ."""
    rng = np.random.default_rng(seed)
    n = rng.integers(n_steps - 10, n_steps + 1, n_units) if ragged else np.full(n_units, n_steps)
    columns = []
    for size in n:
        state, rows = np.zeros(2), []
        slope = np.array([[0.4, 0.1], [0.0, 0.3]]) + 0.1 * rng.standard_normal((2, 2))
        for _ in range(size):
            state = slope @ state + rng.standard_normal(2)
            rows.append(state)
        columns.append(np.array(rows) + 3 * rng.standard_normal(2))
    return np.concatenate(columns), np.concatenate([[0], np.cumsum(n)[:-1]])


def one_by_one(values, starts):
    """Slopes and their jackknife by a loop over units, from `numpy.linalg.lstsq`."""

    def slopes(x, y):
        return np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), y, rcond=None)[0][1:].T

    plain, mended = [], []
    for first, last in zip(starts, [*starts[1:], len(values)], strict=True):
        x, y = values[first : last - 1], values[first + 1 : last]
        cut = int(np.ceil(len(x) / 2))
        whole = slopes(x, y)
        halves = [slopes(x[:cut], y[:cut]), slopes(x[cut:], y[cut:])]
        share = np.array([cut, len(x) - cut]) / len(x)
        plain.append(whole)
        mended.append(2 * whole - share[0] * halves[0] - share[1] * halves[1])
    return np.array(plain), np.array(mended)


# -- known answers -----------------------------------------------------------------------------------------------------


def test_it_is_what_a_loop_over_people_gives(room):
    values, starts = made()
    fit = room.fit_mean_group(values, starts)
    plain, mended = one_by_one(values, starts)
    assert fit.unit_value == pytest.approx(mended)
    assert fit.value == pytest.approx(mended.mean(axis=0))
    assert fit.uncorrected == pytest.approx(plain.mean(axis=0))
    assert fit.se == pytest.approx(mended.std(axis=0, ddof=1) / np.sqrt(len(starts)))
    assert fit.n_pairs.sum() == len(values) - len(starts)


def test_the_variance_of_a_unit_is_that_of_its_linear_map(room):
    """The jackknife is linear in the innovations: its weights, found by moving outcomes one by one, give its variance."""
    from attunement.statistics.mean_group import regressing

    values, _ = made(3, n_units=2, n_steps=30, ragged=False)
    x, y = values[:-1][:29], values[1:][:29]
    unit = np.zeros(29, dtype=np.int64)

    def slope(outcome):
        return regressing.regress(regressing.Pairs(x, outcome, unit, unit)).value[0, 0]

    weights = np.array([slope(y + np.eye(29)[:, [t]] * [1.0, 0.0]) - slope(y) for t in range(29)])
    pairs = regressing.Pairs(x, y, unit, unit)
    found = regressing.regress(pairs)
    assert found.variance[0, 0] == pytest.approx(found.innovation[0, 0] * (weights**2).sum(axis=0))
    x_apart, y_apart = x - x.mean(axis=0), y - y.mean(axis=0)
    residual = y_apart - x_apart @ found.plain[0].T
    assert regressing.influence(pairs, found)[:, 0] == pytest.approx(weights * residual[:, [0]])


def test_a_gap_is_not_a_step(room):
    values, starts = made(1, ragged=False)
    linked = np.ones(len(values), dtype=bool)
    linked[starts + 20] = False
    with_gap = room.fit_mean_group(values, starts, linked=linked)
    with_hole = values.copy()
    with_hole[starts + 20] = np.nan
    assert (with_gap.n_pairs == 38).all()
    assert (room.fit_mean_group(with_hole, starts).n_pairs == 37).all()


def test_units_too_short_or_still_are_left_out_and_counted(room):
    values, starts = made(2, n_units=30, ragged=False)
    values[starts[3] : starts[4], 1] = 7.0
    values[starts[5] : starts[5] + 20, 0] = 1.0
    values[starts[8] : starts[8] + 25] = np.nan
    fit = room.fit_mean_group(values, starts)
    assert (fit.n_constant, fit.n_short) == (2, 1)
    assert set(range(30)) - set(fit.unit.tolist()) == {3, 5, 8}


def test_shared_weeks_widen_the_interval_where_shocks_are_shared(room, benchmark):
    rng = np.random.default_rng(0)
    values, starts, _, week = benchmark.panel(rng, n_units=200, n_steps=40, shock_sd=0.7)
    alone, together = room.fit_mean_group(values, starts), room.fit_mean_group(values, starts, period=week)
    assert (together.se >= alone.se).all()
    assert together.se[0, 1] > 1.5 * alone.se[0, 1]
    assert together.degrees == 38
    noisy = room.fit_mean_group(values, starts, period=week, noise_variance=np.full(values.shape, 0.05))
    assert noisy.se == pytest.approx(together.se, rel=0.2)
    assert room.direction_difference(together).se > 1.5 * room.direction_difference(alone).se


def test_the_difference_turns_its_sign_with_the_directions(room):
    fit = room.fit_mean_group(*made(4))
    there, back = room.direction_difference(fit), room.direction_difference(fit, moved=1, mover=0)
    assert there.value == pytest.approx(-back.value)
    assert (there.se, there.p) == (pytest.approx(back.se), pytest.approx(back.p))


def test_noise_that_is_none_changes_nothing(room):
    values, starts = made(5)
    plain, none = (
        room.fit_mean_group(values, starts, noise_variance=noise) for noise in (None, np.zeros(values.shape))
    )
    assert none.value == pytest.approx(plain.value)
    assert none.as_scored == pytest.approx(plain.value)
    assert none.unit_value == pytest.approx(plain.unit_value)
    assert none.n_held == 0


def test_the_errors_of_moments_are_what_noise_adds_on_average(room):
    """Moments of noise alone, over many draws, against what is taken out."""
    from attunement.statistics.mean_group import regressing

    rng = np.random.default_rng(0)
    n, sizes = 20_000, np.array([0.5, 2.0])
    noise = np.sqrt(sizes) * rng.standard_normal((n * 13, 2))
    row = (np.arange(n)[:, None] * 13 + np.arange(1, 13)).reshape(-1)
    variance = np.broadcast_to(sizes, (len(row), 2))
    unit = np.repeat(np.arange(n), 12)
    pairs = regressing.Pairs(noise[row - 1], noise[row], unit, row, variance, variance)
    # Far larger moments than those of noise, so that nothing is held back.
    for moments, part in zip(regressing.half_moments(pairs), regressing._parts(pairs), strict=True):
        large = moments._replace(xx=moments.xx + 1e4 * np.eye(2))
        taken = regressing._noise(pairs, large, part)
        for name in ("xx", "xy", "yy"):
            seen = getattr(moments, name).mean(axis=0)
            assert getattr(taken, name).mean(axis=0) == pytest.approx(seen, abs=0.2)


def test_scores_that_seem_all_noise_are_held_back_and_counted(room):
    values, starts = made(6)
    fit = room.fit_mean_group(values, starts, noise_variance=np.full(values.shape, 3.0))
    assert fit.n_held == len(starts)
    assert np.isfinite(fit.value).all()


# -- properties --------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100), shift=st.floats(-1e4, 1e4))
def test_units_of_measurement_and_levels_do_not_matter(room, seed, scale, shift):
    values, starts = made(seed)
    fit, scaled = room.fit_mean_group(values, starts), room.fit_mean_group(values * [scale, 1.0] + shift, starts)
    to = np.array([[1.0, scale], [1 / scale, 1.0]])
    assert scaled.value == pytest.approx(fit.value * to, rel=1e-5, abs=1e-8 * to.max())
    assert scaled.unit_variance == pytest.approx(fit.unit_variance * to**2, rel=1e-4)
    assert room.direction_difference(scaled).value == pytest.approx(room.direction_difference(fit).value, rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_units_does_not_matter(room, seed):
    values, starts = made(seed)
    parts = np.split(values, starts[1:])
    order = np.random.default_rng(seed).permutation(len(parts))
    turned = [parts[at] for at in order]
    fit = room.fit_mean_group(values, starts)
    other = room.fit_mean_group(np.concatenate(turned), np.cumsum([0, *map(len, turned[:-1])]))
    assert other.value == pytest.approx(fit.value)
    assert other.unit_value == pytest.approx(fit.unit_value[order])


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_too_few_people_are_refused_in_words(room):
    for values, starts in (made(n_units=1), made(n_units=30, n_steps=20)):
        refused = room.fit_mean_group(values, starts)
        assert refused.reason is Missing.TOO_FEW
        assert "units" in refused.what


def test_bad_input_is_said_in_plain_words(room):
    values, starts = made()
    cases = [
        ((np.zeros((0, 2)), np.zeros(0, dtype=int)), {}, "no rows at all"),
        ((values, starts + 1), {}, "first row of each unit"),
        ((values[:, :1], starts), {}, "need two"),
        ((values * [1.0, 0.0], starts), {}, "series 1 never changes"),
        ((np.full_like(values, np.nan), starts), {}, "series 0 never changes"),
        ((np.where(values > 2, np.inf, values), starts), {}, "infinite"),
        ((values, starts), {"period": np.zeros(len(values), dtype=int)}, "too few periods"),
        ((values, starts), {"level": 1.0}, "between 0 and 1"),
    ]
    for given_, options, words in cases:
        with pytest.raises(OptionError, match=words):
            room.fit_mean_group(*given_, **options)
    with pytest.raises(OptionError, match="different lengths"):
        importlib.import_module(ROOM).fit_mean_group(values, starts, linked=np.ones(3, dtype=bool))
    for noise, words in ((-np.ones(values.shape), "negative"), (np.full(values.shape, np.nan), "negative or not a")):
        with pytest.raises(OptionError, match=words):
            room.fit_mean_group(values, starts, noise_variance=noise)
    with pytest.raises(OptionError, match="one series to another"):
        room.direction_difference(room.fit_mean_group(values, starts), moved=0, mover=2)


# -- recovery: a fast version of benchmarks/recovery/mean_group.py ---------------------------------------------------------


def test_it_is_unbiased_and_covers_where_slopes_differ(benchmark):
    found = benchmark.recovered(np.random.default_rng(20261123), n_runs=60, n_units=200, n_steps=50)
    best = found["estimators"]["mean group, jackknife"]
    for cell in ("on itself", "1 on 0", "0 on 1"):
        assert abs(best["bias"][cell]) <= 0.012
        assert best["covers"][cell] >= 0.86
        assert 0.9 < found["own_error_over_its_variance"][cell] < 1.25
    assert found["difference"]["covers"] >= 0.86
    assert found["estimators"]["pooled"]["bias"]["on itself"] > 0.2
    assert found["estimators"]["mean group"]["bias"]["on itself"] < -0.03


def test_known_noise_is_taken_out(benchmark):
    found = benchmark.recovered(np.random.default_rng(7), n_runs=40, n_units=200, n_steps=60, noise_sd=0.4, said=0.4)
    known = found["estimators"]["mean group, jackknife, noise known"]
    for cell in ("on itself", "1 on 0", "0 on 1"):
        assert abs(known["bias"][cell]) <= 0.012
        assert known["covers"][cell] >= 0.85
    assert found["estimators"]["mean group, jackknife"]["bias"]["on itself"] < -0.025
    assert found["estimators"]["mean group, jackknife"]["bias"]["1 on 0"] < -0.005
