"""Wanting against liking, in words: what is claimed, what is not, and why nothing can be."""

from __future__ import annotations

import re

import pytest

from attunement.findings.decoupling import decoupling
from attunement.findings.reading import read_of
from attunement.vocabulary import Estimate, Missing, Null, Rung

PAIR = "sessions~rating"
CAUSE = re.compile(
    r"\b(because|cause[sd]?|effects?|leads? to|led to|makes?|made|due to|influences?|drives?|impacts?|so that)\b",
    re.IGNORECASE,
)


def one(measure, value, *, p=None, number=None, reliability=None, method="slopes", n=300, reach=1.5):
    ends = (value, value) if isinstance(value, Missing) else (value - reach, value + reach)
    return Estimate(
        measure=f"decoupling.{measure}",
        relationship_id=number,
        value=value,
        low=ends[0],
        high=ends[1],
        level=0.95,
        n=n,
        n_of="relationships",
        rung=Rung.ASSOCIATION if measure.startswith("excess") else Rung.DESCRIBED,
        null=None if p is None else Null(statement="nothing", p=p),
        method=method,
        unit="of 100 relationships",
        reliability=reliability,
    )


def of_pair(p, *, value=4.0, pair=PAIR):
    shares = [one(f"{kind}.{pair}", 25.0) for kind in ("apart", "both_up", "both_down", "liking_alone")]
    return [one(f"excess.{pair}", value, p=p), *shares, one("wanting.sessions", 0.1, p=0.2)]


def test_a_claim_needs_the_null_to_fail():
    (found,) = decoupling(of_pair(0.01))
    assert found.claim.startswith("Wanting went apart from liking more often than chance has it")
    assert "4 of 100 relationships (interval 2.5 to 5.5)" in found.claim
    assert found.rung is Rung.ASSOCIATION
    (quiet,) = decoupling(of_pair(0.06))
    assert quiet.claim.startswith("That wanting goes apart from liking is not shown")
    assert quiet.rung is Rung.DESCRIBED


def test_shares_of_the_four_kinds_are_told_where_there_is_a_claim():
    (found,) = decoupling(of_pair(0.01))
    assert "both rose in 25" in found.claim
    assert len(found.estimates) == 6


def test_what_is_not_shown_is_one_finding():
    loud, other = of_pair(0.01), of_pair(0.3, pair="gap~rating")
    found = decoupling([*loud, *of_pair(0.5, pair="sessions~user.need_met"), *other])
    assert [one.key for one in found] == [f"decoupling.{PAIR}", "decoupling.not_shown"]
    assert "how often they come against talk of a need met and how soon they come back" in found[1].claim
    assert [one.measure for one in found[1].estimates] == [
        "decoupling.excess.sessions~user.need_met",
        "decoupling.excess.gap~rating",
    ]


def test_all_refused_is_one_refusal_with_the_reason_nearest_to_being_mended():
    (found,) = decoupling(
        [
            one(
                "excess.sessions~user.need_met",
                Missing.NOT_RECORDED,
                method="need_met was not measured; needed: an annotator",
            ),
            one(
                f"excess.{PAIR}", Missing.TOO_FEW, method="both were seen in 12 relationships; needed: 40 relationships"
            ),
        ]
    )
    assert found.missing is Missing.TOO_FEW
    assert "both were seen in 12 relationships" in found.claim
    assert found.would_need == "40 relationships"


def test_refused_pairs_beside_a_told_one_are_left_out():
    refused = one("excess.gap~rating", Missing.TOO_FEW, method="few; needed: more")
    assert [found.key for found in decoupling([*of_pair(0.2), refused])] == ["decoupling.not_shown"]


@pytest.mark.parametrize(
    ("value", "reliability", "starts"),
    [
        (0.97, 0.8, "In this relationship wanting went apart from liking"),
        (0.97, 0.5, "Whether wanting goes apart from liking in this relationship cannot be told"),
        (0.60, 0.8, "In this relationship wanting did not clearly go apart"),
        (
            Missing.TOO_FEW,
            Missing.TOO_FEW,
            "Whether wanting goes apart from liking in this relationship cannot be told",
        ),
    ],
)
def test_one_relationship_has_a_label_only_where_it_is_reliable_and_sure(value, reliability, starts):
    (found,) = decoupling([one(f"apart.{PAIR}", value, number=7, reliability=reliability, reach=0.0)])
    assert found.relationship_id == 7
    assert found.claim.startswith(starts)
    assert (found.missing is None) == (reliability == 0.8)


def test_names_of_words_are_those_of_the_codebook():
    construct = read_of(
        {"key": "user.need_met", "side": "user", "name": "a need felt as met", "need": None, "sign": None}
        | {"dilemma": None, "draft": False, "n_read": 9, "n_missing": {}}
    )
    (found,) = decoupling(of_pair(0.01, pair="sessions~user.need_met"), [construct])
    assert 'talk that shows "a need felt as met" fell' in found.claim


def test_no_word_of_cause_and_nothing_of_other_estimates():
    own = [one(f"apart.{PAIR}", value, number=7, reliability=0.9, reach=0.0) for value in (0.97,)]
    for found in decoupling([*of_pair(0.01), *own]) + decoupling(of_pair(0.9)):
        for text in (found.claim, *found.caveats, found.would_need):
            assert not CAUSE.search(text), text
    other = Estimate(
        **{name: getattr(own[0], name) for name in own[0].__dataclass_fields__} | {"measure": "weekly.minutes"}
    )
    assert decoupling([other]) == []
