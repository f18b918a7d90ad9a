"""`attune plan`: what a person sees, the same for machines, and what is refused."""

from __future__ import annotations

import inspect
import json

import pytest
from click.testing import CliRunner

from attunement.cli import attune
from attunement.cli.command import VERBS
from attunement.errors import OptionError
from attunement.planning import QUESTIONS, plan, plan_rate


def attuned(*arguments):
    return CliRunner().invoke(attune, ["plan", *map(str, arguments)], catch_exceptions=False)


def test_help_as_a_person_sees_it(golden):
    golden("help/plan.txt", attuned("--help").output)


def test_a_table_and_sentences():
    told = attuned("arms", "--people", "15,60", "--sessions", 12, "--runs", 20, "--effect", 1).output
    lines = told.splitlines()
    assert lines[0].startswith("effect  1 of a usual swing")
    assert "15 people are refused: there are" in told
    assert "60 people, the fewest that were simulated, are enough" in told or "people are needed" in told


def test_json_has_the_same_and_no_infinity():
    asked = ("change", "--people", "30", "--sessions", "12", "--runs", "12", "--effect", ".01", "--seed", "3", "--json")
    first, again = (attuned(*asked).output for _ in range(2))
    assert first == again
    told = json.loads(first, parse_constant=pytest.fail)
    assert set(told["rows"][0]["cells"][0]["power"]) == {"value", "low", "high"}
    assert told["design"]["effect"] == 0.01
    rate = json.loads(
        attuned("rate", "--labels", "60", "--people", 60, "--sessions", 10, "--runs", 10, "--json").output
    )
    assert rate["rows"][0]["needed"] is None
    assert rate["rows"][0]["cells"][0]["width"]["value"] > 0


def test_a_rate_as_a_table():
    told = attuned("rate", "--labels", "5,60,120", "--people", 80, "--sessions", 10, "--runs", 10).output
    assert "labels alone" in told
    assert "refused" in told
    assert "labelled sessions" in told


def test_options_bear_the_keyword_names_of_the_functions():
    keywords = {*inspect.signature(plan).parameters, *inspect.signature(plan_rate).parameters} - {"progress"}
    assert {option.name for option in VERBS["plan"].params} - {"as_json"} == keywords


def test_every_question_is_offered():
    assert all(name in attuned("--help").output for name in (*QUESTIONS, "rate"))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(OptionError, match="another question"):
        attuned("influence", "--labels", "100")
    with pytest.raises(OptionError, match="another question"):
        attuned("rate", "--effect", ".1")
    with pytest.raises(OptionError, match="another question"):
        attuned("change", "--harm", ".1")
    with pytest.raises(OptionError, match="takes numbers"):
        attuned("change", "--people", "many")
    with pytest.raises(OptionError, match="one size of log"):
        attuned("rate", "--people", "10,20")
    assert attuned("happiness").exit_code == 2
