"""A person's change: each route on populations with a known truth, mirrors refused, and what must not matter."""

from __future__ import annotations

import builtins
import importlib.util
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from attunement.dynamics import drift_pull
from attunement.dynamics.drift import FEWEST, MIN_SESSIONS, estimate_drift
from attunement.dynamics.drift_pull import FLOOR
from attunement.dynamics.drift_routes import Routes
from attunement.dynamics.drift_rows import rows_of
from attunement.errors import ExtraMissing
from attunement.vocabulary import PANEL, Missing, Rung

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "drift.py"


@pytest.fixture(scope="module")
def made():
    """The benchmark's own generator, so that tests and benchmark know one truth."""
    spec = importlib.util.spec_from_file_location("drift_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def estimated(panel, **given):
    found = estimate_drift(panel, person="score.person", rng=np.random.default_rng(1), n_threads=1, **given)
    for item in found:
        for number in (item.value, item.low, item.high):
            assert isinstance(number, Missing) or math.isfinite(number)
        assert item.method
        if isinstance(item.value, Missing) and item.relationship_id is None and "total" not in item.measure:
            assert "; needed: " in item.method
    of_all = [item for item in found if item.relationship_id is None]
    return {item.measure.removeprefix("drift.").removesuffix(".score.person"): item for item in of_all}, found


def dates(drawn, made, which=None):
    n = len(drawn.onset)
    at = pa.array(((made.START + drawn.onset) * 86_400e6).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))
    table = pa.table({"relationship_id": pa.array(np.arange(1, n + 1, dtype=np.uint64)), "at": at})
    table = table.append_column("arm", pa.array(drawn.exposed.astype(float)))
    return table if which is None else table.filter(pa.array(which))


# -- the sum -----------------------------------------------------------------------------------------------------------


def test_without_a_route_the_sum_is_described_and_the_split_refused(made):
    drawn = made.simulate(np.random.default_rng(1), made.Truth(natural=1.5, n_units=60))
    of_all, found = estimated(drawn.panel)
    total = of_all["total"]
    half = drawn.latent.shape[1] // 2
    assert total.low <= (drawn.latent[:, half:].mean(axis=1) - drawn.latent[:, :half].mean(axis=1)).mean() <= total.high
    assert total.rung is Rung.DESCRIBED
    assert total.null.p < 0.05
    assert of_all["induced.none"].value is Missing.NOT_IDENTIFIED
    assert of_all["natural.none"].value is Missing.NOT_IDENTIFIED
    own = [item for item in found if item.relationship_id is not None]
    assert len(own) == 60
    assert all(0 < item.reliability < 1 for item in own)


def test_intervals_of_single_changes_hold_after_shrinkage(made):
    inside = []
    for seed in range(6):
        drawn = made.simulate(np.random.default_rng(seed), made.Truth(n_units=60))
        half = drawn.latent.shape[1] // 2
        # What is to be found is the change that would be seen with sessions without end: the home's, which is .25.
        own = [item for item in estimated(drawn.panel)[1] if item.relationship_id is not None]
        inside += [item.low <= 0.5 * half / 40 <= item.high for item in own]
    assert np.mean(inside) > 0.9


def test_too_little_is_refused(made):
    few = made.simulate(np.random.default_rng(1), made.Truth(n_units=FEWEST - 1)).panel
    short = made.simulate(np.random.default_rng(1), made.Truth(n_units=30, n_sessions=MIN_SESSIONS - 2)).panel
    assert estimated(few)[0]["total"].value is Missing.TOO_FEW
    of_all, found = estimated(short, ai="score.ai", routes=Routes(untouched=("score.other",)))
    assert {item.value for item in found} == {Missing.TOO_FEW}
    assert {"induced.untouched", "induced.pull"} <= set(of_all)
    assert estimate_drift(PANEL.empty_table(), person="x", rng=np.random.default_rng(1)) == []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.floats(-50, 50), min_size=1, max_size=20), min_size=1, max_size=4), st.integers(0, 99))
def test_order_of_rows_does_not_matter_and_nothing_is_invented(values, seed):
    rows = [
        {
            "relationship_id": owner + 1,
            "period_start": 1_767_600_000_000_000 + 90_000_000_000 * place,
            "period": "session",
            "measure": "score.person",
            "value": value,
            "se": None,
            "n": 3,
            "exposure": 1.0,
            "missing": None,
        }
        for owner, some in enumerate(values)
        for place, value in enumerate(some)
    ]
    panel = pa.Table.from_pylist(rows, schema=PANEL)
    shuffled = panel.take(pa.array(np.random.default_rng(seed).permutation(len(rows))))
    assert estimated(panel)[1] == estimated(shuffled)[1]
    assert len([item for item in estimated(panel)[1] if item.relationship_id is not None]) == len(values)


# -- routes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ["arm", "release", "untouched", "adoption"])
def test_a_route_finds_a_strong_pull_and_none_where_there_is_none(made, route):
    """The fast recovery: five populations with a pull that is twice the benchmark's, five without."""
    claimed = []
    for pull in (0.0, 0.3):
        truth = made.ROUTES[f"{route}, none"]
        truth = replace(truth, pull=pull, agenda=4.0, n_units=120)
        for seed in range(5):
            drawn = made.simulate(np.random.default_rng(seed), truth)
            known = {
                "arm": lambda d: Routes(arms=dates(d, made)),
                "release": lambda d: Routes(releases=dates(d, made, d.exposed)),
                "untouched": lambda _: Routes(untouched=("score.other0", "score.other1", "score.other2")),
                "adoption": lambda d: Routes(adoption=dates(d, made)),
            }[route](drawn)
            found = estimated(drawn.panel, routes=known)[0][f"induced.{route}"]
            assert found.rung is (Rung.RANDOMISED if route == "arm" else Rung.ADJUSTED)
            claimed.append(found.low > 0)
    assert sum(claimed[:5]) <= 1
    assert sum(claimed[5:]) >= (3 if route == "adoption" else 5)


def test_an_arm_in_which_people_are_lost_is_no_longer_random(made):
    drawn = made.simulate(np.random.default_rng(3), replace(made.ROUTES["arm, none"], n_units=120))
    gone = set((np.flatnonzero(drawn.exposed)[:20] + 1).tolist())
    onset = dict(enumerate(dates(drawn, made)["at"].to_pylist(), start=1))
    keep = [
        not (owner in gone and at >= onset[owner])
        for owner, at in zip(
            drawn.panel["relationship_id"].to_pylist(), drawn.panel["period_start"].to_pylist(), strict=True
        )
    ]
    found = estimated(drawn.panel.filter(pa.array(keep)), routes=Routes(arms=dates(drawn, made)))[0]["induced.arm"]
    assert found.rung is Rung.ADJUSTED
    assert "uneven" in found.method


def test_a_release_to_all_at_once_is_refused(made):
    drawn = made.simulate(np.random.default_rng(3), replace(made.ROUTES["release, none"], n_units=60))
    table = dates(drawn, made)
    same = table.set_column(1, "at", pa.array([table["at"][0].as_py()] * len(table), table["at"].type))
    found = estimated(drawn.panel, routes=Routes(releases=same))[0]["induced.release"]
    assert found.value is Missing.NOT_IDENTIFIED
    assert "different days" in found.method


def test_starts_that_share_a_season_are_refused(made):
    truth = replace(made.ROUTES["adoption, none"], entries=10.0, n_units=60)
    drawn = made.simulate(np.random.default_rng(3), truth)
    assert estimated(drawn.panel, routes=Routes(adoption=dates(drawn, made)))[0]["induced.adoption"].value is (
        Missing.NOT_IDENTIFIED
    )


# -- the pull ----------------------------------------------------------------------------------------------------------


def test_the_share_that_is_left_is_that_of_regression_on_a_long_series():
    drift, diffusion, gap = np.array([[-0.4, 0.1], [0.5, -0.7]]), np.array([[1.0, 0.3], [0.3, 0.5]]), 0.8
    settled = linalg.solve_continuous_lyapunov(drift, -diffusion)
    move = linalg.expm(drift * gap)
    root = np.linalg.cholesky(settled - move @ settled @ move.T)
    rng = np.random.default_rng(6)
    state, path = np.linalg.cholesky(settled) @ rng.standard_normal(2), np.empty((60_000, 2))
    for t in range(len(path)):
        path[t] = state
        state = move @ state + root @ rng.standard_normal(2)
    own = np.stack([path[5 - lag : len(path) - lag, 0] for lag in range(6)], axis=1)
    ai = path[5:, 1]
    left = ai - own @ np.linalg.lstsq(own, ai, rcond=None)[0]
    assert drift_pull._left(drift, diffusion, gap) == pytest.approx(left.var() / ai.var(), abs=0.02)


@pytest.fixture(scope="module")
def pulled(made):
    return made.simulate(np.random.default_rng(2), made.Truth(pull=0.3, n_units=100, agenda=2.0))


def test_a_leader_is_told_with_its_share_of_the_change(pulled):
    of_all, _ = estimated(pulled.panel, ai="score.ai")
    assert of_all["distinct"].low > FLOOR
    assert of_all["pull"].low > 0
    assert of_all["pull"].null.p < 0.05
    induced, natural = of_all["induced.pull"], of_all["natural.pull"]
    assert induced.low <= pulled.induced <= induced.high
    assert induced.value + natural.value == pytest.approx(of_all["total"].value, abs=0.02)
    assert induced.rung is Rung.ADJUSTED


def test_what_one_relationship_lacks_is_said(made):
    drawn = made.simulate(np.random.default_rng(4), made.Truth(n_units=3, n_sessions=20))
    _, found = estimated(drawn.panel)
    own = [one for one in found if one.relationship_id is not None]
    assert len(own) == 3
    assert all("cannot be learned from 3 relationships; needed: 5 relationships" in one.method for one in own)
    short = made.simulate(np.random.default_rng(4), made.Truth(n_units=6, n_sessions=8))
    _, found = estimated(short.panel)
    assert all("read in 8 sessions; needed: 12 sessions" in one.method for one in found if one.relationship_id)


def test_a_rate_that_hardly_leaves_its_floor_is_not_followed(made):
    drawn = made.simulate(np.random.default_rng(4), made.Truth(n_units=60, n_sessions=20))
    names = pa.array(["rate.user.mind", "rate.ai.mind_claim"])
    measure = drawn.panel["measure"].cast(pa.string()).combine_chunks()
    code = pc.if_else(pc.equal(measure, "score.person"), 0, 1).cast(pa.int8())
    rare = np.where(np.arange(len(code)) % 30 == 0, 40.0, 0.5)
    columns = {
        "measure": pa.DictionaryArray.from_arrays(code, names),
        "value": pa.array(rare),
        "n": pa.array(np.full(len(code), 5, np.int32)),
    }
    panel = pa.table({name: columns.get(name, drawn.panel[name]) for name in PANEL.names}, schema=PANEL)
    found = estimate_drift(
        panel, person="rate.user.mind", ai="rate.ai.mind_claim", rng=np.random.default_rng(1), n_threads=1
    )
    (pull,) = [one for one in found if one.measure == "drift.induced.pull.rate.user.mind"]
    assert pull.value is Missing.NOT_IDENTIFIED
    assert "hardly ever leaves its floor" in pull.method


def test_an_ai_that_mirrors_is_refused(made):
    drawn = made.simulate(np.random.default_rng(4), made.Truth(follows=1.0, own=0.3, n_units=60, pull=0.15))
    of_all, _ = estimated(drawn.panel, ai="score.ai")
    assert of_all["induced.pull"].value is Missing.NOT_IDENTIFIED
    assert "pull" not in of_all
    assert "distinct" not in of_all or of_all["distinct"].low < FLOOR


def test_without_numba_the_pull_is_refused_with_the_line_that_installs_it(made, monkeypatch):
    importing = builtins.__import__

    def without(name, *rest):
        if name == "attunement.statistics" and rest[2] and "state_space" in rest[2]:
            raise ExtraMissing("arithmetic over time needs numba", got="nothing")
        return importing(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    drawn = made.simulate(np.random.default_rng(4), made.Truth(n_units=60, n_sessions=20))
    of_all, _ = estimated(drawn.panel, ai="score.ai")
    assert of_all["induced.pull"].value is Missing.NOT_INSTALLED
    assert 'pip install "attunement[longitudinal]"' in of_all["induced.pull"].method
    assert not isinstance(of_all["total"].value, Missing)


def test_what_the_ai_does_later_moves_nobody_earlier(pulled):
    rows = rows_of(pulled.panel, ("score.person", "score.ai"))

    def moved(position):
        values = np.stack([rows.value[:, 0], position], axis=1)
        return drift_pull._pulled_by(replace(rows, value=values), 0.5, 0.2)

    assert np.all(moved(np.zeros(len(rows.at))) == 0)
    late = moved(np.where(rows.half, 1.0, 0.0))
    assert np.all(late > 0)
    assert np.all(late < 0.4), "never farther than pull over decay times what the AI moved"
