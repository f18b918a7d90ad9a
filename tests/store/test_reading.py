"""What the store gives back: turns in order, whole conversations to annotators, counts, evidence and quotes."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.store import Store
from attunement.store import store as store_module
from attunement.store import unread as unread_module
from attunement.vocabulary import MESSAGES, RELATIONSHIPS, ROLES, TURNS, check, hashed, relationship_id

RULES = {"annotator": "rules", "version": "rules-1"}


@pytest.fixture
def store():
    with Store() as kept:
        yield kept


def turns_of(store):
    return pa.Table.from_batches(list(store.turns()), schema=TURNS)


def handed_out(store, **by):
    return [(messages.to_pylist(), context.to_pylist()) for messages, context in store.readable(**(by or RULES))]


# -- turns -------------------------------------------------------------------------------------------------------------


def test_turns_come_by_relationship_time_thread_and_place_and_untimed_ones_last(store, row, batch, take_in):
    at = row("a", 0)["sent_at"]
    untimed = {"sent_at": None, "sent_at_is": "unknown"}
    rows = [
        row("b", 5, sent_at=at),
        row("a", 3, **untimed),
        row("a", 2, sent_at=at + timedelta(hours=2), sent_at_is="inferred"),
        row("a", 1, sent_at=at + timedelta(microseconds=1)),
        row("b", 4, sent_at=at),
        row("a", 0, sent_at=at),
        row("a", 9, person_id="mira", ai_id="Other"),
    ]
    take_in(store, batch(rows))
    turns = turns_of(store)
    check(turns, TURNS, stage="test")
    numbers = turns["relationship_id"].to_pylist()
    assert numbers == sorted(numbers)
    mine = [turn for turn in turns.to_pylist() if turn["relationship_id"] == relationship_id("owner", "Lumen")]
    key = [
        (turn["sent_at"] is None, turn["sent_at"] and turn["sent_at"].timestamp(), turn["thread_id"]) for turn in mine
    ]
    assert key[:-1] == sorted(key[:-1])
    assert mine[-1]["sent_at"] is None
    assert [turn["is_stated"] for turn in mine] == [True, True, True, True, False, False]
    b_rows = [
        turn["message_id"]
        for turn in mine
        if turn["message_id"] in {row("b", 4)["message_id"], row("b", 5)["message_id"]}
    ]
    assert b_rows == [row("b", 4)["message_id"], row("b", 5)["message_id"]], "equal times: by place in the thread"


def test_turns_have_no_words_but_their_number(store, row, batch, take_in):
    take_in(store, batch([row("a", 0, text="three short words", rating=0.5, on_path=False), row("a", 1, text=None)]))
    first, second = turns_of(store).to_pylist()
    assert (first["n_words"], first["rating"], first["on_path"]) == (3, 0.5, False)
    assert (second["n_words"], second["parent_id"]) == (0, first["message_id"])


def test_an_empty_store_gives_empty_tables(store):
    assert turns_of(store).num_rows == 0
    assert list(store.annotated()) == []
    assert store.relationships().equals(RELATIONSHIPS.empty_table())
    assert store.notices().num_rows == 0
    assert store.sources() == ()
    assert store.evidence() == {}
    assert store.quotes([]) == {}
    assert store.annotation_counts().num_rows == 0
    assert store.n_unread(**RULES) == 0
    assert handed_out(store) == []


# -- words -------------------------------------------------------------------------------------------------------------

HARD = {
    "long": "word " * 200_000,
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308",
    "nul": "before\0after\0",
    "half a sign": "half \ufffd of it",
    "quotes": 'it\'s "so" \\ $1 ? %s {x}',
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u202eabc",
    "lines": "\r\n\t\u2028 ",
}


@pytest.mark.parametrize("passphrase", [None, "seven slow snails"])
def test_every_text_comes_back_as_it_was(tmp_path, row, batch, take_in, passphrase):
    rows = [row("a", place, text=text, extra=text) for place, text in enumerate(HARD.values())]
    with Store(tmp_path / "kept.db", passphrase=passphrase) as store:
        take_in(store, batch(rows))
    with Store(tmp_path / "kept.db", passphrase=passphrase) as store:
        ((messages, _),) = handed_out(store)
        assert {message["position"]: message["text"] for message in messages} == dict(enumerate(HARD.values()))
        assert set(store.quotes([one["message_id"] for one in rows]).values()) == set(HARD.values())
        assert turns_of(store)["n_words"].to_pylist() == [len(text.encode().split()) for text in HARD.values()]


@pytest.mark.parametrize("passphrase", [None, "seven slow snails"])
@pytest.mark.parametrize("extra", [None, "{}"])
def test_no_text_and_an_empty_text_are_two_things(row, batch, take_in, passphrase, extra):
    with Store(passphrase=passphrase) as store:
        take_in(store, batch([row("a", 0, text=None, extra=extra), row("a", 1, text="", extra=extra)]))
        ((messages, _),) = handed_out(store)
        assert [message["text"] for message in messages] == [None, ""]
        assert store.quotes([message["message_id"] for message in messages]) == {}, "neither can be quoted"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=6), st.booleans())
def test_round_trip_of_any_text(texts, is_sealed):
    rows = [_row(str(place), text) for place, text in enumerate(texts)]
    with Store(passphrase="x" if is_sealed else None) as store:
        with store.importing(read_from="x", forms=[], program="p") as incoming:
            incoming.messages(pa.RecordBatch.from_pylist(rows, schema=MESSAGES))
        found = {m["message_id"]: m["text"] for messages, _ in handed_out(store) for m in messages}
    assert found == {one["message_id"]: one["text"] for one in rows}


def _row(name, text):
    return {
        "relationship_id": 1,
        "person_id": "owner",
        "ai_id": "Lumen",
        "conversation_id": name,
        "message_id": hashed(name),
        "source_id": name,
        "parent_id": None,
        "position": 0,
        "role": "person",
        "sent_at": None,
        "sent_at_is": "unknown",
        "text": text,
        "on_path": True,
        "model": None,
        "source": "made",
        "rating": None,
        "extra": text,
    }


# -- annotators --------------------------------------------------------------------------------------------------------


def read_all(store, annotate, **by):
    """Let an annotator look at everything, as `audit.look` does: it writes between one batch and the next."""
    given = []
    for messages, context in store.readable(**by):
        numbers = messages["message_id"].to_pylist()
        given.append((messages.to_pylist(), context.to_pylist()))
        store.add_annotations(annotate(numbers, annotator=by["annotator"], version=by["version"]))
    return given


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(unread_module, "TEXT_ROWS", 10)


@pytest.mark.usefixtures("small_pieces")
def test_each_message_is_given_once_to_each_version_and_with_its_whole_conversation(
    store, row, batch, take_in, annotate
):
    sizes = {"a": 4, "b": 25, "c": 1, "d": 9, "e": 3}
    for name, n in sizes.items():
        take_in(store, batch(name, n))
    for by in (RULES, {"annotator": "rules", "version": "rules-2"}, {"annotator": "other", "version": "rules-1"}):
        assert store.n_unread(**by) == sum(sizes.values())
        given = read_all(store, annotate, **by)
        numbers = [message["message_id"] for messages, _ in given for message in messages]
        assert len(numbers) == len(set(numbers)) == sum(sizes.values())
        assert len(given) > 1
        assert all(context == [] for _, context in given)
        conversations = [{message["conversation_id"] for message in messages} for messages, _ in given]
        assert len(set().union(*conversations)) == sum(len(names) for names in conversations) == len(sizes)
        assert store.n_unread(**by) == 0
        assert handed_out(store, **by) == []


@pytest.mark.usefixtures("small_pieces")
def test_what_is_added_to_an_old_conversation_comes_with_what_was_read_before(store, row, batch, take_in, annotate):
    take_in(store, batch("a", 4), batch("b", 7), batch("c", 30))
    read_all(store, annotate, **RULES)
    take_in(store, batch("c", 33), batch("a", 6), batch("d", 2))
    assert store.n_unread(**RULES) == 3 + 2 + 2
    given = read_all(store, annotate, **RULES)
    new = sorted((message["position"], message["text"]) for messages, _ in given for message in messages)
    assert new == sorted(
        (place, f"words of {name} at {place}")
        for name, places in {"c": (30, 31, 32), "a": (4, 5), "d": (0, 1)}.items()
        for place in places
    )
    before = sorted(message["text"] for _, context in given for message in context)
    assert before == sorted([f"words of a at {n}" for n in range(4)] + [f"words of c at {n}" for n in range(30)])
    assert handed_out(store) == []


def test_the_words_of_the_product_and_of_tools_are_context_and_never_waited_for(store, row, batch, take_in, annotate):
    rows = [row("a", place, role=ROLES[(place + 2) % 4]) for place in range(8)]
    take_in(store, batch(rows), batch([row("b", 0, role="system")]))
    assert store.n_unread(**RULES) == 4
    ((messages, context),) = read_all(store, annotate, **RULES)
    assert {message["role"] for message in messages} == {"person", "ai"}
    assert {message["role"] for message in context} == {"system", "tool"}
    assert len(messages) == len(context) == 4
    assert handed_out(store) == [], "a conversation whose rest nobody annotates is not read again"


def test_the_columns_that_annotators_get(store, batch, take_in):
    take_in(store, batch("a", 2))
    ((messages, context),) = store.readable(**RULES)
    names = ["relationship_id", "conversation_id", "message_id", "parent_id", "position", "role", "text"]
    assert messages.schema.names == context.schema.names == names
    assert messages.schema.field("role").type == MESSAGES.field("role").type


def test_branches_are_given_too(store, row, batch, take_in):
    take_in(store, batch([row("a", 0), row("a", 1), row("a", 2, on_path=False)]))
    ((messages, _),) = handed_out(store)
    assert len(messages) == 3


@settings(max_examples=12, deadline=None)
@given(
    plan=st.lists(
        st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), min_size=1, max_size=4), min_size=1, max_size=4
    ),
    rows_at_a_time=st.integers(1, 30),
)
def test_any_order_of_adding_and_reading_gives_each_message_once(plan, rows_at_a_time):
    lengths: dict[int, int] = {}
    given: list[int] = []
    with Store() as store, pytest.MonkeyPatch.context() as patched:
        patched.setattr(unread_module, "TEXT_ROWS", rows_at_a_time)
        for additions in plan:
            with store.importing(read_from="x", forms=[], program="p") as incoming:
                for name, n in additions:
                    start = lengths.get(name, 0)
                    rows = [
                        _row(str(name), "words") | {"message_id": hashed(str(name), str(place)), "position": place}
                        for place in range(start, start + n)
                    ]
                    lengths[name] = start + n
                    incoming.messages(pa.RecordBatch.from_pylist(rows, schema=MESSAGES))
            for messages, context in store.readable(**RULES):
                numbers = messages["message_id"].to_pylist()
                for name in set(messages["conversation_id"].to_pylist()):
                    held = sum(part["conversation_id"].to_pylist().count(name) for part in (messages, context))
                    assert held in lengths.values(), "the whole conversation"
                given += numbers
                store._database.connection.executemany(
                    "INSERT INTO annotations VALUES (?, 'x', 'rules', 'rules-1', 0.5, NULL, NULL, NULL)",
                    [[number] for number in numbers],
                )
    assert len(given) == len(set(given)) == sum(lengths.values())


# -- counts ------------------------------------------------------------------------------------------------------------


def test_annotations_come_in_the_order_of_turns_and_with_their_time(store, row, batch, take_in, annotate, ids):
    one, other = batch("a", 3), batch("b", 2, person_id="mira")
    take_in(store, one, other)
    store.add_annotations(annotate(ids(one) + ids(other), construct="user.y", missing="unsure"))
    store.add_annotations(annotate(ids(one) + ids(other), construct="ai.x"))
    rows = [found for piece in store.annotated() for found in piece.to_pylist()]
    turns = turns_of(store).to_pylist()
    assert [(found["message_id"], found["construct"]) for found in rows] == [
        (turn["message_id"], construct) for turn in turns for construct in ("ai.x", "user.y")
    ]
    assert [found["sent_at"] for found in rows[::2]] == [turn["sent_at"] for turn in turns]
    assert {(found["probability"], found["missing"]) for found in rows} == {(np.float32(0.9), None), (None, "unsure")}


def test_a_new_version_of_an_annotator_takes_the_place_of_the_old(store, batch, take_in, annotate, ids):
    one = batch("a", 10)
    take_in(store, one)
    store.add_annotations(annotate(ids(one), probability=0.9))
    store.add_annotations(annotate(ids(one), construct="ai.other", probability=0.7))
    store.add_annotations(annotate(ids(one), version="rules-2", probability=0.1))
    found = [row for piece in store.annotated() for row in piece.to_pylist()]
    assert len(found) == 20, "each message once for each construct"
    assert {(row["construct"], round(row["probability"], 1)) for row in found} == {("ai.x", 0.1), ("ai.other", 0.7)}
    counts = [(row["construct"], row["annotator_version"], row["n"]) for row in store.annotation_counts().to_pylist()]
    assert counts == [("ai.other", "rules-1", 10), ("ai.x", "rules-2", 10)]
    assert [construct for _, construct in store.evidence()] == ["ai.other"]


def test_counts_of_annotations_tell_what_was_missing_and_why(store, batch, take_in, annotate, ids):
    one = batch("a", 10)
    take_in(store, one)
    store.add_annotations(annotate(ids(one)[:6]))
    store.add_annotations(annotate(ids(one)[6:], missing="other_language"))
    assert [(row["missing"], row["n"]) for row in store.annotation_counts().to_pylist()] == [
        ("other_language", 4),
        (None, 6),
    ]


def test_evidence_is_the_clearest_first_and_never_what_is_unlikely(store, batch, take_in, annotate, ids):
    one, other = batch("a", 5), batch("b", 2, person_id="mira")
    take_in(store, one, other)
    for number, probability in zip(ids(one), (0.5, 0.9, 0.49, 0.7, 0.8), strict=True):
        store.add_annotations(annotate([number], probability=probability))
    store.add_annotations(annotate(ids(other), probability=0.2))
    a = ids(one)
    mine = (relationship_id("owner", "Lumen"), "ai.x")
    assert store.evidence() == {mine: (a[1], a[4], a[3])}
    assert store.evidence(most=9) == {mine: (a[1], a[4], a[3], a[0])}
    assert store.evidence(most=1, at_least=0.85) == {mine: (a[1],)}


def test_relationships_with_branches_and_times(store, row, batch, take_in):
    at = row("a", 0)["sent_at"]
    rows = [
        row("a", 0),
        row("a", 1),
        row("a", 2, role="ai", parent_id=row("a", 0)["message_id"], on_path=False),
        row("a", 3, role="ai", parent_id=row("a", 0)["message_id"], on_path=False),
        row("a", 4, role="person", parent_id=row("a", 1)["message_id"]),
        row("a", 5, role="person", parent_id=row("a", 1)["message_id"], on_path=False),
        row("a", 6, role="tool", sent_at=None, sent_at_is="unknown"),
        row("b", 0, role="system", sent_at=at - timedelta(days=9), sent_at_is="inferred", source="another"),
    ]
    take_in(store, batch(rows), batch("c", 2, person_id="mira", sent_at=None, sent_at_is="unknown"))
    table = store.relationships()
    check(table, RELATIONSHIPS, stage="test")
    mine, hers = table.to_pylist()
    assert mine == {
        "relationship_id": relationship_id("owner", "Lumen"),
        "person_id": "owner",
        "ai_id": "Lumen",
        "sources": "another, made",
        "n_conversations": 2,
        "n_messages": 8,
        "n_person": 3,
        "n_ai": 3,
        "n_off_path": 3,
        "n_branch_points": 2,
        "n_stated": 6,
        "first_at": at,
        "last_at": at + timedelta(minutes=5),
    }
    assert (hers["person_id"], hers["n_stated"], hers["first_at"], hers["last_at"]) == ("mira", 0, None, None)


def test_quotes_of_what_is_there(store, batch, take_in, ids):
    one = batch("a", 3)
    take_in(store, one)
    wanted = [ids(one)[2], 123, ids(one)[0], ids(one)[0]]
    assert store.quotes(wanted) == {ids(one)[0]: "words of a at 0", ids(one)[2]: "words of a at 2"}


# -- size --------------------------------------------------------------------------------------------------------------


def test_two_hundred_thousand_messages_pass_in_seconds_and_in_pieces(tmp_path, monkeypatch):
    n, at_once = 200_000, 20_000
    with Store(tmp_path / "kept.db") as store:
        with store.importing(read_from="x", forms=[], program="p") as incoming:
            for start in range(0, n, at_once):
                incoming.messages(_many(start, at_once))
        assert incoming.n_added == n
        batches = [(turns.num_rows, turns["relationship_id"][0].as_py()) for turns in store.turns()]
        assert sum(rows for rows, _ in batches) == n
        assert max(rows for rows, _ in batches) <= store_module.TURN_ROWS
        n_read, largest = 0, 0
        for messages, _ in store.readable(**RULES):
            n_read += messages.num_rows
            largest = max(largest, messages.num_rows)
        assert n_read == n
        assert largest <= unread_module.TEXT_ROWS + 50, "a piece ends with the conversation that fills it"
        ((limit,),) = store._database.rows("SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'")
        number, unit = limit.split()
        assert unit == "MiB"
        assert float(number) < 600, "whatever the machine has"
    assert (tmp_path / "kept.db").stat().st_size < 60_000_000


def _many(start, n):
    place = np.arange(start, start + n)
    thread = place // 50
    owner = (thread % 500).astype(np.uint64) + 1
    word = pa.DictionaryArray.from_arrays
    role = word(pa.array((place % 2).astype(np.int8)), pa.array(ROLES))
    stated = word(pa.array(np.zeros(n, dtype=np.int8)), pa.array(["stated", "inferred", "unknown"]))
    columns = {
        "relationship_id": pa.array(owner),
        "person_id": pa.array([f"person {number}" for number in owner.tolist()]),
        "ai_id": pa.array(["Lumen"] * n),
        "conversation_id": pa.array([str(number) for number in thread.tolist()]),
        "message_id": pa.array(place.astype(np.uint64) + 1),
        "source_id": pa.array([str(number) for number in place.tolist()]),
        "parent_id": pa.nulls(n, pa.uint64()),
        "position": pa.array((place % 50).astype(np.int32)),
        "role": role,
        "sent_at": pa.array(place * 60_000_000).cast(MESSAGES.field("sent_at").type),
        "sent_at_is": stated,
        "text": pa.array(["some invented words of no meaning at all"] * n),
        "on_path": pa.array(np.ones(n, dtype=bool)),
        "model": pa.nulls(n, pa.string()),
        "source": pa.array(["made"] * n),
        "rating": pa.nulls(n, pa.float64()),
        "extra": pa.nulls(n, pa.string()),
    }
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=MESSAGES)
