"""One relationship's course over time, taken out of PANEL for the few relationships that a page tells in detail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from attunement.report.contents import Contents
from attunement.vocabulary import Missing

FEW_WEEKS = 4
"""With fewer weeks than this, the course is told by days."""

_Z95 = 1.959964
_COLUMNS = ["relationship_id", "period_start", "measure", "value", "se", "n", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One measure in one period."""

    value: float | Missing
    """The number, or why there is none."""
    se: float | None
    """Its standard error; None for a plain count."""
    n: int
    """How many units it was made from."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """A 95 % interval within 0 and 100, as only rates have a standard error; None where there is none."""
        if isinstance(self.value, Missing) or self.se is None:
            return None
        return max(0.0, self.value - _Z95 * self.se), min(100.0, self.value + _Z95 * self.se)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The periods of one relationship in order. Weeks without contact have rows of zeros; days without have none."""

    period: str
    """week or day."""
    periods: dict[date, Mapping[str, Cell]]
    """The measures of each period by the date on which it begins."""

    @property
    def length(self) -> timedelta:
        """How long one period is."""
        return timedelta(days=7 if self.period == "week" else 1)

    def series(self, measure: str) -> list[tuple[date, Cell]]:
        """One measure through time."""
        return [(start, cells[measure]) for start, cells in self.periods.items() if measure in cells]

    def measures(self, prefix: str) -> list[str]:
        """The measures whose name begins so, in order of name."""
        return sorted({name for cells in self.periods.values() for name in cells if name.startswith(prefix)})

    def empty_periods(self) -> int:
        """How many periods between the first and the last had no contact."""
        starts = list(self.periods)
        if not starts:
            return 0
        with_contact = sum(self.messages(start) > 0 for start in starts)
        return (starts[-1] - starts[0]) // self.length + 1 - with_contact

    def messages(self, start: date) -> int:
        """The messages of both sides in one period."""
        cells = [self.periods[start].get(measure) for measure in ("messages_person", "messages_ai")]
        return int(sum(cell.value for cell in cells if cell is not None and not isinstance(cell.value, Missing)))


def courses(contents: Contents, relationship_ids: Sequence[int]) -> dict[int, Course]:
    """The course of each relationship: by weeks, or by days where there are few weeks."""
    weekly = _pivot(contents, relationship_ids, "week")
    short = [key for key in relationship_ids if len(weekly.get(key, ())) < FEW_WEEKS]
    daily = _pivot(contents, short, "day") if short else {}
    found = {key: Course(period="week", periods=periods) for key, periods in weekly.items() if key not in daily}
    return found | {key: Course(period="day", periods=periods) for key, periods in daily.items()}


def chosen(panel: pa.Table, relationship_ids: Sequence[int] | None, period: str) -> pa.Table:
    """The rows of PANEL for some relationships (None for all) and one length of period."""
    keep = pc.equal(panel["period"].cast(pa.string()), period)
    if relationship_ids is not None:
        wanted = pa.array(relationship_ids, pa.uint64())
        keep = pc.and_(keep, pc.is_in(panel["relationship_id"], value_set=wanted))
    return panel.filter(keep)


def _pivot(
    contents: Contents, relationship_ids: Sequence[int], period: str
) -> dict[int, dict[date, Mapping[str, Cell]]]:
    rows = chosen(contents.panel, relationship_ids, period).select(_COLUMNS)
    rows = rows.sort_by([("relationship_id", "ascending"), ("period_start", "ascending")])
    zone = contents.zone
    days: dict[object, date] = {}
    found: dict[int, dict[date, dict[str, Cell]]] = defaultdict(dict)
    for key, start, measure, value, se, n, missing in zip(
        *(column.to_pylist() for column in rows.columns), strict=True
    ):
        if start not in days:
            days[start] = start.astimezone(zone).date()
        cell = Cell(value=Missing(missing or Missing.NOT_RECORDED) if value is None else value, se=se, n=n)
        found[key].setdefault(days[start], {})[measure] = cell
    return {key: dict(periods) for key, periods in found.items()}
