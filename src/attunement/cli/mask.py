"""attune mask"""

from __future__ import annotations

import json
from pathlib import Path

import click

from attunement.cli import options
from attunement.sources import mask as mask_export


@click.command()
@click.argument("path", type=options.PATH)
@click.argument("out", type=options.PATH)
@options.as_json
def mask(path: Path, out: Path, *, as_json: bool) -> None:
    """Copy an export with its letters and digits masked, so that a fault can be reported without the words.

    Times, lengths, branches and types stay as they are. Read the copy before you pass it on: when you talked, and
    how much, is still in it.
    """
    counts = mask_export(path, out)
    if as_json:
        click.echo(json.dumps(counts))
        return
    click.echo(f"{out}: " + ", ".join(f"{n:,} {what}" for what, n in counts.items()))
