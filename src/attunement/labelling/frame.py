"""Everything that can be drawn for labelling: whole relationships or whole sessions, and the messages in each."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.errors import OptionError
from attunement.vocabulary import ROLES, SESSIONS, TURNS, check

UNITS = ("relationship", "session")
"""What is drawn: one of these, whole."""

THIRDS = ("early", "middle", "late")
"""The thirds of a relationship, each with as many of its messages: they need no times, and none is empty."""

LENGTHS = ("short", "middle", "long")
"""The thirds of all relationships by how many messages there are to be labelled."""

SIDE_OF_ROLE = {"person": "user", "ai": "ai"}
"""The side of a construct that a message of this role can show."""

NONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The units that can be drawn, and the messages that may be labelled with them."""

    kind: str
    """One of UNITS."""
    relationship: np.ndarray
    """uint64, units: the relationship of each."""
    session: np.ndarray
    """int32, units: the number of each session; -1 for whole relationships."""
    stratum: np.ndarray
    """int, units: the place in `strata`."""
    strata: tuple[str, ...]
    """THIRDS where sessions are drawn, LENGTHS where relationships are."""
    n_messages: np.ndarray
    """int, units: messages to be labelled, at least one."""
    doubt: np.ndarray
    """float, units: the mean p (1 - p) of what annotators said; NaN where nothing is known."""
    message: np.ndarray
    """uint64, messages that may be labelled, in the order of TURNS."""
    third: np.ndarray
    """int, messages: the place in THIRDS."""
    unit: np.ndarray
    """int, messages: the place of its unit."""
    n_out_of_reach: int
    """Messages that might be labelled but lie in no session, since nothing near them states a time."""


def frame_of(
    turns: pa.Table,
    *,
    kind: str,
    constructs: Collection[str],
    sessions: pa.Table | None = None,
    annotated: Iterable[pa.RecordBatch] = (),
) -> Frame:
    """The units of a log, and the messages with words of the sides that some constructs are about.

    Args:
        turns: TURNS of whole relationships, sorted.
        kind: one of UNITS.
        constructs: keys of the codebook, which begin with their side.
        sessions: SESSIONS of the same relationships, where sessions are drawn.
        annotated: batches with message_id, construct and probability, where annotators have looked.

    Raises:
        OptionError: nothing can be drawn.
    """
    check(turns, TURNS, stage="labelling")
    if kind not in UNITS or (kind == "session" and sessions is None):
        raise OptionError(
            "that cannot be drawn",
            got=f"{kind}, {'without' if sessions is None else 'with'} sessions",
            have=", ".join(UNITS),
            do="draw one of these; sessions need SESSIONS",
        )
    written = turns.filter(pc.less(turns["role"], ROLES.index("system")))
    relationship = written["relationship_id"].to_numpy()
    third = _thirds(relationship)
    own = _units_of(written, sessions if kind == "session" else None)
    sides = {key.partition(".")[0] for key in constructs}
    roles = [ROLES.index(role) for role, side in SIDE_OF_ROLE.items() if side in sides]
    wanted = np.isin(written["role"].to_numpy(), roles)
    wanted &= written["n_words"].to_numpy() > 0
    here = wanted & (own != NONE)
    if not here.any():
        raise OptionError(
            f"there is no {kind} to draw",
            got=f"{int(wanted.sum()):,} messages with words, none of them in a {kind}",
            have="messages with words" + (" and stated times" if kind == "session" else ""),
            do="draw whole relationships: --unit relationship"
            if kind == "session"
            else "read an export into the store",
        )
    places, unit = np.unique(own[here], return_inverse=True)
    owner, number = _names(written, own, places, sessions if kind == "session" else None)
    n_messages = np.bincount(unit)
    return Frame(
        kind=kind,
        relationship=owner,
        session=number,
        stratum=_middles(own, third, places) if kind == "session" else _by_length(n_messages),
        strata=THIRDS if kind == "session" else LENGTHS,
        n_messages=n_messages,
        doubt=_doubt(written["message_id"].to_numpy()[here], unit, len(places), _doubts(annotated, constructs)),
        message=written["message_id"].to_numpy()[here],
        third=third[here],
        unit=unit,
        n_out_of_reach=int((wanted & (own == NONE)).sum()),
    )


def _thirds(relationship: np.ndarray) -> np.ndarray:
    """The third of its relationship in which each message lies, counted in messages."""
    starts = _starts(relationship)
    lengths = np.diff(np.append(starts, len(relationship)))
    rank = np.arange(len(relationship)) - np.repeat(starts, lengths)
    return np.asarray(3 * rank // np.repeat(lengths, lengths))


def _starts(owner: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]])) if len(owner) else np.zeros(0, dtype=int)


def _units_of(written: pa.Table, sessions: pa.Table | None) -> np.ndarray:
    """The unit of each message: the place of its relationship or, in the rows of SESSIONS, of its session."""
    if sessions is not None:
        check(sessions, SESSIONS, stage="labelling")
        return _sessions_of(written, sessions) if sessions.num_rows else np.full(written.num_rows, NONE)
    relationship = written["relationship_id"].to_numpy()
    starts = _starts(relationship)
    return np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(relationship))))


def _sessions_of(written: pa.Table, sessions: pa.Table) -> np.ndarray:
    relationship = written["relationship_id"].to_numpy()
    sent = written["sent_at"].combine_chunks()
    at = sent.cast(pa.int64()).fill_null(0).to_numpy()
    order = np.lexsort((sessions["started_at"].cast(pa.int64()).to_numpy(), sessions["relationship_id"].to_numpy()))
    owner = sessions["relationship_id"].to_numpy()[order]
    opened = sessions["started_at"].cast(pa.int64()).to_numpy()[order]
    n_sessions = len(order)
    # Sessions and messages in one line by relationship and time: a message lies in the last session that opened before.
    line = np.lexsort(
        (
            np.repeat([0, 1], [n_sessions, len(at)]),
            np.concatenate([opened, at]),
            np.concatenate([owner, relationship]),
        )
    )
    latest = np.empty(len(line), dtype=np.int64)
    latest[line] = np.maximum.accumulate(np.where(line < n_sessions, line, NONE))
    # What is inferred to be earlier than the first stated time belongs to the first session, as in `panels`.
    first = np.searchsorted(owner, relationship)
    inside = np.minimum(np.maximum(latest[n_sessions:], first), n_sessions - 1)
    is_in = (owner[inside] == relationship) & sent.is_valid().to_numpy(zero_copy_only=False)
    return np.where(is_in, order[inside], NONE)


def _names(
    written: pa.Table, own: np.ndarray, places: np.ndarray, sessions: pa.Table | None
) -> tuple[np.ndarray, np.ndarray]:
    if sessions is not None:
        return sessions["relationship_id"].to_numpy()[places], sessions["session"].to_numpy()[places]
    starts = _starts(own)
    return written["relationship_id"].to_numpy()[starts[places]], np.full(len(places), NONE, dtype=np.int32)


def _middles(own: np.ndarray, third: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The third in which the middle message of each unit lies."""
    rows = np.flatnonzero(own != NONE)
    rows = rows[np.argsort(own[rows], kind="stable")]
    starts = _starts(own[rows])
    ends = np.append(starts[1:], len(rows))
    middle = third[rows[(starts + ends) // 2]]
    return np.asarray(middle[np.searchsorted(own[rows[starts]], places)])


def _by_length(n_messages: np.ndarray) -> np.ndarray:
    rank = np.empty(len(n_messages), dtype=np.int64)
    rank[np.argsort(n_messages, kind="stable")] = np.arange(len(n_messages))
    return 3 * rank // len(n_messages)


def _doubts(annotated: Iterable[pa.RecordBatch], constructs: Collection[str]) -> pa.Table:
    """How far annotators were from sure of each message: `message_id`, and the mean p (1 - p) over the constructs."""
    asked = pa.array(list(constructs), pa.string())
    empty = pa.table({"message_id": pa.array([], pa.uint64()), "probability": pa.array([], pa.float32())})
    parts = [empty]
    for batch in annotated:
        wanted = pc.and_(pc.is_in(batch["construct"], value_set=asked), pc.is_valid(batch["probability"]))
        parts.append(pa.table(batch.filter(wanted)).select(empty.column_names))
    rows = pa.concat_tables(parts, promote_options="permissive")
    p_present = rows["probability"].cast(pa.float64())
    rows = pa.table({"message_id": rows["message_id"], "doubt": pc.multiply(p_present, pc.subtract(1.0, p_present))})
    return rows.group_by("message_id").aggregate([("doubt", "mean")]).rename_columns(["message_id", "doubt"])


def _doubt(message: np.ndarray, unit: np.ndarray, n_units: int, doubts: pa.Table) -> np.ndarray:
    """The mean doubt of the messages of each unit that were looked at."""
    if not doubts.num_rows:
        return np.full(n_units, np.nan)
    place = pc.index_in(pa.array(message), value_set=doubts["message_id"].combine_chunks())
    known = place.is_valid().to_numpy(zero_copy_only=False)
    value = doubts["doubt"].to_numpy()[place.drop_null().to_numpy()]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(unit[known], value, n_units) / np.bincount(unit[known], minlength=n_units))
