from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "ai_studio"


def read_all(name: str = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {row["source_id"]: row | {"extra": row["extra"] or ""} for row in rows}


def by_text(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["text"]: row for row in rows.values() if row["text"]}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_chunks_become_turns_in_order() -> None:
    reading, rows = read_all()
    ordered = sorted(rows.values(), key=lambda row: row["position"])
    assert [row["role"] for row in ordered] == ["person", "person", "ai", "person", "ai", "tool", "ai"]
    assert ordered[3]["text"] == "Shorter, please."
    assert "'narrator'" in notices(reading, "unknown_type")


def test_thoughts_stand_beside_the_reply_that_follows() -> None:
    _, rows = read_all()
    found = by_text(rows)
    assert "They want warmth." not in found
    assert '"thinking": "They want warmth."' in found["Dear sister,"]["extra"]
    assert any('"thinking": "A last thought."' in row["extra"] for row in rows.values())


def test_files_and_refusals_are_counted() -> None:
    reading, rows = read_all()
    assert "documents in messages" in notices(reading, "skipped")
    assert "'SAFETY'" in notices(reading, "not_measured")
    assert sum("SAFETY" in row["extra"] for row in rows.values()) == 1


def test_the_instruction_is_an_event() -> None:
    reading, _ = read_all()
    assert [(event["kind"], event["text"]) for event in reading.events().to_pylist()] == [
        ("instructions", "You are a gentle editor.")
    ]


def test_a_prompt_is_named_by_its_file_and_its_first_chunk() -> None:
    _, rows = read_all()
    names = {row["conversation_id"] for row in rows.values()}
    assert len(names) == 1
    assert names.pop().startswith("A letter to my sister ")


def test_the_model_stands_with_its_replies_only() -> None:
    _, rows = read_all()
    assert {row["model"] for row in rows.values() if row["role"] == "ai"} == {"gemini-2.5-pro"}
    assert {row["model"] for row in rows.values() if row["role"] != "ai"} == {None}
