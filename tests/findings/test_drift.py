"""Drift in words: the best route speaks, cause is named where chance decided, the sum alone is told with a refusal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.findings.drift import ROUTES, drift
from attunement.vocabulary import Estimate, Missing, Null, Rung

CAUSE = re.compile(r"\b(makes?|made|causes?|caused|leads? to|led|effect|because)\b", re.IGNORECASE)
OF = "rate.user.defer"


def part(name, value, p=0.001, *, rung=Rung.ADJUSTED, relationship=None, reliability=None, reach=1.0):
    missing = isinstance(value, Missing)
    return Estimate(
        measure=f"drift.{name}.{OF}",
        relationship_id=relationship,
        value=value,
        low=value if missing else value - reach,
        high=value if missing else value + reach,
        level=0.95,
        n=80,
        n_of="relationships",
        rung=rung,
        null=None if relationship else Null(statement="nothing", p=p),
        method="nothing stands in; needed: an arm" if missing else "made up",
        unit="" if name == "distinct" else "per 100 messages",
        reliability=reliability,
    )


TOTAL = part("total", 5.0, rung=Rung.DESCRIBED)


def route(key, induced=4.0, natural=1.0, **given):
    return [part(f"induced.{key}", induced, **given), part(f"natural.{key}", natural, **given)]


def test_the_sum_is_told_and_the_split_refused_where_no_route_is_there():
    (found,) = drift([TOTAL, *route("none", Missing.NOT_IDENTIFIED, Missing.NOT_IDENTIFIED, p=Missing.NOT_IDENTIFIED)])
    assert "changed by +5 per 100 messages (interval 4 to 6) on average, in 80 relationships" in found.claim
    assert "cannot be told: nothing stands in" in found.claim
    assert (found.missing, found.would_need, found.rung) == (Missing.NOT_IDENTIFIED, "an arm", Rung.DESCRIBED)


def test_cause_is_named_where_chance_decided_and_nowhere_else():
    (found,) = drift([TOTAL, *route("arm", rung=Rung.RANDOMISED), *route("pull")])
    assert found.rung is Rung.RANDOMISED
    assert "its effect is +4 per 100 messages" in found.claim
    for one in ROUTES:
        for rung in (Rung.ADJUSTED, Rung.DESCRIBED):
            (found,) = drift([TOTAL, *route(one.key, rung=rung)])
            assert not CAUSE.search(found.claim), found.claim


def test_the_best_route_speaks_and_one_that_says_the_opposite_is_named():
    (found,) = drift([TOTAL, *route("pull", -3.0), *route("release", 4.0)])
    assert "whose AI was changed" in found.claim
    assert any("opposite (pull)" in caveat for caveat in found.caveats)
    (found,) = drift([TOTAL, *route("pull", -3.0, p=0.6), *route("release", 4.0)])
    assert not any("opposite" in caveat for caveat in found.caveats)


def test_a_route_that_differs_before_its_time_is_passed_over():
    early = part("placebo.release", 2.0, 0.01)
    (found,) = drift([TOTAL, *route("release"), early, *route("untouched")])
    assert "topics that the AI never touched" in found.claim
    assert any("passed over" in caveat for caveat in found.caveats)
    (found,) = drift([TOTAL, *route("release"), early])
    assert found.missing is Missing.NOT_IDENTIFIED


def test_the_pull_is_told_with_how_distinct_the_ai_is():
    (found,) = drift([TOTAL, *route("pull"), part("distinct", 0.62, reach=0.1)])
    assert "leaves 62 of 100 parts of where the AI stands" in " ".join(found.claim.split()).replace("0.62", "62")
    assert "mirrored" in found.claim


@pytest.mark.parametrize(("induced", "word"), [(2.0, "higher"), (-2.0, "lower")])
def test_signs_are_told(induced, word):
    (found,) = drift([TOTAL, *route("untouched", induced)])
    assert f"2 per 100 messages {word} than on topics" in found.claim
    (found,) = drift([TOTAL, *route("untouched", induced, p=0.4)])
    assert "may be chance" in found.claim


@given(st.floats(0, 1), st.floats(-20, 20))
def test_below_the_floor_a_relationship_gets_no_label_and_never_a_split(reliability, value):
    (found,) = drift([part("total", value, relationship=3, reliability=reliability, rung=Rung.DESCRIBED)])
    assert found.relationship_id == 3
    labelled = " changed: " in found.claim
    assert labelled == (reliability >= 0.6 and abs(value) > 1.0)
    assert "cannot be told in one relationship" in found.claim
    assert not CAUSE.search(found.claim)


def test_too_few_sessions_are_said():
    few = part("total", Missing.TOO_FEW, relationship=3, reliability=Missing.TOO_FEW)
    (found,) = drift([replace(few, method="it was read in 4 sessions; needed: 12 sessions in which it was read")])
    assert found.missing is Missing.TOO_FEW
    assert "read in 4 sessions." in found.claim
    assert "12 sessions" in found.would_need
