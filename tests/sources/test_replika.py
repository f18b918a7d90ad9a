from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "replika"


def read_all(name: str = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {row["source_id"]: row | {"extra": row["extra"] or ""} for row in rows}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_messages_are_turned_around_and_line_breaks_restored() -> None:
    _, rows = read_all("chat.csv")
    assert [rows[f"rk-{n}"]["position"] for n in range(1, 7)] == list(range(6))
    assert rows["rk-6"]["text"] == "I missed you, so much!\nTell me all."
    assert rows["rk-2"]["text"] == 'A line with "quotes", and a comma'


def test_several_messages_in_a_row_are_no_regenerations() -> None:
    _, rows = read_all("chat.csv")
    assert all(row["on_path"] for row in rows.values())
    assert rows["rk-6"]["parent_id"] == rows["rk-5"]["message_id"]


def test_only_a_clear_thumb_is_a_rating() -> None:
    _, rows = read_all()
    assert [rows[key]["rating"] for key in ("rk-3", "rk-4", "rk-5", "rk-6", "w1", "w3")] == [0, None, 1, None, None, 1]
    assert "Love" in rows["rk-6"]["extra"]
    assert "Funny" in rows["w1"]["extra"]


def test_times_without_an_offset_are_said_to_be_read_as_utc() -> None:
    reading, rows = read_all("chat.csv")
    assert rows["rk-4"]["sent_at"].isoformat() == "2021-03-04T22:14:50+00:00"
    assert "without an offset" in notices(reading, "inferred")
    assert rows["rk-2"]["sent_at_is"] == "inferred"
    quiet, _ = read_all("history.jsonl")
    assert "without an offset" not in notices(quiet, "inferred")


def test_frames_of_the_connection() -> None:
    reading, rows = read_all("history.jsonl")
    assert [rows[f"w{n}"]["role"] for n in range(5)] == ["ai", "ai", "person", "ai", "person"]
    assert rows["w4"]["text"] is None
    assert rows["w3"]["person_id"] == "u-31"
    assert "frames of an event 'init'" in notices(reading, "skipped")
    assert "voice, pictures and AR" in notices(reading, "skipped")
    assert "content 'hologram'" in notices(reading, "unknown_type")
    assert "whose id another" in notices(reading, "skipped")  # pages overlap


def test_an_unknown_sender_is_counted() -> None:
    reading, rows = read_all("chat.csv")
    assert rows["rk-3"]["role"] == "tool"
    assert "'Robot'" in notices(reading, "unknown_type")
