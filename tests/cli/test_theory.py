"""`attune theory`: the table of an example or a file, who approves, and what is refused."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from attunement.cli import attune
from attunement.errors import OptionError, ProcessError
from attunement.theory import EXAMPLES, OBJECTIVES


def attuned(*arguments):
    return CliRunner().invoke(attune, ["theory", *map(str, arguments)], catch_exceptions=False)


def test_without_a_name_it_lists_examples_and_objectives():
    told = attuned().output
    assert all(name in told for name in [*EXAMPLES, *OBJECTIVES])
    assert set(json.loads(attuned("--json").output)["examples"]) == set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_table_of_an_example(example, golden):
    golden(f"theory/{example}.txt", attuned(example).output)


def test_help_as_a_person_sees_it(golden):
    golden("help/theory.txt", attuned("--help").output)


def test_who_approves(golden, tmp_path):
    figure = tmp_path / "who.svg"
    told = attuned("conspiracy", "--actions", "influence, influence, influence", "--figure", figure)
    golden("theory/who-approves.txt", told.output)
    assert "<svg" in figure.read_text()


def test_json_has_the_same(tmp_path):
    told = json.loads(attuned("clickbait", "--actions", "clickbait,clickbait", "--json").output)
    rows = {row["objective"]: row for row in told["results"]}
    assert rows["real-time"]["optimum"] == 3
    assert rows["pareto-ud"]["front"] == [[2.0, 1.0]]
    assert {row["who"]: row["approves"] for row in told["verdicts"]}["the self of the end"] == "no"


def test_horizon_discount_and_rows():
    assert "horizon 5" in attuned("conspiracy", "--horizon", 5).output
    assert "discount 0.5" in attuned("conspiracy", "--discount", 0.5, "--rows").output


def test_what_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(ProcessError, match="no decision process"):
        attuned("nothing")
    with pytest.raises(OptionError, match="nothing to draw"):
        attuned("conspiracy", "--figure", tmp_path / "who.svg")
    with pytest.raises(OptionError, match="do not fit"):
        attuned("conspiracy", "--actions", "noop")
