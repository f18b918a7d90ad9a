from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "open_webui"


def read_all(name: str = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {row["source_id"]: row | {"extra": row["extra"] or ""} for row in rows}


def by_text(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["text"]: row for row in rows.values() if row["text"]}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_the_tree_and_its_current_message() -> None:
    _, rows = read_all()
    assert [rows[key]["on_path"] for key in ("a1", "b1", "b2", "c1")] == [True, False, True, False]
    assert rows["b1"]["parent_id"] == rows["b2"]["parent_id"] == rows["a1"]["message_id"]
    assert "in_parallel" in rows["b1"]["extra"]


def test_folded_boxes_are_not_the_words_of_the_reply() -> None:
    _, rows = read_all()
    assert rows["b1"]["text"] == "Try some tea."
    assert '"thinking": "> Hm."' in rows["b1"]["extra"]


def test_ratings_and_models() -> None:
    _, rows = read_all()
    assert [rows[key]["rating"] for key in ("b1", "b2", "c1")] == [0.0, 1.0, None]
    assert [rows[key]["model"] for key in ("a1", "b1", "b2")] == [None, "llama3:latest", "qwen3"]


def test_content_in_parts_and_missing_times() -> None:
    reading, rows = read_all()
    assert rows["c1"]["text"] == "My thoughts."
    assert rows["c1"]["sent_at_is"] == "inferred"
    assert "images, sound and files" in notices(reading, "skipped")
    assert "messages that are no objects" in notices(reading, "skipped")
    assert "empty conversations" in notices(reading, "skipped")


def test_the_system_prompt_is_an_event() -> None:
    reading, _ = read_all()
    assert [(event["kind"], event["text"]) for event in reading.events().to_pylist()] == [
        ("instructions", "You are a patient listener.")
    ]


def test_librechat_listed_and_nested() -> None:
    reading, rows = read_all("../librechat")
    assert rows["m2"]["parent_id"] == rows["m3"]["parent_id"] == rows["m1"]["message_id"]
    assert (rows["m2"]["on_path"], rows["m3"]["on_path"]) == (False, True)
    assert rows["m2"]["rating"] == 0.0
    assert rows["m3"]["text"] == "Begin with listening.\n\nA glow."
    assert (rows["m1"]["ai_id"], rows["m1"]["person_id"]) == ("Sage", "lcu")
    assert rows["n2"]["parent_id"] == rows["n1"]["message_id"]
    assert "'aura'" in notices(reading, "unknown_type")
    assert by_text(rows)["Are you nested?"]["parent_id"] is None
