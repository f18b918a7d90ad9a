"""What can be drawn: every message in one unit, thirds that hold equally many, sessions as `panels` finds them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from attunement.errors import OptionError
from attunement.labelling import frame_of
from attunement.vocabulary import TURNS, hashed

BOTH = ("ai.warmth", "user.lonely")


def test_sessions_are_those_of_panels(log):
    turns_of, sessions_of = log
    turns = turns_of({3: [4, 1, 5], 5: [2], 9: [3, 3]})
    sessions = sessions_of(turns)
    frame = frame_of(turns, kind="session", constructs=BOTH, sessions=sessions)
    assert frame.n_messages.tolist() == sessions["n_messages"].to_pylist()
    assert frame.relationship.tolist() == sessions["relationship_id"].to_pylist()
    assert frame.session.tolist() == sessions["session"].to_pylist()
    assert frame.n_out_of_reach == 0
    assert [frame.strata[code] for code in frame.stratum] == ["early", "middle", "late", "middle", "early", "late"]


def test_relationships_are_drawn_whole(log):
    turns_of, _ = log
    frame = frame_of(turns_of({3: [4, 1, 5], 5: [2], 9: [3, 3]}), kind="relationship", constructs=BOTH)
    assert frame.n_messages.tolist() == [10, 2, 6]
    assert frame.session.tolist() == [-1, -1, -1]
    assert [frame.strata[code] for code in frame.stratum] == ["long", "short", "middle"]
    assert np.bincount(frame.third[frame.unit == 0]).tolist() == [4, 3, 3]


def test_only_the_sides_that_are_asked_about_and_only_words(log):
    turns_of, sessions_of = log
    turns = turns_of({3: [4, 6]})
    own = frame_of(turns, kind="session", constructs=["ai.warmth"], sessions=sessions_of(turns))
    assert own.n_messages.tolist() == [2, 3]
    silent = turns.set_column(8, TURNS.field("n_words"), pa.array([0, 0, 0, 0, 3, 3, 3, 3, 3, 3], pa.int32()))
    frame = frame_of(silent, kind="session", constructs=BOTH, sessions=sessions_of(turns))
    assert frame.n_messages.tolist() == [6]
    assert frame.session.tolist() == [1]


def test_what_states_no_time_lies_in_no_session(log):
    turns_of, sessions_of = log
    whole = turns_of({3: [4, 6]})
    rows = whole.to_pylist()
    for row in rows[7:]:
        row["sent_at"], row["is_stated"] = None, False
    turns = pa.Table.from_pylist(rows, schema=TURNS)
    frame = frame_of(turns, kind="session", constructs=BOTH, sessions=sessions_of(turns))
    assert frame.n_messages.tolist() == [4, 3]
    assert frame.n_out_of_reach == 3
    untimed = turns_of({3: [4]}, sent_at=None, is_stated=False)
    with pytest.raises(OptionError, match="no session to draw"):
        frame_of(untimed, kind="session", constructs=BOTH, sessions=sessions_of(untimed))


def test_inferred_times_before_the_first_stated_one_join_the_first_session(log):
    turns_of, sessions_of = log
    rows = turns_of({2: [3], 3: [4, 4]}).to_pylist()
    for row in rows:
        if row["relationship_id"] == 3 and row["message_id"] in {hashed("3", "0"), hashed("3", "1")}:
            row["is_stated"] = False
            row["sent_at"] -= timedelta(hours=2)
    turns = pa.Table.from_pylist(rows, schema=TURNS)
    sessions = sessions_of(turns)
    frame = frame_of(turns, kind="session", constructs=BOTH, sessions=sessions)
    assert frame.n_messages.tolist() == sessions["n_messages"].to_pylist() == [3, 4, 4]


@pytest.mark.parametrize("kind", ["conversation", "session"])
def test_what_cannot_be_drawn_is_refused(log, kind):
    turns_of, _ = log
    with pytest.raises(OptionError, match="cannot be drawn"):
        frame_of(turns_of({3: [4]}), kind=kind, constructs=BOTH)


def test_doubt_is_that_of_the_constructs_asked_about(log):
    turns_of, sessions_of = log
    turns = turns_of({3: [2, 2]})
    said = [("ai.warmth", 1, 0.5), ("ai.warmth", 3, 0.1), ("ai.flattery", 3, 0.5), ("ai.warmth", 9, 0.5)]
    annotated = pa.RecordBatch.from_pylist(
        [{"message_id": hashed("3", str(place)), "construct": key, "probability": p} for key, place, p in said]
        + [{"message_id": hashed("3", "1"), "construct": "ai.warmth", "probability": None}],
        schema=pa.schema([("message_id", pa.uint64()), ("construct", pa.string()), ("probability", pa.float32())]),
    )
    frame = frame_of(turns, kind="session", constructs=BOTH, sessions=sessions_of(turns), annotated=[annotated])
    assert frame.doubt == pytest.approx([0.25, 0.09])
