"""attune report"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from attunement.cli import options
from attunement.cli.talk import Bar, was_read, was_skipped
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
@options.as_json
def report(store: Path, *, as_json: bool, passphrase_file: Path | None, **given: Any) -> None:
    """Write the report of what a store holds. Messages that were added since are read first."""
    with Bar() as bar:
        found = run_report(store, passphrase=options.passphrase_in(passphrase_file), progress=bar, **given)
    if as_json and found.written is not None:
        click.echo(found.written.findings.read_text(encoding="utf-8"), nl=False)
        return
    click.echo(f"report   {found.written.page if found.written else 'nowhere'}")
    click.echo(was_read(found.contents.relationships))
    click.echo(was_skipped(found.contents.notices))
