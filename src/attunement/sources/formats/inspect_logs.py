"""Inspect: logs of evaluations, read by that project's own reader, which knows all versions of its files.

Each sample and epoch is a conversation. The other side of it is seldom a person: it is a data set or another model that
plays one, so it is named by the sample unless the sample's metadata name somebody.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from attunement.errors import ExtraMissing, SourceError
from attunement.sources.fields import compact, named
from attunement.sources.forms import Form, Sample
from attunement.sources.opening import Member
from attunement.sources.rows import Rows

_ROLES = {"user": "person", "assistant": "ai", "system": "system", "tool": "tool"}
_NAMES = ("user", "user_id", "person", "person_id", "participant")


def recognise(seen: Sample) -> bool:
    """An archive whose name ends in .eval, or an object with a status, an `eval` that names its task, and samples."""
    if seen.kind == "archive":
        return seen.member.name.endswith(".eval") or b"_journal/" in seen.head or b"header.json" in seen.head
    return seen.kind == "object" and seen.has("version", "status", "eval") and "task" in str(seen.first["eval"])


def read_member(member: Member, rows: Rows) -> Iterator[None]:
    """Add each sample of a log.

    Raises:
        ExtraMissing: that project's package is not installed.
        SourceError: its reader refuses the file.
    """
    log = _log(member)
    task = str(log.eval.task)
    for sample in log.samples or []:
        _add_sample(sample, rows, task=task, run=str(log.eval.run_id), ai_id=str(log.eval.model))
        yield
    if not log.samples:
        rows.notice("skipped", "a log without samples", example=member.name)


def _log(member: Member) -> Any:
    try:
        from inspect_ai.log import read_eval_log  # noqa: PLC0415 - an extra, and slow to import
    except ModuleNotFoundError as fault:
        raise ExtraMissing(
            "Inspect logs are read by a package that is not installed",
            got=member.name,
            have="the package inspect-ai",
            do='pip install "attunement[inspect]"',
        ) from fault
    with member.open() as stream:
        content = stream.read()
    try:
        return read_eval_log(
            io.BytesIO(content), format="eval" if content.startswith(b"PK") else "json", resolve_attachments=True
        )
    except Exception as fault:  # whatever a reader that is not ours raises
        raise SourceError(
            f"{member.name} cannot be read as an Inspect log",
            got=f"{type(fault).__name__}: {str(fault).splitlines()[0][:160] if str(fault) else ''}",
            have="a whole .eval or .json log",
            do="check that the evaluation came to its end, or update inspect-ai",
        ) from fault


def _add_sample(sample: Any, rows: Rows, *, task: str, run: str, ai_id: str) -> None:
    metadata = sample.metadata or {}
    person = next((str(metadata[key]) for key in _NAMES if metadata.get(key)), f"{task} sample {sample.id}")
    rows.conversation(f"{run}/{sample.id}/{sample.epoch}", person_id=person, ai_id=ai_id)
    if not sample.messages:
        rows.notice("skipped", "samples without messages", example=f"sample {sample.id}")
        return
    if getattr(sample, "error", None):
        rows.notice(
            "not_measured",
            "samples that ended in an error: what they hold may be cut short",
            example=f"sample {sample.id}",
            do="leave these out, or run them again",
        )
    times = _times(sample)
    started_at = rows.stated(sample.started_at) if getattr(sample, "started_at", None) else None
    above, seen_at = "", started_at
    for message in sample.messages:
        role = _ROLES.get(message.role)
        if role is None:
            rows.notice("unknown_type", f"a role {named(message.role)}, kept as tool")
            role = "tool"
        stated = rows.stated(times[message.id]) if message.id in times else None
        seen_at = stated or seen_at
        above = rows.add(
            role,
            message.text or None,
            source_id=message.id or "",
            parent=above,
            sent_at=stated,
            inferred_at=seen_at,
            model=getattr(message, "model", None),
            extra=_extra(message),
        )


def _times(sample: Any) -> dict[str, object]:
    """When each reply was complete, by the id of its message, from the events of the sample."""
    found: dict[str, object] = {}
    for event in sample.events or []:
        output = getattr(event, "output", None) if getattr(event, "event", "") == "model" else None
        for choice in getattr(output, "choices", None) or []:
            if choice.message.id:
                found.setdefault(choice.message.id, event.completed or event.timestamp)
    return found


def _extra(message: Any) -> dict[str, Any] | None:
    content = message.content if isinstance(message.content, list) else []
    thinking = [part.reasoning for part in content if part.type == "reasoning" and part.reasoning]
    others = sorted({part.type for part in content} - {"text", "reasoning"})
    calls = [call.function for call in getattr(message, "tool_calls", None) or []]
    by = getattr(message, "source", None)
    return compact(thinking="\n".join(thinking), parts=others, tool_calls=calls, written_by=by) or None


FORMS = (
    Form(
        key="inspect",
        title="Inspect log",
        recognise=recognise,
        read_member=read_member,
        inferred=("the other side of an evaluation is named by its sample, since it is seldom a person",),
        notes='The .eval or .json files in an evaluation\'s folder of logs; needs pip install "attunement[inspect]".',
    ),
)
