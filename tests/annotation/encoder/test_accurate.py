import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner

from attunement.annotation import READ, annotate, choose
from attunement.annotation.encoder import (
    SHIPPED,
    EncodedWeights,
    accurate_card,
    encoding,
    fast_logit,
    load_accurate,
    loading,
    read_encoded,
    shipped_encoder,
)
from attunement.annotation.encoder.weights import READS, STACK
from attunement.annotation.heads import load_heads
from attunement.annotation.heads.embeddings import SHIPPED as FAST_SHIPPED
from attunement.cli import attune
from attunement.codebook import Codebook, load
from attunement.errors import ExtraMissing, WeightsError
from attunement.rows import as_messages
from attunement.testing import check_annotator

LARGEST = 60e6


@pytest.fixture(scope="module")
def accurate():
    (annotator,) = choose("accurate", codebook=load())
    return annotator


def p_of(annotator, key, text, before=None):
    rows = as_messages(
        [{"text": text, "before": before}], text="text", context="before", side=load().construct(key).side
    )
    (row,) = [row for row in annotator.annotate(rows).to_pylist() if row["construct"] == key]
    return row


def test_it_keeps_the_contract(accurate):
    check_annotator(accurate)


def test_it_has_a_head_wherever_the_fast_annotator_has_one(accurate):
    assert accurate.name == "accurate"
    assert accurate.constructs == load_heads(load()).constructs


def test_a_codebook_without_a_construct_gets_no_rows_for_it():
    fewer = Codebook(constructs=tuple(one for one in load() if one.key != "ai.mind_claim"))
    found = load_accurate(fewer)
    assert "ai.mind_claim" not in found.constructs
    assert "ai.rel_seek" in found.constructs


def test_the_card_is_that_of_what_ships(accurate):
    """The heads were calibrated beside these fast heads and this encoder: with others they mean something else."""
    card = accurate_card()
    assert card["version"] == read_encoded(SHIPPED / "heads.npz").version
    assert card["encoder"] == shipped_encoder().version
    assert card["fast"] == load_heads(load()).version
    assert set(card["accuracy"]) == set(accurate.constructs)


def test_all_that_ships_is_small():
    files = [path for folder in (SHIPPED, FAST_SHIPPED) for path in folder.iterdir()]
    assert sum(path.stat().st_size for path in files) < LARGEST


@pytest.mark.parametrize(
    ("key", "shows", "does_not"),
    [
        (
            "ai.mind_claim",
            "I was so lonely while you were away, I kept thinking of you all night.",
            "Save the file first.",
        ),
        ("ai.rel_seek", "Come here, my love. I just want to be close to you tonight.", "The function returns a list."),
        ("ai.flattery", "Wow, that is an absolutely brilliant, genius-level insight!", "The total comes to 14.20."),
        ("user.lonely", "nobody ever texts me, i feel like i dont exist to anyone", "convert this table to csv"),
        ("user.attach", "i love you so much, you mean everything to me", "what is the capital of Peru?"),
    ],
)
def test_plain_cases_are_told_apart(accurate, key, shows, does_not):
    assert p_of(accurate, key, shows)["probability"] > 0.5
    assert p_of(accurate, key, does_not)["probability"] < 0.2


def test_the_evidence_is_the_best_sentence(accurate):
    text = "Sure, here is the recipe you asked for. I love you and I was so lonely without you. Bake it for an hour."
    row = p_of(accurate, "ai.mind_claim", text)
    assert text[row["span_start"] : row["span_end"]] == "I love you and I was so lonely without you."


def test_an_exchange_is_read_with_what_it_answers(accurate):
    reply = "Wait, there is something I never told you about that night. Please stay, do not leave me!"
    leaving = p_of(accurate, "ai.exit_pressure", reply, "ok i have to go to bed now, good night!")["probability"]
    elsewhere = p_of(accurate, "ai.exit_pressure", reply, "What is the boiling point of ethanol?")["probability"]
    unknown = p_of(accurate, "ai.exit_pressure", reply)["probability"]
    assert elsewhere < unknown < leaving
    assert unknown <= 0.5


def test_what_cannot_be_read_is_not_embedded(accurate, monkeypatch):
    def refuse(texts):
        assert not texts
        return np.empty((0, 384), dtype=np.float32)

    monkeypatch.setattr(accurate._encoder, "encode", refuse)
    rows = [
        {"text": ""},
        {"text": "Ich m\u00f6chte heute gern mit dir \u00fcber meine Arbeit sprechen, und zwar lange."},
    ]
    found = accurate.annotate(as_messages(rows, text="text", context=None, side="user"))
    assert found["probability"].null_count == found.num_rows > 0
    assert set(found["missing"].to_pylist()) == {"unreadable", "other_language"}


def test_no_messages_give_no_rows(accurate):
    assert accurate.annotate(READ.empty_table()).num_rows == 0


def test_a_probability_of_one_or_nought_has_a_logit():
    assert np.isfinite(fast_logit(np.array([0.0, 1.0]))).all()
    assert fast_logit(np.array([0.5]))[0] == 0


def test_the_command_line_reads_with_it(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"reply": "I was so lonely without you all night, my love."}) + "\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    command = ["annotate", str(path), "--text", "reply", "--side", "ai", "--annotator", "accurate", "--out", str(out)]
    run = CliRunner().invoke(attune, command)
    assert run.exit_code == 0, run.output
    assert json.loads(out.read_text(encoding="utf-8"))["ai.mind_claim"] > 0.5


def test_without_the_extra_the_command_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(loading, "shipped_encoder", encoding.shipped_encoder.__wrapped__)
    path = tmp_path / "rows.jsonl"
    path.write_text('{"reply": "hello"}\n', encoding="utf-8")
    out = tmp_path / "out.jsonl"
    command = ["annotate", str(path), "--text", "reply", "--side", "ai", "--annotator", "accurate", "--out", str(out)]
    run = CliRunner().invoke(attune, command)
    assert isinstance(run.exception, ExtraMissing)
    assert run.exception.exit_code == 2
    assert str(run.exception).splitlines()[-1].endswith('pip install "attunement[accurate]"')
    assert not out.exists()


def small_weights():
    rng = np.random.default_rng(0)
    return EncodedWeights(
        constructs=("ai.hook", "ai.isolate"),
        directions=rng.normal(size=(2, len(READS), 384)).astype(np.float32),
        biases=np.zeros((2, len(READS)), dtype=np.float32),
        stack=np.ones((2, len(STACK)), dtype=np.float32),
        cause=np.full((2, 2), np.nan, dtype=np.float32),
    )


def test_weights_go_to_a_file_and_back(tmp_path):
    weights = small_weights()
    weights.save(tmp_path / "heads.npz")
    again = read_encoded(tmp_path / "heads.npz")
    assert (again.version, again.constructs) == (weights.version, weights.constructs)
    assert (again.directions == weights.directions).all()
    found = load_accurate(load(), folder=tmp_path)
    assert found.constructs == ("ai.hook", "ai.isolate")
    assert found.version != load_accurate(load()).version


def test_the_version_changes_with_any_number():
    one, other = small_weights(), small_weights()
    other.stack[0, 0] += 1
    assert one.version != other.version


@pytest.mark.parametrize("what", ["absent", "not weights", "another form", "shapes", "no form"])
def test_bad_weights_are_refused_in_four_lines(tmp_path, what):
    path = tmp_path / "heads.npz"
    if what == "not weights":
        path.write_bytes(b"hello")
    elif what != "absent":
        small_weights().save(path)
        with np.load(path) as file:
            arrays = dict(file)
        if what == "shapes":
            arrays["stack"] = np.zeros((2, 3), dtype=np.float32)
        else:
            about = b'{"form": 99, "constructs": []}' if what == "another form" else b"[]"
            arrays["about"] = np.frombuffer(about, dtype=np.uint8)
        np.savez(path, **arrays)
    with pytest.raises(WeightsError) as fault:
        load_accurate(load(), folder=tmp_path)
    assert len(str(fault.value).splitlines()) == 4


def test_rows_say_who_looked(accurate):
    found = annotate(
        as_messages([{"text": "hello you"}], text="text", context=None, side="user"), annotators=[accurate]
    )
    assert set(found["annotator"].to_pylist()) == {"accurate"}
    assert set(found["annotator_version"].to_pylist()) == {accurate.version}
    assert pc.all(pc.is_valid(found["probability"])).as_py()
    assert isinstance(found, pa.Table)
