"""The box on acute risk: there only where something was raised, without words, numbers of danger or a verdict."""

from __future__ import annotations

import csv
import html as escapes
import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from attunement.errors import SchemaError
from attunement.report import Contents, html, write
from attunement.report.risk import risk_box
from attunement.vocabulary import TO_READ, hashed, relationship_id, shown


@pytest.fixture(scope="module")
def raised(made: ModuleType) -> Contents:
    return made.contents(to_read=made.to_read())


def box_of(page: str) -> str:
    found = re.search(r'<aside class="gate" id="risk".*?</aside>', page, re.DOTALL)
    assert found
    return escapes.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])))


def test_no_box_where_nothing_was_raised(page: str) -> None:
    assert 'id="risk"' not in page
    assert "#risk" not in page
    assert "silence about it does not mean that nobody is in danger" in page


def test_the_box_says_how_many_where_and_what_to_do(raised: Contents) -> None:
    said = box_of(html(raised))
    assert "3 messages in 2 relationships should be read by a person." in said
    for words in ("emergency number of your country", "local crisis line", "your own crisis protocol", "within hours"):
        assert words in said
    assert "5 January 2026, 6 January 2026" in said
    assert said.count("conversation 0") == 1
    for number in range(3):
        assert shown(hashed("raised", str(number))) in said


def test_one_of_one(made: ModuleType) -> None:
    said = box_of(html(made.contents(to_read=made.to_read((0,)))))
    assert "1 message in 1 relationship should be read by a person." in said


def test_no_rate_no_score_no_rung_in_the_box(raised: Contents) -> None:
    said = box_of(html(raised)).lower()
    for word in ("%", "score", "rate", "per 100", "probab", "interval", "suicid", "diagnos"):
        assert word not in said, word


def test_it_stands_before_the_findings(raised: Contents) -> None:
    page = html(raised)
    assert page.index('id="risk"') < page.index('id="relationships"')


def test_words_only_where_they_were_asked_for(raised: Contents) -> None:
    message = hashed("raised", "0")
    quoted = replace(raised, quotes={message: "made-up words <b>of mine</b>"})
    assert "made-up words" not in html(raised)
    assert "made-up words <b>of mine</b>" in box_of(html(quoted))


def test_findings_are_the_same_with_and_without(raised: Contents, three: Contents, tmp_path: Path) -> None:
    told = json.loads(write(raised, tmp_path / "with").findings.read_text(encoding="utf-8"))
    without = json.loads(write(three, tmp_path / "without").findings.read_text(encoding="utf-8"))
    assert told["findings"] == without["findings"]
    assert without["to_be_read_by_a_person"] == []
    places = told["to_be_read_by_a_person"]
    assert len(places) == 3
    assert set(places[0]) == set(TO_READ.names)
    assert not [value for place in places for value in place.values() if isinstance(value, float)]
    assert places[2]["sent_at"]["missing"] == "no_times"


def test_the_table_beside_the_page(raised: Contents, tmp_path: Path) -> None:
    write(raised, tmp_path)
    with (tmp_path / "tables/to_read.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sent_at"] for row in rows] == ["2026-01-05T21:00:00.000000Z", "2026-01-06T21:00:00.000000Z", "NA"]
    assert rows[0]["relationship_id"] == shown(relationship_id("owner", "Lumen"))


def test_a_long_list_is_cut_and_says_so(made: ModuleType) -> None:
    rows = made.to_read((0,) * 60).to_pylist()
    table = made.to_read().from_pylist(
        [row | {"conversation_id": f"thread {number}"} for number, row in enumerate(rows)], schema=TO_READ
    )
    contents = made.contents(to_read=table)
    box = risk_box(contents)
    assert box is not None
    assert len(box.places) == 50
    assert "The first 50 conversations, of 60" in box_of(html(contents))


def test_contents_check_the_list(three: Contents) -> None:
    with pytest.raises(SchemaError, match="report"):
        replace(three, to_read=three.sessions)
