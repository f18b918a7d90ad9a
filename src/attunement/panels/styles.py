"""How each side writes, per relationship and session.

The measure is `style.<side>.<class>`, such as `style.person.hedges`: how often the class occurs in 100 words of that
side. `style.<side>.words` is the mean length of a message in words, which whoever compares styles has to hold constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float, Int

from attunement.panels.constructs import _lookup, _Sessions
from attunement.panels.segments import whole_relationships
from attunement.vocabulary import PANEL, PERIODS, ROLES, SESSIONS, Missing, check

SIDES = ("person", "ai")
"""Whose words are measured."""

WORDS = "words"
"""The class under which STYLES keeps the words themselves: it has one row a message."""

_PRIOR_WORDS = 100.0
"""Words of the side's own average that a session's rate is steadied by, for its error alone."""

_LEAST_DEGREES = 20
"""With fewer, how messages of one session differ is not learned, and words are taken to be independent."""

_REASONS = tuple(reason.value for reason in Missing)
_CODES = tuple(ROLES.index(side) for side in SIDES)


class _Cells(NamedTuple):
    """Sums over the messages of each session and side that has any; classes are columns."""

    session: Int[np.ndarray, " cells"]
    side: Int[np.ndarray, " cells"]
    n_messages: Float[np.ndarray, " cells"]  # with at least one word
    words: Float[np.ndarray, " cells"]
    counts: Float[np.ndarray, "cells classes"]
    square: Float[np.ndarray, "cells classes"]  # of counts, over words
    reason: Int[np.ndarray, " cells"]  # of most messages that were not read, or -1


def measure_styles(styles: Iterable[pa.RecordBatch], sessions: pa.Table) -> Iterator[pa.RecordBatch]:
    """PANEL rows `style.<side>.<class>` for each relationship, session and side, per 100 words.

    A class that never occurs in a relationship has no rows there, on either side. The error holds that words of one
    message go together, by as much as they do in that relationship.

    Args:
        styles: batches with relationship_id, sent_at, role (as in TURNS), measure, count, words and missing (as in
            STYLES), sorted by relationship and time, split anywhere between messages.
        sessions: SESSIONS of the same relationships.
    """
    check(sessions, SESSIONS, stage="panels")
    return _styles(styles, sessions)


def _styles(styles: Iterable[pa.RecordBatch], sessions: pa.Table) -> Iterator[pa.RecordBatch]:
    if sessions.num_rows == 0:
        return
    known = _lookup(sessions.combine_chunks())
    for table, _ in whole_relationships(styles):
        names, cells = _sums(table, known)
        if len(cells.session):
            yield _rows(names, cells, known)


def _sums(table: pa.Table, known: _Sessions) -> tuple[list[str], _Cells]:
    role = table.column("role").to_numpy()
    usable = np.isin(role, _CODES) & table.column("sent_at").is_valid().to_numpy()
    timed = table.filter(pa.array(usable)).combine_chunks()
    names = pc.dictionary_encode(timed.column("measure").cast(pa.string()).combine_chunks())
    labels = names.dictionary.to_pylist()
    if timed.num_rows == 0:
        none = np.zeros(0)
        return labels, _Cells(none.astype(int), none.astype(int), none, none, none[:, None], none[:, None], none)
    at_s = timed.column("sent_at").combine_chunks().cast(pa.int64()).to_numpy() // 1_000_000
    session = known.of(timed.column("relationship_id").to_numpy(), at_s)
    side = (timed.column("role").to_numpy() == _CODES[1]).astype(np.int64)
    inside = session >= 0
    key = 2 * session + side
    cells, cell = np.unique(key[inside], return_inverse=True)
    code = names.indices.to_numpy()[inside]
    count = timed.column("count").combine_chunks().fill_null(0).to_numpy()[inside].astype(float)
    words = timed.column("words").combine_chunks().to_numpy()[inside].astype(float)
    reason = pc.index_in(timed.column("missing").combine_chunks().cast(pa.string()), pa.array(_REASONS))
    reason = reason.fill_null(-1).to_numpy()[inside]
    order = sorted(range(len(labels)), key=lambda place: (labels[place] != WORDS, labels[place]))
    column = np.argsort(order)[code]
    shape = (len(cells), len(labels))
    place = cell * shape[1] + column
    whole = column == 0
    unread = np.zeros((len(cells), len(_REASONS)), dtype=np.int64)
    np.add.at(unread, (cell[whole & (reason >= 0)], reason[whole & (reason >= 0)]), 1)
    over = count**2 / np.maximum(words, 1)
    return [labels[one] for one in order], _Cells(
        session=cells // 2,
        side=cells % 2,
        n_messages=np.bincount(cell[whole], words[whole] > 0, minlength=len(cells)),
        words=np.bincount(cell[whole], words[whole], minlength=len(cells)),
        counts=np.bincount(place, count, minlength=shape[0] * shape[1]).reshape(shape),
        square=np.bincount(place, over, minlength=shape[0] * shape[1]).reshape(shape),
        reason=np.where(unread.any(axis=1), unread.argmax(axis=1), -1),
    )


def _variance(cells: _Cells, known: _Sessions) -> Float[np.ndarray, "cells classes"]:
    """Of each rate of a word: counts vary as Poisson's do, times what messages of one session vary beyond that."""
    owner = known.owner[cells.session]
    _, unit = np.unique(np.stack([owner, cells.side.astype(owner.dtype)]), axis=1, return_inverse=True)
    unit = unit.reshape(-1)
    n_units = int(unit.max()) + 1

    def total(values: Float[np.ndarray, "cells ..."]) -> Float[np.ndarray, "units ..."]:
        out = np.zeros((n_units, *values.shape[1:]))
        np.add.at(out, unit, values)
        return out

    words = np.maximum(cells.words, 1)[:, None]
    usual = (total(cells.counts) + 0.5) / (total(cells.words)[:, None] + 1)
    degrees = total(np.maximum(cells.n_messages - 1, 0))[:, None]
    apart = total(cells.square - cells.counts**2 / words)
    dispersion = np.where(degrees >= _LEAST_DEGREES, apart / np.maximum(degrees, 1) / usual, 1.0)
    steadied = (cells.counts + _PRIOR_WORDS * usual[unit]) / (words + _PRIOR_WORDS)
    return np.asarray(np.clip(dispersion, 0.25, 25.0)[unit] * steadied / words)


def _rows(names: list[str], cells: _Cells, known: _Sessions) -> pa.RecordBatch:
    """One row for each session, side and class; where nothing could be read, one row of words that says why."""
    n_names = cells.counts.shape[1]
    _, relationship = np.unique(known.owner[cells.session], return_inverse=True)
    occurs = np.zeros((int(relationship.max()) + 1, n_names), dtype=bool)
    np.logical_or.at(occurs, relationship, cells.counts > 0)
    is_read = cells.words > 0
    wanted = occurs[relationship] & is_read[:, None]
    wanted[:, 0] = is_read | (cells.reason >= 0)
    per_100 = 100 * cells.counts / np.maximum(cells.words, 1)[:, None]
    per_100[:, 0] = cells.words / np.maximum(cells.n_messages, 1)
    cell, column = np.nonzero(wanted)
    session, none, of_words = cells.session[cell], ~is_read[cell], column == 0
    n = np.where(of_words, cells.n_messages[cell], cells.words[cell])
    error = 100 * np.sqrt(_variance(cells, known))[cell, column]
    measure = np.where(cells.side[cell] == 0, column, n_names + column)
    labels = [f"style.{side}.{name}" for side in SIDES for name in names]
    reason = cells.reason[cell].astype(np.int8)
    word = pa.DictionaryArray.from_arrays
    return pa.RecordBatch.from_arrays(
        [
            pa.array(known.owner[session]),
            known.started.take(pa.array(session)),
            word(pa.array(np.full(len(cell), PERIODS.index("session"), dtype=np.int8)), pa.array(PERIODS)),
            word(pa.array(measure.astype(np.int8)), pa.array(labels)),
            pa.array(per_100[cell, column], mask=none),
            pa.array(error, mask=none | of_words),
            pa.array(n.astype(np.int32)),
            pa.array(known.minutes[session]),
            word(pa.array(reason, mask=~none), pa.array(_REASONS)),
        ],
        schema=PANEL,
    )
