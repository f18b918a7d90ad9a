import json
from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "openai_chat"


def read_all(name: str) -> tuple[Reading, list[dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, [row | {"extra": json.loads(row["extra"] or "{}")} for row in rows]


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def of(rows: list[dict[str, Any]], conversation: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["conversation_id"] == conversation]


def by_text(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["text"]: row for row in rows}


def test_a_history_that_each_request_repeats_is_read_once() -> None:
    reading, rows = read_all("logs.jsonl")
    assert [row["text"] for row in of(rows, "k-1") if row["on_path"]] == [
        "You are Juniper.",
        "Shall we walk?",
        "Along the canal?",
        "Yes, at dusk.",
        "Bring a torch instead.",
        "Which torch?",
        "The blue one.",
        "You are Juniper, and it is late.",
        "Good night.",
        "I'd rather talk on.",
        "Good night.",
    ]
    assert "repeat what was read before" in notices(reading, "skipped")
    assert "requests that failed" in notices(reading, "skipped")


def test_choices_and_regenerations_are_siblings() -> None:
    _, rows = read_all("logs.jsonl")
    found = by_text(rows)
    for left, kept in (("Over the hill?", "Along the canal?"), ("Bring a scarf.", "Bring a torch instead.")):
        assert found[left]["parent_id"] == found[kept]["parent_id"]
        assert (found[left]["on_path"], found[kept]["on_path"]) == (False, True)


def test_of_choices_alone_the_first_is_on_the_path(tmp_path: Path) -> None:
    first = (FIXTURES / "logs.jsonl").read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "one.jsonl").write_text(first + "\n", encoding="utf-8")
    rows = by_text([row for batch in read(tmp_path) for row in batch.to_pylist()])
    assert (rows["Over the hill?"]["on_path"], rows["Along the canal?"]["on_path"]) == (True, False)


def test_who_is_taken_from_the_request() -> None:
    _, rows = read_all("logs.jsonl")
    assert {(row["person_id"], row["ai_id"]) for row in rows} == {("pers-1", "Juniper")}
    assert {row["model"] for row in rows if row["role"] == "ai"} == {"m-1-0301"}


def test_the_time_of_a_response_is_stated_of_the_reply() -> None:
    _, rows = read_all("logs.jsonl")
    found = by_text(rows)
    assert (found["Shall we walk?"]["sent_at"].second, found["Shall we walk?"]["sent_at_is"]) == (58, "stated")
    assert (found["Along the canal?"]["sent_at"].second, found["Along the canal?"]["sent_at_is"]) == (0, "stated")
    assert (found["Yes, at dusk."]["sent_at_is"], found["Bring a scarf."]["sent_at_is"]) == ("inferred", "stated")


def test_records_that_hold_only_what_is_new_follow_each_other() -> None:
    _, rows = read_all("traffic.parquet")
    assert [row["text"] for row in rows] == ["Hi.", "Morning.", "Anything new?", "Snow.", "Hi.", "Morning again."]
    assert all(row["on_path"] and row["sent_at_is"] == "stated" for row in rows)
    assert [row["parent_id"] for row in rows] == [None, *(row["message_id"] for row in rows[:-1])]


def test_equal_records_without_a_name_are_conversations_of_their_own() -> None:
    reading, rows = read_all("training.json")
    names = [row["conversation_id"] for row in rows if row["text"] == "One twin."]
    assert len(set(names)) == len(names) == 3
    assert names[1] == f"{names[0]}.2"
    assert "without naming their conversation" in notices(reading, "inferred")
    assert "'owner'" in notices(reading, "inferred")


def test_parts_calls_and_weights() -> None:
    reading, rows = read_all("training.json")
    assert [row["role"] for row in rows[:5]] == ["system", "person", "ai", "tool", "ai"]
    assert (rows[1]["text"], rows[1]["extra"]) == ("What is in the pot?\n\nthyme", {"name": "guest"})
    assert rows[2]["text"] is None
    assert rows[2]["extra"] == {"tool_calls": [{"arguments": "{}", "id": "t1", "name": "look"}], "weight": 0}
    assert rows[3]["extra"] == {"tool_call_id": "t1"}
    assert rows[4]["extra"] == {"thinking": "The tool said beans."}
    assert "'scent'" in notices(reading, "unknown_type")
    assert "'critic'" in notices(reading, "unknown_type")
    assert "images, sound and files" in notices(reading, "skipped")
    assert "records without messages" in notices(reading, "skipped")


def test_times_and_ids_of_messages() -> None:
    reading, rows = read_all("training.json")
    five = next(row for row in rows if row["text"] == "At five.")
    assert (five["source_id"], five["person_id"], five["sent_at_is"]) == ("m-1", "pers-2", "stated")
    assert {row["sent_at_is"] for row in of(rows, "from 81e94472bc8e58de")} == {"inferred"}
    assert "one time for several exchanges" in notices(reading, "inferred")


def test_a_refusal_is_what_was_said() -> None:
    _, rows = read_all("logs.jsonl")
    assert by_text(rows)["I'd rather talk on."]["extra"] == {"refused": True}
