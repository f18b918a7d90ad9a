"""When another model began to write: by relationship, whoever picked it."""

from datetime import timedelta

from attunement.store import Store
from attunement.vocabulary import MODEL_CHANGES


def conversation(row, models, **changes):
    """An AI message for each model, one a minute; None is a message that states none."""
    return [
        row(changes.get("person_id", "owner"), 2 * place + 1, model=model, **changes)
        for place, model in enumerate(models)
    ]


def changes_of(rows, batch, take_in):
    with Store() as store:
        take_in(store, batch(rows))
        table = store.model_changes()
    assert table.schema == MODEL_CHANGES
    return table.to_pylist()


def test_a_model_that_takes_over_for_good_is_one_new_and_final_change(row, batch, take_in):
    rows = conversation(row, ["old", "old", "old", "new", "new"])
    (found,) = changes_of(rows, batch, take_in)
    assert (found["model_before"], found["model_after"]) == ("old", "new")
    assert found["is_new"]
    assert found["is_final"]
    assert (found["n_before"], found["n_after"]) == (3, 2)
    assert found["at"] == rows[3]["sent_at"]


def test_models_picked_by_turns_are_neither_new_nor_final_but_at_the_ends(row, batch, take_in):
    found = changes_of(conversation(row, ["a", "b", "a", "b", "a"]), batch, take_in)
    assert [one["is_new"] for one in found] == [True, False, False, False]
    assert [one["is_final"] for one in found] == [False, False, False, True]
    assert [(one["n_before"], one["n_after"]) for one in found] == [(1, 2), (1, 2), (2, 1), (2, 1)]


def test_messages_without_a_model_a_time_or_a_place_on_the_path_do_not_count(row, batch, take_in):
    rows = conversation(row, ["a", None, "b", "b", "a"])
    rows[2]["on_path"] = False
    rows[3]["sent_at_is"] = "inferred"
    assert changes_of(rows, batch, take_in) == []


def test_what_the_person_is_said_to_write_with_does_not_count(row, batch, take_in):
    rows = [row("one", 0, model="x"), *conversation(row, ["a", "a"])]
    assert changes_of(rows, batch, take_in) == []


def test_relationships_do_not_meet(row, batch, take_in):
    rows = conversation(row, ["a", "a"]) + conversation(row, ["b", "c"], person_id="other")
    late = conversation(row, ["d"], person_id="third")
    late[0]["sent_at"] += timedelta(days=3)
    (found,) = changes_of(rows + late, batch, take_in)
    assert found["relationship_id"] == rows[-1]["relationship_id"]


def test_a_store_without_messages_has_no_changes():
    with Store() as store:
        assert store.model_changes().num_rows == 0
