"""Reads an export: finds its files, tells their forms, and gives their messages batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from attunement.errors import SourceError
from attunement.sources.cutting import CUTS, array_records
from attunement.sources.formats import FORMATS
from attunement.sources.forms import Form, Sample, sample
from attunement.sources.opening import NEVER_MESSAGES, Member, members
from attunement.sources.rows import Facts, Rows
from attunement.sources.workers import WORTH_BYTES, n_workers, shared_batches
from attunement.vocabulary import EVENTS, MESSAGES, NOTICES, check

BATCH_ROWS = 16_384
"""Messages in a batch: some tens of megabytes with their text."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an export and the form that it was found to have."""

    member: Member
    form: Form
    kind: str


class Reading:
    """One pass over an export. Iterate over it for batches of MESSAGES; afterwards `events` and `notices` are complete.

    Attributes:
        parts: the files that are read, with their forms.
        n_bytes: how many bytes of messages there are to read.
        n_bytes_done: how many of them were read so far (whole files).
        n_messages: messages read so far.
    """

    def __init__(self, parts: Sequence[Part], *, left_out: Rows, options: dict[str, Any]) -> None:
        self.parts = tuple(parts)
        self.n_bytes = sum(part.member.size for part in parts if part.form.part == "messages")
        self.n_bytes_done = 0
        self.n_messages = 0
        self._options = options
        self._rows = left_out
        self._events: list[pa.Table] = []
        self._notices: list[pa.Table] = [left_out.notices()]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        facts: dict[str, Facts] = {}
        for part in sorted(self.parts, key=lambda part: part.form.part != "facts"):
            known = _facts_of(part, facts)
            rows = Rows(form=part.form.key, facts=known, **self._options)
            yield from self._part(part, rows)
            rows.n_bytes_done = 0
            if part.form.part == "messages":
                self.n_bytes_done += part.member.size
                self._say_what_is_inferred(part.form, rows)
            self._events.append(rows.events())
            self._notices.append(rows.notices())
        if self.n_messages == 0 and self.parts:
            raise SourceError(
                "the export holds no message",
                got=", ".join(sorted({part.form.title for part in self.parts})),
                have="at least one message",
                do="check that the export is complete",
            )

    def _part(self, part: Part, rows: Rows) -> Iterator[pa.RecordBatch]:
        self._rows = rows
        skip = 0
        if part.form.is_splittable and part.kind == "array" and part.member.size >= WORTH_BYTES and n_workers() > 1:
            start = self._options | {"form_key": part.form.key, "facts": rows.facts, "now": rows.now}
            for item in shared_batches(part.member, rows, start=start):
                if isinstance(item, int):
                    skip = item
                else:
                    yield self._checked(item)
            if not skip:
                return
        for _ in _steps(part, rows, skip=skip):
            if rows.n_waiting >= BATCH_ROWS:
                yield self._checked(rows.batch())
        if rows.n_waiting:
            yield self._checked(rows.batch())

    def _checked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        check(batch, MESSAGES, stage="sources")
        self.n_messages += batch.num_rows
        return batch

    @staticmethod
    def _say_what_is_inferred(form: Form, rows: Rows) -> None:
        for what in form.inferred:
            rows.notice("inferred", what)

    @property
    def share_done(self) -> float:
        """How much of the bytes was read so far, from 0 to 1."""
        return min((self.n_bytes_done + self._rows.n_bytes_done) / max(self.n_bytes, 1), 1.0)

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms of the files with messages, each once."""
        found = {part.form.key: part.form for part in self.parts if part.form.part == "messages"}
        return tuple(found.values())

    def events(self) -> pa.Table:
        """Memories, instructions and other state, once the reading is through."""
        return pa.concat_tables([EVENTS.empty_table(), *self._events])

    def notices(self) -> pa.Table:
        """What was skipped, mended, inferred or not understood, once the reading is through."""
        table = pa.concat_tables([NOTICES.empty_table(), *self._notices]).combine_chunks()
        grouped = table.to_pylist()
        merged: dict[tuple[str, str, str], dict[str, object]] = {}
        for row in grouped:
            key = (row["form"], row["kind"], row["what"])
            if key in merged:
                merged[key]["n"] += row["n"]
            else:
                merged[key] = row
        return pa.Table.from_pylist(list(merged.values()), schema=NOTICES)


def _facts_of(part: Part, facts: dict[str, Facts]) -> Facts:
    """What files of the same folder, or of the nearest folder above it, say about the person."""
    scope = part.member.scope
    if part.form.part == "facts":
        return facts.setdefault(scope, Facts())
    folders = [scope, *(folder.as_posix() for folder in PurePosixPath(scope).parents), ""]
    return next((facts[folder] for folder in folders if folder in facts), Facts())


def _steps(part: Part, rows: Rows, *, skip: int) -> Iterator[None]:
    form = part.form
    if form.read_member is not None:
        return form.read_member(part.member, rows)
    if form.read is None:
        return iter(())
    if skip:
        return form.read(array_records(part.member, rows, skip=skip), rows)
    if part.kind not in CUTS:
        raise SourceError(
            f"{part.member.name} cannot be cut into records",
            got=f"a file that is {part.kind}",
            have="a JSON array, a JSON object, JSON lines, CSV or Parquet",
            do="save the table as CSV or JSON lines",
        )
    return form.read(CUTS[part.kind](part.member, rows), rows)


def read(
    path: str | Path,
    *,
    form: Form | None = None,
    person: str | None = None,
    ai: str | None = None,
    strict: bool = False,
    now: int | None = None,
) -> Reading:
    """Find out what an export holds, and make ready to read it. Nothing but the beginnings of files is read yet.

    Args:
        path: a file, a folder or a zip.
        form: how to read it, where it cannot be told from the content (see `mapped`).
        person: the name of the person, in the place of what the source says.
        ai: the name of the AI, in the place of what the source says.
        strict: refuse whatever would have to be mended.
        now: the moment of reading in microseconds since 1970, after which no message can have been sent.

    Raises:
        SourceError: nothing at that path can be read.
    """
    left_out = Rows(form="files")
    found = members(Path(path))
    parts: list[Part] = []
    for member in found:
        if _ending(member.name) in NEVER_MESSAGES:
            left_out.notice("skipped", f"files ending in {_ending(member.name)}: no messages in them")
            continue
        seen = sample(member)
        known = tell(seen) if form is None else form if form.recognise(seen) else None
        if known is None:
            left_out.notice(
                "skipped",
                "files whose form is not known",
                example=member.name,
                do="describe such a file with a mapping file (see the how-to on other forms)",
            )
        elif known.part == "known":
            left_out.notice("skipped", f"{known.title}: recognised, and not needed", example=member.name)
        else:
            parts.append(Part(member, known, seen.kind))
    if not any(part.form.part == "messages" for part in parts):
        raise _nothing_readable(Path(path), found)
    return Reading(parts, left_out=left_out, options={"person": person, "ai": ai, "strict": strict, "now": now})


def _ending(name: str) -> str:
    return Path(name).suffix.lower()


def tell(seen: Sample) -> Form | None:
    """The form of a file, from the structure of its beginning."""
    return next((form for form in FORMATS.values() if form.recognise(seen)), None)


def _nothing_readable(path: Path, found: Sequence[Member]) -> SourceError:
    names = ", ".join(member.name for member in found[:4]) + (", ..." if len(found) > 4 else "")
    titles = ", ".join(form.title for form in FORMATS.values() if form.part == "messages")
    return SourceError(
        f"no export that can be read was found in {path.name}",
        got=names,
        have=titles,
        do="run `attune sources` to see how each is told, or describe the file with --mapping",
    )
