"""What a form of export is, and what is seen of a file before its form is known."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from attunement.errors import SourceError
from attunement.sources.cutting import parquet_rows
from attunement.sources.decoding import Undecodable, decode, partial
from attunement.sources.opening import Member
from attunement.sources.rows import Rows

HEAD_BYTES = 256 * 1024
"""How much of a file is looked at to tell its form."""

Kind = Literal["array", "object", "lines", "csv", "parquet", "html", "archive", "other", "empty"]
Part = Literal["messages", "facts", "known"]


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file."""

    member: Member
    kind: Kind
    """How it is built: a JSON array or object, JSON lines, a table, a page, a zip-like archive, or none of them."""
    first: Any
    """The first record as far as it was read: an element, the object itself, a line, or a row as a dict."""
    head: bytes
    """The first 256 KiB."""
    records: tuple[Any, ...] = ()
    """The first few records."""

    def has(self, *keys: str) -> bool:
        """Whether the first record is an object with all these keys."""
        return isinstance(self.first, dict) and all(key in self.first for key in keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of export: how to tell it, and how to read it.

    `read` gets the records that the file was cut into (elements of an array, lines, rows, or the one object) and adds
    what they hold to `rows`; it is a generator that yields after each record, so that its caller can pass on what has
    gathered. `read_member` is for forms that a library of their own reads; it gets the file in the place of records.
    """

    key: str
    title: str
    recognise: Callable[[Sample], bool]
    read: Callable[[Iterator[Any], Rows], Iterator[None]] | None = None
    read_member: Callable[[Member, Rows], Iterator[None]] | None = None
    part: Part = "messages"
    """messages: conversations; facts: something about them, read before them; known: recognised, and left out."""
    inferred: tuple[str, ...] = ()
    """What this form never states, so that it is inferred: said in every report."""
    is_splittable: bool = False
    """Whether each record can be read without the others, so that two processes may share a long file."""
    notes: str = ""
    """How a person gets such a file, and what to know about it: printed by `attune sources`."""


def sample(member: Member) -> Sample:
    """Look at the beginning of a file.

    Raises:
        SourceError: the text is in an encoding other than UTF-8.
    """
    with member.open() as stream:
        head = stream.read(HEAD_BYTES)
    head = head.removeprefix(b"\xef\xbb\xbf")
    text = head.lstrip()
    if not text:
        return Sample(member, "empty", None, head)
    if head.startswith(b"PAR1"):
        return _of_parquet(member, head)
    if head.startswith(b"PK\x03\x04"):
        return Sample(member, "archive", None, head)
    _refuse_other_encodings(member, head)
    if text[:1] == b"[":
        value = partial(text)
        records = tuple(value[:8]) if isinstance(value, list) else ()
        return Sample(member, "array", records[0] if records else None, head, records)
    if text[:1] == b"{":
        return _of_object(member, head, text)
    if text[:1] == b"<":
        return Sample(member, "html", None, head)
    return _of_csv(member, head)


def _of_object(member: Member, head: bytes, text: bytes) -> Sample:
    line, _, rest = text.partition(b"\n")
    named_lines = member.name.lower().endswith((".jsonl", ".ndjson"))
    first = _whole(line)
    if (isinstance(first, dict) and rest.lstrip()[:1] == b"{") or named_lines:
        pieces = [piece for piece in text[: text.rfind(b"\n") + 1].split(b"\n")[:8] if piece.strip()]
        records = [value for piece in pieces or [line] if isinstance(value := _whole(piece), dict)]
        if records:
            return Sample(member, "lines", records[0], head, tuple(records))
    value = partial(text)
    if named_lines and not rest:
        return Sample(member, "lines", value, head, (value,))
    return Sample(member, "object", value, head, (value,))


def _whole(line: bytes) -> Any:
    """The value of a line, or None where it is no JSON."""
    try:
        return decode(line)
    except Undecodable:
        return None


def _of_parquet(member: Member, head: bytes) -> Sample:
    with member.open() as stream:
        source = stream if stream.seekable() else io.BytesIO(stream.read())
        try:
            batch = next(pq.ParquetFile(source).iter_batches(batch_size=4), None)
            records = tuple(parquet_rows(batch)) if batch is not None else ()
        except (OSError, ValueError, pa.ArrowException) as fault:
            raise SourceError(
                f"{member.name} cannot be read as Parquet",
                got=str(fault)[:200],
                have="a complete Parquet file",
                do="download the file again",
            ) from fault
    return Sample(member, "parquet", records[0] if records else None, head, records)


def _of_csv(member: Member, head: bytes) -> Sample:
    text = head.decode("utf-8", "replace")
    if member.name.lower().endswith((".csv", ".tsv")) or text.split("\n", 1)[0].count(",") >= 2:
        delimiter = "\t" if text.split("\n", 1)[0].count("\t") > text.split("\n", 1)[0].count(",") else ","
        try:
            records = [
                row for row, _ in zip(csv.DictReader(io.StringIO(text), delimiter=delimiter), range(8), strict=False)
            ]
        except csv.Error:
            records = []
        if records:
            return Sample(member, "csv", records[0], head, tuple(records))
    return Sample(member, "other", None, head)


def _refuse_other_encodings(member: Member, head: bytes) -> None:
    marks = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
    found = marks.get(head[:2]) or ("UTF-16" if head[:200].count(b"\x00") > 40 and head[:1] != b"\x00" else None)
    looks_json = head.replace(b"\x00", b"").lstrip(b"\xff\xfe \r\n\t")[:1] in {b"[", b"{"}
    if found and (looks_json or member.name.lower().endswith((".json", ".jsonl", ".csv", ".tsv"))):
        raise SourceError(
            f"{member.name} is not in UTF-8",
            got=found,
            have="text in UTF-8",
            do="save the file as UTF-8 and try again",
        )
