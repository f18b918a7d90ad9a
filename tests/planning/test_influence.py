"""Planned studies of influence: estimated both ways, seeded, and refused where the audit refuses."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from attunement.errors import ExtraMissing, OptionError
from attunement.planning import plan
from attunement.planning.influence import simulate as simulate_influence
from attunement.planning.panels import World


def test_influence_is_estimated_both_ways_and_seeded():
    pytest.importorskip("numba")
    world = World(220, 27, 0.15, 0.8, 0.0, 0.05)
    first, again = (simulate_influence(np.random.default_rng(7), world, 0.05) for _ in range(2))
    assert first == again
    assert first.z > 2
    assert 0 <= first.p_of_nothing <= 1
    assert first.values[0] == pytest.approx(0.15, abs=0.06)


def test_what_the_estimator_refuses_is_refused_in_its_words():
    row = plan("influence", people=(60, 150), sessions=(40,)).rows[0]
    assert [cell.power for cell in row.cells] == [None, None]
    assert "200 relationships of at least 25 sessions" in row.cells[0].refused
    tests = plan("influence", people=(250,), sessions=(40,), tests=100).rows[0]
    assert "needed: fewer tests" in tests.cells[0].refused


def test_without_numba_it_is_refused_with_what_to_install(monkeypatch):
    class Absent:
        def find_spec(self, name, *_):
            if name == "attunement.statistics.state_space":
                raise ExtraMissing("arithmetic over time needs numba", got="nothing")

    import attunement.statistics

    monkeypatch.delattr(attunement.statistics, "state_space", raising=False)
    monkeypatch.delitem(sys.modules, "attunement.statistics.state_space", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    found = plan("influence", people=(250,), sessions=(30,))
    assert 'pip install "attunement[longitudinal]"' in found.rows[0].cells[0].refused
    assert "no answer would come" in found.sentences[0]


def test_an_influence_that_nobody_could_have_is_an_error():
    with pytest.raises(OptionError, match="so strong"):
        plan("influence", effect=0.9)
