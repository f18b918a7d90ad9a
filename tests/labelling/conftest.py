"""An invented log, its frame and its draw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from attunement.codebook import load
from attunement.labelling import described, draw, drawn_messages, frame_of
from attunement.panels import find_sessions
from attunement.vocabulary import SESSIONS, TURNS, hashed

START = datetime(2026, 1, 5, 19, 0, tzinfo=UTC)
CONSTRUCTS = ("ai.warmth", "user.lonely")


def turns_of(shape: dict[int, list[int]], **changes) -> pa.Table:
    """TURNS: for each relationship the lengths of its sessions, a day apart, all in one conversation."""
    rows = []
    for relationship, lengths in sorted(shape.items()):
        place = 0
        for day, length in enumerate(lengths):
            for minute in range(length):
                rows.append(
                    {
                        "relationship_id": relationship,
                        "thread_id": relationship,
                        "message_id": hashed(str(relationship), str(place)),
                        "parent_id": hashed(str(relationship), str(place - 1)) if place else None,
                        "role": place % 2,
                        "sent_at": START + timedelta(days=day, minutes=minute),
                        "is_stated": True,
                        "on_path": True,
                        "n_words": 4,
                        "rating": None,
                    }
                    | changes
                )
                place += 1
    return pa.Table.from_pylist(rows, schema=TURNS)


def sessions_of(turns: pa.Table) -> pa.Table:
    return pa.Table.from_batches(find_sessions(turns.to_batches()), schema=SESSIONS)


def words_of(messages) -> dict[int, str]:
    return {message: f"words of {message % 1000}" for message in messages}


@dataclass
class Draw:
    turns: pa.Table
    frame: object
    choice: object
    drawn: object
    messages: pa.Table
    constructs: list


def facts(**changes):
    return {
        "program": "attunement 0",
        "drawn_at": "2026-01-01T00:00:00+00:00",
        "store": "kept.duckdb",
        "n": 6,
        "of": "units",
        "seed": 7,
        "favour": {},
        "doubtful": 0.0,
        "gap_minutes": 30.0,
        "constructs": dict.fromkeys(CONSTRUCTS, 1),
        "annotators": {},
        "n_out_of_reach": 0,
    } | changes


@pytest.fixture
def drawing():
    turns = turns_of({one: [6, 4, 8, 5, 7] for one in range(1, 9)})
    frame = frame_of(turns, kind="session", constructs=CONSTRUCTS, sessions=sessions_of(turns))
    rng = np.random.default_rng(7)
    choice = draw(frame, n=16, of="units", favour={"early": 2.0, "late": 2.0}, doubtful=0.0, rng=rng)
    codebook = load()
    return Draw(
        turns=turns,
        frame=frame,
        choice=choice,
        drawn=described(frame, choice, **facts()),
        messages=drawn_messages(turns, frame, choice, words=words_of),
        constructs=[codebook.construct(key) for key in CONSTRUCTS],
    )


@pytest.fixture(name="facts")
def _facts():
    """What a manifest says besides the draw."""
    return facts


@pytest.fixture
def log():
    """What makes TURNS, and SESSIONS of them."""
    return turns_of, sessions_of
