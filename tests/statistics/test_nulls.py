"""Nulls: what each rearrangement keeps, exact p-values, any memory the same, refusals, and rates of false links."""

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
from attunement.vocabulary import Missing

ROOM = "attunement.statistics.nulls"
BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "nulls.py"


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
    spec = importlib.util.spec_from_file_location("nulls_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["nulls_benchmark"] = module
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def starts_of(*n):
    return np.cumsum([0, *n[:-1]])


def arrangements(room, n=(7, 12, 1, 5)):
    starts, rows = starts_of(*n), sum(n)
    times = np.concatenate([np.arange(size) + 0.1 * at for at, size in enumerate(n)])
    return {
        "shifts": room.CircularShifts(starts=starts, n_rows=rows),
        "blocks": room.BlockShuffles(starts=starts, n_rows=rows, block=3),
        "yoked": room.YokedPartners(starts=starts, n_rows=rows, stratum=np.zeros(len(n), dtype=int)),
        "calendar": room.YokedPartners(starts=starts, n_rows=rows, stratum=np.zeros(len(n), dtype=int), times=times),
    }


def total(weights):
    return lambda values: np.nansum(values * weights, axis=1, keepdims=True)


# -- known answers -----------------------------------------------------------------------------------------------------


def test_shifts_and_blocks_keep_every_value_in_its_unit(room):
    owner = np.repeat([0, 1, 2, 3], [7, 12, 1, 5])
    for name in ("shifts", "blocks"):
        drawn = arrangements(room)[name].draw(50, np.random.default_rng(0))
        assert (owner[drawn] == owner).all()
        assert (np.sort(drawn, axis=1) == np.arange(25)).all()


def test_a_shift_keeps_neighbours_on_the_ring(room):
    drawn = arrangements(room)["shifts"].draw(200, np.random.default_rng(0))[:, :7]
    assert ((np.roll(drawn, -1, axis=1) - drawn) % 7 == 1).all()
    assert np.bincount(drawn[:, 0], minlength=7).min() > 10


def test_blocks_keep_most_neighbours(room):
    drawn = arrangements(room)["blocks"].draw(300, np.random.default_rng(0))[:, 7:19]
    steps = np.diff(drawn, axis=1)
    assert 0.5 < (steps == 1).mean() < 0.8
    assert len(np.unique(drawn[:, 0])) > 5


def test_partners_stay_in_their_stratum_and_rows_in_their_place(room):
    n = (3, 5, 4, 2)
    starts = starts_of(*n)
    null = room.YokedPartners(starts=starts, n_rows=14, stratum=np.array([8, 3, 8, 3]))
    drawn = null.draw(100, np.random.default_rng(0))
    owner, within = np.repeat(np.arange(4), n), np.concatenate([np.arange(size) for size in n])
    some = drawn >= 0
    assert (within[drawn][some] == np.broadcast_to(within, drawn.shape)[some]).all()
    assert (owner[drawn] % 2 == owner % 2)[some].all()
    partner_of_1 = owner[drawn[:, 3]]
    assert 0.3 < (partner_of_1 == 3).mean() < 0.7
    # Partner 3 has two rows, so that the last three of unit 1 then get none.
    assert (drawn[partner_of_1 == 3][:, 5:8] == -1).all()


def test_by_the_calendar_the_nearest_day_comes(room):
    times = np.array([0.0, 1.2, 9.0, 0.4, 1.6, 30.0])
    null = room.YokedPartners(starts=np.array([0, 3]), n_rows=6, stratum=np.zeros(2, dtype=int), times=times)
    drawn = null.draw(40, np.random.default_rng(0))
    assert {tuple(row) for row in drawn.tolist()} == {(0, 1, 2, 3, 4, 5), (3, 4, -1, 0, 1, -1)}


def test_p_values_count_what_was_seen_as_a_draw(room):
    """With all orders of few rows the exact p-value is known: here 1 of 4 turns."""
    null = room.CircularShifts(starts=np.array([0]), n_rows=4)
    values = np.array([4.0, 3.0, 2.0, 1.0])
    tested = room.permutation_test(total(values), values, null, rng=np.random.default_rng(0), n_draws=4000)
    assert tested.p_high[0] == pytest.approx(0.25, abs=0.03)
    assert tested.p_low[0] == 1.0
    mean = np.mean([np.roll(values, k) @ values for k in range(4)])
    assert tested.null_mean[0] == pytest.approx(mean, abs=0.2)
    constant = room.permutation_test(
        lambda copies: np.ones((len(copies), 1)), values, null, rng=np.random.default_rng(0), n_draws=99
    )
    assert (constant.p[0], constant.p_high[0], constant.null_sd[0]) == (1.0, 1.0, 0.0)


def test_the_smallest_p_value_is_one_over_all_draws_and_one(room):
    rng = np.random.default_rng(0)
    values = rng.standard_normal(500)
    null = room.CircularShifts(starts=np.arange(0, 500, 50), n_rows=500)
    tested = room.permutation_test(total(values), values, null, rng=rng, n_draws=199)
    assert tested.p_high[0] == pytest.approx(1 / 200)
    assert tested.p[0] == pytest.approx(2 / 200)


def test_signs_are_fishers_exact_test(room):
    rng = np.random.default_rng(0)
    for seed in range(20):
        first, second = np.random.default_rng(seed).standard_normal((2, 40)) + np.array([[0.4], [-0.3]])
        found = room.sign_independence(first, second)
        table = [
            [np.sum((first > 0) & (second < 0)), np.sum((first > 0) & (second > 0))],
            [np.sum((first < 0) & (second < 0)), np.sum((first < 0) & (second > 0))],
        ]
        assert found.p == pytest.approx(stats.fisher_exact(table, alternative="greater").pvalue)
        assert found.p_few == pytest.approx(stats.fisher_exact(table, alternative="less").pvalue)
        assert found.observed == table[0][0]
    stratum = rng.integers(0, 3, 40)
    found = room.sign_independence(first, second, stratum=stratum)
    up, down = first > 0, second < 0
    draws = []
    for _ in range(4000):
        order = np.lexsort((rng.random(40), stratum))
        back = np.empty(40, dtype=int)
        back[np.argsort(stratum, kind="stable")] = order
        draws.append(np.sum(up & down[back]))
    assert found.p == pytest.approx(np.mean(np.array(draws) >= found.observed), abs=0.03)
    assert found.expected == pytest.approx(np.mean(draws), abs=0.1)


# -- properties --------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 999),
    name=st.sampled_from(["shifts", "blocks", "yoked", "calendar"]),
    at_once=st.integers(1, 60),
)
def test_the_same_seed_gives_the_same_result_for_any_memory(room, seed, name, at_once):
    rng = np.random.default_rng(seed)
    values, weights = rng.standard_normal((2, 25))
    null = arrangements(room)[name]
    whole = room.permutation_test(total(weights), values, null, rng=np.random.default_rng(seed), n_draws=60)
    parts = room.permutation_test(
        total(weights), values, null, rng=np.random.default_rng(seed), n_draws=60, values_at_once=25 * at_once
    )
    assert parts.p_high == pytest.approx(whole.p_high)
    assert parts.null_mean == pytest.approx(whole.null_mean)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(20, 80))
def test_signs_do_not_care_for_sizes_order_or_sides(room, seed, n):
    rng = np.random.default_rng(seed)
    first, second = rng.standard_normal((2, n))
    found = room.sign_independence(first, second)
    order = rng.permutation(n)
    assert room.sign_independence(first[order] ** 3, 5 * second[order]) == found
    assert room.sign_independence(-second, -first).p == pytest.approx(found.p)
    assert 0 < found.p <= 1
    assert found.p + found.p_few >= 1 - 1e-9


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_bad_input_is_said_in_plain_words(room):
    starts = starts_of(5, 5)
    with pytest.raises(OptionError, match="no rows at all"):
        room.CircularShifts(starts=np.zeros(0, dtype=int), n_rows=0)
    with pytest.raises(OptionError, match="first row of each unit"):
        room.CircularShifts(starts=starts + 1, n_rows=10)
    with pytest.raises(OptionError, match="units of one row"):
        room.CircularShifts(starts=np.arange(10), n_rows=10)
    with pytest.raises(OptionError, match="longer than one block"):
        room.BlockShuffles(starts=starts, n_rows=10, block=5)
    with pytest.raises(OptionError, match="at least one row"):
        room.BlockShuffles(starts=starts, n_rows=10, block=0)
    with pytest.raises(OptionError, match="nobody in its stratum"):
        room.YokedPartners(starts=starts, n_rows=10, stratum=np.arange(2))
    with pytest.raises(OptionError, match="nobody in its stratum"):
        room.YokedPartners(starts=starts[:1], n_rows=10, stratum=np.zeros(1, dtype=int))
    with pytest.raises(OptionError, match="go backwards"):
        room.YokedPartners(starts=starts, n_rows=10, stratum=np.zeros(2, dtype=int), times=-np.arange(10.0))
    with pytest.raises(OptionError, match="a number"):
        room.YokedPartners(starts=starts, n_rows=10, stratum=np.zeros(2, dtype=int), times=np.full(10, np.nan))
    null, rng, values = room.CircularShifts(starts=starts, n_rows=10), np.random.default_rng(0), np.arange(10.0)
    with pytest.raises(OptionError, match="different lengths"):
        room.permutation_test(total(np.ones(10)), values[:9], null, rng=rng)
    with pytest.raises(OptionError, match="infinite, or all are missing"):
        room.permutation_test(total(np.ones(10)), np.full(10, np.nan), null, rng=rng)
    with pytest.raises(OptionError, match="so few draws"):
        room.permutation_test(total(np.ones(10)), values, null, rng=rng, n_draws=5)
    with pytest.raises(OptionError, match="not a number"):
        room.permutation_test(lambda copies: np.full((len(copies), 1), np.nan), values, null, rng=rng)
    with pytest.raises(OptionError, match="one row for each"):
        room.permutation_test(lambda copies: np.ones((3, 1)), values, null, rng=rng)
    with pytest.raises(OptionError, match="infinite"):
        room.sign_independence(np.full(30, np.inf), np.ones(30))
    with pytest.raises(OptionError, match="different lengths"):
        importlib.import_module(ROOM).sign_independence(np.ones(30), np.ones(29))


def test_too_few_signs_are_refused_in_words(room):
    change = np.array([1.0, -1.0, np.nan] * 10)
    refused = room.sign_independence(change[:15], -change[:15])
    assert refused.reason is Missing.TOO_FEW
    assert "10 of 15" in refused.what
    with_gaps = room.sign_independence(change, -np.roll(change, 3))
    assert (with_gaps.n_units, with_gaps.n_without_sign) == (20, 10)
    assert room.sign_independence(np.zeros(30), np.ones(30)).reason is Missing.TOO_FEW


# -- recovery: a fast version of benchmarks/recovery/nulls.py ------------------------------------------------------------


def test_nulls_that_keep_memory_reject_as_often_as_they_say(benchmark):
    found = benchmark.links(np.random.default_rng(20261127), truth="none", memory=0.8, n_runs=80, n_units=25)[
        "rejected"
    ]
    for name in ("circular shifts", "yoked partners, by place", "yoked partners, by calendar"):
        assert found[name] <= 0.13
    assert found["shuffle of sessions (naive)"] > 0.13


def test_independent_signs_are_no_decoupling(benchmark):
    rng = np.random.default_rng(1)
    none, some = (benchmark.signs(rng, dependence=dependence, n_runs=200) for dependence in (0.0, 0.5))
    assert none["found"] <= 0.09
    assert none["naive_found"] > 0.9
    assert some["found"] > 0.6
