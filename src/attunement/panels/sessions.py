"""Sessions: stretches of contact, from one silence of more than `gap_minutes` to the next.

A conversation is not a session: real chats are taken up again days later, and one evening may hold several. Only
stated times open a session; a message whose time is inferred joins the session of the stated one before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from attunement.errors import OptionError
from attunement.panels.segments import starts_of, sums, whole_relationships
from attunement.vocabulary import ROLES, SESSIONS, TURNS, check

_PERSON, _AI, _SYSTEM = ROLES.index("person"), ROLES.index("ai"), ROLES.index("system")
_MINUTE_US = 60_000_000


def find_sessions(turns: Iterable[pa.RecordBatch], *, gap_minutes: float = 30.0) -> Iterator[pa.RecordBatch]:
    """SESSIONS of all relationships that state times, in order.

    Args:
        turns: batches of TURNS, sorted by relationship and time, split anywhere.
        gap_minutes: a longer gap between stated times starts a new session.

    Raises:
        OptionError: at once, when the gap is not a number of minutes above zero.
    """
    if not 0 < gap_minutes < math.inf:
        raise OptionError(
            "the gap between sessions makes no sense",
            got=f"{gap_minutes} minutes",
            have="a number of minutes above zero",
            do="give 30, or another silence after which somebody has gone",
        )
    return _sessions(turns, gap_us=round(gap_minutes * _MINUTE_US))


def _sessions(turns: Iterable[pa.RecordBatch], *, gap_us: int) -> Iterator[pa.RecordBatch]:
    for table, starts in whole_relationships(turns):
        check(table, TURNS, stage="panels")
        batch = _kernel(table, starts, gap_us=gap_us)
        if batch.num_rows:
            yield batch


@dataclass(frozen=True, slots=True)
class _Turns:
    """The columns of TURNS that lie in a session, and the session of each row."""

    relationship: np.ndarray
    thread: np.ndarray
    message: np.ndarray
    parent: np.ndarray
    is_person: np.ndarray
    is_ai: np.ndarray
    at: np.ndarray
    stated: np.ndarray
    on_path: np.ndarray
    words: np.ndarray
    rating: np.ndarray
    session: np.ndarray


def _kernel(table: pa.Table, starts: np.ndarray, *, gap_us: int) -> pa.RecordBatch:
    turns = _in_sessions(table, starts, gap_us=gap_us)
    if len(turns.session) == 0:
        return pa.RecordBatch.from_pylist([], schema=SESSIONS)
    first = starts_of(turns.session)
    n_sessions = len(first)
    started, ended = _bounds(turns, first)
    owner = turns.relationship[first]
    owner_first = starts_of(owner)
    number = np.arange(n_sessions) - np.repeat(owner_first, np.diff(np.append(owner_first, n_sessions)))
    gap = np.empty(n_sessions)
    gap[1:] = (started[1:] - ended[:-1]) / _MINUTE_US
    is_rated = ~np.isnan(turns.rating)
    columns = {
        "relationship_id": owner,
        "session": number.astype(np.int32),
        "started_at": started,
        "ended_at": ended,
        "n_messages": sums((turns.is_person | turns.is_ai).astype(np.int32), first),
        "n_person": sums(turns.is_person.astype(np.int32), first),
        "n_ai": sums(turns.is_ai.astype(np.int32), first),
        "words_person": sums(np.where(turns.is_person, turns.words, 0).astype(np.int64), first),
        "words_ai": sums(np.where(turns.is_ai, turns.words, 0).astype(np.int64), first),
        "n_conversations": _n_threads(turns, n_sessions),
        "n_off_path": sums((~turns.on_path).astype(np.int32), first),
        "n_regenerations": _n_regenerations(turns, n_sessions),
        "n_unanswered": _n_unanswered(turns, n_sessions),
        "n_rated": sums(is_rated.astype(np.int32), first),
        "sum_rating": sums(np.where(is_rated, turns.rating, 0.0), first),
    }
    arrays = [pa.array(values, SESSIONS.field(name).type) for name, values in columns.items()]
    arrays.append(_started_by(turns, n_sessions))
    arrays.append(pa.array(gap, pa.float64(), mask=number == 0))
    return pa.RecordBatch.from_arrays(arrays, schema=SESSIONS)


def _in_sessions(table: pa.Table, starts: np.ndarray, *, gap_us: int) -> _Turns:
    """Rows of relationships that state times, system messages left aside, with a running session number."""
    role = table.column("role").to_numpy()
    sent = table.column("sent_at").combine_chunks()
    at = sent.cast(pa.int64()).fill_null(0).to_numpy()
    timed = sent.is_valid().to_numpy(zero_copy_only=False) & (role != _SYSTEM)
    stated = table.column("is_stated").to_numpy() & timed
    n_rows = table.num_rows
    lengths = np.diff(np.append(starts, n_rows))
    owner = np.repeat(np.arange(len(starts)), lengths)
    place = np.where(stated, np.arange(n_rows), -1)
    latest = np.maximum.accumulate(place)
    before = np.concatenate([[-1], latest[:-1]])
    is_first = before < starts[owner]
    new = stated & (is_first | (at - at[before] > gap_us))
    opened = np.cumsum(new)
    opened_before_owner = (opened - new)[starts][owner]
    has_stated = (np.add.reduceat(stated.astype(np.int64), starts) > 0)[owner]
    session = np.maximum(opened, opened_before_owner + 1) - 1
    keep = timed & has_stated
    return _Turns(
        relationship=table.column("relationship_id").to_numpy()[keep],
        thread=table.column("thread_id").to_numpy()[keep],
        message=table.column("message_id").to_numpy()[keep],
        parent=table.column("parent_id").combine_chunks().fill_null(0).to_numpy()[keep],
        is_person=(role == _PERSON)[keep],
        is_ai=(role == _AI)[keep],
        at=at[keep],
        stated=stated[keep],
        on_path=table.column("on_path").to_numpy()[keep],
        words=table.column("n_words").to_numpy()[keep],
        rating=table.column("rating").combine_chunks().fill_null(np.nan).to_numpy()[keep],
        session=session[keep],
    )


def _bounds(turns: _Turns, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and last stated time of each session."""
    low, high = np.iinfo(np.int64).max, np.iinfo(np.int64).min
    started = np.minimum.reduceat(np.where(turns.stated, turns.at, low), first)
    ended = np.maximum.reduceat(np.where(turns.stated, turns.at, high), first)
    return started, ended


def _runs(turns: _Turns) -> np.ndarray:
    """Rows where the thread or the session changes: far fewer than rows, so that what follows may sort them."""
    same = (turns.thread[1:] == turns.thread[:-1]) & (turns.session[1:] == turns.session[:-1])
    return np.concatenate([[0], np.flatnonzero(~same) + 1])


def _n_threads(turns: _Turns, n_sessions: int) -> np.ndarray:
    run = _runs(turns)
    session, thread = turns.session[run], turns.thread[run]
    order = np.lexsort((thread, session))
    session, thread = session[order], thread[order]
    is_new = np.concatenate([[True], (session[1:] != session[:-1]) | (thread[1:] != thread[:-1])])
    return _count(session[is_new], turns, n_sessions)


def _count(session: np.ndarray, turns: _Turns, n_sessions: int) -> np.ndarray:
    return np.bincount(session - turns.session[0], minlength=n_sessions).astype(np.int32)


def _n_regenerations(turns: _Turns, n_sessions: int) -> np.ndarray:
    """AI replies beyond the first to the same message, in the session of the later one.

    Siblings cannot all be on the path, so only threads with something off path are looked at.
    """
    branched = np.unique(turns.thread[~turns.on_path])
    rows = np.flatnonzero(turns.is_ai & (turns.parent != 0) & np.isin(turns.thread, branched))
    rows = rows[np.argsort(turns.parent[rows], kind="stable")]
    again = rows[1:][turns.parent[rows[1:]] == turns.parent[rows[:-1]]]
    return _count(turns.session[again], turns, n_sessions)


def _n_unanswered(turns: _Turns, n_sessions: int) -> np.ndarray:
    """Threads whose last message on the path is the person's, in the session of that message."""
    rows = np.flatnonzero((turns.is_person | turns.is_ai) & turns.on_path)
    thread = turns.thread[rows]
    ends = np.concatenate([np.flatnonzero(thread[1:] != thread[:-1]), [len(rows) - 1]]) if len(rows) else rows
    _, newest = np.unique(thread[ends][::-1], return_index=True)
    last = rows[ends[::-1][newest]]
    return _count(turns.session[last[turns.is_person[last]]], turns, n_sessions)


def _started_by(turns: _Turns, n_sessions: int) -> pa.DictionaryArray:
    rows = np.flatnonzero(turns.is_person | turns.is_ai)
    session, opening = np.unique(turns.session[rows], return_index=True)
    role = np.full(n_sessions, -1, dtype=np.int8)
    role[session - turns.session[0]] = np.where(turns.is_person[rows[opening]], _PERSON, _AI)
    return pa.DictionaryArray.from_arrays(pa.array(role, mask=role < 0), pa.array(ROLES))
