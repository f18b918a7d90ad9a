"""Anybody's table of texts, with what the annotators see in each row.

Read it from the top: a file is read as batches of rows, each row becomes a message and the message that it answers,
the annotators look, and what they saw is put beside the row again.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import pyarrow as pa

from attunement.annotation import READ, Annotator, annotate_batches
from attunement.errors import OptionError
from attunement.rows.files import Row, batches_in, writing

SIDES = {"ai": ("ai", "person"), "user": ("person", "ai")}
"""The role of a text, and of what it answers, by its side."""

THRESHOLD = 0.5
"""From this probability on a row is counted as showing a construct."""

EVIDENCE = ".evidence"
"""Ends the name of the column that holds the words which a probability rests on."""

UNREAD = "not_read_because"
"""The column that says why a row has no probabilities; empty where it has."""

_BATCH = 2048


@dataclass(slots=True)
class Seen:
    """What was seen in a file, counted."""

    n_rows: int = 0
    """Rows in all."""
    unread: Counter[str] = field(default_factory=Counter)
    """Rows that could not be read, by reason."""
    shown: Counter[str] = field(default_factory=Counter)
    """Rows from THRESHOLD on, by construct."""


def annotate_file(
    path: Path,
    out: Path,
    *,
    text: str,
    side: str,
    annotators: Sequence[Annotator],
    constructs: Sequence[str],
    context: str | None = None,
    progress: Callable[[int], None] = lambda _n_rows: None,
) -> Seen:
    """Read a file of rows and write it again with a probability and the evidence for each construct.

    Args:
        path: a CSV, TSV, JSONL or Parquet file.
        out: where to write; the suffix says the form.
        text: the column with the text.
        side: ai or user: who wrote the texts.
        annotators: who looks.
        constructs: what columns to add, in this order.
        context: the column with the message that each text answers, if there is one.
        progress: called with the number of rows done.

    Raises:
        SourceError: the file cannot be read as what its suffix says.
        OptionError: it lacks a column, or already has one that would be added.
    """
    batches = batches_in(path, size=_BATCH)
    first = next(batches, [])
    names = list(dict.fromkeys(name for row in first for name in row))
    added = [*(name for key in constructs for name in (key, f"{key}{EVIDENCE}")), UNREAD]
    _check_columns(names, added=added, wanted=[text] if context is None else [text, context], path=path)
    seen, waiting = Seen(), deque[list[Row]]()

    def messages() -> Iterator[tuple[pa.Table, None]]:
        for batch in chain([first], batches):
            waiting.append(batch)
            yield as_messages(batch, text=text, context=context, side=side), None

    with writing(out, names=[*names, *added]) as write:
        for _, found in annotate_batches(messages(), annotators=annotators):
            rows = waiting.popleft()
            _put_beside(rows, found, text=text, constructs=constructs, seen=seen)
            write(rows)
            progress(seen.n_rows)
    return seen


def messages_of(path: Path, *, text: str, side: str, context: str | None = None) -> Iterator[tuple[pa.Table, None]]:
    """The rows of a file as messages, as `annotate_file` would show them to annotators, which need no more context.

    Raises:
        SourceError: the file cannot be read as what its suffix says.
        OptionError: it lacks a column.
    """
    for number, batch in enumerate(batches_in(path, size=_BATCH)):
        if not number:
            _check_columns(list(batch[0]), added=(), wanted=[text] if context is None else [text, context], path=path)
        yield as_messages(batch, text=text, context=context, side=side), None


def as_messages(rows: Sequence[Row], *, text: str, context: str | None, side: str) -> pa.Table:
    """Rows as the columns of READ: row i is the message 2 i + 1, and what it answers the message 2 i."""
    role, other = SIDES[side]
    own = [_words(row.get(text)) for row in rows]
    before = [None if context is None else _words(row.get(context)) for row in rows]
    messages = [
        (
            f"row {place}",
            2 * place + own_one,
            2 * place if own_one and said else None,
            own_one,
            role if own_one else other,
            words,
        )
        for place, (words_own, said) in enumerate(zip(own, before, strict=True))
        for own_one, words in (((0, said), (1, words_own)) if said else ((1, words_own),))
    ]
    columns = [list(column) for column in zip(*messages, strict=True)] or [[] for _ in READ]
    plain = READ.set(READ.get_field_index("role"), pa.field("role", pa.string(), nullable=False))
    return pa.table(dict(zip(READ.names, columns, strict=True)), schema=plain).cast(READ)


def _words(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _check_columns(names: Sequence[str], *, added: Sequence[str], wanted: Sequence[str], path: Path) -> None:
    absent = [name for name in wanted if name not in names]
    if absent:
        raise OptionError(
            "the file has no such column",
            got=", ".join(absent),
            have=", ".join(names) or "no rows at all",
            do=f"name the columns of {path.name} with --text and --context",
        )
    taken = [name for name in added if name in names]
    if taken:
        raise OptionError(
            "the file already has a column that would be added",
            got=", ".join(taken[:4]),
            have="columns with other names",
            do="rename it, or annotate the file as it was before",
        )


def _put_beside(rows: list[Row], found: pa.Table, *, text: str, constructs: Sequence[str], seen: Seen) -> None:
    """Put what was found into the rows: the last annotator that looked for a construct is the one that counts."""
    for row in rows:
        row.update({name: None for key in constructs for name in (key, f"{key}{EVIDENCE}")} | {UNREAD: None})
    wanted = set(constructs)
    columns = [
        found[name].to_pylist()
        for name in ("message_id", "construct", "probability", "span_start", "span_end", "missing")
    ]
    for message_id, key, p_present, start, end, missing in zip(*columns, strict=True):
        if key not in wanted:
            continue
        row = rows[message_id // 2]
        if p_present is None:
            row[UNREAD] = missing
            continue
        row[key] = round(p_present, 4)
        seen.shown[key] += p_present >= THRESHOLD
        if start is not None:
            row[f"{key}{EVIDENCE}"] = str(row[text])[start:end]
    seen.n_rows += len(rows)
    seen.unread.update(row[UNREAD] for row in rows if row[UNREAD])
