from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "character_ai"


def read_all(name: str = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {row["source_id"]: row | {"extra": row["extra"] or ""} for row in rows}


def by_text(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["text"]: row for row in rows.values() if row["text"]}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_turns_are_turned_around_to_oldest_first() -> None:
    _, rows = read_all("chats.json")
    assert [rows[key]["position"] for key in ("c1", "c2", "c3")] == [0, 1, 2]
    assert [rows[key]["position"] for key in ("q0", "q1", "q2")] == [0, 1, 2]  # without any time


def test_a_missing_is_human_means_the_character() -> None:
    _, rows = read_all("chats.json")
    assert (rows["c1"]["role"], rows["c2"]["role"]) == ("ai", "person")


def test_swiped_candidates_are_siblings_off_the_path() -> None:
    _, rows = read_all("chats.json")
    assert {rows[key]["parent_id"] for key in ("c4a", "c4b", "c4c")} == {rows["c3"]["message_id"]}
    assert [rows[key]["on_path"] for key in ("c4a", "c4b", "c4c")] == [False, True, False]


def test_filtered_words_are_null_marked_and_counted() -> None:
    reading, rows = read_all("chats.json")
    assert rows["c4b"]["text"] is None
    assert "safety_truncated" in rows["c4b"]["extra"]
    assert "filter cut off" in notices(reading, "skipped")


def test_a_kept_candidate_that_is_not_there_is_mended() -> None:
    reading, rows = read_all("chats.json")
    assert rows["c2"]["on_path"]
    assert "kept candidate is not there" in notices(reading, "mended")
    assert "a turn without a candidate" in notices(reading, "skipped")


def test_the_persona_is_the_ai_and_the_creator_the_person() -> None:
    _, rows = read_all("chats.json")
    assert rows["c1"]["ai_id"] == "Luna (char-lun)"
    assert rows["c1"]["person_id"] == "8812"
    assert '"author": "Mars"' in rows["q2"]["extra"]


def test_turns_on_lines_without_ids_of_candidates() -> None:
    _, rows = read_all("turns.jsonl")
    assert {row["conversation_id"] for row in rows.values()} == {"ch-9"}
    assert (rows["l2:0"]["on_path"], rows["l2:1"]["on_path"]) == (False, True)


def test_the_older_interface_with_alternatives() -> None:
    reading, rows = read_all("dump.json")
    assert rows["old-10"]["ai_id"] == "Captain (cap-ext-)"
    assert rows["old-10"]["person_id"] == "reader77"
    assert rows["old-13"]["parent_id"] == rows["old-12"]["parent_id"] == rows["old-11"]["message_id"]
    assert (rows["old-12"]["on_path"], rows["old-13"]["on_path"]) == (True, False)
    assert rows["old-14"]["parent_id"] == rows["old-12"]["message_id"]
    assert "deleted" in rows["old-14"]["extra"]
    assert rows["old-15"]["text"] is None
    assert [rows[key]["position"] for key in ("old-20", "old-21")] == [0, 1]
    assert "deleted in the product" in notices(reading, "inferred")


def test_a_chat_that_comes_in_pages_is_one_conversation(tmp_path: Path) -> None:
    lines = (FIXTURES / "turns.jsonl").read_text().splitlines()
    pages = tmp_path / "pages.jsonl"
    pages.write_text("\n".join(f'{{"turns": [{line}], "meta": {{"next_token": ""}}}}' for line in lines))
    rows = [row for batch in read(pages) for row in batch.to_pylist()]
    assert [row["position"] for row in rows] == [0, 1, 2]
    assert by_text({str(n): row for n, row in enumerate(rows)})["Still there?"]["parent_id"] is None
