"""Messages in, annotations out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa

from attunement.annotation.columns import empty_annotations, readable
from attunement.annotation.protocol import Annotator
from attunement.vocabulary import ANNOTATIONS, check


def annotate(
    messages: pa.RecordBatch | pa.Table,
    *,
    annotators: Sequence[Annotator],
    context: pa.RecordBatch | pa.Table | None = None,
) -> pa.Table:
    """Let every annotator look at every message of its side.

    Args:
        messages: rows of MESSAGES, or at least the columns of READ. Batches of whole conversations need no context.
        annotators: who looks.
        context: other messages of the same conversations, in the same columns. They are not annotated; they say what
            a reply answers and which language a conversation is in.

    Raises:
        SchemaError: when messages, context or what an annotator gives break their contract.
    """
    rows = readable(messages, stage="annotation")
    around = None if context is None else readable(context, stage="annotation (context)")
    found = [annotator.annotate(rows, context=around) for annotator in annotators]
    for annotator, table in zip(annotators, found, strict=True):
        check(table, ANNOTATIONS, stage=f"annotation ({annotator.name})")
    return pa.concat_tables([empty_annotations(), *found])


def annotate_batches(
    batches: Iterable[tuple[pa.RecordBatch | pa.Table, pa.RecordBatch | pa.Table | None]],
    *,
    annotators: Sequence[Annotator],
) -> Iterator[tuple[int, pa.Table]]:
    """Annotations of many batches with their contexts, in order, each with how many messages it was made from.

    A thread for each core: what takes the time, matching patterns in Arrow, holds no interpreter lock.
    """
    n_threads = min(os.cpu_count() or 1, 8)
    with ThreadPoolExecutor(n_threads) as threads:
        waiting: deque[tuple[int, Future[pa.Table]]] = deque()
        for messages, context in batches:
            waiting.append(
                (messages.num_rows, threads.submit(annotate, messages, annotators=annotators, context=context))
            )
            if len(waiting) > n_threads:
                n_messages, future = waiting.popleft()
                yield n_messages, future.result()
        for n_messages, future in waiting:
            yield n_messages, future.result()
