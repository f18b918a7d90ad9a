"""To forget is to leave no byte: keys are destroyed, the file is written anew, the others stay as they were."""

from __future__ import annotations

import stat

import pytest

from attunement.store import Store
from attunement.store.database import Database
from attunement.vocabulary import relationship_id

SECRET = "The zirconium heron hummed beneath the quartzite lighthouse."
MINE, HERS = relationship_id("owner", "Lumen"), relationship_id("mira", "Lumen")
PASSPHRASE = "seven slow snails"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept 'here'.db"


@pytest.fixture(params=[None, PASSPHRASE], ids=["in the clear", "sealed"])
def passphrase(request):
    return request.param


@pytest.fixture
def looked_at(annotate, flag, style):
    """looked_at(store, message_ids): annotators, the gate and the counts of style have been over them."""

    def look(store, message_ids):
        store.add_annotations(annotate(message_ids))
        store.add_flags(flag(message_ids))
        store.add_styles(style(message_ids))

    return look


@pytest.fixture
def filled(path, passphrase, row, batch, events, event, looked_at, take_in, ids):
    with Store(path, passphrase=passphrase) as store:
        mine = batch([row("a", place, text=f"{SECRET} {place}", extra='{"note": "obsidian"}') for place in range(400)])
        hers = batch([row("b", place, person_id="mira", text=f"hers {place}") for place in range(300)])
        take_in(store, mine, hers, events=events(event("agapanthus"), event("hers", person_id="mira")))
        looked_at(store, ids(mine) + ids(hers))
    return path


def key_of(path, number):
    with Store(path) as store:
        return store._database.rows("SELECT key FROM relationships WHERE relationship_id = ?", number)[0][0]


def check_forgotten(path, passphrase, row):
    with Store(path, passphrase=passphrase) as store:
        assert store.relationships()["relationship_id"].to_pylist() == [HERS]
        assert sum(turns.num_rows for turns in store.turns()) == 300
        assert sum(found.num_rows for found in store.annotated()) == 300
        assert store._database.number("SELECT count(*) FROM annotations") == 300
        assert store._database.number("SELECT count(*) FROM flags") == 300
        assert store._database.number("SELECT count(*) FROM styles") == 600
        assert {one for counts in store.styled() for one in counts["relationship_id"].to_pylist()} == {HERS}
        assert set(store.to_read()["relationship_id"].to_pylist()) == {HERS}
        assert store._database.rows("SELECT relationship_id FROM events") == [(HERS,)]
        assert store._database.rows("SELECT relationship_id FROM relationships") == [(HERS,)]
        hers = row("b", 7)["message_id"]
        assert store.quotes([hers, row("a", 7)["message_id"]]) == {hers: "hers 7"}
        assert store._database.about("rewrite_due") is None


def test_no_byte_of_it_is_left_and_the_others_are_as_they_were(filled, passphrase, row, tmp_path):
    before = filled.read_bytes()
    gone = [b"heron", b"quartzite", b"obsidian", b"agapanthus"] if passphrase is None else [key_of(filled, MINE)]
    assert all(trace in before for trace in gone)
    with Store(filled, passphrase=passphrase) as store:
        assert store.forget(MINE) == 400
        assert store.forget(MINE) == 0
        assert store.relationships()["n_messages"].to_pylist() == [300]
    after = filled.read_bytes()
    assert [trace for trace in gone if trace in after] == []
    assert [found.name for found in tmp_path.iterdir()] == [filled.name]
    assert stat.S_IMODE(filled.stat().st_mode) == 0o600
    check_forgotten(filled, passphrase, row)


def test_a_sealed_store_forgets_without_its_passphrase(filled, passphrase, row):
    with Store(filled) as store:
        assert store.forget(MINE) == 400
    check_forgotten(filled, passphrase, row)


def test_a_store_goes_on_after_it_forgot(filled, passphrase, row, batch, take_in, ids):
    with Store(filled, passphrase=passphrase) as store:
        store.forget(MINE)
        again = batch([row("a", 0, text="as if new")])
        assert take_in(store, again).n_added == 1
        assert list(store.quotes(ids(again)).values()) == ["as if new"]
    with Store(filled, passphrase=passphrase) as store:
        assert list(store.quotes(ids(again)).values()) == ["as if new"]


@pytest.mark.parametrize("dies_in", ["rewrite", "_replace"])
def test_what_a_program_that_died_did_not_write_anew_the_next_one_does(filled, passphrase, row, monkeypatch, dies_in):
    def die(*args):
        raise KeyboardInterrupt

    with Store(filled, passphrase=passphrase) as store:
        where = Database if dies_in == "rewrite" else "attunement.store.database"
        if dies_in == "rewrite":
            monkeypatch.setattr(where, "rewrite", die)
        else:
            monkeypatch.setattr(f"{where}._replace", die)
        with pytest.raises(KeyboardInterrupt):
            store.forget(MINE)
        monkeypatch.undo()
    assert filled.read_bytes().count(b"quartzite") == 0 or passphrase is None
    Store(filled).close()
    assert b"quartzite" not in filled.read_bytes()
    assert not filled.with_name(filled.name + ".rewritten").exists()
    check_forgotten(filled, passphrase, row)
