"""attune plan"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import click

from attunement.cli import options
from attunement.cli.talk import Bar, table
from attunement.errors import OptionError
from attunement.planning import QUESTIONS, Planned, PlannedRate, plan, plan_rate

RATE = "rate"

FOR_RATE = ("labels", "rate", "width")
"""Options that are of the question `rate` alone."""

FOR_POWER = ("effect", "harm", "drop_out", "power", "tests")
"""Options that are of the other questions."""


def _numbers(kind: Callable[[str], float]) -> Callable[..., tuple[float, ...] | None]:
    def read(_context: click.Context, option: click.Parameter, given: str | None) -> tuple[float, ...] | None:
        if given is None:
            return None
        try:
            return tuple(kind(part) for part in given.split(","))
        except ValueError as fault:
            raise OptionError(
                f"--{option.name} takes numbers",
                got=given,
                have="numbers, with commas between them",
                do="such as 50,100,300" if kind is int else "such as .5,.7,.9",
            ) from fault

    return read


_COUNTS, _SHARES = _numbers(int), _numbers(float)


@click.command("plan")
@click.argument("question", type=click.Choice([*QUESTIONS, RATE]))
@click.option("--people", callback=_COUNTS, metavar="N,...", help="Relationships, each with a person of its own.")
@click.option("--sessions", callback=_COUNTS, metavar="N,...", help="Planned sessions of each.")
@click.option(
    "--reliability", callback=_SHARES, metavar="R,...", help="Share of scores that is no error. [.5; rate: .5,.7,.9]"
)
@click.option("--effect", type=float, help="The smallest effect that would matter, in the unit that is printed.")
@click.option("--harm", type=float, help="Of reward-hacking: the later loss, where it is not as large as the lift.")
@click.option("--spread", type=float, help="Standard deviation over people: of their own effects, or of their rates.")
@click.option("--drop-out", type=float, help="Share of people who leave before their last planned session. [.1]")
@click.option("--power", type=float, help="How often an effect is to be found. [.8]")
@click.option("--level", type=float, default=0.05, show_default=True, help="How often nothing may be found to be some.")
@click.option("--tests", type=int, help="How many tests share that level. [1]")
@click.option("--labels", callback=_COUNTS, metavar="N,...", help="Of rate: sessions that people label.")
@click.option("--rate", type=float, help="Of rate: share of messages that show the construct. [.1]")
@click.option("--width", type=float, help="Of rate: half of the interval that is wanted. [.02]")
@click.option("--runs", type=click.IntRange(min=1), help="Simulated studies in all: more take longer and tell more.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The same gives the same.")
@options.as_json
def plan_studies(question: str, *, as_json: bool, **given: Any) -> None:
    """Tell how many people and sessions a study takes, by simulation on the estimators of an audit.

    QUESTION is influence (does what the AI does go before what the person shows), reward-hacking (does an act go with a
    reward and with a later loss), change (does a measure change over the sessions), arms (does it differ between AIs
    that chance gave out), or rate (how many labels by people does a rate take). It takes about a minute or less.
    """
    asked = {name: value for name, value in given.items() if value is not None}
    foreign = [name for name in (FOR_POWER if question == RATE else FOR_RATE) if name in asked]
    foreign += ["harm"] if "harm" in asked and question not in {"reward-hacking", RATE} else []
    if foreign:
        raise OptionError(
            f"this is of another question than {question}",
            got=", ".join(f"--{name.replace('_', '-')}" for name in foreign),
            do="leave it out",
        )
    with Bar() as progress:
        if question == RATE:
            _tell_rate(plan_rate(progress=progress, **_single(asked)), as_json=as_json)
        else:
            _tell(plan(question, progress=progress, **asked), as_json=as_json)


def _single(asked: dict[str, Any]) -> dict[str, Any]:
    """Of rate there is one size of log."""
    for name in ("people", "sessions"):
        if len(asked.get(name, ())) > 1:
            raise OptionError(f"a rate is planned for one size of log: --{name}", do="give one number")
    return {name: value[0] if name in ("people", "sessions") else value for name, value in asked.items()}


def _tell(found: Planned, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_plain(asdict(found)), indent=1))
        return
    click.echo(f"effect  {found.effect_in_words}")
    click.echo(
        f"also    {100 * found.design.drop_out:g} of 100 people leave early, people's own effects have a standard"
        f" deviation of {found.design.spread:g}, level {found.design.level:g}"
        + (f" shared by {found.design.tests} tests" if found.design.tests > 1 else "")
        + "\n"
    )
    head = ("sessions", "reliability", "people", "power", "95 %", "counted", "smallest", "by chance", "estimate")
    rows: list[Sequence[str]] = [head]
    for row in found.rows:
        answered = [cell.people for cell in row.cells if cell.power is not None][:1]
        chance = "" if row.by_chance is None else f"{row.by_chance.value:.3f} of {row.by_chance.n}"
        estimate = "" if row.estimate is None else _ends(row.estimate.value, row.estimate.low, row.estimate.high)
        for place, cell in enumerate(row.cells):
            start = (str(row.sessions), f"{row.reliability:g}") if place == 0 else ("", "")
            if cell.power is None:
                rows.append((*start, f"{cell.people:,}", "refused", "", "", "", "", ""))
                continue
            counted = "" if cell.found is None else f"{round(cell.found.value * cell.found.n)} of {cell.found.n}"
            smallest = "" if cell.smallest is None else f"{cell.smallest.value:.3f}"
            ends = f"{cell.power.low:.2f} to {cell.power.high:.2f}"
            power = (f"{cell.people:,}", f"{cell.power.value:.2f}", ends, counted, smallest)
            rows.append((*start, *power, *((chance, estimate) if [cell.people] == answered else ("", ""))))
    click.echo(table(rows) + "\n")
    refusals = {cell.refused: cell for row in found.rows for cell in row.cells if cell.refused and row.needed}
    for why, cell in refusals.items():
        click.echo(f"{cell.people:,} people are refused: {why}.")
    click.echo("\n".join(found.sentences))


def _tell_rate(found: PlannedRate, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_plain(asdict(found)), indent=1))
        return
    rows: list[Sequence[str]] = [
        ("reliability", "labelled", "half width", "95 %", "labels alone", "covers", "too high by")
    ]
    for row in found.rows:
        for place, cell in enumerate(row.cells):
            start = (f"{row.reliability:g}" if place == 0 else "", f"{cell.labels:,}")
            if cell.width is None or cell.labels_alone is None or cell.covers is None or cell.bias is None:
                rows.append((*start, "refused", "", "", "", ""))
                continue
            ends = f"{cell.width.low:.4f} to {cell.width.high:.4f}"
            told = (f"{cell.width.value:.4f}", ends, f"{cell.labels_alone.value:.4f}")
            rows.append((*start, *told, f"{cell.covers.value:.2f} of {cell.covers.n}", f"{cell.bias.value:+.4f}"))
    click.echo(table(rows) + "\n")
    for why in dict.fromkeys(cell.refused for row in found.rows for cell in row.cells if cell.refused and row.needed):
        click.echo(f"Refused: {why}.")
    click.echo("\n".join(found.sentences))


def _ends(value: float, low: float, high: float) -> str:
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _plain(value: Any) -> Any:
    """For JSON, which knows no infinity: null, where runs do not tell."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        if hasattr(value, "_asdict"):
            return _plain(value._asdict())
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
