"""The store: one file, opened, added to, read from, and made to forget."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from attunement.errors import StoreError
from attunement.store.changes import CHANGES
from attunement.store.database import Database
from attunement.store.importing import Import
from attunement.store.sealing import Sealer
from attunement.store.unread import ANNOTATORS, COUNTERS, GATES, WHOLE, Looked, unread_text, with_text
from attunement.vocabulary import (
    ANNOTATIONS,
    FLAGS,
    MODEL_CHANGES,
    NOTICES,
    RELATIONSHIPS,
    STYLES,
    TO_READ,
    TURNS,
    check,
)

TURN_ROWS = 131_072
"""Rows of TURNS in a batch."""

_ANNOTATED = pa.schema(
    [
        TURNS.field("relationship_id"),
        TURNS.field("sent_at"),
        TURNS.field("message_id"),
        ("construct", pa.string()),
        ("probability", pa.float32()),
        ("missing", pa.string()),
    ]
)

_STYLED = pa.schema(
    [
        TURNS.field("relationship_id"),
        TURNS.field("sent_at"),
        TURNS.field("role"),
        *(STYLES.field(name) for name in ("measure", "count", "words", "missing")),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    n_read: int
    """Messages that the source held."""
    n_added: int
    """Messages that were not in the store before."""


class Store:
    """What was read, kept in one DuckDB file that only its owner can open.

    Args:
        path: the file, made where there is none; None keeps everything in memory.
        passphrase: seals the text of messages and events. It is needed again to read text, never to read counts.

    Raises:
        StoreError: the file is no store, is newer than this program, or the passphrase is not its own.
    """

    def __init__(self, path: str | Path | None = None, *, passphrase: str | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._database = Database(self.path)
        try:
            self._sealer = self._unlock(passphrase)
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @property
    def is_sealed(self) -> bool:
        """Whether the text in it is sealed under a passphrase."""
        return self._database.about("salt") is not None

    @property
    def is_locked(self) -> bool:
        """Whether the text is sealed and the store was opened without the passphrase."""
        return self.is_sealed and self._sealer is None

    def _unlock(self, passphrase: str | None) -> Sealer | None:
        if passphrase == "":
            raise StoreError(
                "the passphrase is empty", got='""', have="a passphrase, or None", do="give one, or leave it out"
            )
        database = self._database
        salt, proof = database.about("salt"), database.about("proof")
        if salt is None or proof is None:
            return self._seal_new(passphrase) if passphrase else None
        if not passphrase:
            return None
        sealer = Sealer(passphrase, bytes.fromhex(salt))
        sealer.check(bytes.fromhex(proof))
        for number, key in database.rows("SELECT relationship_id, key FROM relationships WHERE key IS NOT NULL"):
            sealer.learn_key(number, key)
        return sealer

    def _seal_new(self, passphrase: str) -> Sealer:
        database = self._database
        n_there = database.number("SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM events)")
        if n_there:
            raise StoreError(
                "this store holds text that is not sealed",
                got="a passphrase",
                have=f"{n_there} messages and events in the clear",
                do="read the exports again into a new store with the passphrase, and delete this one",
            )
        salt = os.urandom(16)
        sealer = Sealer(passphrase, salt)
        with database.transaction():
            database.rows("INSERT INTO about VALUES ('salt', ?), ('proof', ?)", salt.hex(), sealer.proof().hex())
        return sealer

    # -- adding ----------------------------------------------------------------------------------------------------

    @contextmanager
    def importing(self, *, read_from: str, forms: Sequence[str], program: str) -> Iterator[Import]:
        """Add what one reading gives: committed as a whole at the end, or not at all.

        Raises:
            StoreError: the store is sealed and was opened without its passphrase.
        """
        if self.is_locked:
            raise StoreError(
                "this store is sealed",
                got="no passphrase",
                have="text sealed under a passphrase",
                do="give the passphrase, so that what is added is sealed as well",
            )
        database = self._database
        with database.transaction():
            last = database.number("SELECT max(import_id) FROM imports")
            under_way = Import(database, self._sealer, import_id=last + 1)
            yield under_way
            database.rows(
                "INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?)",
                under_way.import_id,
                read_from,
                int(datetime.now(tz=UTC).timestamp() * 1e6),
                program,
                ", ".join(forms),
                under_way.n_read,
                under_way.n_added,
            )

    def add_annotations(self, table: pa.Table) -> None:
        """Add what an annotator found."""
        check(table, ANNOTATIONS, stage="store")
        self._add(table, ANNOTATORS)

    def add_flags(self, table: pa.Table) -> None:
        """Add what a gate raised, and what it read without raising it."""
        check(table, FLAGS, stage="store")
        self._add(table, GATES)

    def add_styles(self, table: pa.Table) -> None:
        """Add how messages are written, as counts."""
        check(table, STYLES, stage="store")
        self._add(table, COUNTERS)

    def _add(self, table: pa.Table, looked: Looked) -> None:
        with self._database.transaction():
            self._database.connection.register("found", table)
            self._database.rows(f"INSERT INTO {looked.table} BY NAME SELECT * FROM found")  # noqa: S608 - our own name
            self._database.connection.unregister("found")

    # -- reading ---------------------------------------------------------------------------------------------------

    def turns(self) -> Iterator[pa.RecordBatch]:
        """TURNS, sorted by relationship, time, thread and position. Untimed messages come last."""
        return self._stream(
            "SELECT relationship_id, thread_id, message_id, parent_id, role, sent_us AS sent_at,"
            " time_is = 0 AS is_stated, on_path, n_words, rating FROM messages"
            " ORDER BY relationship_id, sent_us NULLS LAST, thread_id, position",
            TURNS,
            TURN_ROWS,
        )

    def readable(self, *, annotator: str, version: str) -> Iterator[tuple[pa.RecordBatch, pa.Table]]:
        """The words of whole conversations in which an annotator has not read every message yet.

        Each item is a batch of the messages to be read and a table of the others of the same conversations (those that
        were read before, and those of the product and of tools). Both have relationship_id, conversation_id (the
        thread's hash, unique in the store), message_id, parent_id, position, role and text.

        Raises:
            StoreError: the text is sealed, and the store was opened without its passphrase.
        """
        yield from self._unread(ANNOTATORS, annotator, version)

    def unflagged(self, *, gate: str, version: str) -> Iterator[tuple[pa.RecordBatch, pa.Table]]:
        """The words of conversations with messages of the person that a gate has not read yet, like `readable`.

        Raises:
            StoreError: the text is sealed, and the store was opened without its passphrase.
        """
        yield from self._unread(GATES, gate, version)

    def unstyled(self, *, version: str) -> Iterator[tuple[pa.RecordBatch, pa.Table]]:
        """The words of conversations with messages whose style was not counted yet, like `readable`.

        Raises:
            StoreError: the text is sealed, and the store was opened without its passphrase.
        """
        yield from self._unread(COUNTERS, WHOLE, version)

    def _unread(self, looked: Looked, who: str, which: str) -> Iterator[tuple[pa.RecordBatch, pa.Table]]:
        self._refuse_text_when_locked()
        yield from unread_text(self._database, self._sealer, looked, who=who, which=which)

    def n_unread(self, *, annotator: str, version: str) -> int:
        """How many messages an annotator has not read yet."""
        return self._database.number("SELECT count(*) FROM unread(?, ?)", annotator, version)

    def annotated(self) -> Iterator[pa.RecordBatch]:
        """Annotations with the relationship and time of their message, sorted like TURNS and then by construct.

        Where several annotators or versions looked for a construct, only what the last of them found is given, here
        and in `annotation_counts` and `evidence`.
        """
        return self._stream(
            "SELECT m.relationship_id, m.sent_us AS sent_at, m.message_id, a.construct, a.probability, a.missing"
            " FROM current_annotations AS a JOIN messages AS m USING (message_id)"
            " ORDER BY m.relationship_id, m.sent_us NULLS LAST, m.thread_id, m.position, a.construct",
            _ANNOTATED,
            TURN_ROWS,
        )

    def styled(self) -> Iterator[pa.RecordBatch]:
        """Counts of style with the relationship, time and side of their message, sorted like TURNS.

        Where several versions counted, only what the last of them found is given.
        """
        return self._stream(
            'SELECT m.relationship_id, m.sent_us AS sent_at, m.role, s.measure, s."count", s.words, s.missing'
            " FROM current_styles AS s JOIN messages AS m USING (message_id)"
            " ORDER BY m.relationship_id, m.sent_us NULLS LAST, m.thread_id, m.position, s.measure",
            _STYLED,
            TURN_ROWS,
        )

    def _stream(self, query: str, schema: pa.Schema, n_rows: int) -> Iterator[pa.RecordBatch]:
        cursor = self._database.connection.cursor()
        try:
            for batch in cursor.sql(query).to_arrow_reader(n_rows):
                if batch.num_rows:
                    yield _as(batch, schema)
        finally:
            cursor.close()

    def relationships(self) -> pa.Table:
        """One row a relationship, most used first."""
        query = """
            WITH counts AS (
                SELECT relationship_id, string_agg(DISTINCT source, ', ' ORDER BY source) AS sources,
                    count(DISTINCT thread_id) AS n_conversations, count(*) AS n_messages,
                    count(*) FILTER (role = 0) AS n_person, count(*) FILTER (role = 1) AS n_ai,
                    count(*) FILTER (NOT on_path) AS n_off_path, count(*) FILTER (time_is = 0) AS n_stated,
                    min(sent_us) FILTER (time_is = 0) AS first_at, max(sent_us) FILTER (time_is = 0) AS last_at
                FROM messages GROUP BY relationship_id
            ), branching AS (
                SELECT relationship_id, count(*) AS n_branch_points FROM (
                    SELECT relationship_id, parent_id FROM messages WHERE parent_id IS NOT NULL
                    GROUP BY relationship_id, parent_id HAVING count(*) > 1
                ) GROUP BY relationship_id
            )
            SELECT c.relationship_id, r.person_id, r.ai_id, c.sources, c.n_conversations, c.n_messages, c.n_person,
                c.n_ai, c.n_off_path, coalesce(b.n_branch_points, 0) AS n_branch_points, c.n_stated, c.first_at,
                c.last_at
            FROM counts AS c JOIN relationships AS r USING (relationship_id)
            LEFT JOIN branching AS b USING (relationship_id) ORDER BY c.n_messages DESC, c.relationship_id
        """
        return pa.Table.from_batches(list(self._stream(query, RELATIONSHIPS, TURN_ROWS)), schema=RELATIONSHIPS)

    def model_changes(self) -> pa.Table:
        """MODEL_CHANGES: where another language model began to write, by relationship and time.

        Messages of the AI that were left behind, have no stated time or state no model are passed over.
        """
        return pa.Table.from_batches(list(self._stream(CHANGES, MODEL_CHANGES, TURN_ROWS)), schema=MODEL_CHANGES)

    def notices(self) -> pa.Table:
        """What was skipped, mended or inferred at the latest import of each source."""
        query = """
            SELECT form, kind, what, n, example, "do" FROM notices WHERE import_id IN
            (SELECT max(import_id) FROM imports GROUP BY read_from) ORDER BY import_id, n DESC
        """
        return pa.Table.from_batches(list(self._stream(query, NOTICES, TURN_ROWS)), schema=NOTICES)

    def sources(self) -> tuple[str, ...]:
        """What was read into the store."""
        rows = self._database.rows("SELECT read_from FROM imports GROUP BY read_from ORDER BY min(import_id)")
        return tuple(row[0] for row in rows)

    def annotation_counts(self) -> pa.Table:
        """For each construct and annotator: messages read, and messages missing by reason."""
        return self._database.connection.sql(
            "SELECT construct, annotator, annotator_version, missing, count(*) AS n FROM current_annotations"
            " GROUP BY ALL ORDER BY ALL"
        ).to_arrow_table()

    def evidence(self, *, most: int = 3, at_least: float = 0.5) -> dict[tuple[int, str], tuple[int, ...]]:
        """The messages that show each construct best, by relationship and construct."""
        rows = self._database.rows(
            "SELECT m.relationship_id, a.construct, list(a.message_id ORDER BY a.probability DESC, a.message_id)[:?]"
            " FROM current_annotations AS a JOIN messages AS m USING (message_id) WHERE a.probability >= ?"
            " GROUP BY ALL",
            most,
            at_least,
        )
        return {(row[0], row[1]): tuple(row[2]) for row in rows}

    def quotes(self, message_ids: Sequence[int]) -> dict[int, str]:
        """The words of some messages, for a reader of the store who asked for them."""
        self._refuse_text_when_locked()
        cursor = self._database.connection.cursor()
        cursor.register("wanted", pa.table({"message_id": pa.array(message_ids, pa.uint64())}))
        found = cursor.sql(
            "SELECT relationship_id, message_id, role, text, sealed FROM messages"
            " WHERE message_id IN (SELECT message_id FROM wanted)"
        ).to_arrow_table()
        cursor.close()
        rows = [row for piece in found.to_batches() for row in with_text(piece, self._sealer).to_pylist()]
        return {row["message_id"]: row["text"] for row in rows if row["text"]}

    def to_read(self) -> pa.Table:
        """The messages that a gate raised, by relationship and time: where they are, and not what they say."""
        query = """
            SELECT m.relationship_id, m.conversation_id, m.message_id, m.sent_us AS sent_at, f.gate, f.gate_version
            FROM current_flags AS f JOIN messages AS m USING (message_id) WHERE f.flagged
            ORDER BY m.relationship_id, m.sent_us NULLS LAST, m.thread_id, m.position
        """
        return pa.Table.from_batches(list(self._stream(query, TO_READ, TURN_ROWS)), schema=TO_READ)

    def _refuse_text_when_locked(self) -> None:
        if self.is_locked:
            raise StoreError(
                "the text in this store is sealed",
                got="no passphrase",
                have="text sealed under a passphrase",
                do="give the passphrase with --passphrase-file, or ask only for what needs no text",
            )

    # -- forgetting ------------------------------------------------------------------------------------------------

    def forget(self, relationship_id: int) -> int:
        """Delete a relationship: its key first, then its rows, then write the file anew. Gives the messages deleted."""
        database = self._database
        with database.transaction():
            database.rows("UPDATE relationships SET key = NULL WHERE relationship_id = ?", relationship_id)
            for table in ("annotations", "flags", "styles"):
                database.rows(
                    f"DELETE FROM {table} WHERE message_id IN"  # noqa: S608 - our own names
                    " (SELECT message_id FROM messages WHERE relationship_id = ?)",
                    relationship_id,
                )
            n_gone = database.number("DELETE FROM messages WHERE relationship_id = ?", relationship_id)
            database.rows("DELETE FROM events WHERE relationship_id = ?", relationship_id)
            database.rows("DELETE FROM relationships WHERE relationship_id = ?", relationship_id)
            database.owe_rewrite()
        self._database.rewrite()
        return n_gone


def _as(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The same columns with the types that the vocabulary declares."""
    columns = [
        batch.column(field.name)
        if batch.column(field.name).type == field.type
        else batch.column(field.name).cast(field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
