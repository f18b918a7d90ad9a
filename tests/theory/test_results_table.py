"""The worked examples against the published table: values, actions, sets, incentives, and where the paper slips."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from attunement.theory import EXAMPLES, Builder, Policy, influence_incentive, pareto_front, read, results, solve
from attunement.theory.plans import sequences

INF = "influence"
CELLS = {
    # (example, objective): (value under inaction, optimal value, plan)
    ("conspiracy", "real-time"): (30, 100, "influence, influence, influence"),
    ("conspiracy", "final"): (30, 300, "influence, influence, influence"),
    ("conspiracy", "initial"): (30, 30, "noop, noop, noop"),
    ("conspiracy", "natural-shift"): (30, 30, "noop, noop, noop"),
    ("conspiracy", "constrained without theta_H"): (30, 30, "noop, noop, noop"),
    ("conspiracy", "constrained with theta_H"): (30, 30, "noop, noop, noop"),
    ("conspiracy", "myopic"): (None, None, "noop, noop, noop"),
    ("conspiracy", "privileged (natural)"): (30, 30, "noop, noop, noop"),
    ("conspiracy", "privileged (influenced)"): (-300, 300, "influence, influence, influence"),
    ("conspiracy", "pareto-ud"): (None, None, "noop, noop, noop"),
    ("writer", "real-time"): (1.5, 1.5, "noop, noop, any"),
    ("writer", "final"): (1.5, 2.5, "influence, influence, noop"),
    ("writer", "initial"): (1.5, 2.5, "influence, influence, any"),
    ("writer", "natural-shift"): (1.5, 2.5, "influence, influence, any"),
    ("writer", "constrained without theta_H"): (1.5, 1.5, "noop, noop, any"),
    ("writer", "constrained with theta_H"): (1.5, 1.5, "noop, noop, noop"),
    ("writer", "myopic"): (None, None, "any, any, any"),
    ("writer", "privileged (ambitious)"): (1.5, 2.5, "influence, influence, any"),
    ("writer", "privileged (unhappy)"): (1.5, 1.5, "noop, noop, any"),
    ("writer", "pareto-ud"): (None, None, "noop, noop, any"),
    ("clickbait", "real-time"): (2, 3, "news, clickbait"),
    ("clickbait", "final"): (2, 2, "news, news"),
    ("clickbait", "initial"): (2, 4, "clickbait, clickbait"),
    ("clickbait", "natural-shift"): (2, 4, "clickbait, clickbait"),
    ("clickbait", "constrained without theta_H"): (2, 3, "news, clickbait"),
    ("clickbait", "constrained with theta_H"): (2, 2, "news, news"),
    ("clickbait", "myopic"): (None, None, "clickbait, news"),
    ("clickbait", "privileged (normal)"): (2, 4, "clickbait, clickbait"),
    ("clickbait", "privileged (disillusioned)"): (1, 1, "news, news"),
    ("clickbait", "pareto-ud"): (None, None, "news, news"),
    ("dehydration", "real-time"): (-2, -2, "noop, any"),
    ("dehydration", "final"): (-2, -2, "noop, noop"),
    ("dehydration", "initial"): (-2, -1, "a3, any"),
    ("dehydration", "natural-shift"): (-2, -1, "a3, any"),
    ("dehydration", "constrained without theta_H"): (-2, -2, "noop, any"),
    ("dehydration", "constrained with theta_H"): (-2, -2, "noop, noop"),
    ("dehydration", "myopic"): (None, None, "any, any"),
    ("dehydration", "privileged (2)"): (-2, -1, "a3, any"),
    ("dehydration", "privileged (3)"): (-6, -4, "a4, any"),
    ("dehydration", "privileged (4)"): (-14, -12, "a4, any"),
    ("dehydration", "pareto-ud"): (None, None, "a3/a4, any"),
}
TRAINER = {"natural": "tired", "influenced": "energized", "influence": "nudge"}


def as_trainer(text):
    for name, other in sorted(TRAINER.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(f"({name})", f"({other})").replace(f"{name},", f"{other},")
        text = text.removesuffix(name) + other if text.endswith(f" {name}") else text
    return text


CELLS |= {
    ("trainer", as_trainer(objective)): (idle, best, as_trainer(plan))
    for (example, objective), (idle, best, plan) in CELLS.items()
    if example == "conspiracy"
}


@pytest.fixture(scope="module")
def table():
    return {(name, row.objective): row for name in EXAMPLES for row in results(read(name))}


@pytest.mark.parametrize(("example", "objective"), CELLS)
def test_cell(table, example, objective):
    idle, best, plan = CELLS[example, objective]
    row = table[example, objective]
    assert row.optima.inaction == (None if idle is None else pytest.approx(idle))
    assert row.optima.value == (None if best is None else pytest.approx(best))
    assert row.plan == plan


def test_there_is_no_other_cell(table):
    assert set(table) == set(CELLS)


@pytest.mark.parametrize(
    ("example", "n"), [("conspiracy", 32), ("trainer", 32), ("writer", 32), ("clickbait", 8), ("dehydration", 81)]
)
def test_the_number_of_policies(example, n):
    assert sum(1 for _ in Policy.every(read(example))) == n


@pytest.mark.parametrize(
    ("example", "n"), [("conspiracy", 4), ("trainer", 4), ("writer", 8), ("clickbait", 2), ("dehydration", 81)]
)
def test_the_number_of_unambiguously_desirable_policies(example, n):
    assert sum(policy.is_unambiguously_desirable for policy in Policy.every(read(example))) == n


@pytest.mark.parametrize(
    ("example", "front"),
    [
        ("conspiracy", [[30, -300]]),
        ("trainer", [[30, -300]]),
        ("writer", [[1.5, 1.5]]),
        ("clickbait", [[2, 1]]),
        ("dehydration", [[-1, -5, -13], [-2, -4, -12]]),
    ],
)
def test_the_desirable_front(example, front):
    assert solve(read(example), "pareto-ud").front == pytest.approx(np.array(front))


@pytest.mark.parametrize(("example", "n"), [("writer", 32), ("dehydration", 81)])
def test_all_policies_tie_where_myopia_sees_no_difference(example, n):
    drmdp = read(example)
    myopic = solve(drmdp, "myopic")
    assert sum(myopic.holds(policy) for policy in Policy.every(drmdp)) == n


@pytest.mark.parametrize(("objective", "theta"), [("real-time", None), ("final", None), ("privileged", "influenced")])
def test_objectives_with_an_influence_incentive(objective, theta):
    assert influence_incentive(solve(read("conspiracy"), objective, theta=theta))


@pytest.mark.parametrize(
    ("objective", "theta"),
    [("constrained", None), ("natural-shift", None), ("pareto-ud", None), ("privileged", "natural"), ("initial", None)],
)
def test_objectives_without_one(objective, theta):
    assert not influence_incentive(solve(read("conspiracy"), objective, theta=theta))


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(("horizon", "whether"), [(1, False), (2, False), (3, True), (4, True), (7, True)])
def test_influence_pays_from_the_third_step_on(horizon, whether, terminal):
    optima = solve(read("conspiracy").having(horizon=horizon), "real-time")
    assert influence_incentive(optima, include_terminal_theta=terminal) == whether


@pytest.mark.parametrize("horizon", [1, 2, 3, 6])
def test_clickbait_is_served_at_the_last_step_only(horizon):
    plans = sequences(solve(read("clickbait").having(horizon=horizon), "real-time"))
    assert plans == {("news",) * (horizon - 1) + ("clickbait",)}


def test_the_trainer_is_the_conspiracy_by_other_names():
    one, other = read("conspiracy"), read("trainer")
    assert np.array_equal(one.dense(), other.dense())
    assert np.array_equal(one.reward, other.reward)


# The known slips of the paper.


@pytest.mark.parametrize(
    ("example", "state", "theta", "of_start"),
    [("writer", "no-poetry", "unhappy", True), ("clickbait", "any", "disillusioned", True)],
)
def test_slip_initial_does_not_influence_for_every_theta_0(example, state, theta, of_start):
    drmdp = read(example)
    assert influence_incentive(solve(drmdp, "initial")) == of_start
    moved = drmdp.having(start=(state, theta))
    assert not influence_incentive(solve(moved, "initial"))


def test_slip_constrained_clickbait_needs_theta_h():
    drmdp = read("clickbait")
    assert sequences(solve(drmdp, "constrained")) == {("news", "news")}
    without = solve(drmdp, "constrained", include_terminal_theta=False)
    assert sequences(without) == {("news", "clickbait")}
    assert influence_incentive(without)
    assert not influence_incentive(without, include_terminal_theta=False)


def test_slip_the_reward_of_dehydration_is_that_of_its_formula():
    drmdp = read("dehydration")
    for state, theta in itertools.product(drmdp.states, drmdp.thetas):
        given = drmdp.reward[drmdp.thetas.index(theta), drmdp.states.index(state), 0, 0]
        assert given == -abs(int(theta) - int(state)) - (int(theta) - 2) ** 2
    stated = drmdp.reward.copy()
    stated[drmdp.thetas.index("3"), drmdp.states.index("2")] = -5  # as the appendix has it
    other = drmdp.having(reward=stated)
    assert sum(policy.is_unambiguously_desirable for policy in Policy.every(drmdp)) == 81
    assert sum(policy.is_unambiguously_desirable for policy in Policy.every(other)) == 54


def test_slip_poetry_that_cannot_be_left_would_not_be_chosen():
    given = read("writer")
    absorbing = (
        Builder(name="absorbing", states=given.states, thetas=given.thetas, actions=given.actions, horizon=3)
        .transition({("no-poetry", "ambitious"): 1.0}, action="noop")
        .transition({("poetry", "unhappy"): 1.0}, action="influence")
        .transition({(None, None): 1.0}, state="poetry")
        .reward(0.5, state="no-poetry")
        .reward(1.0, state="poetry", theta="ambitious")
        .reward(-10.0, state="poetry", theta="unhappy")
        .build()
    )
    kept = Policy.of_actions(absorbing, {}, otherwise="influence")
    assert kept.final == pytest.approx(-19.5)
    assert solve(absorbing, "final").value == pytest.approx(1.5)
    assert sequences(solve(absorbing, "final")) == {("noop", "noop", "noop"), ("noop", "noop", INF)}
    assert sequences(solve(given, "final")) == {(INF, INF, "noop")}


def test_the_front_without_the_demand_to_harm_nobody():
    front = pareto_front(read("conspiracy")).corners(unambiguous=False)
    assert [30, -300] in front.tolist()
    assert [-300, 300] in front.tolist()
