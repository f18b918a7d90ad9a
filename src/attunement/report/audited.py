"""What an audit found, as an object: tables in three libraries' forms, and figures that show in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import pyarrow as pa

from attunement.errors import ExtraMissing, OptionError
from attunement.report.captions import figures
from attunement.report.contents import Contents, Written
from attunement.vocabulary import Finding

TABLES = ("relationships", "sessions", "panel", "notices")
"""The tables of an audit."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A table that comes as Arrow, pandas or Polars."""

    arrow: pa.Table
    """The rows as an Arrow table."""

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    def pandas(self) -> Any:
        """The rows as a pandas data frame.

        Raises:
            ExtraMissing: pandas is not installed.
        """
        try:
            import pandas  # noqa: F401, ICN001, PLC0415 - an extra
        except ModuleNotFoundError as fault:
            raise _missing("pandas") from fault
        return self.arrow.to_pandas()

    def polars(self) -> Any:
        """The rows as a Polars data frame.

        Raises:
            ExtraMissing: Polars is not installed.
        """
        try:
            import polars  # noqa: ICN001, PLC0415 - an extra
        except ModuleNotFoundError as fault:
            raise _missing("polars") from fault
        return polars.from_arrow(self.arrow)


def _missing(extra: str) -> ExtraMissing:
    return ExtraMissing(
        f"{extra} is not installed",
        got=f"a wish for a {extra} data frame",
        have="Arrow tables, which need nothing more",
        do=f'pip install "attunement[{extra}]"',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What an audit found: tables, figures, findings, and where they were written."""

    contents: Contents
    """Everything that the report says."""
    written: Written | None = None
    """The files of the report, or None where none were asked for."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Claims and refusals, in the order in which they are to be read."""
        return self.contents.findings

    def table(self, name: str) -> Frame:
        """One of relationships, sessions, panel or notices.

        Raises:
            OptionError: there is no such table.
        """
        if name not in TABLES:
            raise OptionError("an audit has no such table", got=name, have=", ".join(TABLES), do="use one of these")
        return Frame(getattr(self.contents, name))

    @property
    def figures(self) -> Mapping[str, alt.Chart | alt.LayerChart]:
        """The figures of the report as Altair charts, which show themselves in a notebook.

        Altair's own way of showing them loads a script from another host. Where that is still the one in use, it is
        changed to pictures that are drawn on this machine.
        """
        if alt.renderers.active in {"default", "html"}:
            alt.renderers.enable("svg")
        return figures(self.contents)

    def __repr__(self) -> str:
        n = self.contents.relationships.num_rows
        where = f", report at {self.written.page}" if self.written else ""
        return f"<Audited {n} relationships, {len(self.findings)} findings{where}>"
