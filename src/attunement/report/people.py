"""Many people beside one another: quartiles and bars that each stand for at least `group_floor` people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor, log10

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.report.contents import Contents
from attunement.report.course import chosen
from attunement.report.names import names_of
from attunement.report.words import count
from attunement.vocabulary import Finding, Missing

_BARS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stretch of values and how many people lie in it."""

    low: float
    """Where it begins; the first bar also holds everything below."""
    high: float
    """Where it ends; the last bar also holds everything above."""
    n: int
    """How many people, never fewer than the floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One measure over many people, each person counted once."""

    measure: str
    """As in PANEL."""
    name: str
    """In words."""
    n_people: int
    """How many people it is known for."""
    quartiles: tuple[float, float, float] | Missing
    """A quarter of the people lie below the first, half below the second, three quarters below the third; rounded."""
    bars: tuple[Bar, ...] = ()
    """The shape, where there are people enough for at least three bars."""


def spreads(contents: Contents) -> tuple[Spread, ...]:
    """Every weekly measure over the people, refused as WITHHELD where it is known for fewer than the floor."""
    table, names = _by_person(contents), names_of(contents.constructs)
    found = []
    for measure in sorted(pc.unique(table["measure"]).to_pylist(), key=_order):
        values = table.filter(pc.equal(table["measure"], measure))["value"].to_numpy()
        name = names.measure(measure) + (", in 100 messages" if measure.startswith("rate.") else "")
        found.append(_spread(measure, name, values, contents.group_floor))
    return tuple(found)


def n_people(contents: Contents) -> int:
    """How many different people there are."""
    return int(pc.count_distinct(contents.relationships["person_id"]).as_py())


def _order(measure: str) -> tuple[bool, str]:
    return measure.startswith("rate."), measure


def _by_person(contents: Contents) -> pa.Table:
    """One row a person and measure: the mean over their weeks; a rate weighs each week by its messages."""
    weeks = chosen(contents.panel, None, "week").select(["relationship_id", "measure", "value", "n"])
    weeks = weeks.filter(pc.is_valid(weeks["value"]))
    weeks = weeks.set_column(1, "measure", weeks["measure"].cast(pa.string()))
    people = contents.relationships.select(["relationship_id", "person_id"])
    weeks = weeks.join(people, "relationship_id", join_type="inner")
    is_rate = pc.starts_with(weeks["measure"], "rate.")
    weight = pc.if_else(is_rate, weeks["n"].cast(pa.float64()), 1.0)
    weeks = weeks.append_column("weight", weight).append_column("weighed", pc.multiply(weeks["value"], weight))
    sums = weeks.group_by(["person_id", "measure"]).aggregate([("weighed", "sum"), ("weight", "sum")])
    sums = sums.filter(pc.greater(sums["weight_sum"], 0.0))
    value = pc.divide(sums["weighed_sum"], sums["weight_sum"])
    return pa.table({"measure": sums["measure"], "value": value})


def _spread(measure: str, name: str, values: np.ndarray, fewest: int) -> Spread:
    if len(values) < fewest:
        return Spread(measure=measure, name=name, n_people=len(values), quartiles=Missing.WITHHELD)
    low, middle, high = (_rounded(value) for value in np.quantile(values, [0.25, 0.5, 0.75]))
    bars = _bars(values, fewest)
    return Spread(
        measure=measure,
        name=name,
        n_people=len(values),
        quartiles=(low, middle, high),
        bars=bars if len(bars) >= 3 else (),
    )


def _rounded(value: float) -> float:
    """Two digits, so that a quartile is nobody's own number."""
    return 0.0 if value == 0 else round(float(value), 1 - floor(log10(abs(value))))


def _bars(values: np.ndarray, fewest: int) -> tuple[Bar, ...]:
    """Even bars on round edges, each joined with its neighbours until it holds enough people; the ends are open."""
    low, high = np.quantile(values, [0.02, 0.98])
    if high <= low:
        return ()
    step = _nice((high - low) / _BARS)
    edges = np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)
    bars: list[Bar] = []
    start, held = float(edges[0]), 0
    for n, edge in zip(counts, edges[1:], strict=True):
        held += int(n)
        if held >= fewest:
            bars.append(Bar(low=start, high=float(edge), n=held))
            start, held = float(edge), 0
    if held and bars:
        last = bars.pop()
        bars.append(Bar(low=last.low, high=float(edges[-1]), n=last.n + held))
    return tuple(bars)


def _nice(step: float) -> float:
    size = 10.0 ** floor(log10(step))
    return float(next(size * part for part in (1, 2, 5, 10) if size * part >= step))


def floored(contents: Contents) -> tuple[Finding, ...]:
    """The findings, with those over too few people withheld: in the page, in findings.json and in the tables alike."""
    if n_people(contents) >= contents.group_floor:
        return contents.findings
    return tuple(_withheld(finding, contents) if _is_over_many(finding) else finding for finding in contents.findings)


def _is_over_many(finding: Finding) -> bool:
    return finding.key.startswith("many.") and finding.missing is None


def _withheld(finding: Finding, contents: Contents) -> Finding:
    people = count(n_people(contents), "person", "people")
    return replace(
        finding,
        claim=f"Not shown: there are {people}, and a figure over fewer than {contents.group_floor} could point at one.",
        estimates=(),
        evidence=(),
        caveats=(),
        missing=Missing.WITHHELD,
        would_need=f"logs of at least {contents.group_floor} people",
    )
