from pathlib import Path
from typing import Any

from attunement.sources import Reading, read

FIXTURES = Path(__file__).parent / "fixtures" / "gemini"


def read_all(name: str = "") -> tuple[Reading, dict[str, dict[str, Any]]]:
    reading = read(FIXTURES / name)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, {row["source_id"]: row | {"extra": row["extra"] or ""} for row in rows}


def by_text(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["text"]: row for row in rows.values() if row["text"]}


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def test_the_verb_is_taken_away_and_html_becomes_text() -> None:
    _, rows = read_all("My Activity.json")
    found = by_text(rows)
    assert found["How do I say sorry?"]["role"] == "person"  # a no-break space follows the verb
    assert found["Yes & often.\n\n- First\n- Second\n\na  = 1\nb"]["role"] == "ai"


def test_a_pause_of_more_than_half_an_hour_begins_a_conversation() -> None:
    reading, rows = read_all("My Activity.json")
    found = by_text(rows)
    assert found["And a second one"]["conversation_id"] == found["How do I say sorry?"]["conversation_id"]
    assert found["Good morning, who are you?"]["conversation_id"] != found["How do I say sorry?"]["conversation_id"]
    assert "30 minutes" in notices(reading, "inferred")


def test_a_link_to_its_chat_names_the_conversation() -> None:
    _, rows = read_all("My Activity.json")
    assert by_text(rows)["Is it normal to cry at adverts?"]["conversation_id"] == "1a2b3c4d5e6f"


def test_of_several_replies_the_last_is_on_the_path() -> None:
    _, rows = read_all("My Activity.json")
    first, second = by_text(rows)["Draft one."], by_text(rows)["Draft two."]
    assert first["parent_id"] == second["parent_id"] == by_text(rows)["And a second one"]["message_id"]
    assert (first["on_path"], second["on_path"]) == (False, True)


def test_times_of_replies_are_inferred_and_broken_times_taken_from_the_neighbour() -> None:
    _, rows = read_all("My Activity.json")
    found = by_text(rows)
    assert found["Say it plainly."]["sent_at_is"] == "inferred"
    assert found["How do I say sorry?"]["sent_at_is"] == "stated"
    broken = found["A prompt whose time is broken"]
    assert broken["sent_at_is"] == "inferred"
    assert broken["conversation_id"] == found["How do I say sorry?"]["conversation_id"]


def test_other_verbs_are_counted_and_feedback_is_an_event() -> None:
    reading, _ = read_all("My Activity.json")
    assert "an activity that is no prompt (Created)" in notices(reading, "skipped")
    assert "an activity that is no prompt (Selected preferred draft)" in notices(reading, "skipped")
    assert "an entry that is not of Gemini" in notices(reading, "skipped")
    assert [(event["kind"], event["text"]) for event in reading.events().to_pylist()] == [("feedback", "Good response")]


def test_the_variant_with_details_is_read() -> None:
    reading, rows = read_all("My Activity.json")
    assert by_text(rows)["I am Gemini."]["parent_id"] == by_text(rows)["Good morning, who are you?"]["message_id"]
    assert "a detail 'Mood'" in notices(reading, "unknown_type")


def test_the_verb_of_an_unknown_language_is_learnt_from_what_prompts_share() -> None:
    reading, rows = read_all("other language")
    assert {row["text"] for row in rows.values() if row["role"] == "person"} == {
        "Qui es-tu ?",
        "Pourquoi pleuvoir ?",
        "Où aller ce soir ?",
        "Comment dormir ?",
    }
    assert "in a language not known" in notices(reading, "inferred")
