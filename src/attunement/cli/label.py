"""attune label"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from attunement.cli import options
from attunement.cli.talk import table
from attunement.errors import OptionError
from attunement.labelling import UNITS, Agreed, Drawn
from attunement.labels import agree, draw_labels, read_back

_FACTOR = click.FloatRange(0.1, 10)

labels = click.option(
    "--labels",
    type=options.PATH,
    multiple=True,
    required=True,
    help="A filled tasks.csv, or the JSON export of Label Studio. Repeatable.",
)


@click.group()
def label() -> None:
    """Let people label what was drawn by chance, and see how far they agree."""


@label.command("draw")
@click.argument("store", type=options.PATH)
@click.option("--out", type=options.PATH, required=True, help="Folder for the tasks. The words of messages go into it.")
@click.option("--constructs", required=True, help="Keys of the codebook, with commas: what people are asked about.")
@click.option("--n", type=click.IntRange(min=1), required=True, help="How many to draw.")
@click.option(
    "--of", type=click.Choice(["units", "messages"]), default="units", show_default=True, help="What --n counts."
)
@click.option("--unit", type=click.Choice(UNITS), default="session", show_default=True, help="What is drawn, whole.")
@click.option("--early", type=_FACTOR, help="Favour sessions of the first third so many times over the middle. [2]")
@click.option("--late", type=_FACTOR, help="Favour sessions of the last third so many times over the middle. [2]")
@click.option(
    "--doubtful",
    type=click.FloatRange(0, 1, max_open=True),
    help="The share of the chance that goes by the annotators' doubt. [.5 where they have looked]",
)
@options.gap_minutes
@click.option("--seed", type=click.IntRange(min=0), help="Of the draw. Without one it is made up, and written down.")
@options.passphrase_file
@options.as_json
def draw(store: Path, *, constructs: str, as_json: bool, passphrase_file: Path | None, out: Path, **given: Any) -> None:
    """Draw whole sessions or relationships, and write the tasks for people.

    OUT gets tasks.csv for a spreadsheet, label-studio-*.json and .xml to import into Label Studio, and drawn.json,
    which says with which probability everything was drawn. Keep that with the labels: they mean little without it.
    """
    keys = [key.strip() for key in constructs.split(",") if key.strip()]
    drawn = draw_labels(store, out=out, constructs=keys, passphrase=options.passphrase_in(passphrase_file), **given)
    if as_json:
        click.echo((out / "drawn.json").read_text(encoding="utf-8"), nl=False)
        return
    click.echo(f"written  {out}")
    click.echo(
        f"drawn    {drawn.n_messages:,} messages in {len(drawn.units):,} {drawn.kind}s of"
        f" {sum(one.n_units for one in drawn.strata):,}, seed {drawn.seed}"
    )
    click.echo(_strata(drawn))
    if drawn.n_out_of_reach:
        click.echo(f"{drawn.n_out_of_reach:,} messages lie in no session, for want of times, and could not be drawn.")
    click.echo("The words of these messages are in that folder in the clear. Only you can open it.", err=True)


def _strata(drawn: Drawn) -> str:
    rows = [("stratum", f"{drawn.kind}s", "drawn", "messages")]
    rows += [
        (one.name, f"{one.n_units:,}", f"{one.n_units_drawn:,}", f"{one.n_messages_drawn:,}") for one in drawn.strata
    ]
    return table(rows)


@label.command("read")
@click.argument("folder", type=options.PATH)
@labels
@click.option("--out", type=options.PATH, required=True, help="A .jsonl file. The words of messages go into it.")
@options.as_json
def read_labels(folder: Path, *, labels: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Read what people said, and write it as rows that `attune train --labels` takes.

    FOLDER is what `attune label draw` wrote. A row that makes no sense is refused, and nothing is written.
    """
    if out.suffix.lower() != ".jsonl":
        raise OptionError(
            "labels are written as JSONL", got=str(out), have="a name that ends in .jsonl", do="rename it"
        )
    found = read_back(folder, labels=labels, out=out)
    people = sorted(set(found.labels["labeller"].to_pylist()))
    told = {
        "out": str(out),
        "labels": found.labels.num_rows,
        "messages": len(set(found.labels["message_id"].to_pylist())),
        "labellers": people,
        "cannot_say": found.labels["label"].null_count,
        "empty": found.n_empty,
        "skipped": found.n_skipped,
    }
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"written  {out}")
    click.echo(
        f"read     {told['labels']:,} labels of {told['messages']:,} messages by {len(people)} people;"
        f" {told['cannot_say']:,} cannot say, {found.n_empty:,} left empty, {found.n_skipped:,} skipped"
    )


@label.command("agreement")
@click.argument("folder", type=options.PATH)
@labels
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the bootstrap.")
@options.as_json
def agreement(folder: Path, *, labels: tuple[Path, ...], seed: int, as_json: bool) -> None:
    """Tell how far people agree on each construct, early, in the middle and late.

    FOLDER is what `attune label draw` wrote. Figures are weighted back to the whole log.
    """
    found = agree(folder, labels=labels, seed=seed)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
        return
    click.echo(_agreed(found))
    click.echo(
        "95 % intervals draw whole relationships, at least five. Where yes is rare, read alpha and AC1 together."
    )


def _agreed(found: list[Agreed]) -> str:
    rows = [("construct", "third", "messages", "people", "yes", "same", "alpha", "95 %", "kappa", "AC1", "95 %", "")]
    for one in found:
        name = one.construct if one.third == "all" else ""
        head = (name, one.third, f"{one.n_messages:,}", str(one.n_labellers), _share(one.share_yes))
        if one.percent is None or one.alpha is None or one.kappa is None or one.ac1 is None:
            rows.append((*head, "", "", "", "", "", "", one.refused or ""))
            continue
        rows.append(
            (
                *head,
                _share(one.percent.value),
                _figure(one.alpha.value),
                _ends(one.alpha.interval),
                _figure(one.kappa.value),
                _figure(one.ac1.value),
                _ends(one.ac1.interval),
                "",
            )
        )
    return table(rows)


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"


def _ends(interval: tuple[float, float] | None) -> str:
    return "too few" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"
