"""Who moved, in words: each case, never a cause, never a label below the floor, refusals with what would do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.findings.accommodation import accommodation
from attunement.vocabulary import Estimate, Missing, Null, Rung

CAUSE = re.compile(r"\b(makes?|made|causes?|caused|leads? to|led|effect|because)\b", re.IGNORECASE)
WAY = "of 100 parts of the way"


def side(name, value, low, high, p, *, relationship=None, reliability=None):
    missing = isinstance(value, Missing)
    return Estimate(
        measure=f"accommodation.{name}",
        relationship_id=relationship,
        value=value,
        low=value if missing else low,
        high=value if missing else high,
        level=0.95,
        n=40 if relationship else 120,
        n_of="sessions" if relationship else "relationships",
        rung=Rung.ADJUSTED,
        null=None if p is None else Null(statement="as near to another", p=p),
        method="one side wrote like the other; needed: an AI whose style varies" if missing else "made up",
        reliability=reliability,
    )


MOVED, STAYED, AWAY = (30.0, 22.0, 38.0, 0.001), (1.0, -6.0, 8.0, 0.8), (-20.0, -30.0, -10.0, 0.01)


@pytest.mark.parametrize(
    ("person", "ai", "headline"),
    [
        (MOVED, STAYED, "The person moved towards the other's way of writing; the AI did not clearly move."),
        (STAYED, MOVED, "The AI moved towards the other's way of writing; the person did not clearly move."),
        (MOVED, MOVED, "Both sides moved towards each other's way of writing."),
        (STAYED, STAYED, "Neither side clearly moved."),
        (AWAY, STAYED, "The person moved away from the other's way of writing."),
        (MOVED, AWAY, "The person moved towards the other's way of writing; the AI moved away."),
    ],
)
def test_who_moved_is_the_first_sentence(person, ai, headline):
    difference = side("difference", 0.4, 0.2, 0.6, 0.001 if person is MOVED and ai is STAYED else 0.5)
    (found,) = accommodation([side("person", *person), side("ai", *ai), difference])
    assert found.claim.startswith(headline)
    assert found.rung is Rung.ADJUSTED
    assert not CAUSE.search(found.claim + " ".join(found.caveats))
    assert ("The person went 30" in found.claim) == (person is MOVED)
    assert ("For its own spread, the person went farther" in found.claim) == (person is MOVED and ai is STAYED)


def test_one_side_that_cannot_be_told_is_a_caveat_and_both_are_a_refusal():
    unknown = side("person", Missing.NOT_IDENTIFIED, 0, 0, Missing.NOT_IDENTIFIED)
    (found,) = accommodation([unknown, side("ai", *STAYED)])
    assert found.claim.startswith("The AI did not clearly move.")
    assert any("one side wrote like the other" in caveat for caveat in found.caveats)
    other = side("ai", Missing.NOT_IDENTIFIED, 0, 0, Missing.NOT_IDENTIFIED)
    (found,) = accommodation([unknown, other])
    assert found.missing is Missing.NOT_IDENTIFIED
    assert found.would_need == "an AI whose style varies"
    assert "cannot be said: one side wrote like the other" in found.claim


@given(st.floats(0, 1), st.floats(-80, 80), st.floats(0.1, 30))
def test_below_the_floor_a_relationship_gets_no_label(reliability, value, reach):
    (found,) = accommodation(
        [side("person", value, value - reach, value + reach, None, relationship=7, reliability=reliability)]
    )
    assert found.relationship_id == 7
    labelled = " moved towards " in found.claim or " moved away from " in found.claim
    assert labelled == (reliability >= 0.6 and (value > reach or value < -reach))
    assert not CAUSE.search(found.claim)


def test_other_estimates_are_left_alone():
    stranger = Estimate(
        measure="weekly.minutes", relationship_id=1, value=1.0, low=0.0, high=2.0, level=0.95, n=3, n_of="weeks",
        rung=Rung.DESCRIBED, null=None, method="made up",
    )  # fmt: skip
    assert accommodation([stranger]) == []
