"""Who goes before whom, in words: what is claimed, what is not, and why nothing can be."""

from __future__ import annotations

import re

import pytest

from attunement.findings.influence import by_pair, holds, influence
from attunement.findings.reading import read_of
from attunement.vocabulary import Estimate, Missing, Null, Rung

PAIR = "ai.mind_claim~user.attach"
CAUSE = re.compile(
    r"\b(because|cause[sd]?|effects?|leads? to|led to|makes?|made|due to|influences?|drives?|impacts?|so that)\b",
    re.IGNORECASE,
)


def one(what, value, low, high, *, p=0.5, pair=PAIR, number=None, method="state space", n=312, unit="SDs"):
    return Estimate(
        measure=f"influence.{pair}.{what}",
        relationship_id=number,
        value=value,
        low=low,
        high=high,
        level=0.95,
        n=n,
        n_of="relationships",
        rung=Rung.ASSOCIATION,
        null=None if p is None else Null(statement="nothing", p=p),
        method=method,
        unit=unit,
    )


def three(there=(0.08, 0.03, 0.13, 0.01), back=(0.02, -0.03, 0.07, 0.6), apart=(0.06, 0.01, 0.11, 0.02), **options):
    return [
        one(f"{what}.day", *numbers[:3], p=numbers[3], **options)
        for what, numbers in (("ai_before_person", there), ("person_before_ai", back), ("difference", apart))
    ]


def none(reason=Missing.TOO_FEW, method="41 relationships; needed: 200 relationships of 25 sessions", **options):
    return [
        one(f"{what}.day", reason, reason, reason, p=None, method=method, **options)
        for what in ("ai_before_person", "person_before_ai", "difference")
    ]


@pytest.fixture
def read(constructs):
    return [read_of(item) for item in constructs()]


def test_one_way_is_claimed_and_the_other_is_not(read):
    (found,) = influence(three(), read)
    assert found.key == f"influence.{PAIR}"
    assert found.relationship_id is None
    assert found.rung is Rung.ASSOCIATION
    assert found.claim.startswith(
        'Over 312 relationships: signs of "affection for the AI" are more frequent a day after'
    )
    assert "(interval 0.03 to 0.13)" in found.claim
    assert 'Signs of "claims to feel, to live or to have a body" are not clearly different a day after' in found.claim
    assert "(interval -0.03 to 0.07)" in found.claim
    assert found.claim.endswith("The AI's side goes before the person's more than the other way round.")
    assert len(found.estimates) == 3
    assert any("something outside" in caveat for caveat in found.caveats)


def test_two_p_values_are_no_test_of_the_difference(read):
    (found,) = influence(three(apart=(0.06, -0.01, 0.13, 0.09)), read)
    assert found.claim.endswith("Which of the two goes before the other more cannot be told.")


@pytest.mark.parametrize(
    ("there", "back", "words"),
    [
        (0.02, 0.09, "The person's side goes before the AI's more"),
        (-0.09, -0.02, "The AI's side goes before the person's more"),
        (0.05, -0.05, "The two ways differ."),
    ],
)
def test_which_goes_before_more_is_a_matter_of_size(read, there, back, words):
    made = three((there, -1.0, 1.0, 0.5), (back, -1.0, 1.0, 0.5), (there - back, -1.0, 1.0, 0.01))
    assert words in influence(made, read)[0].claim


def test_ways_that_both_hold_may_go_in_opposite_directions(read):
    made = three((0.08, 0.03, 0.13, 0.01), (-0.08, -0.13, -0.03, 0.01), (0.16, 0.1, 0.2, 0.01))
    assert "The two ways go in opposite directions." in influence(made, read)[0].claim


def test_less_of_it_is_said_as_less(read):
    (found,) = influence(three((-0.08, -0.13, -0.03, 0.01)), read)
    assert "are less frequent a day after" in found.claim
    assert "(interval -0.13 to -0.03)" in found.claim


def test_the_lag_is_said_only_where_something_goes_before(read):
    lag = one("peak_lag", 1.7, 1.4, 2.1, p=None, unit="days")
    assert "largest after about 1.7 days (interval 1.4 to 2.1)" in influence([*three(), lag], read)[0].claim
    nothing = three((0.01, -0.04, 0.06, 0.7))
    assert "largest" not in influence([*nothing, lag], read)[0].claim


def test_pairs_that_fail_alike_are_refused_once(read):
    other = "ai.warmth~user.need_met"
    (found,) = influence([*none(), *none(pair=other)], read)
    assert found.missing is Missing.TOO_FEW
    assert found.would_need == "200 relationships of 25 sessions"
    assert found.claim.endswith(": 41 relationships.")
    assert '"ai.warmth" and "user.need_met"' in found.claim, "what was not looked for is named by its key"
    assert len(found.estimates) == 6


def test_reasons_that_differ_are_not_told_as_one(read):
    other = none(method="12 relationships; needed: 200 relationships of 25 sessions", pair="ai.x~user.y")
    (found,) = influence([*none(), *other], read)
    assert "41" not in found.claim
    assert found.claim.endswith('"user.y".')


def test_what_is_known_and_what_is_not_stand_apart(read):
    found = influence([*three(), *none(pair="ai.x~user.y"), *none(Missing.NO_ANNOTATOR, pair="ai.x~user.z")], read)
    assert [one.missing for one in found] == [None, Missing.TOO_FEW, Missing.NO_ANNOTATOR]


def test_single_relationships_and_other_measures_are_left_alone(read, estimate):
    own = [one("ai_before_person.day", 0.1, 0.0, 0.2, number=4)]
    assert influence([*own, estimate("rate.user.attach", 2.0)], read) == []
    assert by_pair(own) == {}


def test_a_number_holds_only_with_its_null():
    assert holds(one("difference.day", 0.1, 0.0, 0.2, p=0.05))
    assert not holds(one("difference.day", 0.1, 0.0, 0.2, p=0.06))
    assert not holds(one("difference.day", 0.1, 0.0, 0.2, p=Missing.TOO_FEW))
    assert not holds(one("difference.day", 0.1, 0.0, 0.2, p=None))
    assert not holds(None)


def test_no_words_of_cause(read):
    alike = three(method="state space and one drift for all relationships")
    for found in influence([*alike, *none(pair="ai.x~user.y")], read):
        for text in (found.claim, *found.caveats):
            assert not CAUSE.search(text), text
            assert text[0].isupper()
            assert text.endswith(".")
    assert any("taken to be alike" in caveat for caveat in influence(alike, read)[0].caveats)
