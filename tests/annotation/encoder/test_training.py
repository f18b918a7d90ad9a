from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from attunement.annotation.columns import annotation_rows
from attunement.annotation.encoder import Accurate
from attunement.annotation.encoder.weights import READS, STACK
from attunement.annotation.training import Examples, by_population, exemplars_of
from attunement.annotation.training.encoded import train_encoded
from attunement.codebook import Codebook, load
from attunement.rows import as_messages

KEYS = ("user.seek", "ai.exit_pressure", "ai.understand")
EXCHANGE = {"ai.exit_pressure", "ai.understand"}


@pytest.fixture(scope="module")
def book():
    return Codebook(constructs=tuple(one for one in load() if one.key in KEYS))


@pytest.fixture(scope="module")
def examples(book):
    """A third of the scenes of the exemplars, which is enough here and quick."""
    found = {}
    for side in ("user", "ai"):
        every = exemplars_of(book, side)
        _, scene = np.unique(every.groups, return_inverse=True)
        kept = np.flatnonzero(scene % 3 == 0)
        found[side] = Examples(
            constructs=every.constructs,
            texts=[every.texts[place] for place in kept],
            befores=[every.befores[place] for place in kept],
            **{name: getattr(every, name)[kept] for name in ("labels", "own", "groups", "populations", "registers")},
        )
    return found


@pytest.fixture(scope="module")
def fast(examples):
    """What fast heads might say: something true, and much noise."""
    rng = np.random.default_rng(0)
    found = {}
    for of_side in examples.values():
        for column, key in enumerate(of_side.constructs):
            label = of_side.labels[:, column]
            noisy = np.clip(0.5 + 0.15 * (label - 0.5) + rng.normal(0, 0.2, len(label)), 0.01, 0.99)
            found[key] = np.where(np.isnan(label), np.nan, noisy)
    return found


@pytest.fixture(scope="module")
def trained(examples, fast, bag_of_words):
    return train_encoded(examples, fast, encode=bag_of_words, exchange=EXCHANGE, guarded={"ai.exit_pressure"})


def auroc_of(examples, sides, key):
    (side,) = [side for side in sides if key in examples[side].constructs]
    (head,) = [head for head in sides[side] if head.key == key]
    return by_population(examples[side], key, head.p_without, n_draws=0)[0].auroc


def test_every_construct_gets_weights_of_the_right_form(trained):
    weights, _ = trained
    assert set(weights.constructs) == set(KEYS)
    assert weights.directions.shape == (3, len(READS), 384)
    assert weights.stack.shape == (3, len(STACK))
    rows = {key: row for row, key in enumerate(weights.constructs)}
    answered, cause = READS.index("answered"), READS.index("cause")
    assert weights.directions[rows["ai.understand"], answered].any()
    assert np.isnan(weights.cause[rows["ai.understand"]]).all()
    assert weights.directions[rows["ai.exit_pressure"], cause].any()
    assert not np.isnan(weights.cause[rows["ai.exit_pressure"]]).any()
    assert not weights.directions[rows["user.seek"], answered:].any()


def test_more_evidence_never_counts_against(trained):
    weights, _ = trained
    assert (weights.stack[:, [STACK.index("turn"), STACK.index("best_sentence"), STACK.index("fast")]] >= 0).all()
    assert (weights.stack[:, STACK.index("fast")] > 0).all()


def test_what_the_fast_heads_say_helps(trained, examples, bag_of_words):
    _, with_fast = trained
    _, alone = train_encoded(examples, None, encode=bag_of_words, exchange=EXCHANGE)
    for key in KEYS:
        assert auroc_of(examples, with_fast, key) > auroc_of(examples, alone, key) > 0.55


def test_labels_without_meaning_teach_nothing(examples, bag_of_words):
    rng = np.random.default_rng(0)
    labels = rng.permutation(examples["user"].labels)
    shuffled = {"user": replace(examples["user"], labels=labels), "ai": examples["ai"]}
    guesses = {"user.seek": rng.uniform(0.1, 0.9, len(labels))}
    _, sides = train_encoded(shuffled, guesses, encode=bag_of_words, exchange=set())
    assert 0.35 < auroc_of(shuffled, sides, "user.seek") < 0.65


class Saying:
    """Fast heads that say of each text what they are told."""

    name, version = "heads", "0"

    def __init__(self, said):
        self.said = said
        self.constructs = tuple(sorted(said))

    def annotate(self, messages, *, context=None):
        tables = []
        for key, by_text in self.said.items():
            role = "ai" if key.startswith("ai.") else "person"
            of_role = messages.filter(pc.equal(messages["role"].cast(pa.string()), role))
            p = [by_text.get(text, 0.5) for text in of_role["text"].to_pylist()]
            nothing = pa.nulls(len(p), pa.int32())
            tables.append(
                annotation_rows(
                    message_id=of_role["message_id"].combine_chunks(),
                    construct=key,
                    annotator=self.name,
                    annotator_version=self.version,
                    probability=pa.array(np.array(p, dtype=np.float32)),
                    span_start=nothing,
                    span_end=nothing,
                    missing=pa.nulls(len(p), pa.string()),
                )
            )
        return pa.concat_tables(tables)


class Encoding:
    version = "0"

    def __init__(self, encode):
        self.encode = encode


@pytest.mark.parametrize("key", KEYS)
def test_the_annotator_says_of_texts_what_was_trained(trained, examples, fast, bag_of_words, book, key):
    weights, sides = trained
    (side,) = [side for side in sides if key in examples[side].constructs]
    (head,) = [head for head in sides[side] if head.key == key]
    places = np.flatnonzero(~np.isnan(fast[key]))[:120]
    texts = [examples[side].texts[place] for place in places]
    said = {one: dict.fromkeys(texts, 0.5) for one in KEYS}
    said[key] = dict(zip(texts, fast[key][places].tolist(), strict=True))
    annotator = Accurate(weights, encoder=Encoding(bag_of_words), fast=Saying(said), codebook=book)
    rows = [{"text": text, "before": examples[side].befores[place]} for text, place in zip(texts, places, strict=True)]
    found = annotator.annotate(as_messages(rows, text="text", context="before", side=side))
    of_key = found.filter(pc.equal(found["construct"], key))
    p = {
        id_ // 2: p for id_, p in zip(of_key["message_id"].to_pylist(), of_key["probability"].to_pylist(), strict=True)
    }
    read = [row for row, text in enumerate(texts) if p[row] is not None and texts.count(text) == 1]
    assert len(read) > 80
    for row in read:
        assert p[row] == pytest.approx(head.p_final[places[row]], abs=2e-3)
