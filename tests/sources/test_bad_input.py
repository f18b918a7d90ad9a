"""What is wrong with a file is said in four lines, or mended and counted; nothing else happens."""

import io
import json
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attunement.errors import SourceError
from attunement.sources import Reading, read

Golden = Callable[[str, str], None]

SUMMER = 1_782_864_000.0  # 2026-07-01
NOW = 1_785_542_400_000_000  # 2026-08-01


def node(key: str, parent: str | None, text: str | None = None, **stated: Any) -> dict[str, Any]:
    message = None
    if text is not None:
        message = {"author": {"role": "user"}, "create_time": SUMMER, "content": {"parts": [text]}, **stated}
    return {"id": key, "parent": parent, "children": [], "message": message}


def conversation(*nodes: dict[str, Any], **stated: Any) -> dict[str, Any]:
    mapping = {one["id"]: one for one in nodes}
    about = {"conversation_id": "c-1", "create_time": SUMMER, "current_node": nodes[-1]["id"], "mapping": mapping}
    return {key: value for key, value in (about | stated).items() if value is not ...}


PLAIN = conversation(node("root", None), node("a", "root", "Good morning."), node("b", "a", "And good night."))


def read_all(path: Path, *, strict: bool = False) -> tuple[Reading, list[dict[str, Any]]]:
    reading = read(path, strict=strict, now=NOW, person="me")
    return reading, [row for batch in reading for row in batch.to_pylist()]


def written(folder: Path, content: object, name: str = "conversations.json") -> Path:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def refused(path: Path, *, strict: bool = False) -> str:
    with pytest.raises(SourceError) as error:
        read_all(path, strict=strict)
    text = str(error.value)
    assert [line.split()[0] for line in text.splitlines()[1:]] == ["got", "have", "do"]
    return text + "\n"


def mended(reading: Reading) -> list[tuple[str, int]]:
    return [(row["what"], row["n"]) for row in reading.notices().to_pylist() if row["kind"] == "mended"]


# -- files that cannot be read -------------------------------------------------------------------------------------

TEXT = json.dumps([PLAIN])
REFUSED: dict[str, tuple[str, object]] = {
    "empty": ("conversations.json", b""),
    "blank": ("conversations.json", b" \n\t\n"),
    "utf-16": ("conversations.json", TEXT.encode("utf-16")),
    "utf-16-without-mark": ("conversations.json", TEXT.encode("utf-16-le")),
    "latin-1": ("conversations.json", json.dumps([PLAIN]).replace("morning", "m\u00f6rning").encode("latin-1")),
    "latin-1-lines": ("conversations.jsonl", json.dumps(PLAIN).replace("morning", "m\u00f6rning").encode("latin-1")),
    "latin-1-csv": (
        "chat.csv",
        "Timestamp,From,Text,Reaction,ID\n2026-07-01,Me,Gr\u00fc\u00df dich,,1\n".encode("latin-1"),
    ),
    "cut-short": ("conversations.json", TEXT[:-40]),
    "no-json": ("conversations.json", TEXT.replace('"parts":', "parts:")),
    "words-after-it": ("conversations.json", TEXT + " and more"),
    "duplicate-keys": ("conversations.json", TEXT.replace('"mapping":', '"current_node": "b", "mapping":')),
    "duplicate-keys-beside-half-a-character": (
        "conversations.json",
        TEXT.replace('"mapping":', '"current_node": "b", "mapping":').replace("morning", "\\ud83d"),
    ),
    "deep": ("conversations.json", TEXT.replace('"Good morning."', "[" * 100_000 + "]" * 100_000)),
    "deep-beside-half-a-character": (
        "conversations.json",
        TEXT.replace('"Good morning."', '"\\ud83d",' + "[" * 100_000 + "]" * 100_000),
    ),
    "no-export": ("notes.json", {"shopping": ["milk", "bread"]}),
    "no-export-at-all": ("picture", bytes(range(256)) * 8),
    "no-message": ("conversations.json", [conversation(node("root", None))]),
    "only-pictures": ("me.png", b"\x89PNG"),
    "broken-parquet": ("rows.parquet", b"PAR1" + b"\x00" * 200),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read(case: str, tmp_path: Path, golden: Golden) -> None:
    name, content = REFUSED[case]
    began = time.perf_counter()
    golden(f"errors/source-{case}.txt", refused(written(tmp_path, content, name)))
    assert time.perf_counter() - began < 10


def test_nothing_there(tmp_path: Path) -> None:
    assert "there is nothing at" in refused(tmp_path / "gone.zip")
    assert "holds no file" in refused(tmp_path)


def test_all_lines_that_are_no_json_are_refused_and_one_is_counted(tmp_path: Path, golden: Golden) -> None:
    lines = json.dumps(PLAIN) + "\n" + "{broken\n"
    reading, rows = read_all(written(tmp_path, lines, "conversations.jsonl"))
    assert len(rows) == 2
    assert any("a line that is no JSON" in row["what"] for row in reading.notices().to_pylist())


# -- zips ----------------------------------------------------------------------------------------------------------


def packed(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zip_that_is_cut_short(tmp_path: Path, golden: Golden) -> None:
    path = packed(tmp_path / "export.zip", {"conversations.json": TEXT.encode()})
    path.write_bytes(path.read_bytes()[:-60])
    golden("errors/source-zip-cut-short.txt", refused(path))


def test_a_zip_whose_content_is_damaged(tmp_path: Path, golden: Golden) -> None:
    path = packed(tmp_path / "export.zip", {"conversations.json": TEXT.encode()}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"Good morning.", b"Good evening."))
    golden("errors/source-zip-damaged.txt", refused(path))


def test_a_zip_that_grows_without_end(tmp_path: Path, golden: Golden) -> None:
    path = packed(tmp_path / "export.zip", {"conversations.json": b"[" + b" " * (80 * 2**20) + b"]"})
    assert path.stat().st_size < 2**20
    golden("errors/source-zip-bomb.txt", refused(path))


def test_a_zip_that_lies_about_how_much_it_grows(tmp_path: Path) -> None:
    path = packed(tmp_path / "export.zip", {"conversations.json": b"[" + b" " * (80 * 2**20) + b"]"})
    small = struct.pack("<L", 1000)
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 80 * 2**20 + 2), small))
    began = time.perf_counter()
    refused(path)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("name", ["../conversations.json", "/etc/conversations.json", "a/../../b.json", "C:\\x.json"])
def test_a_zip_that_points_outside(name: str, tmp_path: Path) -> None:
    text = refused(packed(tmp_path / "export.zip", {name: TEXT.encode()}))
    assert "points outside the zip" in text
    assert [child.name for child in tmp_path.iterdir()] == ["export.zip"]


def test_a_zip_with_a_password(tmp_path: Path, golden: Golden) -> None:
    path = packed(tmp_path / "export.zip", {"conversations.json": TEXT.encode()})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    golden("errors/source-zip-locked.txt", refused(path))


def test_a_zip_in_a_method_that_is_not_known(tmp_path: Path, golden: Golden) -> None:
    path = packed(tmp_path / "export.zip", {"conversations.json": TEXT.encode()})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 10] = 1
    content[8] = 1
    path.write_bytes(content)
    golden("errors/source-zip-method.txt", refused(path))


def test_an_empty_zip(tmp_path: Path, golden: Golden) -> None:
    golden("errors/source-zip-empty.txt", refused(packed(tmp_path / "export.zip", {})))


def test_a_zip_in_a_zip_is_not_opened(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("conversations.json", TEXT)
    path = packed(tmp_path / "export.zip", {"export.zip": inner.getvalue()})
    assert "no export that can be read" in refused(path)


# -- what is mended ------------------------------------------------------------------------------------------------

NEXT_YEARS = SUMMER + 400 * 86_400
MENDED: dict[str, tuple[str, dict[str, int]]] = {
    "half a character": (
        TEXT.replace("morning", "\\ud83d"),
        {"half of a character (a lone surrogate) was replaced by U+FFFD": 1},
    ),
    "a cycle": (
        json.dumps([conversation(node("root", None), node("a", "b", "One."), node("b", "a", "Two."))]),
        {"a cycle in `mapping`, cut open at one node": 1},
    ),
    "no current_node": (
        json.dumps([PLAIN | {"current_node": None}]),
        {"a conversation without a valid `current_node`: the thread that ends in its newest message was taken": 1},
    ),
    "a current_node that is not there": (
        json.dumps([PLAIN | {"current_node": "gone"}]),
        {"a conversation without a valid `current_node`: the thread that ends in its newest message was taken": 1},
    ),
    "NaN": (TEXT.replace(str(SUMMER), "NaN"), {"a time that is no time (such as NaN, or before 1995) was left out": 3}),
    "1970": (TEXT.replace(str(SUMMER), "0"), {"a time that is no time (such as NaN, or before 1995) was left out": 3}),
    "the future": (TEXT.replace(str(SUMMER), str(NEXT_YEARS)), {"a time in the future was left out": 3}),
}


@pytest.mark.parametrize("case", MENDED)
def test_what_is_mended_is_counted_and_refused_where_reading_is_strict(
    case: str, tmp_path: Path, golden: Golden
) -> None:
    text, what = MENDED[case]
    path = written(tmp_path, text)
    reading, rows = read_all(path)
    assert dict(mended(reading)) == what
    assert len(rows) == 2
    assert any(row["on_path"] for row in rows)
    assert all(row["sent_at"] is None or row["sent_at"].year == 2026 for row in rows)
    golden(f"errors/source-strict-{case.replace(' ', '-')}.txt", refused(path, strict=True))


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000, 1_000_000_000])
def test_times_in_seconds_and_in_smaller_units_are_the_same(factor: int, tmp_path: Path) -> None:
    reading, rows = read_all(written(tmp_path, TEXT.replace(str(SUMMER), str(int(SUMMER) * factor))), strict=True)
    assert {row["sent_at"].isoformat() for row in rows} == {"2026-07-01T00:00:00+00:00"}
    assert mended(reading) == []


def test_half_a_character_becomes_a_mark_and_the_rest_stays(tmp_path: Path) -> None:
    _, rows = read_all(written(tmp_path, TEXT.replace("morning", "\\ud83d")))
    assert rows[0]["text"] == "Good \ufffd."


def test_without_current_node_the_newest_thread_is_on_the_path(tmp_path: Path) -> None:
    left = node("b", "a", "Old.", create_time=SUMMER + 1)
    kept = node("c", "a", "New.", create_time=SUMMER + 2)
    record = conversation(node("root", None), node("a", "root", "One."), left, kept, current_node=...)
    _, rows = read_all(written(tmp_path, [record]))
    assert {row["source_id"]: row["on_path"] for row in rows} == {"a": True, "b": False, "c": True}


# -- large ---------------------------------------------------------------------------------------------------------

N_NODES = 1_000_000 if os.environ.get("ATTUNEMENT_FULL") == "1" else 100_000
"""A million take about 20 seconds and 2 GB on a laptop: a single conversation has to fit into memory."""


def test_a_conversation_of_very_many_messages(tmp_path: Path) -> None:
    """A chain, so that anything that walks down it by recursion fails, and anything quadratic is seen."""
    path = tmp_path / "conversations.json"
    with path.open("w", encoding="utf-8") as stream:
        stream.write('[{"conversation_id": "c", "mapping": {"0": {"message": null, "parent": null}')
        for number in range(1, N_NODES + 1):
            stream.write(
                f', "{number}": {{"parent": "{number - 1}", "message": {{"author": {{"role": "user"}}, "create_time":'
                f' {SUMMER + number}, "content": {{"parts": ["x"]}}}}}}'
            )
        stream.write(f'}}, "current_node": "{N_NODES}"}}]')
    began = time.perf_counter()
    n_rows = n_on_path = 0
    for batch in read(path, now=NOW, person="me"):
        n_rows += batch.num_rows
        n_on_path += batch["on_path"].true_count
    assert (n_rows, n_on_path) == (N_NODES, N_NODES)
    assert time.perf_counter() - began < N_NODES / 5_000


def test_lines_whose_first_is_longer_than_what_is_looked_at(tmp_path: Path) -> None:
    long = conversation(node("root", None), node("a", "root", "x" * 400_000))
    for name in ("conversations.jsonl", "conversations.json"):
        _, rows = read_all(
            written(tmp_path, json.dumps(long) + "\n" + json.dumps(PLAIN | {"conversation_id": "c-2"}), name)
        )
        assert len(rows) == 3


def test_a_first_line_that_is_broken_hides_no_other(tmp_path: Path) -> None:
    reading, rows = read_all(written(tmp_path, "{broken\n" + json.dumps(PLAIN) + "\n", "conversations.jsonl"))
    assert len(rows) == 2
    assert any("a line that is no JSON" in row["what"] for row in reading.notices().to_pylist())


def test_half_a_character_in_the_first_lines_hides_no_form(tmp_path: Path) -> None:
    _, rows = read_all(written(tmp_path, json.dumps(PLAIN).replace("morning", "\\ude00") + "\n", "conversations.jsonl"))
    assert len(rows) == 2


def test_a_row_of_parquet_whose_time_is_in_no_calendar_is_left_out(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Hi."}]
    times = pa.array([int(SUMMER) * 10**6, 10**18], pa.timestamp("us"))
    table = pa.table(
        {"conversation_id": ["a", "b"], "model": ["m", "m"], "timestamp": times, "conversation": [turns, turns]}
    )
    pq.write_table(table, tmp_path / "chat.parquet")
    reading, rows = read_all(tmp_path / "chat.parquet")
    assert [row["conversation_id"] for row in rows] == ["a"]
    assert "rows with a time that is in no calendar" in {row["what"] for row in reading.notices().to_pylist()}
