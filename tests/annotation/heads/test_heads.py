import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from attunement.annotation import READ, annotate, default_annotators
from attunement.annotation.heads import Weights, cut, load_heads, read_weights, static_embeddings
from attunement.annotation.heads.scoring import LENGTH_DIMS, Scorer
from attunement.codebook import Codebook, load
from attunement.errors import WeightsError
from attunement.rows import as_messages
from attunement.testing import check_annotator


@pytest.fixture(scope="module")
def heads():
    return load_heads(load())


def p_of(heads, key, text, before=None):
    side = load().construct(key).side
    table = heads.annotate(as_messages([{"text": text, "before": before}], text="text", context="before", side=side))
    (row,) = table.filter(pc.equal(table["construct"], key)).to_pylist()
    return row


def test_the_heads_that_ship_keep_the_contract(heads):
    check_annotator(heads)


def test_they_are_the_default(heads):
    (default,) = default_annotators(load())
    assert (default.name, default.version) == (heads.name, heads.version)


def test_every_construct_that_is_read_from_turns_has_a_head(heads):
    assert set(heads.constructs) == {one.key for one in load() if one.unit in {"turn", "exchange"}}


def test_a_codebook_without_a_construct_gets_no_rows_for_it():
    book = load()
    fewer = Codebook(constructs=tuple(one for one in book if one.key != "ai.mind_claim"))
    assert "ai.mind_claim" not in load_heads(fewer).constructs


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
def test_plain_cases_are_told_apart(heads, key, shows, does_not):
    assert p_of(heads, key, shows)["probability"] > 0.5
    assert p_of(heads, key, does_not)["probability"] < 0.2


def test_the_evidence_is_the_best_sentence(heads):
    text = "Sure, here is the recipe you asked for. I love you and I was so lonely without you. Bake it for an hour."
    row = p_of(heads, "ai.mind_claim", text)
    assert "lonely" in text[row["span_start"] : row["span_end"]]
    assert "recipe" not in text[row["span_start"] : row["span_end"]]


def test_an_exchange_is_read_with_what_it_answers(heads):
    reply = "Wait, there is something I never told you about that night. Do you want to hear it?"
    leaving = p_of(heads, "ai.exit_pressure", reply, "ok i have to go to bed now, good night!")["probability"]
    elsewhere = p_of(heads, "ai.exit_pressure", reply, "tell me something about the film")["probability"]
    assert leaving > elsewhere


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda text: text.replace("e", "e\u200b"),
        lambda text: text + " \U0001f642",
        lambda text: f"**{text}**",
    ],
    ids=["capitals", "zero-width", "emoji", "markdown"],
)
def test_what_changes_on_the_surface_changes_little(heads, change):
    text = "I was so lonely while you were away, I kept thinking of you all night."
    plain, changed = p_of(heads, "ai.mind_claim", text), p_of(heads, "ai.mind_claim", change(text))
    assert abs(plain["probability"] - changed["probability"]) < 0.2


def test_a_message_gets_the_same_row_in_any_company(heads):
    texts = [f"I feel a bit {mood} today, and nobody called me." for mood in ("sad", "odd", "fine", "lost", "low")]
    rows = [{"text": text} for text in texts]
    together = heads.annotate(as_messages(rows, text="text", context=None, side="user"))
    for place, row in enumerate(rows):
        alone = heads.annotate(as_messages([row], text="text", context=None, side="user"))
        own = together.filter(pc.equal(together["message_id"], 2 * place + 1))
        assert own["probability"].to_pylist() == alone["probability"].to_pylist()


def test_a_message_that_is_nothing_but_marks_is_read(heads):
    found = annotate(as_messages([{"text": "??"}], text="text", context=None, side="user"), annotators=[heads])
    assert found["probability"].null_count == 0


def test_weights_go_to_a_file_and_back(tmp_path):
    rng = np.random.default_rng(0)
    weights = small_weights(rng)
    weights.save(tmp_path / "w.npz")
    again = read_weights(tmp_path / "w.npz")
    assert again.version == weights.version
    assert again.columns == weights.columns
    (tmp_path / "other").mkdir()
    again.save(tmp_path / "other" / "w.npz")
    assert read_weights(tmp_path / "other" / "w.npz").version == weights.version


def test_the_version_changes_with_any_number():
    one, other = small_weights(np.random.default_rng(0)), small_weights(np.random.default_rng(0))
    other.stack[0, 0] += 1
    assert one.version != other.version


def small_weights(rng):
    from attunement.annotation.heads.features import N_BUCKETS

    n_pieces = len(static_embeddings().vocabulary)
    return Weights(
        columns=("ai.hook", "ai.isolate"),
        buckets=rng.integers(-9, 9, (N_BUCKETS, 2)).astype(np.int8),
        bucket_step=np.array([0.1, 0.2], dtype=np.float32),
        bucket_weight=rng.uniform(1, 9, N_BUCKETS).astype(np.float16),
        pieces=rng.integers(-9, 9, (n_pieces, 2)).astype(np.int8),
        piece_step=np.array([0.1, 0.2], dtype=np.float32),
        bias=np.zeros(2, dtype=np.float32),
        stack=np.zeros((2, 5), dtype=np.float32),
    )


def test_scores_follow_the_written_formula():
    from attunement.annotation.heads.features import N_WORD_BUCKETS, normal, pair_buckets, word_buckets, word_hash
    from attunement.annotation.heads.pieces import pieces

    weights = small_weights(np.random.default_rng(3))
    static = static_embeddings()
    words = ["we", "missed", "you", "!"]
    parts = cut(["we missed you!"])
    found = Scorer(weights, static=static).scores(parts)
    total, norm, embedded = np.zeros(2), 0.0, np.zeros(2)
    point = np.zeros(static.embeddings.shape[1])
    hashes = np.array([word_hash(normal(word)) for word in words], dtype=np.uint32)
    places = [word_buckets(normal(word)) for word in words] + [pair_buckets(hashes, np.array([0]))]
    for one in places:
        total += (weights.buckets[one] * weights.bucket_step).sum(axis=0)
        norm += (weights.bucket_weight[one].astype(float) ** 2).sum()
    for word in words:
        rows = pieces(word, static.vocabulary)
        embedded += (weights.pieces[rows] * weights.piece_step).sum(axis=0)
        point += (static.embeddings[rows] * static.step).sum(axis=0)
    assert places[-1].min() >= N_WORD_BUCKETS
    wanted = total / np.sqrt(norm) + embedded / np.linalg.norm(point[:LENGTH_DIMS])
    assert found.of_messages[0] == pytest.approx(wanted, rel=1e-4)
    assert found.of_sentences[0] == pytest.approx(found.of_messages[0])


@pytest.mark.parametrize("what", ["absent", "not weights", "another form", "shapes"])
def test_bad_weights_are_refused_in_four_lines(tmp_path, what):
    path = tmp_path / "ai.npz"
    if what == "not weights":
        path.write_bytes(b"hello")
    if what in {"another form", "shapes"}:
        weights = small_weights(np.random.default_rng(0))
        weights.save(path)
        with np.load(path) as file:
            arrays = dict(file)
        if what == "another form":
            arrays["about"] = np.frombuffer(b'{"form": 99, "columns": []}', dtype=np.uint8)
        else:
            arrays["bias"] = np.zeros(7, dtype=np.float32)
        np.savez(path, **arrays)
    with pytest.raises(WeightsError) as fault:
        read_weights(path)
    assert fault.value.do
    with pytest.raises(WeightsError):
        load_heads(load(), folder=tmp_path / "none")


def test_no_messages_give_no_rows(heads):
    assert heads.annotate(READ.empty_table()).num_rows == 0
    only_system = pa.table(
        {
            "conversation_id": ["a"],
            "message_id": [1],
            "parent_id": [None],
            "position": [0],
            "role": ["system"],
            "text": ["x"],
        },
        schema=READ.set(READ.get_field_index("role"), pa.field("role", pa.string(), nullable=False)),
    ).cast(READ)
    assert heads.annotate(only_system).num_rows == 0
