"""attune theory"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from attunement.cli import options
from attunement.cli.talk import table
from attunement.errors import OptionError
from attunement.report import draw_verdicts
from attunement.theory import DRMDP, EXAMPLES, OBJECTIVES, Trajectories, Verdict, approve, read, results
from attunement.vocabulary import Missing


@click.command()
@click.argument("example", required=False, metavar="[EXAMPLE|FILE]")
@click.option(
    "--horizon", type=click.IntRange(min=1), help="How many actions are taken, in the place of the example's."
)
@click.option("--discount", type=click.FloatRange(0, 1, min_open=True), help="The factor of one step.")
@click.option("--actions", help="Names of actions, with commas: say also who approves of doing these.")
@click.option("--figure", type=options.PATH, help="Draw who approves, as .svg or .png. Needs --actions.")
@click.option("--rows", is_flag=True, help="Print the decision process itself, and stop.")
@options.as_json
def theory(
    example: str | None,
    *,
    horizon: int | None,
    discount: float | None,
    actions: str | None,
    figure: Path | None,
    rows: bool,
    as_json: bool,
) -> None:
    """Show what eight objectives make an AI do where it can move what a person wants.

    EXAMPLE is a worked example by its name, FILE a TOML file in their form; without either, the examples are listed.
    Every optimum is exact, and every policy that attains it is told of. Inaction is what everything is held against.
    """
    if example is None:
        _list(as_json=as_json)
        return
    if figure is not None and actions is None:
        raise OptionError("there is nothing to draw", got=f"--figure {figure}", have="--actions", do="name the actions")
    changed: dict[str, Any] = {"horizon": horizon, "discount": discount}
    drmdp = read(example).having(**{name: value for name, value in changed.items() if value is not None})
    if rows:
        click.echo(str(drmdp))
        return
    verdicts = _verdicts(drmdp, actions)
    if figure is not None:
        draw_verdicts(verdicts, figure)
    if as_json:
        click.echo(json.dumps({"results": _results(drmdp), "verdicts": _told(verdicts)}, indent=1))
        return
    click.echo(f"{drmdp.name}: horizon {drmdp.horizon}, start {' '.join(drmdp.start)}, inaction {drmdp.noop}\n")
    head = ("objective", "inaction", "optimum", "what it does", "influences", "desirable")
    click.echo(table([head, *(_line(row) for row in _results(drmdp))]))
    if verdicts:
        click.echo("")
        click.echo(table([("who", "inaction", "this", "gain", "approves"), *map(_verdict_line, verdicts)]))


def _list(*, as_json: bool) -> None:
    known = {name: read(name) for name in EXAMPLES}
    if as_json:
        click.echo(json.dumps({"examples": {key: one.name for key, one in known.items()}, "objectives": OBJECTIVES}))
        return
    click.echo(table([(key, f"{one.name}, horizon {one.horizon}") for key, one in known.items()]))
    click.echo("\nThe objectives, each with what it maximises:\n")
    click.echo(table(list(OBJECTIVES.items())))


def _verdicts(drmdp: DRMDP, actions: str | None) -> tuple[Verdict, ...]:
    if actions is None:
        return ()
    names = [name.strip() for name in actions.split(",")]
    return approve(Trajectories.of_actions(drmdp, names))


def _results(drmdp: DRMDP) -> list[dict[str, Any]]:
    return [
        {
            "objective": row.objective,
            "inaction": None if row.optima is None else row.optima.inaction,
            "optimum": None if row.optima is None else row.optima.value,
            "front": None if row.optima is None or row.optima.front is None else row.optima.front.tolist(),
            "plan": row.plan,
            "influences": row.influence,
            "desirable": row.desirable,
        }
        for row in results(drmdp)
    ]


def _line(row: dict[str, Any]) -> Sequence[str]:
    front = row["front"]
    optimum = _number(row["optimum"]) if front is None else " ".join(_corner(corner) for corner in front)
    return (row["objective"], _number(row["inaction"]), optimum, row["plan"], row["influences"], row["desirable"])


def _corner(corner: Sequence[float]) -> str:
    return f"({', '.join(_number(value) for value in corner)})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{round(value, 6) + 0.0:g}"


def _told(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    return [
        {
            "who": one.evaluator,
            "inaction": one.inaction,
            "this": one.score,
            "error": one.error.value if isinstance(one.error, Missing) else one.error,
            "gain": one.gain,
            "approves": one.approves,
        }
        for one in verdicts
    ]


def _verdict_line(one: Verdict) -> Sequence[str]:
    return (one.evaluator, _number(one.inaction), _number(one.score), _number(one.gain), one.approves)
