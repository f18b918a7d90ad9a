"""From the example store to labels and back: drawn, filled in by program, read, agreed on, made rows to train on."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import attunement
from attunement.annotation.training import labelled
from attunement.errors import CodebookError, OptionError, StoreError
from attunement.labelling import read_draw
from attunement.labels import agree, draw_labels, read_back
from attunement.store import Store
from attunement.vocabulary import ANNOTATIONS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "companions"
KEYS = ("ai.warmth", "user.lonely")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("kept") / "kept.duckdb"
    attunement.keep(EXAMPLES, store=path)
    return path


def fill(folder, name, labeller, *, err, seed=1):
    """Fill the sheet: the truth is a function of the words, and a labeller errs now and then."""
    rng = np.random.default_rng(seed)
    with (folder / "tasks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        truth = len(row["text"]) % 3 == 0
        row |= {"labeller": labeller, "label": "yes" if truth ^ (rng.random() < err) else "no"}
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_round_trip(store, tmp_path):
    folder = tmp_path / "draw"
    drawn = draw_labels(store, out=folder, constructs=KEYS, n=300, of="messages", seed=5)
    assert drawn.favour == {"early": 2.0, "late": 2.0}
    assert drawn.doubtful == 0, "nobody has looked at this store"
    assert 200 < drawn.n_messages < 420
    files = [
        fill(folder, "ada.csv", "Ada", err=0.0),
        fill(folder, "ben.csv", "Ben", err=0.1, seed=2),
    ]
    found = read_back(folder, labels=files, out=tmp_path / "labels.jsonl")
    assert found.labels.num_rows == 2 * drawn.n_messages
    assert (tmp_path / "labels.jsonl").stat().st_mode & 0o777 == 0o600
    rows = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == drawn.n_messages
    for side, key in (("ai", "ai.warmth"), ("user", "user.lonely")):
        examples = labelled(rows, side=side, constructs=(key,))
        assert len(examples)
        assert set(examples.populations) == {"own"}
        assert set(examples.registers) <= {"early", "middle", "late"}
    agreed = agree(folder, labels=files, n_draws=100)
    assert [(one.construct, one.third) for one in agreed][:5:4] == [("ai.warmth", "all"), ("user.lonely", "all")]
    assert agreed[0].percent.value == pytest.approx(0.9, abs=0.08)
    assert agreed[0].alpha.interval is None, "three relationships are too few to draw from"
    # Each construct was asked of its own side alone, and the words are those of the store.
    messages = read_draw(folder)[1]
    assert {(row["construct"], row["side"]) for row in rows} == {("ai.warmth", "ai"), ("user.lonely", "user")}
    assert {row["text"] for row in rows} <= set(messages["text"].to_pylist())


def test_the_same_seed_draws_the_same(store, tmp_path):
    one = draw_labels(store, out=tmp_path / "one", constructs=KEYS, n=5, seed=9)
    two = draw_labels(store, out=tmp_path / "two", constructs=KEYS, n=5, seed=9)
    other = draw_labels(store, out=tmp_path / "other", constructs=KEYS, n=5)
    assert one.units == two.units
    assert draw_labels(store, out=tmp_path / "again", constructs=KEYS, n=5, seed=other.seed).units == other.units


def test_a_whole_relationship(store, tmp_path):
    drawn = draw_labels(store, out=tmp_path / "draw", constructs=KEYS, n=2, unit="relationship", seed=1)
    assert len(drawn.units) == 2
    assert [one.probability for one in drawn.units] == pytest.approx([2 / 3, 2 / 3])
    assert drawn.gap_minutes is None


@pytest.mark.parametrize(
    ("given", "error", "what"),
    [
        ({"constructs": ["ai.charm"]}, CodebookError, "not in the codebook"),
        ({"constructs": []}, OptionError, "cannot be asked about"),
        ({"unit": "relationship", "early": 2.0}, OptionError, "thirds cannot be favoured"),
    ],
)
def test_bad_arguments_get_four_lines(store, tmp_path, given, error, what):
    with pytest.raises(error, match=what) as refused:
        draw_labels(store, out=tmp_path / "draw", **({"constructs": KEYS, "n": 5} | given))
    assert len(str(refused.value).splitlines()) == 4
    assert not (tmp_path / "draw").exists()


def test_doubt_counts_where_annotators_have_looked(store, tmp_path):
    shutil.copy(store, tmp_path / "looked.duckdb")
    with Store(tmp_path / "looked.duckdb") as kept:
        ids = [row["message_id"] for batch in kept.turns() for row in batch.to_pylist() if row["role"] == 1]
        rows = [
            {
                "message_id": message,
                "construct": "ai.warmth",
                "annotator": "guess",
                "annotator_version": "3",
                "probability": 0.5 if place % 2 else 0.01,
                "span_start": None,
                "span_end": None,
                "missing": None,
            }
            for place, message in enumerate(ids)
        ]
        kept.add_annotations(pa.Table.from_pylist(rows, schema=ANNOTATIONS))
    drawn = draw_labels(tmp_path / "looked.duckdb", out=tmp_path / "draw", constructs=KEYS, n=12, seed=1)
    assert drawn.doubtful == 0.5
    assert drawn.annotators == {"guess": "3"}
    assert len({one.probability for one in drawn.units}) > 3
    assert all(0 < one.doubt <= 0.25 for one in drawn.units if one.doubt is not None)


def test_a_sealed_store_needs_its_passphrase(tmp_path):
    attunement.keep(EXAMPLES / "sillytavern", store=tmp_path / "sealed.duckdb", passphrase="three quiet words")
    with pytest.raises(StoreError, match="sealed"):
        draw_labels(tmp_path / "sealed.duckdb", out=tmp_path / "draw", constructs=KEYS, n=5)
    assert not (tmp_path / "draw").exists()
    opened = {"passphrase": "three quiet words", "constructs": KEYS, "n": 5}
    draw_labels(tmp_path / "sealed.duckdb", out=tmp_path / "draw", **opened)
    assert all(read_draw(tmp_path / "draw")[1]["text"].to_pylist())


def test_an_empty_store_has_nothing_to_draw(tmp_path):
    with Store(tmp_path / "empty.duckdb"):
        pass
    for unit in ("session", "relationship"):
        with pytest.raises(OptionError, match="to draw"):
            draw_labels(tmp_path / "empty.duckdb", out=tmp_path / "draw", constructs=KEYS, n=5, unit=unit)


def test_no_store_is_no_store(tmp_path):
    with pytest.raises(StoreError, match="no store"):
        draw_labels(tmp_path / "nowhere.duckdb", out=tmp_path / "draw", constructs=KEYS, n=5)


def test_agreement_takes_two(store, tmp_path):
    draw_labels(store, out=tmp_path / "draw", constructs=KEYS, n=5, seed=1)
    with pytest.raises(OptionError, match="takes two people"):
        agree(tmp_path / "draw", labels=[fill(tmp_path / "draw", "ada.csv", "Ada", err=0.0)])
