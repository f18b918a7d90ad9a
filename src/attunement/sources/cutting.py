"""Cuts a file into records, one conversation or row at a time, so that no file has to fit into memory.

A JSON array is cut without a parser of our own: each place where `},` is followed by an object that opens with a key
seen first in an earlier element is a candidate, and a run of bytes between two candidates is decoded as a list. That
is sound, not a guess: a run that ends inside a string or a nested value cannot decode, because its brackets are open.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from attunement.errors import SourceError
from attunement.sources.decoding import Undecodable, decode, refusal
from attunement.sources.opening import Member, blocks
from attunement.sources.rows import Rows

RUN_BYTES = 2 * 2**20
"""How much JSON is decoded at a time: large enough to cost nothing, small enough that its objects stay in cache."""

MAX_TRIES = 4
"""How many candidates are tried, from the last backwards, before more of the file is read."""

_ANY_OBJECT = re.compile(rb"\}\s*,\s*(?=\{)")
_OPENING = re.compile(rb'\s*\[\s*(?:\{\s*("(?:[^"\\]|\\.)*")\s*:)?')
_BOM = b"\xef\xbb\xbf"


def array_records(member: Member, rows: Rows, *, skip: int = 0) -> Iterator[Any]:
    """The elements of a JSON array, in order; `skip` is the byte after the comma from which to go on."""
    cutter = _ArrayCutter(member, rows)
    with member.open() as stream:
        yield from cutter.records(stream, skip=skip)


def array_runs(member: Member, *, run_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Runs of elements that were cut but not decoded, each with the byte where it starts.

    A run is JSON once it stands in brackets; the last one brings its own closing bracket. Whoever decodes them finds
    out whether a candidate was none, and goes on from there with `array_records`.
    """
    with member.open() as stream:
        buffer = stream.read(run_bytes)
        first_key, start = _opened(buffer, member.name)
        candidate = _candidates({first_key}) if first_key else _ANY_OBJECT
        buffer = buffer[start:]
        while block := stream.read(run_bytes):
            searched = max(len(buffer) - _LOOK_BACK, 0)
            buffer += block
            ends = list(candidate.finditer(buffer, searched))
            if ends:
                yield start, buffer[: ends[-1].start() + 1] + b"]"
                start += ends[-1].end()
                buffer = buffer[ends[-1].end() :]
        yield start, buffer


_LOOK_BACK = 4096
"""How far a candidate may reach back into what was searched before: white space around a comma, and a key."""


def _opened(buffer: bytes, name: str) -> tuple[bytes | None, int]:
    """The first key of the first element of an array, and the byte after the opening bracket."""
    n_mark = len(_BOM) if buffer.startswith(_BOM) else 0
    opening = _OPENING.match(buffer, n_mark)
    if opening is None:
        raise refusal(Undecodable("the array does not open", 0), name=name, place="byte 0")
    return opening[1], buffer.index(b"[") + 1


def _candidates(keys: set[bytes]) -> re.Pattern[bytes]:
    """Where an element ends and one that opens with one of the keys begins."""
    names = b"|".join(re.escape(key) for key in sorted(keys))
    return re.compile(rb"\}\s*,\s*(?=\{\s*(?:" + names + rb")\s*:)")


class _ArrayCutter:
    """The state of one walk through a JSON array."""

    def __init__(self, member: Member, rows: Rows) -> None:
        self.name = member.name
        self.rows = rows
        self.done_bytes = 0
        self.first_keys: set[bytes] = set()
        self.candidate = _ANY_OBJECT

    def records(self, stream: BinaryIO, *, skip: int = 0) -> Iterator[Any]:
        buffer = b""
        wanted = RUN_BYTES
        start = stream.read(RUN_BYTES)
        first_key, bracket = _opened(start, self.name)
        if first_key:
            self._learn({first_key})
        self.done_bytes = max(bracket, skip)
        to_skip = self.done_bytes
        for block in chain([start], blocks(stream, RUN_BYTES)):
            buffer += block[to_skip:] if to_skip else block
            to_skip = max(to_skip - len(block), 0)
            if len(buffer) < wanted:
                continue
            records, n_used = self._run(buffer)
            if n_used == 0:
                wanted = 2 * len(buffer)
                continue
            yield from records
            self.done_bytes += n_used
            self.rows.n_bytes_done = self.done_bytes
            buffer = buffer[n_used:]
            wanted = RUN_BYTES
        yield from self._last(buffer)

    def _learn(self, keys: set[bytes]) -> None:
        if not keys <= self.first_keys:
            self.first_keys |= keys
            self.candidate = _candidates(self.first_keys)

    def _run(self, buffer: bytes) -> tuple[list[Any], int]:
        """As many whole elements as the buffer holds, and how many bytes they and their comma take."""
        ends = list(self.candidate.finditer(buffer)) or list(_ANY_OBJECT.finditer(buffer))
        for end in reversed(ends[-MAX_TRIES:] if len(ends) > MAX_TRIES else ends):
            run = b"[" + buffer[: end.start() + 1] + b"]"
            try:
                return self._decoded(run), end.end()
            except Undecodable as fault:
                if fault.at < len(run) - 1 and "EOF" not in fault.why:
                    raise self._refusal(fault) from fault
        return [], 0

    def _last(self, buffer: bytes) -> Iterator[Any]:
        try:
            yield from self._decoded(b"[" + buffer)
        except Undecodable as fault:
            raise self._refusal(fault) from fault

    def _decoded(self, run: bytes) -> list[Any]:
        mended: list[str] = []
        found: list[Any] = decode(run, mended=mended)
        for what in mended:
            self.rows.notice("mended", f"{what} was replaced by U+FFFD")
        self._learn({b'"' + next(iter(item)).encode() + b'"' for item in found if isinstance(item, dict) and item})
        return found

    def _refusal(self, fault: Undecodable) -> SourceError:
        return refusal(fault, name=self.name, place=f"near byte {self.done_bytes + max(fault.at - 1, 0)}")


def line_records(member: Member, rows: Rows) -> Iterator[Any]:
    """The values of a JSON Lines file. A line that cannot be decoded is left out and counted."""
    n_read = n_bad = 0
    last: Undecodable | None = None
    with member.open() as stream:
        for number, line in enumerate(_buffered(stream), 1):
            text = line.removeprefix(_BOM).strip()
            if not text:
                continue
            mended: list[str] = []
            try:
                value = decode(text, mended=mended)
            except Undecodable as fault:
                n_bad += 1
                last = fault
                rows.notice(
                    "skipped",
                    f"a line that is no JSON ({fault.why.split(' at ')[0][:60]})",
                    example=f"{member.name}, line {number}",
                    do="export again if many lines are missing",
                )
                continue
            for what in mended:
                rows.notice("mended", f"{what} was replaced by U+FFFD")
            n_read += 1
            yield value
    if last is not None and n_read == 0:
        raise refusal(last, name=member.name, place=f"all of {n_bad} lines")


def _buffered(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or a reader of its lines where it has none that is quick (members of a zip)."""
    return io.BufferedReader(stream, RUN_BYTES) if isinstance(stream, io.RawIOBase) else stream


def whole_record(member: Member, rows: Rows) -> Iterator[Any]:
    """The one value of a JSON file; or its lines, where the first was too long to be told from a whole file."""
    with member.open() as stream:
        text = stream.read().removeprefix(_BOM)
    mended: list[str] = []
    try:
        value = decode(text, mended=mended)
    except Undecodable as fault:
        if _is_first_line_whole(text):
            yield from line_records(member, rows)
            return
        raise refusal(fault, name=member.name, place=f"near byte {fault.at}") from fault
    for what in mended:
        rows.notice("mended", f"{what} was replaced by U+FFFD")
    yield value


def _is_first_line_whole(text: bytes) -> bool:
    line, _, rest = text.lstrip().partition(b"\n")
    try:
        decode(line)
    except Undecodable:
        return False
    return bool(rest.strip())


def csv_records(member: Member, rows: Rows) -> Iterator[dict[str, str]]:
    """The rows of a CSV or TSV file, by the names in its first line."""
    with member.open() as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
        try:
            start = stream.read(65536)
            delimiter = "\t" if start.split("\n", 1)[0].count("\t") > start.split("\n", 1)[0].count(",") else ","
            reader = csv.DictReader(io.StringIO(start + stream.read(), newline=""), delimiter=delimiter)
            for number, row in enumerate(reader, 2):
                if None in row or None in row.values():
                    rows.notice(
                        "skipped",
                        "a row with more or fewer cells than the header",
                        example=f"{member.name}, row {number}",
                        do="look at that row: a quotation mark may be missing",
                    )
                    continue
                yield row
        except UnicodeDecodeError as fault:
            raise SourceError(
                f"{member.name} is not in UTF-8",
                got=f"the byte {fault.object[fault.start : fault.start + 1]!r} at {fault.start}",
                have="text in UTF-8",
                do="save the table as UTF-8 CSV and try again",
            ) from fault
        except csv.Error as fault:
            raise SourceError(
                f"{member.name} cannot be read as CSV",
                got=str(fault),
                have="rows of comma- or tab-separated cells",
                do="save the table as UTF-8 CSV and try again",
            ) from fault


def parquet_records(member: Member, rows: Rows) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, a few hundred at a time."""
    with member.open() as stream:
        source = stream if stream.seekable() else io.BytesIO(stream.read())
        try:
            table = pq.ParquetFile(source)
            for batch in table.iter_batches(batch_size=512):
                yield from parquet_rows(batch, rows)
        except (OSError, ValueError, pa.ArrowException) as fault:
            raise SourceError(
                f"{member.name} cannot be read as Parquet",
                got=str(fault)[:200],
                have="a complete Parquet file",
                do="download the file again",
            ) from fault


def parquet_rows(batch: pa.RecordBatch, rows: Rows | None = None) -> list[dict[str, Any]]:
    """The rows of a batch; one with a time that lies in no year from 1 to 9999 is left out and counted."""
    try:
        found: list[dict[str, Any]] = batch.to_pylist()
    except OverflowError:
        if batch.num_rows > 1:
            return [row for place in range(batch.num_rows) for row in parquet_rows(batch.slice(place, 1), rows)]
        if rows is not None:
            rows.notice("skipped", "rows with a time that is in no calendar")
        return []
    return found


CUTS = {
    "array": array_records,
    "object": whole_record,
    "lines": line_records,
    "csv": csv_records,
    "parquet": parquet_records,
}
"""How a file of each kind is cut into records."""
