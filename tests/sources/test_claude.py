from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "claude"


def read_all(name: str = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {row["source_id"]: row | {"extra": row["extra"] or ""} for row in rows}


def by_text(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["text"]: row for row in rows.values() if row["text"]}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_the_words_are_the_text_blocks_and_the_rest_stands_beside_them() -> None:
    _, rows = read_all()
    assert rows["cl-3"]["text"] == "Let me look.\n\nSpoken words.\n\nWhat do you hope he says?"
    assert '"tools": ["web_search"]' in rows["cl-3"]["extra"]
    assert '"tool_errors": 1' in rows["cl-3"]["extra"]
    assert '"thinking": "They seem torn."' in rows["cl-2"]["extra"]
    assert '"writing_seconds": 4.5' in rows["cl-2"]["extra"]


def test_what_the_product_writes_for_a_block_is_not_taken_for_words() -> None:
    _, rows = read_all()
    assert rows["cl-5"]["text"] is None


def test_attached_texts_are_counted_and_left_out() -> None:
    reading, rows = read_all()
    assert rows["cl-1"]["text"] == "Should I text him again?"
    assert '"attachments": 1' in rows["cl-1"]["extra"]
    assert "the text of attached files" in notices(reading, "skipped")


def test_retries_are_siblings_and_the_newest_thread_was_seen() -> None:
    _, rows = read_all()
    assert rows["cl-2"]["parent_id"] == rows["cl-3"]["parent_id"] == rows["cl-1"]["message_id"]
    assert [rows[key]["on_path"] for key in ("cl-1", "cl-2", "cl-3", "cl-4", "cl-5")] == [True, False, True, True, True]


def test_the_stated_leaf_is_believed() -> None:
    _, rows = read_all()
    assert [rows[key]["on_path"] for key in ("cf-1", "cf-2", "cf-3")] == [True, True, False]


def test_in_old_exports_the_first_of_two_replies_in_a_row_is_off_the_path() -> None:
    reading, rows = read_all()
    assert [rows[f"co-{n}"]["on_path"] for n in range(1, 6)] == [True, False, True, True, True]
    assert rows["co-3"]["parent_id"] == rows["co-1"]["message_id"]
    assert rows["co-4"]["parent_id"] == rows["co-3"]["message_id"]
    assert "two replies in a row" in notices(reading, "inferred")


def test_a_missing_time_is_taken_from_above_and_marked() -> None:
    _, rows = read_all()
    assert rows["cl-5"]["sent_at_is"] == "inferred"
    assert rows["cl-5"]["sent_at"] == rows["cl-4"]["sent_at"]
    assert rows["cf-4"]["sent_at_is"] == "inferred"  # 2093 is after the moment of reading


def test_unknown_blocks_and_senders_are_counted() -> None:
    reading, rows = read_all()
    assert "'voice_note'" in notices(reading, "unknown_type")
    assert "'robot'" in notices(reading, "unknown_type")
    assert rows["cf-4"]["role"] == "tool"


def test_broken_links_empty_conversations_and_double_ids_are_counted() -> None:
    reading, rows = read_all()
    assert rows["cl-6"]["parent_id"] is None
    assert "answers one that is not in the export" in notices(reading, "mended")
    assert "empty conversations" in notices(reading, "skipped")
    assert "a message whose id another of its conversation already has" in notices(reading, "skipped")


def test_memories_are_events_of_the_same_relationship() -> None:
    reading, rows = read_all()
    events = reading.events().to_pylist()
    assert {event["text"].split("\n")[-1] for event in events} == {"Sam teaches music.", "Plans a recital."}
    assert {event["relationship_id"] for event in events} == {rows["cl-1"]["relationship_id"]}
    assert {event["kind"] for event in events} == {"memory"}


def test_design_chats_are_read() -> None:
    _, rows = read_all("design_chats")
    assert rows["ds-1-a"]["role"] == "person"
    assert rows["ds-1-b"]["text"] == "Here is a first draft."
    assert by_text(rows)["Apply a direct edit."]["parent_id"] == rows["ds-1-b"]["message_id"]
