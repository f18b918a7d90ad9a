"""Opens the one file of a store: private to its owner, migrated, and cut off from any network."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from attunement.errors import StoreError
from attunement.store.schema import MIGRATIONS, VERSION

_REWRITE_DUE = "rewrite_due"

_SPILL = "attunement-spill-"

MEMORY_LIMIT = "256MB"
"""What the database may hold in memory before it spills; measured to be enough for ten million messages."""


@contextmanager
def private_files() -> Iterator[None]:
    """Files made in here belong to their owner alone (0600). The database makes its log anew at any commit."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _sweep() -> None:
    """Remove what programs that were killed had spilled: in stores that are not sealed it may hold text."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_SPILL}*"):
        owner = folder.name.removeprefix(_SPILL).partition("-")[0]
        if owner.isdigit() and not _is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    if os.name == "nt":
        return True  # asking there would end the process; its folders stay until the system clears them
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Database:
    """A connection to a store, and the folder that it spills into."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        _sweep()
        self._spill = tempfile.mkdtemp(prefix=f"{_SPILL}{os.getpid()}-")
        try:
            self.connection = self._connect()
        except BaseException:
            shutil.rmtree(self._spill, ignore_errors=True)
            raise
        try:
            self._migrate()
            if self.about(_REWRITE_DUE) is not None:
                self.rewrite()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> duckdb.DuckDBPyConnection:
        options = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": self._spill,
        }
        try:
            with private_files():
                return duckdb.connect(str(self.path) if self.path else ":memory:", config=options)  # type: ignore[arg-type]
        except duckdb.Error as fault:
            raise StoreError(
                f"the store {self.path} cannot be opened",
                got=str(fault).splitlines()[0][:200],
                have="a file that `attune read` made, and no other program that has it open",
                do="check the path, or close the other program",
            ) from fault

    def _migrate(self) -> None:
        connection = self.connection
        with self.transaction():
            tables = {name for (name,) in self.rows("SELECT table_name FROM duckdb_tables() WHERE NOT internal")}
            if tables and "about" not in tables:
                raise StoreError(
                    f"the file {self.path} is a database of another program",
                    got=f"the tables {', '.join(sorted(tables)[:5])}",
                    have="a file that `attune read` made, or a path where there is none yet",
                    do="check the path",
                )
            connection.execute("CREATE TABLE IF NOT EXISTS about (key VARCHAR PRIMARY KEY, value VARCHAR)")
            found = int(self.about("schema_version") or 0)
            if found > VERSION:
                raise StoreError(
                    f"the store {self.path} was written by a newer program",
                    got=f"schema version {found}",
                    have=f"schema version {VERSION}",
                    do="update with `pip install --upgrade attunement`",
                )
            for migration in MIGRATIONS[found:]:
                connection.execute(migration)
            connection.execute("INSERT OR REPLACE INTO about VALUES ('schema_version', ?)", [str(VERSION)])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what happens in here, or nothing."""
        self.connection.execute("BEGIN")
        try:
            yield
            with private_files():
                self.connection.execute("COMMIT")
        except BaseException as fault:
            with suppress(duckdb.Error):  # a failed commit has rolled back already
                self.connection.execute("ROLLBACK")
            if isinstance(fault, duckdb.Error):
                raise StoreError(
                    "the store could not be written; it is as it was before",
                    got=str(fault).splitlines()[0][:200],
                    have="room on the disk, and a file that no other program changes",
                    do="make room or check the disk, and run the command again",
                ) from fault
            raise

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query. Every result is read to its end, as the connection asks."""
        return self.connection.execute(query, list(values)).fetchall()

    def number(self, query: str, *values: object) -> int:
        """The one number that a query gives, or the rows that a statement changed."""
        found = self.rows(query, *values)
        return int(found[0][0]) if found and found[0][0] is not None else 0

    def about(self, key: str) -> str | None:
        """A fact about the store."""
        found = self.rows("SELECT value FROM about WHERE key = ?", key)
        return str(found[0][0]) if found else None

    def close(self) -> None:
        """Close the file and remove what was spilled."""
        with private_files():
            self.connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def owe_rewrite(self) -> None:
        """Note, with what is deleted, that the file is to be written anew: if this program dies, the next does it."""
        self.rows("INSERT OR REPLACE INTO about VALUES (?, '')", _REWRITE_DUE)

    def rewrite(self) -> None:
        """Write the store anew, so that what was deleted is in no block of the file any more."""
        if self.path is None:
            self.rows("DELETE FROM about WHERE key = ?", _REWRITE_DUE)
            return
        fresh = self.path.with_name(self.path.name + ".rewritten")
        fresh.unlink(missing_ok=True)
        ((name,),) = self.rows("SELECT current_database()")
        with private_files():
            self.connection.execute("CHECKPOINT")
            self.connection.execute(f"ATTACH '{str(fresh).replace(chr(39), chr(39) * 2)}' AS rewritten")
            self.connection.execute(f'COPY FROM DATABASE "{name}" TO rewritten')
            self.connection.execute("DELETE FROM rewritten.about WHERE key = ?", [_REWRITE_DUE])
            self.connection.execute("CHECKPOINT rewritten")
            self.connection.execute("DETACH rewritten")
            self.connection.close()
        _replace(self.path, fresh)
        self.connection = self._connect()


def _replace(path: Path, fresh: Path) -> None:
    """Put a file in the place of another, then write zeros over the other: whoever dies here leaves a whole store.

    On drives that write elsewhere (most SSDs) old blocks may outlive it.
    """
    if os.name == "nt":  # an open file cannot be replaced there
        fresh.replace(path)
        return
    with path.open("r+b") as old:
        fresh.replace(path)
        size = os.fstat(old.fileno()).st_size
        for start in range(0, size, 2**20):
            old.write(b"\0" * min(2**20, size - start))
        old.flush()
        os.fsync(old.fileno())
