"""Breaks in words: what stands higher after a date, what had begun before, and what broke unasked."""

from __future__ import annotations

import re

from attunement.findings.breaks import breaks
from attunement.findings.reading import read_of
from attunement.vocabulary import Estimate, Missing, Null, Rung

CAUSE = re.compile(
    r"\b(because|cause[sd]?|effects?|leads? to|led to|makes?|made|due to|influences?|drives?|impacts?|so that)\b",
    re.IGNORECASE,
)


def one(measure, value, *, p=None, number=None, reliability=None, method="means", unit="per 100 messages"):
    ends = (value, value) if isinstance(value, Missing) else (value - 1.0, value + 1.0)
    return Estimate(
        measure=f"break.{measure}",
        relationship_id=number,
        value=value,
        low=ends[0],
        high=ends[1],
        level=0.95,
        n=80,
        n_of="relationships",
        rung=Rung.ASSOCIATION,
        null=None if p is None else Null(statement="nothing", p=p),
        method=method,
        unit=unit,
        reliability=reliability,
    )


def test_an_event_is_one_finding_of_clear_and_unclear_measures():
    (found,) = breaks(
        [
            one("known.sessions@release", -2.0, p=0.01, unit="sessions a week"),
            one("known.minutes@release", 4.0, p=0.4, unit="minutes a week"),
        ]
    )
    assert "How often they come is 2 sessions a week lower (interval -3 to -1)" in found.claim
    assert "another model took over" in found.claim
    assert "No clear change in the four weeks after another model took over: time in contact" in found.claim
    assert found.rung is Rung.ASSOCIATION
    assert any("chose the date themselves" in caveat for caveat in found.caveats)


def test_what_had_begun_before_is_not_claimed():
    (found,) = breaks([one("known.sessions@spring", 3.0, p=0.001), one("early.sessions@spring", 2.0, p=0.01)])
    assert "had begun to change before it" in found.claim
    assert "higher" not in found.claim
    assert found.rung is Rung.DESCRIBED


def test_events_are_named():
    for event, words in (
        ("release.a-1 to b-2", "after b-2 took over from a-1"),
        ("outage.3", "after outage 3"),
        ("spring", 'after "spring"'),
    ):
        (found,) = breaks([one(f"known.minutes@{event}", 3.0, p=0.001)])
        assert words in found.claim
        assert found.key == f"break.known.{event}"


def test_names_of_rates_are_those_of_the_codebook():
    construct = read_of(
        {"key": "user.attach", "side": "user", "name": "affection for the AI", "need": None, "sign": None}
        | {"dilemma": None, "draft": False, "n_read": 9, "n_missing": {}}
    )
    (found,) = breaks([one("known.rate.user.attach@release", 3.0, p=0.001)], [construct])
    assert found.claim.startswith('Signs of "affection for the AI" are 3 per 100 messages higher')


def test_a_refusal_says_what_is_missing_and_what_would_do():
    (found,) = breaks([one("known.minutes@release", Missing.TOO_FEW, method="4 were seen; needed: 20 relationships")])
    assert found.claim.endswith("cannot be said: 4 were seen.")
    assert found.missing is Missing.TOO_FEW
    assert found.would_need == "20 relationships"


def test_unknown_times_are_told_with_their_day_and_without_a_size_that_is_not_known():
    known = [one("unknown.minutes", 3.0, p=0.01), one("when.minutes", 20_000.0)]
    (found,) = breaks(known)
    assert "time in contact changed around 4 October 2024: 3 per 100 messages higher" in found.claim
    (found,) = breaks([one("unknown.minutes", Missing.TOO_FEW, p=0.01), one("when.minutes", 20_000.0)])
    assert "by how much cannot be told" in found.claim
    (found,) = breaks([one("unknown.minutes", 3.0, p=0.2), one("when.minutes", 20_000.0)])
    assert found.claim == "No clear break over all relationships: time in contact."


def test_one_relationship_has_a_size_only_where_it_is_reliable():
    for reliability, size in ((0.8, "3 per 100 messages higher"), (0.4, "by how much cannot be told of it alone")):
        own = [one("unknown.minutes", 3.0, p=0.01, number=5, reliability=reliability)]
        (found,) = breaks([*own, one("when.minutes", 20_000.0, number=5)])
        assert found.relationship_id == 5
        assert size in found.claim
    (found,) = breaks([one("unknown.minutes", Missing.TOO_FEW, number=5, method="9 sessions; needed: 60 of them")])
    assert found.relationship_id == 5
    assert found.would_need == "60 of them"


def test_a_known_date_makes_no_claim_of_one_relationship():
    own = one("known.minutes@release", 3.0, number=5, reliability=0.9)
    assert breaks([own]) == []


def test_no_word_of_cause():
    known = [
        one("known.minutes@release", 3.0, p=0.01),
        one("known.sessions@release", 3.0, p=0.01),
        one("early.sessions@release", 3.0, p=0.01),
        one("unknown.minutes", 3.0, p=0.01),
        one("when.minutes", 20_000.0),
        one("unknown.minutes", 3.0, p=0.01, number=5, reliability=0.9),
        one("when.minutes", 20_000.0, number=5),
    ]
    found = breaks(known)
    assert len(found) == 3
    for item in found:
        for text in (item.claim, *item.caveats, item.would_need):
            assert not CAUSE.search(text), text
