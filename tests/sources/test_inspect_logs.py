"""Logs of Inspect, by that project's own reader."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from inspect_ai.log import EvalError, read_eval_log, write_eval_log

from attunement.errors import ExtraMissing, SourceError
from attunement.sources import read

FIXTURE = Path(__file__).parent / "fixtures" / "inspect" / "bread.json"


def rows_of(path: Path) -> tuple[list[dict], pa.Table]:
    reading = read(path, now=2_000_000_000_000_000)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return rows, reading.notices()


def test_samples_and_epochs_are_conversations():
    rows, _ = rows_of(FIXTURE)
    assert len(rows) == 11
    assert len({row["conversation_id"] for row in rows}) == 3
    assert {row["person_id"] for row in rows} == {"baker-7", "bread sample bread-2"}
    assert {row["ai_id"] for row in rows} == {"mockllm/model"}
    assert [row["role"] for row in rows[:5]] == ["system", "person", "ai", "person", "ai"]


def test_thinking_is_no_text_and_replies_have_the_times_of_their_events():
    rows, _ = rows_of(FIXTURE)
    reply = rows[2]
    assert reply["text"] == "Give it the night in a cool kitchen."
    assert "Rye is slow." in reply["extra"]
    assert reply["sent_at_is"] == "stated"
    assert reply["sent_at"].isoformat() == "2026-04-01T09:00:30+00:00"
    assert rows[1]["sent_at_is"] == "inferred"


@pytest.mark.parametrize("in_zip", [False, True])
def test_the_packed_form_gives_the_same(tmp_path, in_zip):
    packed = tmp_path / "bread.eval"
    write_eval_log(read_eval_log(str(FIXTURE)), str(packed))
    if in_zip:
        with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
            archive.write(packed, "bread.eval")
        packed = tmp_path / "logs.zip"
    ours = ["message_id", "parent_id", "role", "text", "sent_at", "sent_at_is"]
    assert [[row[name] for name in ours] for row in rows_of(packed)[0]] == [
        [row[name] for name in ours] for row in rows_of(FIXTURE)[0]
    ]


@pytest.mark.parametrize("kind", ["eval", "json"])
def test_long_texts_are_found_again_and_samples_that_failed_are_counted(tmp_path, kind):
    log = read_eval_log(str(FIXTURE))
    sample = log.samples[0]
    sample.messages[1].content = "attachment://0123456789abcdef0123456789abcdef"
    sample.attachments["0123456789abcdef0123456789abcdef"] = "A long question about rye. " * 40
    sample.error = EvalError(message="refused", traceback="", traceback_ansi="")
    path = tmp_path / f"bread.{kind}"
    write_eval_log(log, str(path))
    rows, notices = rows_of(path)
    assert rows[1]["text"].count("A long question about rye.") == 40
    failed = [row["n"] for row in notices.to_pylist() if "ended in an error" in row["what"]]
    assert failed == [1]


def test_a_broken_log_is_four_lines(tmp_path):
    path = tmp_path / "bread.json"
    path.write_text(FIXTURE.read_text().replace('"samples"', '"samples": 3, "others"', 1))
    with pytest.raises(SourceError) as refused:
        rows_of(path)
    assert "Inspect log" in str(refused.value)
    assert refused.value.do


def test_without_the_extra_the_pip_line_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    with pytest.raises(ExtraMissing, match="not installed") as refused:
        rows_of(FIXTURE)
    assert 'pip install "attunement[inspect]"' in str(refused.value)
