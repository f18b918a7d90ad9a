import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attunement.errors import OptionError
from attunement.sources import Reading, mapped, read
from attunement.testing import check_source

ROWS = """
name = "log"

[conversations]
are = "rows"
id = ["who", "session"]
person = "speaker"
ai = "speaker"

[messages]
order = "n"
role = "kind"
text = "said"
sent_at = "when"
rating = { at = "stars", min = 1, max = 5 }
extra = ["mood"]
"""
TABLE = [
    {"session": 1, "who": "a", "speaker": "Juniper", "kind": "bot", "said": "Two.", "n": 2, "stars": 5, "mood": "calm"},
    {"session": 1, "who": "a", "speaker": "anna", "kind": "user", "said": "One.", "n": 1, "stars": None, "mood": None},
    {"session": 1, "who": "b", "speaker": "ben", "kind": "user", "said": "Three.", "n": 10, "stars": 9, "mood": None},
    {
        "session": 1,
        "who": "b",
        "speaker": "Juniper",
        "kind": "owl",
        "said": "Hoot.",
        "n": 9,
        "stars": 0.5,
        "mood": None,
    },
]
for number, line in enumerate(TABLE):
    line["when"] = f"2026-03-0{number + 1}T08:00:00Z"


def read_all(path: Path, mapping: str) -> tuple[Reading, list[dict[str, Any]]]:
    described = path.parent / "mapping.toml"
    described.write_text(mapping, encoding="utf-8")
    reading = read(path, form=mapped(described))
    return reading, [row for batch in reading for row in batch.to_pylist()]


def notices(reading: Reading, kind: str) -> str:
    return "\n".join(row["what"] for row in reading.notices().to_pylist() if row["kind"] == kind)


def written(folder: Path, kind: str) -> Path:
    path = folder / f"log.{kind}"
    if kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in TABLE), encoding="utf-8")
    elif kind == "json":
        path.write_text(json.dumps(TABLE), encoding="utf-8")
    elif kind == "parquet":
        pq.write_table(
            pa.Table.from_pylist([row | {"stars": row["stars"] and float(row["stars"])} for row in TABLE]), path
        )
    else:
        comma = "," if kind == "csv" else "\t"
        lines = [
            comma.join(TABLE[0]),
            *(comma.join(str(v if v is not None else "") for v in row.values()) for row in TABLE),
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["csv", "tsv", "json", "jsonl", "parquet"])
def test_rows_of_every_kind_of_table_are_gathered(kind: str, tmp_path: Path) -> None:
    reading, rows = read_all(written(tmp_path, kind), ROWS)
    assert [row["text"] for row in rows] == ["One.", "Two.", "Hoot.", "Three."]
    assert [row["person_id"] for row in rows] == ["anna", "anna", "ben", "ben"]
    assert {row["conversation_id"] for row in rows} == {"a-1", "b-1"}
    assert [row["rating"] for row in rows] == [None, 1.0, None, None]
    assert [row["role"] for row in rows] == ["person", "ai", "tool", "person"]
    assert rows[1]["parent_id"] == rows[0]["message_id"]
    assert json.loads(rows[1]["extra"]) == {"mood": "calm"}
    assert rows[0]["sent_at"].isoformat() == "2026-03-02T08:00:00+00:00"
    assert {row["source"] for row in rows} == {"mapped:log"}
    assert "outside of the range" in notices(reading, "skipped")
    assert "'owl'" in notices(reading, "unknown_type")
    check_source(mapped(tmp_path / "mapping.toml"), tmp_path / f"log.{kind}")


def test_the_ai_of_a_group_is_named_by_a_row_of_the_ai(tmp_path: Path) -> None:
    _, rows = read_all(written(tmp_path, "jsonl"), ROWS)
    assert {row["ai_id"] for row in rows if row["person_id"] == "anna"} == {"Juniper"}


BRANCHED = """
[conversations]
at = "data.threads"
leaf = "last"
model = "llm"
person = "^.^.account|owner"
started_at = "begun"
rating = "thumb"

[messages]
at = "nodes"
id = "key"
parent = "above"
role = "who.me"
text = "parts[].text"
rating = "liked"
model = "by"

[roles]
true = "person"
false = "ai"

[times]
format = "%d.%m.%Y %H:%M"
zone = "Europe/Vienna"
"""
THREADS = {
    "data": {
        "threads": [
            {
                "owner": "anna",
                "last": "c",
                "llm": "m-1",
                "begun": "01.07.2026 10:00",
                "thumb": 0.5,
                "nodes": {
                    "x": {"key": "a", "who": {"me": True}, "parts": [{"text": "One."}, {"text": "Two."}]},
                    "y": {"key": "b", "above": "a", "who": {"me": False}, "parts": [{"text": "Left."}], "by": "m-2"},
                    "z": {"key": "c", "above": "a", "who": {"me": False}, "parts": [{"text": "Kept."}]},
                    "v": {"key": "d", "above": "b", "who": {"me": False}, "parts": [{"other": 5}], "liked": 1},
                },
            },
            {"owner": "ben", "nodes": []},
            {"owner": "ben", "begun": "soon", "nodes": [{"who": {"me": True}, "parts": [{"text": "Hello."}]}]},
        ]
    }
}


def test_branches_times_and_ratings_of_nested_records(tmp_path: Path) -> None:
    path = tmp_path / "threads.json"
    path.write_text(json.dumps(THREADS), encoding="utf-8")
    reading, rows = read_all(path, BRANCHED)
    found = {row["source_id"]: row for row in rows}
    assert found["a"]["text"] == "One.\nTwo."
    assert (found["a"]["sent_at"].isoformat(), found["a"]["sent_at_is"]) == ("2026-07-01T08:00:00+00:00", "stated")
    assert found["b"]["sent_at_is"] == "inferred"
    assert [found[key]["on_path"] for key in "abcd"] == [True, False, True, False]
    assert [found[key]["model"] for key in "abc"] == [None, "m-2", "m-1"]
    assert (found["d"]["text"], found["d"]["rating"]) == (None, 0.5)
    assert json.loads(found["d"]["extra"]) == {"own_rating": 1.0}
    assert {row["person_id"] for row in rows} == {"anna", "ben"}
    assert "records without messages" in notices(reading, "skipped")
    assert "no time" in notices(reading, "mended")
    assert "have the same" not in notices(reading, "inferred")
    assert "the time at which it began" in notices(reading, "inferred")
    check_source(mapped(tmp_path / "mapping.toml"), path)


def test_equal_conversations_without_ids_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "same.jsonl"
    path.write_text('{"turns": [{"role": "user", "text": "Hi."}]}\n' * 2, encoding="utf-8")
    reading, rows = read_all(path, '[messages]\nat = "turns"\nrole = "role"\ntext = "text"\n')
    assert len({row["conversation_id"] for row in rows}) == 2
    assert "no times are stated" in notices(reading, "inferred")
    assert rows[0]["person_id"] == "owner"


def test_pairs_make_two_messages_and_a_missing_side_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("ask,answer\nWhy?,Because.\nHow?,\n", encoding="utf-8")
    mapping = """
    [conversations]
    are = "rows"
    [[messages]]
    role = { fixed = "person" }
    text = "ask"
    [[messages]]
    role = { fixed = "ai" }
    text = "answer"
    """
    reading, rows = read_all(path, mapping)
    assert [(row["role"], row["text"]) for row in rows] == [("person", "Why?"), ("ai", "Because."), ("person", "How?")]
    assert "one side says nothing" in notices(reading, "skipped")


def test_files_that_the_mapping_does_not_name_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "README.txt").write_text("words", encoding="utf-8")
    (tmp_path / "survey.csv").write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    (tmp_path / "log.jsonl").write_text('{"turns": [{"role": "user", "text": "Hi."}]}\n', encoding="utf-8")
    described = tmp_path / "mapping.toml"
    described.write_text(
        'files = "*.jsonl"\n[messages]\nat = "turns"\nrole = "role"\ntext = "text"\n', encoding="utf-8"
    )
    reading = read(tmp_path, form=mapped(described))
    assert [part.member.name for part in reading.parts] == ["log.jsonl"]


PLAIN = """
[conversations]
id = "id"
person = "who"
ai = { fixed = "Juniper" }
started_at = "begun"
rating = { at = "stars", min = 1, max = 5 }

[messages]
at = "turns"
role = "role"
text = "text"
"""


def test_the_rating_of_a_conversation_stands_with_its_last_reply(tmp_path: Path) -> None:
    path = tmp_path / "rated.json"
    said = [{"role": "user", "text": "A."}, {"role": "bot", "text": "B."}, {"role": "user", "text": "C."}]
    begun = {"who": "anna", "begun": "2026-07-01T08:00:00Z"}
    path.write_text(
        json.dumps(
            [
                begun | {"id": "1", "stars": 5, "turns": said},
                begun | {"id": "2", "stars": 3, "turns": said[:1]},
                begun | {"id": "3", "stars": None, "turns": said},
            ]
        ),
        encoding="utf-8",
    )
    reading, rows = read_all(path, PLAIN)
    assert [row["rating"] for row in rows] == [None, 1.0, None, 0.5, None, None, None]
    assert notices(reading, "inferred").count("in which the AI says nothing") == 1
    assert "is not there" not in "".join(row["what"] for row in reading.notices().to_pylist())


def test_fields_that_are_not_there_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "gaps.json"
    path.write_text(json.dumps([{"turns": [{"role": "user"}, {"role": "bot", "text": "B."}]}]), encoding="utf-8")
    reading, rows = read_all(path, PLAIN)
    assert [row["text"] for row in rows] == [None, "B."]
    missing = {key for key in ("id", "person") if f"`conversations.{key}`" in notices(reading, "inferred")}
    assert missing == {"id", "person"}
    assert "`conversations.started_at`" in notices(reading, "not_measured")
    assert "`messages.text`" in notices(reading, "not_measured")
    assert "`conversations.ai`" not in notices(reading, "inferred")
    named = read(path, form=mapped(tmp_path / "mapping.toml"), person="anna")
    list(named)
    assert "`conversations.person`" not in notices(named, "inferred")


# -- what is wrong is said before anything is read -----------------------------------------------------------------

GOOD = '[messages]\nat = "m"\nrole = "r"\ntext = "t"\n'


@pytest.mark.parametrize(
    ("mapping", "key"),
    [
        ("nonsense", "is not TOML"),
        ("[messages]\n", '"messages.at"'),
        ("", '"messages"'),
        ("messages = 5", '"messages"'),
        ('[messages]\nat = "m"\ntext = "t"\n', '"messages.role"'),
        ('[messages]\nat = "m"\nrole = "t"\n', '"messages.text"'),
        ("mesages = 1\n" + GOOD, '"mesages"'),
        (GOOD + "[conversations]\npersn = 'p'", '"conversations.persn"'),
        (GOOD + "[conversations]\nperson = 'p..q'", '"conversations.person"'),
        (GOOD + "[conversations]\nperson = 5", '"conversations.person"'),
        (GOOD + "[conversations]\nperson = {fix = 'x'}", '"conversations.person"'),
        (GOOD + "[conversations]\nare = 'columns'", '"conversations.are"'),
        (GOOD + "[conversations]\nare = 'rows'", '"messages.at"'),
        (GOOD + "[conversations]\nrating = {at = 'x', min = 5, max = 5}", '"conversations.rating"'),
        (GOOD + "[conversations]\nrating = {min = 5}", '"conversations.rating"'),
        (GOOD + "[conversations]\nrating = {at = 'x', words = {up = 2}}", '"conversations.rating"'),
        (GOOD + "[roles]\nHuman = 'persn'", '"roles.Human"'),
        ("roles = 3\n" + GOOD, '"roles"'),
        (GOOD + "[times]\nzone = 'Mars/Olympus'", '"times.zone"'),
        (GOOD + "[times]\nformat = 5", '"times.format"'),
        (GOOD + "extra = 'x'", '"messages.extra"'),
        (GOOD + "extra = ['']", '"messages.extra"'),
        ("name = 'a b'\n" + GOOD, '"name"'),
        ("conversations = []\n" + GOOD, '"conversations"'),
    ],
)
def test_a_wrong_key_is_named_in_four_lines(mapping: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(mapping, encoding="utf-8")
    with pytest.raises(OptionError) as error:
        mapped(path)
    lines = str(error.value).splitlines()
    assert key in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["got", "have", "do"]


def test_a_mapping_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no mapping file"):
        mapped(tmp_path / "gone.toml")


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "benchmarks" / "mappings").glob("*.toml")))
def test_the_mapping_files_of_the_benchmarks_are_understood(path: Path) -> None:
    assert mapped(path).key == f"mapped:{path.stem}"
