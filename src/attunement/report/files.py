"""The files of a report: each written whole or not at all, and readable by nobody but its owner."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import vl_convert

from attunement.errors import OptionError
from attunement.report.captions import figures
from attunement.report.contents import Contents, Written
from attunement.report.drawing import Drawing
from attunement.report.page import html
from attunement.report.tables import column_meanings, for_spreadsheets, json_lines, tidy

_KINDS: dict[str, Callable[[Drawing], bytes]] = {
    "svg": lambda chart: vl_convert.vegalite_to_svg(chart.to_dict(validate=False)).encode(),
    "png": lambda chart: vl_convert.vegalite_to_png(chart.to_dict(validate=False), scale=2),
}


def write(contents: Contents, folder: Path | str, *, images: Collection[str] = ()) -> Written:
    """Write the page, findings.json, the tidy tables, and each figure as a file where that is asked for.

    Args:
        contents: what the report says.
        folder: where it goes; it is made where it is not there, and files of an earlier report are replaced.
        images: also write each figure as "svg", "png" or both.
    """
    for kind in images:
        if kind not in _KINDS:
            raise OptionError(
                "figures cannot be written in this form",
                got=f"images={kind!r}",
                have=", ".join(_KINDS),
                do="use one of these, or print the page",
            )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Written(
        folder=folder,
        page=_put(folder / "report.html", lambda file: file.write(html(contents).encode())),
        findings=_put(
            folder / "findings.json", lambda file: file.writelines(line.encode() for line in json_lines(contents))
        ),
        tables=_tables(contents, folder / "tables"),
        figures=_figures(contents, folder / "figures", images),
    )


def _tables(contents: Contents, folder: Path) -> tuple[Path, ...]:
    folder.mkdir(exist_ok=True, mode=0o700)
    tables = tidy(contents)
    written = []
    for name, table in (tables | {"columns": column_meanings(tables)}).items():
        written.append(_put_csv(folder / f"{name}.csv", table))
        written.append(_put_parquet(folder / f"{name}.parquet", table))
    return tuple(written)


def _put_csv(path: Path, table: pa.Table) -> Path:
    return _put(path, lambda file: pyarrow.csv.write_csv(for_spreadsheets(table), file))


def _put_parquet(path: Path, table: pa.Table) -> Path:
    return _put(path, lambda file: pyarrow.parquet.write_table(table, file, compression="zstd"))


def _figures(contents: Contents, folder: Path, kinds: Collection[str]) -> tuple[Path, ...]:
    if not kinds:
        return ()
    folder.mkdir(exist_ok=True, mode=0o700)
    return tuple(
        put_chart(folder / f"{name}.{kind}", chart) for name, chart in figures(contents).items() for kind in kinds
    )


def put_chart(path: Path, chart: Drawing) -> Path:
    """Write a chart as a file in the form of its ending, .svg or .png."""
    drawn = _KINDS[path.suffix[1:]](chart)
    return _put(path, lambda file: file.write(drawn))


def _put(path: Path, fill: Callable[[BinaryIO], object]) -> Path:
    """Write beside the place and move there at the end, so that a report is never half a file. Mode 0600."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
