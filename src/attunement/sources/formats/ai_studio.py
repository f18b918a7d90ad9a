"""Google AI Studio: one file for each prompt in the Drive folder of that name, as a list of chunks.

The file has no id of its own, so its name and its first chunk name the conversation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from attunement.sources.cutting import whole_record
from attunement.sources.fields import compact, digest_of, id_of, items_of, named, object_of, objects_of, text_of
from attunement.sources.forms import Form, Sample
from attunement.sources.opening import Member
from attunement.sources.rows import Rows
from attunement.sources.threads import Turn, add_thread, chain, role_of

_ROLES = {"user": "person", "model": "ai", "system": "system"}
_SILENT = {
    "driveDocument": "documents",
    "driveImage": "images",
    "driveAudio": "audio",
    "driveVideo": "video",
    "inlineFile": "files",
    "inlineData": "files",
    "inlineImage": "images",
    "youtubeVideo": "video",
}


def recognise(seen: Sample) -> bool:
    """An object with a `chunkedPrompt`."""
    return seen.kind == "object" and isinstance(seen.first, dict) and isinstance(seen.first.get("chunkedPrompt"), dict)


def _read_member(member: Member, rows: Rows) -> Iterator[None]:
    for record in whole_record(member, rows):
        _add_prompt(record, PurePosixPath(member.name).name, rows)
        yield


def _add_prompt(record: dict[str, Any], name: str, rows: Rows) -> None:
    chunks = objects_of(object_of(record, "chunkedPrompt"), "chunks", rows)
    where = f"file {name}"
    if not chunks:
        rows.notice("skipped", "empty conversations", example=where)
        return
    digest = digest_of(*(text_of(chunks[0], key) for key in ("role", "text", "createTime")))
    rows.conversation(f"{name} {digest}", ai_id="AI Studio")
    model = text_of(object_of(record, "runSettings"), "model").removeprefix("models/") or None
    turns = _turns(chunks, rows, where=where, model=model)
    started_at = next((turn.sent_at for turn in turns if turn.sent_at is not None), None)
    instruction = record.get("systemInstruction")
    told = text_of(instruction, "text") or _parts(instruction)
    if told:
        rows.event("instructions", told, at=started_at)
    turns = chain(turns, rows, retries=False)
    add_thread(turns, rows, where=where, leaf=turns[-1].key if turns else "", started_at=started_at)


def _turns(chunks: list[dict[str, Any]], rows: Rows, *, where: str, model: str | None) -> list[Turn]:
    """One turn a chunk; thoughts stay beside the reply that follows them."""
    turns: list[Turn] = []
    thoughts: list[str] = []
    for number, chunk in enumerate(chunks):
        text = text_of(chunk, "text") or _parts(chunk)
        if chunk.get("isThought") is True:
            thoughts.append(text)
            if number + 1 < len(chunks):
                continue
            text = ""
        role = role_of(chunk.get("role"), _ROLES, rows, where=where)
        extra = _extra(chunk, rows)
        if thoughts:
            thinking = {"thinking": "\n\n".join(filter(None, thoughts))}
            thoughts = []
            if role == "ai":
                extra |= thinking
            else:
                turns.append(Turn(key="", role="ai", model=model, extra=thinking))
        turns.append(
            Turn(
                key=id_of(chunk, "id"),
                role=role,
                text=text,
                sent_at=rows.stated(chunk.get("createTime")),
                model=model if role == "ai" else None,
                extra=extra,
            )
        )
    return turns


def _parts(record: object) -> str:
    """The text of what is given in parts, thoughts left out."""
    parts = [part for part in items_of(record, "parts") if isinstance(part, dict) and part.get("thought") is not True]
    return "".join(text_of(part, "text") for part in parts)


def _extra(chunk: dict[str, Any], rows: Rows) -> dict[str, Any]:
    for key, what in _SILENT.items():
        if key in chunk:
            rows.notice("skipped", f"{what} in messages: there are no words in them")
    finish = chunk.get("finishReason")
    if isinstance(finish, str) and finish not in {"STOP", "MAX_TOKENS"}:
        rows.notice("not_measured", f"a reply that ended for a reason {named(finish)}")
    return compact(
        attachments=sum(key in chunk for key in _SILENT),
        finish_reason=finish if isinstance(finish, str) and finish != "STOP" else "",
        edited=chunk.get("isEdited") is True,
        branches=len(items_of(chunk, "branchChildren")),
        branched_from=id_of(chunk.get("branchParent"), "promptId"),
        code="executableCode" in chunk or "codeExecutionResult" in chunk,
        failed=bool(chunk.get("errorMessage")),
    )


FORMS = (
    Form(
        key="ai_studio",
        title="Google AI Studio prompt",
        recognise=recognise,
        read_member=_read_member,
        inferred=("the order of messages: that of the chunks in the file",),
        notes="The files in the Drive folder `Google AI Studio`, downloaded as they are; they have no ending.",
    ),
)
