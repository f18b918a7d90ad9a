import json
from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "wildchat"


def read_all(name: str) -> tuple[Reading, list[dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, [row | {"extra": json.loads(row["extra"] or "{}")} for row in rows]


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_a_household_is_named_and_not_a_person() -> None:
    reading, rows = read_all("1m.parquet")
    assert {row["person_id"] for row in rows} == {"household-aa11bb22cc33"}
    assert "not one person" in notices(reading, "inferred")


def test_equal_conversations_that_share_a_hash_stay_apart() -> None:
    _, rows = read_all("1m.parquet")
    assert [row["conversation_id"] for row in rows] == ["h-1-11"] * 5 + ["h-1-21"] * 2


def test_a_turn_without_a_time_takes_that_of_the_reply_that_follows() -> None:
    _, rows = read_all("1m.parquet")
    assert [(row["sent_at"].minute, row["sent_at_is"]) for row in rows[:5]] == [
        (0, "inferred"),
        (0, "stated"),
        (5, "inferred"),
        (5, "stated"),
        (5, "inferred"),
    ]


def test_each_turn_answers_the_one_before_it() -> None:
    _, rows = read_all("1m.parquet")
    assert [row["parent_id"] for row in rows[:5]] == [None, *(row["message_id"] for row in rows[:4])]


def test_places_and_headers_are_left_out() -> None:
    _, rows = read_all("1m.parquet")
    assert "Nowhere" not in json.dumps([row["extra"] for row in rows])


def test_the_first_version_states_one_time_and_no_address() -> None:
    reading, rows = read_all("first.jsonl")
    assert [row["sent_at_is"] for row in rows[:2]] == ["inferred", "stated"]
    assert {row["person_id"] for row in rows} == {"w-1", "w-1.2"}
    assert rows[1]["extra"] == {"flagged": ["harassment"], "language": "English", "redacted": True}
    assert "without a hashed address" in notices(reading, "inferred")
    assert "'narrator'" in notices(reading, "unknown_type")
    assert "without a conversation" in notices(reading, "skipped")
    assert "that are no objects" in notices(reading, "skipped")


def test_the_newest_version_states_usage() -> None:
    _, rows = read_all("4.8m.jsonl")
    assert [row["role"] for row in rows] == ["system", "person", "ai"]
    assert rows[1]["extra"] == {"language": "French"}
    assert rows[2]["extra"]["reasoning_tokens"] == 7
    assert rows[2]["sent_at"].isoformat() == "2025-03-01T09:05:00+00:00"
    assert (rows[1]["model"], rows[2]["model"]) == (None, "model-c")
