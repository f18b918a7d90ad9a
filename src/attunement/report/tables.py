"""The tidy tables, and findings.json: the same findings for a machine, with every reason kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from attunement.report.contents import Contents
from attunement.report.people import floored
from attunement.vocabulary import Estimate, Finding, Missing, shown

NOTHING = "NA"
"""What stands in a cell of a CSV file that has no value; the column `missing`, where there is one, says why."""

_FORMULA = "^([=+\\-@\\t\\r\\n])"
_ID = pa.uint64()


def tidy(contents: Contents) -> dict[str, pa.Table]:
    """Every table of the report by its name."""
    return {
        "relationships": contents.relationships,
        "sessions": contents.sessions,
        "panel": contents.panel,
        "notices": contents.notices,
        "constructs": _constructs(contents),
        "findings": _findings(contents),
        "to_read": contents.to_read,
    }


def for_spreadsheets(table: pa.Table) -> pa.Table:
    """The same table as text that no spreadsheet rounds, runs as a formula, or shows as an empty cell."""
    columns = [_plain(column.combine_chunks()) for column in table.columns]
    return pa.table(columns, names=table.column_names)


def column_meanings(tables: Mapping[str, pa.Table]) -> pa.Table:
    """What each column means, and what it means that a cell has nothing in it."""
    rows = []
    for name, table in tables.items():
        for field in table.schema:
            words = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
            row = {"table": name, "column": field.name, "meaning": words.get("meaning", "see findings.json")}
            rows.append(row | {"nothing_means": words.get("null", "never without a value")})
    return pa.Table.from_pylist(rows)


def json_lines(contents: Contents) -> Iterator[str]:
    """findings.json piece by piece, one finding a line; it holds no NaN, and no 0 for what is not known."""
    head = {
        "format": "attunement.findings/1",
        "title": contents.title,
        "written_at": contents.written_at.isoformat(),
        "program": contents.program,
        "read_from": contents.read_from,
        "settings": dict(contents.settings),
        "group_floor": contents.group_floor,
        "constructs": [dict(construct) for construct in contents.constructs],
        "to_be_read_by_a_person": [_place_as_json(row) for row in contents.to_read.to_pylist()],
    }
    yield _dumped(head)[:-1] + ',\n"findings": ['
    for index, finding in enumerate(floored(contents)):
        yield ("," if index else "") + "\n" + _dumped(finding_as_json(finding))
    yield "\n]}\n"


def _place_as_json(row: Mapping[str, Any]) -> dict[str, object]:
    """Where a message is that a person should read. It bears no number: how great a danger is cannot be read off it."""
    return {
        "relationship_id": shown(row["relationship_id"]),
        "conversation_id": row["conversation_id"],
        "message_id": shown(row["message_id"]),
        "sent_at": row["sent_at"].isoformat() if row["sent_at"] else _known(Missing.NO_TIMES),
        "gate": row["gate"],
        "gate_version": row["gate_version"],
    }


def finding_as_json(finding: Finding) -> dict[str, object]:
    """A finding with every field; what is missing stands there with its reason."""
    return {
        "key": finding.key,
        "relationship_id": None if finding.relationship_id is None else shown(finding.relationship_id),
        "claim": finding.claim,
        "rung": finding.rung.value,
        "estimates": [_estimate_as_json(estimate) for estimate in finding.estimates],
        "evidence": [shown(message_id) for message_id in finding.evidence],
        "caveats": list(finding.caveats),
        "missing": None if finding.missing is None else _known(finding.missing),
        "would_need": finding.would_need,
    }


def _estimate_as_json(estimate: Estimate) -> dict[str, object]:
    null = estimate.null
    return {
        "measure": estimate.measure,
        "relationship_id": None if estimate.relationship_id is None else shown(estimate.relationship_id),
        "value": _known(estimate.value),
        "low": _known(estimate.low),
        "high": _known(estimate.high),
        "level": estimate.level,
        "unit": estimate.unit,
        "n": estimate.n,
        "n_of": estimate.n_of,
        "rung": estimate.rung.value,
        "null": None if null is None else {"statement": null.statement, "p": _known(null.p)},
        "method": estimate.method,
        "reliability": None if estimate.reliability is None else _known(estimate.reliability),
    }


def _known(value: float | Missing) -> object:
    return {"missing": value.value, "why": value.sentence} if isinstance(value, Missing) else value


def _dumped(thing: object) -> str:
    return json.dumps(thing, ensure_ascii=False, allow_nan=False, default=_plainly)


def _plainly(thing: object) -> object:
    """Tuples, sets and mappings that are not a dict, as JSON knows them."""
    if isinstance(thing, Mapping):
        return dict(thing)
    return sorted(thing) if isinstance(thing, (set, frozenset)) else str(thing)


def _findings(contents: Contents) -> pa.Table:
    """One row a finding and estimate; a finding without numbers has one row."""
    rows = []
    for number, finding in enumerate(floored(contents)):
        rows += [_finding_row(number, finding, estimate) for estimate in finding.estimates or (None,)]
    return pa.Table.from_pylist(rows, schema=_FINDINGS)


def _finding_row(number: int, finding: Finding, estimate: Estimate | None) -> dict[str, object]:
    row: dict[str, object] = {
        "finding": number,
        "key": finding.key,
        "relationship_id": finding.relationship_id,
        "claim": finding.claim,
        "rung": finding.rung.value,
        "caveats": " ".join(finding.caveats) or None,
        "missing": None if finding.missing is None else finding.missing.value,
        "would_need": finding.would_need or None,
    }
    if estimate is None:
        return row
    numbers = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    gone = {f"{name}_missing": number.value for name, number in numbers.items() if isinstance(number, Missing)}
    there = {name: number for name, number in numbers.items() if not isinstance(number, Missing)}
    null = estimate.null
    held = {"null": null.statement, "p": None if isinstance(null.p, Missing) else null.p} if null else {}
    same = {name: getattr(estimate, name) for name in ("measure", "level", "unit", "n", "n_of", "method")}
    return row | same | there | gone | held | {"rung": estimate.rung.value}


def _constructs(contents: Contents) -> pa.Table:
    names = list(dict.fromkeys(name for construct in contents.constructs for name in construct))
    rows = [{name: _as_text(construct.get(name)) for name in names} for construct in contents.constructs]
    schema = pa.schema([_described(name, pa.string(), "as in the codebook", "not stated") for name in names or ["key"]])
    return pa.Table.from_pylist(rows, schema=schema)


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _dumped(value) if isinstance(value, (Mapping, list, tuple, set, frozenset)) else str(value)


def _described(name: str, kind: pa.DataType, meaning: str, null: str = "") -> pa.Field:
    return pa.field(name, kind, metadata={"meaning": meaning} | ({"null": null} if null else {}))


_NONE = "the finding has no numbers"
_FINDINGS = pa.schema(
    [
        _described("finding", pa.int64(), "its number in findings.json, from 0"),
        _described("key", pa.string(), "what kind of finding it is"),
        _described("relationship_id", _ID, "the relationship", "it speaks of many"),
        _described("claim", pa.string(), "the claim or the refusal in words"),
        _described("rung", pa.string(), "how far it may be trusted to speak of causes"),
        _described("measure", pa.string(), "what was measured", _NONE),
        _described("value", pa.float64(), "the number", "see value_missing, or missing"),
        _described("low", pa.float64(), "lower end of the interval", "see low_missing, or missing"),
        _described("high", pa.float64(), "upper end of the interval", "see high_missing, or missing"),
        _described("level", pa.float64(), "how often such intervals cover the truth", _NONE),
        _described("unit", pa.string(), "the unit of the value", _NONE),
        _described("n", pa.int64(), "how many units it was made from", _NONE),
        _described("n_of", pa.string(), "what those units are", _NONE),
        _described("null", pa.string(), "what it was held against", "a description, which has none"),
        _described(
            "p", pa.float64(), "how often the null gives something as far out", "there is no null, or it cannot be said"
        ),
        _described("method", pa.string(), "how the number was made", _NONE),
        _described("caveats", pa.string(), "what a careful reader has to know", "none"),
        _described("missing", pa.string(), "why nothing can be claimed", "something is claimed"),
        _described("value_missing", pa.string(), "why there is no value", "there is one, or no numbers at all"),
        _described("low_missing", pa.string(), "why there is no lower end", "there is one, or no numbers at all"),
        _described("high_missing", pa.string(), "why there is no upper end", "there is one, or no numbers at all"),
        _described("would_need", pa.string(), "what would make it knowable", "something is claimed"),
    ]
)


def _plain(column: pa.Array) -> pa.Array:
    """One column as a CSV file holds it."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.type == _ID:
        column = _hexadecimal(column)
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.replace_substring_regex(column, _FORMULA, r"'\1")
    elif pa.types.is_timestamp(column.type):
        column = pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
    if column.null_count:
        column = column.cast(pa.string()).fill_null(NOTHING)
    return column


def _hexadecimal(ids: pa.Array) -> pa.Array:
    """Ids as 16 hexadecimal digits, each different one written once."""
    coded = ids.dictionary_encode()
    names = pa.array([shown(number) for number in coded.dictionary.to_pylist()], pa.string())
    return names.take(coded.indices)
