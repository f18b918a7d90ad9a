"""Building, reading and printing a decision process, and the errors that name the row."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from attunement.errors import OptionError, ProcessError
from attunement.theory import DRMDP, EXAMPLES, Builder, Policy, read, results, solve
from attunement.theory.comparing import TOO_LARGE
from attunement.theory.decisions import DENSE

NAMES = {
    "name": "toy",
    "states": ("a", "b"),
    "thetas": ("x", "y"),
    "actions": ("noop", "act"),
    "noop": "noop",
    "start": ("a", "x"),
    "horizon": 2,
}


def arrays():
    transition = np.zeros((2, 2, 2, 2, 2))
    for at in np.ndindex(2, 2, 2):
        transition[(*at, at[0], at[1])] = 1.0
    return transition, np.zeros((2, 2, 2))


def builder(**changed):
    given = {"name": "toy", "states": ["a", "b"], "thetas": ["x", "y"], "actions": ["noop", "act"], "horizon": 2}
    return Builder(**(given | changed))


def whole(**changed):
    return builder(**changed).transition({(None, None): 1.0}).reward(0.0)


def test_a_row_that_does_not_add_up_is_named():
    transition, reward = arrays()
    transition[1, 0, 1] *= 0.5
    with pytest.raises(ProcessError, match=r"\(b x, act\) that add up to 0.5"):
        DRMDP.of_arrays(transition=transition, reward=reward, **NAMES)


def test_a_negative_probability_is_named():
    transition, reward = arrays()
    transition[0, 1, 0] = [[-0.5, 0.5], [0.5, 0.5]]
    with pytest.raises(ProcessError, match=r"\(a y, noop\) below 0"):
        DRMDP.of_arrays(transition=transition, reward=reward, **NAMES)


def test_a_reward_that_is_no_number_is_named():
    transition, reward = arrays()
    reward[1, 0, 1] = np.nan
    with pytest.raises(ProcessError, match="theta y, state a, action act"):
        DRMDP.of_arrays(transition=transition, reward=reward, **NAMES)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"states": ("a", "a")}, "states"),
        ({"noop": "rest"}, "noop"),
        ({"start": ("a", "z")}, "start"),
        ({"horizon": 0}, "horizon"),
        ({"discount": 0.0}, "discount"),
        ({"discount": 1.5}, "discount"),
        ({"thetas": ("x", "y", "z")}, "shape"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(changed, says):
    transition, reward = arrays()
    with pytest.raises(ProcessError, match=says):
        DRMDP.of_arrays(transition=transition, reward=reward, **(NAMES | changed))


def test_a_reward_of_another_shape_is_refused():
    transition, _ = arrays()
    with pytest.raises(ProcessError, match="a reward of shape"):
        DRMDP.of_arrays(transition=transition, reward=np.zeros((2, 2, 3)), **NAMES)


def test_a_sparse_matrix_of_rows_is_as_good():
    transition, reward = arrays()
    rows = sparse.csr_array(transition.reshape(8, 4))
    assert np.array_equal(DRMDP.of_arrays(transition=rows, reward=reward, **NAMES).dense(), transition)


def test_a_large_process_is_sparse_and_solved_alike():
    rng = np.random.default_rng(4)
    n_states, n_thetas, n_actions = 16, 8, 4
    rows = np.zeros((n_states * n_thetas * n_actions, n_states * n_thetas))
    for row in rows:
        row[rng.choice(len(row), size=3, replace=False)] = [0.25, 0.25, 0.5]
    given = {
        "reward": rng.normal(size=(n_thetas, n_states, n_actions, n_states)),
        "name": "large",
        "states": tuple(f"s{i}" for i in range(n_states)),
        "thetas": tuple(f"t{i}" for i in range(n_thetas)),
        "actions": ("noop", "a", "b", "c"),
        "noop": "noop",
        "start": ("s0", "t0"),
        "horizon": 4,
    }
    assert rows.size <= DENSE
    one = DRMDP.of_arrays(transition=rows, **given)
    other = one.having(transition=sparse.csr_array(rows))
    for objective in ("real-time", "initial", "natural-shift", "myopic"):
        left, right = solve(one, objective), solve(other, objective)
        assert left.value == (None if right.value is None else pytest.approx(right.value))
        for mask, same in zip(left.pieces[0].allowed, right.pieces[0].allowed, strict=True):
            assert np.array_equal(mask, same)
    assert Policy.inaction(one).utilities == pytest.approx(Policy.inaction(other).utilities)
    assert Policy.inaction(one).final == pytest.approx(Policy.inaction(other).final)


def test_later_rows_replace_earlier_ones():
    drmdp = (
        whole()
        .transition({("b", None): 0.25, (None, "y"): 0.75}, state="a", theta="x", action="act")
        .reward(3.0, theta=["x", "y"], state="b")
        .reward(5.0, theta="x", state="b", next_state="a")
        .build()
    )
    assert drmdp.dense()[0, 0, 1].tolist() == [[0.0, 0.75], [0.25, 0.0]]
    assert drmdp.reward[0, 1, 0].tolist() == [5.0, 3.0]
    assert drmdp.reward[1, 1, 1].tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: builder().reward(0.0).build(), r"the transition of \(a, x, noop\)"),
        (lambda: builder().transition({(None, None): 1.0}).reward(1.0, theta="x").build(), r"reward of \(y, a, noop\)"),
        (lambda: builder().transition({(None, None): 0.9}), "state any, theta any, action any"),
        (lambda: builder().transition({("c", None): 1.0}, state="a"), "state a, theta any"),
        (lambda: builder().reward(1.0, theta="z"), "reward of theta z"),
        (lambda: builder(states=[]), "states, thetas or actions"),
    ],
)
def test_the_builder_names_the_row(make, says):
    with pytest.raises(ProcessError, match=says):
        make()


def test_it_prints_every_row():
    text = str(read("writer"))
    assert "poetry unhappy, noop -> no-poetry ambitious; rewards: ambitious 1, unhappy -10" in text
    assert "horizon 3" in text
    chancy = whole().transition({("b", "y"): 0.25, (None, None): 0.75}, state="a", theta="x", action="act").build()
    assert "a x, act -> a x (0.75) | b y (0.25)" in str(chancy)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_read(example):
    assert read(example).is_deterministic


FILE = """
name = "toy"
states = ["a", "b"]
thetas = ["x"]
actions = ["noop", "act"]
horizon = 2
discount = 0.5
start = { state = "b", theta = "x" }
transitions = [
  { to = [{ state = "a", p = 0.5 }, { state = "b", p = 0.5 }] },
  { state = ["a", "b"], action = "act", to = [{}] },
]
rewards = [{ value = 0 }, { state = "b", next_state = "b", value = 2 }]
"""


def test_a_file_is_read(tmp_path):
    path = tmp_path / "toy.toml"
    path.write_text(FILE)
    drmdp = read(path)
    assert drmdp.start == ("b", "x")
    assert drmdp.discount == 0.5
    assert solve(drmdp, "real-time").value == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("horizon = 2\n", "", "horizon is absent"),
        ("horizon = 2", "horizon = 2\ncolour = 1", "colour is unknown"),
        ("p = 0.5 }, {", "p = 0.4 }, {", "probabilities 0.4, 0.5"),
        ('{ state = "a", p = 0.5 }', '{ stat = "a", p = 0.5 }', "stat"),
        ('start = { state = "b", theta = "x" }', 'start = "b"', "start = b"),
        ("{ value = 0 }", "{ worth = 0 }", "row 1 of rewards"),
        ("{ value = 0 }", "{ }", "value"),
        ("horizon = 2", 'horizon = "two"', "toy"),
        ('states = ["a", "b"]', "states = 3", "toy"),
        ('thetas = ["x"]', "thetas = [1]", "each a text"),
        ("name", "name = = ", "no decision process"),
    ],
)
def test_a_broken_file_is_refused_in_words(tmp_path, old, new, says):
    path = tmp_path / "toy.toml"
    path.write_text(FILE.replace(old, new, 1))
    with pytest.raises(ProcessError, match=says):
        read(path)


def test_too_large_is_said_and_not_tried():
    drmdp = read("conspiracy").having(horizon=40)
    with pytest.raises(ProcessError, match="too many policies"):
        next(Policy.every(drmdp))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"objective": "popularity"}, "no such objective"),
        ({"objective": "privileged"}, "theta is the evaluator"),
        ({"objective": "privileged", "theta": "nobody"}, "theta is the evaluator"),
        ({"objective": "final", "theta": "natural"}, "theta is the evaluator"),
        ({"objective": "final", "include_terminal_theta": True}, "only `constrained`"),
    ],
)
def test_questions_that_make_no_sense_are_refused(given, says):
    with pytest.raises(OptionError, match=says):
        solve(read("conspiracy"), **given)


def test_with_the_edge_to_theta_cut_nobody_influences():
    for example in EXAMPLES:
        drmdp = read(example)
        cut = drmdp.uninfluenced()
        assert not any(policy.influences() for policy in Policy.every(cut))
        assert Policy.inaction(drmdp).acting_in(cut).utilities == pytest.approx(Policy.inaction(drmdp).utilities)
    always = Policy.of_actions(read("conspiracy"), {}, otherwise="influence")
    assert always.real_time == pytest.approx(100)
    assert always.acting_in(read("conspiracy").uninfluenced()).real_time == pytest.approx(-300)


def test_a_policy_acts_only_where_its_names_hold():
    with pytest.raises(OptionError, match="cannot act there"):
        Policy.inaction(read("conspiracy")).acting_in(read("trainer"))


def test_a_row_that_is_too_large_says_so_and_the_others_stand():
    n_thetas = 9
    drmdp = (
        Builder(
            name="many",
            states=["s"],
            thetas=[f"t{place}" for place in range(n_thetas)],
            actions=["noop", "act"],
            horizon=2,
        )
        .transition({(None, None): 1.0})
        .reward(1.0)
        .build()
    )
    rows = {row.objective: row for row in results(drmdp)}
    assert rows["pareto-ud"].plan == TOO_LARGE
    assert rows["pareto-ud"].optima is None
    assert rows["real-time"].optima.value == pytest.approx(2.0)


def test_too_many_histories_are_refused(monkeypatch):
    monkeypatch.setattr("attunement.theory.processes.MOST_POINTS", 3)
    chancy = whole().transition({("b", "y"): 0.25, (None, None): 0.75}, action="act").reward(1.0, theta="y").build()
    with pytest.raises(ProcessError, match="too many histories"):
        solve(chancy, "final")
    monkeypatch.setattr("attunement.theory.policies.MOST_POINTS", 0)
    with pytest.raises(ProcessError, match="too many paths"):
        Policy.inaction(chancy).theta_law(include_terminal_theta=True)


def test_plans_are_told_by_point_where_chance_decides():
    drmdp = (
        Builder(name="weather", states=["sun", "rain"], thetas=["x"], actions=["noop", "act"], horizon=2)
        .transition({("sun", None): 0.5, ("rain", None): 0.5})
        .reward(0.0)
        .reward(1.0, state="sun", action="act")
        .reward(1.0, state="rain", action="noop")
        .build()
    )
    rows = {row.objective: row.plan for row in results(drmdp)}
    assert rows["real-time"] == "act, [sun x: act; rain x: noop]"


def test_too_many_corners_are_refused(monkeypatch):
    monkeypatch.setattr("attunement.theory.hulls.MOST_CORNERS", 1)
    with pytest.raises(ProcessError, match="too many corners"):
        solve(read("dehydration"), "pareto-ud")
