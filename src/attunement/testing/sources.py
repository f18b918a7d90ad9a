"""Whether a form of export keeps the contract of `attunement.sources.Form`."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from attunement.errors import SchemaError
from attunement.sources import FORMATS, Form, Reading, read
from attunement.vocabulary import EVENTS, MESSAGES, NOTICES, check

_LONG_AGO_US = 820_454_400_000_000  # 1996-01-01
_DAY_US = 86_400_000_000
_WORD = re.compile(r"\w+")
_N_WORDS = 5
"""So many words in a row of a message make a quotation."""

_N_CHARACTERS = 12
"""A shorter message may stand in a notice by chance."""


def check_source(form: Form, path: str | Path, *, now: int | None = None) -> None:
    """Hold a form against its contract, with an export that it reads.

    Args:
        form: what is checked. One of the forms that ship must also be told from the file.
        path: a file, a folder or a zip of that form.
        now: the moment of reading, in microseconds since 1970; without it, this moment.

    Raises:
        SchemaError: naming the first promise that it broke.
    """
    source = Path(path)
    reading, messages = _read(form, source, now=now)
    if FORMATS.get(form.key) is form and form not in reading.forms:
        raise _broken(form, "the file is not told to be of this form", got=", ".join(one.key for one in reading.forms))
    check(reading.events(), EVENTS, stage=f"source {form.key}")
    check(reading.notices(), NOTICES, stage=f"source {form.key}")
    _check_ids(form, messages)
    _check_conversations(form, messages)
    _check_notices(form, reading, messages)
    _check_again(form, source, reading, messages, now=now)
    _check_places(form, source, messages, now=now)
    _check_clock(form, source)


def _broken(form: Form, what: str, *, got: str, do: str = "mend its `recognise` or `read`") -> SchemaError:
    return SchemaError(f"source {form.key}: {what}", got=got, have="the contract of attunement.sources.Form", do=do)


def _read(form: Form, source: Path, *, now: int | None) -> tuple[Reading, pa.Table]:
    ships = FORMATS.get(form.key) is form
    reading = read(source, form=None if ships else form, now=now)
    batches = list(reading)
    for batch in batches:
        check(batch, MESSAGES, stage=f"source {form.key}")
    return reading, pa.Table.from_batches(batches, MESSAGES)


def _check_ids(form: Form, messages: pa.Table) -> None:
    twice = pc.value_counts(messages["message_id"])
    twice = twice.filter(pc.greater(twice.field("counts"), 1))
    if len(twice):
        raise _broken(
            form,
            "two messages of one reading have the same id",
            got=f"{len(twice)} ids, such as {_named(messages, twice[0]['values'].as_py())}",
            do="give `Rows.add` a source_id that no other message of the conversation has, or none",
        )


def _named(messages: pa.Table, message_id: int) -> str:
    row = (
        messages.filter(pc.equal(messages["message_id"], pa.scalar(message_id, pa.uint64()))).slice(0, 1).to_pylist()[0]
    )
    return f"the message {row['source_id']!r} of the conversation {row['conversation_id']!r}"


def _conversations(messages: pa.Table) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of each conversation, in the order of reading."""
    kept = messages.select(["relationship_id", "conversation_id", "message_id", "parent_id", "position", "on_path"])
    found: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in kept.to_pylist():
        found.setdefault((row["relationship_id"], row["conversation_id"]), []).append(row)
    for (_, name), rows in found.items():
        yield name, rows


def _check_conversations(form: Form, messages: pa.Table) -> None:
    for name, rows in _conversations(messages):
        if [row["position"] for row in rows] != list(range(len(rows))):
            raise _broken(
                form,
                f"the positions in the conversation {name!r} are not 0, 1, 2, ...",
                got=", ".join(str(row["position"]) for row in rows[:12]),
                do="call `Rows.conversation` once for each conversation, and add all of its messages after it",
            )
        before: set[int] = set()
        for row in rows:
            if row["parent_id"] is not None and row["parent_id"] not in before:
                raise _broken(
                    form,
                    f"a message of the conversation {name!r} answers one that does not stand before it",
                    got=_named(messages, row["message_id"]),
                    do="add parents before children, and give no parent that is not added",
                )
            before.add(row["message_id"])
        if not any(row["on_path"] for row in rows):
            raise _broken(
                form,
                f"no message of the conversation {name!r} is on the path",
                got=f"{len(rows)} messages, all off the path",
                do="take the newest leaf where the source does not say what was seen",
            )


def _check_notices(form: Form, reading: Reading, messages: pa.Table) -> None:
    said = {
        words
        for notice in reading.notices().to_pylist()
        if notice["what"] not in form.inferred
        for words in (notice["what"], notice["example"] or "")
    }
    quoted = {run for words in said for run in _runs(words)}
    for text in messages["text"].drop_null().to_pylist():
        whole = text.strip()
        stands_whole = len(whole) >= _N_CHARACTERS and any(whole in words for words in said)
        if stands_whole or _runs(text) & quoted:
            raise _broken(
                form,
                "a notice holds words of a message",
                got="(not shown: it may be private)",
                do="say in a notice what was met and where, by id; `fields.named` shows the names of types safely",
            )


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return {tuple(words[start : start + _N_WORDS]) for start in range(len(words) - _N_WORDS + 1)}


def _check_again(form: Form, source: Path, reading: Reading, messages: pa.Table, *, now: int | None) -> None:
    again, same = _read(form, source, now=now)
    if not messages.equals(same):
        raise _broken(form, "reading twice gives other messages", got=_difference(messages, same))
    if not reading.events().equals(again.events()):
        raise _broken(form, "reading twice gives other events", got=f"{reading.events().num_rows} events at first")


def _difference(one: pa.Table, other: pa.Table) -> str:
    names = [name for name in one.column_names if not one[name].equals(other[name])]
    return f"{one.num_rows} and {other.num_rows} rows, that differ in {', '.join(names)}"


def _check_places(form: Form, source: Path, messages: pa.Table, *, now: int | None) -> None:
    """The same export as a file, in a folder and in a zip is the same messages."""
    if source.suffix == ".zip":
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "folder"
        if source.is_dir():
            shutil.copytree(source, folder)
        else:
            folder.mkdir()
            shutil.copy(source, folder / source.name)
        packed = Path(place) / "packed.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(folder).as_posix())
        for where, what in ((folder, "a folder"), (packed, "a zip")):
            _, same = _read(form, where, now=now)
            if sorted(same["message_id"].to_pylist()) != sorted(messages["message_id"].to_pylist()):
                raise _broken(
                    form,
                    f"the same export in {what} gives other message ids",
                    got=f"{same.num_rows} messages in {what}, {messages.num_rows} without it",
                    do="make ids from what the file holds, never from where it lies",
                )


def _check_clock(form: Form, source: Path) -> None:
    """A time after the moment of reading is left out, whichever moment that is."""
    _, messages = _read(form, source, now=_LONG_AGO_US)
    latest = pc.max(pc.cast(messages["sent_at"], pa.int64())).as_py()
    if latest is not None and latest > _LONG_AGO_US + _DAY_US:
        raise _broken(
            form,
            "a time stands after the moment of reading",
            got=str(pc.max(messages["sent_at"]).as_py()),
            do="take every time of the source through `Rows.stated`, which knows that moment",
        )
