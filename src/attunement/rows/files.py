"""Files of rows that are nobody's export: CSV, TSV, JSONL and Parquet, read and written a batch at a time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from attunement.errors import SourceError

Row = dict[str, Any]
Writer = Callable[[list[Row]], None]

FORMS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
"""The suffixes that are understood."""

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_LONGEST_CELL = 2**27


def batches_in(path: Path, *, size: int) -> Iterator[list[Row]]:
    """The rows of a file, `size` at a time, in order.

    Raises:
        SourceError: the suffix is not one of FORMS, there is no such file, or a row cannot be read: it is named.
    """
    suffix = _suffix_of(path)
    if not path.is_file():
        raise SourceError("there is no such file", got=str(path), have="a file of rows", do="check the path")
    reader = {".parquet": _parquet_rows, ".csv": _csv_rows, ".tsv": _csv_rows}.get(suffix, _json_rows)
    rows = reader(path)
    while batch := list(islice(rows, size)):
        yield batch


def _suffix_of(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in FORMS:
        raise SourceError(
            "the form of a file of rows is told by its suffix", got=path.name, have=", ".join(FORMS), do="rename it"
        )
    return suffix


def _csv_rows(path: Path) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=_DELIMITERS[path.suffix.lower()], strict=True)
            for row in reader:
                number = reader.line_num
                if None in row or None in row.values():
                    raise _unreadable(path, number, f"{len(reader.fieldnames or [])} cells are wanted in each row")
                yield row
    except (csv.Error, UnicodeDecodeError) as fault:
        raise _unreadable(path, number + 1, str(fault)) from fault


def _json_rows(path: Path) -> Iterator[Row]:
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise _unreadable(path, number, "an object is wanted in each line")
                yield row
    except ValueError as fault:
        raise _unreadable(path, number + (isinstance(fault, UnicodeDecodeError)), str(fault)) from fault


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=4096):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as fault:
        raise SourceError("the file is not Parquet", got=f"{path}: {fault}", have="Parquet", do="check it") from fault


def _unreadable(path: Path, number: int, what: str) -> SourceError:
    return SourceError(
        "a row cannot be read",
        got=f"line {number} of {path.name}: {what}",
        have=f"{path.suffix[1:].upper()} in UTF-8",
        do="mend the line, or save the file again as UTF-8",
    )


@contextmanager
def writing(path: Path, *, names: Sequence[str]) -> Iterator[Writer]:
    """Write rows with the given columns to a file whose suffix says the form. A file that was begun and not finished
    is taken away again."""
    suffix = _suffix_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = path.with_name(f".{path.name}.part")
    writer = {".parquet": _to_parquet, ".csv": _to_csv, ".tsv": _to_csv}.get(suffix, _to_json)
    try:
        with writer(begun, names, suffix) as write:
            yield write
        begun.replace(path)
    finally:
        begun.unlink(missing_ok=True)


@contextmanager
def _to_csv(path: Path, names: Sequence[str], suffix: str) -> Iterator[Writer]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=_DELIMITERS[suffix], extrasaction="ignore")
        writer.writeheader()
        yield writer.writerows


@contextmanager
def _to_json(path: Path, names: Sequence[str], suffix: str) -> Iterator[Writer]:  # noqa: ARG001 - one signature
    with path.open("w", encoding="utf-8") as file:

        def write(rows: list[Row]) -> None:
            file.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)

        yield write


@contextmanager
def _to_parquet(path: Path, names: Sequence[str], suffix: str) -> Iterator[Writer]:  # noqa: ARG001 - one signature
    begun: list[pq.ParquetWriter] = []

    def write(rows: list[Row]) -> None:
        columns = {name: [row.get(name) for row in rows] for name in names}
        try:
            if begun:
                begun[0].write_table(pa.table(columns, schema=begun[0].schema))
                return
            table = pa.table(columns)
            nulls = [place for place, kind in enumerate(table.schema.types) if pa.types.is_null(kind)]
            schema = table.schema
            for place in nulls:
                schema = schema.set(place, schema.field(place).with_type(pa.string()))
            begun.append(pq.ParquetWriter(path, schema))
            begun[0].write_table(table.cast(schema))
        except pa.ArrowException as fault:
            raise SourceError(
                "the rows do not fit one Parquet table",
                got=str(fault),
                have="a column that holds one kind of value",
                do="write JSONL in its place",
            ) from fault

    try:
        yield write
    finally:
        for writer in begun:
            writer.close()
