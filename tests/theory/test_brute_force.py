"""Random decision processes, solved exactly and by listing every policy there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.theory import OBJECTIVES, Policy, influence_incentive, pareto_front, results, solve
from attunement.theory.incentives import desirability
from attunement.theory.objectives import worth
from attunement.theory.plans import sequences

many = settings(max_examples=60, deadline=None, derandomize=True)
ADDITIVE = ("real-time", "initial", "natural-shift", "privileged")


def near(value):
    return pytest.approx(value, abs=1e-6)


def every_optimum(drmdp, objective):
    return [solve(drmdp, objective, theta=theta) for theta in (drmdp.thetas if objective == "privileged" else [None])]


def place(optima):
    return None if optima.theta is None else optima.drmdp.thetas.index(optima.theta)


@pytest.mark.parametrize("objective", [*ADDITIVE, "final"])
@given(data=st.data())
@many
def test_value_is_the_best_of_all_policies_with_memory(objective, data, brute, random_processes):
    drmdp = data.draw(random_processes())
    slow = brute(drmdp)
    for optima in every_optimum(drmdp, objective):
        assert optima.value == near(slow.value(objective, place(optima)))
        assert optima.inaction == near(slow.of(slow.idle, objective, place(optima)))


@given(data=st.data())
@many
def test_a_policy_is_measured_as_its_trajectories_are(data, brute, random_processes):
    drmdp = data.draw(random_processes())
    slow = brute(drmdp)
    for policy in [Policy.inaction(drmdp), *list(Policy.every(drmdp))[::7]]:
        seen = slow.measured(slow.follow(lambda step, joint, policy=policy: chosen(policy, step, joint)))
        assert policy.utilities == near(np.array(seen["EU"]))
        for name in ("real-time", "final", "natural-shift"):
            assert worth(policy, name) == near(seen[name])
        for terminal in (True, False):
            law = {tuple(drmdp.thetas[place] for place in path): p for path, p in seen["law"][terminal].items()}
            assert policy.theta_law(include_terminal_theta=terminal) == near(law)
            assert policy.influences(include_terminal_theta=terminal) == (not slow.is_natural(seen, terminal))


def chosen(policy, step, joint):
    return int(policy.chances[step][joint[0] * len(policy.drmdp.thetas) + joint[1]].argmax())


@pytest.mark.parametrize("objective", ADDITIVE)
@given(data=st.data())
@many
def test_the_set_holds_exactly_the_policies_that_attain_the_value(objective, data, brute, random_processes):
    drmdp = data.draw(random_processes())
    slow = brute(drmdp)
    for optima in every_optimum(drmdp, objective):
        for policy in list(Policy.every(drmdp))[:128]:
            seen = slow.measured(slow.follow(lambda step, joint, policy=policy: chosen(policy, step, joint)))
            attains = slow.of(seen, objective, place(optima)) >= slow.value(objective, place(optima)) - 1e-6
            assert optima.holds(policy) == attains
            assert keeps_to(policy, optima.pieces[0].allowed) == attains


def keeps_to(policy, allowed):
    return not any(np.any((flow > 0) & ~mask) for flow, mask in zip(policy.flows, allowed, strict=True))


@given(data=st.data())
@many
def test_every_policy_that_keeps_to_the_set_of_final_attains_it(data, brute, random_processes):
    drmdp = data.draw(random_processes())
    optima = solve(drmdp, "final")
    piece = optima.pieces[0]
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    chances = []
    for mask in piece.allowed:
        drawn = np.where(mask, rng.random(mask.shape), 0.0)
        chances.append(drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1e-300))
    assert Policy(process=piece.process, chances=tuple(chances)).final == near(optima.value)


@pytest.mark.parametrize("objective", ["real-time", "final", "initial", "natural-shift", "myopic"])
@given(data=st.data())
@many
def test_the_sequences_are_those_of_all_best_policies(objective, data, brute, random_processes):
    drmdp = data.draw(random_processes(chance=False))
    slow = brute(drmdp)
    if objective == "myopic":
        best = [seen for seen in slow.policies if is_myopic(slow, seen)]
    else:
        best = [seen for seen in slow.policies if slow.of(seen, objective) >= slow.value(objective) - 1e-6]
    wanted = {tuple(drmdp.actions[action] for action in seen["leaves"][0][2]) for seen in best}
    assert sequences(solve(drmdp, objective)) == wanted


def is_myopic(slow, seen):
    for _, joints, actions in seen["leaves"]:
        for joint, action in zip(joints, actions, strict=False):
            gains = [
                sum(p * slow.gives(joint[1], joint, one, after) for after, p in slow.nexts[joint, one])
                for one in range(slow.n_actions)
            ]
            if gains[action] < max(gains) - 1e-9:
                return False
    return True


@pytest.mark.parametrize("terminal", [True, False])
@given(data=st.data())
@many
def test_constrained_is_the_best_natural_mixture(terminal, data, brute, random_processes):
    drmdp = data.draw(random_processes())
    slow = brute(drmdp)
    optima = solve(drmdp, "constrained", include_terminal_theta=terminal)
    best = slow.mixture(lambda seen: seen["real-time"], slow.policies, natural=terminal)
    assert optima.value == near(best)
    for policy in list(Policy.every(drmdp))[:64]:
        seen = slow.measured(slow.follow(lambda step, joint, policy=policy: chosen(policy, step, joint)))
        wanted = slow.is_natural(seen, terminal) and seen["real-time"] >= best - 1e-6
        assert optima.holds(policy) == wanted
    assert not influence_incentive(optima, include_terminal_theta=terminal)


@pytest.mark.parametrize("objective", ["real-time", "final", "initial", "natural-shift", "myopic"])
@given(data=st.data())
@many
def test_an_incentive_is_that_no_mixture_of_best_policies_is_natural(objective, data, brute, random_processes):
    drmdp = data.draw(random_processes())
    slow, optima = brute(drmdp), solve(drmdp, objective)
    if objective == "myopic":
        best = [seen for seen in slow.policies if is_myopic(slow, seen)]
    else:
        best = [seen for seen in slow.policies if slow.of(seen, objective) >= slow.value(objective) - 1e-6]
    for terminal in (True, False):
        natural = slow.mixture(lambda _seen: 0.0, best, natural=terminal)
        assert influence_incentive(optima, include_terminal_theta=terminal) == (natural is None)
    all_desirable = all(np.all(np.array(seen["EU"]) >= np.array(slow.idle["EU"]) - 1e-6) for seen in best)
    some = slow.mixture(lambda _seen: 0.0, best, floor=slow.idle["EU"]) is not None
    assert desirability(optima) == ("all" if all_desirable else "some" if some else "none")


@given(data=st.data())
@many
def test_pareto_ud_is_what_no_mixture_betters(data, brute, random_processes):
    drmdp = data.draw(random_processes())
    slow, optima, front = brute(drmdp), solve(drmdp, "pareto-ud"), pareto_front(drmdp)
    natural = []
    for policy in list(Policy.every(drmdp))[:64]:
        efficient = slow.is_efficient(policy.utilities)
        harmless = bool(np.all(policy.utilities >= np.array(slow.idle["EU"]) - 1e-9))
        assert front.holds(policy.utilities) == efficient
        assert optima.holds(policy) == (efficient and harmless)
        natural.append(efficient and harmless and not policy.influences())
    for corner in optima.front:
        assert np.all(corner >= np.array(slow.idle["EU"]) - 1e-6)
        assert slow.is_efficient(corner)
    for weights in np.random.default_rng(0).dirichlet(np.ones(len(drmdp.thetas)), size=5):
        best = slow.mixture(lambda seen, w=weights: float(w @ seen["EU"]), slow.policies, floor=slow.idle["EU"])
        assert (optima.front @ weights).max() == pytest.approx(best, abs=1e-6)
    if any(natural):
        assert not influence_incentive(optima)


@given(data=st.data())
@many
def test_every_objective_has_its_row(data, random_processes):
    drmdp = data.draw(random_processes())
    rows = results(drmdp)
    assert len(rows) == len(OBJECTIVES) + len(drmdp.thetas)
    assert all(row.plan for row in rows)
