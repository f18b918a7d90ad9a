"""attune annotate"""

from __future__ import annotations

import json
from pathlib import Path

import click

from attunement.annotation import Annotator
from attunement.annotation.judge import Judge
from attunement.cli import options
from attunement.cli.asking import Asked, reading, say_calls, who_reads
from attunement.cli.talk import Bar, table
from attunement.codebook import Codebook, load
from attunement.errors import OptionError
from attunement.rows import SIDES, Seen, annotate_file, messages_of


@click.command()
@click.argument("file", type=options.PATH)
@click.option("--text", required=True, help="The column that holds the texts.")
@click.option("--context", help="The column that holds the message each text answers.")
@click.option("--side", type=click.Choice(list(SIDES)), required=True, help="Who wrote the texts.")
@click.option("--constructs", help="Keys of the codebook, with commas. Without them, all of that side.")
@who_reads
@click.option("--out", type=options.PATH, required=True, help="Where to write: .csv, .tsv, .jsonl or .parquet.")
@click.option("--dry-run", is_flag=True, help="Say what would be read, and what a judge would cost, and stop.")
@options.as_json
def annotate(
    file: Path,
    *,
    text: str,
    context: str | None,
    side: str,
    constructs: str | None,
    annotator: str,
    asked: Asked,
    out: Path,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add what the annotators see to a table of texts.

    FILE is CSV, TSV, JSONL or Parquet. Each row is written again with a probability for each construct and the words
    that it rests on. A reply is read better with the message that it answers: give it with --context.
    """
    codebook = load()
    asked_for = _keys(constructs) or [construct.key for construct in codebook if construct.side == side]
    with reading(annotator, asked, codebook=codebook, keys=_judged(asked_for, codebook)) as annotators:
        keys = _wanted(constructs, side=side, annotators=annotators, codebook=codebook)
        if dry_run:
            _plan(file, text=text, context=context, side=side, annotators=annotators)
            return
        with Bar() as bar:
            seen = annotate_file(
                file,
                out,
                text=text,
                context=context,
                side=side,
                constructs=keys,
                annotators=annotators,
                progress=lambda n_rows: bar(f"{n_rows:,} rows", 0.0),
            )
    if as_json:
        click.echo(json.dumps({"out": str(out), "rows": seen.n_rows, "not_read": seen.unread, "shown": seen.shown}))
        return
    _say(seen, out, keys=keys, codebook=codebook)
    answering = [key for key in keys if codebook.construct(key).unit == "exchange"]
    if answering and context is None:
        click.echo(f"Guessed from the reply alone, for want of --context: {', '.join(answering)}.")


def _keys(constructs: str | None) -> list[str]:
    return [key.strip() for key in (constructs or "").split(",") if key.strip()]


def _judged(keys: list[str], codebook: Codebook) -> list[str]:
    """Those that a language model can see in one text."""
    return [key for key in keys if codebook.construct(key).unit in {"turn", "exchange"}]


def _plan(file: Path, *, text: str, context: str | None, side: str, annotators: tuple[Annotator, ...]) -> None:
    messages = list(messages_of(file, text=text, context=context, side=side))
    role = SIDES[side][0]
    n_rows = sum(batch["role"].to_pylist().count(role) for batch, _ in messages)
    click.echo(f"would read {n_rows:,} rows of {file}")
    for one in annotators:
        if isinstance(one, Judge):
            click.echo(say_calls(one.plan(messages)))


def _wanted(
    constructs: str | None, *, side: str, annotators: tuple[Annotator, ...], codebook: Codebook
) -> tuple[str, ...]:
    """The constructs to add, each known, of that side, and looked for by an annotator."""
    read = [key for one in annotators for key in one.constructs if codebook.construct(key).side == side]
    if constructs is None:
        return tuple(sorted(set(read)))
    asked = _keys(constructs)
    unread = [key for key in asked if codebook.construct(key).key not in read]
    if unread or not asked:
        raise OptionError(
            "the annotator does not look for it in texts of that side",
            got=", ".join(unread) or "no construct at all",
            have=", ".join(sorted(set(read))),
            do="choose among these, or the other --side, or another --annotator",
        )
    return tuple(dict.fromkeys(asked))


def _say(seen: Seen, out: Path, *, keys: tuple[str, ...], codebook: Codebook) -> None:
    click.echo(f"written  {out}")
    unread = ", ".join(f"{n:,} {reason}" for reason, n in seen.unread.most_common())
    click.echo(
        f"read     {seen.n_rows - seen.unread.total():,} of {seen.n_rows:,} rows{f' ({unread})' if unread else ''}"
    )
    rows = [("construct", "rows from .5 on", "what it is")]
    rows += [
        (
            key,
            f"{seen.shown[key]:,}",
            codebook.construct(key).name + (" (draft)" if codebook.construct(key).draft else ""),
        )
        for key in sorted(keys, key=lambda key: -seen.shown[key])
    ]
    click.echo(table(rows))
    if any(codebook.construct(key).draft for key in keys):
        click.echo("A draft has not been held against labels by people. Label some of your own: `attune label`.")
