"""OpenTelemetry spans: every way in which content is recorded, and histories that repeat."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from attunement.errors import SourceError
from attunement.sources import read

FIXTURES = Path(__file__).parent / "fixtures" / "otel"


def rows_of(path: Path):
    reading = read(path, now=2_000_000_000_000_000)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return rows, {row["what"]: row["n"] for row in reading.notices().to_pylist()}


def test_a_history_that_is_repeated_is_added_once():
    rows, _ = rows_of(FIXTURES / "traces.json")
    first = [row for row in rows if row["conversation_id"] == "c-1"]
    assert [row["role"] for row in first] == ["system", "person", "ai", "person", "ai", "ai"]
    assert [row["on_path"] for row in first] == [True, True, True, True, True, False]
    assert {row["person_id"] for row in first} == {"u-77"}


def test_a_question_has_the_start_and_a_reply_the_end_of_its_call():
    rows, _ = rows_of(FIXTURES / "spans.jsonl")
    assert [row["sent_at"].strftime("%H:%M:%S") for row in rows] == ["10:00:00", "10:00:03", "10:02:00", "10:02:03"]
    assert {row["sent_at_is"] for row in rows} == {"stated"}
    assert {row["ai_id"] for row in rows} == {"Thistle"}


def test_thinking_is_kept_apart_from_the_words():
    rows, _ = rows_of(FIXTURES / "spans.jsonl")
    assert rows[1]["text"] == "Broad beans, and peas under glass."
    assert json.loads(rows[1]["extra"]) == {"thinking": "Cold soil."}


def test_events_and_numbered_attributes_are_read_too():
    rows, _ = rows_of(FIXTURES / "traces.json")
    texts = [row["text"] for row in rows]
    assert "is rhubarb a fruit" in texts
    assert "Two thumbs deep." in texts


def test_what_is_left_out_is_counted():
    _, notices = rows_of(FIXTURES / "traces.json")
    assert notices["calls without content"] == 1
    assert notices["spans that are no calls to a language model"] == 1
    assert notices["calls that do not say whose they are: each conversation counts as a person of its own"] == 1


def call(minute, given, said, **more):
    messages = [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in given]
    reply = [{"role": "assistant", "parts": [{"type": "text", "content": said}]}]
    attributes = {"gen_ai.conversation.id": "c", "gen_ai.input.messages": messages, "gen_ai.output.messages": reply}
    at = 1_772_434_800 + 60 * minute
    return json.dumps({"trace_id": "t", "start_time": at, "end_time": at + 1, "attributes": attributes | more})


FIRST = [("user", "A."), ("assistant", "B."), ("user", "C."), ("assistant", "D."), ("user", "E.")]


def test_instructions_that_change_do_not_begin_the_history_anew(tmp_path):
    path = tmp_path / "spans.jsonl"
    calls = [
        call(0, [("system", "Now 8."), *FIRST[:1]], "B."),
        call(1, [("system", "Now 9."), *FIRST[:3]], "D."),
        call(2, FIRST, "F."),
    ]
    path.write_text("\n".join(calls), encoding="utf-8")
    rows, notices = rows_of(path)
    assert [row["text"] for row in rows] == ["Now 8.", "A.", "B.", "Now 9.", "C.", "D.", "E.", "F."]
    assert all(row["on_path"] for row in rows)
    assert [row["sent_at"].minute for row in rows if row["role"] == "person"] == [0, 1, 2]
    assert not any("does not begin" in what for what in notices)


def test_a_history_that_was_shortened_is_a_branch_and_is_counted(tmp_path):
    path = tmp_path / "spans.jsonl"
    path.write_text("\n".join([call(0, FIRST[:3], "D."), call(1, FIRST[2:], "F.")]), encoding="utf-8")
    rows, notices = rows_of(path)
    assert [row["on_path"] for row in rows] == [False] * 4 + [True] * 4
    assert [n for what, n in notices.items() if "does not begin" in what] == [1]


def test_what_a_tool_gives_back_may_be_any_json(tmp_path):
    path = tmp_path / "spans.jsonl"
    given = [{"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": {"celsius": 3}}]}]
    path.write_text(call(0, [], "Cold.", **{"gen_ai.input.messages": given}), encoding="utf-8")
    rows, _ = rows_of(path)
    assert [row["text"] for row in rows] == ['{"celsius": 3}', "Cold."]


@pytest.mark.parametrize("broken", [3, "text", [3], {"parts": 3}, [{"role": 7, "parts": [4, None, {"type": 9}]}], None])
def test_wrong_types_raise_nothing_but_a_source_error(tmp_path, broken):
    span = {"name": "chat", "trace_id": "x", "attributes": {"gen_ai.input.messages": broken, "gen_ai.system": 4}}
    path = tmp_path / "spans.jsonl"
    path.write_text(json.dumps(span) + "\n" + json.dumps(span | {"events": broken, "start_time": broken}) + "\n")
    with suppress(SourceError):
        rows_of(path)
