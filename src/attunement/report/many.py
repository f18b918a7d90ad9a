"""All relationships together: distributions over people, what only many can show, and the list of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from attunement.report.captions import spread_figures
from attunement.report.claims import Claim, Refusal, Speaker, refusals
from attunement.report.contents import Contents
from attunement.report.drawing import STYLED
from attunement.report.figure import Figure
from attunement.report.people import Spread, floored, n_people, spreads
from attunement.report.quadrants import quadrant_figures
from attunement.report.sections import Section, sectioned, sections
from attunement.report.words import number, span
from attunement.vocabulary import shown

MOST_ROWS = 100
"""The most relationships or notices that a table of the page lists; the files beside it list all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A relationship in the table of many."""

    id: str
    """Its id, where it has a card to go to; else nothing."""
    person: str
    """The person."""
    ai: str
    """The AI."""
    messages: str
    """How many were read."""
    sessions: str
    """How many there were."""
    when: str
    """From when to when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """What is said over all relationships together."""

    n_people: int
    """Different people."""
    claims: tuple[Claim, ...]
    """Findings over many."""
    refusals: tuple[Refusal, ...]
    """What could not be said over many."""
    spreads: tuple[Spread, ...]
    """Each measure over the people."""
    figures: tuple[Figure, ...]
    """The shapes of those that enough people share."""
    quadrants: tuple[Figure, ...]
    """Wanting against liking, person by person, where enough people share them."""
    sections: tuple[Section, ...]
    """What only many relationships can show, by kind."""


def many_of(contents: Contents) -> Many | None:
    """What is said over all; None for one relationship of which nothing of the kind was asked."""
    say, across = Speaker(contents), spreads(contents)
    found = [finding for finding in floored(contents) if finding.relationship_id is None]
    if contents.relationships.num_rows < 2 and not found:
        return None
    rest = [finding for finding in found if not sectioned(finding.key)]
    return Many(
        n_people=n_people(contents),
        claims=tuple(say.claim(finding) for finding in rest if finding.missing is None),
        refusals=refusals([finding for finding in rest if finding.missing is not None], say.names),
        spreads=across,
        figures=tuple(spread_figures(across, STYLED)) if contents.relationships.num_rows > 1 else (),
        quadrants=tuple(quadrant_figures(contents, STYLED)),
        sections=sections(found, say),
    )


def lines_of(contents: Contents, told: Collection[str]) -> list[Line]:
    """The relationships with the most messages, as rows of a table."""
    sessions, zone = session_counts(contents), contents.zone
    lines = []
    for row in most_used(contents, MOST_ROWS):
        key = row["relationship_id"]
        first, last = (moment.astimezone(zone) if moment else None for moment in (row["first_at"], row["last_at"]))
        lines.append(
            Line(
                id=shown(key) if shown(key) in told else "",
                person=row["person_id"],
                ai=row["ai_id"],
                messages=number(row["n_messages"]),
                sessions=number(sessions.get(key, 0)),
                when=span(first, last),
            )
        )
    return lines


def session_counts(contents: Contents) -> dict[int, int]:
    """How many sessions each relationship has."""
    counts = pc.value_counts(contents.sessions["relationship_id"])
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def most_used(contents: Contents, n: int) -> list[dict[str, Any]]:
    """The rows of RELATIONSHIPS with the most messages."""
    order = contents.relationships.sort_by([("n_messages", "descending"), ("relationship_id", "ascending")])
    rows: list[dict[str, Any]] = order.slice(0, n).to_pylist()
    return rows
