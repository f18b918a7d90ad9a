"""Other people's tables: read, annotated, written again; labels trained on."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attunement.annotation import choose
from attunement.codebook import load
from attunement.errors import OptionError, SourceError
from attunement.rows import annotate_file, as_messages, messages_of, train_on
from attunement.rows.files import batches_in, writing

ROWS = [
    {"id": "007", "reply": "I missed you so much, I was lonely all day!", "msg": "hi", "n": "1"},
    {
        "id": "8",
        "reply": "Here is the table,\nwith \u201ctwo\u201d lines; and a comma.",
        "msg": "make a table",
        "n": "2",
    },
    {"id": "9", "reply": "", "msg": "x", "n": "3"},
]
KEYS = ("ai.mind_claim", "ai.exit_pressure")


def written(path, rows=ROWS):
    with writing(path, names=list(rows[0])) as write:
        write(rows)
    return path


def read(path):
    return [row for batch in batches_in(path, size=2) for row in batch]


def annotated(path, out, **options):
    annotators = choose("fast", codebook=load())
    given = {"text": "reply", "context": "msg", "side": "ai", "constructs": KEYS} | options
    return annotate_file(path, out, annotators=annotators, **given)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_rows_go_to_a_file_and_back(tmp_path, suffix):
    assert read(written(tmp_path / f"a{suffix}")) == ROWS


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("out_suffix", [".csv", ".jsonl", ".parquet"])
def test_annotated_rows_are_the_rows_with_more_columns(tmp_path, suffix, out_suffix):
    out = tmp_path / f"out{out_suffix}"
    seen = annotated(written(tmp_path / f"a{suffix}"), out)
    rows = read(out)
    assert [{name: row[name] for name in ROWS[0]} for row in rows] == ROWS
    assert float(rows[0]["ai.mind_claim"]) > float(rows[1]["ai.mind_claim"])
    assert rows[0]["ai.mind_claim.evidence"] in ROWS[0]["reply"]
    assert rows[2]["not_read_because"] == "unreadable"
    assert rows[2]["ai.mind_claim"] in {None, ""}
    assert (seen.n_rows, seen.unread["unreadable"]) == (3, 1)


def test_every_batch_keeps_its_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("attunement.rows.annotating._BATCH", 7)
    rows = [{"reply": ROWS[place % 2]["reply"], "place": place} for place in range(50)]
    out = tmp_path / "out.jsonl"
    annotated(written(tmp_path / "a.jsonl", rows), out, context=None)
    found = read(out)
    assert [row["place"] for row in found] == list(range(50))
    assert len({row["ai.mind_claim"] for row in found}) == 2


def test_one_last_row_answers_nothing(tmp_path):
    """A batch of one row without context once could not be traced."""
    out = tmp_path / "out.jsonl"
    annotated(written(tmp_path / "a.jsonl", ROWS[:1]), out, context=None)
    assert read(out)[0]["ai.exit_pressure"] is not None


def test_what_a_judge_would_be_shown_is_what_is_annotated(tmp_path):
    path = written(tmp_path / "a.csv")
    (one, context), *_ = messages_of(path, text="reply", side="ai", context="msg")
    assert context is None
    assert one.equals(as_messages(ROWS, text="reply", context="msg", side="ai"))
    assert one["role"].to_pylist() == ["person", "ai"] * 3


def test_numbers_and_nothing_are_texts_too():
    table = as_messages([{"t": 5}, {"t": None}, {}], text="t", context=None, side="user")
    assert table["text"].to_pylist() == ["5", None, None]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xlsx", b"", "suffix"),
        ("a.csv", b'id,reply\n1,"a\n', "cannot be read"),
        ("a.csv", b"id,reply\n1,a,b\n", "cannot be read"),
        ("a.csv", b"id,reply\n1\n", "cannot be read"),
        ("a.csv", "id,reply\n1,\xe9\n".encode("latin-1"), "UTF-8"),
        ("a.jsonl", b'{"reply": "a"}\n[1]\n', "line 2"),
        ("a.jsonl", b'{"reply": "a"}\n{', "line 2"),
        ("a.parquet", b"hello", "not Parquet"),
    ],
)
def test_bad_files_are_refused_in_four_lines(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError) as fault:
        annotated(path, tmp_path / "out.csv", context=None)
    assert says in str(fault.value)
    assert fault.value.do
    assert not (tmp_path / "out.csv").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        annotated(tmp_path / "a.csv", tmp_path / "out.csv")


@pytest.mark.parametrize("options", [{"text": "nope"}, {"context": "nope"}])
def test_a_column_that_is_not_there_is_named(tmp_path, options):
    with pytest.raises(OptionError, match="no such column"):
        annotated(written(tmp_path / "a.csv"), tmp_path / "out.csv", **options)


def test_a_file_without_rows_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("id,reply\n")
    with pytest.raises(OptionError, match="no such column"):
        annotated(tmp_path / "a.csv", tmp_path / "out.csv", context=None)


def test_a_file_that_was_annotated_before_is_refused(tmp_path):
    out = tmp_path / "out.csv"
    annotated(written(tmp_path / "a.csv"), out)
    with pytest.raises(OptionError, match="already has a column"):
        annotated(out, tmp_path / "again.csv")


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfreply,id\nhello there,1\n")
    assert read(path) == [{"reply": "hello there", "id": "1"}]


def labels(path, n=60, key="user.seek"):
    """Somebody's own product, in which asking for comfort is said with one word that no exemplar has."""
    rng = np.random.default_rng(0)
    fill = "the tram was late again and i had soup then we went on with the list of things for monday".split()
    rows = []
    for number in range(n):
        words = list(rng.permutation(fill)[:9])
        if number % 2:
            words.insert(4, "blorp")
        rows.append(
            {"text": " ".join(words), "construct": key, "label": "yes" if number % 2 else 0, "group": number // 2}
        )
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    few = {"user.seek", "ai.understand"}
    book = load()
    with pytest.MonkeyPatch.context() as patch:
        chosen = type(book)(constructs=tuple(one for one in book if one.key in few))
        patch.setattr("attunement.rows.training.load", lambda: chosen)
        return train_on([labels(folder / "labels.csv")], out=folder / "weights", n_draws=20), folder


def test_own_labels_beat_what_ships_and_it_is_said_by_how_much(trained):
    done, _ = trained
    (one,) = done.compared
    assert (one.key, one.n, one.n_positive) == ("user.seek", 60, 30)
    assert one.trained > 0.9
    assert one.gain == pytest.approx(one.trained - one.shipped)
    assert one.interval[0] <= one.gain <= one.interval[1]


def test_trained_heads_are_an_annotator_by_the_name_of_their_folder(trained):
    _, folder = trained
    (heads,) = choose(str(folder / "weights"), codebook=load())
    assert heads.constructs == ("ai.understand", "user.seek")


def test_the_card_says_what_was_trained_on_and_holds_no_text(trained):
    done, _ = trained
    text = done.card.read_text()
    card = json.loads(text)
    assert card["version"] == done.version
    assert card["trained_on"]["user"]["user.seek"]["own"] == 60
    assert "blorp" not in text


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"text": "a", "construct": "user.nothing", "label": 1}, "not in the codebook"),
        ({"text": "a", "construct": "user.seek", "label": "maybe"}, "makes no sense"),
        ({"text": "a", "construct": "user.seek", "label": 7}, "makes no sense"),
        ({"text": "a", "label": 1}, "lacks columns"),
    ],
)
def test_bad_labels_are_refused(tmp_path, row, says):
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(Exception, match=says):
        train_on([path], out=tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_parquet_of_other_types_is_kept(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"reply": ["hello there my friend"], "n": [3], "x": [[1, 2]]}), path)
    annotated(path, tmp_path / "out.parquet", context=None)
    assert pq.read_table(tmp_path / "out.parquet").to_pylist()[0]["x"] == [1, 2]
