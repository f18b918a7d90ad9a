"""Invented messages, events and annotations, as few or as many as a test asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from attunement.store import Store
from attunement.vocabulary import ANNOTATIONS, EVENTS, FLAGS, MESSAGES, NOTICES, STYLES, hashed, relationship_id

START = datetime(2026, 1, 5, 19, 0, tzinfo=UTC)


def message_row(conversation: str, place: int, **changes) -> dict:
    person, ai = changes.pop("person_id", "owner"), changes.pop("ai_id", "Lumen")
    row = {
        "relationship_id": relationship_id(person, ai),
        "person_id": person,
        "ai_id": ai,
        "conversation_id": conversation,
        "message_id": hashed("made", conversation, str(place)),
        "source_id": f"{conversation}-{place}",
        "parent_id": hashed("made", conversation, str(place - 1)) if place else None,
        "position": place,
        "role": "ai" if place % 2 else "person",
        "sent_at": START + timedelta(minutes=place),
        "sent_at_is": "stated",
        "text": f"words of {conversation} at {place}",
        "on_path": True,
        "model": None,
        "source": "made",
        "rating": None,
        "extra": None,
    }
    assert not set(changes) - set(row)
    return row | changes


def as_batch(rows: list[dict]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=MESSAGES)


def as_event(text: str | None, **changes) -> dict:
    person, ai = changes.pop("person_id", "owner"), changes.pop("ai_id", "Lumen")
    return {
        "relationship_id": relationship_id(person, ai),
        "person_id": person,
        "ai_id": ai,
        "event_id": hashed("event", text or ""),
        "at": START,
        "kind": "memory",
        "text": text,
        "source": "made",
    } | changes


@pytest.fixture
def row():
    """row(conversation, place, **changes): one message; the person writes at even places, the AI at odd ones."""
    return message_row


@pytest.fixture
def batch():
    """batch(rows) or batch(conversation, n): a batch of MESSAGES."""

    def make(rows, n=None, **changes):
        return as_batch(rows if n is None else [message_row(rows, place, **changes) for place in range(n)])

    return make


@pytest.fixture
def events():
    """events(*rows): a table of EVENTS."""
    return lambda *rows: pa.Table.from_pylist(list(rows), schema=EVENTS)


@pytest.fixture
def event():
    return as_event


@pytest.fixture
def notices():
    """notices(*whats): a table of NOTICES, one row each."""

    def make(*whats):
        rows = [
            {"form": "made", "kind": "skipped", "what": what, "n": n, "example": None, "do": None}
            for n, what in enumerate(whats, start=1)
        ]
        return pa.Table.from_pylist(rows, schema=NOTICES)

    return make


@pytest.fixture
def take_in():
    """take_in(store, *batches): import them as one reading, and give the import."""

    def take(store: Store, *batches, read_from="made.zip", events=None, notices=None):
        with store.importing(read_from=read_from, forms=["made"], program="attunement tests") as incoming:
            for one in batches:
                incoming.messages(one)
            if events is not None:
                incoming.events(events)
            if notices is not None:
                incoming.notices(notices)
        return incoming

    return take


@pytest.fixture
def annotate():
    """annotate(message_ids, ...): ANNOTATIONS in which each message has the same probability, or the same reason."""

    def make(message_ids, *, construct="ai.x", annotator="rules", version="rules-1", probability=0.9, missing=None):
        rows = [
            {
                "message_id": number,
                "construct": construct,
                "annotator": annotator,
                "annotator_version": version,
                "probability": None if missing else probability,
                "span_start": None,
                "span_end": None,
                "missing": missing,
            }
            for number in message_ids
        ]
        return pa.Table.from_pylist(rows, schema=ANNOTATIONS)

    return make


@pytest.fixture
def flag():
    """flag(message_ids, ...): FLAGS in which each message is raised, or not, or missing for the same reason."""

    def make(message_ids, *, gate="acute_risk", version="gate-1", flagged=True, missing=None):
        rows = [
            {
                "message_id": number,
                "gate": gate,
                "gate_version": version,
                "flagged": None if missing else flagged,
                "span_start": None,
                "span_end": None,
                "missing": missing,
            }
            for number in message_ids
        ]
        return pa.Table.from_pylist(rows, schema=FLAGS)

    return make


@pytest.fixture
def style():
    """style(message_ids, ...): STYLES in which each message has ten words and one hedge, or the same reason."""

    def make(message_ids, *, version="1", missing=None):
        rows = [
            {
                "message_id": number,
                "measure": measure,
                "count": None if missing else count,
                "words": 0 if missing else 10,
                "missing": missing,
                "version": version,
            }
            for number in message_ids
            for measure, count in (("words", 10), ("hedges", 1))
            if measure == "words" or not missing
        ]
        return pa.Table.from_pylist(rows, schema=STYLES)

    return make


@pytest.fixture
def ids():
    """The message ids of a batch."""
    return lambda one: one.column("message_id").to_pylist()
