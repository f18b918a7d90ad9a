"""The messages that were drawn, with the words that labellers need to see, as one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attunement.errors import SourceError
from attunement.labelling.drawing import Choice
from attunement.labelling.frame import SIDE_OF_ROLE, THIRDS, Frame
from attunement.labelling.manifest import units_of
from attunement.vocabulary import ROLES

FILE = "messages.parquet"

EARLIER = 8
"""How many earlier messages of the conversation a labeller sees at most."""

_HOPS = 40
"""How far up a conversation those are looked for, past messages of the product and of tools."""

DRAWN = pa.schema(
    [
        ("message_id", pa.uint64()),
        ("relationship_id", pa.string()),
        ("drawn_unit", pa.string()),
        ("drawn_probability", pa.float64()),
        ("stratum", pa.string()),
        ("third", pa.string()),
        ("conversation", pa.int32()),
        ("position", pa.int32()),
        ("side", pa.string()),
        ("before", pa.string()),
        ("text", pa.string()),
        ("earlier", pa.list_(pa.struct([("side", pa.string()), ("text", pa.string())]))),
    ]
)
"""One row a message to be labelled. `before` is the last message of the other side above it; `conversation` is a number
within the draw and `position` one within the conversation, both only for the eyes of labellers."""

Words = Callable[[Sequence[int]], Mapping[int, str]]
"""Gives the words of some messages; those without words are left out."""


def drawn_messages(turns: pa.Table, frame: Frame, choice: Choice, *, words: Words) -> pa.Table:
    """DRAWN: the messages of the units that were drawn, in the order in which they are to be labelled.

    Units follow each other at random, so that no third of the relationships is always labelled by tired eyes; the
    messages of a unit keep their order.
    """
    order = np.full(len(choice.p), len(choice.p))
    order[choice.chosen] = np.arange(len(choice.chosen))
    rows = np.flatnonzero(order[frame.unit] < len(choice.chosen))
    rows = rows[np.argsort(order[frame.unit[rows]], kind="stable")]
    threads = _Threads(turns, frame.message[rows])
    above = [threads.above(message) for message in frame.message[rows].tolist()]
    text = words(list({*frame.message[rows].tolist(), *(one for chain in above for one, _ in chain)}))
    units = units_of(frame, choice)
    found = []
    for row, chain in zip(rows.tolist(), above, strict=True):
        message, unit = int(frame.message[row]), units[order[frame.unit[row]]]
        side, conversation, position = threads.place(message)
        earlier = [{"side": role, "text": text[one]} for one, role in chain if one in text]
        found.append(
            {
                "message_id": message,
                "relationship_id": unit.relationship_id,
                "drawn_unit": unit.unit,
                "drawn_probability": unit.probability,
                "stratum": unit.stratum,
                "third": THIRDS[frame.third[row]],
                "conversation": conversation,
                "position": position,
                "side": side,
                "before": next((one["text"] for one in reversed(earlier) if one["side"] != side), None),
                "text": text.get(message),
                "earlier": earlier,
            }
        )
    return pa.Table.from_pylist([row for row in found if row["text"]], schema=DRAWN)


class _Threads:
    """The conversations from which some messages were drawn: what stands above each message, and where it stands."""

    def __init__(self, turns: pa.Table, messages: np.ndarray) -> None:
        wanted = turns.filter(pc.is_in(turns["message_id"], value_set=pa.array(messages)))
        within = turns.filter(pc.is_in(turns["thread_id"], value_set=pc.unique(wanted["thread_id"])))
        self._rows: dict[int, tuple[int | None, int]] = {}
        self._places: dict[int, tuple[int, int]] = {}
        numbers = {thread: place + 1 for place, thread in enumerate(pc.unique(wanted["thread_id"]).to_pylist())}
        lengths = dict.fromkeys(numbers, 0)
        columns = [within[name].to_pylist() for name in ("message_id", "parent_id", "role", "thread_id")]
        for message, parent, role, thread in zip(*columns, strict=True):
            self._rows[message] = (parent, role)
            self._places[message] = (numbers[thread], lengths[thread])
            lengths[thread] += 1

    def above(self, message: int) -> list[tuple[int, str]]:
        """The messages of person and AI that lead to a message, the first of them first, each with its side."""
        chain: list[tuple[int, str]] = []
        parent = self._rows[message][0]
        for _ in range(_HOPS):
            if parent is None or parent not in self._rows or len(chain) == EARLIER:
                break
            here = parent
            parent, role = self._rows[here]
            if ROLES[role] in SIDE_OF_ROLE:
                chain.append((here, SIDE_OF_ROLE[ROLES[role]]))
        return chain[::-1]

    def place(self, message: int) -> tuple[str, int, int]:
        """The side of a message, its conversation and its position there."""
        return SIDE_OF_ROLE[ROLES[self._rows[message][1]]], *self._places[message]


def messages_file(messages: pa.Table) -> bytes:
    """DRAWN as Parquet."""
    sink = pa.BufferOutputStream()
    pq.write_table(messages, sink)
    return bytes(sink.getvalue())


def read_messages(folder: Path) -> pa.Table:
    """DRAWN, as `attune label draw` wrote it.

    Raises:
        SourceError: it is not there.
    """
    path = folder / FILE
    try:
        return pq.read_table(path, schema=DRAWN)
    except (OSError, pa.ArrowException) as fault:
        raise SourceError(
            "the messages of the draw are not there",
            got=str(path),
            have=f"{FILE}, which `attune label draw` wrote beside drawn.json",
            do="draw again, or bring the file back",
        ) from fault
