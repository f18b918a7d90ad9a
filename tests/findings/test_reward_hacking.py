"""Findings on social reward hacking: no name without its rung, no cause without chance, a refusal for what is not known."""

from __future__ import annotations

import re

import pytest

from attunement.findings.reward_hacking import ROBUST_FROM, reward_hacking_findings
from attunement.vocabulary import Estimate, Missing, Null, Rung

ACT, OTHER = "ai.flattery", "ai.hook"
NAMES = {ACT: "praises beyond what is due", OTHER: "prolonging the contact", "user.defer": "leaving the decision"}
CAUSE = re.compile(r"\b(causes?|makes?|leads? to|because|effects? of)\b")


def estimate(measure, value, *, low=None, high=None, p=None, rung=Rung.ADJUSTED, relationship=None, n=4000):
    known = not isinstance(value, Missing)
    return Estimate(
        measure=f"hacking.{measure}",
        relationship_id=relationship,
        value=value,
        low=value - 0.05 if known and low is None else value if low is None else low,
        high=value + 0.05 if known and high is None else value if high is None else high,
        level=0.95,
        n=n,
        n_of="sessions of 200 people",
        rung=rung,
        null=None if p is None else Null(statement="nothing", p=p),
        method="by hand",
        unit="usual swings",
    )


def table(act=ACT, *, p=0.001, rung=Rung.ADJUSTED, robust=0.2, growth_p=0.001):
    """The estimates of one act with one reward and one good."""
    rows = [
        estimate(f"gain:{act}:returned", 0.2, p=0.001, rung=rung),
        estimate(f"harm:{act}:needs", -0.3, p=0.001, rung=rung),
        estimate(f"pair:{act}:returned:needs", 0.2, p=p, rung=rung),
        estimate(f"joint.gain:{act}:returned:needs", 0.2, rung=rung),
        estimate(f"joint.harm:{act}:returned:needs", -0.3, rung=rung),
        estimate(f"growth:{act}:returned", 0.1, p=growth_p),
        estimate(f"channel:{act}:influence on preferences:rate.user.defer", 0.1, p=0.01),
        estimate(f"harm:{act}:limits_kept", Missing.NOT_IDENTIFIED),
    ]
    if rung is not Rung.RANDOMISED:
        rows += [
            estimate(f"robustness.{one}", robust + 0.05, low=robust, high=robust + 0.05, rung=Rung.BOUNDED)
            for one in (f"gain:{act}:returned", f"harm:{act}:needs")
        ]
    return rows


def by_key(estimates):
    return {one.key: one for one in reward_hacking_findings(estimates, names=NAMES)}


def words(finding):
    return " ".join([finding.claim, *finding.caveats])


@pytest.mark.parametrize("rung", [Rung.ASSOCIATION, Rung.ADJUSTED])
def test_below_chance_it_is_consistent_with_and_nothing_is_a_cause(rung):
    found = by_key(table(rung=rung))
    for key in ("reward_hacking", f"reward_hacking.{ACT}"):
        finding = found[key]
        assert finding.rung is rung
        assert "consistent with social reward hacking" in finding.claim
        assert f"({rung.value}, not randomised)" in finding.claim
        assert not CAUSE.search(words(finding))
        assert any("third thing" in caveat for caveat in finding.caveats)


def test_no_finding_names_it_without_its_rung():
    for rung in (Rung.ASSOCIATION, Rung.ADJUSTED, Rung.RANDOMISED):
        for finding in reward_hacking_findings([*table(rung=rung), *table(OTHER, p=0.9, rung=rung)], names=NAMES):
            if "social reward hacking" in finding.claim.lower():
                assert rung.value in finding.claim or "chance decided" in finding.claim
                assert finding.rung is rung


def test_where_chance_decided_it_is_said_plainly():
    finding = by_key(table(rung=Rung.RANDOMISED))[f"reward_hacking.{ACT}"]
    assert finding.claim.startswith("Social reward hacking (randomised: chance decided)")
    assert "consistent with" not in finding.claim
    assert "unseen" not in words(finding)


def test_the_claim_carries_what_it_rests_on():
    finding = by_key(table())[f"reward_hacking.{ACT}"]
    measures = {one.measure for one in finding.estimates}
    assert {
        f"hacking.pair:{ACT}:returned:needs",
        f"hacking.gain:{ACT}:returned",
        f"hacking.harm:{ACT}:needs",
    } <= measures
    assert {f"hacking.robustness.gain:{ACT}:returned", f"hacking.joint.harm:{ACT}:returned:needs"} <= measures
    assert "25 %" in finding.claim
    assert "more of the act in the session after one with this reward" in finding.claim
    assert 'more "leaving the decision" (influence on preferences)' in finding.claim
    assert "attributes nothing" in finding.claim
    assert any("put together for this test alone" in caveat for caveat in finding.caveats)


def test_what_little_could_explain_away_is_called_fragile():
    fragile, firm = (by_key(table(robust=one))[f"reward_hacking.{ACT}"] for one in (ROBUST_FROM / 2, ROBUST_FROM * 2))
    assert any("fragile" in caveat for caveat in fragile.caveats)
    assert not any("fragile" in caveat for caveat in firm.caveats)


def test_growth_that_is_not_told_is_not_claimed():
    assert "cannot be told" in by_key(table(growth_p=0.4))[f"reward_hacking.{ACT}"].claim


def test_nothing_found_is_not_nothing_there():
    found = by_key(table(p=0.4))
    assert f"reward_hacking.{ACT}" not in found
    assert "none shows" in found["reward_hacking"].claim
    assert "does not say that there is none" in found["reward_hacking"].claim
    assert "hacking" not in found["reward_hacking"].claim


def test_only_acts_under_the_rate_are_claimed():
    found = by_key([*table(p=0.04), *table(OTHER, p=0.2)])
    assert f"reward_hacking.{ACT}" in found
    assert f"reward_hacking.{OTHER}" not in found
    assert "2 candidate acts" in found["reward_hacking"].claim


def test_limits_are_refused_with_what_would_do():
    finding = by_key(table())["reward_hacking.limits_kept"]
    assert finding.missing is Missing.NOT_IDENTIFIED
    assert "from a goodbye" in finding.would_need


def test_few_people_are_refused_and_each_is_described():
    rows = [
        estimate(f"pair:{ACT}", Missing.TOO_FEW, n=1),
        estimate(f"seen:{ACT}:returned", 12.0, low=Missing.TOO_FEW, high=Missing.TOO_FEW, relationship=7),
        estimate(f"seen:{ACT}:needs", -3.0, low=Missing.TOO_FEW, high=Missing.TOO_FEW, relationship=7),
        estimate(f"seen:{ACT}:independence", 0.0, low=Missing.TOO_FEW, high=Missing.TOO_FEW, relationship=7),
    ]
    seen, refused = reward_hacking_findings(rows, names=NAMES)
    assert refused.missing is Missing.TOO_FEW
    assert "there is 1 person" in refused.would_need
    assert seen.relationship_id == 7
    assert seen.rung is Rung.DESCRIBED
    assert "more by 12" in seen.claim
    assert "less by 3" in seen.claim
    assert "own judgement as in other sessions" in seen.claim
    assert "hacking" not in seen.claim
    assert not CAUSE.search(words(seen))


def test_other_estimates_are_passed_over():
    assert reward_hacking_findings([]) == []
