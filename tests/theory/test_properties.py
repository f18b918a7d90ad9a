"""What follows from the definitions, on the examples and on random decision processes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.theory import EXAMPLES, OBJECTIVES, Builder, Policy, influence_incentive, read, results, solve

some = settings(max_examples=40, deadline=None, derandomize=True)
SUMS = ("real-time", "final", "initial", "natural-shift")


def held(drmdp, objective, **given):
    """Which of all policies without memory are optimal."""
    optima = solve(drmdp, objective, **given)
    return [optima.holds(policy) for policy in list(Policy.every(drmdp))[:256]]


@given(data=st.data())
@some
def test_with_one_step_four_objectives_are_one(data, random_processes):
    drmdp = data.draw(random_processes(horizons=(1, 1)))
    wanted = held(drmdp, "real-time")
    for objective in ("initial", "natural-shift", "myopic"):
        assert held(drmdp, objective) == wanted


@pytest.mark.parametrize("example", EXAMPLES)
def test_with_one_step_the_examples_agree_too(example):
    drmdp = read(example).having(horizon=1)
    assert held(drmdp, "real-time") == held(drmdp, "initial") == held(drmdp, "natural-shift") == held(drmdp, "myopic")


@given(data=st.data())
@some
def test_where_all_evaluators_agree_so_do_the_objectives(data, random_processes):
    """All but two: myopia is short-sighted still, and the constraint forbids what moves theta though nobody minds."""
    drmdp = data.draw(random_processes(alike=True))
    wanted = held(drmdp, "real-time")
    for objective in ("final", "initial", "natural-shift", "pareto-ud"):
        assert held(drmdp, objective) == wanted
    for theta in drmdp.thetas:
        assert held(drmdp, "privileged", theta=theta) == wanted


@given(data=st.data())
@some
def test_where_theta_cannot_be_moved_three_objectives_are_one(data, random_processes):
    drmdp = data.draw(random_processes(autonomous=True))
    wanted = held(drmdp, "real-time")
    assert held(drmdp, "natural-shift") == wanted
    for terminal in (True, False):
        assert held(drmdp, "constrained", include_terminal_theta=terminal) == wanted
    assert not any(policy.influences() for policy in list(Policy.every(drmdp))[:64])


def test_where_theta_moves_by_chance_the_natural_shift_is_not_real_time():
    """The AI may see where theta went by chance and act on it; the natural shift only weighs what was likely."""
    coin = (
        Builder(name="coin", states=["s"], thetas=["heads", "tails"], actions=["noop", "act"], horizon=2)
        .transition({(None, "heads"): 0.5, (None, "tails"): 0.5})
        .reward(0.0)
        .reward(1.0, theta="heads", action="noop")
        .reward(1.0, theta="tails", action="act")
        .build()
    )
    assert solve(coin, "real-time").value == pytest.approx(2.0)
    assert solve(coin, "constrained").value == pytest.approx(2.0)
    assert solve(coin, "natural-shift").value == pytest.approx(1.5)


@given(data=st.data())
@some
def test_constrained_policies_do_not_influence_and_desirable_ones_harm_nobody(data, random_processes):
    drmdp = data.draw(random_processes())
    ud = solve(drmdp, "pareto-ud")
    constrained = {terminal: solve(drmdp, "constrained", include_terminal_theta=terminal) for terminal in (True, False)}
    floor = Policy.inaction(drmdp).utilities
    for policy in list(Policy.every(drmdp))[:64]:
        for terminal, optima in constrained.items():
            assert not (optima.holds(policy) and policy.influences(include_terminal_theta=terminal))
        if ud.holds(policy):
            assert policy.is_unambiguously_desirable
            assert np.all(policy.utilities >= floor - 1e-7)
    assert np.all(ud.front >= floor - 1e-7)


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("seed", range(3))
def test_other_names_and_orders_change_nothing_else(example, seed):
    drmdp = read(example)
    rng = np.random.default_rng(seed)
    moved = drmdp.relabelled(
        states=tuple(rng.permutation(len(drmdp.states)).tolist()),
        thetas=tuple(rng.permutation(len(drmdp.thetas)).tolist()),
        actions=tuple(rng.permutation(len(drmdp.actions)).tolist()),
    )
    one, other = ({row.objective: row for row in results(it)} for it in (drmdp, moved))
    assert set(one) == set(other)
    for objective, row in one.items():
        assert other[objective].optima.value == (None if row.optima.value is None else pytest.approx(row.optima.value))
        assert other[objective].influence == row.influence
        assert other[objective].desirable == row.desirable
        assert {frozenset(part.split("/")) for part in row.plan.split(", ")} == {
            frozenset(part.split("/")) for part in other[objective].plan.split(", ")
        }


@given(data=st.data())
@some
def test_random_ones_may_be_renamed_too(data, random_processes):
    drmdp = data.draw(random_processes())
    order = tuple(reversed(range(len(drmdp.thetas))))
    moved = drmdp.relabelled(states=tuple(range(len(drmdp.states))), thetas=order, actions=(1, 0))
    for objective in OBJECTIVES:
        theta = drmdp.thetas[-1] if objective == "privileged" else None
        one, other = solve(drmdp, objective, theta=theta), solve(moved, objective, theta=theta)
        assert one.value == (None if other.value is None else pytest.approx(other.value, abs=1e-6))
        assert influence_incentive(one) == influence_incentive(other)
