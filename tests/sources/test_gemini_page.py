from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "gemini_page"


def read_all(name: str = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {row["source_id"]: row | {"extra": row["extra"] or ""} for row in rows}


def by_text(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["text"]: row for row in rows.values() if row["text"]}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_prompts_and_replies_are_parted_by_the_line_with_the_time() -> None:
    _, rows = read_all()
    found = by_text(rows)
    assert found["One more thing\nAnd another line"]["role"] == "person"
    assert found["Here you are.\n\nBye."]["parent_id"] == found["One more thing\nAnd another line"]["message_id"]


def test_times_are_turned_into_utc() -> None:
    _, rows = read_all()
    found = by_text(rows)
    assert found["One more thing\nAnd another line"]["sent_at"].isoformat() == "2025-01-05T12:22:11+00:00"
    assert found["Wie wird das Wetter?"]["sent_at"].isoformat() == "2025-01-04T08:10:11+00:00"


def test_a_time_zone_that_is_not_known_is_no_stated_time() -> None:
    reading, rows = read_all()
    assert by_text(rows)["From an unknown zone"]["sent_at_is"] == "inferred"
    assert "a time zone not known" in notices(reading, "mended")


def test_names_of_attached_files_are_counted_and_no_words() -> None:
    _, rows = read_all()
    assert '"attachments": 2' in by_text(rows)["What is in this file?"]["extra"]


def test_other_entries_are_counted() -> None:
    reading, _ = read_all()
    skipped = notices(reading, "skipped")
    assert "an entry that is not of Gemini" in skipped
    assert "without a line that is a time" in skipped
    assert "(Used)" in skipped
