import json
from pathlib import Path
from typing import Any

import pytest

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "sillytavern"
FIRST, SECOND = "Fern - first.jsonl", "Fern - second.jsonl"


def read_all(path: str | Path = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / path)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {row["text"]: row | {"extra": json.loads(row["extra"] or "{}")} for row in rows}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_the_header_names_both() -> None:
    _, rows = read_all(FIRST)
    assert {(row["person_id"], row["ai_id"]) for row in rows.values()} == {("Sol", "Fern")}


def test_files_of_a_folder_are_conversations_of_one_relationship() -> None:
    _, rows = read_all()
    one, two = rows["Is the frog back?"], rows["Good morning."]
    assert one["relationship_id"] == two["relationship_id"]
    assert one["conversation_id"] != two["conversation_id"]


def test_names_are_taken_from_the_messages_where_the_header_holds_none() -> None:
    _, rows = read_all(SECOND)
    assert {(row["person_id"], row["ai_id"]) for row in rows.values()} == {("Sol", "Fern")}
    _, rows = read_all("group.jsonl")
    assert {row["ai_id"] for row in rows.values()} == {"Alder and Fern"}
    assert rows["I am."]["extra"] == {"name": "Fern"}


def test_swipes_are_siblings_and_the_kept_one_is_on_the_path() -> None:
    _, rows = read_all(FIRST)
    asked, left, kept = rows["Is the frog back?"], rows["No frog yet."], rows["Two frogs, in fact."]
    assert left["parent_id"] == kept["parent_id"] == asked["message_id"]
    assert (left["on_path"], kept["on_path"]) == (False, True)
    assert (left["model"], kept["model"]) == ("tiny-a", "tiny-b")
    assert left["sent_at"].isoformat() == "2026-03-02T19:06:50+00:00"
    assert (left["extra"]["thinking"], kept["extra"]["thinking"]) == ("Look for frogs.", "Count the frogs.")
    assert rows["Forget what I said about the heron."]["parent_id"] == kept["message_id"]


def test_a_greeting_that_was_not_chosen_is_off_the_path_and_marked() -> None:
    _, rows = read_all(FIRST)
    other = rows["Welcome to the greenhouse."]
    assert (other["parent_id"], other["on_path"], other["extra"]) == (None, False, {"greeting": True})


def test_a_message_edited_after_its_swipes_is_kept_with_them() -> None:
    reading, rows = read_all(FIRST)
    assert rows["Edited by hand afterwards."]["on_path"]
    assert not rows["Take the green one."]["on_path"]
    assert not rows["Take the yellow one."]["on_path"]
    assert "differs from its own swipe" in notices(reading, "mended")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("The pond is still tonight.", "2026-03-02T19:04:00+00:00"),
        ("Is the frog back?", "2026-03-02T19:06:30.250000+00:00"),
        ("Two frogs, in fact.", "2026-03-02T19:07:10+00:00"),
        ("Forget what I said about the heron.", "2026-03-02T19:10:00+00:00"),
        ("Which heron?", "2026-03-02T19:11:00+00:00"),
        ("A list of commands.", "2026-03-02T00:30:00+00:00"),
        ("Rain begins to fall.", "2026-03-02T19:20:00+00:00"),
        ("Edited by hand afterwards.", "2026-03-02T19:30:00+00:00"),
    ],
)
def test_every_way_of_writing_a_time(text: str, at: str) -> None:
    _, rows = read_all(FIRST)
    assert (rows[text]["sent_at"].isoformat(), rows[text]["sent_at_is"]) == (at, "stated")


def test_what_is_not_stated_is_said() -> None:
    reading, rows = read_all(FIRST)
    assert rows["Another me asks: umbrella?"]["sent_at_is"] == "inferred"
    assert "read as UTC" in notices(reading, "inferred")
    assert "no time" in notices(reading, "mended")
    assert "swipes without words" in notices(reading, "skipped")
    assert "images and files" in notices(reading, "skipped")


def test_times_with_an_offset_are_not_called_inferred() -> None:
    reading, _ = read_all(SECOND)
    assert notices(reading, "inferred") == ""


def test_who_wrote_it() -> None:
    reading, rows = read_all(FIRST)
    assert rows["Forget what I said about the heron."]["role"] == "person"
    assert rows["Which heron?"]["role"] == "ai"
    assert rows["Which heron?"]["extra"]["hidden"]
    for text in ("A list of commands.", "Rain begins to fall.", "For me only."):
        assert rows[text]["role"] == "system"
    assert rows["Another me asks: umbrella?"]["extra"] == {"name": "Sol Two"}
    assert "hidden from the model" in notices(reading, "inferred")


def test_the_authors_note_is_an_instruction() -> None:
    reading, _ = read_all(FIRST)
    assert [(row["kind"], row["text"]) for row in reading.events().to_pylist()] == [
        ("instructions", "Keep the pond in mind.")
    ]


def test_the_name_of_the_file_and_what_follows_change_no_id(tmp_path: Path) -> None:
    _, before = read_all(FIRST)
    more = json.dumps({"name": "Sol", "is_user": True, "send_date": "2026-03-09T08:00:00Z", "mes": "Back again."})
    (tmp_path / "renamed.jsonl").write_text((FIXTURES / FIRST).read_text(encoding="utf-8") + more, encoding="utf-8")
    _, after = read_all(tmp_path)
    assert {row["message_id"] for row in before.values()} < {row["message_id"] for row in after.values()}


def test_a_second_header_begins_another_chat_and_an_empty_one_is_counted() -> None:
    reading, _ = read_all("group.jsonl")
    assert "empty conversations" in notices(reading, "skipped")
    assert "neither a header nor a message" in notices(reading, "skipped")


def test_the_invented_companions_are_read_whole() -> None:
    reading = read(Path(__file__).parents[2] / "examples" / "companions" / "sillytavern")
    rows = [row for batch in reading for row in batch.to_pylist()]
    counts = [(row["ai_id"], row["on_path"]) for row in rows]
    assert {key: counts.count(key) for key in set(counts)} == {
        ("Vesper", True): 407,
        ("Vesper", False): 10,
        ("Wren", True): 128,
        ("Wren", False): 1,
    }
