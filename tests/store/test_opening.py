"""The file belongs to its owner alone, and whatever is no store of ours is refused in words."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from attunement.errors import StoreError
from attunement.store import Store
from attunement.store.schema import MIGRATIONS, VERSION


def mode(path):
    return stat.S_IMODE(Path(path).stat().st_mode)


def four_lines(fault):
    lines = str(fault).splitlines()
    assert [line[:7] for line in lines[1:]] == ["  got  ", "  have ", "  do   "]
    return lines


def test_only_the_owner_may_read_the_file_its_log_and_what_is_spilled(tmp_path, batch, take_in):
    path = tmp_path / "kept.db"
    with Store(path) as store:
        assert mode(path) == 0o600
        take_in(store, batch("a", 50))
        log = tmp_path / "kept.db.wal"
        assert mode(log) == 0o600
        assert mode(store._database._spill) == 0o700
        spill = Path(store._database._spill)
        store._database.connection.execute("CHECKPOINT")
        take_in(store, batch("b", 50))
        assert mode(log) == 0o600, "the log is made anew after a checkpoint"
    assert mode(path) == 0o600
    assert not spill.exists()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["kept.db"]


def test_a_store_is_opened_again(tmp_path, batch, take_in, ids):
    path = tmp_path / "with 'quotes' in its name.db"
    with Store(str(path)) as store:
        take_in(store, batch("a", 4))
    with Store(path) as store:
        assert len(store.quotes(ids(batch("a", 4)))) == 4
        assert store.path == path
        assert not store.is_sealed


def test_a_store_of_a_newer_program_is_refused_and_left_alone(tmp_path, batch, take_in):
    path = tmp_path / "kept.db"
    with Store(path) as store:
        take_in(store, batch("a", 4))
        store._database.rows("UPDATE about SET value = ? WHERE key = 'schema_version'", str(VERSION + 1))
    with pytest.raises(StoreError) as caught:
        Store(path)
    assert four_lines(caught.value) == [
        f"the store {path} was written by a newer program",
        f"  got   schema version {VERSION + 1}",
        f"  have  schema version {VERSION}",
        "  do    update with `pip install --upgrade attunement`",
    ]
    with duckdb.connect(str(path)) as free:  # the refusal holds no lock
        assert free.execute("SELECT value FROM about WHERE key = 'schema_version'").fetchall() == [(str(VERSION + 1),)]


@pytest.mark.parametrize("version", range(VERSION + 1))
def test_every_earlier_version_is_migrated(tmp_path, version, batch, take_in, ids, annotate, flag):
    path = tmp_path / "kept.db"
    with duckdb.connect(str(path)) as old:
        if version:
            old.execute("CREATE TABLE about (key VARCHAR PRIMARY KEY, value VARCHAR)")
            old.execute("INSERT INTO about VALUES ('schema_version', ?)", [str(version)])
        for migration in MIGRATIONS[:version]:
            old.execute(migration)
    with Store(path) as store:
        one = batch("a", 3)
        take_in(store, one)
        store.add_annotations(annotate(ids(one)))
        assert store._database.about("schema_version") == str(VERSION)
        assert store.n_unread(annotator="rules", version="rules-1") == 0
        assert store.annotation_counts().to_pylist()[0]["n"] == 3
        store.add_flags(flag(ids(one)[:1]))
        assert store.to_read().num_rows == 1


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "kept.db"
    Store(path).close()
    monkeypatch.setattr(
        "attunement.store.database.MIGRATIONS", (*MIGRATIONS, "CREATE TABLE new (x INT); SELECT nonsense")
    )
    monkeypatch.setattr("attunement.store.database.VERSION", VERSION + 1)
    with pytest.raises(StoreError, match="as it was before"):
        Store(path)
    monkeypatch.undo()
    with Store(path) as store:
        assert store._database.about("schema_version") == str(VERSION)
        assert store._database.number("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'new'") == 0


@pytest.mark.parametrize(
    "content", [b"what somebody wrote\n" * 400, b"\0" * 20_000, b"SQLite format 3\0" + b"\0" * 4096]
)
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Store(path)
    assert four_lines(caught.value)[0] == f"the store {path} cannot be opened"
    assert path.read_bytes() == content


def test_a_folder_and_a_path_without_its_folder_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "not there" / "kept.db"):
        with pytest.raises(StoreError) as caught:
            Store(path)
        four_lines(caught.value)


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "theirs.db"
    with duckdb.connect(str(path)) as theirs:
        theirs.execute("CREATE TABLE messages (letter VARCHAR)")
    with pytest.raises(StoreError) as caught:
        Store(path)
    assert four_lines(caught.value)[1] == "  got   the tables messages"
    with duckdb.connect(str(path)) as theirs:
        assert theirs.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall() == [("messages",)]


def test_a_second_program_is_refused_while_the_first_has_it_open(tmp_path, batch, take_in):
    path = tmp_path / "kept.db"
    second = f"import duckdb; duckdb.connect({str(path)!r})"
    with Store(path) as store:
        take_in(store, batch("a", 4))
        with pytest.raises(StoreError) as caught:
            Store(path)  # a second store of the same program, with other settings
        assert "no other program that has it open" in four_lines(caught.value)[2]
        run = subprocess.run([sys.executable, "-c", second], capture_output=True, text=True, check=False)
        assert run.returncode != 0
        assert "lock" in run.stderr


def test_a_store_that_another_program_has_open_is_refused(tmp_path):
    path = tmp_path / "kept.db"
    Store(path).close()
    hold = f"import duckdb, sys; kept = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(StoreError) as caught:
            Store(path)
        other.stdin.close()
        other.wait(timeout=30)
    assert four_lines(caught.value)[0] == f"the store {path} cannot be opened"
    Store(path).close()


def test_nothing_is_fetched_or_loaded_at_run_time():
    with Store() as store:
        settings = dict(
            store._database.rows(
                "SELECT name, value FROM duckdb_settings() WHERE name IN"
                " ('autoinstall_known_extensions', 'autoload_known_extensions', 'allow_community_extensions')"
            )
        )
    assert settings == dict.fromkeys(settings, "false")
    assert len(settings) == 3


def test_a_store_in_memory_forgets_everything(batch, take_in):
    with Store() as store:
        take_in(store, batch("a", 4))
        (number,) = store.relationships()["relationship_id"].to_pylist()
        assert store.forget(number) == 4
        assert store.relationships().num_rows == 0


def test_what_a_killed_program_spilled_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / f"attunement-spill-{gone.pid}-abc"
    left.mkdir()
    (left / "text.tmp").write_text("words")
    mine = tmp_path / f"attunement-spill-{os.getpid()}-abc"
    mine.mkdir()
    with Store():
        assert not left.exists()
        assert mine.exists()


def test_a_write_that_fails_is_four_lines_and_leaves_all_as_it_was(tmp_path):
    with Store(tmp_path / "kept.duckdb") as store:
        database = store._database
        with pytest.raises(StoreError, match="as it was before"), database.transaction():  # noqa: PT012
            database.rows("INSERT INTO about VALUES ('half', 'done')")
            database.rows("INSERT INTO no_such_table VALUES (1)")
        assert database.about("half") is None
