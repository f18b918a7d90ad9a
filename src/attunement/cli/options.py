"""Options that several verbs share, each spelled once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from attunement.errors import OptionError

Command = Callable[..., Any]

PATH = click.Path(path_type=Path)

gap_minutes = click.option(
    "--gap",
    "gap_minutes",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="Minutes of silence after which a new session starts.",
)
time_zone = click.option("--time-zone", help="Where the person lives, such as Europe/Vienna. Unknown: days are in UTC.")
group_floor = click.option(
    "--group-floor",
    type=click.IntRange(min=2),
    default=10,
    show_default=True,
    help="Show no distribution over fewer people.",
)
quotes = click.option("--quotes", is_flag=True, help="Show messages that bear the findings out. Off: no word is shown.")
images = click.option(
    "--images", type=click.Choice(["svg", "png"]), multiple=True, help="Also write each figure as a file. Repeatable."
)
mapping = click.option("--mapping", type=PATH, help="A mapping file, for a form that is not known.")
person = click.option("--person", help="The name of the person, in the place of what the source says.")
ai = click.option("--ai", help="The name of the AI, in the place of what the source says.")
strict = click.option("--strict", is_flag=True, help="Refuse whatever would have to be mended.")
annotator = click.option(
    "--annotator",
    default="fast",
    show_default=True,
    help="Who reads: fast, accurate, rules or judge, or a folder that `attune train` wrote.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be read, and stop.")
passphrase_file = click.option(
    "--passphrase-file",
    type=PATH,
    help="A file whose first line seals the text in the store.",
    envvar="ATTUNEMENT_PASSPHRASE_FILE",
)


def passphrase_in(path: Path | None) -> str | None:
    """The passphrase in the first line of a file.

    Raises:
        OptionError: the file is not there or has no first line.
    """
    if path is None:
        return None
    try:
        first = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise OptionError(
            "the passphrase file cannot be read", got=str(path), have="a text file", do=str(fault)
        ) from fault
    if not first:
        raise OptionError(
            "the passphrase file is empty", got=str(path), have="a passphrase in its first line", do="write one"
        )
    return first
