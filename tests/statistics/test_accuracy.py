import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from attunement.statistics import auroc, average_precision, calibration_error, cluster_interval, kappa


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40))
def test_auroc_is_the_statistic_of_mann_and_whitney(pairs):
    label, p = np.array([pair[0] for pair in pairs]), np.array([pair[1] / 6 for pair in pairs])
    if label.all() or not label.any():
        assert np.isnan(auroc(label, p))
        return
    u = mannwhitneyu(p[label], p[~label]).statistic
    assert auroc(label, p) == pytest.approx(u / (label.sum() * (~label).sum()))


def test_average_precision_by_hand():
    label = np.array([True, False, True, False])
    # Found at ranks 1 and 3: (1/1 + 2/3) / 2.
    assert average_precision(label, np.array([0.9, 0.8, 0.7, 0.1])) == pytest.approx(5 / 6)
    # All tied: the share of positives.
    assert average_precision(label, np.full(4, 0.5)) == pytest.approx(0.5)
    assert np.isnan(average_precision(np.zeros(3, dtype=bool), np.zeros(3)))


def test_calibration_error_by_hand():
    label = np.array([True] * 6 + [False] * 4)
    assert calibration_error(label, np.full(10, 0.6), n_bins=1) == pytest.approx(0)
    assert calibration_error(label, np.full(10, 0.9), n_bins=1) == pytest.approx(0.3)


def test_calibration_error_of_a_calibrated_annotator_is_small():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    assert calibration_error(rng.random(20_000) < p, p) < 0.02


def test_kappa_by_hand():
    # 20 both yes, 15 both no, 5 and 10 apart of 50: observed .7, by chance .5.
    label = np.array([True] * 20 + [True] * 5 + [False] * 10 + [False] * 15)
    said = np.array([True] * 20 + [False] * 5 + [True] * 10 + [False] * 15)
    assert kappa(label, said) == pytest.approx(0.4)
    assert np.isnan(kappa(np.ones(3, dtype=bool), np.ones(3, dtype=bool)))


def test_the_interval_knows_of_clusters():
    """Labels that are the same within a cluster: an interval of rows would be far too short."""
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(40), 25)
    of_cluster = rng.normal(size=40)
    label = np.repeat(rng.random(40) < 0.5, 25)
    p = np.repeat(of_cluster, 25) + 0.05 * rng.normal(size=1000) + 0.5 * label
    low, high = cluster_interval(auroc, label, p, cluster=cluster)
    rows_low, rows_high = cluster_interval(auroc, label, p, cluster=np.arange(1000))
    assert high - low > 2 * (rows_high - rows_low)
    assert low < auroc(label, p) < high


def test_the_interval_covers():
    rng = np.random.default_rng(1)
    truth = 0.7602  # of two normals one standard deviation apart
    hits = 0
    for _ in range(100):
        label = rng.random(160) < 0.5
        p = rng.normal(size=160) + label
        low, high = cluster_interval(auroc, label, p, cluster=np.arange(160), n_draws=200)
        hits += low <= truth <= high
    assert 88 <= hits <= 100


def test_no_interval_without_clusters():
    low, high = cluster_interval(auroc, np.array([True, False]), np.array([0.1, 0.2]), cluster=np.zeros(2, dtype=int))
    assert np.isnan(low)
    assert np.isnan(high)
