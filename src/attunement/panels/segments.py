"""Sorted batches, cut so that no relationship is split: what every kernel here works on.

A kernel is `f(table sorted by relationship and time, starts) -> batch`: pure, and vectorised over many relationships.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa


def whole_relationships(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[pa.Table, np.ndarray]]:
    """The same rows in pieces that hold relationships whole, each with the row where every relationship starts.

    The last relationship of a batch may go on in the next, so it is carried over. Pieces are as large as batches, or
    as the largest relationship.
    """
    carried: list[pa.RecordBatch] = []
    for batch in batches:
        if batch.num_rows == 0:
            continue
        owners = batch.column("relationship_id").to_numpy()
        changes = np.flatnonzero(owners[1:] != owners[:-1]) + 1
        continues = bool(carried) and carried[-1].column("relationship_id")[-1].as_py() == int(owners[0])
        if carried and not continues:
            yield _piece(carried)
            carried = []
        if len(changes) == 0:
            carried.append(batch)
            continue
        last = int(changes[-1])
        yield _piece([*carried, batch.slice(0, last)])
        carried = [batch.slice(last)]
    if carried:
        yield _piece(carried)


def _piece(batches: list[pa.RecordBatch]) -> tuple[pa.Table, np.ndarray]:
    table = pa.Table.from_batches(batches).combine_chunks()
    return table, starts_of(table.column("relationship_id").to_numpy())


def starts_of(sorted_ids: np.ndarray) -> np.ndarray:
    """The places where a sorted array takes a new value."""
    if len(sorted_ids) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.concatenate([[0], np.flatnonzero(sorted_ids[1:] != sorted_ids[:-1]) + 1])


def sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The sum of each segment; no segment is empty."""
    return np.add.reduceat(values, starts) if len(starts) else values[:0]
