"""attune train"""

from __future__ import annotations

from pathlib import Path

import click

from attunement.cli import options
from attunement.cli.talk import Bar, table
from attunement.rows import Compared, train_on


@click.command()
@click.option(
    "--labels",
    type=options.PATH,
    multiple=True,
    help="JSONL, CSV or Parquet with text, construct and label. Repeatable. Without any, the exemplars alone.",
)
@click.option("--out", type=options.PATH, required=True, help="Folder for the weights and their card.")
@options.as_json
def train(*, labels: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Fit heads to the exemplars of the codebook and to your own labels.

    The rows of LABELS need the columns text, construct and label (0 to 1, or yes and no); before, side, group,
    population and register are used where they are there. Rows of one group (a conversation, a writer) are never
    divided between fitting and measuring. What comes out is used with `--annotator FOLDER`.
    """
    with Bar() as bar:
        done = train_on(labels, out=out, progress=bar)
    if as_json:
        click.echo(done.card.read_text(encoding="utf-8"), nl=False)
        return
    click.echo(f"written  {out}")
    click.echo(f"version  {done.version}, {len(done.heads)} heads from {done.n_texts:,} texts")
    if done.compared:
        click.echo(_table(done.compared))


def _table(compared: list[Compared]) -> str:
    rows = [("on your labels", "texts", "shipped", "trained", "better by", "95 %")]
    for one in compared:
        gain = one.gain
        rows.append(
            (
                one.key,
                f"{one.n_positive} of {one.n}",
                _figure(one.shipped),
                _figure(one.trained),
                "" if gain is None else f"{gain:+.3f}",
                "" if one.interval is None else f"{one.interval[0]:+.3f} to {one.interval[1]:+.3f}",
            )
        )
    return table(rows) + "\nAUROC, each text scored by heads that were fitted without its group."


def _figure(value: float | None) -> str:
    return "too few" if value is None else f"{value:.3f}"
