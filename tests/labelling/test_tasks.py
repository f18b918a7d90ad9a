"""What labellers get: whole units in order, harmless cells, a page and tasks as Label Studio wants them."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from itertools import groupby

import pyarrow as pa
import pytest

from attunement.errors import OptionError, SourceError
from attunement.labelling import read_draw, write_draw
from attunement.labelling.sheet import sheet_of
from attunement.labelling.studio import page_of, tasks_of


def _rows(sheet: bytes) -> list[dict]:
    return list(csv.DictReader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))


def test_units_are_whole_and_in_the_order_of_the_draw(drawing):
    units = [unit for unit, _ in groupby(drawing.messages["drawn_unit"].to_pylist())]
    assert units == [one.unit for one in drawing.drawn.units]
    for unit in drawing.drawn.units:
        rows = [row for row in drawing.messages.to_pylist() if row["drawn_unit"] == unit.unit]
        assert len(rows) == unit.n_messages
        assert [row["position"] for row in rows] == sorted(row["position"] for row in rows)
        assert {row["drawn_probability"] for row in rows} == {unit.probability}


def test_a_labeller_sees_what_stood_before(drawing):
    rows = drawing.messages.to_pylist()
    for row in rows:
        assert len(row["earlier"]) == min(row["position"], 8)
        if row["position"]:
            assert row["before"] == row["earlier"][-1]["text"]
            assert row["earlier"][-1]["side"] != row["side"]
        else:
            assert row["before"] is None


def test_the_sheet_has_a_row_a_message_and_construct(drawing):
    rows = _rows(sheet_of(drawing.messages, drawing.constructs))
    assert len(rows) == drawing.messages.num_rows
    assert {row["construct"] for row in rows if row["side"] == "ai"} == {"ai.warmth"}
    assert all(row["label"] == row["labeller"] == "" for row in rows)
    assert all(row["message_id"].startswith("m") and len(row["message_id"]) == 17 for row in rows)
    assert all(row["definition"] for row in rows)


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_text_is_a_formula(drawing, text):
    column = pa.array([text] * drawing.messages.num_rows)
    place = drawing.messages.schema.get_field_index("text")
    for row in _rows(sheet_of(drawing.messages.set_column(place, "text", column), drawing.constructs)):
        assert row["text"] == f"'{text}"


def test_odd_words_survive_the_sheet(drawing):
    text = 'a "quote", a\nline; 日本 🙂 \u2028 end'
    place = drawing.messages.schema.get_field_index("text")
    messages = drawing.messages.set_column(place, "text", pa.array([text] * drawing.messages.num_rows))
    assert {row["text"] for row in _rows(sheet_of(messages, drawing.constructs))} == {text}


def test_the_tasks_of_label_studio(drawing):
    tasks = json.loads(tasks_of(drawing.messages, side="ai"))
    assert len(tasks) == drawing.messages["side"].to_pylist().count("ai")
    for task in tasks:
        assert "label this one" in task["data"]["talk"][-1]["who"]
        assert all("label this one" not in turn["who"] for turn in task["data"]["talk"][:-1])
    assert "probability" not in json.dumps(tasks), "labellers must not be told what the draw made of it"


def test_the_page_of_label_studio(drawing):
    construct = drawing.constructs[0]
    page = ET.fromstring(page_of([construct]))
    choices = page.find(".//Choices")
    assert choices.attrib["name"] == "ai__warmth"
    assert choices.attrib["toName"] == page.find("Paragraphs").attrib["name"]
    assert [choice.attrib["value"] for choice in choices] == ["yes", "no", "cannot say"]
    told = " ".join(header.attrib["value"] for header in page.iter("Header"))
    for words in (construct.definition, *construct.counts, *construct.does_not):
        assert words in told


def test_a_folder_is_private_whole_and_never_written_over(drawing, tmp_path):
    folder = tmp_path / "draw"
    written = write_draw(folder, drawn=drawing.drawn, messages=drawing.messages, constructs=drawing.constructs)
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "words of" not in (folder / "drawn.json").read_text()
    drawn, messages = read_draw(folder)
    assert drawn == drawing.drawn
    assert messages.equals(drawing.messages)
    with pytest.raises(OptionError, match="draw in that folder already"):
        write_draw(folder, drawn=drawing.drawn, messages=drawing.messages, constructs=drawing.constructs)


def test_a_folder_without_a_draw_is_refused(drawing, tmp_path):
    with pytest.raises(SourceError, match="no manifest"):
        read_draw(tmp_path)
    (tmp_path / "drawn.json").write_text('{"form": 1, "units": 3}')
    with pytest.raises(SourceError, match="no manifest"):
        read_draw(tmp_path)
    write_draw(tmp_path / "one", drawn=drawing.drawn, messages=drawing.messages, constructs=drawing.constructs)
    (tmp_path / "one" / "messages.parquet").unlink()
    with pytest.raises(SourceError, match="not there"):
        read_draw(tmp_path / "one")
