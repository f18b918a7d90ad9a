"""Rates of style a session, against a slow reference, in any split, with their errors and reasons."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.panels import find_sessions
from attunement.panels.styles import measure_styles
from attunement.vocabulary import PANEL, SESSIONS, TIME, TURNS, check

START = datetime(2026, 1, 5, 19, 30, tzinfo=UTC)
STYLED = pa.schema(
    [
        ("relationship_id", pa.uint64()),
        ("sent_at", TIME),
        ("role", pa.int8()),
        ("message_id", pa.uint64()),
        ("measure", pa.string()),
        ("count", pa.int32()),
        ("words", pa.int32()),
        ("missing", pa.string()),
    ]
)


@st.composite
def some_messages(draw):
    """Messages of a few relationships: (relationship, time, role, words or None, hedges, commas)."""
    found = []
    for owner in sorted(draw(st.sets(st.integers(1, 2**64 - 1), max_size=3))):
        at = START
        for place in range(draw(st.integers(1, 8))):
            at += draw(st.sampled_from([timedelta(minutes=1), timedelta(hours=2)]))
            words = draw(st.sampled_from([None, 0, 3, 40]))
            hedges, commas = (draw(st.integers(0, 2)) if words else 0 for _ in range(2))
            found.append((owner, at, place % 2, words, hedges, commas))
    return found


def sessions_of(some):
    turns = [
        {
            "relationship_id": owner,
            "thread_id": 1,
            "message_id": place + 1,
            "parent_id": None,
            "role": role,
            "sent_at": at,
            "is_stated": True,
            "on_path": True,
            "n_words": words or 0,
            "rating": None,
        }
        for place, (owner, at, role, words, _, _) in enumerate(some)
    ]
    batches = [pa.RecordBatch.from_pylist(turns, schema=TURNS)] if turns else []
    return pa.Table.from_batches(list(find_sessions(batches)), schema=SESSIONS)


def styled(some):
    rows = []
    for place, (owner, at, role, words, hedges, commas) in enumerate(some):
        row = {"relationship_id": owner, "sent_at": at, "role": role, "message_id": place + 1, "words": words or 0}
        missing = "unreadable" if words is None else None
        rows.append(row | {"measure": "words", "count": words, "missing": missing})
        rows += [row | {"measure": "hedges", "count": hedges, "missing": None}] * (hedges > 0)
        rows += [row | {"measure": "commas", "count": commas, "missing": None}] * (commas > 0)
    return pa.RecordBatch.from_pylist(rows, schema=STYLED)


def panel(batches, sessions):
    found = list(measure_styles(batches, sessions))
    for batch in found:
        check(batch, PANEL, stage="test")
    rows = [row for batch in found for row in batch.to_pylist()]
    return {(row["relationship_id"], row["period_start"], row["measure"]): row for row in rows}


def slow(some, sessions):
    begun = sorted((row["relationship_id"], row["started_at"]) for row in sessions.to_pylist())
    cells = defaultdict(lambda: [0, 0, 0, 0])
    ever = defaultdict(lambda: [0, 0])
    for owner, at, role, words, hedges, commas in some:
        session = max(start for one, start in begun if one == owner and start <= at)
        cell = cells[owner, session, ("person", "ai")[role]]
        for place, more in enumerate((words or 0, (words or 0) > 0, hedges, commas)):
            cell[place] += more
        ever[owner][0] += hedges
        ever[owner][1] += commas
    found = {}
    for (owner, session, side), (words, n, hedges, commas) in cells.items():
        if words:
            found[owner, session, f"style.{side}.words"] = words / n
            for place, (name, count) in enumerate((("hedges", hedges), ("commas", commas))):
                if ever[owner][place]:
                    found[owner, session, f"style.{side}.{name}"] = 100 * count / words
    return found


@settings(max_examples=80, deadline=None)
@given(some_messages())
def test_rates_are_those_of_the_slow_reference(some):
    sessions = sessions_of(some)
    rows = panel([styled(some)], sessions)
    known = {key: row["value"] for key, row in rows.items() if row["missing"] is None}
    assert known == pytest.approx(slow(some, sessions))
    for row in rows.values():
        assert (row["value"] is None) == (row["missing"] == "unreadable")
        assert row["measure"].endswith(".words") or row["se"] > 0


@settings(max_examples=40, deadline=None)
@given(some_messages(), st.data())
def test_any_split_gives_the_same(some, data):
    whole = styled(some)
    cut = data.draw(st.integers(0, whole.num_rows))
    parts = [whole.slice(0, cut), whole.slice(cut)]
    sessions = sessions_of(some)
    assert panel(parts, sessions) == panel([whole], sessions)


def test_the_error_is_that_of_rates_over_repeated_sessions():
    """Messages of one session go together: the stated error must be what rates really vary by, not that of words."""
    rng = np.random.default_rng(8)
    some = []
    for session in range(400):
        for place in range(12):
            words = int(rng.integers(5, 40))
            rate = 0.05 * rng.gamma(0.5, 2.0)  # of a message: far from independent words
            hedges = min(int(rng.poisson(rate * words)), words)
            some.append((9, START + timedelta(days=session, minutes=place), 0, words, hedges, 0))
    rows = panel([styled(some)], sessions_of(some))
    of_hedges = [row for key, row in rows.items() if key[2] == "style.person.hedges"]
    spread = np.std([row["value"] for row in of_hedges])
    assert np.sqrt(np.mean([row["se"] ** 2 for row in of_hedges])) == pytest.approx(spread, rel=0.12)
    independent = 100 * np.sqrt(0.05 / np.mean([row["n"] for row in of_hedges]))
    assert spread > 1.2 * independent, "or the test shows nothing"


def test_without_sessions_there_is_nothing():
    assert panel([styled([])], sessions_of([])) == {}
