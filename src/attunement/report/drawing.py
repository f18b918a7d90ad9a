"""The charts, from numbers, dates and names of the codebook alone: no text of a message and no person's name.

The page gives colours as CSS variables, so that light, dark and print need no second drawing; files get plain colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import altair as alt

from attunement.report.people import Spread
from attunement.report.words import capital, side_name
from attunement.vocabulary import Estimate, Missing

Drawing = alt.Chart | alt.LayerChart

WIDTH = 640
"""Of a chart in a file; on the page a chart is as wide as its column."""

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
_SHAPES = {"ai": "diamond", "user": "circle", "dyad": "square"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A construct with its rate over the whole time."""

    key: str
    """Its key in the codebook."""
    name: str
    """In words."""
    estimate: Estimate
    """How often it was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """The colours of a chart. Sides differ in place, shape and words too, never in colour alone."""

    person: str
    """What the person does."""
    ai: str
    """What the AI does."""
    text: str
    """Labels."""
    quiet: str
    """Labels of axes."""
    line: str
    """Grid and axes."""
    paper: str
    """What it is drawn on."""

    def of(self, key: str) -> str:
        """The colour of the side that a construct belongs to."""
        return {"ai": self.ai, "user": self.person}.get(key.partition(".")[0], self.text)


PLAIN = Ink(person="#1f6f8b", ai="#b4532a", text="#22211f", quiet="#5f5c55", line="#ddd8cc", paper="#ffffff")
"""Colours for files and notebooks."""
STYLED = Ink(
    person="var(--person)",
    ai="var(--ai)",
    text="var(--text)",
    quiet="var(--quiet)",
    line="var(--line)",
    paper="transparent",
)
"""Colours that the page decides."""


def acts_chart(acts: Sequence[Act], ink: Ink) -> Drawing:
    """A row for each construct with its rate and interval: a circle for the person, a diamond for the AI."""
    sheet = Sheet(ink)
    rows = [_row_of(act) for act in acts]
    order = [str(row["row"]) for row in rows]
    y = alt.Y("row:O", sort=order, axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    scale = alt.Scale(domainMin=0)
    x = alt.X("value:Q", title="times in 100 messages of that side", scale=scale, axis=alt.Axis(tickCount=6))
    layers: list[alt.Chart] = []
    for side in _SHAPES:
        colour, part = ink.of(f"{side}."), [row for row in rows if row["side"] == side]
        known = [row for row in part if row["low"] is not None]
        if known:
            rule = sheet.over(known).mark_rule(strokeWidth=2.5, opacity=0.6, color=colour, yOffset=9)
            layers.append(rule.encode(y=y, x=alt.X("low:Q", scale=scale), x2="high:Q"))
        if part:
            layers.append(sheet.dots(part, side, size=90, down=9).encode(y=y, x=x))
            label = sheet.over(part).mark_text(align="left", fontSize=13, fontWeight=600, color=colour, dy=-8)
            layers.append(label.encode(y=y, x=alt.value(4), text="name:N"))
    return sheet.finished(layers, height=46 * len(rows))


def spread_chart(spread: Spread, ink: Ink) -> Drawing:
    """The shape of a measure over people: the area of a bar is its number of people; the middle half is marked."""
    sheet = Sheet(ink)
    rows = [{"low": bar.low, "high": bar.high, "density": bar.n / (bar.high - bar.low)} for bar in spread.bars]
    low, middle, high = (0.0, 0.0, 0.0) if isinstance(spread.quartiles, Missing) else spread.quartiles
    colour = ink.of(spread.measure.removeprefix("rate.")) if spread.measure.startswith("rate.") else ink.text
    marks = sheet.over([{"low": low, "middle": middle, "high": high}])
    x = alt.X("low:Q", title=None, scale=alt.Scale(zero=False, nice=False), axis=alt.Axis(tickCount=6, grid=False))
    shape = sheet.over(rows).mark_bar(color=colour, opacity=0.45, orient="vertical")
    layers = [
        shape.encode(x=x, x2="high:Q", y=alt.Y("density:Q", axis=None), y2=alt.datum(0)),
        marks.mark_rule(strokeWidth=6, color=ink.text).encode(x="low:Q", x2="high:Q", y=alt.datum(0)),
        marks.mark_rule(strokeWidth=2, strokeDash=[4, 3], color=ink.text).encode(x="middle:Q"),
    ]
    return sheet.finished(layers, height=90)


class Sheet:
    """What a chart is drawn on: it keeps each set of rows once, so that charts stay small and quick to make."""

    def __init__(self, ink: Ink) -> None:
        self.ink = ink
        self._rows: dict[str, list[dict[str, object]]] = {}

    def over(self, rows: Iterable[Mapping[str, object]]) -> alt.Chart:
        """A layer over some rows."""
        name = f"rows_{len(self._rows)}"
        self._rows[name] = [dict(row) for row in rows]
        return alt.Chart(alt.NamedData(name=name))

    def dots(self, rows: Iterable[Mapping[str, object]], side: str, *, size: int, down: int = 0) -> alt.Chart:
        """Points in the shape and colour of their side."""
        shape, colour = _SHAPES.get(side, "square"), self.ink.of(f"{side}.")
        points: alt.Chart = self.over(rows).mark_point(
            shape=shape, color=colour, size=size, filled=True, opacity=1, yOffset=down
        )
        return points

    def tag(self, text: str, colour: str, *, y: int) -> alt.Chart:
        """A word on the chart itself, so that no key of colours is needed."""
        word: alt.Chart = (
            self.over([{"word": text}])
            .mark_text(align="left", baseline="middle", fontWeight=600, fontSize=13, color=colour)
            .encode(x=alt.value(6), y=alt.value(y), text="word:N")
        )
        return word

    def finished(self, layers: Sequence[alt.Chart], *, height: int) -> Drawing:
        """The layers as one chart, with their rows and the style of the page."""
        ink = self.ink
        axis = alt.AxisConfig(
            labelColor=ink.quiet,
            titleColor=ink.quiet,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            gridColor=ink.line,
            domainColor=ink.line,
            tickColor=ink.line,
            labelOverlap=True,
        )
        style = alt.Config(
            font=_FONT,
            background=ink.paper,
            aria=False,
            padding={"left": 2, "right": 8, "top": 4, "bottom": 2},
            view=alt.ViewConfig(stroke=None),
            axis=axis,
        )
        return alt.LayerChart(layer=list(layers), width=WIDTH, height=height, config=style, datasets=self._rows)


def _row_of(act: Act) -> dict[str, object]:
    ends = (act.estimate.low, act.estimate.high)
    low, high = (None, None) if any(isinstance(end, Missing) for end in ends) else ends
    name = f"{capital(act.name)} ({side_name(act.key)})"
    side = act.key.partition(".")[0]
    return {"row": act.key, "name": name, "side": side, "value": act.estimate.value, "low": low, "high": high}
