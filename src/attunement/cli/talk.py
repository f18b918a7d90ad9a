"""What is said while the work goes on, and the three lines at its end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType

import click
import pyarrow as pa

WIDTH = 24


class Bar:
    """A progress bar on standard error, drawn where a person is watching and silent where not."""

    def __init__(self) -> None:
        self._is_watched = sys.stderr.isatty()
        self._shown = ""

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        if self._is_watched and self._shown:
            click.echo("\r\033[K", err=True, nl=False)

    def __call__(self, stage: str, share: float) -> None:
        """Draw how much of a stage is done."""
        if not self._is_watched:
            return
        n_full = round(WIDTH * min(max(share, 0.0), 1.0))
        line = f"{stage:<11} {'█' * n_full}{'░' * (WIDTH - n_full)} {100 * share:3.0f} %"
        if line != self._shown:
            click.echo(f"\r\033[K{line}", err=True, nl=False)
            self._shown = line


def was_read(relationships: pa.Table) -> str:
    """The line that says what was read."""
    n_messages = sum(relationships.column("n_messages").to_pylist())
    n_conversations = sum(relationships.column("n_conversations").to_pylist())
    first = [at for at in relationships.column("first_at").to_pylist() if at is not None]
    last = [at for at in relationships.column("last_at").to_pylist() if at is not None]
    when = f", {min(first):%Y-%m-%d} to {max(last):%Y-%m-%d}" if first else ", no times"
    return (
        f"read     {_many(n_messages, 'message')} in {_many(n_conversations, 'conversation')} and"
        f" {_many(relationships.num_rows, 'relationship')}{when}"
    )


def was_skipped(notices: pa.Table) -> str:
    """The line that says what was skipped and why."""
    rows = [row for row in notices.to_pylist() if row["kind"] in {"skipped", "unknown_type", "mended"}]
    if not rows:
        return "skipped  nothing"
    most = sorted(rows, key=lambda row: -row["n"])[:2]
    told = "; ".join(f"{row['n']:,} x {row['what']}" for row in most)
    rest = f"; and {len(rows) - len(most)} more kinds, all in the report" if len(rows) > len(most) else ""
    return f"skipped  {told}{rest}"


def to_be_read(to_read: pa.Table) -> list[str]:
    """The line that asks for a person to read, only where the gate for acute risk raised something."""
    if not to_read.num_rows:
        return []
    n_relationships = len(set(to_read.column("relationship_id").to_pylist()))
    where = f"{_many(to_read.num_rows, 'message')} in {_many(n_relationships, 'relationship')}"
    return [f"to read  {where} may speak of danger to somebody: a person should read them, see the report"]


def _many(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns of text."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
