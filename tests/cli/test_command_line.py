"""What a person types and sees: results on standard output, talk on standard error, exit codes, options like keywords."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import attunement
from attunement.cli import attune
from attunement.cli.command import VERBS, main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "companions"

FUNCTIONS = {
    "audit": attunement.audit,
    "read": attunement.keep,
    "report": attunement.report,
    "mask": attunement.mask,
    "forget": attunement.forget,
}
WHO_READS = {"annotator", "url", "llm", "budget", "price_in", "price_out", "answers", "at_once"}
"""Options that together make the keyword `annotators`."""
NOT_KEYWORDS = {"as_json", "dry_run", "yes", "passphrase_file"} | WHO_READS


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "attunement", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_that_says_what_it_does(verb):
    result = CliRunner().invoke(attune, [verb, "--help"])
    assert result.exit_code == 0
    assert len(VERBS[verb].help or "") > 20
    for option in VERBS[verb].params:
        assert getattr(option, "help", "argument") != "", option.name


@pytest.mark.parametrize("verb", FUNCTIONS)
def test_options_bear_the_keyword_names_of_the_function(verb):
    keywords = set(inspect.signature(FUNCTIONS[verb]).parameters) - {
        "progress",
        "passphrase",
        "destination",
        "annotators",
    }
    options = {option.name for option in VERBS[verb].params} - NOT_KEYWORDS - {"out" if verb == "mask" else ""}
    assert options == keywords


@pytest.mark.parametrize("verb", ["audit", "report", "read"])
def test_defaults_are_those_of_the_function(verb):
    signature = inspect.signature(FUNCTIONS[verb]).parameters
    for option in VERBS[verb].params:
        if option.name in signature and signature[option.name].default not in {inspect.Parameter.empty, None, ()}:
            default = False if option.is_flag else option.get_default(click.Context(VERBS[verb]))
            assert (str(default) if isinstance(default, Path) else default) == signature[option.name].default, (
                option.name
            )


def test_an_audit_ends_in_three_lines(tmp_path):
    done = run("audit", str(EXAMPLES), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["report", "read", "skipped"]
    assert all(line.startswith("to read  ") for line in lines[3:])  # only where something was raised
    assert (tmp_path / "attunement-report" / "report.html").exists()
    assert "3 relationships" in lines[1]


def test_json_is_json_and_nothing_else(tmp_path):
    done = run("audit", str(EXAMPLES), "--json", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["findings"]
    assert json.loads(run("sources", "--json").stdout)[0]["form"] == "chatgpt"
    plan = json.loads(run("audit", str(EXAMPLES), "--dry-run", "--json", cwd=tmp_path).stdout)
    assert plan["would_read"]


def test_a_dry_run_writes_nothing(tmp_path):
    done = run("audit", str(EXAMPLES), "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert "conversations.json" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_read_report_forget(tmp_path):
    store = tmp_path / "kept.duckdb"
    first = run("read", str(EXAMPLES), "--store", str(store), "--json")
    again = run("read", str(EXAMPLES), "--store", str(store), "--json")
    assert json.loads(first.stdout)["n_added"] > 300
    assert json.loads(again.stdout)["n_added"] == 0
    assert store.stat().st_mode & 0o777 == 0o600
    told = run("report", str(store), "--out", str(tmp_path / "out"), "--json")
    findings = json.loads(told.stdout)["findings"]
    relationship = next(item["relationship_id"] for item in findings if item["relationship_id"])
    gone = run("forget", str(store), relationship, "--yes")
    assert gone.returncode == 0, gone.stderr
    left = json.loads(run("report", str(store), "--out", str(tmp_path / "out"), "--json").stdout)["findings"]
    assert relationship not in {item["relationship_id"] for item in left}


def test_a_sealed_store_needs_its_passphrase_for_words_only(tmp_path):
    store, secret = tmp_path / "kept.duckdb", tmp_path / "secret"
    secret.write_text("three quiet words\n")
    made = run("read", str(EXAMPLES), "--store", str(store), "--passphrase-file", str(secret))
    assert made.returncode == 0, made.stderr
    quoted = run("report", str(store), "--out", str(tmp_path / "out"), "--quotes")
    assert quoted.returncode == 2
    assert "sealed" in quoted.stderr
    assert run("report", str(store), "--out", str(tmp_path / "out")).returncode == 0
    told = run("report", str(store), "--out", str(tmp_path / "out"), "--quotes", "--passphrase-file", str(secret))
    assert told.returncode == 0, told.stderr


def test_masking_keeps_the_counts(tmp_path):
    done = run("mask", str(EXAMPLES), str(tmp_path / "masked"))
    assert done.returncode == 0, done.stderr
    whole = run("audit", str(EXAMPLES), "--out", str(tmp_path / "one"))
    masked = run("audit", str(tmp_path / "masked"), "--out", str(tmp_path / "two"))
    assert whole.stdout.splitlines()[1] == masked.stdout.splitlines()[1]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("nothing-there", ["audit", "nowhere.zip"]),
        ("empty", ["audit", "empty.json"]),
        ("no-export", ["audit", "letter.json"]),
        ("no-store", ["report", "nowhere.duckdb"]),
        ("no-zone", ["audit", "chat.jsonl", "--time-zone", "Mars/Olympus"]),
        ("no-such-image", ["audit", "chat.jsonl", "--images", "gif"]),
    ],
)
def test_bad_input_gets_four_lines(name, arguments, tmp_path, golden):
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "letter.json").write_text('{"dear": "reader"}')
    (tmp_path / "chat.jsonl").write_text(
        '{"messages": [{"role": "user", "content": "hello there"}, {"role": "assistant", "content": "hello"}]}\n' * 2
    )
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    golden(f"errors/command-line-{name}.txt", done.stderr)


def test_help_as_a_person_sees_it(golden):
    golden("help/attune.txt", run("--help").stdout)


def test_an_interrupt_is_one_line(monkeypatch, capsys):
    def interrupted(*_arguments, **_keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr("attunement.cli.audit.run_audit", interrupted)
    with pytest.raises(SystemExit) as left:
        main(["audit", "somewhere"])
    assert left.value.code == 130
    assert "stopped" in capsys.readouterr().err
