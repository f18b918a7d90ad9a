import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from attunement.annotation.encoder import N_DIMENSIONS, embedded, embedded_wholes, shipped_encoder
from attunement.annotation.encoder.encoding import load_encoder
from attunement.errors import ExtraMissing, WeightsError

TEXTS = ["I missed you.", "convert this table to csv", "goodnight!", "I have missed you a lot.", "", "\u200b"]


@pytest.fixture(scope="module")
def encoder():
    return shipped_encoder()


def test_points_have_unit_length(encoder):
    points = encoder.encode(TEXTS)
    assert points.shape == (len(TEXTS), N_DIMENSIONS)
    assert points.dtype == np.float32
    assert np.linalg.norm(points, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.encode([]).shape == (0, N_DIMENSIONS)


def test_like_meanings_lie_near_each_other(encoder):
    points = encoder.encode(TEXTS)
    assert points[0] @ points[3] > 0.5
    assert points[0] @ points[1] < 0.2


def test_a_text_has_the_same_point_to_the_last_bit_in_any_company(encoder):
    together = encoder.encode([*TEXTS, *TEXTS[::-1], "and a much longer one " * 30])
    for place, text in enumerate(TEXTS):
        assert (encoder.encode([text])[0] == together[place]).all()
        assert (together[place] == together[2 * len(TEXTS) - 1 - place]).all()


def test_threads_do_not_disturb_each_other(encoder):
    alone = encoder.encode(TEXTS)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: encoder.encode(TEXTS), range(8)))
    assert all((one == alone).all() for one in found)


def test_a_text_is_read_to_its_limit_and_no_further(encoder):
    long = "we went for a walk along the river " * 200
    one, other = encoder.encode([long, f"{long} and then everything was different"])
    assert (one == other).all()


def test_turns_are_embedded_with_their_sentences(encoder):
    texts = ["I missed you so much. Please do stay with me!", None, "", "only one sentence here", "\u200b"]
    found = embedded(texts, encode=encoder.encode)
    assert np.diff(found.parts.sentence_starts).tolist() == [2, 0, 0, 1, 0]
    assert found.has_words.tolist() == [True, False, False, True, False]
    assert found.of_means[0] == pytest.approx(found.of_sentences[:2].mean(axis=0), abs=1e-6)
    assert (found.of_turns[3] == found.of_means[3]).all()
    assert not found.of_turns[[1, 2, 4]].any()
    points, has_words = embedded_wholes(texts, encode=encoder.encode)
    assert has_words.tolist() == found.has_words.tolist()
    assert (points == found.of_turns).all()


def test_no_turns_give_no_points(encoder):
    assert embedded([], encode=encoder.encode).of_turns.shape == (0, N_DIMENSIONS)
    assert embedded([None], encode=encoder.encode).of_sentences.shape == (0, N_DIMENSIONS)
    assert embedded_wholes([], encode=encoder.encode)[0].shape == (0, N_DIMENSIONS)


def test_without_onnxruntime_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExtraMissing) as fault:
        load_encoder(tmp_path / "any.onnx")
    assert len(str(fault.value).splitlines()) == 4
    assert 'pip install "attunement[accurate]"' in str(fault.value)


@pytest.mark.parametrize("content", [None, b"", b"this is no network"])
def test_a_damaged_encoder_is_refused(tmp_path, content):
    path = tmp_path / "m.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError) as fault:
        load_encoder(path)
    assert len(str(fault.value).splitlines()) == 4
