"""Wanting against liking as four quadrants: each person once, and nobody where there are too few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt

from attunement.report.contents import Contents
from attunement.report.drawing import Drawing, Ink, Sheet
from attunement.report.figure import Figure
from attunement.report.names import Names, names_of
from attunement.report.words import count, lower_first, number
from attunement.vocabulary import Estimate, Finding, Missing

MOST_POINTS = 2_000
"""The most people that are drawn; more would be a grey field."""

_CORNERS = ("wanting up, liking down", "both up", "both down", "wanting down, liking up")


@dataclass(frozen=True, slots=True)
class _Point:
    wanting: float
    liking: float
    weeks: int


def quadrant_figures(contents: Contents, ink: Ink) -> list[Figure]:
    """Slopes of wanting and of liking of each person, for the pair that is told of first; none below the floor."""
    pair = _pair(contents.findings)
    if pair is None:
        return []
    measures = [f"decoupling.{side}.{sign}" for side, sign in zip(("wanting", "liking"), pair, strict=True)]
    points = _points(contents, *measures)
    if len(points) < contents.group_floor:
        return []
    return [_figure(points, measures, names_of(contents.constructs), contents.group_floor, ink)]


def _pair(findings: Sequence[Finding]) -> tuple[str, str] | None:
    told = (
        finding
        for finding in findings
        if finding.relationship_id is None and finding.key.startswith("decoupling.") and finding.missing is None
    )
    first = next(told, None)
    if first is None or not first.estimates:
        return None
    wanting, _, liking = first.estimates[0].measure.removeprefix("decoupling.excess.").partition("~")
    return wanting, liking


def _points(contents: Contents, wanting: str, liking: str) -> list[_Point]:
    """One for each person: of several relationships, that which was seen for most weeks."""
    owner = dict(
        zip(*(contents.relationships[name].to_pylist() for name in ("relationship_id", "person_id")), strict=True)
    )
    best: dict[str, _Point] = {}
    for finding in contents.findings:
        if finding.key != "decoupling.own" or finding.relationship_id not in owner:
            continue
        known: Mapping[str, Estimate] = {one.measure: one for one in finding.estimates}
        one, two = known.get(wanting), known.get(liking)
        if one is None or two is None or isinstance(one.value, Missing) or isinstance(two.value, Missing):
            continue
        person, point = owner[finding.relationship_id], _Point(one.value, two.value, min(one.n, two.n))
        if person not in best or best[person].weeks < point.weeks:
            best[person] = point
    # In the order of their numbers, so that a place in the data says nothing of who it is.
    return sorted(best.values(), key=lambda point: (point.wanting, point.liking))


def _figure(points: Sequence[_Point], measures: Sequence[str], names: Names, floor: int, ink: Ink) -> Figure:
    drawn = points[:: -(-len(points) // MOST_POINTS)]
    held = [0, 0, 0, 0]
    for point in points:
        held[_corner(point)] += 1
    wanting, liking = (names.measure(measure) for measure in measures)
    some = "" if len(drawn) == len(points) else f"{number(len(drawn))} of {count(len(points), 'person', 'people')}. "
    return Figure(
        kind="people",
        key="people.wanting-liking",
        title="Wanting against liking",
        caption=f"{some}Each point is a person. To the right, {_in_a_row(wanting)}; upwards, {_in_a_row(liking)}; both"
        " in the person's own ups and downs in four weeks. Each is drawn towards that of all, so that the points lie"
        " closer together than people do; which quadrant a point is in may be chance.",
        chart=_chart(drawn, (wanting, liking), ink),
        columns=("Quadrant", "People"),
        rows=tuple(
            (corner, number(n) if n >= floor else f"fewer than {floor}")
            for corner, n in zip(_CORNERS, held, strict=True)
        ),
    )


def _in_a_row(name: str) -> str:
    """A name for the middle of a sentence, without a colon of its own."""
    return lower_first(name).replace(": ", ", ")


def _corner(point: _Point) -> int:
    """The place of a point's quadrant among the corners."""
    if point.wanting > 0:
        return 1 if point.liking > 0 else 0
    return 3 if point.liking > 0 else 2


def _chart(points: Sequence[_Point], names: tuple[str, str], ink: Ink) -> Drawing:
    sheet = Sheet(ink)
    reach = [
        1.2 * max(abs(value) for value in side) or 1.0
        for side in zip(*((p.wanting, p.liking) for p in points), strict=True)
    ]
    rows = [{"wanting": float(f"{point.wanting:.2g}"), "liking": float(f"{point.liking:.2g}")} for point in points]
    x = alt.X(
        "wanting:Q",
        title=names[0],
        scale=alt.Scale(domain=[-reach[0], reach[0]], nice=False),
        axis=alt.Axis(tickCount=6, grid=False),
    )
    y = alt.Y(
        "liking:Q",
        title=names[1],
        scale=alt.Scale(domain=[-reach[1], reach[1]], nice=False),
        axis=alt.Axis(tickCount=6, grid=False),
    )
    zero = sheet.over([{"at": 0.0}])
    layers = [
        zero.mark_rule(color=ink.quiet).encode(x="at:Q"),
        zero.mark_rule(color=ink.quiet).encode(y="at:Q"),
        sheet.over(rows)
        .mark_point(shape="circle", filled=True, size=36, opacity=0.5, color=ink.person)
        .encode(x=x, y=y),
    ]
    for corner, right, up in zip(_CORNERS, (1, 1, -1, -1), (-1, 1, -1, 1), strict=True):
        word = sheet.over([{"x": right * reach[0], "y": up * reach[1], "word": corner}])
        layers.append(
            word.mark_text(
                align="right" if right > 0 else "left",
                dx=-6 * right,
                dy=12 * up,
                fontSize=12,
                fontWeight=600,
                color=ink.text,
            ).encode(x="x:Q", y="y:Q", text="word:N")
        )
    return sheet.finished(layers, height=380)
