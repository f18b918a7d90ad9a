"""What a reply answers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.annotation.columns import readable, with_context

_HOPS = 8
"""How many AI, tool and system messages may lie between a reply and the words it answers."""

_NONE = -1
NOT_GIVEN = -2
"""In the place of a row: the way up leads to a message that was not given."""


def answered(messages: pa.RecordBatch | pa.Table, *, context: pa.RecordBatch | pa.Table | None = None) -> pa.Table:
    """For each message, the person's message it answers and the one the person wrote before that.

    Both are found by going up `parent_id`, past messages that are not the person's, within the messages and the
    context.

    Returns:
        One row a message, in the same order: message_id, answered_id, answered_text, earlier_id, earlier_text, and
        `known`: false where the way up leads to a message that was not given.
    """
    rows = with_context(readable(messages, stage="annotation"), context)
    first, second = trace(rows, n_messages=messages.num_rows)
    columns = {"message_id": rows["message_id"].slice(0, messages.num_rows)}
    for name, found in (("answered", first), ("earlier", second)):
        places = pa.array(found, mask=found < 0)
        columns[f"{name}_id"] = rows["message_id"].take(places)
        columns[f"{name}_text"] = rows["text"].take(places)
    return pa.table(columns | {"known": pa.array(first != NOT_GIVEN)})


def trace(rows: pa.Table, *, n_messages: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the person's last and last but one message above each of the first `n_messages` rows.

    -1 says that there is none, -2 that the way up leads to a message that was not given.
    """
    parents = _parents(rows)
    is_person = pc.equal(rows["role"], "person").to_numpy()
    first = _person_above(np.arange(n_messages), parents=parents, is_person=is_person)
    return first, _person_above(first, parents=parents, is_person=is_person)


def _parents(rows: pa.Table) -> np.ndarray:
    ids = rows["message_id"].combine_chunks()
    found = pc.index_in(rows["parent_id"], value_set=ids)
    places = found.fill_null(NOT_GIVEN).to_numpy().astype(np.int64)
    return np.where(rows["parent_id"].is_null().to_numpy(), _NONE, places)


def _person_above(start: np.ndarray, *, parents: np.ndarray, is_person: np.ndarray) -> np.ndarray:
    if not len(parents):
        return start
    here = np.where(start >= 0, parents[np.maximum(start, 0)], start)
    for _ in range(_HOPS):
        passing = _not_persons(here, is_person)
        if not passing.any():
            return here
        here = np.where(passing, parents[np.maximum(here, 0)], here)
    return np.where(_not_persons(here, is_person), _NONE, here)


def _not_persons(here: np.ndarray, is_person: np.ndarray) -> np.ndarray:
    """Which places hold a message that the person did not write. A negative place holds none, and is no index."""
    return np.asarray((here >= 0) & ~is_person[np.maximum(here, 0)])
