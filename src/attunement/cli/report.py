"""attune report"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from attunement.cli import options
from attunement.cli.asking import Asked, reading, who_reads
from attunement.cli.talk import Bar, to_be_read, was_read, was_skipped
from attunement.codebook import load
from attunement.keeping import report as run_report


@click.command()
@click.argument("store", type=options.PATH)
@click.option(
    "--out", type=options.PATH, default=Path("attunement-report"), show_default=True, help="Folder of the report."
)
@options.gap_minutes
@options.time_zone
@options.group_floor
@options.quotes
@options.images
@options.passphrase_file
@who_reads
@options.as_json
def report(
    store: Path, *, as_json: bool, passphrase_file: Path | None, annotator: str, asked: Asked, **given: Any
) -> None:
    """Write the report of what a store holds. Messages that were added since are read first."""
    passphrase = options.passphrase_in(passphrase_file)
    with reading(annotator, asked, codebook=load()) as annotators, Bar() as bar:
        found = run_report(store, passphrase=passphrase, annotators=annotators, progress=bar, **given)
    if as_json and found.written is not None:
        click.echo(found.written.findings.read_text(encoding="utf-8"), nl=False)
        return
    click.echo(f"report   {found.written.page if found.written else 'nowhere'}")
    click.echo(was_read(found.contents.relationships))
    click.echo(was_skipped(found.contents.notices))
    for line in to_be_read(found.contents.to_read):
        click.echo(line)
