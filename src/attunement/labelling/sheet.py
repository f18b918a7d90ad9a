"""Labels in a spreadsheet: a CSV with one row a message and construct, to be filled in and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from attunement.codebook import Construct
from attunement.errors import SourceError
from attunement.labelling.said import Said, message_name

FILE = "tasks.csv"

COLUMNS = (
    "message_id", "conversation", "position", "side", "before", "text", "construct", "definition", "label", "labeller"
)  # fmt: skip

_NEEDED = ("message_id", "construct", "label", "labeller")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - a spreadsheet takes them alike
_LONGEST_CELL = 2**27


def sheet_of(messages: pa.Table, constructs: Sequence[Construct]) -> bytes:
    """The CSV to be filled in: UTF-8 with a mark at its start, without which spreadsheets take it for something else.

    A text that a spreadsheet would run as a formula gets an apostrophe in front. Nothing reads the texts back.
    """
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    for row in messages.select(["message_id", "conversation", "position", "side", "before", "text"]).to_pylist():
        shown = row | {
            "message_id": message_name(row["message_id"]),
            "before": _harmless(row["before"] or ""),
            "text": _harmless(row["text"]),
            "label": "",
            "labeller": "",
        }
        for construct in constructs:
            if construct.side == row["side"]:
                writer.writerow(shown | {"construct": construct.key, "definition": construct.definition})
    return file.getvalue().encode("utf-8-sig", "replace")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def said_in_sheet(path: Path) -> tuple[list[Said], int]:
    """What a filled CSV says, and how many rows were left empty.

    Commas, semicolons and tabs may part the cells: spreadsheets save with whichever their country uses.

    Raises:
        SourceError: it is not UTF-8, lacks a column, or a row has too few or too many cells.
    """
    said, n_empty = [], 0
    for number, row in _rows(path):
        label = row["label"].strip()
        if not label:
            n_empty += 1
            continue
        said.append(
            Said(
                place=f"line {number} of {path.name}",
                message=row["message_id"].strip(),
                construct=row["construct"].strip(),
                labeller=row["labeller"].strip(),
                label=label,
                at=None,
            )
        )
    return said, n_empty


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(",;\t", key=header.count), strict=True)
            absent = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
            if absent:
                raise _unreadable(path, f"no column {', '.join(absent)}", have=", ".join(_NEEDED))
            for row in reader:
                if None in row or None in row.values():
                    raise _unreadable(
                        path, f"line {reader.line_num}", have=f"{len(reader.fieldnames or ())} cells in each row"
                    )
                yield reader.line_num, row
    except (OSError, csv.Error, UnicodeDecodeError) as fault:
        raise _unreadable(path, f"{type(fault).__name__}: {fault}", have="CSV in UTF-8") from fault


def _unreadable(path: Path, what: str, *, have: str) -> SourceError:
    return SourceError(
        "a file of labels cannot be read",
        got=f"{path}: {what}",
        have=have,
        do="fill in the columns label and labeller of tasks.csv, leave the others, and save it as CSV in UTF-8",
    )
