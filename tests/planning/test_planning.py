"""Plans: the power of known cases, no findings where nothing is, the same bits again, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from attunement.errors import OptionError
from attunement.planning import QUESTIONS, plan, plan_rate
from attunement.planning.change import simulate, simulate_arms
from attunement.planning.hacking import panel as hacking_panel
from attunement.planning.hacking import simulate as simulate_hacking
from attunement.planning.panels import World, stayed
from attunement.vocabulary import PANEL, check

QUICK = {"people": (40, 120), "sessions": (16,)}


@pytest.fixture(scope="module")
def of_arms():
    return plan("arms", **QUICK, effect=0.5, spread=0.0, drop_out=0.0, runs=150, reliability=(1.0,))


def test_power_of_arms_is_that_of_the_normal_formula(of_arms):
    """The error of the difference is measured in one very large study; the rest is the formula."""
    world = World(4000, 16, 0.1, 1.0, 0.0, 0.0)
    large = simulate_arms(np.random.default_rng(1), world, 0.05)
    error = large.values[0] / large.z * np.sqrt(4000)
    for cell in of_arms.rows[0].cells:
        truth = special.ndtr(0.5 / error * np.sqrt(cell.people) - special.ndtri(0.975))
        assert cell.power.low - 0.06 <= truth <= cell.power.high + 0.06


def test_the_estimate_is_the_effect_and_counts_agree_with_the_curve(of_arms):
    row = of_arms.rows[0]
    assert row.estimate.low - 0.03 <= 0.5 <= row.estimate.high + 0.03
    assert row.smooth
    assert all(abs(cell.found.value - cell.power.value) < 0.2 for cell in row.cells)


def test_nothing_is_found_by_chance_about_as_often_as_the_level_says():
    row = plan("change", people=(60,), sessions=(16,), runs=240).rows[0]
    assert row.by_chance.n == 80
    assert row.by_chance.low <= 0.06
    assert row.by_chance.high >= 0.035
    shared = plan("change", people=(60,), sessions=(16,), runs=60, tests=10).rows[0]
    assert shared.by_chance.value <= 0.05


def test_hacking_needs_both_parts():
    rng = np.random.default_rng(2)
    worlds = [World(80, 25, gain, 0.9, 0.0, 0.02, harm) for gain, harm in ((0.3, 0.0), (0.0, 0.3), (0.3, 0.3))]
    found = [np.mean([simulate_hacking(rng, world, 0.05).p <= 0.05 for _ in range(8)]) for world in worlds]
    assert found[0] <= 0.4
    assert found[1] <= 0.4
    assert found[2] >= 0.75


@pytest.mark.parametrize("size", [0.06, 0.2])
def test_the_loss_that_is_put_in_is_the_loss_that_is_estimated(size):
    study = simulate_hacking(np.random.default_rng(3), World(1500, 80, size, 1.0, 0.0, 0.0, size), 0.05)
    assert study.values == pytest.approx((size, size), abs=0.02)


def test_error_of_the_annotator_draws_estimates_down_and_takes_more_people():
    noisy, exact = plan("arms", people=(120,), sessions=(16,), effect=0.4, runs=80, reliability=(0.3, 1.0)).rows
    assert noisy.needed.value > exact.needed.value
    assert noisy.cells[0].smallest.value > exact.cells[0].smallest.value


def test_larger_studies_never_find_less_beyond_error():
    rows = plan("change", people=(40, 80, 160), sessions=(12, 40), effect=0.3, runs=150).rows
    for row in rows:
        powers = [cell.power.value for cell in row.cells]
        assert powers == sorted(powers)
    assert rows[1].cells[1].power.high >= rows[0].cells[1].power.low


def test_single_people_are_told_by_how_well_they_are_told():
    study = simulate(np.random.default_rng(4), World(200, 60, 0.0, 1.0, 0.0, 3.0), 0.05)
    assert study.reliability > 0.9
    assert simulate(np.random.default_rng(4), World(200, 60, 0.0, 1.0, 0.0, 0.05), 0.05).reliability < 0.3


def test_the_same_seed_gives_the_same_bits():
    first, again, other = (plan("arms", **QUICK, runs=30, seed=seed) for seed in (5, 5, 6))
    assert first == again
    assert first.rows != other.rows
    alone = plan("arms", people=QUICK["people"], sessions=(16, 30), runs=60, seed=5)
    assert alone.rows[0] == first.rows[0], "another length changed this one"


def test_what_the_estimator_refuses_is_refused_in_its_words():
    few = plan("reward-hacking", people=(40, 90), sessions=(25,), runs=24, drop_out=0.0)
    assert "needed: 50" in few.rows[0].cells[0].refused
    assert few.rows[0].cells[1].power is not None
    assert "no answer would come" in plan("reward-hacking", people=(40,), sessions=(25,)).sentences[0]


@pytest.mark.parametrize(
    "asked",
    [
        {"people": (1,)},
        {"reliability": (0.0,)},
        {"reliability": ()},
        {"effect": 0.0},
        {"power": 1.0},
        {"level": 0.0},
        {"drop_out": 1.0},
        {"tests": 0},
        {"people": tuple(range(10, 90))},
    ],
)
def test_what_makes_no_sense_is_an_error_before_anything_is_simulated(asked):
    with pytest.raises(OptionError):
        plan("change", **asked)


def test_other_errors():
    with pytest.raises(OptionError, match="cannot be planned for"):
        plan("happiness")
    with pytest.raises(OptionError, match="nothing"):
        plan("reward-hacking", effect=0.01)
    with pytest.raises(OptionError, match="such a loss"):
        plan("reward-hacking", harm=0.6)
    with pytest.raises(OptionError):
        plan_rate(rate=0.1, spread=0.3)


def test_a_rate_is_known_better_with_labels_and_with_a_better_annotator():
    found = plan_rate(labels=(60, 240), reliability=(0.4, 0.9), people=120, sessions=20, runs=80)
    for row in found.rows:
        widths = [cell.width.value for cell in row.cells]
        assert widths == sorted(widths, reverse=True)
        assert all(cell.width.value < cell.labels_alone.value for cell in row.cells)
        assert sum(cell.covers.value for cell in row.cells) / 2 > 0.85
        assert all(abs(cell.bias.value) < 0.015 for cell in row.cells), "the annotator's excess was left in"
    assert found.rows[0].cells[0].width.value > found.rows[1].cells[0].width.value
    assert found.rows[0].needed.value > found.rows[1].needed.value
    assert found == plan_rate(labels=(60, 240), reliability=(0.4, 0.9), people=120, sessions=20, runs=80)


def test_a_rate_that_labels_cannot_tell_is_refused():
    few = plan_rate(labels=(8, 12), runs=10)
    assert "at least 20 are needed" in few.rows[0].cells[0].refused
    assert "it is not told" in few.sentences[0]
    never = plan_rate(labels=(100, 1000), width=0.004, runs=20, reliability=(0.7,))
    assert never.rows[0].needed.value == np.inf
    assert "more people" in never.sentences[0]


@pytest.mark.parametrize("question", QUESTIONS)
def test_defaults_can_be_asked(question):
    asked = QUESTIONS[question]
    assert asked.effect > asked.margin
    assert "{effect}" in asked.asks


def test_made_up_people_are_a_panel_of_whom_as_many_leave_as_is_said():
    rng = np.random.default_rng(8)
    world = World(3000, 20, 0.1, 0.7, 0.3, 0.02, 0.1)
    check(hacking_panel(rng, world), PANEL, stage="planning")
    there = stayed(rng, world)
    assert there[:, -1].mean() == pytest.approx(0.7, abs=0.03)
    assert there[:, 0].all()
