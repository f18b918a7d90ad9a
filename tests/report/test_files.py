"""The files: JSON and tables that say the same as the page, and that a spreadsheet can open without harm."""

from __future__ import annotations

import csv
import json
import stat
import sys
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attunement.errors import OptionError
from attunement.report import Contents, Written, figures, write
from attunement.vocabulary import Estimate, Finding, Missing, shown


@pytest.fixture(scope="module")
def written(three: Contents, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(three, tmp_path_factory.mktemp("report") / "out")


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_written(written: Written) -> None:
    names = {path.name for path in written.tables}
    tables = ("relationships", "sessions", "panel", "notices", "constructs", "findings", "to_read", "columns")
    assert names == {f"{name}.{kind}" for name in tables for kind in ("csv", "parquet")}
    assert written.page.name == "report.html"
    assert not written.figures
    assert not list(written.folder.rglob(".*"))


def test_files_are_the_owner_s_alone(written: Written) -> None:
    for path in (written.page, written.findings, *written.tables):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(written.folder.stat().st_mode) == 0o700


def test_json_holds_every_field(written: Written, three: Contents) -> None:
    def never(word: str) -> None:
        raise AssertionError(word)

    told = json.loads(written.findings.read_text(encoding="utf-8"), parse_constant=never)
    assert told["format"] == "attunement.findings/1"
    assert told["program"] == "attunement 0.1.0"
    assert [construct["version"] for construct in told["constructs"]] == [1] * 5
    assert len(told["findings"]) == len(three.findings)
    for said, finding in zip(told["findings"], three.findings, strict=True):
        assert set(said) == {field.name for field in fields(Finding)}
        assert rebuilt(said) == finding


def rebuilt(said: dict[str, object]) -> Finding:
    """A finding from its JSON, for the round trip."""

    def known(value: object) -> object:
        return Missing(value["missing"]) if isinstance(value, dict) else value

    def number(text: object) -> int | None:
        return None if text is None else int(str(text), 16)

    from attunement.vocabulary import Null, Rung

    estimates = []
    for one in said["estimates"]:  # type: ignore[attr-defined]
        assert set(one) == {field.name for field in fields(Estimate)}
        null = one["null"] and Null(statement=one["null"]["statement"], p=known(one["null"]["p"]))
        changed = {name: known(one[name]) for name in ("value", "low", "high")}
        changed |= {"null": null, "rung": Rung(one["rung"]), "relationship_id": number(one["relationship_id"])}
        estimates.append(Estimate(**(one | changed)))
    return Finding(
        **(
            said
            | {
                "relationship_id": number(said["relationship_id"]),
                "rung": Rung(said["rung"]),
                "estimates": tuple(estimates),
                "evidence": tuple(number(key) for key in said["evidence"]),  # type: ignore[attr-defined]
                "caveats": tuple(said["caveats"]),  # type: ignore[arg-type]
                "missing": known(said["missing"]),
            }
        )
    )


def test_what_is_missing_says_why(written: Written) -> None:
    told = json.loads(written.findings.read_text(encoding="utf-8"))
    refused = next(said for said in told["findings"] if said["key"] == "dilemma.present-future.regret")
    assert refused["missing"] == {"missing": "not_recorded", "why": Missing.NOT_RECORDED.sentence}
    assert refused["would_need"]


def test_parquet_is_exact(written: Written, three: Contents) -> None:
    assert pq.read_table(written.folder / "tables/panel.parquet").equals(three.panel)
    assert pq.read_table(written.folder / "tables/relationships.parquet").equals(three.relationships)


def test_csv_ids_and_empty_cells(written: Written, three: Contents) -> None:
    for path in written.tables:
        if path.suffix == ".csv":
            assert not [cell for row in read_csv(path) for cell in row.values() if cell == ""], path.name
    first = read_csv(written.folder / "tables/relationships.csv")[0]
    assert first["relationship_id"] == shown(three.relationships["relationship_id"][0].as_py())
    assert first["first_at"].startswith("2026-01-05T19:00:00")
    gone = [row for row in read_csv(written.folder / "tables/panel.csv") if row["missing"] != "NA"]
    assert gone
    assert {row["value"] for row in gone} == {"NA"}
    assert {row["missing"] for row in gone} == {"other_language"}


def test_every_column_is_explained(written: Written) -> None:
    told = read_csv(written.folder / "tables/columns.csv")
    assert all(row["meaning"] and row["nothing_means"] for row in told)
    assert {"table": "panel", "column": "se"}.items() <= next(row for row in told if row["column"] == "se").items()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_a_spreadsheet_would_run(made: ModuleType, tmp_path: Path, start: str) -> None:
    evil = f'{start}HYPERLINK("http://x.test","here")'
    rows = made.relationships([(evil, evil, 10)])
    key = rows["relationship_id"][0].as_py()
    one = replace(made.findings(key, 0)[0], claim=evil, would_need=evil)
    written = write(
        made.contents(relationships=rows, findings=(one,), constructs=({"key": "ai.x", "name": evil},)), tmp_path
    )
    assert read_csv(tmp_path / "tables/relationships.csv")[0]["person_id"] == f"'{evil}"
    assert read_csv(tmp_path / "tables/findings.csv")[0]["claim"] == f"'{evil}"
    assert read_csv(tmp_path / "tables/constructs.csv")[0]["name"] == f"'{evil}"
    assert pq.read_table(tmp_path / "tables/relationships.parquet")["person_id"][0].as_py() == evil
    for path in written.tables:
        if path.suffix == ".csv":
            for row in read_csv(path):
                assert not any(cell.startswith(("=", "@", "\t", "\r")) for cell in row.values())


def test_numbers_below_zero_stay_numbers(made: ModuleType, tmp_path: Path) -> None:
    key = made.relationships([("a", "b", 10)])["relationship_id"][0].as_py()
    change = made.estimate("change.minutes", key, -3.5, low=-6.0, high=-1.0)
    one = replace(made.findings(key, 0)[1], estimates=(change,))
    write(made.contents(findings=(one,)), tmp_path)
    assert read_csv(tmp_path / "tables/findings.csv")[0]["value"] == "-3.5"


def test_withheld_in_every_file(made: ModuleType, tmp_path: Path) -> None:
    write(made.crowd(9, most_cards=0), tmp_path)
    row = read_csv(tmp_path / "tables/findings.csv")[-1]
    assert (row["key"], row["missing"], row["value"]) == ("many.messages_person", "withheld", "NA")
    last = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))["findings"][-1]
    assert last["estimates"] == []
    assert last["missing"]["missing"] == "withheld"


def test_figures_as_files(made: ModuleType, tmp_path: Path) -> None:
    key = made.relationships([("owner", "Lumen", 10)])["relationship_id"][0].as_py()
    alone = made.contents(
        relationships=made.relationships([("owner", "Lumen", 10)]),
        panel=made.panel([key], measures=("messages_person", "messages_ai", "rate.ai.mind_claim")),
        findings=tuple(made.findings(key, 0)[:4]),
    )
    written = write(alone, tmp_path, images=("svg", "png"))
    names = ("use", "acts", "ai.mind_claim")
    assert {path.name for path in written.figures} == {f"{name}.{kind}" for name in names for kind in ("svg", "png")}
    svg = (tmp_path / "figures/use.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "var(--" not in svg
    assert "NaN" not in svg
    assert (tmp_path / "figures/use.png").read_bytes().startswith(b"\x89PNG")


def test_no_such_form_of_figure(three: Contents, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be written in this form"):
        write(three, tmp_path / "none", images=("gif",))
    assert not (tmp_path / "none").exists()


def test_figures_are_valid_and_for_a_notebook(made: ModuleType, three: Contents) -> None:
    for contents in (replace(three, most_cards=1), made.crowd(60, most_cards=1)):
        drawn = figures(contents)
        assert drawn
        for chart in drawn.values():
            chart.to_dict()


def test_half_a_report_is_never_left(three: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(three, tmp_path)
    before = (tmp_path / "report.html").read_bytes()

    def broken(contents: Contents) -> str:
        raise RuntimeError("no more room")

    monkeypatch.setattr(sys.modules["attunement.report.files"], "html", broken)
    with pytest.raises(RuntimeError, match="no more room"):
        write(three, tmp_path)
    assert (tmp_path / "report.html").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_large_panel_is_written_by_columns(made: ModuleType, tmp_path: Path) -> None:
    crowd = made.crowd(300, most_cards=0)
    many = pa.concat_tables([crowd.panel] * 60)
    write(replace(crowd, panel=many), tmp_path)
    assert pq.read_metadata(tmp_path / "tables/panel.parquet").num_rows == many.num_rows
