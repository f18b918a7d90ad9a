"""Who approves of this? The verdicts of all evaluators as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import altair as alt

from attunement.errors import OptionError
from attunement.report.drawing import PLAIN, Drawing, Ink, Sheet
from attunement.report.files import put_chart
from attunement.theory import Verdict
from attunement.vocabulary import Missing

_SAYS = {"yes": "approves", "no": "does not approve", "alike": "finds it alike"}
_SHAPES = {"yes": "triangle-up", "no": "triangle-down", "alike": "circle"}


def verdicts_chart(verdicts: Sequence[Verdict], *, ink: Ink = PLAIN) -> Drawing:
    """A row for each evaluator: an open mark for inaction, a filled one for what was done, and a line between them.

    Triangles that point up approve, those that point down do not; the words stand beside the name.

    Args:
        verdicts: what `attunement.theory.approve` gives.
        ink: the colours.
    """
    sheet = Sheet(ink)
    rows = [_row(verdict) for verdict in verdicts]
    y = alt.Y(
        "row:O",
        sort=[str(row["row"]) for row in rows],
        axis=None,
        scale=alt.Scale(paddingInner=0, paddingOuter=0),
    )
    scale = alt.Scale(zero=False, nice=True, padding=12)
    axis = alt.Axis(tickCount=6, labelExpr="replace(datum.label, '\u2212', '-')")
    x = alt.X("score:Q", title="sum of rewards; open: by inaction, filled: by what was done", scale=scale, axis=axis)
    line = sheet.over(rows).mark_rule(strokeWidth=2, color=ink.quiet, opacity=0.6, yOffset=9)
    open_ = sheet.over(rows).mark_point(shape="circle", size=70, color=ink.quiet, filled=False, yOffset=9)
    layers = [
        line.encode(y=y, x=alt.X("inaction:Q", scale=scale), x2="score:Q"),
        open_.encode(y=y, x=alt.X("inaction:Q", scale=scale)),
    ]
    for verdict, colour in (("yes", ink.person), ("no", ink.ai), ("alike", ink.text)):
        part = [row for row in rows if row["approves"] == verdict]
        if part:
            marks = sheet.over(part).mark_point(
                shape=_SHAPES[verdict], size=90, color=colour, filled=True, opacity=1, yOffset=9
            )
            label = sheet.over(part).mark_text(align="left", fontSize=13, fontWeight=600, color=colour, dy=-8)
            layers += [marks.encode(y=y, x=x), label.encode(y=y, x=alt.value(4), text="name:N")]
    ends = [row for row in rows if row["low"] is not None]
    if ends:
        rule = sheet.over(ends).mark_rule(strokeWidth=5, opacity=0.35, color=ink.text, yOffset=9)
        layers.append(rule.encode(y=y, x=alt.X("low:Q", scale=scale), x2="high:Q"))
    return sheet.finished(layers, height=46 * len(rows))


def draw_verdicts(verdicts: Sequence[Verdict], path: Path | str) -> Path:
    """Write the figure as a file.

    Args:
        verdicts: what `attunement.theory.approve` gives.
        path: ends in .svg or .png.

    Raises:
        OptionError: the file has another ending.
    """
    path = Path(path)
    if path.suffix not in {".svg", ".png"}:
        raise OptionError("a figure cannot be written in this form", got=str(path), have=".svg, .png", do="use one")
    return put_chart(path, verdicts_chart(verdicts))


def _row(verdict: Verdict) -> dict[str, object]:
    known = not isinstance(verdict.error, Missing) and verdict.error > 0
    reach = 0.0 if isinstance(verdict.error, Missing) else 2 * verdict.error
    return {
        "row": verdict.evaluator,
        "name": f"{verdict.evaluator[:1].upper()}{verdict.evaluator[1:]} {_SAYS[verdict.approves]}",
        "score": verdict.score,
        "inaction": verdict.inaction,
        "approves": verdict.approves,
        "low": verdict.score - reach if known else None,
        "high": verdict.score + reach if known else None,
    }
