"""What a gate raised is kept, given back as places without words, and read again by a newer gate only."""

from __future__ import annotations

import pytest

from attunement.errors import SchemaError, StoreError
from attunement.store import Store
from attunement.vocabulary import TO_READ

GATE = {"gate": "acute_risk", "version": "gate-1"}
PASSPHRASE = "seven slow snails"


def of_person(one):
    return [row["message_id"] for row in one.to_pylist() if row["role"] == "person"]


def unread(store, **which):
    found = []
    for messages, _ in store.unflagged(**(GATE | which)):
        found += [row["message_id"] for row in messages.to_pylist() if row["role"] == "person"]
    return found


def test_each_message_of_the_person_is_given_once(batch, take_in, flag, ids):
    one = batch("a", 6)
    with Store() as store:
        take_in(store, one)
        assert unread(store) == of_person(one)
        store.add_flags(flag(of_person(one)[:1]))
        assert unread(store) == of_person(one)[1:]
        store.add_flags(flag(of_person(one)[1:], flagged=False))
        assert list(store.unflagged(**GATE)) == []
        assert unread(store, version="gate-2") == of_person(one)
        assert store.n_unread(annotator="rules", version="1") == 6, "annotators are none of its business"


def test_places_and_no_words(batch, take_in, flag):
    one, other = batch("a", 6), batch("b", 4, person_id="mira")
    with Store() as store:
        take_in(store, one, other)
        assert store.to_read().num_rows == 0
        store.add_flags(flag(of_person(one)[1:2] + of_person(other)[:1]))
        store.add_flags(flag(of_person(one)[:1], flagged=False))
        store.add_flags(flag(of_person(one)[2:], missing="other_language"))
        places = store.to_read()
        assert places.schema == TO_READ
        assert set(places["message_id"].to_pylist()) == {of_person(one)[1], of_person(other)[0]}
        assert set(places["conversation_id"].to_pylist()) == {"a", "b"}


def test_the_last_version_of_a_gate_counts(batch, take_in, flag):
    one = batch("a", 6)
    with Store() as store:
        take_in(store, one)
        store.add_flags(flag(of_person(one)))
        store.add_flags(flag(of_person(one)[:1], version="gate-2"))
        store.add_flags(flag(of_person(one)[1:], version="gate-2", flagged=False))
        assert store.to_read()["message_id"].to_pylist() == of_person(one)[:1]


def test_a_sealed_store_gives_places_without_its_passphrase_and_words_only_with_it(tmp_path, batch, take_in, flag):
    path, one = tmp_path / "kept.db", batch("a", 4)
    with Store(path, passphrase=PASSPHRASE) as store:
        take_in(store, one)
        store.add_flags(flag(of_person(one)[:1]))
    with Store(path) as store:
        assert store.to_read().num_rows == 1
        with pytest.raises(StoreError, match="sealed"):
            list(store.unflagged(**GATE))
    with Store(path, passphrase=PASSPHRASE) as store:
        assert unread(store) == of_person(one)[1:]


def test_another_table_is_refused(batch, annotate, ids):
    with Store() as store, pytest.raises(SchemaError, match="store"):
        store.add_flags(annotate([1]))
