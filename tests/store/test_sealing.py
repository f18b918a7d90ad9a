"""Text that is sealed is nowhere in the file, and opens only with the passphrase, in its own place."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.errors import StoreError
from attunement.store import Store
from attunement.store.sealing import Sealer

SECRET = "The zirconium heron hummed beneath Ottoline's quartzite lighthouse."
PASSPHRASE = "seven slow snails"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept.db"


@pytest.fixture
def sealed(path, row, batch, events, event, take_in):
    """A closed, sealed store of two relationships, each with the sentence in a message, in extra and in a memory."""
    with Store(path, passphrase=PASSPHRASE) as store:
        rows = [
            row("a", 0, text=SECRET, extra=f'{{"note": "{SECRET}"}}'),
            row("a", 1, text="ordinary"),
            row("b", 0, person_id="mira", text=SECRET + " Mira's."),
        ]
        take_in(store, batch(rows), events=events(event(SECRET)))
    return path


def found_in(folder, *wanted):
    """Which of some bytes stand anywhere in the files of a folder."""
    every = b"".join(file.read_bytes() for file in Path(folder).iterdir() if file.is_file())
    return {one for one in wanted if one in every}


def traces():
    words = [word.strip(".").encode() for word in SECRET.split() if len(word) > 4]
    return SECRET.encode(), SECRET.encode("utf-16-le"), SECRET.encode("utf-16-be"), *words


def test_no_word_of_it_is_in_the_file_nor_in_its_log(path, row, batch, events, event, take_in, tmp_path):
    with Store(path, passphrase=PASSPHRASE) as store:
        take_in(store, batch([row("a", 0, text=SECRET, extra=SECRET)]), events=events(event(SECRET)))
        assert (tmp_path / "kept.db.wal").stat().st_size > 0
        assert found_in(tmp_path, *traces()) == set()
        store._database.connection.execute("CHECKPOINT")
        assert found_in(tmp_path, *traces()) == set()
    assert found_in(tmp_path, *traces(), PASSPHRASE.encode()) == set()


def test_without_sealing_the_same_search_finds_it(path, row, batch, take_in, tmp_path):
    with Store(path) as store:
        take_in(store, batch([row("a", 0, text=SECRET)]))
    assert SECRET.encode() in found_in(tmp_path, *traces())


def test_it_opens_with_the_passphrase(sealed, row, ids, batch):
    with Store(sealed, passphrase=PASSPHRASE) as store:
        assert store.is_sealed
        assert not store.is_locked
        assert store.quotes(ids(batch([row("a", 0)]))) == {row("a", 0)["message_id"]: SECRET}


def test_another_passphrase_is_refused_in_four_lines(sealed):
    with pytest.raises(StoreError) as caught:
        Store(sealed, passphrase="seven slow snail")
    assert str(caught.value).splitlines() == [
        "the passphrase does not open this store",
        "  got   another passphrase",
        "  have  the one that it was made with",
        "  do    try again; without it the text cannot be read by anyone, though counts and times can",
    ]
    Store(sealed, passphrase=PASSPHRASE).close()


def test_an_empty_passphrase_is_refused_and_seals_nothing(path):
    with pytest.raises(StoreError, match="the passphrase is empty"):
        Store(path, passphrase="")
    with Store(path) as store:
        assert not store.is_sealed


def test_without_the_passphrase_counts_are_read_and_text_is_refused(sealed, batch, take_in):
    with Store(sealed) as store:
        assert store.is_locked
        assert store.relationships()["n_messages"].to_pylist() == [2, 1]
        assert sum(turns.num_rows for turns in store.turns()) == 3
        assert sum(sum(turns["n_words"].to_pylist()) for turns in store.turns()) == len(SECRET.split()) * 2 + 2
        assert store.n_unread(annotator="rules", version="1") == 3
        with pytest.raises(StoreError, match="the text in this store is sealed"):
            store.quotes([1])
        with pytest.raises(StoreError, match="the text in this store is sealed"):
            next(store.readable(annotator="rules", version="1"))
        with pytest.raises(StoreError, match="this store is sealed"):
            take_in(store, batch("c", 1))


def test_a_sealed_text_that_was_moved_to_another_message_does_not_open(sealed, row):
    one, other = row("a", 0)["message_id"], row("a", 1)["message_id"]
    with Store(sealed, passphrase=PASSPHRASE) as store:
        store._database.rows(
            "UPDATE messages SET sealed = (SELECT sealed FROM messages WHERE message_id = ?) WHERE message_id = ?",
            one,
            other,
        )
        assert store.quotes([one]) == {one: SECRET}
        with pytest.raises(InvalidTag):
            store.quotes([other])


def test_a_key_that_was_moved_to_another_relationship_does_not_open(sealed):
    with Store(sealed) as store:
        store._database.rows("UPDATE relationships SET key = (SELECT key FROM relationships WHERE person_id = 'mira')")
    with pytest.raises(InvalidTag):
        Store(sealed, passphrase=PASSPHRASE)


def test_a_store_with_text_in_the_clear_is_not_sealed_afterwards(path, batch, take_in):
    with Store(path) as store:
        take_in(store, batch("a", 3))
    with pytest.raises(StoreError) as caught:
        Store(path, passphrase=PASSPHRASE)
    assert "3 messages and events in the clear" in str(caught.value)
    with Store(path) as store:
        assert not store.is_sealed


def test_a_store_with_memories_in_the_clear_is_not_sealed_afterwards(path, events, event, take_in):
    with Store(path) as store:
        take_in(store, events=events(event("likes tea")))
    with pytest.raises(StoreError, match="text that is not sealed"):
        Store(path, passphrase=PASSPHRASE)


def test_an_empty_store_can_be_sealed_and_then_added_to(path, batch, take_in, ids):
    Store(path).close()
    with Store(path, passphrase=PASSPHRASE) as store:
        take_in(store, batch("a", 3))
    with Store(path, passphrase=PASSPHRASE) as store:
        take_in(store, batch("a", 5))
        assert len(store.quotes(ids(batch("a", 5)))) == 5
        assert store._database.number("SELECT count(*) FROM relationships WHERE key IS NOT NULL") == 1


def test_a_key_of_an_import_that_failed_is_never_used(path, batch, take_in, ids):
    with Store(path, passphrase=PASSPHRASE) as store:
        with pytest.raises(AttributeError):
            take_in(store, batch("a", 3), "no batch at all")
        take_in(store, batch("a", 3))
    with Store(path, passphrase=PASSPHRASE) as store:
        assert len(store.quotes(ids(batch("a", 3)))) == 3


def test_every_relationship_has_a_key_of_its_own(sealed):
    with Store(sealed) as store:
        keys = [key for (key,) in store._database.rows("SELECT key FROM relationships")]
    assert len(set(keys)) == 2
    assert all(len(key) == 12 + 32 + 16 for key in keys), "nonce, key and tag"


@pytest.fixture(scope="module")
def sealer():
    made = Sealer(PASSPHRASE, b"salt" * 4)
    made.new_key(7)
    return made


@settings(max_examples=60)
@given(texts=st.lists(st.none() | st.text(), max_size=3))
def test_what_is_sealed_opens_as_it_was(sealer, texts):
    sealed = sealer.seal(7, 42, *texts)
    if all(text is None for text in texts):
        assert sealed is None
        assert sealer.open(7, 42, sealed) is None
    else:
        assert sealer.open(7, 42, sealed) == texts
        assert sealer.seal(7, 42, *texts) != sealed, "each nonce is new"


def test_without_a_key_nothing_opens(sealer):
    assert sealer.open(8, 1, sealer.seal(7, 1, "text")) is None
