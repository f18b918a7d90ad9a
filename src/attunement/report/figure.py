"""A chart with everything that stands in for it where it cannot be seen."""

from __future__ import annotations

from dataclasses import dataclass

from attunement.report.course import Cell
from attunement.report.drawing import Drawing
from attunement.report.words import number
from attunement.vocabulary import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with everything that stands in for it where it cannot be seen."""

    kind: str
    """use, acts, rate, people, or sides and the key of a dilemma."""
    key: str
    """Its name among the figures, and of its file."""
    title: str
    """What it is about, in a few words."""
    caption: str
    """What it shows, in a sentence or two."""
    chart: Drawing
    """The drawing."""
    columns: tuple[str, ...]
    """The heads of its table."""
    rows: tuple[tuple[str, ...], ...]
    """The same data as text."""


def rate_cell(cell: Cell) -> str:
    """A rate of one period, or why there is none."""
    return cell.value.sentence if isinstance(cell.value, Missing) else number(cell.value)


def rate_interval(cell: Cell) -> str:
    """Its interval, or why there is none."""
    if isinstance(cell.value, Missing):
        return "none, as there is no rate"
    return f"{number(cell.interval[0])} to {number(cell.interval[1])}" if cell.interval else "not known"
