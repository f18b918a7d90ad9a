"""attune audit"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from attunement.audit import audit as run_audit
from attunement.cli import options
from attunement.cli.asking import Asked, reading, who_reads
from attunement.cli.planning import say_plan
from attunement.cli.talk import Bar, to_be_read, was_read, was_skipped
from attunement.codebook import load
from attunement.report import Audited


@click.command()
@click.argument("path", type=options.PATH)
@click.option(
    "--out", type=options.PATH, default=Path("attunement-report"), show_default=True, help="Folder of the report."
)
@click.option("--store", type=options.PATH, help="Keep what was read in this file. Without it, it is forgotten.")
@options.mapping
@options.person
@options.ai
@options.gap_minutes
@options.time_zone
@options.group_floor
@options.quotes
@options.images
@options.strict
@options.passphrase_file
@who_reads
@options.dry_run
@options.as_json
def audit(
    path: Path,
    *,
    dry_run: bool,
    as_json: bool,
    passphrase_file: Path | None,
    annotator: str,
    asked: Asked,
    **given: Any,
) -> None:
    """Read an export, measure the relationships in it, and write a report.

    PATH is a file, a folder or a zip in any form that `attune sources` lists.
    """
    if dry_run:
        say_plan(path, mapping=given["mapping"], as_json=as_json)
        return
    passphrase = options.passphrase_in(passphrase_file)
    with reading(annotator, asked, codebook=load()) as annotators, Bar() as bar:
        found = run_audit(path, passphrase=passphrase, annotators=annotators, progress=bar, **given)
    if as_json and found.written is not None:
        click.echo(found.written.findings.read_text(encoding="utf-8"), nl=False)
        return
    _say(found)


def _say(found: Audited) -> None:
    where = found.written.page if found.written else "nowhere"
    click.echo(f"report   {where}")
    click.echo(was_read(found.contents.relationships))
    click.echo(was_skipped(found.contents.notices))
    for line in to_be_read(found.contents.to_read):
        click.echo(line)
