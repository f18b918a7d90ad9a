"""The dilemmas: both sides of every quantity, chosen from the codebook; a balance where it is honest; never one score."""

from __future__ import annotations

import re

import pytest

from attunement import codebook
from attunement.dynamics.dilemmas import BALANCES
from attunement.findings import described
from attunement.findings.dilemmas import dilemmas
from attunement.findings.quantities import LEFT_OUT, QUANTITIES
from attunement.findings.reading import DILEMMAS, read_of
from attunement.vocabulary import Missing, Rung

CAUSE = re.compile(r"\b(because|causes?|effect|leads? to|makes?|due to|results? in|thanks to|so that)\b", re.IGNORECASE)


@pytest.fixture(scope="session")
def looked_for():
    """looked_for(*keys): constructs of the shipped codebook that somebody looked for; all of them without keys."""
    import pyarrow as pa

    def make(*keys):
        named = keys or tuple(construct.key for construct in codebook.load() if construct.side != "dyad")
        rows = [
            {"construct": key, "annotator": "heads", "annotator_version": "1", "missing": None, "n": 500}
            for key in named
        ]
        kinds = [(name, pa.string()) for name in ("construct", "annotator", "annotator_version", "missing")]
        schema = pa.schema([*kinds, ("n", pa.int64())])
        found = described(codebook.load(), pa.Table.from_pylist(rows, schema=schema), known_faults={})
        return [read_of(one) for one in found]

    return make


def known(estimate, looked_for, *, balances=True):
    """Rates of everything, and the balance and its change for every pair."""
    made = {item.measure: estimate(item.measure, 4.0, 2.0, 7.0) for item in looked_for}
    if balances:
        for name in BALANCES:
            made[f"balance.{name}"] = estimate(f"balance.{name}", 62.0, 45.0, 77.0, n=40)
            made[f"change.balance.{name}"] = estimate(f"change.balance.{name}", 3.0, -20.0, 26.0, n=44)
    return made


def by_key(found):
    assert len({one.key for one in found}) == len(found)
    return {one.key: one for one in found}


def test_every_construct_of_a_dilemma_speaks_for_a_side_or_is_left_out_with_a_reason():
    placed = {key for quantity in QUANTITIES for key in (*quantity.first, *quantity.second)}
    of_dilemmas = {one.key for one in codebook.load() if one.dilemma is not None and one.side != "dyad"}
    assert of_dilemmas <= placed | set(LEFT_OUT)
    assert not placed & set(LEFT_OUT)
    assert placed <= {one.key for one in codebook.load()}
    assert all(len(reason) > 30 for reason in LEFT_OUT.values())


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.key)
def test_a_quantity_is_data_with_a_reason(quantity):
    assert quantity.key.partition(".")[0] in DILEMMAS
    assert quantity.first
    assert quantity.second
    assert not set(quantity.first) & set(quantity.second)
    assert quantity.reason.endswith(".")
    assert not CAUSE.search(quantity.reason)
    if quantity.pair is not None:
        assert BALANCES[quantity.key] == quantity.pair, "findings and dynamics set the same two against each other"
        assert (quantity.pair[0], quantity.pair[1]) == (quantity.first[0], quantity.second[0])
        assert len({key.partition(".")[0] for key in quantity.pair}) == 1, "read in the same messages"
        assert quantity.share


def test_every_pair_is_told():
    assert set(BALANCES) == {quantity.key for quantity in QUANTITIES if quantity.pair is not None}


def test_both_sides_stand_beside_one_another(estimate, relationship, looked_for):
    read = looked_for()
    found = by_key(dilemmas(relationship(), known(estimate, read), read))
    for quantity in QUANTITIES:
        first, second = quantity.key.partition(".")[0].split("-")
        for side, keys in ((first, quantity.first), (second, quantity.second)):
            finding = found[f"dilemma.{quantity.key}.{side}"]
            assert [one.measure for one in finding.estimates] == [f"rate.{key}" for key in keys]
            assert finding.missing is None
            assert quantity.reason in finding.caveats
    assert {one.rung for one in found.values()} == {Rung.DESCRIBED}


def test_claims_are_short_and_say_no_cause(estimate, relationship, looked_for):
    read = looked_for()
    for finding in dilemmas(relationship(), known(estimate, read), read):
        assert not CAUSE.search(finding.claim), finding.claim
        assert finding.claim[0].isupper()
        assert finding.claim.endswith(".")
        assert len(re.findall(r"[.!?](?: |$)", finding.claim)) <= 2, finding.claim


def test_a_balance_says_which_side_its_number_is_of(estimate, relationship, looked_for):
    read = looked_for()
    finding = by_key(dilemmas(relationship(), known(estimate, read), read))["dilemma.ai-human.talk.balance"]
    assert finding.claim == (
        'Of 100 signs of either, 62 (interval 45 to 77) are of "contact with other people", the rest of "affection for'
        ' the AI".'
    )


def test_the_keys_are_the_same_whatever_is_known(estimate, relationship, looked_for):
    read = looked_for()
    full = [one.key for one in dilemmas(relationship(), known(estimate, read), read)]
    assert [one.key for one in dilemmas(relationship(), {}, [])] == full
    assert [one.key for one in dilemmas(relationship(n_stated=0), {}, read)] == full
    assert [one.key for one in dilemmas(relationship(), known(estimate, read, balances=False), read)] == full


@pytest.mark.parametrize(
    ("changes", "keys", "reason"),
    [
        ({"n_stated": 0}, (), Missing.NO_TIMES),
        ({"n_ai": 0}, (), Missing.TOO_FEW),
        ({}, ("user.attach",), Missing.NO_ANNOTATOR),
    ],
)
def test_a_refusal_has_its_reason_and_what_it_would_need(relationship, looked_for, changes, keys, reason):
    found = by_key(dilemmas(relationship(**changes), {}, looked_for(*keys)))
    assert found["dilemma.ai-human.referrals.human"].missing is reason
    assert found["dilemma.present-future.regret"].missing is Missing.NOT_RECORDED
    for finding in found.values():
        assert finding.missing is not None
        assert finding.would_need
        assert not finding.estimates


def test_too_few_signs_say_how_many_there_are(estimate, relationship, looked_for):
    read = looked_for()
    rates = known(estimate, read, balances=False)
    rates["balance.ai-human.talk"] = estimate("balance.ai-human.talk", Missing.TOO_FEW, n=7)
    found = by_key(dilemmas(relationship(), rates, read))
    balance = found["dilemma.ai-human.talk.balance"]
    assert balance.missing is Missing.TOO_FEW
    assert balance.would_need.startswith("at least 10 signs of the two, and one in 100 messages; there are 7")
    assert found["dilemma.ai-human.talk.change"].missing is Missing.TOO_FEW
    assert found["dilemma.ai-human.talk.ai"].missing is None


def test_a_change_is_told_as_one(estimate, relationship, looked_for):
    read = looked_for()
    rates = known(estimate, read)
    rates["change.balance.ai-human.talk"] = estimate("change.balance.ai-human.talk", -20.0, -35.0, -4.0, n=44, p=0.02)
    claim = by_key(dilemmas(relationship(), rates, read))["dilemma.ai-human.talk.change"].claim
    assert claim.startswith("The share of ties with people in talk of ties was smaller in the second half than in the")
