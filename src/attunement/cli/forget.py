"""attune forget"""

from __future__ import annotations

from pathlib import Path

import click

from attunement.cli import options
from attunement.keeping import forget as run_forget


@click.command()
@click.argument("store", type=options.PATH)
@click.argument("relationship")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.passphrase_file
def forget(store: Path, relationship: str, *, yes: bool, passphrase_file: Path | None) -> None:
    """Delete a relationship from a store for good. RELATIONSHIP is its id as reports show it (16 characters)."""
    if not yes:
        click.confirm(f"Delete everything of {relationship} from {store}? This cannot be undone.", abort=True)
    n_gone = run_forget(store, relationship, passphrase=options.passphrase_in(passphrase_file))
    click.echo(f"{n_gone:,} messages deleted; the file was written anew without them")
