"""The charts over time: use, one rate, and the two sides of a dilemma above and below one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

import altair as alt

from attunement.report.course import Cell, Course
from attunement.report.drawing import Drawing, Ink, Sheet
from attunement.vocabulary import Missing


def use_chart(course: Course, ink: Ink) -> Drawing:
    """Messages a period: the AI's above the line, the person's below it; a period without contact is left blank."""
    sheet = Sheet(ink)
    rows = [
        {"start": _clock(start), "end": _clock(start + course.length), **_sides(cells)}
        for start, cells in course.periods.items()
    ]
    top = 1.3 * max(max(row["ai"], -row["below"]) for row in rows)
    scale = alt.Scale(domain=[-top, top], nice=False)
    axis = alt.Axis(labelExpr="format(abs(datum.value), ',')", tickCount=5, title=None)
    x, x2, zero = _when("start", course), alt.X2("end"), alt.datum(0)
    bars = sheet.over(rows)
    ai, person = (bars.mark_bar(color=colour, orient="vertical") for colour in (ink.ai, ink.person))
    layers = [
        ai.encode(x=x, x2=x2, y=alt.Y("ai:Q", scale=scale, axis=axis), y2=zero),
        person.encode(x=x, x2=x2, y="below:Q", y2=zero),
        sheet.over([{}]).mark_rule(color=ink.quiet).encode(y=zero),
        sheet.tag("AI", ink.ai, y=9),
        sheet.tag("Person", ink.person, y=191),
    ]
    return sheet.finished(layers, height=200)


def rate_chart(course: Course, construct: str, ink: Ink) -> Drawing:
    """One construct's rate through time, with intervals; a period without a rate leaves a gap in the line."""
    sheet = Sheet(ink)
    rows = list(_points_of(course, construct))
    side, colour = construct.partition(".")[0], ink.of(construct)
    known = [row for row in rows if row["low"] is not None]
    x = _when("at", course)
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=3))
    line = sheet.over(rows).mark_line(color=colour, strokeWidth=1.5, strokeDash=[1, 0] if side == "ai" else [5, 3])
    layers = [
        line.encode(x=x, y=y, detail="run:N"),
        sheet.dots(rows, side, size=46).encode(x=x, y=y),
        sheet.over(_whole_time(course)).mark_point(opacity=0).encode(x=x),
    ]
    if known:
        rule = sheet.over(known).mark_rule(strokeWidth=2, opacity=0.4, color=colour)
        layers.insert(0, rule.encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q"))
    return sheet.finished(layers, height=100)


def sides_chart(course: Course, sides: tuple[str, str], names: tuple[str, str], ink: Ink) -> Drawing:
    """Two constructs a period: the second above the line, the first below it, each with its interval.

    Args:
        course: the periods of one relationship.
        sides: the constructs.
        names: what they are called on the chart.
        ink: the colours.
    """
    sheet = Sheet(ink)
    below, above = _bars_of(course, sides[0], -1), _bars_of(course, sides[1], 1)
    top = 1.25 * max([1.0, *(abs(row.get("to", row["y"])) for row in (*below, *above))])
    scale = alt.Scale(domain=[-top, top], nice=False)
    axis = alt.Axis(labelExpr="format(abs(datum.value), ',')", tickCount=5, title=None)
    x, zero = _when("start", course), alt.datum(0)
    layers = [sheet.over(_whole_time(course)).mark_point(opacity=0).encode(x=_when("at", course))]
    for rows, construct in ((above, sides[1]), (below, sides[0])):
        if not rows:
            continue
        bars = sheet.over(rows).mark_bar(color=ink.of(construct), opacity=0.75, orient="vertical")
        layers.append(bars.encode(x=x, x2="end", y=alt.Y("y:Q", scale=scale, axis=axis), y2=zero))
        known = [row for row in rows if "to" in row]
        rule = sheet.over(known).mark_rule(strokeWidth=1.5, color=ink.text, opacity=0.7)
        layers.append(rule.encode(x=_when("at", course), y=alt.Y("from:Q", title=None), y2="to:Q"))
    layers.append(sheet.over([{}]).mark_rule(color=ink.quiet).encode(y=zero))
    layers += [sheet.tag(names[1], ink.of(sides[1]), y=9), sheet.tag(names[0], ink.of(sides[0]), y=151)]
    return sheet.finished(layers, height=160)


def _bars_of(course: Course, construct: str, sign: int) -> list[dict[str, float]]:
    """A bar for each period with a rate, above the line or below it, and its interval where there is one."""
    half = course.length * 0.42 // timedelta(milliseconds=1)
    bars = []
    for start, cell in course.series(f"rate.{construct}"):
        if isinstance(cell.value, Missing):
            continue
        at = _clock(start) + course.length // timedelta(milliseconds=2)
        bar = {"at": float(at), "start": float(at - half), "end": float(at + half), "y": sign * cell.value}
        if cell.interval is not None:
            bar |= {"from": sign * cell.interval[0], "to": sign * cell.interval[1]}
        bars.append(bar)
    return bars


def _when(field: str, course: Course) -> alt.X:
    starts = list(course.periods)
    form = "%-d %b" if starts[-1] - starts[0] < timedelta(days=300) else "%b %Y"
    ticks = [
        alt.DateTime(year=start.year, month=start.month, date=start.day, utc=True)
        for start in starts[:: max(1, len(starts) // 6)]
    ]
    axis = alt.Axis(format=form, grid=False, values=ticks)
    return alt.X(f"{field}:T", title=None, scale=alt.Scale(type="utc", nice=False), axis=axis)


def _whole_time(course: Course) -> list[dict[str, object]]:
    """The two ends, for marks that nobody sees, so that every chart of a relationship has the same axis of time."""
    first, last = next(iter(course.periods)), next(reversed(course.periods))
    return [{"at": _clock(first)}, {"at": _clock(last + course.length)}]


def _clock(moment: date | datetime) -> int:
    """Milliseconds, as charts count them; a date is a date everywhere, whatever the reader's time zone."""
    return int((datetime.combine(moment, time()) - datetime(1970, 1, 1)).total_seconds() * 1000)


def _sides(cells: Mapping[str, Cell]) -> dict[str, float]:
    """The messages of both sides, the person's below zero. An amount that is not there is drawn as nothing at all."""
    found = {}
    for side, measure, sign in (("ai", "messages_ai", 1), ("below", "messages_person", -1)):
        cell = cells.get(measure)
        found[side] = 0.0 if cell is None or isinstance(cell.value, Missing) else sign * cell.value
    return found


def _points_of(course: Course, construct: str) -> Iterable[dict[str, float | int | None]]:
    run, before = 0, None
    for start, cell in course.series(f"rate.{construct}"):
        if isinstance(cell.value, Missing):
            continue
        if before is not None and start - before > course.length:
            run += 1
        before = start
        low, high = cell.interval or (None, None)
        yield {
            "at": _clock(start) + course.length // timedelta(milliseconds=2),
            "value": cell.value,
            "low": low,
            "high": high,
            "run": run,
        }
