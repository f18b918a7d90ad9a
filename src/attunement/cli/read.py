"""attune read"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from attunement.cli import options
from attunement.cli.planning import say_plan
from attunement.cli.talk import Bar
from attunement.keeping import keep


@click.command()
@click.argument("path", type=options.PATH)
@click.option("--store", type=options.PATH, required=True, help="The file to read into; made where there is none.")
@options.mapping
@options.person
@options.ai
@options.strict
@options.passphrase_file
@options.dry_run
@options.as_json
def read(path: Path, *, dry_run: bool, as_json: bool, passphrase_file: Path | None, **given: Any) -> None:
    """Read an export into a store. Reading it again adds nothing."""
    if dry_run:
        say_plan(path, mapping=given["mapping"], as_json=as_json)
        return
    with Bar() as bar:
        imported = keep(path, passphrase=options.passphrase_in(passphrase_file), progress=bar, **given)
    if as_json:
        click.echo(json.dumps({"n_read": imported.n_read, "n_added": imported.n_added, "store": str(given["store"])}))
        return
    click.echo(f"{imported.n_read:,} messages read, {imported.n_added:,} of them new, kept in {given['store']}")
