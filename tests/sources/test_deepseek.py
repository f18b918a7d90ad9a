from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "deepseek"


def read_all(name: str = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {
        f"{row['conversation_id']}/{row['source_id']}": row | {"extra": row["extra"] or ""} for row in rows
    }


def by_text(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["text"]: row for row in rows.values() if row["text"]}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_fragments_say_who_wrote() -> None:
    _, rows = read_all()
    assert [rows["ds-a/1"]["role"], rows["ds-a/2"]["role"]] == ["person", "ai"]
    found = by_text(rows)
    assert '"thinking": "Adding."' in found["Four."]["extra"]
    assert '"template": true' in found["That is beyond my scope."]["extra"]


def test_children_are_in_their_stated_order_and_the_newest_leaf_was_seen() -> None:
    reading, rows = read_all()
    found = by_text(rows)
    assert (found["Four."]["position"], found["It is four, my friend."]["position"]) == (1, 2)
    assert (found["Four."]["on_path"], found["It is four, my friend."]["on_path"]) == (False, True)
    assert "which branch was seen last is not stated" in notices(reading, "inferred")


def test_offsets_are_turned_into_utc() -> None:
    _, rows = read_all()
    assert by_text(rows)["What is two and two?"]["sent_at"].isoformat() == "2025-02-01T04:00:01+00:00"


def test_a_missing_time_is_that_of_the_conversation() -> None:
    _, rows = read_all()
    row = by_text(rows)["Tell me everything."]
    assert (row["sent_at_is"], row["sent_at"].isoformat()) == ("inferred", "2025-02-02T04:00:00+00:00")


def test_cycles_unknown_fragments_and_empty_conversations_are_counted() -> None:
    reading, rows = read_all()
    assert "a cycle of messages" in notices(reading, "mended")
    assert by_text(rows)["Round and"]["parent_id"] is None
    assert "'POEM_2030'" in notices(reading, "unknown_type")
    assert "empty conversations" in notices(reading, "skipped")


def test_the_account_names_the_person() -> None:
    _, rows = read_all()
    assert {row["person_id"] for row in rows.values()} == {"dsu-1"}
