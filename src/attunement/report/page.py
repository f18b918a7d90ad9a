"""The page: one HTML file that holds everything it needs and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import jinja2
import pyarrow.compute as pc
from markupsafe import Markup

from attunement.errors import SchemaError
from attunement.report.captions import (
    by_relationship,
    detailed,
    prefix_of,
    relationship_figures,
)
from attunement.report.cards import Card, card
from attunement.report.contents import Contents
from attunement.report.course import courses
from attunement.report.drawing import STYLED
from attunement.report.glance import MOST
from attunement.report.javascript import bundle, digest, specifications
from attunement.report.many import MOST_ROWS, Many, lines_of, many_of, most_used, session_counts
from attunement.report.methods import method
from attunement.report.names import names_of
from attunement.report.people import n_people
from attunement.report.risk import MOST_PLACES, risk_box
from attunement.report.words import DRAFT, NEEDS, NOTICE_WORDS, RUNGS, amount, clean, count, day, number, span
from attunement.vocabulary import Missing

_TEMPLATES = files(__package__) / "templates"


def html(contents: Contents) -> str:
    """The whole report as one HTML page. It holds its styles, its scripts and its data, and makes no request."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        drawing_program = beside.submit(bundle)
        cards = _cards(contents)
        many = many_of(contents)
        over_many = (*many.figures, *many.quadrants) if many else ()
        figures = [*(figure for each in cards for figure in each.figures), *over_many]
        context = _context(contents, cards, many)
        specs = specifications({figure.key: figure.chart for figure in figures})
        style, script = _text("style.css"), _text("script.js")
        scripts = [drawing_program.result(), script] if figures else [script]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            **context,
            style=Markup(style),  # noqa: S704 - ours
            scripts=[Markup(text) for text in scripts],  # noqa: S704 - ours
            specs=Markup(specs),  # noqa: S704 - no sign of HTML is left in it
            policy=_policy([style], scripts),
        )
    )


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(digest, scripts))}",
            f"style-src {' '.join(map(digest, styles))}",
            "img-src data:",
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_said,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"amount": amount, "day": day, "count": count}
    return environment


def _said(value: object) -> object:
    """What the page may print: text made harmless, whole numbers, reasons; never None or a bare fraction."""
    if isinstance(value, Missing):
        return value.sentence
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int):
        return number(value)
    raise SchemaError("the page was to print something that is not text", got=repr(value), do="give text or a Missing")


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _context(contents: Contents, cards: Sequence[Card], many: Many | None) -> dict[str, object]:
    table = contents.relationships
    return {
        "title": contents.title,
        "program": contents.program,
        "read_from": contents.read_from,
        "written": f"{day(contents.written_at)}, {contents.written_at:%H:%M %Z}",
        "settings": dict(contents.settings),
        "facts": _facts(contents),
        "cards": cards,
        "risk": risk_box(contents),
        "most_places": MOST_PLACES,
        "most_glances": MOST,
        "lines": lines_of(contents, {each.id for each in cards}) if table.num_rows > 1 else [],
        "n_relationships": table.num_rows,
        "many": many,
        "group_floor": contents.group_floor,
        "methods": [method(construct) for construct in contents.constructs],
        "notices": _notices(contents),
        "n_notices": contents.notices.num_rows,
        "most_rows": MOST_ROWS,
        "rungs": RUNGS,
        "needs": NEEDS,
        "draft_words": DRAFT,
        "missing": sorted({reason.sentence for reason in _missing(contents)}),
    }


def _missing(contents: Contents) -> set[Missing]:
    return {finding.missing for finding in contents.findings if finding.missing is not None}


def _facts(contents: Contents) -> dict[str, str]:
    table, zone = contents.relationships, contents.zone
    first, last = pc.min(table["first_at"]).as_py(), pc.max(table["last_at"]).as_py()
    n_messages = pc.sum(table["n_messages"]).as_py() or 0
    people = n_people(contents)
    return {
        "Read": f"{count(n_messages, 'message')} in {count(contents.sessions.num_rows, 'session')}",
        "Between": f"{count(people, 'person', 'people')} and "
        f"{count(int(pc.count_distinct(table['ai_id']).as_py()), 'AI or persona', 'AIs or personas')}",
        "From": span(first.astimezone(zone), last.astimezone(zone)) if first and last else Missing.NO_TIMES.sentence,
    }


def _cards(contents: Contents) -> list[Card]:
    ids = detailed(contents)
    told, about, names = courses(contents, ids), by_relationship(contents, ids), names_of(contents.constructs)
    sessions = session_counts(contents)
    made = []
    for row in most_used(contents, len(ids)):
        key = row["relationship_id"]
        figures = relationship_figures(prefix_of(contents, key), about[key], told.get(key), names, STYLED)
        made.append(card(contents, row, about[key], figures, sessions.get(key, 0)))
    return made


def _notices(contents: Contents) -> Mapping[str, list[dict[str, str]]]:
    groups: dict[str, list[dict[str, str]]] = {}
    for row in contents.notices.sort_by([("n", "descending")]).slice(0, MOST_ROWS).to_pylist():
        kind = NOTICE_WORDS.get(row["kind"], row["kind"])
        groups.setdefault(kind, []).append(
            {
                "form": row["form"],
                "what": row["what"],
                "n": number(row["n"]),
                "example": row["example"] or "no single place",
                "do": row["do"] or "nothing needs to be done",
            }
        )
    return {kind: groups[kind] for kind in [*NOTICE_WORDS.values(), *groups] if kind in groups}
