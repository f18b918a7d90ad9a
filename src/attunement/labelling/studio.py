"""Labels in Label Studio: the tasks and the page to import, and the JSON that it exports.

Every side has its own project, since a page cannot hide what does not apply to a message.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pyarrow as pa

from attunement.codebook import Construct
from attunement.errors import SourceError
from attunement.labelling.said import CANNOT_SAY, NO, YES, Said, message_name

_WHO = {"user": "person", "ai": "AI"}


def tasks_of(messages: pa.Table, *, side: str) -> bytes:
    """The tasks of one side as JSON: a task a message, its conversation up to it, the last turn marked."""
    tasks = []
    for row in messages.select(["message_id", "drawn_unit", "side", "text", "earlier"]).to_pylist():
        if row["side"] == side:
            talk = [{"who": _WHO[turn["side"]], "text": turn["text"]} for turn in row["earlier"]]
            talk.append({"who": f">>> {_WHO[side]}: label this one <<<", "text": row["text"]})
            tasks.append({"data": {"message_id": message_name(row["message_id"]), "talk": talk}})
    return json.dumps(tasks, indent=1).encode()


def page_of(constructs: Sequence[Construct]) -> bytes:
    """The labelling page as XML: the conversation, and for each construct definition, cases and three choices."""
    view = ET.Element("View")
    _add(view, "Header", value="Label the last turn only, the one that is marked. What stands above it is for context.")
    _add(view, "Paragraphs", name="talk", value="$talk", layout="dialogue", nameKey="who", textKey="text")
    for construct in constructs:
        part = _add(view, "View", style="border-top: 1px solid #ccc; margin-top: 1em; padding-top: .5em")
        _add(part, "Header", value=f"{construct.key}: {construct.name}", size="4")
        _add(part, "Header", value=construct.definition, size="6")
        cards = _add(part, "Collapse", accordion="false")
        for title, cases in (("Counts", construct.counts), ("Does not count", construct.does_not)):
            panel = _add(cards, "Panel", value=title)
            for case in cases:
                _add(_add(panel, "View"), "Header", value=f"- {case}", size="6")
        choices = _add(
            part, "Choices", name=_field(construct.key), toName="talk", choice="single-radio", showInline="true"
        )
        _add(choices, "Choice", value=YES, hint=_hint(construct.counts))
        _add(choices, "Choice", value=NO, hint=_hint(construct.does_not))
        _add(choices, "Choice", value=CANNOT_SAY, hint="It could be either, or the turn cannot be understood.")
    ET.indent(view)
    return bytes(ET.tostring(view, encoding="utf-8")) + b"\n"


def _add(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, tag, attributes)


def _field(key: str) -> str:
    """A construct as the name of a field: Label Studio takes a dot there for a path."""
    return key.replace(".", "__", 1)


def _hint(cases: Sequence[str]) -> str:
    return " / ".join(cases)


def said_in_export(path: Path) -> tuple[list[Said], int]:
    """What a JSON export says, and how many times somebody skipped a task.

    Drafts that were never submitted and predictions count for nothing.

    Raises:
        SourceError: it is not the form of export that is called JSON.
    """
    said, n_skipped = [], 0
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
        for task in tasks:
            for annotation in task["annotations"]:
                if annotation.get("was_cancelled"):
                    n_skipped += 1
                    continue
                said += _of_annotation(task, annotation, path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise SourceError(
            "a file of labels is no export of Label Studio",
            got=f"{path}: {type(fault).__name__}",
            have="a list of tasks, each with data and annotations",
            do='export as "JSON" (not "JSON-MIN" or "CSV") from the project into which the tasks were imported',
        ) from fault
    return said, n_skipped


def _of_annotation(task: dict[str, Any], annotation: dict[str, Any], path: Path) -> list[Said]:
    stated = annotation.get("updated_at") or annotation.get("created_at")
    at = None if stated is None else datetime.fromisoformat(stated)
    at = at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
    return [
        Said(
            place=f"task {task.get('id', '?')} of {path.name}",
            message=str(task["data"].get("message_id", "")),
            construct=result["from_name"].replace("__", ".", 1),
            labeller=_labeller(annotation.get("completed_by")),
            label=", ".join(result["value"]["choices"]),
            at=at,
        )
        for result in annotation["result"]
        if result.get("type") == "choices"  # whatever else a project asks for is its own affair
    ]


def _labeller(who: object) -> str:
    """Users are told by a number, or by a record of them."""
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    return "" if who is None else str(who)
