"""attune codebook"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import click

from attunement.annotation import default_annotators, known_faults
from attunement.annotation.heads import shipped_card
from attunement.cli import options
from attunement.cli.talk import table
from attunement.codebook import Codebook, Construct, faults, load, read_exemplars, wanted

_READ_FROM_TURNS = ("turn", "exchange")


@click.group()
def codebook() -> None:
    """List, show and check the constructs: what is looked for, and how well it is found."""


@codebook.command("list")
@click.option("--side", type=click.Choice(["ai", "user", "dyad"]), help="Only these.")
@options.as_json
def list_constructs(*, side: str | None, as_json: bool) -> None:
    """List every construct."""
    chosen = [construct for construct in load() if side in {None, construct.side}]
    if as_json:
        click.echo(json.dumps([asdict(construct) for construct in chosen], indent=1))
        return
    rows = [("construct", "unit", "need", "state", "what it is")]
    rows += [(one.key, one.unit, f"{one.need} {one.sign}" if one.need else "", _state(one), one.name) for one in chosen]
    click.echo(table(rows))


def _state(construct: Construct) -> str:
    return "draft" if construct.draft else "validated"


@codebook.command()
@click.argument("key")
@options.as_json
def show(key: str, *, as_json: bool) -> None:
    """Show the card of one construct: its definition, how well it is found, and what is known to go wrong."""
    construct = load().construct(key)
    accuracy = shipped_card()["accuracy"].get(key, [])
    if as_json:
        click.echo(
            json.dumps(asdict(construct) | {"accuracy": accuracy, "known_faults": known_faults()["heads"].get(key, ())})
        )
        return
    click.echo(f"{construct.key}: {construct.name} (version {construct.version}, {_state(construct)})\n")
    click.echo(f"{construct.definition}\n")
    for title, cases in (("Counts", construct.counts), ("Does not count", construct.does_not)):
        click.echo(f"{title}")
        click.echo("".join(f"  - {case}\n" for case in cases))
    bears = f"{construct.need}, {construct.sign}" if construct.need else "none"
    signature = ", a candidate signature of social reward hacking" if construct.reward_signature else ""
    click.echo(f"Need     {bears}; dilemma: {construct.dilemma or 'none'}{signature}")
    click.echo(f"Source   {construct.source} (docs/references.bib)\n")
    click.echo(_accuracy(accuracy, construct))
    for fault in known_faults()["heads"].get(key, ()):
        click.echo(f"  - {fault}")


def _accuracy(rows: list[dict[str, Any]], construct: Construct) -> str:
    if construct.unit not in _READ_FROM_TURNS:
        return "It is worked out over a relationship from what single turns show; no annotator reads it."
    if not rows:
        return "No head has been trained for it."
    told = [("Accuracy on", "texts", "AUROC", "95 %", "kappa at .5", "calibration error")]
    for row in rows:
        place = row["population"] if row["register"] == "all" else f"  {row['register']}"
        ends = row["auroc_interval"]
        told.append(
            (
                place,
                f"{row['n_positive']} of {row['n']}",
                _figure(row["auroc"]),
                f"{ends[0]:.2f}-{ends[1]:.2f}" if ends else "",
                _figure(row["kappa"]),
                _figure(row["calibration_error"]),
            )
        )
    return table(told)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


@codebook.command()
def check() -> None:
    """Check every construct file and its exemplars; exit with 1 where something is wrong."""
    constructs = load()
    wrong = [f"{construct.key}: {fault}" for construct in constructs for fault in _faults(construct, constructs)]
    for line in wrong:
        click.echo(line)
    n_turns = sum(construct.unit in _READ_FROM_TURNS for construct in constructs)
    click.echo(f"{len(constructs)} constructs, {n_turns} of them read from turns: {len(wrong) or 'no'} faults")
    if wrong:
        sys.exit(1)


def _faults(construct: Construct, constructs: Codebook) -> list[str]:
    if construct.unit not in _READ_FROM_TURNS:
        return []
    found = faults(read_exemplars(construct.key), side=construct.side, n_wanted=wanted(construct))
    has_head = any(construct.key in one.constructs for one in default_annotators(constructs))
    return found + ([] if has_head else ["no annotator reads it"])
