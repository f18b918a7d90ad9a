"""Labels read back: from spreadsheets as countries save them, from Label Studio, and refused where a row makes no sense."""

from __future__ import annotations

import csv
import io
import json

import pytest

from attunement.errors import SourceError
from attunement.labelling import labelled_rows, read_labels
from attunement.labelling.sheet import COLUMNS, sheet_of
from attunement.vocabulary import LABELS, check

KEYS = ["ai.warmth", "user.lonely"]


@pytest.fixture
def sheet(drawing, tmp_path):
    """Fills the sheet: a labeller and what they say of the row at a place (None leaves it empty)."""

    def fill(labeller, say, *, name="filled.csv", delimiter=",", encoding="utf-8-sig", change=lambda row, place: row):
        text = sheet_of(drawing.messages, drawing.constructs).decode("utf-8-sig")
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, COLUMNS, delimiter=delimiter)
        writer.writeheader()
        for place, row in enumerate(csv.DictReader(io.StringIO(text, newline=""))):
            said = say(place)
            writer.writerow(change(row | ({"label": said, "labeller": labeller} if said else {}), place))
        path = tmp_path / name
        path.write_bytes(file.getvalue().encode(encoding))
        return path

    return fill


def _read(drawing, *paths):
    return read_labels(paths, messages=drawing.messages, constructs=KEYS)


def test_a_sheet_comes_back(drawing, sheet):
    path = sheet("Ada", lambda place: ["yes", "NO", " 1 ", "0", "Cannot say", None][place % 6])
    found = _read(drawing, path)
    check(found.labels, LABELS, stage="test")
    n = drawing.messages.num_rows
    assert found.n_empty == len(range(5, n, 6))
    assert found.labels["label"].to_pylist()[:5] == [1, 0, 1, 0, None]
    assert set(found.labels["labeller"].to_pylist()) == {"Ada"}
    probability = {one.unit: one.probability for one in drawing.drawn.units}
    stratum = {one.unit: one.stratum for one in drawing.drawn.units}
    for row in found.labels.to_pylist():
        assert row["drawn_probability"] == probability[row["drawn_unit"]]
        assert row["stratum"] == stratum[row["drawn_unit"]]


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8"), ("\t", "utf-8-sig"), (",", "utf-8")])
def test_spreadsheets_of_other_countries(drawing, sheet, delimiter, encoding):
    found = _read(drawing, sheet("Ada", lambda place: "yes", delimiter=delimiter, encoding=encoding))
    assert found.labels.num_rows == drawing.messages.num_rows


def test_an_id_without_its_letter_is_known(drawing, sheet):
    path = sheet("Ada", lambda place: "yes", change=lambda row, place: row | {"message_id": row["message_id"][1:]})
    assert _read(drawing, path).labels.num_rows == drawing.messages.num_rows


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"construct": "ai.nonsense"}, 'the construct "ai.nonsense" was not asked about'),
        ({"label": "maybe"}, '"maybe" is no label'),
        ({"label": "0.7"}, '"0.7" is no label'),
        ({"message_id": "m0000000000000000"}, "was not drawn"),
        ({"labeller": " "}, "does not say who labelled"),
        ({"construct": "user.lonely", "message_id": "AI"}, "user.lonely does not apply"),
    ],
)
def test_a_bad_row_is_refused_by_name(drawing, sheet, change, what):
    of_ai = next(row["message_id"] for row in drawing.messages.to_pylist() if row["side"] == "ai")
    change = {key: f"m{of_ai:016x}" if value == "AI" else value for key, value in change.items()}
    path = sheet(
        "Ada", lambda place: "yes" if place != 3 else "no", change=lambda r, place: r | (change if place == 3 else {})
    )
    with pytest.raises(SourceError) as refused:
        _read(drawing, path)
    lines = str(refused.value).splitlines()
    assert len(lines) == 4
    assert what in lines[0]
    assert "line 5 of filled.csv" in lines[1]


def test_the_same_labeller_twice_is_refused_and_counted(drawing, sheet):
    one = sheet("Ada", lambda place: "yes", name="one.csv")
    two = sheet("Ada", lambda place: "no" if place < 3 else None, name="two.csv")
    with pytest.raises(SourceError, match="Ada labelled it twice") as refused:
        _read(drawing, one, two)
    assert "line 2 of two.csv (and 2 other rows)" in str(refused.value)
    assert "the other is at line 2 of one.csv" in str(refused.value)
    ben = sheet("Ben", lambda place: "no" if place < 3 else None, name="two.csv")
    assert _read(drawing, one, ben).labels.num_rows == drawing.messages.num_rows + 3


def test_what_is_no_sheet_is_refused(drawing, sheet, tmp_path):
    latin = sheet("Zoë", lambda place: "yes", encoding="latin-1")
    with pytest.raises(SourceError, match="cannot be read"):
        _read(drawing, latin)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="cannot be read"):
        _read(drawing, tmp_path / "other.csv")
    (tmp_path / "short.csv").write_text("message_id,construct,label,labeller\nm1,ai.warmth\n")
    with pytest.raises(SourceError, match="cannot be read"):
        _read(drawing, tmp_path / "short.csv")
    for name in ("nowhere.csv", "labels.xlsx"):
        with pytest.raises(SourceError, match="no such file of labels"):
            _read(drawing, tmp_path / name)


def _annotation(who, choices, **changes):
    return {
        "id": 1,
        "completed_by": who,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-03-01T10:00:00.5Z",
        "updated_at": "2026-03-01T10:05:00.728378Z",
        "lead_time": 4.2,
        "result": [
            {
                "id": f"r{place}",
                "from_name": name,
                "to_name": "talk",
                "type": kind,
                "origin": "manual",
                "value": {kind: value},
            }
            for place, (name, kind, value) in enumerate(choices)
        ],
    } | changes


@pytest.fixture
def export(drawing, tmp_path):
    """Writes an export: for each of the first AI messages, its annotations."""

    def write(*annotations, name="export.json", drafts=()):
        ids = [f"m{row['message_id']:016x}" for row in drawing.messages.to_pylist() if row["side"] == "ai"]
        tasks = [
            {
                "id": 100 + place,
                "data": {"message_id": ids[place], "talk": []},
                "annotations": given,
                "drafts": list(drafts),
                "predictions": [],
                "meta": {},
            }
            for place, given in enumerate(annotations)
        ]
        path = tmp_path / name
        path.write_text(json.dumps(tasks))
        return path

    return write


def test_an_export_of_label_studio_comes_back(drawing, export):
    yes, no = ("ai__warmth", "choices", ["yes"]), ("ai__warmth", "choices", ["no"])
    unsure, note = ("ai__warmth", "choices", ["cannot say"]), ("note", "text", ["hard one"])
    path = export(
        [_annotation(1, [yes, note]), _annotation({"id": 2, "email": "ben@example.org"}, [no])],
        [_annotation(1, [unsure]), _annotation(2, [], was_cancelled=True)],
        [_annotation(1, [])],
        drafts=[{"user": 1, "result": [{"from_name": "ai__warmth", "type": "choices", "value": {"choices": ["yes"]}}]}],
    )
    found = _read(drawing, path)
    rows = found.labels.to_pylist()
    assert [(row["labeller"], row["label"]) for row in rows] == [("1", 1.0), ("ben@example.org", 0.0), ("1", None)]
    assert found.n_skipped == 1
    assert rows[0]["labelled_at"].isoformat() == "2026-03-01T10:05:00.728378+00:00"


@pytest.mark.parametrize(
    ("annotations", "what"),
    [
        ([[("ai__charm", "choices", ["yes"])]], '"ai.charm" was not asked about'),
        ([[("ai__warmth", "choices", ["yes", "no"])]], '"yes, no" is no label'),
        ([[("ai__warmth", "choices", ["yes"])], [("ai__warmth", "choices", ["no"])]], "7 labelled it twice"),
    ],
)
def test_a_bad_task_is_refused_by_name(drawing, export, annotations, what):
    path = export([_annotation(7, choices) for choices in annotations])
    with pytest.raises(SourceError) as refused:
        _read(drawing, path)
    assert what in str(refused.value).splitlines()[0]
    assert "task 100 of export.json" in str(refused.value)


@pytest.mark.parametrize("text", ["{", '{"a": 1}', '[{"message_id": "m1", "ai__warmth": "yes"}]', "[1]"])
def test_other_forms_of_export_are_refused(drawing, tmp_path, text):
    (tmp_path / "min.json").write_text(text)
    with pytest.raises(SourceError, match="no export of Label Studio"):
        _read(drawing, tmp_path / "min.json")


def test_rows_to_train_on(drawing, sheet):
    one = sheet("Ada", lambda place: ["yes", "no", "cannot say"][place % 3], name="one.csv")
    two = sheet("Ben", lambda place: "yes" if place % 3 < 2 else "cannot say", name="two.csv")
    rows = labelled_rows(_read(drawing, one, two).labels, drawing.messages)
    assert len(rows) == len([place for place in range(drawing.messages.num_rows) if place % 3 < 2])
    assert [row["label"] for row in rows[:2]] == [1.0, 0.5]
    assert {row["population"] for row in rows} == {"own"}
    assert {row["register"] for row in rows} <= {"early", "middle", "late"}
    assert {row["group"] for row in rows} == {one.relationship_id for one in drawing.drawn.units}
    first = drawing.messages.to_pylist()[0]
    assert (rows[0]["text"], rows[0]["before"], rows[0]["side"]) == (first["text"], first["before"], first["side"])
    json.dumps(rows)
