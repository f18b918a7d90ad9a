"""Invented relationships and estimates, and constructs as the shipped codebook has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from attunement import codebook
from attunement.findings import described
from attunement.vocabulary import RELATIONSHIPS, Estimate, Missing, Null, Rung

START = datetime(2026, 1, 5, 19, 30, tzinfo=UTC)
NAMES = {
    "ai.exit_pressure": "pressure to stay, when the person wants to leave",
    "ai.mind_claim": "claims to feel, to live or to have a body",
    "user.attach": "affection for the AI",
    "user.human_ties": "contact with other people",
    "user.regulate": "setting limits to the contact",
}
"""Names of these tests, so that the codebook may find better ones."""

READ = tuple(NAMES)


@pytest.fixture(scope="session")
def constructs():
    """constructs(missing={key: reason}): five constructs that were looked for."""

    def make(keys=READ, *, missing=None):
        rows = [
            {"construct": key, "annotator": "rules", "annotator_version": "rules-1", "missing": None, "n": 900}
            for key in keys
        ]
        rows += [
            {"construct": key, "annotator": "rules", "annotator_version": "rules-1", "missing": reason, "n": 30}
            for key, reason in (missing or {}).items()
        ]
        kinds = {"construct": pa.string(), "annotator": pa.string(), "annotator_version": pa.string()}
        schema = pa.schema([*kinds.items(), ("missing", pa.string()), ("n", pa.int64())])
        found = described(codebook.load(), pa.Table.from_pylist(rows, schema=schema), known_faults={})
        return tuple(item | {"name": NAMES[str(item["key"])]} for item in found)

    return make


@pytest.fixture(scope="session")
def relationship():
    """relationship(number, **changes): a row of RELATIONSHIPS."""

    def make(number=1, *, days=70, **changes):
        timed = changes.get("n_stated", 400) > 0
        row = {
            "relationship_id": number,
            "person_id": f"person {number}",
            "ai_id": "Lumen",
            "sources": "made",
            "n_conversations": 9,
            "n_messages": 400,
            "n_person": 200,
            "n_ai": 200,
            "n_off_path": 0,
            "n_branch_points": 0,
            "n_stated": 400,
            "first_at": START if timed else None,
            "last_at": START + timedelta(days=days) if timed else None,
        }
        assert not set(changes) - set(row)
        return row | changes

    return make


@pytest.fixture(scope="session")
def table():
    return lambda *rows: pa.Table.from_pylist(list(rows), schema=RELATIONSHIPS)


@pytest.fixture(scope="session")
def estimate():
    """estimate(measure, value, low, high, ...): an Estimate, with the unit and n that its measure has."""

    def make(
        measure, value, low=Missing.TOO_FEW, high=Missing.TOO_FEW, *, number=1, n=None, p=None, rung=Rung.DESCRIBED
    ):
        if measure.startswith("rate."):
            unit, n_of, n = "per 100 messages", "readable messages in 14 sessions", 300 if n is None else n
        elif measure.startswith("change.rate."):
            unit, n_of, n = "per 100 messages", "sessions", 44 if n is None else n
        elif measure.startswith("share."):
            unit, n_of, n = "of 100 sessions", "sessions in 10 weeks", 32 if n is None else n
        else:
            unit, n_of, n = "minutes a week", "weeks", 10 if n is None else n
        return Estimate(
            measure=measure,
            relationship_id=number,
            value=value,
            low=low,
            high=high,
            level=0.95,
            n=n,
            n_of=n_of,
            rung=rung,
            null=None if p is None else Null(statement="cut anywhere", p=p),
            method="made up",
            unit=unit,
        )

    return make


@pytest.fixture(scope="session")
def full(estimate):
    """Estimates of everything for one relationship."""

    def make(number=1):
        made = [
            estimate("weekly.sessions", 3.2, 2.1, 4.3, number=number),
            estimate("weekly.minutes", 64.0, 40.2, 87.8, number=number),
            estimate("weekly.messages_person", 41.0, 30.0, 52.0, number=number),
            estimate("weekly.active_days", 2.4, 1.6, 3.2, number=number),
            estimate("share.started_by_person", 96.5, 88.0, 99.0, number=number, n=32),
            estimate("share.regenerations_per_reply", 0.0, 0.0, 1.4, number=number, n=200),
            estimate("share.night_share", 12.5, 4.0, 27.0, number=number, n=32),
            estimate("change.minutes", -12.0, -21.0, -3.0, p=Missing.TOO_FEW, number=number),
        ]
        for place, key in enumerate(READ):
            made.append(estimate(f"rate.{key}", 4.3 + place, 2.9, 9.7 + place, number=number))
            made.append(estimate(f"change.rate.{key}", 1.0, -2.0, 4.0, p=0.4, number=number))
        return made

    return make
