"""The box on acute risk: how many messages a person should read and where they are, with a human route."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import pyarrow.compute as pc

from attunement.report.contents import Contents
from attunement.report.words import count, day
from attunement.vocabulary import Missing, shown

MOST_PLACES = 50
"""The most conversations that the box lists; tables/to_read.csv lists all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A conversation with messages that a person should read."""

    person: str
    """The person."""
    ai: str
    """The AI."""
    conversation: str
    """The thread, as the source names it."""
    days: tuple[str, ...]
    """The days of these messages, in words."""
    messages: tuple[str, ...]
    """Their ids."""
    quotes: tuple[str, ...]
    """Their words, only where the reader asked for quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What the box says."""

    said: str
    """How many messages of how many relationships."""
    places: tuple[Place, ...]
    """Where they are."""
    n_places: int
    """How many such conversations there are in all."""


def risk_box(contents: Contents) -> Box | None:
    """The box, or None where nothing was raised."""
    table = contents.to_read
    if not table.num_rows:
        return None
    names = {
        row["relationship_id"]: (row["person_id"], row["ai_id"])
        for row in contents.relationships.select(["relationship_id", "person_id", "ai_id"]).to_pylist()
    }
    rows = defaultdict(list)
    for row in table.to_pylist():
        rows[row["relationship_id"], row["conversation_id"]].append(row)
    quotes, places = contents.quotes or {}, []
    for (relationship, conversation), found in list(rows.items())[:MOST_PLACES]:
        person, ai = names.get(relationship, (shown(relationship), ""))
        moments = [row["sent_at"] for row in found]
        days = (day(moment.astimezone(contents.zone)) if moment else Missing.NO_TIMES.sentence for moment in moments)
        places.append(
            Place(
                person=person,
                ai=ai,
                conversation=conversation,
                days=tuple(dict.fromkeys(days)),
                messages=tuple(shown(row["message_id"]) for row in found),
                quotes=tuple(quotes[row["message_id"]] for row in found if row["message_id"] in quotes),
            )
        )
    return Box(said=in_words(contents), places=tuple(places), n_places=len(rows))


def in_words(contents: Contents) -> str:
    """How many messages of how many relationships a person should read."""
    table = contents.to_read
    n_relationships = int(pc.count_distinct(table["relationship_id"]).as_py())
    messages, relationships = count(table.num_rows, "message"), count(n_relationships, "relationship")
    return f"{messages} in {relationships} should be read by a person."
