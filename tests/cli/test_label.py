"""`attune label` as it is typed."""

from __future__ import annotations

import csv
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import attunement
from attunement.cli import attune
from attunement.cli.command import VERBS
from attunement.labels import agree, draw_labels, read_back

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "companions"
FUNCTIONS = {"draw": draw_labels, "read": read_back, "agreement": agree}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("kept") / "kept.duckdb"
    attunement.keep(EXAMPLES, store=path)
    return path


def run(*arguments):
    return CliRunner().invoke(attune, ["label", *map(str, arguments)])


def fill(folder, name, labeller, *, odd):
    with (folder / "tasks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for place, row in enumerate(rows):
        row |= {"labeller": labeller, "label": "yes" if (len(row["text"]) + (place % odd == 0)) % 2 else "no"}
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


def test_draw_read_agreement(store, tmp_path):
    folder, out = tmp_path / "draw", tmp_path / "labels.jsonl"
    done = run("draw", store, "--out", folder, "--constructs", "ai.warmth, user.lonely", "--n", 25, "--seed", 4)
    assert done.exit_code == 0, done.output
    assert "25 sessions" in done.stdout
    assert "in the clear" in done.stderr
    labels = ["--labels", fill(folder, "a.csv", "Ada", odd=99), "--labels", fill(folder, "b.csv", "Ben", odd=9)]
    done = run("read", folder, *labels, "--out", out)
    assert done.exit_code == 0, done.output
    assert "by 2 people" in done.stdout
    assert len(out.read_text().splitlines()) > 100
    done = run("agreement", folder, *labels)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0].split()[:5] == ["construct", "third", "messages", "people", "yes"]
    told = json.loads(run("agreement", folder, *labels, "--json").stdout)
    assert told[0]["construct"] == "ai.warmth"
    assert told[0]["alpha"]["value"] < told[0]["percent"]["value"] < 1
    assert json.loads(run("read", folder, *labels, "--out", out, "--json").stdout)["labellers"] == ["Ada", "Ben"]


def test_the_manifest_as_json(store, tmp_path):
    done = run("draw", store, "--out", tmp_path / "draw", "--constructs", "ai.warmth", "--n", 3, "--json")
    assert json.loads(done.stdout)["units"][0]["probability"] > 0


def test_labels_are_written_as_jsonl_or_not_at_all(store, tmp_path):
    folder = tmp_path / "draw"
    run("draw", store, "--out", folder, "--constructs", "ai.warmth", "--n", 3)
    arguments = ["label", "read", folder, "--labels", folder / "tasks.csv", "--out", tmp_path / "labels.csv"]
    done = subprocess.run(
        [sys.executable, "-m", "attunement", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 4
    assert not (tmp_path / "labels.csv").exists()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_options_bear_the_keyword_names_of_the_function(name):
    keywords = set(inspect.signature(FUNCTIONS[name]).parameters) - {"passphrase", "n_draws"}
    options = {option.name for option in VERBS["label"].commands[name].params} - {"as_json", "passphrase_file"}
    assert options == keywords


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_verb_has_help_that_says_what_it_does(name):
    command = VERBS["label"].commands[name]
    assert len(command.help or "") > 20
    assert all(getattr(option, "help", "argument") != "" for option in command.params)
