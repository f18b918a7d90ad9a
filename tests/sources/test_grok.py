from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "grok"


def read_all(name: str = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {row["source_id"]: row | {"extra": row["extra"] or ""} for row in rows}


def by_text(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["text"]: row for row in rows.values() if row["text"]}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_the_times_of_the_database_are_read() -> None:
    _, rows = read_all("prod-grok-backend.json")
    assert rows["g1"]["sent_at"].isoformat() == "2025-01-15T10:30:00+00:00"


def test_senders_in_any_case_and_by_the_name_of_the_model() -> None:
    _, rows = read_all("prod-grok-backend.json")
    assert [rows[f"g{n}"]["role"] for n in range(1, 5)] == ["person", "ai", "ai", "ai"]


def test_stated_parents_make_branches() -> None:
    _, rows = read_all("prod-grok-backend.json")
    assert rows["g2"]["parent_id"] == rows["g3"]["parent_id"] == rows["g1"]["message_id"]
    assert [rows[f"g{n}"]["on_path"] for n in range(1, 5)] == [True, False, True, True]
    assert '"thinking": "Be kind."' in rows["g2"]["extra"]
    assert rows["g4"]["text"] is None


def test_without_ids_each_answers_the_one_before_it() -> None:
    reading, rows = read_all("prod-grok-backend.json")
    found = by_text(rows)
    assert found["Hi."]["parent_id"] == found["Hi, again!"]["parent_id"] == found["Hello there."]["message_id"]
    assert (found["Hi."]["on_path"], found["Hi, again!"]["on_path"]) == (False, True)
    assert "without stated parents" in notices(reading, "inferred")
    assert "empty conversations" in notices(reading, "skipped")


def test_the_flat_variant_is_put_in_order_of_time() -> None:
    reading, rows = read_all("flat.json")
    ordered = sorted(rows.values(), key=lambda row: row["position"])
    assert [row["text"] for row in ordered] == ["When do we start?", "Later.", "Now."]
    assert "'alien'" in notices(reading, "unknown_type")


def test_the_account_stands_in_the_conversation() -> None:
    _, rows = read_all("prod-grok-backend.json")
    assert rows["g1"]["person_id"] == "gu-1"
