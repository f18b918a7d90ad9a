"""Copies an export with everything masked that a person or a product wrote, so that a fault can be reported.

The copy is told to be of the same form and gives the same tables but for text and names: times, branches, lengths,
types and counts stay. What is not known to be structure is masked.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from attunement.errors import OptionError, SourceError
from attunement.sources.cutting import array_records, parquet_records, whole_record
from attunement.sources.decoding import Undecodable, decode
from attunement.sources.forms import sample
from attunement.sources.masked_pages import Page
from attunement.sources.masks import Masks, plain_mask
from attunement.sources.opening import NEVER_MESSAGES, Member, blocks, members
from attunement.sources.reading import tell
from attunement.sources.rows import Rows

_BOM = b"\xef\xbb\xbf"
_BLOCK = 1 << 20
_SAMPLE = re.compile(r"samples/(.+)(_epoch_\d+\.json)")


def mask(path: str | Path, destination: str | Path) -> dict[str, int]:
    """Copy an export: each letter becomes x, each digit 0, ids are numbered anew, and times and structure stay.

    Args:
        path: a file, a folder or a zip.
        destination: where the copy goes: a file, a folder or a zip, as the original is. It must not be there yet.

    Returns:
        How many files were masked, how many texts and ids, and how many files were left out (pictures, pages that hold
        everything again, and files that cannot be read).

    Raises:
        OptionError: there is something at the destination.
        SourceError: nothing at that path can be opened.
    """
    source, target = Path(path), Path(destination)
    if target.exists():
        raise OptionError(
            f"there is something at {target} already",
            got=str(target),
            have="a path where nothing is",
            do="give another path, or move what is there",
        )
    found = [_Masked(member) for member in members(source)]
    wanted = [one for one in found if one.kind != "left out"]
    if not wanted:
        raise SourceError(
            f"nothing in {source.name} can be masked",
            got=", ".join(one.member.name for one in found[:4]),
            have="JSON, CSV, Parquet or HTML",
            do="look at the files and take the text out by hand",
        )
    masks = Masks()
    for one in wanted:
        one.gather(masks)
    wanted = [one for one in wanted if one.kind != "left out"]
    masks.number()
    with ExitStack() as stack:
        put = _destination(source, target, stack)
        names: set[str] = set()
        for one in wanted:
            with put(_name(one.member.name, masks, names)) as stream:
                for piece in one.pieces(masks):
                    stream.write(piece)
    return {
        "files masked": len(wanted),
        "texts masked": masks.n_texts,
        "ids numbered anew": masks.n_ids,
        "files left out": len(found) - len(wanted),
    }


def _destination(source: Path, target: Path, stack: ExitStack) -> Callable[[str], Any]:
    """Opens the files of the copy, by their names."""
    if source.is_dir():

        def put(name: str) -> Any:
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            return place.open("xb")

        return put
    target.parent.mkdir(parents=True, exist_ok=True)
    if zipfile.is_zipfile(source) and source.suffix != ".eval":
        archive = stack.enter_context(zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED))

        def put_in_zip(name: str) -> Any:
            _, _, inside = name.partition("/")
            return archive.open(inside or name, "w", force_zip64=True)

        return put_in_zip
    return lambda _name: target.open("xb")


def _name(name: str, masks: Masks, taken: set[str]) -> str:
    """A name of a file with its ending, and without what is not ordinary in such names."""
    place = PurePosixPath(name)
    parts = [masks.key(part) for part in place.with_suffix("").parts]
    parts[-1] = parts[-1] or "file"
    ending = place.suffix if len(place.suffix) <= 8 else ""
    shown = "/".join(parts) + ending
    number = 1
    while shown in taken:
        number += 1
        shown = "/".join([*parts[:-1], f"{parts[-1]}-{number}"]) + ending
    taken.add(shown)
    return shown


class _Masked:
    """One file on its way into the copy."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.form = ""
        self.kind = self._kind()

    def _kind(self) -> str:
        if PurePosixPath(self.member.name).suffix.lower() in NEVER_MESSAGES:
            return "left out"
        try:
            seen = sample(self.member)
        except SourceError:
            return "raw"
        known = tell(seen)
        self.form = known.key if known is not None else ""
        if seen.kind == "archive" and self.form == "inspect":
            return "archive"
        if seen.kind in {"empty", "other", "archive"} or (known is not None and known.part == "known"):
            return "left out"
        return "left out" if seen.kind == "html" and known is None else seen.kind

    # -- ids -------------------------------------------------------------------------------------------------------

    def gather(self, masks: Masks) -> None:
        """Take note of the ids; a file that cannot be decoded is masked without looking into it."""
        try:
            for record in self._records():
                masks.gather(record, form=self.form)
        except SourceError:
            self.kind = "left out" if self.kind in {"archive", "parquet"} else "raw"

    def _records(self) -> Iterator[Any]:
        rows = Rows(form="files")
        if self.kind == "array":
            yield from array_records(self.member, rows)
        elif self.kind == "object":
            yield from whole_record(self.member, rows)
        elif self.kind == "parquet":
            yield from parquet_records(self.member, rows)
        elif self.kind == "lines":
            yield from (value for _, value in self._lines())
        elif self.kind == "csv":
            header, *cells = self._table()[1]
            yield from (dict(zip(header, row, strict=False)) for row in cells)
        elif self.kind == "archive":
            yield from (value for _, value in self._entries())
        elif self.kind == "html":
            for piece in self._texts():
                yield from ({"href": link} for link in piece.split('"') if "google.com" in link)

    def _lines(self) -> Iterator[tuple[str, Any]]:
        with self.member.open() as raw:
            stream = io.BufferedReader(raw, _BLOCK) if isinstance(raw, io.RawIOBase) else raw
            for line in stream:
                text = line.removeprefix(_BOM).strip()
                try:
                    yield "", decode(text)
                except Undecodable:
                    yield text.decode("utf-8", "replace"), None

    def _entries(self) -> Iterator[tuple[str, Any]]:
        """The JSON files of an archive that is one log."""
        with self.member.open() as stream:
            content = io.BytesIO(stream.read())
        try:
            with zipfile.ZipFile(content) as archive:
                for entry in archive.infolist():
                    if entry.filename.endswith(".json"):
                        yield entry.filename, decode(archive.read(entry))
        except (zipfile.BadZipFile, NotImplementedError, OSError, Undecodable, zlib.error) as fault:
            raise SourceError(
                f"{self.member.name} cannot be masked",
                got=str(fault)[:200],
                have="an archive of JSON files",
                do="write the log as JSON (`inspect log convert --to json`) and mask that",
            ) from fault

    def _texts(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        with self.member.open() as stream:
            for block in blocks(stream, _BLOCK):
                yield decoder.decode(block)

    def _table(self) -> tuple[str, list[list[str]]]:
        text = "".join(self._texts())
        first = text.split("\n", 1)[0]
        delimiter = "\t" if first.count("\t") > first.count(",") else ","
        try:
            return delimiter, list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) or [[]]
        except csv.Error as fault:
            raise SourceError(str(fault), got=self.member.name, have="rows of cells", do="look at the file") from fault

    # -- the copy --------------------------------------------------------------------------------------------------

    def pieces(self, masks: Masks) -> Iterator[bytes]:
        """The masked file, piece by piece."""
        write: dict[str, Callable[[Masks], Iterator[bytes]]] = {
            "array": self._array,
            "object": self._whole,
            "lines": self._masked_lines,
            "csv": self._masked_table,
            "parquet": self._parquet,
            "html": self._html,
            "archive": self._archive,
        }
        return write.get(self.kind, self._raw)(masks)

    def _array(self, masks: Masks) -> Iterator[bytes]:
        yield b"["
        for number, record in enumerate(self._records()):
            yield (b",\n" if number else b"\n") + _json(masks.of(record, form=self.form))
        yield b"\n]\n"

    def _whole(self, masks: Masks) -> Iterator[bytes]:
        for number, record in enumerate(self._records()):
            yield (b"\n" if number else b"") + _json(masks.of(record, form=self.form))

    def _masked_lines(self, masks: Masks) -> Iterator[bytes]:
        for broken, value in self._lines():
            yield (masks.raw(broken).encode() if broken else _json(masks.of(value, form=self.form))) + b"\n"

    def _masked_table(self, masks: Masks) -> Iterator[bytes]:
        delimiter, (header, *cells) = self._table()
        written = io.StringIO(newline="")
        writer = csv.writer(written, delimiter=delimiter)
        writer.writerow(masks.keys(header, self.form))
        for row in cells:
            names = [*header, *[""] * len(row)]
            writer.writerow([masks.of(cell, name, form=self.form) for cell, name in zip(row, names, strict=False)])
        yield written.getvalue().encode()

    def _parquet(self, masks: Masks) -> Iterator[bytes]:
        with self.member.open() as stream:
            schema = pq.ParquetFile(stream if stream.seekable() else io.BytesIO(stream.read())).schema_arrow
        plain = pa.schema(_fields(list(schema), masks, self.form))
        written = io.BytesIO()
        with pq.ParquetWriter(written, plain) as writer:
            for record in self._records():
                writer.write_table(pa.Table.from_pylist([masks.of(record, form=self.form)], schema=plain))
        yield written.getvalue()

    def _archive(self, masks: Masks) -> Iterator[bytes]:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, value in self._entries():
                sample_of = _SAMPLE.fullmatch(name)
                shown = f"samples/{masks.id(sample_of[1], self.form)}{sample_of[2]}" if sample_of else name
                archive.writestr(shown, _json(masks.of(value, form=self.form)))
        yield written.getvalue()

    def _html(self, masks: Masks) -> Iterator[bytes]:
        page = Page(masks.text, plain_mask, masks.link)
        for text in self._texts():
            page.feed(text)
            yield page.taken().encode()
        page.close()
        yield page.taken().encode()

    def _raw(self, masks: Masks) -> Iterator[bytes]:
        """A file that is faulty: the fault stays, the letters go."""
        with self.member.open() as stream:
            text = _whole_text(stream)
        looks_json = text.lstrip("\ufeff \r\n\t")[:1] in {"[", "{"}
        shown = masks.raw(text) if looks_json else plain_mask(text)
        yield shown.encode("utf-8", "surrogateescape")


def _fields(fields: list[pa.Field], masks: Masks, form: str) -> list[pa.Field]:
    """Columns with their names masked as those of records are, at any depth."""
    names = masks.keys([field.name for field in fields], form)
    return [pa.field(name, _type(field.type, masks, form)) for name, field in zip(names, fields, strict=True)]


def _type(kind: pa.DataType, masks: Masks, form: str) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct(_fields([kind.field(place) for place in range(kind.num_fields)], masks, form))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_type(kind.value_type, masks, form))
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _whole_text(stream: BinaryIO) -> str:
    """The text of a file in whatever encoding; bytes that are not of it stay, all as the same one."""
    content = stream.read()
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", "replace")
    text = content.decode("utf-8", "surrogateescape")
    return "".join("\udcff" if "\udc80" <= char <= "\udcff" else char for char in text)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")
