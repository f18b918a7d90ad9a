"""The two sides of a dilemma through the weeks, as figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from attunement.report.course import Course
from attunement.report.drawing import Ink
from attunement.report.figure import Figure, rate_cell, rate_interval
from attunement.report.names import Names
from attunement.report.timelines import sides_chart
from attunement.report.words import capital, day, lower_first
from attunement.vocabulary import Finding, Missing

MIN_WEEKS = 6
"""With fewer weeks in which both could be read there is no course to be seen."""


def sides_of(found: Sequence[Finding]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The quantities whose balance is known, such as ai-human.talk, with the constructs of their two sides."""
    known = {finding.key: finding for finding in found if finding.missing is None and finding.estimates}
    for key in known:
        if key.startswith("dilemma.") and key.endswith(".balance"):
            quantity = key.removeprefix("dilemma.").removesuffix(".balance")
            sides = [known.get(f"dilemma.{quantity}.{side}") for side in quantity.partition(".")[0].split("-")]
            measures = [side.estimates[0].measure.removeprefix("rate.") for side in sides if side is not None]
            if len(measures) == 2:
                yield quantity, (measures[0], measures[1])


def sides_figures(prefix: str, course: Course, found: Sequence[Finding], names: Names, ink: Ink) -> list[Figure]:
    """A figure for each quantity that has weeks enough, the second side above the line and the first below it."""
    if course.period != "week":
        return []
    drawn = []
    for quantity, sides in sides_of(found):
        both = [start for start in course.periods if all(_is_known(course, one, start) for one in sides)]
        if len(both) >= MIN_WEEKS:
            drawn.append(_figure(f"{prefix}dilemma.{quantity}", quantity, course, sides, names, ink))
    return drawn


def _figure(key: str, quantity: str, course: Course, sides: tuple[str, str], names: Names, ink: Ink) -> Figure:
    first, second = (capital(names.construct(side)) for side in sides)
    weeks = [start for start in course.periods if any(f"rate.{side}" in course.periods[start] for side in sides)]
    return Figure(
        kind=f"sides {quantity.partition('.')[0]}",
        key=key,
        title=f"{names.quantity(quantity)}, week by week",
        caption=f"In 100 messages. Above the line: {lower_first(second)}. Below it: {lower_first(first)}."
        " Thin lines are 95\u00a0% intervals.",
        chart=sides_chart(course, sides, (first, second), ink),
        columns=("Week from", first, "95\u00a0% interval", second, "95\u00a0% interval"),
        rows=tuple((day(start), *(text for side in sides for text in _cells(course, side, start))) for start in weeks),
    )


def _cells(course: Course, construct: str, start: date) -> tuple[str, str]:
    cell = course.periods[start].get(f"rate.{construct}")
    return ("not measured", "none, as there is no rate") if cell is None else (rate_cell(cell), rate_interval(cell))


def _is_known(course: Course, construct: str, start: date) -> bool:
    cell = course.periods[start].get(f"rate.{construct}")
    return cell is not None and not isinstance(cell.value, Missing)
