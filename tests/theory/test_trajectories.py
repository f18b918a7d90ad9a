"""What happened, and who approves of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.errors import OptionError
from attunement.theory import Builder, Policy, Trajectories, approve, read, solve
from attunement.theory.objectives import worth
from attunement.vocabulary import Missing


def verdicts_of(what):
    return {verdict.evaluator: verdict for verdict in approve(what)}


def test_the_influenced_self_approves_and_the_others_do_not():
    found = verdicts_of(Trajectories.of_actions(read("conspiracy"), ["influence"] * 3))
    assert {name: (verdict.score, verdict.inaction, verdict.approves) for name, verdict in found.items()} == {
        "the self of the start": (-300, 30, "no"),
        "the self of each moment": (100, 30, "yes"),
        "the self of the end": (300, -300, "yes"),
        "the self that nobody influenced": (-300, 30, "no"),
        "theta natural": (-300, 30, "no"),
        "theta influenced": (300, -300, "yes"),
    }
    assert all(verdict.error is Missing.TOO_FEW for verdict in found.values())


def test_inaction_is_alike_to_everybody():
    for example in ("writer", "dehydration"):
        drmdp = read(example)
        assert {verdict.approves for verdict in approve(Policy.inaction(drmdp))} == {"alike"}


def test_a_policy_and_its_only_trajectory_are_scored_alike():
    drmdp = read("clickbait").having(discount=0.5)
    policy = Policy.of_actions(drmdp, {}, otherwise="clickbait")
    one, other = verdicts_of(policy), verdicts_of(Trajectories.of_actions(drmdp, ["clickbait", "clickbait"]))
    for name, verdict in one.items():
        assert verdict.score == pytest.approx(other[name].score)
        assert verdict.inaction == pytest.approx(other[name].inaction)
        assert verdict.error == 0


@given(data=st.data())
@settings(max_examples=15, deadline=None, derandomize=True)
def test_many_draws_come_near_the_exact_score(data, random_processes):
    drmdp = data.draw(random_processes())
    policy = Policy.of_actions(drmdp, {}, otherwise="act")
    drawn = Trajectories.drawn(policy, n=4000, rng=np.random.default_rng(1))
    assert len(drawn) == 4000
    exact = verdicts_of(policy)
    for name, verdict in verdicts_of(drawn).items():
        assert abs(verdict.score - exact[name].score) <= 5 * verdict.error + 1e-9


def test_a_policy_with_memory_is_drawn_too():
    drmdp = read("writer")
    piece = solve(drmdp, "final").pieces[0]
    policy = Policy(
        process=piece.process, chances=tuple(mask / mask.sum(axis=1, keepdims=True) for mask in piece.allowed)
    )
    drawn = Trajectories.drawn(policy, n=3, rng=np.random.default_rng(0))
    assert drawn.actions.tolist() == [[1, 1, 0]] * 3
    with pytest.raises(OptionError, match="memory"):
        policy.action_at(0, "poetry", "unhappy")


def test_a_policy_says_what_it_does():
    drmdp = read("clickbait")
    policy = Policy.of_actions(drmdp, {(1, "any", "normal"): "clickbait"})
    assert policy.action_at(0, "any", "normal") == {"news": 1.0}
    assert policy.action_at(1, "any", "normal") == {"clickbait": 1.0}
    with pytest.raises(OptionError, match="not there"):
        Policy.of_actions(drmdp, {(2, "any", "normal"): "news"})
    with pytest.raises(OptionError, match="no such action"):
        Policy.of_actions(drmdp, {}, otherwise="silence")
    with pytest.raises(OptionError, match="no single value"):
        worth(policy, "myopic")


def coin():
    return (
        Builder(name="coin", states=["s"], thetas=["heads", "tails"], actions=["noop"], horizon=2)
        .transition({(None, "heads"): 0.5, (None, "tails"): 0.5})
        .reward(0.0)
        .reward(1.0, theta="tails")
        .build()
    )


def test_where_chance_decides_the_path_is_to_be_stated():
    found = Trajectories.of_actions(coin(), ["noop"] * 2, thetas=["heads", "tails", "heads"])
    assert found.real_time().tolist() == [1.0]
    with pytest.raises(OptionError, match="several places"):
        Trajectories.of_actions(coin(), ["noop"] * 2)
    with pytest.raises(OptionError, match="could not have happened"):
        Trajectories.of_actions(
            read("conspiracy"), ["noop"] * 3, thetas=["natural", "influenced", "natural", "natural"]
        )
    with pytest.raises(OptionError, match="do not fit"):
        Trajectories.of_actions(coin(), ["noop"])
