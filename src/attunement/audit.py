"""The audit of a log, from the file that somebody exported to a report that can be opened.

Read it from the top: an export is read into a store, annotators look at every message, sessions and panels are made
of what they saw, estimates of the panels, findings of the estimates, and a report of the findings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from attunement.annotation import annotate, default_annotators, known_faults
from attunement.codebook import load
from attunement.dynamics import amounts, changes, shares
from attunement.errors import OptionError
from attunement.findings import Read, find
from attunement.panels import rates, sessions, usage
from attunement.report import Contents, Frame, Written, figures, write
from attunement.sources import Reading, mapped, read
from attunement.store import Imported, Store
from attunement.vocabulary import PANEL, SESSIONS, Finding

Progress = Callable[[str, float], None]
"""Called with the name of a stage and how much of it is done, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found: tables, figures, findings, and where they were written."""

    contents: Contents
    """Everything that the report says."""
    written: Written | None
    """The files of the report, or None where none were asked for."""
    imported: Imported | None
    """How much was read, or None for a report from a store."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Claims and refusals, in the order in which they are to be read."""
        return self.contents.findings

    def table(self, name: str) -> Frame:
        """One of relationships, sessions, panel or notices; its `arrow`, `pandas()` and `polars()` give the rows."""
        known = {key: getattr(self.contents, key) for key in ("relationships", "sessions", "panel", "notices")}
        if name not in known:
            raise OptionError("an audit has no such table", got=name, have=", ".join(known), do="use one of these")
        return Frame(known[name])

    @property
    def figures(self) -> Mapping[str, object]:
        """The figures of the report as Altair charts, which show themselves in a notebook."""
        return figures(self.contents)


def audit(
    path: str | Path,
    *,
    out: str | Path | None = "attunement-report",
    store: str | Path | None = None,
    mapping: str | Path | None = None,
    person: str | None = None,
    ai: str | None = None,
    gap_minutes: float = 30.0,
    time_zone: str | None = None,
    group_floor: int = 10,
    quotes: bool = False,
    images: Sequence[str] = (),
    strict: bool = False,
    passphrase: str | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Audit an export or log: read it, find the relationships in it, measure them, and write a report.

    Args:
        path: a file, a folder or a zip.
        out: the folder for the report; None writes nothing.
        store: keep what was read in this file; without one it is forgotten at the end.
        mapping: a mapping file, for a form that is not known.
        person: the name of the person, in the place of what the source says.
        ai: the name of the AI, in the place of what the source says.
        gap_minutes: a longer silence starts a new session.
        time_zone: the IANA name of the zone in which the person lives.
        group_floor: the fewest people of whom a distribution is shown.
        quotes: show messages that bear the findings out.
        images: also write each figure as svg or png.
        strict: refuse whatever would have to be mended.
        passphrase: seals the text in the store.
        progress: called as the work goes on.

    Raises:
        AttunementError: in four lines: what is wrong, what was got, what was to be had, what to do.
    """
    say = progress or (lambda _stage, _share: None)
    reading = read(path, form=None if mapping is None else mapped(mapping), person=person, ai=ai, strict=strict)
    with Store(store, passphrase=passphrase) as kept:
        imported = take_in(reading, kept, read_from=str(path), progress=say)
        look(kept, progress=say)
        contents = tell(kept, gap_minutes=gap_minutes, time_zone=time_zone, group_floor=group_floor, quotes=quotes, progress=say)
    written = None if out is None else write(contents, out, images=images)
    say("writing", 1.0)
    return Audit(contents=contents, written=written, imported=imported)


def take_in(reading: Reading, store: Store, *, read_from: str, progress: Progress) -> Imported:
    """Read an export into a store: all of it, or nothing."""
    forms = [form.key for form in reading.forms]
    with store.importing(read_from=read_from, forms=forms, program=program()) as incoming:
        for batch in reading:
            incoming.messages(batch)
            progress("reading", reading.share_done)
        incoming.events(reading.events())
        incoming.notices(reading.notices())
    progress("reading", 1.0)
    return Imported(n_read=incoming.n_read, n_added=incoming.n_added)


def look(store: Store, *, progress: Progress) -> None:
    """Let every annotator look at the messages that it has not seen yet."""
    for annotator in default_annotators(load()):
        n_unread = store.n_unread(annotator=annotator.name, version=annotator.version)
        n_done = 0
        for messages, context in store.readable(annotator=annotator.name, version=annotator.version):
            store.add_annotations(annotate(messages, annotators=[annotator], context=context))
            n_done += messages.num_rows
            progress("annotating", n_done / n_unread)
    progress("annotating", 1.0)


def tell(
    store: Store, *, gap_minutes: float, time_zone: str | None, group_floor: int, quotes: bool, progress: Progress
) -> Contents:
    """Measure what a store holds, and put it into words."""
    relationships = store.relationships()
    progress("measuring", 0.1)
    in_sessions = pa.Table.from_batches(sessions(store.turns(), gap_minutes=gap_minutes), schema=SESSIONS)
    used = usage(in_sessions.to_batches(), time_zone=time_zone)
    seen = rates(store.annotated(), in_sessions, time_zone=time_zone)
    panel = pa.Table.from_batches([*used, *seen], schema=PANEL).unify_dictionaries()
    progress("measuring", 0.6)
    estimates = [*amounts(panel), *changes(panel), *shares(panel)]
    constructs = described(store)
    evidence = store.evidence()
    findings = find(
        estimates,
        relationships=relationships,
        constructs=[_read(construct) for construct in constructs],
        group_floor=group_floor,
        evidence=evidence,
    )
    progress("measuring", 1.0)
    wanted = [message for finding in findings for message in finding.evidence]
    return Contents(
        title="What these conversations show",
        written_at=datetime.now(tz=UTC),
        program=program(),
        read_from=", ".join(store.sources()),
        settings={"gap_minutes": f"{gap_minutes:g}", "time_zone": time_zone or "UTC (not stated)"},
        relationships=relationships,
        sessions=in_sessions,
        panel=panel,
        notices=store.notices(),
        findings=findings,
        constructs=constructs,
        quotes=store.quotes(wanted) if quotes else None,
        group_floor=group_floor,
    )
