"""Correction of annotator error: known answers, invariances, refusals, and coverage where annotators drift."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import install_import_hook

from attunement.errors import OptionError
from attunement.vocabulary import Missing

ROOM = "attunement.statistics.annotator_error"
BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "annotator_error.py"


@pytest.fixture(scope="module")
def room():
    """The corrections with every shape and type checked, private functions included."""
    importlib.import_module(ROOM)
    kept = {key: sys.modules.pop(key) for key in list(sys.modules) if key == ROOM or key.startswith(f"{ROOM}.")}
    try:
        with install_import_hook(ROOM, "beartype.beartype"):
            return importlib.import_module(ROOM)
    finally:
        for key in [key for key in sys.modules if key == ROOM or key.startswith(f"{ROOM}.")]:
            del sys.modules[key]
        sys.modules.update(kept)


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("annotator_error_benchmark", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules["annotator_error_benchmark"] = module
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def made(room, seed=0, *, n=120, p=0.4, n_strata=2, noise=0.5, size=6):
    """A judged outcome and predictor of n relationships, a share of them labelled."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(n), size)
    rows = len(cluster)
    x = rng.standard_normal(n)[cluster] + rng.standard_normal(rows)
    y = 1.0 + 0.5 * x + rng.standard_normal(n)[cluster] + rng.standard_normal(rows)
    labelled = np.zeros(n, dtype=bool)
    labelled[rng.permutation(n)[: round(p * n)]] = True
    design = room.LabelDesign(
        cluster=cluster,
        p_label=np.full(rows, p),
        labelled=labelled[cluster],
        stratum=np.tile(np.arange(size) * n_strata // size, n),
    )

    def judged(true, error):
        return room.Judged(said=true + error, label=np.where(design.labelled, true, np.nan))

    error = noise * rng.standard_normal(rows)
    return judged(y, error), judged(x, 0.8 * error), design, rng.standard_normal(rows)


# -- known answers -----------------------------------------------------------------------------------------------------


def test_where_everybody_is_labelled_the_annotator_does_not_matter(room):
    y, x, design, noise = made(room, p=1.0)
    for method in ("ppi", "dsl"):
        found = room.correct_regression(y, {"x": x}, design, method=method)
        deaf = room.Judged(said=noise, label=y.label)
        other = room.correct_regression(deaf, {"x": room.Judged(said=noise**2, label=x.label)}, design, method=method)
        expected = np.linalg.lstsq(np.stack([np.ones(len(noise)), x.label], axis=1), y.label)[0]
        np.testing.assert_allclose(found.corrected.value, expected, atol=1e-9)
        np.testing.assert_allclose(other.corrected.value, expected, atol=1e-9)
        np.testing.assert_allclose(found.corrected.se, found.labels_only.se, rtol=1e-6)


def test_an_annotator_that_never_errs_gives_what_labelling_everything_would(room):
    y, x, design, _ = made(room, noise=0.0)
    dsl = room.correct_regression(y, {"x": x}, design, method="dsl")
    np.testing.assert_allclose(dsl.corrected.value, dsl.naive.value, atol=1e-9)
    ppi = room.correct_mean(y, design)
    assert ppi.labels_worth[0] > 1.8
    assert all(abs(stratum.bias) < 1e-12 for stratum in ppi.strata)


def test_an_annotator_that_knows_nothing_is_not_listened_to(room):
    y, _, design, noise = made(room, n=400)
    found = room.correct_mean(room.Judged(said=noise, label=y.label), design)
    assert np.abs(found.power).max() < 0.5
    assert found.corrected.se[0] <= 1.1 * found.labels_only.se[0]
    untuned = room.correct_mean(room.Judged(said=5 * noise, label=y.label), design, method="dsl")
    assert untuned.corrected.se[0] > 1.2 * found.corrected.se[0]


def test_the_mean_of_a_simple_random_half_is_that_of_the_textbook(room):
    rng = np.random.default_rng(0)
    y = rng.standard_normal(60)
    labelled = np.arange(60) % 2 == 0
    design = room.LabelDesign(
        cluster=np.arange(60), p_label=np.full(60, 0.5), labelled=labelled, stratum=np.zeros(60, dtype=int)
    )
    found = room.correct_mean(room.Judged(said=np.zeros(60), label=np.where(labelled, y, np.nan)), design)
    assert found.labels_only.value[0] == pytest.approx(y[labelled].mean())
    jackknife = np.sqrt(np.sum((y[labelled] - y[labelled].mean()) ** 2)) / 29
    assert found.labels_only.se[0] == pytest.approx(jackknife)
    assert found.corrected.value[0] == pytest.approx(found.labels_only.value[0])
    assert (found.n_clusters, found.n_labelled, found.degrees) == (60, 30, pytest.approx(29))


def test_a_common_error_of_outcome_and_predictor_is_taken_out_by_both_methods(room):
    y, x, design, _ = made(room, n=1500, noise=2.0)
    for method in ("ppi", "dsl"):
        found = room.correct_regression(y, {"x": x}, design, method=method)
        assert found.naive.low[1] > 0.6
        assert found.corrected.low[1] < 0.5 < found.corrected.high[1]
        assert found.names == ("intercept", "x")


def test_the_bias_of_each_stratum_is_seen(room):
    y, _, design, _ = made(room, n=600, noise=0.1)
    drifting = room.Judged(said=y.said + 0.7 * design.stratum, label=y.label)
    found = room.correct_mean(drifting, design)
    first, second = found.strata
    assert abs(first.bias) < 4 * first.se
    assert second.bias == pytest.approx(0.7, abs=4 * second.se)
    assert found.power.shape == (2, 1)
    assert found.corrected.low[0] < 1.0 < found.corrected.high[0]
    assert found.naive.low[0] > 1.1


def test_slopes_are_those_of_each_relationship_alone(room):
    n, size = 60, 5
    rng = np.random.default_rng(3)
    cluster, time = np.repeat(np.arange(n), size), rng.random(n * size) + np.tile(np.arange(size), n)
    slopes = rng.standard_normal(n)
    y = 3.0 * rng.standard_normal(n)[cluster] + slopes[cluster] * time
    design = room.LabelDesign(
        cluster=cluster,
        p_label=np.ones(n * size),
        labelled=np.ones(n * size, dtype=bool),
        stratum=np.zeros(n * size, dtype=int),
    )
    found = room.correct_slope(room.exact(y), time, design)
    assert found.corrected.value[0] == pytest.approx(slopes.mean())
    within = room.correct_regression(room.exact(y), {"time": room.exact(time)}, design, within=True)
    assert within.names == ("time",)
    assert within.corrected.value[0] == pytest.approx(slopes.mean(), abs=0.2)


# -- invariances -------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1000),
    shift=st.floats(-50, 50),
    scale=st.floats(0.01, 100),
    method=st.sampled_from(["ppi", "dsl"]),
)
def test_units_of_the_outcome_are_those_of_the_estimate(room, seed, shift, scale, method):
    y, _, design, _ = made(room, seed)
    found = room.correct_mean(y, design, method=method)
    moved = room.Judged(said=shift + scale * y.said, label=shift + scale * y.label)
    other = room.correct_mean(moved, design, method=method)
    # DSL uses scores in full, so a shift of them counts as far as the draw was uneven; here it was even.
    np.testing.assert_allclose(
        other.corrected.value, shift + scale * found.corrected.value, rtol=1e-6, atol=1e-6 * scale
    )
    np.testing.assert_allclose(other.labels_only.se, scale * found.labels_only.se, rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_of_relationships_do_not_matter(room, seed, order):
    y, x, design, _ = made(room, seed)
    found = room.correct_regression(y, {"x": x}, design)
    places = list(range(len(design.cluster)))
    order.shuffle(places)
    p = np.array(places)
    other = room.correct_regression(
        room.Judged(said=y.said[p], label=y.label[p]),
        {"x": room.Judged(said=x.said[p], label=x.label[p])},
        room.LabelDesign(
            cluster=1000 - 7 * design.cluster[p],
            p_label=design.p_label[p],
            labelled=design.labelled[p],
            stratum=design.stratum[p] - 5,
        ),
    )
    np.testing.assert_allclose(other.corrected.value, found.corrected.value, rtol=1e-7)
    np.testing.assert_allclose(other.corrected.se, found.corrected.se, rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 10), shift=st.floats(-5, 5))
def test_tuned_correction_does_not_care_for_the_scale_of_the_scores(room, seed, scale, shift):
    y, _, design, _ = made(room, seed)
    found = room.correct_mean(y, design)
    other = room.correct_mean(room.Judged(said=shift + scale * y.said, label=y.label), design)
    np.testing.assert_allclose(other.corrected.value, found.corrected.value, rtol=1e-6, atol=1e-8)


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_too_few_labels_are_refused_in_words(room):
    y, _, design, _ = made(room, n=60, p=0.25)
    found = room.correct_mean(y, design)
    assert isinstance(found, room.Refused)
    assert (found.reason, found.what) == (
        Missing.TOO_FEW,
        "People labelled 15 relationships; at least 20 are needed.",
    )
    assert found.do == "Label 5 more, drawn with known probabilities."


def test_a_stratum_without_labels_is_refused_and_named(room):
    y, _, design, _ = made(room)
    late = design.stratum == 1
    labelled = design.labelled & ~late
    # Parts of relationships are drawn here, those of the late stratum never by chance.
    y = room.Judged(said=y.said, label=np.where(labelled, y.label, np.nan))
    found = room.correct_mean(y, replace(design, labelled=labelled))
    assert found.reason is Missing.NOT_IDENTIFIED
    assert "1 has 0" in found.what
    assert "each version of the annotator and period" in found.do


@pytest.mark.parametrize("p_label", [0.02, 0.95])
def test_probabilities_that_were_not_those_of_the_draw_are_refused(room, p_label):
    y, _, design, _ = made(room, n=400)
    found = room.correct_mean(y, replace(design, p_label=np.full(len(y.said), p_label)))
    assert isinstance(found, room.Refused)
    assert "probabilities" in found.what


def test_rows_that_could_never_be_labelled_are_refused(room):
    y, _, design, _ = made(room)
    p = np.where(design.labelled, design.p_label, 0.0)
    assert "could never have been labelled" in room.correct_mean(y, replace(design, p_label=p)).what


def test_a_few_heavy_weights_are_refused(room):
    y, _, design, _ = made(room, n=60, p=0.5)
    seen = np.unique(design.cluster[design.labelled])[:2]
    p = np.where(np.isin(design.cluster, seen), 0.001, design.p_label)
    found = room.correct_mean(y, replace(design, p_label=p))
    assert "of equal weight" in found.what


def test_change_within_relationships_needs_whole_ones(room):
    y, x, design, _ = made(room)
    part = design.labelled & (np.arange(len(y.said)) % 6 != 0)
    partly = replace(design, labelled=part)
    y = room.Judged(said=y.said, label=np.where(part, y.label, np.nan))
    x = room.Judged(said=x.said, label=np.where(part, x.label, np.nan))
    found = room.correct_regression(y, {"x": x}, partly, within=True)
    assert "only in part" in found.what
    assert isinstance(room.correct_slope(y, x.said, partly), room.Refused)
    assert isinstance(room.correct_regression(y, {"x": x}, partly), room.Corrected)


def test_predictors_that_repeat_each_other_are_refused(room):
    y, x, design, _ = made(room)
    found = room.correct_regression(y, {"x": x, "again": x}, design)
    assert "repeat each other" in found.what


def test_bad_input_is_an_error_in_plain_words(room):
    y, _, design, _ = made(room)
    with pytest.raises(OptionError, match="score is not a number"):
        room.Judged(said=np.array([np.nan]), label=np.array([1.0]))
    with pytest.raises(OptionError, match="not between 0 and 1"):
        replace(design, p_label=2 * np.ones(len(y.said)))
    with pytest.raises(OptionError, match="has no label"):
        room.correct_mean(y, replace(design, labelled=np.ones(len(y.said), dtype=bool)))
    with pytest.raises(OptionError, match="different lengths"):
        room.correct_mean(room.exact(np.ones(3)), design)
    with pytest.raises(OptionError, match="needs a predictor"):
        room.correct_regression(y, {}, design)


# -- recovery: a fast version of benchmarks/recovery/annotator_error.py --------------------------------------------------


def test_a_drifting_annotator_with_a_true_null_is_rejected_about_as_often_as_it_says(benchmark):
    rng = np.random.default_rng(20261124)
    found = benchmark.recovered(rng, slope=0.0, effect=0.0, n_labels=60, n_runs=60, n=400)
    for row in found:
        assert row["ppi"]["covers"] >= 0.86
        assert row["dsl"]["covers"] >= 0.86
        assert row["ppi"]["width"] < row["labels only"]["width"]
        assert abs(row["ppi"]["bias"]) < 3.5 * row["ppi"]["sd"] / np.sqrt(60)
        if row["null"]:
            assert row["ppi"]["rejects"] <= 0.14
            assert row["naive"]["rejects"] > 0.9
