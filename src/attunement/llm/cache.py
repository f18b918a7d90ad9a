"""Answers on disk, so that nothing is paid for twice.

A file holds hashes of questions and what was kept of their answers. It holds neither what was asked nor a key.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

from attunement.errors import StoreError
from attunement.llm.questions import Answer, Tokens
from attunement.vocabulary import Missing

_OURS = 0x41747431
"""What the file says it is: its application id."""
_FORM = 1
_WAIT_S = 30.0
_MAKE = """
    CREATE TABLE IF NOT EXISTS answers (
        question BLOB PRIMARY KEY, kept TEXT, missing TEXT, n_in INTEGER NOT NULL, n_out INTEGER NOT NULL
    ) WITHOUT ROWID
"""


class Cache:
    """Answers by the hash of their question. Many threads may use it, and many programs the same file.

    Every answer is committed when it comes, so that a run that is killed loses none that it has.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Open or make a file that its owner alone can read; without a path, keep answers until it is closed.

        Raises:
            StoreError: the file is something else, or cannot be opened.
        """
        self._lock = threading.Lock()
        try:
            self._database = _opened(path)
        except (sqlite3.Error, OSError) as fault:
            raise StoreError(
                "the file for answers cannot be opened",
                got=f"{path}: {fault}",
                have="a file that an earlier run made, or a path where there is none",
                do="name another path, or move the file away",
            ) from None

    def get(self, question: bytes) -> Answer | None:
        """The answer to a question, if it is there."""
        with self._lock:
            rows = self._database.execute("SELECT kept, missing FROM answers WHERE question = ?", (question,))
            row = rows.fetchone()
        if row is None:
            return None
        kept, missing = row
        return Answer(missing=Missing(missing)) if kept is None else Answer(kept=json.loads(kept))

    def put(self, question: bytes, answer: Answer, *, used: Tokens) -> None:
        """Keep a settled answer, at once and for good."""
        kept = None if answer.kept is None else json.dumps(answer.kept, separators=(",", ":"))
        with self._lock:
            self._database.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                (question, kept, answer.missing, used.n_in, used.n_out),
            )

    def forget_failures(self) -> None:
        """Drop every reason for a missing answer, so that those questions are asked again."""
        with self._lock:
            self._database.execute("DELETE FROM answers WHERE missing IS NOT NULL")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None and not path.exists():
        path.touch(mode=0o600)
    database = sqlite3.connect(
        ":memory:" if path is None else path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
    )
    try:
        _make_ready(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _make_ready(database: sqlite3.Connection, path: Path | None) -> None:
    (identity,) = database.execute("PRAGMA application_id").fetchone()
    (n_tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if identity != _OURS and n_tables:
        raise sqlite3.DatabaseError("it holds something else")
    (form,) = database.execute("PRAGMA user_version").fetchone()
    if form > _FORM:
        raise sqlite3.DatabaseError("a later version of this program wrote it")
    if path is not None:
        # SQLite gives the files beside it (-wal, -shm) the same mode.
        path.chmod(0o600)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(f"PRAGMA application_id = {_OURS}")
    database.execute(f"PRAGMA user_version = {_FORM}")
    database.execute(_MAKE)
