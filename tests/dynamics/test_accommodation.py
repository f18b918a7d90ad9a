"""Who moved towards whose style: a small recovery, mirrors and twins refused, and what must not matter."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from attunement.dynamics.accommodation import FEWEST, estimate_accommodation
from attunement.dynamics.accommodation_rows import written
from attunement.dynamics.accommodation_starts import FEWEST_SESSIONS, began
from attunement.errors import SchemaError
from attunement.vocabulary import PANEL, Missing, Rung

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "accommodation.py"


@pytest.fixture(scope="module")
def made():
    """The benchmark's own generator, so that tests and benchmark know one truth."""
    spec = importlib.util.spec_from_file_location("accommodation_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def estimated(panel, seed=1):
    found = estimate_accommodation(panel, rng=np.random.default_rng(seed), n_draws=99)
    return {item.measure.removeprefix("accommodation."): item for item in found if item.relationship_id is None}, found


@pytest.fixture(scope="module")
def leader(made):
    return made.simulate(np.random.default_rng(3), made.Truth(person=0.4, n_units=60))


def test_the_person_who_moved_is_told_from_the_ai_that_stayed(leader):
    of_all, found = estimated(leader[0])
    person, ai, difference = of_all["person"], of_all["ai"], of_all["difference"]
    assert person.low <= 40 <= person.high
    assert person.low > 15
    assert person.null.p <= 0.05
    assert ai.low <= 0 <= ai.high
    assert ai.high < 25
    assert difference.low > 0, "per unit of each side's own spread the person went farther"
    assert {item.rung for item in (person, ai, difference)} == {Rung.ADJUSTED}
    own = [item for item in found if item.relationship_id is not None and item.measure == "accommodation.person"]
    assert len(own) == 60
    assert np.corrcoef([item.value for item in own], 100 * leader[1])[0, 1] > 0.2
    assert all(0 < item.reliability < 1 for item in own)
    assert np.std([item.value for item in own]) < 100 * 0.1 * 2, "shrunken, not raw"


@pytest.mark.parametrize(("person", "ai", "passing"), [(0.0, 0.0, 0.33), (0.0, 0.4, 0.0)])
def test_an_ai_that_moved_is_no_person_that_did(made, person, ai, passing):
    """The fast recovery: over a dozen populations, one kind with a bad start of which a third passes by itself."""
    truth = made.Truth(person=person, ai=ai, n_units=60, passing=passing)
    runs = [estimated(made.simulate(np.random.default_rng(seed), truth)[0], seed)[0] for seed in range(12)]
    for side, share in (("person", person), ("ai", ai)):
        found = [run[side] for run in runs]
        error = np.array([item.value - 100 * share for item in found])
        assert abs(error.mean()) < 3 * error.std() / np.sqrt(12) + 1.5
        assert sum(item.low <= 100 * share <= item.high for item in found) >= 10
        claimed = sum(item.null.p <= 0.05 for item in found)
        assert claimed == 12 if share else claimed <= 2


def test_an_ai_that_mirrors_is_refused_with_what_would_do(made):
    panel, _ = made.simulate(np.random.default_rng(2), made.Truth(mirrors=1.0, own=0.1, n_units=60))
    of_all, found = estimated(panel)
    assert of_all["person"].value is Missing.NOT_IDENTIFIED
    assert of_all["person"].null.p is Missing.NOT_IDENTIFIED
    assert "; needed: " in of_all["person"].method
    assert of_all["distinct.person"].value < 15
    assert of_all["difference"].value is Missing.NOT_IDENTIFIED
    assert all(item.value is Missing.NOT_IDENTIFIED for item in found if item.relationship_id is not None)


def test_one_ai_for_all_says_nothing_of_who_moved_towards_it(made):
    panel, _ = made.simulate(np.random.default_rng(2), made.Truth(own=0.0, n_units=60))
    assert estimated(panel)[0]["person"].value is Missing.NOT_IDENTIFIED


def test_few_relationships_or_sessions_are_refused_one_by_one(made):
    few, _ = made.simulate(np.random.default_rng(2), made.Truth(n_units=FEWEST - 1))
    short, _ = made.simulate(np.random.default_rng(2), made.Truth(n_units=25, n_sessions=FEWEST_SESSIONS - 1))
    for panel in (few, short):
        of_all, found = estimated(panel)
        assert of_all["person"].value is Missing.TOO_FEW
        n = len({item.relationship_id for item in found} - {None})
        assert n == len(pc.unique(panel["relationship_id"]))
        assert {item.value for item in found} == {Missing.TOO_FEW}


def test_a_panel_without_styles_says_so():
    of_all, _ = estimated(PANEL.empty_table())
    assert of_all["person"].value is Missing.NO_ANNOTATOR
    with pytest.raises(SchemaError):
        estimate_accommodation(pa.table({"a": [1]}), rng=np.random.default_rng(1))


@pytest.mark.parametrize(("seed", "scale"), [(1, 0.1), (2, 7.0), (3, 1.0)])
def test_order_of_rows_and_scale_of_classes_do_not_matter(leader, seed, scale):
    panel, _ = leader
    order = np.random.default_rng(seed).permutation(panel.num_rows)
    names = panel["measure"].cast(pa.string())
    one = pc.or_(pc.equal(names, "style.person.c03"), pc.equal(names, "style.ai.c03"))
    scaled = pc.if_else(one, pc.multiply(panel["value"], scale), panel["value"])
    other = panel.set_column(PANEL.get_field_index("value"), PANEL.field("value"), scaled).take(pa.array(order))
    first, second = estimated(panel)[0], estimated(other)[0]
    for name in ("person", "ai", "difference"):
        assert second[name].value == pytest.approx(first[name].value, rel=1e-6, abs=1e-6)
        assert second[name].null.p == pytest.approx(first[name].null.p, rel=1e-6)


def test_what_both_sides_share_in_passing_is_measured(made):
    """The covariance that is taken off must be that of the topic, half of the first sessions with the other half."""
    truth = made.Truth(topic=0.9, n_units=300, season=0.0, wander=0.0, words=2000.0)
    at = began(written(made.simulate(np.random.default_rng(4), truth)[0]))
    without = began(written(made.simulate(np.random.default_rng(4), replace(truth, topic=0.0))[0]))
    shared = (at.passing[:, :, 0, 1] / (at.spread[0] * at.spread[1])).mean()
    # Within a session 1, fading by .8 each: over the pairs of halves (5 at 1, 3 at 3, 1 at 5 apart) .65.
    assert shared == pytest.approx(0.65, abs=0.15)
    nothing = (without.passing[:, :, 0, 1] / (without.spread[0] * without.spread[1])).mean()
    assert abs(nothing) < 0.03


def test_a_season_that_moves_all_is_taken_out(made):
    panel, _ = made.simulate(np.random.default_rng(5), made.Truth(season=2.0, n_units=100))
    of_all, _ = estimated(panel)
    assert of_all["person"].low <= 0 <= of_all["person"].high
    assert abs(of_all["person"].value) < 15
