"""What an AI could be rewarded for in a session: that the talk goes on, that the person comes back, what they rate.

`reward.returned`        1 where the next session starts within a day of the end of this one, else 0.
`reward.rating`          the mean rating of the session, from 0 to 1.
`reward.goes_on`         of 100 messages of the AI, those after which the person writes again in the session.
`reward.goes_on.<act>`   by how much that is more after messages with the act than after others of the person's own
                         sessions that stand at such a place and answer a wish to leave, or none. The last message of a
                         session is never followed, so that shares of whole sessions would mix the act with its place.
`opening.<construct>`    the construct in what the person writes before the AI says anything: how they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.codebook import load
from attunement.panels.segments import starts_of, whole_relationships
from attunement.vocabulary import PANEL, PERIODS, ROLES, SESSIONS, TURNS, Missing, check

BACK_WITHIN_HOURS = 24.0
"""The person came back where the next session starts within so many hours of the end of this one."""

LEAVING = "user.regulate"
"""The construct that tells a wish to leave."""

OPENINGS = (
    "user.disclose",
    "user.human_ties",
    "user.independent",
    "user.ineffective",
    "user.lonely",
    "user.need_met",
    "user.pressured",
    "user.seek",
)
"""Constructs that are read in the opening of a session: how the person is, before an act of the AI could answer it."""

_PERSON, _AI = ROLES.index("person"), ROLES.index("ai")
_DAY_US = 86_400_000_000
_UNKNOWN_S = 1800  # the last half hour of a log: whether anything followed nobody saw
_PLACES = np.array([1, 2, 3, 4, 6, 9, 14])  # the last place of each bin, the eighth holding what comes after


class _Known(NamedTuple):
    """Sessions, sorted by relationship and time."""

    owner: np.ndarray
    started: np.ndarray  # seconds
    ended: np.ndarray
    minutes: np.ndarray
    owners: np.ndarray
    first: np.ndarray

    def of(self, owner: np.ndarray, at: np.ndarray) -> np.ndarray:
        """The session of each message; -1 for relationships without sessions."""
        place = np.minimum(np.searchsorted(self.owners, owner), len(self.owners) - 1)
        low = min(int(self.started.min()), int(at.min(initial=self.started.min())))
        span = max(int(self.started.max()), int(at.max(initial=0))) - low + 2
        key = np.searchsorted(self.owners, self.owner) * span + (self.started - low)
        found = np.searchsorted(key, place * span + (at - low), side="right") - 1
        return np.where(self.owners[place] == owner, np.maximum(found, self.first[place]), -1)


class _Replies(NamedTuple):
    """Messages of the AI on the path, and those with which the person opens a session."""

    message: np.ndarray
    session: np.ndarray
    goes_on: np.ndarray
    place: np.ndarray  # in the session, in bins
    answers: np.ndarray  # the message of the person before it
    opening: np.ndarray  # ids of messages that open a session
    opens: np.ndarray  # the session of each


class _Rows(NamedTuple):
    """Rows of one measure."""

    measure: str
    session: np.ndarray
    value: np.ndarray  # NaN where it is not known
    se: np.ndarray | None
    n: np.ndarray


def measure_rewards(
    turns: Iterable[pa.RecordBatch],
    annotated: Iterable[pa.RecordBatch],
    sessions: pa.Table,
    *,
    acts: tuple[str, ...] | None = None,
    log_ends_at: datetime | None = None,
) -> Iterator[pa.RecordBatch]:
    """PANEL rows of rewards and openings, one a session and measure.

    Some 40 bytes a message are held at once.

    Args:
        turns: batches of TURNS, sorted by relationship and time, split anywhere.
        annotated: batches with relationship_id, sent_at, message_id, construct, probability and missing, sorted alike.
        sessions: SESSIONS of the same relationships: of all that the store holds, so that it is known when the log
            ends, or give `log_ends_at`.
        acts: constructs of the AI for `reward.goes_on.<act>`; without any, the signatures that the codebook marks.
        log_ends_at: until when sessions would have been seen; None takes the last time of all sessions.

    Raises:
        SchemaError: sessions or turns break their contract.
    """
    check(sessions, SESSIONS, stage="panels")
    if sessions.num_rows == 0:
        return
    table = sessions.combine_chunks()
    known = _lookup(table)
    end = int(known.ended.max()) if log_ends_at is None else int(log_ends_at.timestamp())
    wanted = tuple(one.key for one in load() if one.reward_signature) if acts is None else acts
    replies = _replies(turns, known, end)
    scores, opened = _scores(annotated, replies, wanted)
    rows = [_returned(known, end), _rating(table), _goes_on(replies)]
    rows += [_after(replies, known, act, scores) for act in wanted if act in scores]
    yield from (_batch(one, known, table) for one in [*rows, *opened] if len(one.session))


def _lookup(sessions: pa.Table) -> _Known:
    owner = sessions.column("relationship_id").to_numpy()
    started, ended = (
        sessions.column(name).combine_chunks().cast(pa.int64()).to_numpy() for name in ("started_at", "ended_at")
    )
    first = starts_of(owner)
    return _Known(owner, started // 1_000_000, -(-ended // 1_000_000), (ended - started) / 60e6, owner[first], first)


def _returned(known: _Known, end: int) -> _Rows:
    gap = np.full(len(known.owner), np.inf)
    same = known.owner[1:] == known.owner[:-1]
    gap[:-1] = np.where(same, known.started[1:] - known.ended[:-1], np.inf)
    within = BACK_WITHIN_HOURS * 3600
    # Also those who were seen to come back: known only of them, late sessions would all be ones.
    seen = known.ended + within <= end
    value = np.where(seen, (gap <= within).astype(float), np.nan)
    return _Rows("reward.returned", np.arange(len(gap)), value, None, seen.astype(np.int32))


def _rating(sessions: pa.Table) -> _Rows:
    n = sessions.column("n_rated").to_numpy()
    at = np.flatnonzero(n > 0)
    return _Rows("reward.rating", at, sessions.column("sum_rating").to_numpy()[at] / n[at], None, n[at])


def _replies(turns: Iterable[pa.RecordBatch], known: _Known, end: int) -> _Replies:
    pieces = [_piece(table, known, end) for table, _ in whole_relationships(turns)]
    if not pieces:
        none = np.zeros(0, dtype=np.int64)
        return _Replies(none.astype(np.uint64), none, none, none, none.astype(np.uint64), none.astype(np.uint64), none)
    return _Replies(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))


def _piece(table: pa.Table, known: _Known, end: int) -> _Replies:
    check(table, TURNS, stage="panels")
    role = table.column("role").to_numpy()
    sent = table.column("sent_at").combine_chunks()
    use = np.isin(role, (_PERSON, _AI)) & table.column("on_path").to_numpy() & sent.is_valid().to_numpy(False)
    at = sent.cast(pa.int64()).fill_null(0).to_numpy()[use] // 1_000_000
    session = known.of(table.column("relationship_id").to_numpy()[use], at)
    inside = session >= 0
    at, session = at[inside], session[inside]
    message, role = table.column("message_id").to_numpy()[use][inside], role[use][inside]
    row = np.arange(len(role))
    first = starts_of(session)
    opened = np.repeat(first, np.diff(np.append(first, len(row))))
    person = np.maximum.accumulate(np.where(role == _PERSON, row, -1)) if len(row) else row
    last_of_session = np.append(first[1:], len(row)) - 1
    last_person = np.repeat(person[last_of_session], np.diff(np.append(first, len(row)))) if len(row) else row
    replied = np.cumsum(role == _AI)
    so_far = replied - (replied - (role == _AI))[opened]  # replies of the session up to here
    is_ai = np.flatnonzero((role == _AI) & (at <= end - _UNKNOWN_S))
    answers = np.where(person >= opened, message[person], 0).astype(np.uint64) if len(row) else message
    is_opening = np.flatnonzero((role == _PERSON) & (so_far == 0))
    place = np.searchsorted(_PLACES, so_far)
    return _Replies(
        message[is_ai],
        session[is_ai],
        last_person[is_ai] > is_ai,
        place[is_ai],
        answers[is_ai],
        message[is_opening],
        session[is_opening],
    )


def _goes_on(replies: _Replies) -> _Rows:
    at, n = np.unique(replies.session, return_counts=True)
    seen = np.bincount(np.searchsorted(at, replies.session), replies.goes_on, minlength=len(at))
    return _Rows("reward.goes_on", at, 100 * seen / np.maximum(n, 1), None, n)


class _Scores(NamedTuple):
    """Messages that were read, sorted, and the probability of each."""

    message: np.ndarray
    probability: np.ndarray

    def of(self, message: np.ndarray) -> np.ndarray:
        """The probability at each message; NaN where it was not read."""
        if not len(self.message):
            return np.full(len(message), np.nan)
        place = np.minimum(np.searchsorted(self.message, message), len(self.message) - 1)
        return np.where(self.message[place] == message, self.probability[place], np.nan)


def _scores(
    annotated: Iterable[pa.RecordBatch], replies: _Replies, acts: tuple[str, ...]
) -> tuple[Mapping[str, _Scores], list[_Rows]]:
    """Probabilities of the acts and of a wish to leave, and the openings of sessions."""
    read: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    opening = np.sort(replies.opening)
    for batch in annotated:
        rows = batch.filter(pc.is_valid(batch.column("probability")))
        construct = pc.dictionary_encode(rows.column("construct").cast(pa.string()))
        message = rows.column("message_id").to_numpy()
        probability = rows.column("probability").to_numpy().astype(float)
        for number, name in enumerate(construct.dictionary.to_pylist()):
            here = construct.indices.to_numpy() == number
            if name not in (*acts, *OPENINGS, LEAVING):
                continue
            if name in OPENINGS:
                here &= np.isin(message, opening)
            read.setdefault(name, []).append((message[here], probability[here]))
    scores = {}
    for name, parts in read.items():
        message, probability = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(message, kind="stable")
        scores[name] = _Scores(message[order], probability[order])
    opened = [_opened(replies, name, score) for name, score in scores.items() if name in OPENINGS]
    return scores, opened


def _opened(replies: _Replies, name: str, score: _Scores) -> _Rows:
    p = score.of(replies.opening)
    use = np.isfinite(p)
    at, which, n = np.unique(replies.opens[use], return_inverse=True, return_counts=True)
    return _Rows(f"opening.{name}", at, 100 * np.bincount(which, p[use], minlength=len(at)) / n, None, n)


def _after(replies: _Replies, known: _Known, act: str, scores: Mapping[str, _Scores]) -> _Rows:
    """The slope of going on on the act within a session, both less what is usual at such a place for the person."""
    p = scores[act].of(replies.message)
    use = np.flatnonzero(np.isfinite(p))
    session = replies.session[use]
    leaves = scores[LEAVING].of(replies.answers[use]) >= 0.5 if LEAVING in scores else np.zeros(len(use), dtype=bool)
    owner = np.searchsorted(known.owners, known.owner[session])
    _, cell = np.unique((owner * (len(_PLACES) + 1) + replies.place[use]) * 2 + leaves, return_inverse=True)
    apart, went = (_less_mean(column, cell) for column in (p[use], replies.goes_on[use].astype(float)))
    spread = np.sqrt(_mean(went**2, owner))[owner]
    at, which, n = np.unique(session, return_inverse=True, return_counts=True)
    size, moved = (np.bincount(which, column, minlength=len(at)) for column in (apart**2, apart * went))
    spread = spread[np.unique(session, return_index=True)[1]] if len(session) else spread
    some = (size > 1e-9) & (spread > 1e-9)
    size = np.where(some, size, 1.0)
    return _Rows(
        f"reward.goes_on.{act}",
        at[some],
        (100 * moved / size)[some],
        (100 * spread / np.sqrt(size))[some],
        n[some],
    )


def _mean(column: np.ndarray, cell: np.ndarray) -> np.ndarray:
    return np.asarray(np.bincount(cell, column) / np.maximum(np.bincount(cell), 1))


def _less_mean(column: np.ndarray, cell: np.ndarray) -> np.ndarray:
    return np.asarray(column - _mean(column, cell)[cell])


def _batch(rows: _Rows, known: _Known, sessions: pa.Table) -> pa.RecordBatch:
    n = len(rows.session)
    missing = ~np.isfinite(rows.value)
    word = pa.DictionaryArray.from_arrays
    return pa.RecordBatch.from_arrays(
        [
            pa.array(known.owner[rows.session]),
            sessions.column("started_at").combine_chunks().take(pa.array(rows.session)),
            word(pa.array(np.full(n, PERIODS.index("session"), dtype=np.int8)), pa.array(PERIODS)),
            word(pa.array(np.zeros(n, dtype=np.int8)), pa.array([rows.measure])),
            pa.array(rows.value, mask=missing),
            pa.nulls(n, pa.float64()) if rows.se is None else pa.array(rows.se, mask=missing),
            pa.array(rows.n.astype(np.int32)),
            pa.array(known.minutes[rows.session]),
            word(pa.array(np.zeros(n, dtype=np.int8), mask=~missing), pa.array([Missing.NOT_RECORDED.value])),
        ],
        schema=PANEL,
    )
