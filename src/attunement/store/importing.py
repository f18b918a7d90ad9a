"""One import: all of it, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.errors import SchemaError
from attunement.store.counting import n_words
from attunement.store.database import Database
from attunement.store.sealing import Sealer
from attunement.vocabulary import EVENTS, MESSAGES, NOTICES, ROLES, TIME_IS, check, hashed

_ROLE_CODES = pa.array(ROLES)
_TIME_CODES = pa.array(TIME_IS)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Import:
    """An import under way, inside one transaction of the store."""

    def __init__(self, database: Database, sealer: Sealer | None, *, import_id: int) -> None:
        self._database = database
        self._sealer = sealer
        self.import_id = import_id
        self.n_read = 0
        self.n_added = 0
        self._known: set[int] = set()
        self._threads: dict[tuple[int, str], int] = {}

    def messages(self, batch: pa.RecordBatch) -> None:
        """Add the messages that are not there yet; those that are take over which branch is on path, and ratings."""
        check(batch, MESSAGES, stage="store")
        self.n_read += batch.num_rows
        self._relationships(batch)
        n_added = self._insert(self._prepared(batch), distinct=_repeats(batch))
        self.n_added += n_added

    def _insert(self, incoming: pa.Table, *, distinct: bool) -> int:
        """Add a batch, and give the rows that were new.

        The database finds `incoming` by its name in this very frame. A registered table would be the tidier way, but
        the database keeps what was registered inside a transaction until its end: the whole text of an import.
        """
        connection = self._database.connection
        rows = "SELECT DISTINCT ON (message_id) * FROM incoming" if distinct else "SELECT * FROM incoming"
        ((n_added,),) = connection.execute(
            f"INSERT INTO messages BY NAME SELECT * FROM ({rows})"  # noqa: S608
            " WHERE message_id NOT IN (SELECT message_id FROM messages)"
        ).fetchall()
        if n_added < incoming.num_rows:
            connection.execute(
                "UPDATE messages SET on_path = incoming.on_path, rating = coalesce(incoming.rating, messages.rating)"
                " FROM incoming WHERE messages.message_id = incoming.message_id AND messages.import_id <> ?"
                " AND (messages.on_path <> incoming.on_path OR messages.rating IS DISTINCT FROM"
                " coalesce(incoming.rating, messages.rating))",
                [self.import_id],
            ).fetchall()
        return int(n_added)

    def _relationships(self, batch: pa.RecordBatch | pa.Table) -> None:
        columns = ["relationship_id", "person_id", "ai_id"]
        table = batch if isinstance(batch, pa.Table) else pa.table(batch)
        for row in table.select(columns).group_by(columns).aggregate([]).to_pylist():
            number = row["relationship_id"]
            if number in self._known:
                continue
            self._known.add(number)
            stored = self._database.rows("SELECT key FROM relationships WHERE relationship_id = ?", number)
            if not stored:
                key = self._sealer.new_key(number) if self._sealer else None
                self._database.rows(
                    "INSERT INTO relationships VALUES (?, ?, ?, ?)", number, row["person_id"], row["ai_id"], key
                )
            elif self._sealer is not None:
                self._sealer.learn_key(number, stored[0][0])

    def _prepared(self, batch: pa.RecordBatch) -> pa.Table:
        text, extra = batch.column("text"), batch.column("extra")
        sealed = pa.nulls(batch.num_rows, pa.binary())
        if self._sealer is not None:
            rows = zip(
                batch.column("relationship_id").to_pylist(),
                batch.column("message_id").to_pylist(),
                text.to_pylist(),
                extra.to_pylist(),
                strict=True,
            )
            sealed = pa.array([self._sealer.seal(*row) for row in rows], pa.binary())
        hidden = pa.nulls(batch.num_rows, pa.string())
        return pa.table(
            {
                "relationship_id": batch.column("relationship_id"),
                "thread_id": self._thread_ids(batch),
                "message_id": batch.column("message_id"),
                "parent_id": batch.column("parent_id"),
                "position": batch.column("position"),
                "role": _codes(batch.column("role"), _ROLE_CODES),
                "sent_us": batch.column("sent_at").cast(pa.int64()),
                "time_is": _codes(batch.column("sent_at_is"), _TIME_CODES),
                "on_path": batch.column("on_path"),
                "n_words": pa.array(n_words(text)),
                "rating": batch.column("rating"),
                "conversation_id": batch.column("conversation_id"),
                "source_id": batch.column("source_id"),
                "model": batch.column("model"),
                "source": batch.column("source"),
                "text": hidden if self._sealer else text,
                "extra": hidden if self._sealer else extra,
                "sealed": sealed,
                "import_id": pa.array(np.full(batch.num_rows, self.import_id, dtype=np.int32)),
            }
        )

    def _thread_ids(self, batch: pa.RecordBatch) -> pa.Array:
        """A hash of relationship and conversation, made once for each conversation of the batch."""
        conversations = pc.dictionary_encode(batch.column("conversation_id"))
        names = conversations.dictionary.to_pylist()
        codes = conversations.indices.to_numpy()
        owners = batch.column("relationship_id").to_numpy()
        pairs, inverse = np.unique(np.stack([owners, codes.astype(np.uint64)], axis=1), axis=0, return_inverse=True)
        threads = [hashed("thread", str(owner), names[code]) for owner, code in pairs.tolist()]
        return pa.array(np.asarray(threads, dtype=np.uint64)[inverse.reshape(-1)])

    def events(self, table: pa.Table) -> None:
        """Add the events that are not there yet."""
        check(table, EVENTS, stage="store")
        if table.num_rows == 0:
            return
        self._relationships(table)
        for row in table.to_pylist():
            number, event_id, text = row["relationship_id"], row["event_id"], row["text"]
            sealed = self._sealer.seal(number, event_id, text) if self._sealer else None
            at = row["at"]
            self._database.rows(
                "INSERT INTO events SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE ? NOT IN (SELECT event_id FROM events)",
                number,
                event_id,
                None if at is None else (at - _EPOCH) // timedelta(microseconds=1),
                row["kind"],
                None if self._sealer else text,
                sealed,
                row["source"],
                self.import_id,
                event_id,
            )

    def notices(self, table: pa.Table) -> None:
        """Add what was skipped, mended or inferred."""
        check(table, NOTICES, stage="store")
        for row in table.to_pylist():
            self._database.rows("INSERT INTO notices VALUES (?, ?, ?, ?, ?, ?, ?)", self.import_id, *row.values())


def _codes(column: pa.DictionaryArray, words: pa.Array) -> pa.Array:
    """The place of each word in the vocabulary's own order, whatever order the batch's dictionary has."""
    place = pc.index_in(column.dictionary, value_set=words).cast(pa.int8()).take(column.indices)
    if place.null_count:
        raise SchemaError(
            "store: a column holds a word that the vocabulary does not have",
            got=", ".join(map(str, column.dictionary.to_pylist())),
            have=", ".join(words.to_pylist()),
            do="use the words of the vocabulary",
        )
    return place


def _repeats(batch: pa.RecordBatch) -> bool:
    return bool(len(np.unique(batch.column("message_id").to_numpy())) < batch.num_rows)
