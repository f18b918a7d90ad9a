"""Labels read back from the files that people filled in, each row checked against what was drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from attunement.errors import SourceError
from attunement.labelling.said import CANNOT_SAY, NO, YES, Said, message_name
from attunement.labelling.sheet import said_in_sheet
from attunement.labelling.studio import said_in_export
from attunement.vocabulary import LABELS

READERS = {".csv": said_in_sheet, ".tsv": said_in_sheet, ".json": said_in_export}
"""How a file of labels is read, by its suffix."""

_VALUES = {YES: 1.0, NO: 0.0, "1": 1.0, "0": 0.0, CANNOT_SAY: None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the files of labels hold."""

    labels: pa.Table
    """LABELS."""
    n_empty: int
    """Rows of spreadsheets that were left empty."""
    n_skipped: int
    """Tasks that somebody skipped in Label Studio."""


def read_labels(paths: Sequence[Path], *, messages: pa.Table, constructs: Sequence[str]) -> Read:
    """What people said of the messages that were drawn.

    Args:
        paths: filled spreadsheets (.csv) and exports of Label Studio (.json), as many as there are.
        messages: the messages that were drawn.
        constructs: the keys that labellers were asked about.

    Raises:
        SourceError: naming the first row that is wrong, and how many others are.
    """
    said: list[Said] = []
    n_left = {".csv": 0, ".json": 0}
    for path in paths:
        found, n_without = _reader(path)(path)
        said += found
        n_left[".json" if path.suffix.lower() == ".json" else ".csv"] += n_without
    columns = ("message_id", "side", "drawn_unit", "drawn_probability", "stratum")
    drawn = {message_name(row["message_id"]): row for row in messages.select(columns).to_pylist()}
    faults = _faults(said, drawn=drawn, constructs=constructs)
    if faults:
        place, fault, have = faults[0]
        others = f" (and {len(faults) - 1} other rows)" if len(faults) > 1 else ""
        raise SourceError(f"a label cannot be taken: {fault}", got=f"{place}{others}", have=have, do="mend the row")
    rows = [_row(one, drawn[_name(one.message)]) for one in said]
    return Read(labels=pa.Table.from_pylist(rows, schema=LABELS), n_empty=n_left[".csv"], n_skipped=n_left[".json"])


def _reader(path: Path) -> Callable[[Path], tuple[list[Said], int]]:
    reader = READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        raise SourceError(
            "there is no such file of labels",
            got=str(path),
            have=f"files that end in {', '.join(READERS)}",
            do="give the filled tasks.csv, or the JSON export of Label Studio",
        )
    return reader


def _name(stated: str) -> str:
    """The name of a message, with its letter."""
    return stated if stated.startswith("m") else f"m{stated}"


def _faults(
    said: Sequence[Said], *, drawn: dict[str, dict[str, object]], constructs: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Where a row is wrong, what is wrong with it, and what was to be had."""
    faults, met = [], dict[tuple[str, str, str], str]()
    for one in said:
        name = _name(one.message)
        key = (name, one.construct, one.labeller)
        if one.construct not in constructs:
            faults.append((one.place, f'the construct "{one.construct}" was not asked about', ", ".join(constructs)))
        elif name not in drawn:
            faults.append((one.place, f'the message "{one.message}" was not drawn', "the ids of tasks.csv"))
        elif one.construct.partition(".")[0] != drawn[name]["side"]:
            faults.append(
                (one.place, f"{one.construct} does not apply", f"a message of the side {drawn[name]['side']}")
            )
        elif one.label.lower() not in _VALUES:
            faults.append((one.place, f'"{one.label}" is no label', ", ".join(_VALUES)))
        elif not one.labeller:
            faults.append((one.place, "it does not say who labelled", "a name in the column labeller"))
        elif key in met:
            faults.append((one.place, f"{one.labeller} labelled it twice", f"one label; the other is at {met[key]}"))
        met.setdefault(key, one.place)
    return faults


def _row(one: Said, message: dict[str, object]) -> dict[str, object]:
    return {
        "message_id": message["message_id"],
        "construct": one.construct,
        "labeller": one.labeller,
        "label": _VALUES[one.label.lower()],
        "drawn_unit": message["drawn_unit"],
        "drawn_probability": message["drawn_probability"],
        "stratum": message["stratum"],
        "labelled_at": one.at,
    }
