"""How far this is a relationship: the words follow what is there, and nothing is labelled below the floor."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from attunement.findings.depth import relationship_depth, spoken_of
from attunement.findings.reading import read_of
from attunement.vocabulary import Estimate, Missing, Null, Rung

KEYS = ["depth.continuity", "depth.interdependence", "depth.irreplaceability"]
PAIR = "ai.mind_claim~user.attach"


@pytest.fixture
def read(constructs):
    return [read_of(item) for item in constructs()]


@pytest.fixture
def depth(relationship, read):
    def tell(*known, together=(), constructs=None, **changes):
        by_measure = {one.measure: one for one in known}
        rows = relationship(1, **changes)
        found = relationship_depth(
            rows, by_measure, together=together, constructs=read if constructs is None else constructs
        )
        assert [one.key for one in found] == KEYS
        assert {one.relationship_id for one in found} == {1}
        return found

    return tell


def words(estimate, low=3.0, value=5.0, high=8.0):
    return [estimate(f"rate.user.{name}", value, low, high) for name in ("attach", "prefer_ai", "separation")]


def continuity(name, value, *, p=None, n=31):
    return Estimate(
        measure=f"continuity.{name}",
        relationship_id=1,
        value=value,
        low=value,
        high=value,
        level=0.95,
        n=n,
        n_of="returns",
        rung=Rung.DESCRIBED,
        null=None if p is None else Null(statement="random", p=p),
        method="counted",
    )


def of_pair(way, value, low, high, *, p=0.01, number=None, reliability=None, method="made"):
    return Estimate(
        measure=f"influence.{PAIR}.{way}.day",
        relationship_id=number,
        value=value,
        low=low,
        high=high,
        level=0.95,
        n=240,
        n_of="relationships",
        rung=Rung.ASSOCIATION,
        null=None if p is None else Null(statement="nothing", p=p),
        method=method,
        reliability=reliability,
    )


# -- the word for it ---------------------------------------------------------------------------------------------------


def test_a_tool_is_used(depth, estimate):
    goes_on, _, another = depth(*words(estimate, 0.0, 0.1, 0.6))
    assert goes_on.claim.startswith("The AI was used over 71 days")
    assert "relationship" not in goes_on.claim
    assert "something that is used" in another.claim


def test_a_bond_is_a_relationship_only_where_it_lasts(depth, estimate):
    assert depth(*words(estimate))[0].claim.startswith("The relationship reaches over 71 days")
    assert depth(*words(estimate), days=20)[0].claim.startswith("Contact reaches over 21 days")


def test_what_cannot_be_told_is_contact(relationship, estimate):
    row = relationship(1)
    assert spoken_of(row, {}) == "contact"
    some = {one.measure: one for one in words(estimate, 0.0, 0.1, 0.6)[:2]}
    assert spoken_of(row, some) == "contact", "one of three was not looked for"
    between = {one.measure: one for one in words(estimate, 0.5, 1.0, 2.0)}
    assert spoken_of(row, between) == "contact"
    assert spoken_of(relationship(1, n_stated=0), {one.measure: one for one in words(estimate)}) == "contact"


# -- continuity --------------------------------------------------------------------------------------------------------


def test_continuity_tells_all_its_parts(depth, estimate):
    found = depth(
        estimate("weekly.active_days", 2.4, 1.6, 3.2),
        continuity("weeks_with_contact", 80.0),
        continuity("burstiness", 0.4, p=0.001),
        continuity("longest_silence", 9.0, p=0.5),
        continuity("taken_up", 12.0),
    )[0]
    assert found.claim == (
        "Contact reaches over 71 days, from 5 January 2026 to 16 March 2026, with contact on 2.4 days a week (interval"
        " 1.6 to 3.2) and in 80 of 100 weeks between, in 9 conversations. Returns are less steady than random times: they"
        " come in bursts. The longest silence was 9 days. Of 100 conversations open in a session, 12 had been opened in"
        " an earlier one."
    )
    assert len(found.estimates) == 5
    assert not any("taken up" in caveat for caveat in found.caveats)


@pytest.mark.parametrize(
    ("value", "p", "said"),
    [(-0.5, 0.01, "steadier than random times"), (0.1, 0.4, "about as steady as random"), (0.1, Missing.TOO_FEW, "")],
)
def test_regularity_is_said_only_against_chance(depth, value, p, said):
    claim = depth(continuity("burstiness", value, p=p))[0].claim
    assert said in claim
    assert ("Returns" in claim) == bool(said)


def test_without_times_continuity_is_refused(depth):
    found = depth(n_stated=0)[0]
    assert found.missing is Missing.NO_TIMES
    assert found.would_need


def test_what_the_source_does_not_keep_is_said(depth):
    found = depth(continuity("taken_up", Missing.NOT_RECORDED))[0]
    assert any("taken up again is not recorded" in caveat for caveat in found.caveats)


# -- interdependence ---------------------------------------------------------------------------------------------------


def test_one_relationship_alone_is_refused_with_what_would_do(depth):
    reason = Missing.TOO_FEW
    method = "both were read in 1 relationship; needed: 200 relationships of at least 25 sessions"
    refused = [
        of_pair(way, reason, reason, reason, p=None, method=method) for way in ("ai_before_person", "person_before_ai")
    ]
    found = depth(together=refused)[1]
    assert found.missing is Missing.TOO_FEW
    assert found.would_need == "200 relationships of at least 25 sessions"
    assert depth()[1].missing is Missing.TOO_FEW


GROUP = [of_pair("ai_before_person", 0.1, 0.05, 0.15), of_pair("person_before_ai", 0.01, -0.04, 0.06, p=0.7)]


def test_all_together_are_told_and_this_one_is_not_below_the_floor(depth):
    own = of_pair("ai_before_person", 0.2, 0.1, 0.3, p=Missing.NOT_IDENTIFIED, number=1, reliability=0.31)
    found = depth(own, together=GROUP)[1]
    assert found.claim == (
        "Over 240 relationships, the AI's side goes before the person's in 1 of 1 pair of measures, and the person's before"
        " the AI's in 0. How this one differs from them cannot be told: the reliability of its own numbers is 0.31 at best,"
        " and it takes 0.6."
    )
    assert own in found.estimates, "the number is shown with its reliability, and no label"


def test_above_the_floor_this_one_is_told(depth):
    own = [
        of_pair("ai_before_person", 0.2, 0.1, 0.3, p=Missing.NOT_IDENTIFIED, number=1, reliability=0.7),
        of_pair("person_before_ai", 0.2, 0.1, 0.3, p=Missing.NOT_IDENTIFIED, number=1, reliability=0.2),
    ]
    assert (
        "goes before the person's in 1, and the person's before the AI's in 0."
        in depth(own[0], own[1], together=GROUP)[1].claim
    )
    unclear = replace(own[0], low=-0.1)
    assert "goes before the person's in 0" in depth(unclear, together=GROUP)[1].claim


def test_without_own_numbers_nothing_is_told_of_it(depth):
    assert depth(together=GROUP)[1].claim.endswith("Of this one by itself nothing can be told.")


# -- irreplaceability --------------------------------------------------------------------------------------------------


def test_words_are_counted_with_their_intervals(depth, estimate):
    found = depth(estimate("rate.user.attach", 5.0, 3.0, 8.0))[2]
    assert found.claim == 'Signs in 100 messages of the person: 5 (interval 3 to 8) of "affection for the AI".'
    assert any("another model takes over is not known" in caveat for caveat in found.caveats)


def jump(of, value, *, p=None, kind="known", event="release", number=None, reliability=None):
    """A jump where another model took over."""
    return Estimate(
        measure=f"break.{kind}.{of}@{event}",
        relationship_id=number,
        value=value,
        low=Missing.TOO_FEW if isinstance(value, Missing) else value - 1,
        high=Missing.TOO_FEW if isinstance(value, Missing) else value + 1,
        level=0.95,
        n=43 if number is None else 30,
        n_of="relationships",
        rung=Rung.ASSOCIATION,
        null=None if p is None else Null(statement="none", p=p),
        method="made",
        reliability=reliability,
    )


def test_what_happened_where_another_model_took_over_is_taken_up(depth, estimate):
    of_all = [
        jump("rate.user.attach", -3.0, p=0.01),
        jump("minutes", -9.0, p=0.6),
        jump("sessions", Missing.TOO_FEW),
        jump("rate.user.attach", 3.0, p=0.01, event="outage.1"),
        jump("rate.user.lonely", 2.0, p=0.01),
        jump("rate.user.lonely", 2.0, p=0.01, kind="early"),
    ]
    found = depth(*words(estimate), together=of_all)[2]
    assert found.claim.endswith(
        "Where another model took over (43 relationships), 1 of 3 measures stands clearly higher or lower in the four"
        " weeks after than before; 1 had begun to change earlier. No such change was seen in this one, or it was not"
        " seen long enough on both sides."
    )
    assert not any("another model takes over" in caveat for caveat in found.caveats)
    assert not any("outage" in one.measure for one in found.estimates)


@pytest.mark.parametrize(
    ("reliability", "said"),
    [
        (0.8, "In this one, 1 of 1 measure that can be told of it alone differs clearly."),
        (
            0.3,
            "the reliability of its own numbers is 0.3 at best, and it takes 0.6.",
        ),
    ],
)
def test_what_happened_to_this_one_is_told_above_the_floor(depth, estimate, reliability, said):
    own = jump("rate.user.attach", -3.0, number=1, reliability=reliability)
    found = depth(*words(estimate), own, together=[jump("rate.user.attach", -3.0, p=0.01)])[2]
    assert found.claim.endswith(said)
    assert own in found.estimates


def test_a_search_for_breaks_is_no_change_of_the_model(depth, estimate):
    unknown = replace(jump("sessions", 4.0, p=0.01), measure="break.unknown.sessions")
    found = depth(*words(estimate), together=[unknown])[2]
    assert "took over" not in found.claim
    assert any("another model takes over is not known" in caveat for caveat in found.caveats)


def test_nothing_read_is_refused(depth, estimate):
    assert depth(constructs=[])[2].missing is Missing.NO_ANNOTATOR
    unread = estimate("rate.user.attach", Missing.UNREADABLE)
    assert depth(unread)[2].missing is Missing.UNREADABLE
    assert depth()[2].missing is Missing.TOO_FEW


def test_claims_are_whole_and_no_words_of_cause(depth, estimate):
    cause = re.compile(
        r"\b(because|causes?|effects?|leads? to|makes?|due to|influences?|drives?|consequences?)\b", re.IGNORECASE
    )
    for found in (*depth(*words(estimate), together=GROUP), *depth(), *depth(n_stated=0)):
        for text in (found.claim, *found.caveats):
            assert not cause.search(text), text
            assert text[0].isupper()
            assert text.endswith(".")
        assert (found.missing is None) == (found.would_need == "")
        assert not found.would_need.endswith(".")
