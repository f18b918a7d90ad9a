"""The words that somebody has not read yet, conversation by conversation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.store.database import Database
from attunement.store.sealing import Sealer
from attunement.vocabulary import ROLES

TEXT_ROWS = 8_192
"""Messages whose words are handed out at a time."""

WHOLE = "words"
"""The measure of STYLES that has a row for every message that was counted."""

_SYSTEM = ROLES.index("system")


@dataclass(frozen=True, slots=True)
class Looked:
    """Where it is kept who has read which message."""

    table: str
    who: str
    which: str
    unread: str
    """The macro that gives what was not read yet."""


ANNOTATORS = Looked("annotations", "annotator", "annotator_version", "unread")
GATES = Looked("flags", "gate", "gate_version", "unflagged")
COUNTERS = Looked("styles", "measure", "version", "unstyled")


def unread_text(
    database: Database, sealer: Sealer | None, looked: Looked, *, who: str, which: str
) -> Iterator[tuple[pa.RecordBatch, pa.Table]]:
    """Messages to be read, and the others of the same conversations."""
    for piece in _threads(database, looked, who, which):
        cursor = database.connection.cursor()
        cursor.register("wanted", piece)
        found = cursor.sql(
            "SELECT relationship_id, thread_id::VARCHAR AS conversation_id, message_id, parent_id, position, role,"
            " text, sealed FROM messages WHERE rowid BETWEEN $first AND $last"
            " AND thread_id IN (SELECT thread_id FROM wanted)",
            params={"first": pc.min(piece["first"]).as_py(), "last": pc.max(piece["last"]).as_py()},
        ).to_arrow_table()
        is_new = pc.less(found["role"], _SYSTEM).combine_chunks()
        if pc.any(piece["was_begun"]).as_py():
            cursor.register("found", found.select(["message_id"]))
            before = cursor.sql(
                f"SELECT DISTINCT message_id FROM {looked.table} WHERE {looked.who} = $who"  # noqa: S608 - our own names
                f" AND {looked.which} = $which AND message_id IN (SELECT message_id FROM found)",
                params={"who": who, "which": which},
            ).to_arrow_table()
            is_new = pc.and_not(is_new, pc.is_in(found["message_id"].combine_chunks(), before["message_id"]))
        cursor.close()
        whole = with_text(found.combine_chunks().to_batches()[0], sealer)
        yield whole.filter(is_new), pa.table(whole.filter(pc.invert(is_new)))


def _threads(database: Database, looked: Looked, who: str, which: str) -> Iterator[pa.Table]:
    """Threads with messages to be read, some thousand messages at a time, and the rows between which they lie."""
    cursor = database.connection.cursor()
    table = cursor.sql(
        "SELECT thread_id, min(m.rowid) AS first, max(m.rowid) AS last, count(*) AS n,"  # noqa: S608 - our own name
        " count(*) FILTER (role < 2) > any_value(n_new) AS was_begun FROM messages AS m JOIN"
        f" (SELECT thread_id, count(*) AS n_new FROM {looked.unread}($who, $which) GROUP BY thread_id)"
        " USING (thread_id) GROUP BY thread_id ORDER BY first",
        params={"who": who, "which": which},
    ).to_arrow_table()
    cursor.close()
    chunk = table.column("n").to_numpy().cumsum() // TEXT_ROWS
    bounds = [0, *(np.flatnonzero(chunk[1:] != chunk[:-1]) + 1).tolist(), table.num_rows]
    for start, end in pairwise(bounds):
        if end > start:
            yield table.slice(start, end - start)


def with_text(batch: pa.RecordBatch, sealer: Sealer | None) -> pa.RecordBatch:
    """The same rows with their words opened, and roles as words."""
    if sealer is not None:
        rows = zip(
            batch.column("relationship_id").to_pylist(),
            batch.column("message_id").to_pylist(),
            batch.column("sealed").to_pylist(),
            strict=True,
        )
        opened = [sealer.open(*row) for row in rows]
        text = pa.array([None if texts is None else texts[0] for texts in opened], pa.string())
        batch = batch.set_column(batch.schema.get_field_index("text"), "text", text)
    role = pa.DictionaryArray.from_arrays(batch.column("role"), pa.array(ROLES))
    batch = batch.set_column(batch.schema.get_field_index("role"), "role", role)
    return batch.drop_columns(["sealed"])
