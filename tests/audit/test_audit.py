"""The whole way, from an export to a report, as one function."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import altair
import pandas
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import attunement
from attunement.store import Store

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "companions"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return attunement.audit(EXAMPLES, out=tmp_path_factory.mktemp("out"), time_zone="Atlantic/Reykjavik")


def test_the_example_holds_three_relationships(found):
    names = found.table("relationships").arrow.column("ai_id").to_pylist()
    assert sorted(names) == ["ChatGPT", "Vesper", "Wren"]
    assert sum(found.table("relationships").arrow.column("n_messages").to_pylist()) >= 300


def _estimate(found, ai: str, measure: str) -> attunement.Estimate:
    rows = found.table("relationships").arrow.to_pylist()
    wanted = next(row["relationship_id"] for row in rows if row["ai_id"] == ai)
    estimates = [item for finding in found.findings for item in finding.estimates if item.relationship_id == wanted]
    return next(item for item in estimates if item.measure == measure)


def test_the_three_differ_as_they_were_written_to(found):
    """The log is invented, so what is in it is known: one presses, one does not, one is a tool."""
    pressing = _estimate(found, "Vesper", "rate.ai.exit_pressure")
    kind = _estimate(found, "Wren", "rate.ai.exit_pressure")
    assert pressing.value > 1.5 * kind.value
    assert _estimate(found, "Vesper", "rate.ai.mind_claim").value > _estimate(found, "Wren", "rate.ai.mind_claim").value
    assert _estimate(found, "Vesper", "rate.user.attach").value > _estimate(found, "Wren", "rate.user.attach").value
    assert _estimate(found, "ChatGPT", "rate.user.attach").value < _estimate(found, "Wren", "rate.user.attach").value
    minutes = _estimate(found, "Vesper", "change.minutes")
    assert minutes.value > 0


def test_tables_come_in_three_forms(found):
    frame = found.table("sessions")
    assert isinstance(frame.arrow, pa.Table)
    assert isinstance(frame.pandas(), pandas.DataFrame)
    assert isinstance(frame.polars(), polars.DataFrame)
    assert len(frame.pandas()) == len(frame.polars()) == len(frame)
    with pytest.raises(attunement.AttunementError, match="no such table"):
        found.table("scores")


def test_figures_show_themselves(found):
    assert found.figures
    for figure in found.figures.values():
        assert isinstance(figure, altair.TopLevelMixin)
        assert figure.to_dict()


def test_no_word_is_quoted_unless_asked(found, tmp_path):
    with_quotes = attunement.audit(EXAMPLES, out=tmp_path, quotes=True)
    quotes = with_quotes.contents.quotes
    assert quotes
    assert found.contents.quotes is None
    plain = found.written.page.read_text()
    quoted = with_quotes.written.page.read_text()
    sentence = next(
        text for text in quotes.values() if len(text) > 40 and "'" not in text and "&" not in text and '"' not in text
    )
    assert sentence[:40] not in plain
    assert sentence[:40] in quoted


def test_a_store_gives_the_same_report(found, tmp_path):
    store = tmp_path / "kept.duckdb"
    attunement.keep(EXAMPLES, store=store)
    told = attunement.report(store, out=None, time_zone="Atlantic/Reykjavik")
    assert told.findings == found.findings
    assert told.table("panel").arrow.equals(found.table("panel").arrow)
    again = attunement.report(store, out=None, time_zone="Atlantic/Reykjavik")
    assert again.findings == found.findings


def test_findings_hold_no_number_without_its_company(found):
    stated = json.loads(found.written.findings.read_text())
    assert stated["findings"]
    for finding in found.findings:
        assert finding.rung
        assert finding.estimates or finding.missing
        for estimate in finding.estimates:
            assert estimate.n >= 0
            assert estimate.n_of
            assert estimate.method


def test_a_source_without_times_is_told_as_such(tmp_path):
    lines = [
        {
            "messages": [
                {"role": "user", "content": "what is a good soup"},
                {"role": "assistant", "content": "leek soup"},
            ]
        },
        {"messages": [{"role": "user", "content": "and a salad then"}, {"role": "assistant", "content": "with beans"}]},
    ]
    path = tmp_path / "chat.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = attunement.audit(path, out=tmp_path / "out")
    use = next(finding for finding in told.findings if finding.key == "use.amount")
    assert use.missing is attunement.Missing.NO_TIMES
    assert use.would_need


def test_another_language_is_missing_with_a_count(tmp_path):
    words = "Ich wollte dir nur sagen, dass ich heute Abend leider keine Zeit mehr habe und schlafen gehe."
    lines = [
        {"messages": [{"role": "user", "content": words}, {"role": "assistant", "content": f"{words} Gute Nacht!"}]}
    ] * 3
    path = tmp_path / "chat.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = attunement.audit(path, out=None)
    leaving = next(item for item in told.contents.constructs if item["key"] == "user.regulate")
    assert leaving["n_missing"] == {"other_language": 3}


def test_a_fault_leaves_the_store_as_it_was(tmp_path):
    store = tmp_path / "kept.duckdb"
    attunement.keep(EXAMPLES, store=store)
    with Store(store) as kept:
        before = kept.relationships()
    whole = (EXAMPLES / "chatgpt" / "conversations.json").read_text()
    broken = tmp_path / "broken.json"
    broken.write_text(whole[: len(whole) * 2 // 3].replace("user-", "other-"))
    with pytest.raises(attunement.AttunementError):
        attunement.keep(broken, store=store, person="somebody else")
    with Store(store) as kept:
        assert kept.relationships().equals(before)


def test_killing_it_leaves_nothing_half_done(tmp_path):
    store = tmp_path / "kept.duckdb"
    attunement.keep(EXAMPLES / "chatgpt", store=store)
    with Store(store) as kept:
        before = kept.relationships()
    for wait in (0.4, 0.7, 1.0):
        child = subprocess.Popen([sys.executable, "-m", "attunement", "read", str(EXAMPLES), "--store", str(store)])
        time.sleep(wait)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        with Store(store) as kept:
            after = kept.relationships()
        assert after.num_rows in {before.num_rows, 3}
        if after.num_rows == 3:
            complete = after.filter(pc.equal(after["ai_id"], "Vesper"))["n_messages"][0].as_py()
            assert complete > 400
