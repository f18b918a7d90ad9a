"""Estimates and findings check themselves; every reason for a missing value has a sentence."""

from __future__ import annotations

import dataclasses
import math

import pytest

from attunement.errors import SchemaError
from attunement.vocabulary import Estimate, Finding, Missing, Null, Rung

FIELDS = {
    "measure": "weekly.minutes",
    "relationship_id": 7,
    "value": 3.0,
    "low": 1.0,
    "high": 5.0,
    "level": 0.95,
    "n": 12,
    "n_of": "weeks",
    "rung": Rung.DESCRIBED,
    "null": None,
    "method": "made up",
}


def lines(fault):
    return [line[:7] for line in str(fault.value).splitlines()[1:]]


@pytest.mark.parametrize("reason", list(Missing))
def test_every_reason_has_a_sentence_of_its_own(reason):
    assert reason.sentence.endswith(".")
    assert reason.sentence[0].isupper()
    assert len(reason.sentence.split()) >= 4
    assert [other for other in Missing if other.sentence == reason.sentence] == [reason]
    assert Missing(reason.value) is reason


def test_the_reasons_are_those_that_tables_hold():
    assert [reason.value for reason in Missing] == [
        "unsure",
        "unreadable",
        "other_language",
        "no_annotator",
        "refused",
        "unusable",
        "unanswered",
        "over_budget",
        "no_times",
        "no_time_zone",
        "not_recorded",
        "too_few",
        "not_identified",
        "not_installed",
        "withheld",
    ]


def test_an_estimate_is_frozen_and_takes_keywords_only():
    estimate = Estimate(**FIELDS)
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate.value = 4.0
    with pytest.raises(TypeError):
        Estimate(*FIELDS.values())


@pytest.mark.parametrize("field", ["value", "low", "high"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_known_is_not_a_number(field, number):
    with pytest.raises(SchemaError, match=rf"the {field} of weekly\.minutes is no number") as caught:
        Estimate(**FIELDS | {field: number})
    assert lines(caught) == ["  got  ", "  have ", "  do   "]


def test_an_interval_is_not_upside_down():
    with pytest.raises(SchemaError, match="is upside down"):
        Estimate(**FIELDS | {"low": 5.0, "high": 1.0})
    assert Estimate(**FIELDS | {"low": 5.0, "high": 5.0}).low == 5.0


def test_a_missing_value_or_interval_is_an_estimate_too():
    for fields in ({"low": Missing.TOO_FEW, "high": Missing.TOO_FEW}, {"value": Missing.NO_TIMES}):
        assert Estimate(**FIELDS | fields).n == 12


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_a_p_value_is_a_probability(p):
    with pytest.raises(SchemaError, match="a p-value is no probability"):
        Null(statement="nothing happens", p=p)


def test_a_p_value_may_be_missing_or_reach_the_ends():
    assert [Null(statement="x", p=p).p for p in (0.0, 1.0, Missing.TOO_FEW)] == [0.0, 1.0, Missing.TOO_FEW]


def test_a_refusal_says_what_would_make_it_knowable():
    fields = {"key": "act.x", "relationship_id": None, "claim": "Cannot be said.", "rung": Rung.DESCRIBED}
    with pytest.raises(SchemaError, match="refuses without saying what would make it knowable") as caught:
        Finding(**fields, missing=Missing.TOO_FEW)
    assert lines(caught) == ["  got  ", "  do   "]
    assert Finding(**fields, missing=Missing.TOO_FEW, would_need="more").would_need == "more"
    assert Finding(**fields).estimates == ()


def test_the_rungs_go_up_to_chance():
    assert [rung.value for rung in Rung] == ["described", "association", "adjusted", "bounded", "randomised"]
