"""How often a construct is seen, per relationship and session, day and week.

The measure is `rate.<construct>`: the mean probability over the messages that could be read, times 100, so that it
reads as so many per 100 messages of that side. Messages that could not be read are not counted as without it: they
are left out of n, and a period in which none could be read is Missing with the most frequent reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.panels.periods import checked_zone, local_us, period_number, period_start
from attunement.panels.segments import starts_of, whole_relationships
from attunement.vocabulary import PANEL, PERIODS, SESSIONS, Missing, check

_REASONS = tuple(reason.value for reason in Missing)


@dataclass(frozen=True, slots=True)
class _Sessions:
    """The sessions that messages are put into, and a key by which they are found."""

    owner: np.ndarray
    started: pa.Array
    started_s: np.ndarray
    minutes: np.ndarray
    owners: np.ndarray
    first: np.ndarray

    def of(self, owner: np.ndarray, at_s: np.ndarray) -> np.ndarray:
        """The session that each message lies in; -1 for relationships without sessions."""
        place = np.searchsorted(self.owners, owner)
        place = np.minimum(place, len(self.owners) - 1)
        has = self.owners[place] == owner
        low = min(int(self.started_s.min()), int(at_s.min()))
        span = max(int(self.started_s.max()), int(at_s.max())) - low + 2
        session_key = np.searchsorted(self.owners, self.owner) * span + (self.started_s - low)
        found = np.searchsorted(session_key, place * span + (at_s - low), side="right") - 1
        return np.where(has, np.maximum(found, self.first[place]), -1)


def measure_rates(
    annotated: Iterable[pa.RecordBatch], sessions: pa.Table, *, time_zone: str | None = None
) -> Iterator[pa.RecordBatch]:
    """PANEL rows `rate.<construct>` for each relationship and session, day and week.

    Args:
        annotated: batches with relationship_id, sent_at, construct, probability and missing, sorted by relationship
            and time, split anywhere.
        sessions: SESSIONS of the same relationships.
        time_zone: as in `measure_usage`.

    Raises:
        OptionError: at once, when there is no such zone.
    """
    check(sessions, SESSIONS, stage="panels")
    return _rates(annotated, sessions, zone=checked_zone(time_zone))


def _rates(annotated: Iterable[pa.RecordBatch], sessions: pa.Table, *, zone: str | None) -> Iterator[pa.RecordBatch]:
    if sessions.num_rows == 0:
        return
    known = _lookup(sessions.combine_chunks())
    for table, _ in whole_relationships(annotated):
        yield from _piece(table, known, zone)


def _lookup(sessions: pa.Table) -> _Sessions:
    owner = sessions.column("relationship_id").to_numpy()
    started = sessions.column("started_at").combine_chunks()
    us = started.cast(pa.int64()).to_numpy()
    ended = sessions.column("ended_at").combine_chunks().cast(pa.int64()).to_numpy()
    first = starts_of(owner)
    return _Sessions(owner, started, us // 1_000_000, (ended - us) / 60e6, owner[first], first)


def _piece(table: pa.Table, known: _Sessions, zone: str | None) -> Iterator[pa.RecordBatch]:
    timed = table.filter(pc.is_valid(table.column("sent_at"))).combine_chunks()
    if timed.num_rows == 0:
        return
    at_s = timed.column("sent_at").combine_chunks().cast(pa.int64()).to_numpy() // 1_000_000
    session = known.of(timed.column("relationship_id").to_numpy(), at_s)
    construct = pc.dictionary_encode(timed.column("construct").combine_chunks().cast(pa.string()))
    names = construct.dictionary.to_pylist()
    missing = pc.index_in(timed.column("missing").combine_chunks().cast(pa.string()), pa.array(_REASONS))
    in_session = session >= 0
    rows = _Annotated(
        names=names,
        construct=construct.indices.to_numpy()[in_session],
        probability=timed.column("probability").combine_chunks().fill_null(np.nan).to_numpy()[in_session].astype(float),
        reason=missing.fill_null(-1).to_numpy()[in_session],
    )
    session = session[in_session]
    local = local_us(known.started, zone)
    for period in PERIODS:
        if period == "session":
            group = np.arange(len(known.owner))
        else:
            number = period_number(local, period)
            owner = known.owner
            group = np.concatenate([[0], np.cumsum((owner[1:] != owner[:-1]) | (number[1:] != number[:-1]))])
        yield _rows(rows, group[session], group, known, period, zone)


@dataclass(frozen=True, slots=True)
class _Annotated:
    """Annotations of messages that lie in sessions."""

    names: list[str]
    construct: np.ndarray
    probability: np.ndarray
    reason: np.ndarray


def _rows(
    rows: _Annotated, group_of_row: np.ndarray, group: np.ndarray, known: _Sessions, period: str, zone: str | None
) -> pa.RecordBatch:
    """One row for each group of sessions and construct that has a message."""
    n_names = len(rows.names)
    key = group_of_row * n_names + rows.construct
    cells, cell = np.unique(key, return_inverse=True)
    is_read = ~np.isnan(rows.probability)
    n = np.bincount(cell, weights=is_read, minlength=len(cells))
    seen = np.bincount(cell, weights=np.nan_to_num(rows.probability), minlength=len(cells))
    reasons = np.zeros((len(cells), len(_REASONS)), dtype=np.int64)
    np.add.at(reasons, (cell[~is_read], rows.reason[~is_read]), 1)
    steadied = (seen + 2) / (n + 4)
    none = n == 0
    firsts = starts_of(group)
    minutes = np.add.reduceat(known.minutes, firsts)
    in_group = cells // n_names
    session = firsts[in_group - group[0]]
    measure = pa.DictionaryArray.from_arrays(
        pa.array((cells % n_names).astype(np.int8)), pa.array([f"rate.{name}" for name in rows.names])
    )
    reason = pa.DictionaryArray.from_arrays(
        pa.array(reasons.argmax(axis=1).astype(np.int8), mask=~none), pa.array(_REASONS)
    )
    periods = pa.array(np.full(len(cells), PERIODS.index(period), dtype=np.int8))
    return pa.RecordBatch.from_arrays(
        [
            pa.array(known.owner[session]),
            _start(known, session, period, zone),
            pa.DictionaryArray.from_arrays(periods, pa.array(PERIODS)),
            measure,
            pa.array(100 * seen / np.maximum(n, 1), mask=none),
            pa.array(100 * np.sqrt(steadied * (1 - steadied) / (n + 4)), mask=none),
            pa.array(n.astype(np.int32)),
            pa.array(minutes[in_group - group[0]]),
            reason,
        ],
        schema=PANEL,
    )


def _start(known: _Sessions, session: np.ndarray, period: str, zone: str | None) -> pa.Array:
    started = known.started.take(pa.array(session))
    if period == "session":
        return started
    return period_start(period_number(local_us(started, zone), period), period, zone)
