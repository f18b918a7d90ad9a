"""The figures with their words: what each shows, its name for a screen reader, and the same data as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attunement.report.contents import Contents
from attunement.report.course import Cell, Course, courses
from attunement.report.drawing import PLAIN, Act, Drawing, Ink, acts_chart, spread_chart
from attunement.report.figure import Figure, rate_cell, rate_interval
from attunement.report.names import Names, names_of
from attunement.report.people import Spread, spreads
from attunement.report.quadrants import quadrant_figures
from attunement.report.sides import sides_figures
from attunement.report.timelines import rate_chart, use_chart
from attunement.report.words import amount, capital, clean, count, day, interval_of, number, side_name, span, value_of
from attunement.vocabulary import Estimate, Finding, Missing, shown

_SIDES = {"AI": "100 messages of the AI", "person": "100 messages of the person", "both": "100 messages"}


def figures(contents: Contents) -> dict[str, Drawing]:
    """Every chart of the report, in plain colours, to show in a notebook.

    The keys are use, acts and the constructs' own; with several relationships each stands behind a relationship's id
    and a dot. Those over many people stand behind `people.`.
    """
    return {figure.key: figure.chart for figure in all_figures(contents, PLAIN)}


def all_figures(contents: Contents, ink: Ink) -> Iterator[Figure]:
    """The figures of the relationships told in detail, then those over many people."""
    ids = detailed(contents)
    told, about, names = courses(contents, ids), by_relationship(contents, ids), names_of(contents.constructs)
    for key in ids:
        yield from relationship_figures(prefix_of(contents, key), about[key], told.get(key), names, ink)
    if contents.relationships.num_rows > 1:
        yield from spread_figures(spreads(contents), ink)
        yield from quadrant_figures(contents, ink)


def detailed(contents: Contents) -> list[int]:
    """The relationships that the page tells in detail: those with the most messages."""
    order = contents.relationships.sort_by([("n_messages", "descending"), ("relationship_id", "ascending")])
    ids: list[int] = order["relationship_id"].slice(0, contents.most_cards).to_pylist()
    return ids


def by_relationship(contents: Contents, relationship_ids: Sequence[int]) -> dict[int, list[Finding]]:
    """The findings about each of some relationships, in their order."""
    about: dict[int, list[Finding]] = {key: [] for key in relationship_ids}
    for finding in contents.findings:
        if finding.relationship_id in about:
            about[finding.relationship_id].append(finding)
    return about


def prefix_of(contents: Contents, relationship_id: int) -> str:
    """What the keys of a relationship's figures begin with: nothing where there is only one."""
    return f"{shown(relationship_id)}." if contents.relationships.num_rows > 1 else ""


def relationship_figures(
    prefix: str, found: Sequence[Finding], course: Course | None, names: Names, ink: Ink
) -> list[Figure]:
    """Use over time, the rates of the whole time, and each rate over time."""
    drawn: list[Figure] = []
    if course is not None and any(course.messages(start) for start in course.periods):
        drawn.append(_use(prefix, course, ink))
    acts = acts_of(found)
    if acts:
        drawn.append(_acts(prefix, acts, names, ink))
    if course is not None:
        drawn += [_rate(prefix, course, construct, names, ink) for construct in _constructs(course)]
        drawn += sides_figures(prefix, course, found, names, ink)
    return drawn


def spread_figures(found: Sequence[Spread], ink: Ink) -> list[Figure]:
    """The shape of every measure that enough people share."""
    return [_spread(spread, ink) for spread in found if spread.bars]


def acts_of(findings: Sequence[Finding]) -> list[tuple[str, Estimate]]:
    """The constructs with a rate over the whole time, the AI's first."""
    return [
        (finding.key.removeprefix("act."), finding.estimates[0])
        for finding in sorted(findings, key=lambda finding: finding.key)
        if finding.key.startswith("act.")
        and finding.missing is None
        and finding.estimates
        and not isinstance(finding.estimates[0].value, Missing)
    ]


def _constructs(course: Course) -> list[str]:
    names = [measure.removeprefix("rate.") for measure in course.measures("rate.")]
    return [name for name in names if any(not isinstance(c.value, Missing) for _, c in course.series(f"rate.{name}"))]


def _use(prefix: str, course: Course, ink: Ink) -> Figure:
    starts = list(course.periods)
    fullest = max(starts, key=course.messages)
    unit, blank = course.period, course.empty_periods()
    caption = (
        f"Each bar is a {unit}, from {span(starts[0], starts[-1])}: what the AI wrote stands above the line, what the "
        f"person wrote hangs below it. The fullest {unit} {'began' if unit == 'week' else 'was'} on {day(fullest)}, "
        f"with {count(course.messages(fullest), 'message')}."
    )
    if blank:
        caption += f" {count(blank, unit)} without any contact {'is' if blank == 1 else 'are'} left blank."
    names = ("messages_person", "messages_ai", "sessions", "minutes")
    rows = tuple((day(start), *(_cell(cells.get(name)) for name in names)) for start, cells in course.periods.items())
    return Figure(
        kind="use",
        key=f"{prefix}use",
        title=f"Messages each {unit}",
        caption=caption,
        chart=use_chart(course, ink),
        columns=(f"{capital(unit)} from", "Person, messages", "AI, messages", "Sessions", "Minutes"),
        rows=rows,
    )


def _acts(prefix: str, acts: Sequence[tuple[str, Estimate]], names: Names, ink: Ink) -> Figure:
    drawn = [Act(key=key, name=names.construct(key), estimate=act) for key, act in acts]
    return Figure(
        kind="acts",
        key=f"{prefix}acts",
        title="How often, over the whole time",
        caption="How many times in 100 messages of that side. Diamonds are the AI, circles the person; "
        "a line is the interval in which the true rate may well lie.",
        chart=acts_chart(drawn, ink),
        columns=("What", "Whose", "Rate", "Interval", "Read from"),
        rows=tuple(
            (
                capital(names.construct(key)),
                side_name(key),
                value_of(act),
                interval_of(act),
                f"{number(act.n)} {clean(act.n_of)}",
            )
            for key, act in acts
        ),
    )


def _rate(prefix: str, course: Course, construct: str, names: Names, ink: Ink) -> Figure:
    series = course.series(f"rate.{construct}")
    known = [(start, cell) for start, cell in series if not isinstance(cell.value, Missing)]
    values = [float(cell.value) for _, cell in known]
    of, gone = _SIDES[side_name(construct)], len(series) - len(known)
    caption = f"From {number(min(values))} to {number(max(values))} in {of} over {count(len(known), course.period)}."
    if gone:
        caption += f" For {count(gone, course.period)} there is no rate; the table says why."
    return Figure(
        kind="rate",
        key=f"{prefix}{construct}",
        title=f"{capital(names.construct(construct))} ({side_name(construct)})",
        caption=caption,
        chart=rate_chart(course, construct, ink),
        columns=(f"{capital(course.period)} from", f"In {of}", "95\u00a0% interval", "Messages read"),
        rows=tuple((day(start), rate_cell(cell), rate_interval(cell), number(cell.n)) for start, cell in series),
    )


def _spread(spread: Spread, ink: Ink) -> Figure:
    low, middle, high = (0.0, 0.0, 0.0) if isinstance(spread.quartiles, Missing) else spread.quartiles
    caption = (
        f"{spread.name}, each person's weekly mean. Of {count(spread.n_people, 'person', 'people')}, half lie below "
        f"{amount(middle)} (dashed), the middle half between {amount(low)} and {amount(high)} (heavy line). "
        "The first and last bar also hold everyone beyond them."
    )
    return Figure(
        kind="people",
        key=f"people.{spread.measure}",
        title=spread.name,
        caption=caption,
        chart=spread_chart(spread, ink),
        columns=("From", "To", "People"),
        rows=tuple((amount(bar.low), amount(bar.high), number(bar.n)) for bar in spread.bars),
    )


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return f"not measured. {Missing.NOT_RECORDED.sentence}"
    return cell.value.sentence if isinstance(cell.value, Missing) else amount(cell.value)
