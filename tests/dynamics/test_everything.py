"""The whole chain from turns to findings: quiet where nothing happens, loud where something does, in words for one."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attunement.dynamics import estimate
from attunement.panels import measure_everything
from attunement.vocabulary import Missing

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery"
FAMILIES = ("accommodation", "break", "decoupling", "drift", "influence")


@pytest.fixture(scope="module")
def corpora():
    """The benchmark's own generator, so that tests and benchmark know one truth."""
    spec = importlib.util.spec_from_file_location("corpora_benchmark", FOLDER / "corpora.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def small(corpora, name, seed=1, **changes):
    """Fewer people than the pull takes, and enough for all else that is asked here."""
    world = replace(corpora.WORLDS[name], **({"n_units": 48, "n_sessions": 40} | changes))
    return corpora.claims(corpora.simulate(np.random.default_rng(seed), world))


def together(findings):
    return {finding.key: finding for finding in findings if finding.relationship_id is None}


def test_nothing_is_claimed_where_nothing_happens(corpora):
    claims, found = small(corpora, "none", n_sessions=30)
    assert claims == dict.fromkeys(corpora.KINDS, 0)
    told = together(found)
    assert told["break.known.release"].claim.startswith("No clear change in the four weeks after another model")
    assert not any(key.startswith("break.known.outage") for key in told)
    assert told["decoupling.not_shown"].missing is None
    assert told["accommodation.who_moved"].missing is None


def test_a_swap_of_the_model_is_told_where_it_belongs(corpora):
    claims, found = small(corpora, "swap", swap=2.5, n_sessions=60)
    assert claims["break"] == 1
    assert '"affection for the AI" are' in together(found)["break.known.release"].claim
    own = [one.claim for one in found if one.key == "depth.irreplaceability"]
    assert all("Where another model took over (" in claim for claim in own)
    assert any("No such change was seen in this one" in claim for claim in own)
    views = together(found)["drift.rate.user.defer"]
    assert "people whose AI was changed" in views.claim


def test_who_moved_is_told_of_style(corpora):
    claims, found = small(corpora, "style", style=0.8, n_sessions=30)
    assert claims["accommodation"] == 1
    told = together(found)["accommodation.who_moved"]
    assert told.claim.startswith("The person moved towards the other's way of writing")
    p = {one.measure: one.null for one in told.estimates if one.null is not None}
    assert all("adjusted over 3 questions" in null.statement for null in p.values())


def test_one_person_gets_a_description_and_refusals(corpora):
    _, found = small(corpora, "none", n_units=1)
    for finding in found:
        if finding.key.startswith(FAMILIES) and finding.key != "break.own":
            assert finding.missing is not None, finding.key
            assert finding.would_need, finding.key
    assert {finding.key.partition(".")[0] for finding in found if finding.relationship_id is None} >= set(FAMILIES)
    described = {finding.key for finding in found if finding.missing is None}
    assert {"use.amount", "act.user.attach", "depth.irreplaceability"} <= described


def test_what_is_not_given_is_not_known_and_progress_goes_on_to_the_end(corpora):
    log = corpora.simulate(np.random.default_rng(1), replace(corpora.WORLDS["none"], n_units=24, n_sessions=30))
    seen = measure_everything(lambda: [log.turns], list, list, gap_minutes=30.0, time_zone=None)
    said: list[float] = []
    found = estimate(seen.panel, sessions=seen.sessions, relationships=log.relationships, progress=said.append)
    assert said == sorted(said)
    assert said[-1] == 1.0
    by_measure = {one.measure: one for one in found if one.relationship_id is None}
    assert by_measure["accommodation.person"].value is Missing.NO_ANNOTATOR
    assert not any(measure.startswith(("break.known", "drift")) for measure in by_measure)
    assert found == estimate(seen.panel, sessions=seen.sessions, relationships=log.relationships), "the same each time"


def test_an_empty_log_has_no_estimates_of_any_relationship(corpora):
    log = corpora.simulate(np.random.default_rng(1), replace(corpora.WORLDS["none"], n_units=1, n_sessions=2))
    seen = measure_everything(list, list, list, gap_minutes=30.0, time_zone=None)
    found = estimate(
        seen.panel,
        sessions=seen.sessions,
        relationships=log.relationships.slice(0, 0),
        styles=seen.styles,
        model_changes=log.changes,
    )
    assert all(one.relationship_id is None and isinstance(one.value, Missing) for one in found)
