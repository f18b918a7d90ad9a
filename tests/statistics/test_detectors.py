"""Detectors: the same bits in parts as at once, known answers, refusals, and false alarms no more often than promised."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import install_import_hook
from scipy import stats

from attunement.errors import OptionError

ROOM = "attunement.statistics.detectors"
STREAMS = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "streams.py"


@pytest.fixture(scope="module")
def room():
    """The detectors with every shape and type checked, private functions included."""
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
def streams():
    spec = importlib.util.spec_from_file_location("streams", STREAMS)
    module = importlib.util.module_from_spec(spec)
    sys.modules["streams"] = module
    spec.loader.exec_module(module)
    return module.streams


@pytest.fixture(scope="module")
def learned(room, streams):
    """A detector of relationships with memory, shocks in common and heavy tails."""
    drawn = streams(np.random.default_rng(1), n_relationships=160, n_sessions=60, memory=0.3, shock_sd=0.1, heavy=True)
    return room.learn_detector(rows(room, drawn), average_run_length=2000.0)


def rows(room, drawn):
    zero = np.zeros(len(drawn.value))
    return room.Observations(unit=drawn.unit, period=drawn.day, time=drawn.time, value=drawn.value, se=zero)


def some(room, *, unit=(0,), period=(0,), time=(0.0,), value=(0.0,), se=None):
    se = np.zeros(len(unit)) if se is None else np.array(se, float)
    return room.Observations(
        unit=np.array(unit), period=np.array(period), time=np.array(time, float), value=np.array(value, float), se=se
    )


def whole(room, seed=3, n_units=30, n_days=25):
    """Rows of units that come and go: some days none, some days twice, some only late."""
    rng = np.random.default_rng(seed)
    n = n_units * n_days // 2
    day = rng.integers(0, n_days, n)
    unit = rng.integers(0, n_units, n) * 7919 - 50_000
    unit[(unit > 0) & (day < n_days // 2)] = -50_000
    se = rng.choice([0.0, 0.3], n)
    return room.Observations(
        unit=unit, period=day, time=day + rng.random(n), value=rng.standard_normal(n) + 2.0 * (day > 15), se=se
    )


def bits(state):
    return [array.tobytes() for array in state.arrays().values()]


# -- in parts --------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 25), max_size=6), seed=st.integers(0, 10_000))
def test_a_history_read_in_parts_gives_the_same_bits_as_read_whole(room, learned, cuts, seed):
    history = whole(room, seed)
    at_once = room.update(learned, room.start(learned), history)
    state, alarms, scores = room.start(learned), [], []
    for low, high in zip([0, *sorted(cuts)], [*sorted(cuts), 26], strict=True):
        part = history.rows((history.period >= low) & (history.period < high))
        reading = room.update(learned, room.DetectorState.from_arrays(state.arrays()), part)
        state = reading.state
        alarms += list(zip(reading.alarms.unit, reading.alarms.time, reading.alarms.evidence, strict=True))
        scores.append(reading.score)
    assert bits(state) == bits(at_once.state)
    assert np.concatenate(scores).tobytes() == at_once.score.tobytes()
    whole_alarms = zip(at_once.alarms.unit, at_once.alarms.time, at_once.alarms.evidence, strict=True)
    assert sorted(alarms) == sorted(whole_alarms)


@settings(max_examples=20, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(room, learned, order):
    history = whole(room)
    places = list(range(len(history)))
    order.shuffle(places)
    one = room.update(learned, room.start(learned), history)
    other = room.update(learned, room.start(learned), history.rows(np.array(places)))
    assert bits(one.state) == bits(other.state)


def test_a_state_survives_a_file(room, learned, tmp_path):
    reading = room.update(learned, room.start(learned), whole(room))
    np.savez(tmp_path / "state.npz", **reading.state.arrays())
    with np.load(tmp_path / "state.npz") as arrays:
        assert bits(room.DetectorState.from_arrays(arrays)) == bits(reading.state)


def test_a_detector_survives_a_file_and_reads_the_same_bits(room, learned, tmp_path):
    np.savez(tmp_path / "detector.npz", **learned.arrays())
    with np.load(tmp_path / "detector.npz") as arrays:
        again = room.Detector.from_arrays(arrays)
    one, other = (room.update(detector, room.start(detector), whole(room)) for detector in (learned, again))
    assert bits(one.state) == bits(other.state)
    assert again.lambdas == learned.lambdas
    with pytest.raises(OptionError, match="not those of a detector"):
        room.Detector.from_arrays({**learned.arrays(), "version": np.array(0.0)})


def test_reading_leaves_the_state_before_as_it_was(room, learned):
    first = room.update(learned, room.start(learned), whole(room)).state
    before = bits(first)
    later = some(room, unit=(0, 1), period=(40, 40), time=(40, 40), value=(1, 2))
    room.update(learned, first, later)
    assert bits(first) == before


# -- known answers -----------------------------------------------------------------------------------------------------


def test_without_wave_or_wandering_scores_are_those_of_a_known_normal_mean(room, learned):
    plain = replace(
        learned.baseline,
        mean=1.0,
        level_variance=4.0,
        wave_share=0.0,
        wander=0.0,
        shape_first=1e9,
        rate_first=1e9,
        shape_most=1e10,
    )
    value = np.array([2.0, 0.5, 3.0, 1.0])
    given_rows = some(room, unit=[5] * 4, period=range(4), time=range(4), value=value)
    found = room.update(replace(learned, baseline=plain), room.start(learned), given_rows)
    precision = 1 / 4 + np.arange(4)
    mean = (1 / 4 + np.concatenate([[0], np.cumsum(value)[:-1]])) / precision
    expected = (value - mean) / np.sqrt(1 / precision + 1)
    np.testing.assert_allclose(found.score, expected, atol=3e-6)


@pytest.mark.parametrize("degrees", [4, 10, 50, 1000])
def test_the_normal_score_is_as_far_out_as_in_students_t(room, degrees):
    kernels = importlib.import_module(f"{ROOM}.kernels")
    for r in (-6.0, -1.0, 0.0, 0.3, 2.0, 5.0):
        exact = stats.norm.isf(stats.t.sf(r, degrees)) if r > 0 else stats.norm.ppf(stats.t.cdf(r, degrees))
        assert kernels.normal_score(r, 1 / degrees) == pytest.approx(exact, abs=0.03)


def test_the_sums_are_those_of_shiryaev_and_roberts(room, learned):
    value = np.random.default_rng(0).standard_normal(30)
    found = room.update(
        learned, room.start(learned), some(room, unit=[1] * 30, period=range(30), time=range(30), value=value)
    )
    sums = np.zeros(6)
    powers = np.concatenate([learned.lambdas, -np.array(learned.lambdas)])
    for k, score in enumerate(np.clip(found.score, -4, 4)):
        sums = (1 + sums) * np.exp(powers * score - learned.log_mean)
        assert found.evidence[k] == pytest.approx(sums.mean())
    assert room.unit_e_values(found.state)[0] == pytest.approx(sums.mean() / 30)


def test_e_values_are_the_means_that_e_bh_was_published_with(room):
    e_values = np.array([40.0, 30.0, 7.0, 1.0, 0.0])
    assert room.e_bh(e_values, rate=0.1).tolist() == [True, True, False, False, False]
    assert not room.e_bh(np.array([9.0, 9.0]), rate=0.1).any()
    assert room.e_bh(np.array([10.0, 10.0]), rate=0.1).all()
    assert room.e_bh(np.zeros(0), rate=0.1).tolist() == []


@settings(max_examples=60, deadline=None)
@given(e_values=st.lists(st.floats(0, 1e6), min_size=1, max_size=30), rate=st.floats(0.01, 0.5), more=st.floats(1, 100))
def test_e_bh_is_monotone_and_obeys_its_definition(room, e_values, rate, more):
    e = np.array(e_values)
    found = room.e_bh(e, rate=rate)
    if found.any():
        assert e[found].min() * found.sum() * rate >= len(e) * (1 - 1e-9)
        assert e[~found].max(initial=0) < e[found].min()
    assert (room.e_bh(e * more, rate=rate) | ~found).all()


# -- alarms ------------------------------------------------------------------------------------------------------------


def jump(room, n_units=40, size=6.0, at=20, n_days=40, shared=0.0):
    rng = np.random.default_rng(5)
    value = rng.standard_normal((n_days, n_units))
    value[at:] += shared
    value[at:, 0] += size
    day = np.repeat(np.arange(n_days), n_units)
    return some(
        room, unit=np.tile(np.arange(n_units), n_days), period=day, time=day.astype(float), value=value.reshape(-1)
    )


def test_one_that_jumps_is_found_once_and_soon_and_again_after_it_is_acknowledged(room, learned):
    reading = room.update(learned, room.start(learned), jump(room))
    assert reading.alarms.unit.tolist() == [0]
    assert 20 <= reading.alarms.time[0] <= 26
    assert reading.alarms.sign.tolist() == [1]
    assert room.unit_signs(reading.state)[0] == 1
    assert room.e_bh(room.unit_e_values(reading.state), rate=0.1).nonzero()[0].tolist() == [0]
    state = room.acknowledge(learned, reading.state, np.array([0]))
    assert room.unit_e_values(state)[0] == 0
    back = some(room, unit=[0] * 50, period=range(40, 90), time=range(40, 90), value=[6.0] * 20 + [0.0] * 30)
    again = room.update(learned, state, back)
    assert (again.alarms.unit.tolist(), again.alarms.sign.tolist()) == ([0], [-1])


def test_a_release_that_moves_everyone_is_one_event_and_no_personal_alarm(room, learned):
    quiet = room.update(learned, room.start(learned), jump(room, shared=0.0))
    reading = room.update(learned, room.start(learned), jump(room, shared=3.0))
    assert reading.alarms.unit.tolist() == [0]
    assert reading.shared.step[20] == pytest.approx(3.0, abs=0.5)
    assert abs(reading.shared.score[20]) > 4
    assert np.abs(reading.shared.score[1:20]).max() < 4
    assert reading.shared.evidence[20] > 100 > quiet.shared.evidence.max()


def test_a_single_person_is_watched_too(room, learned):
    value = np.random.default_rng(2).standard_normal(60)
    value[30:] += 5
    reading = room.update(
        learned, room.start(learned), some(room, unit=[9] * 60, period=range(60), time=range(60), value=value)
    )
    assert reading.alarms.unit.tolist() == [9]
    assert 30 <= reading.alarms.time[0] < 40


def test_a_known_error_makes_a_value_less_surprising(room, learned):
    sure = room.update(learned, room.start(learned), some(room, value=[4.0]))
    unsure = room.update(learned, room.start(learned), some(room, value=[4.0], se=[3.0]))
    assert 0 < unsure.score[0] < sure.score[0]


def test_wild_values_leave_numbers_finite(room, learned):
    value = np.array([1e12, -1e12] * 200)
    reading = room.update(
        learned, room.start(learned), some(room, unit=[1] * 400, period=range(400), time=range(400), value=value)
    )
    assert np.isfinite(reading.state.cells).all()
    assert np.isfinite(reading.evidence).all()


# -- refusals ------------------------------------------------------------------------------------------------------------


def test_no_rows_are_no_rows(room, learned):
    nothing = room.update(learned, room.start(learned), some(room).rows(np.zeros(1, dtype=bool)))
    assert len(nothing.state.unit) == len(nothing.alarms.unit) == len(nothing.shared.period) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": [np.nan]}, "value that is not a number"),
        ({"time": [np.inf]}, "time that is not a number"),
        ({"se": [-1.0]}, "standard error is negative"),
        ({"value": [1.0, 2.0]}, "different lengths"),
    ],
)
def test_bad_rows_are_refused_in_plain_words(change, words):
    # The unchecked class: shapes of columns are what is wrong here.
    room = importlib.import_module(ROOM)
    with pytest.raises(OptionError, match=words):
        some(room, **change)


def test_a_period_is_read_once_and_time_does_not_run_back(room, learned):
    state = room.update(learned, room.start(learned), some(room, period=[3], time=[3.0])).state
    with pytest.raises(OptionError, match="read already"):
        room.update(learned, state, some(room, unit=[8], period=[3], time=[3.5]))
    with pytest.raises(OptionError, match="lies before"):
        room.update(learned, state, some(room, period=[4], time=[2.0]))
    with pytest.raises(OptionError, match="never met"):
        room.acknowledge(learned, state, np.array([77]))
    with pytest.raises(OptionError, match="not those of a detector"):
        room.DetectorState.from_arrays({"unit": np.zeros(0)})


def test_too_little_to_learn_from_is_refused(room, streams):
    few = rows(room, streams(np.random.default_rng(0), n_relationships=30, n_sessions=60))
    with pytest.raises(OptionError, match="too few stable relationships"):
        room.learn_detector(few, average_run_length=2000.0)
    enough = rows(room, streams(np.random.default_rng(0), n_relationships=40, n_sessions=25))
    with pytest.raises(OptionError, match="run length"):
        room.learn_detector(enough, average_run_length=0.0)
    with pytest.raises(OptionError, match="doubling"):
        room.learn_detector(enough, average_run_length=100.0, lambdas=(0.5, 0.7))
    with pytest.raises(OptionError, match="drift"):
        room.learn_detector(enough, average_run_length=100.0, drift_tolerated=-1.0)
    with pytest.raises(OptionError, match="all reference values"):
        room.learn_detector(replace(enough, value=np.ones(len(enough))), average_run_length=100.0)


def test_too_little_to_calibrate_with_is_refused(room, learned):
    with pytest.raises(OptionError, match="held-out relationships"):
        room.calibrate(learned, some(room), rng=np.random.default_rng(0))
    with pytest.raises(OptionError, match="blocks"):
        room.calibrate(learned, jump(room), rng=np.random.default_rng(0), block_periods=20)
    with pytest.raises(OptionError, match="between 0 and 1"):
        room.e_bh(np.ones(3), rate=1.0)
    with pytest.raises(OptionError, match="negative or not a number"):
        room.e_bh(np.array([np.nan]), rate=0.1)


# -- recovery: fast versions of benchmarks/recovery/detectors.py ---------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"memory": 0.0},
        {"memory": 0.5},
        {"memory": 0.3, "heavy": True, "irregular": True},
        {"memory": 0.3, "shock_sd": 0.2, "release": 2.0},
    ],
    ids=["no memory", "memory", "heavy tails and irregular times", "common shocks"],
)
def test_false_alarms_come_no_more_often_than_promised_and_large_changes_are_found(streams, options):
    room = importlib.import_module(ROOM)
    rng = np.random.default_rng(20261123)
    reference = streams(rng, n_relationships=150, n_sessions=60, **{**options, "release": 0.0})
    detector = room.learn_detector(rows(room, reference), average_run_length=2000.0)
    stable = streams(rng, n_relationships=400, n_sessions=200, **options)
    reading = room.update(detector, room.start(detector), rows(room, stable))
    assert len(reading.alarms.unit) / 400 <= 0.1
    assert 0.9 < reading.score.std() < 1.15
    moved = streams(rng, n_relationships=400, n_sessions=200, change=2.0, share_changed=0.1, at=100, **options)
    reading = room.update(detector, room.start(detector), rows(room, moved))
    seen = room.e_bh(room.unit_e_values(reading.state), rate=0.1)
    assert np.isin(np.flatnonzero(moved.changed), reading.alarms.unit).mean() > 0.85
    assert (seen & ~moved.changed).sum() <= 0.1 * max(seen.sum(), 1)


def test_larger_changes_and_longer_histories_are_found_sooner(room, learned):
    rng = np.random.default_rng(7)
    plan = {"watched": 80, "n_units": 150}
    small, large = (room.detection_delay(learned, size=size, history=60, rng=rng, **plan) for size in (0.7, 2.5))
    young = room.detection_delay(learned, size=-1.5, history=3, rng=rng, **plan)
    old = room.detection_delay(learned, size=-1.5, history=100, rng=rng, **plan)
    assert small.found < large.found
    assert large.median < 15
    assert old.found >= young.found
    assert max(small.alarmed_before, large.alarmed_before, old.alarmed_before) <= 0.1
    with pytest.raises(OptionError, match="not positive"):
        room.detection_delay(learned, size=1.0, history=0, watched=5, rng=rng)


def test_the_report_tells_a_promise_that_stands_from_one_that_does_not(room, learned, streams):
    rng = np.random.default_rng(4)
    alike = streams(rng, n_relationships=150, n_sessions=120, memory=0.3, shock_sd=0.1, heavy=True)
    good = room.calibrate(learned, rows(room, alike), rng=rng, n_permutations=2)
    assert good.holds
    assert "stands" in good.sentence
    assert good.held_out.promised == pytest.approx(120 / 2000)
    assert good.held_out.low <= good.held_out.share <= good.held_out.high
    assert len(good.permuted) == 2
    rough = streams(rng, n_relationships=150, n_sessions=120, memory=0.9)
    bad = room.calibrate(learned, rows(room, rough), rng=rng, n_permutations=2)
    assert not bad.holds
    assert "does not stand" in bad.sentence


def test_without_numba_it_is_said_how_to_get_it():
    code = "import sys; sys.modules['numba'] = None; import attunement.statistics.detectors"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'pip install "attunement[longitudinal]"' in run.stderr
