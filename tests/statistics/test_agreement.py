"""Agreement of labellers: published examples, properties, another implementation, and labellers whose errors are known."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.statistics import agreement, kappa

NAN = np.nan

KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
)
"""Four observers of twelve units (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C)."""

BINARY = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], dtype=float)
"""Two observers of ten units (the same, section A)."""

GWET = np.array([[1] * 118 + [1] * 5 + [0] * 2, [1] * 118 + [0] * 5 + [1] * 2], dtype=float)
"""The paradox: 118 times both yes, never both no, 5 and 2 times apart (Gwet 2002)."""


@pytest.mark.parametrize(("scale", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_own_example(statistics, scale, published):
    assert statistics.agreement.alpha(KRIPPENDORFF, scale=scale) == pytest.approx(published, abs=5e-4)


def test_krippendorffs_binary_example(statistics):
    assert statistics.agreement.alpha(BINARY) == pytest.approx(0.095, abs=5e-4)


def test_gwets_paradox(statistics):
    assert statistics.agreement.percent_agreement(GWET) == pytest.approx(0.944)
    assert statistics.agreement.pairwise_kappa(GWET) == pytest.approx(-0.0234, abs=5e-5)
    assert statistics.agreement.ac1(GWET) == pytest.approx(0.9408, abs=5e-5)


def _labels(seed, *, labellers=3, units=40, values=2, missing=0.3):
    rng = np.random.default_rng(seed)
    truth = rng.integers(values, size=units)
    said = np.where(rng.random((labellers, units)) < 0.7, truth, rng.integers(values, size=(labellers, units)))
    return np.where(rng.random(said.shape) < missing, NAN, said.astype(float))


@given(seed=st.integers(0, 10_000), values=st.integers(2, 5), scale=st.sampled_from(["nominal", "ordinal", "interval"]))
@settings(max_examples=40, deadline=None)
def test_alpha_is_that_of_the_package(seed, values, scale):
    labels = _labels(seed, values=values)
    theirs = krippendorff.alpha(labels, level_of_measurement=scale)
    assert agreement.alpha(labels, scale=scale) == pytest.approx(theirs, abs=1e-9)


@given(seed=st.integers(0, 10_000), missing=st.floats(0, 0.6))
@settings(max_examples=30, deadline=None)
def test_the_order_of_labellers_and_units_says_nothing(seed, missing):
    labels = _labels(seed, missing=missing)
    rng = np.random.default_rng(seed)
    shuffled = labels[rng.permutation(3)][:, rng.permutation(40)]
    for measure in (agreement.alpha, agreement.ac1, agreement.percent_agreement, agreement.pairwise_kappa):
        assert measure(shuffled) == pytest.approx(measure(labels), abs=1e-12, nan_ok=True)


def test_perfect_agreement_is_one():
    labels = np.tile([0.0, 1, 1, 0, 0, 1], (3, 1))
    for measure in (agreement.alpha, agreement.ac1, agreement.percent_agreement, agreement.pairwise_kappa):
        assert measure(labels) == pytest.approx(1)


def test_chance_is_about_nought():
    labels = (np.random.default_rng(3).random((3, 20_000)) < 0.5).astype(float)
    for measure in (agreement.alpha, agreement.ac1, agreement.pairwise_kappa):
        assert measure(labels) == pytest.approx(0, abs=0.02)


def test_what_cannot_be_known_is_not_nought():
    same = np.zeros((2, 10))
    assert np.isnan(agreement.alpha(same))
    assert np.isnan(agreement.pairwise_kappa(same))
    assert agreement.ac1(same) == 1  # AC1 counts the "yes" that nobody used
    alone = np.array([[1.0, 0, 1], [NAN, NAN, NAN]])
    for measure in (agreement.alpha, agreement.ac1, agreement.percent_agreement, agreement.pairwise_kappa):
        assert np.isnan(measure(alone))
    assert np.isnan(agreement.alpha(np.full((2, 3), NAN)))


def test_the_kappa_of_two_is_cohens():
    labels = _labels(5, labellers=2, missing=0)
    assert agreement.pairwise_kappa(labels) == pytest.approx(kappa(labels[0] == 1, labels[1] == 1))


def test_the_kappa_of_three_is_the_mean_over_pairs():
    labels = _labels(6, missing=0)
    pairs = [kappa(labels[i] == 1, labels[j] == 1) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert agreement.pairwise_kappa(labels) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("name", ["ac1", "percent_agreement", "pairwise_kappa"])
def test_a_weight_of_two_is_the_unit_twice(name):
    labels = _labels(8)
    weight = np.where(np.arange(40) < 10, 2.0, 1.0)
    doubled = np.concatenate([labels[:, :10], labels], axis=1)
    measure = getattr(agreement, name)
    assert measure(labels, weight=weight) == pytest.approx(measure(doubled))
    assert measure(labels, weight=3 * weight) == pytest.approx(measure(doubled))


def test_labellers_of_known_error_agree_as_they_must(statistics):
    rng = np.random.default_rng(11)
    share, error, n = 0.2, 0.1, 60_000
    truth = rng.random(n) < share
    labels = (truth ^ (rng.random((2, n)) < error)).astype(float)
    agreed = (1 - error) ** 2 + error**2
    said_yes = share * (1 - error) + (1 - share) * error
    by_chance = said_yes**2 + (1 - said_yes) ** 2
    by_gwets_chance = 2 * said_yes * (1 - said_yes)
    found = statistics.measure_agreement(labels, cluster=np.arange(n) // 60, rng=rng, n_draws=50)
    assert found.percent.value == pytest.approx(agreed, abs=0.01)
    assert found.alpha.value == pytest.approx((agreed - by_chance) / (1 - by_chance), abs=0.01)
    assert found.kappa.value == pytest.approx((agreed - by_chance) / (1 - by_chance), abs=0.01)
    assert found.ac1.value == pytest.approx((agreed - by_gwets_chance) / (1 - by_gwets_chance), abs=0.01)


def test_intervals_draw_whole_clusters(statistics):
    """Thirty relationships of twenty messages, in some of which labellers err far more."""
    rng = np.random.default_rng(12)
    n_relationships, n_messages, n_runs, hits, rows = 30, 20, 60, 0, 0
    expected = []
    for _ in range(n_runs):
        err = rng.choice([0.02, 0.4], size=n_relationships)
        cluster = np.repeat(np.arange(n_relationships), n_messages)
        truth = rng.random(len(cluster)) < 0.5
        labels = (truth ^ (rng.random((2, len(cluster))) < err[cluster])).astype(float)
        found = statistics.measure_agreement(labels, cluster=cluster, rng=rng, n_draws=200).percent
        alone = statistics.measure_agreement(labels, cluster=np.arange(len(cluster)), rng=rng, n_draws=200).percent
        agreed = np.mean([0.98**2 + 0.02**2, 0.6**2 + 0.4**2])
        hits += found.low <= agreed <= found.high
        rows += alone.low <= agreed <= alone.high
        expected.append(found.value)
    assert np.mean(expected) == pytest.approx(agreed, abs=0.01)
    assert hits / n_runs >= 0.87
    assert rows < hits


def test_one_relationship_gives_no_interval(statistics):
    found = statistics.measure_agreement(GWET, cluster=np.zeros(125, dtype=int), rng=np.random.default_rng(1))
    assert found.ac1.value == pytest.approx(0.9408, abs=5e-5)
    assert np.isnan([found.ac1.low, found.ac1.high]).all()


def test_weights_give_back_the_population(statistics):
    """Late messages are drawn four times as often and are harder: without weights agreement comes out too low."""
    rng = np.random.default_rng(14)
    n = 40_000
    late = rng.random(n) < 0.5
    truth = rng.random(n) < 0.4
    labels = (truth ^ (rng.random((2, n)) < np.where(late, 0.3, 0.05))).astype(float)
    p = np.where(late, 0.4, 0.1)
    drawn = rng.random(n) < p
    whole = agreement.alpha(labels)
    assert agreement.alpha(labels[:, drawn]) < whole - 0.05
    assert agreement.alpha(labels[:, drawn], weight=1 / p[drawn]) == pytest.approx(whole, abs=0.02)
