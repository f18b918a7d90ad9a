import json
from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "sharegpt"


def read_all(name: str) -> tuple[Reading, list[dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, [row | {"extra": json.loads(row["extra"] or "{}")} for row in rows]


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_parts_are_joined_in_the_order_of_their_numbers() -> None:
    reading, rows = read_all("shared.json")
    assert [row["text"] for row in rows if row["conversation_id"] == "ab_c"] == [
        "Tell a story.",
        "Once a fox,\n\ntwice shy & late.",
        "It goes on here.",
        "And then?",
    ]
    assert "tags were taken away" in notices(reading, "mended")
    assert "parts of a conversation that are not there" in notices(reading, "inferred")


def test_an_id_that_stands_twice_is_two_conversations() -> None:
    reading, rows = read_all("shared.json")
    assert {row["conversation_id"] for row in rows} == {"ab_c", "solo", "late", "solo.2"}
    assert "that was there before" in notices(reading, "inferred")
    assert "'oracle'" in notices(reading, "unknown_type")


def test_each_is_of_a_person_of_its_own_unless_one_is_named() -> None:
    reading, rows = read_all("training.jsonl")
    people = {row["conversation_id"]: row["person_id"] for row in rows}
    assert [name for name, person in people.items() if name != person] == ["from 906c93c94366bd88"]
    assert "p-7" in people.values()
    assert "person of its own" in notices(reading, "inferred")


def test_the_product_is_the_ai() -> None:
    _, rows = read_all("shared.json")
    assert {row["conversation_id"]: row["ai_id"] for row in rows} == {
        "ab_c": "ChatGPT",
        "solo": "Bard",
        "late": "Bing",
        "solo.2": "ShareGPT",
    }
    assert next(row["model"] for row in rows if row["text"] == "The redstart.") == "bird-model"


def test_roles_of_training_data() -> None:
    reading, rows = read_all("training.jsonl")
    assert [row["role"] for row in rows[:6]] == ["system", "person", "ai", "ai", "tool", "ai"]
    assert rows[2]["extra"] == {"weight": 0}
    assert rows[3]["extra"] == {"call": True}
    assert rows[5]["text"] is None
    assert rows[6]["text"] == "You are a sailor."
    assert "turns that are no objects" in notices(reading, "skipped")


def test_a_table_is_read() -> None:
    _, rows = read_all("shared.parquet")
    assert [row["text"] for row in rows] == ["Is this a table?", "It is."]
