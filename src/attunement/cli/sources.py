"""attune sources"""

from __future__ import annotations

import json

import click

from attunement.cli import options
from attunement.cli.talk import table
from attunement.sources import FORMATS


@click.command()
@options.as_json
def sources(*, as_json: bool) -> None:
    """List the forms that can be read, and how to get such a file."""
    forms = [form for form in FORMATS.values() if form.part == "messages"]
    if as_json:
        listed = [
            {"form": form.key, "title": form.title, "notes": form.notes, "inferred": form.inferred} for form in forms
        ]
        click.echo(json.dumps(listed, indent=2))
        return
    click.echo(table([[form.key, form.title, form.notes] for form in forms]))
    click.echo("\nAny other table or nested JSON can be read through a mapping file (--mapping).")
