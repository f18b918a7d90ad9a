"""Counts of style are kept without words, given back in order with their side, and made once a version."""

from __future__ import annotations

import pyarrow as pa
import pytest

from attunement.errors import SchemaError, StoreError
from attunement.store import Store
from attunement.vocabulary import ROLES, STYLES, TURNS

PASSPHRASE = "seven slow snails"


def uncounted(store, version="1"):
    return [one for messages, _ in store.unstyled(version=version) for one in messages["message_id"].to_pylist()]


def test_each_message_of_either_side_is_given_once_a_version(row, batch, take_in, style, ids):
    talk = batch("a", 5)
    product = batch([row("a", 5, role="system")])
    with Store() as store:
        take_in(store, talk, product)
        assert uncounted(store) == ids(talk), "the words of the product are nobody's style"
        store.add_styles(style(ids(talk)[:2]))
        assert uncounted(store) == ids(talk)[2:]
        ((_, context),) = store.unstyled(version="1")
        assert set(context["message_id"].to_pylist()) == {*ids(talk)[:2], *ids(product)}, "whole conversations"
        store.add_styles(style(ids(talk)[2:], missing="other_language"))
        assert uncounted(store) == []
        assert uncounted(store, version="2") == ids(talk)
        assert store.n_unread(annotator="rules", version="1") == 5, "annotators are none of its business"


def test_counts_come_back_sorted_like_turns_with_their_side(batch, take_in, style, ids):
    mine, hers = batch("a", 4), batch("b", 3, person_id="mira")
    with Store() as store:
        take_in(store, mine, hers)
        store.add_styles(style([*reversed(ids(mine)), *ids(hers)]))
        found = pa.Table.from_batches(list(store.styled()))
        turns = pa.Table.from_batches(list(store.turns()))
        for name in ("relationship_id", "sent_at", "role"):
            assert found.schema.field(name).equals(TURNS.field(name))
            twice = [one for one in turns[name].to_pylist() for _ in range(2)]
            assert found[name].to_pylist() == twice
        assert found["measure"].to_pylist() == ["hedges", "words"] * 7
        assert found["count"].to_pylist() == [1, 10] * 7
        assert set(found["words"].to_pylist()) == {10}
        assert {ROLES[one] for one in found["role"].to_pylist()} == {"person", "ai"}
        assert found.schema.field("measure").type == STYLES.field("measure").type


def test_counts_of_the_last_version_alone(batch, take_in, style, ids):
    one = batch("a", 4)
    with Store() as store:
        take_in(store, one)
        store.add_styles(style(ids(one)))
        store.add_styles(style(ids(one)[:1], version="2", missing="unreadable"))
        (found,) = store.styled()
        assert found["missing"].to_pylist() == ["unreadable"]
        assert found["count"].to_pylist() == [None]


def test_a_sealed_store_gives_counts_without_its_passphrase_and_words_only_with_it(
    tmp_path, batch, take_in, style, ids
):
    path, one = tmp_path / "kept.db", batch("a", 4)
    with Store(path, passphrase=PASSPHRASE) as store:
        take_in(store, one)
        store.add_styles(style(ids(one)[:1]))
    with Store(path) as store:
        assert sum(found.num_rows for found in store.styled()) == 2
        with pytest.raises(StoreError, match="sealed"):
            list(store.unstyled(version="1"))
    with Store(path, passphrase=PASSPHRASE) as store:
        assert uncounted(store) == ids(one)[1:]


def test_another_table_is_refused(annotate):
    with Store() as store, pytest.raises(SchemaError, match="store"):
        store.add_styles(annotate([1]))
