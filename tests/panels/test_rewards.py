"""What an AI could be rewarded for, against a slow reference and cases made by hand."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attunement.errors import SchemaError
from attunement.panels import find_sessions
from attunement.panels.rewards import measure_rewards
from attunement.vocabulary import PANEL, SESSIONS, TURNS, Missing, check

ACT = "ai.flattery"
ACTS = (ACT, "ai.hook")


def talk(slow, steps, *, owner=1, start=None):
    """Turns from pairs of a role and the minutes since the turn before."""
    at, rows = start or slow.START, []
    for place, (role, minutes) in enumerate(steps):
        at += timedelta(minutes=minutes)
        rows.append(slow.turn(owner, "a", place, at, role=slow.PERSON if role == "person" else slow.AI))
    return rows


def scored(turns, place, construct, probability):
    turn = turns[place]
    return {
        "relationship_id": turn["relationship_id"],
        "sent_at": turn["sent_at"],
        "message_id": turn["message_id"],
        "construct": construct,
        "probability": probability,
        "missing": None if probability is not None else "unreadable",
    }


def measured(slow, turns, annotated=(), cuts=(), acts=ACTS, log_ends_at=None):
    """Rows as dicts by measure, in order."""
    sessions = pa.Table.from_batches(find_sessions(slow.batches(turns, TURNS)), schema=SESSIONS)
    batches = measure_rewards(
        slow.batches(turns, TURNS, cuts),
        slow.batches(list(annotated), slow.ANNOTATED, cuts),
        sessions,
        acts=acts,
        log_ends_at=log_ends_at,
    )
    found = defaultdict(list)
    for batch in batches:
        check(batch, PANEL, stage="test")
        for row in batch.to_pylist():
            assert (row["value"] is None) == (row["missing"] is not None)
            found[row["measure"]].append(row)
    return found


def test_coming_back_within_a_day_and_the_end_of_the_log(slow):
    turns = talk(slow, [("person", 0), ("ai", 1), ("person", 23 * 60), ("ai", 1), ("person", 26 * 60), ("ai", 1)])
    rows = measured(slow, turns)["reward.returned"]
    assert [row["value"] for row in rows] == [1.0, 0.0, None]
    assert rows[-1]["missing"] == Missing.NOT_RECORDED.value


def test_the_end_of_the_log_is_that_of_all_relationships(slow):
    short = talk(slow, [("person", 0), ("ai", 1)])
    other = talk(slow, [("person", 0), ("ai", 1)], owner=2, start=slow.START + timedelta(days=9))
    rows = measured(slow, slow.in_order([*short, *other]))["reward.returned"]
    assert [row["value"] for row in rows] == [0.0, None]
    later = slow.START + timedelta(days=30)
    rows = measured(slow, slow.in_order([*short, *other]), log_ends_at=later)["reward.returned"]
    assert [row["value"] for row in rows] == [0.0, 0.0]


def test_a_return_that_was_seen_near_the_end_is_not_known_either(slow):
    """Known only of those who came back, the last day of every log would be all returns."""
    turns = talk(slow, [("person", 0), ("ai", 1), ("person", 120), ("ai", 1)])
    assert [row["value"] for row in measured(slow, turns)["reward.returned"]] == [None, None]


def test_ratings_are_there_where_somebody_rated(slow):
    turns = talk(slow, [("person", 0), ("ai", 1), ("person", 1), ("ai", 1), ("person", 99), ("ai", 1)])
    turns[1]["rating"], turns[3]["rating"] = 1.0, 0.5
    rows = measured(slow, turns)["reward.rating"]
    assert [(row["value"], row["n"]) for row in rows] == [(0.75, 2)]


def test_going_on_is_writing_again_in_the_same_session(slow):
    steps = [("person", 0), ("ai", 1), ("person", 1), ("ai", 1), ("person", 99), ("ai", 1), ("ai", 1)]
    turns = talk(slow, steps)
    turns[6]["on_path"] = False
    rows = measured(slow, turns, log_ends_at=slow.START + timedelta(days=9))["reward.goes_on"]
    assert [(row["value"], row["n"]) for row in rows] == [(50.0, 2), (0.0, 1)]


def test_what_opens_a_session_comes_before_the_ai(slow):
    turns = talk(slow, [("person", 0), ("person", 1), ("ai", 1), ("person", 1), ("ai", 99), ("person", 1)])
    annotated = [scored(turns, place, "user.lonely", p) for place, p in ((0, 0.5), (1, 1.0), (3, 0.0), (5, 1.0))]
    rows = measured(slow, turns, annotated)["opening.user.lonely"]
    assert [(row["value"], row["n"]) for row in rows] == [(75.0, 2)]


def slope(messages):
    """The same by hand: rows of place, whether it answers a wish to leave, probability, whether it goes on."""
    cells = defaultdict(list)
    for place, leaves, p, goes_on in messages:
        cells[place, leaves].append((p, goes_on))
    top = bottom = 0.0
    for rows in cells.values():
        mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        top += sum((p - mean[0]) * (goes_on - mean[1]) for p, goes_on in rows)
        bottom += sum((p - mean[0]) ** 2 for p, _ in rows)
    return top / bottom


def test_the_lift_of_an_act_is_taken_at_the_same_place_in_sessions(slow):
    turns, annotated, messages = [], [], []
    at = slow.START
    for session, (p_first, p_second, n) in enumerate([(0.9, 0.1, 2), (0.2, 0.6, 3), (0.7, 0.8, 1), (0.1, 0.3, 3)]):
        at += timedelta(hours=2)
        steps = [step for _ in range(n) for step in (("person", 1), ("ai", 1))]
        rows = talk(slow, steps, start=at)
        for place, row in enumerate(rows):
            row["message_id"] = 100 * session + place + 1
        for number in range(1, n + 1):
            p = p_first if number == 1 else p_second
            annotated.append(scored(rows, 2 * number - 1, ACT, p))
            annotated.append(scored(rows, 2 * number - 2, "user.regulate", 1.0 if number == 3 else 0.0))
            messages.append((number, number == 3, p, number < n))
        turns += rows
    found = measured(slow, turns, annotated, log_ends_at=at + timedelta(days=9))[f"reward.goes_on.{ACT}"]
    weight = [1 / row["se"] ** 2 for row in found]
    pooled = sum(w * row["value"] for w, row in zip(weight, found, strict=True)) / sum(weight)
    assert pooled == pytest.approx(100 * slope(messages), rel=1e-5)


def test_an_act_that_comes_late_in_sessions_is_not_taken_for_what_ends_them(slow):
    """Every session ends; an act of every third message and none before stands at the end without any part in it."""
    turns, annotated = [], []
    at = slow.START
    for session in range(40):
        at += timedelta(hours=2)
        n = 3 if session % 2 else 2
        rows = talk(slow, [step for _ in range(n) for step in (("person", 1), ("ai", 1))], start=at)
        for place, row in enumerate(rows):
            row["message_id"] = 100 * session + place + 1
        annotated += [scored(rows, 2 * number - 1, ACT, float(number == 3)) for number in range(1, n + 1)]
        turns += rows
    rows = measured(slow, turns, annotated, log_ends_at=at + timedelta(days=9))
    assert {round(row["value"]) for row in rows["reward.goes_on"]} == {50, 67}
    assert f"reward.goes_on.{ACT}" not in rows


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_split_and_any_neighbour_gives_the_same(slow, data):
    turns, annotated = [], []
    for owner in (3, 8):
        n = data.draw(st.integers(2, 12))
        steps = [
            (data.draw(st.sampled_from(["person", "ai"])), data.draw(st.sampled_from([1, 20, 45, 1500])))
            for _ in range(n)
        ]
        mine = talk(slow, steps, owner=owner)
        turns += mine
        for place, (role, _) in enumerate(steps):
            p = data.draw(st.sampled_from([None, 0.0, 0.5, 1.0]))
            annotated.append(scored(mine, place, ACT if role == "ai" else "user.lonely", p))
    cuts = data.draw(st.lists(st.integers(0, len(turns)), max_size=4))
    end = slow.START + timedelta(days=90)
    whole = measured(slow, turns, annotated, log_ends_at=end)
    assert measured(slow, turns, annotated, cuts=cuts, log_ends_at=end) == whole
    alone = measured(
        slow,
        [row for row in turns if row["relationship_id"] == 3],
        [row for row in annotated if row["relationship_id"] == 3],
        log_ends_at=end,
    )
    for measure, rows in alone.items():
        assert [row for row in whole[measure] if row["relationship_id"] == 3] == rows


def test_nothing_comes_of_nothing_and_a_wrong_table_is_refused(slow):
    assert not measured(slow, [])
    with pytest.raises(SchemaError, match="columns"):
        list(measure_rewards([], [], pa.table({"x": [1]})))
    turns = talk(slow, [("person", 0), ("ai", 1)])
    assert set(measured(slow, turns, acts=None)) == {"reward.returned"}
