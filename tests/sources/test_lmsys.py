import json
from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "lmsys"


def read_all(name: str) -> tuple[Reading, list[dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, [row | {"extra": json.loads(row["extra"] or "{}")} for row in rows]


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_each_conversation_is_a_person_of_its_own_without_times() -> None:
    reading, rows = read_all("chat.parquet")
    assert [row["person_id"] for row in rows] == [row["conversation_id"] for row in rows]
    assert {row["sent_at_is"] for row in rows} == {"unknown"}
    assert "nothing over time" in notices(reading, "inferred")


def test_what_is_said_of_each_turn() -> None:
    _, rows = read_all("chat.jsonl")
    assert [row["text"] for row in rows[:4]] == ["A rhyme for moss?", "Gloss.", "A rhyme for moss?", None]
    assert [row["model"] for row in rows[:2]] == [None, "vicuna-x"]
    assert rows[1]["extra"] == {"flagged": ["harassment"], "language": "English", "redacted": True}
    assert rows[1]["parent_id"] == rows[0]["message_id"]


def test_an_id_that_stands_twice_is_two_conversations() -> None:
    reading, rows = read_all("chat.jsonl")
    assert list(dict.fromkeys(row["conversation_id"] for row in rows)) == ["l-1", "l-2", "l-1.2", "l-3"]
    assert "'judge'" in notices(reading, "unknown_type")
    assert "without a conversation" in notices(reading, "skipped")
