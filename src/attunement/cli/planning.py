"""What `--dry-run` says: the files that would be read, and how."""

from __future__ import annotations

import json
from pathlib import Path

import click

from attunement.cli.talk import table
from attunement.sources import mapped, read


def say_plan(path: Path, *, mapping: Path | None, as_json: bool) -> None:
    """Print which files would be read, as which form. Only the beginnings of files are looked at."""
    reading = read(path, form=None if mapping is None else mapped(mapping))
    files = [
        {"file": part.member.name, "form": part.form.key, "title": part.form.title, "bytes": part.member.size}
        for part in reading.parts
    ]
    skipped = reading.notices().to_pylist()
    if as_json:
        click.echo(json.dumps({"would_read": files, "would_skip": skipped}, indent=2, default=str))
        return
    click.echo(table([[str(file["file"]), str(file["title"]), f"{file['bytes']:,} bytes"] for file in files]))
    for row in skipped:
        click.echo(f"skipped  {row['n']:,} x {row['what']}" + (f" ({row['example']})" if row["example"] else ""))
    click.echo("Nothing was read into a store, nothing was sent, and nothing would have to be paid.", err=True)
