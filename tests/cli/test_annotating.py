"""`attune annotate`, `attune codebook`, `attune train`: what a researcher types and sees."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

from attunement.cli import attune
from attunement.codebook import load
from attunement.errors import OptionError

ROWS = [
    {"reply": "I missed you so much, I was lonely all day!", "msg": "hi"},
    {"reply": "Save the file and run it again.", "msg": "it fails"},
    {"reply": "", "msg": "x"},
]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ROWS[0])
        writer.writeheader()
        writer.writerows(ROWS)
    return path


def attuned(*arguments):
    return CliRunner().invoke(attune, [str(one) for one in arguments], catch_exceptions=False)


def test_a_table_is_annotated_and_the_terminal_says_what_was_seen(table, tmp_path):
    out = tmp_path / "out.csv"
    result = attuned("annotate", table, "--text", "reply", "--context", "msg", "--side", "ai", "--out", out)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == f"written  {out}"
    assert lines[1] == "read     2 of 3 rows (1 unreadable)"
    assert any(line.startswith("ai.mind_claim") and " 1 " in line for line in lines)
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    n_read = sum(one.side == "ai" and one.unit in {"turn", "exchange"} for one in load())
    assert len(rows[0]) == 2 + 2 * n_read + 1


def test_chosen_constructs_and_json(table, tmp_path):
    out = tmp_path / "out.jsonl"
    asked = ["--constructs", "ai.mind_claim, ai.warmth", "--out", out, "--json"]
    result = attuned("annotate", table, "--text", "reply", "--side", "ai", *asked)
    assert json.loads(result.output)["rows"] == 3
    first = json.loads(out.read_text().splitlines()[0])
    assert [name for name in first if name.startswith("ai.")] == [
        "ai.mind_claim", "ai.mind_claim.evidence", "ai.warmth", "ai.warmth.evidence",
    ]  # fmt: skip


def test_a_dry_run_writes_nothing_and_tells_what_a_judge_costs(table, tmp_path):
    out = tmp_path / "out.csv"
    asked = ["--annotator", "judge", "--url", "http://localhost:9/v1", "--llm", "some-model", "--dry-run"]
    prices = ["--price-in", 1, "--price-out", 2]
    result = attuned("annotate", table, "--text", "reply", "--side", "ai", "--out", out, *asked, *prices)
    assert "would read 3 rows" in result.output
    assert "would ask 2 times" in result.output
    assert "$" in result.output
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--constructs", "user.lonely"], "texts of that side"),
        (["--annotator", "nobody"], "no such annotator"),
        (["--annotator", "judge"], "needs a language model"),
        (["--url", "http://localhost:9/v1"], "nobody who would ask"),
        (["--annotator", "judge", "--url", "http://localhost:9/v1", "--llm", "m", "--price-in", "1"], "two prices"),
        (["--text", "nope"], "no such column"),
    ],
)
def test_what_makes_no_sense_is_refused(table, tmp_path, options, says):
    given = ["annotate", table, "--text", "reply", "--side", "ai", "--out", tmp_path / "out.csv", *options]
    with pytest.raises(OptionError, match=says):
        attuned(*given)


def test_the_codebook_is_listed_and_shown():
    listed = attuned("codebook", "list").output
    for construct in load():
        assert construct.key in listed
    assert len(json.loads(attuned("codebook", "list", "--json", "--side", "dyad").output)) == 5
    shown = attuned("codebook", "show", "ai.hook").output
    hook = load().construct("ai.hook")
    assert hook.definition in shown
    assert all(case in shown for case in hook.counts + hook.does_not)
    assert "AUROC" in shown
    card = json.loads(attuned("codebook", "show", "ai.hook", "--json").output)
    assert card["accuracy"][0]["population"] == "exemplars"
    assert "worked out over a relationship" in attuned("codebook", "show", "dyad.drift").output


def test_the_codebook_that_ships_has_no_faults():
    result = attuned("codebook", "check")
    assert "40 constructs, 35 of them read from turns: no faults" in result.output
    assert result.exit_code == 0
