"""The audit of a log, from the file that somebody exported to a report that can be opened.

Read it from the top: an export is taken into a store, annotators look at every message, sessions and a panel are made
of what they saw, estimates of the panel, findings of the estimates, and a report of the findings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from attunement.annotation import Annotator, annotate_batches, default_annotators, known_faults, settled
from attunement.annotation.gate import load_gate
from attunement.annotation.style import VERSION, read_styles
from attunement.codebook import load
from attunement.dynamics import estimate
from attunement.findings import described, find
from attunement.panels import measure_everything
from attunement.report import Audited, Contents, write
from attunement.sources import Reading, mapped, read
from attunement.store import Imported, Store

PROGRAM = f"attunement {version('attunement')}"
"""What ran, as reports and stores name it."""

Progress = Callable[[str, float], None]
"""Called with the name of a stage and how much of it is done, from 0 to 1."""


def _silent(_stage: str, _share: float) -> None:
    """Say nothing of the progress."""


def audit(  # noqa: PLR0913 - the options of the command line, each by its keyword
    path: str | Path,
    *,
    out: str | Path | None = "attunement-report",
    store: str | Path | None = None,
    passphrase: str | None = None,
    mapping: str | Path | None = None,
    person: str | None = None,
    ai: str | None = None,
    strict: bool = False,
    gap_minutes: float = 30.0,
    time_zone: str | None = None,
    group_floor: int = 10,
    quotes: bool = False,
    images: Sequence[str] = (),
    annotators: Sequence[Annotator] | None = None,
    progress: Progress = _silent,
) -> Audited:
    """Audit an export or log: read it, find the relationships in it, measure them, and write a report.

    Args:
        path: a file, a folder or a zip.
        out: the folder for the report; None writes nothing.
        store: keep what was read in this file; without one it is forgotten at the end.
        passphrase: seals the text in the store.
        mapping: a mapping file, for a form that is not known.
        person, ai: the names of the two, in the place of what the source says.
        strict: refuse whatever would have to be mended.
        gap_minutes: a longer silence starts a new session.
        time_zone: the IANA name of the zone in which the person lives.
        group_floor: the fewest people of whom a distribution is shown.
        quotes: show messages that bear the findings out.
        images: also write each figure as svg or png.
        annotators: who looks; without any, the heads that ship.
        progress: called as the work goes on.

    Raises:
        AttunementError: in four lines: what is wrong, what was got, what was to be had, what to do.
    """
    reading = read(path, form=mapped(mapping) if mapping else None, person=person, ai=ai, strict=strict)
    with Store(store, passphrase=passphrase) as log:
        take_in(reading, log, read_from=str(path), progress=progress)
        look(log, annotators=annotators, progress=progress)
        contents = measure(
            log, gap_minutes=gap_minutes, time_zone=time_zone, group_floor=group_floor, quotes=quotes, progress=progress
        )
    progress("writing", 0.0)
    return Audited(contents=contents, written=write(contents, out, images=images) if out else None)


def take_in(reading: Reading, store: Store, *, read_from: str, progress: Progress = _silent) -> Imported:
    """Take an export into a store: all of it, or nothing."""
    with store.importing(read_from=read_from, forms=[form.key for form in reading.forms], program=PROGRAM) as incoming:
        for batch in reading:
            incoming.messages(batch)
            progress("reading", reading.share_done)
        incoming.events(reading.events())
        incoming.notices(reading.notices())
    return Imported(n_read=incoming.n_read, n_added=incoming.n_added)


def look(store: Store, *, annotators: Sequence[Annotator] | None = None, progress: Progress = _silent) -> None:
    """Let every annotator, the gate for acute risk and the counts of style look at what they have not seen yet."""
    for annotator in default_annotators(load()) if annotators is None else annotators:
        n_read, n_unread = 0, store.n_unread(annotator=annotator.name, version=annotator.version)
        unread = store.readable(annotator=annotator.name, version=annotator.version)
        for n_messages, table in annotate_batches(unread, annotators=[annotator]):
            store.add_annotations(settled(table))
            n_read += n_messages
            progress("annotating", n_read / n_unread)
    gate = load_gate()
    for messages, context in store.unflagged(gate=gate.name, version=gate.version):
        store.add_flags(gate.flag(messages, context=context))
    for messages, context in store.unstyled(version=VERSION):
        store.add_styles(read_styles(messages, context=context))


def measure(
    store: Store, *, gap_minutes: float, time_zone: str | None, group_floor: int, quotes: bool, progress: Progress
) -> Contents:
    """Measure what a store holds, and put it into words."""
    progress("measuring", 0.0)
    seen = measure_everything(store.turns, store.annotated, store.styled, gap_minutes=gap_minutes, time_zone=time_zone)
    people = store.relationships()
    estimates = estimate(
        seen.panel,
        sessions=seen.sessions,
        relationships=people,
        styles=seen.styles,
        model_changes=store.model_changes(),
        progress=partial(progress, "estimating"),
    )
    constructs = described(load(), store.annotation_counts(), known_faults=known_faults())
    shown = store.evidence()
    findings = find(estimates, relationships=people, constructs=constructs, group_floor=group_floor, evidence=shown)
    to_read = store.to_read()
    worded = [message for finding in findings for message in finding.evidence] + to_read["message_id"].to_pylist()
    return Contents(
        title="What these conversations show",
        written_at=datetime.now(tz=UTC),
        program=PROGRAM,
        read_from=", ".join(store.sources()),
        settings={"gap_minutes": f"{gap_minutes:g}", "time_zone": time_zone or "UTC"},
        relationships=people,
        sessions=seen.sessions,
        panel=seen.panel,
        notices=store.notices(),
        findings=findings,
        constructs=constructs,
        to_read=to_read,
        quotes=store.quotes(worded) if quotes else None,
        group_floor=group_floor,
    )
