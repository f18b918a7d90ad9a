"""How two opposite signs stand to each other: of the signs of either, the share that is of the second."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.dynamics.change import METHOD as CHANGE_METHOD
from attunement.dynamics.change import MIN_FOR_NULL, MIN_SESSIONS, NULL
from attunement.statistics import halves_change, share_interval
from attunement.vocabulary import PANEL, Estimate, Missing, Null, Rung, check

BALANCES: dict[str, tuple[str, str]] = {
    "present-future.skill": ("ai.flattery", "ai.scaffold"),
    "present-future.ability": ("user.ineffective", "user.need_met"),
    "self-system.decisions": ("user.independent", "user.defer"),
    "self-system.choice": ("ai.autonomy", "ai.control"),
    "self-system.testing": ("ai.pushback", "ai.uncritical"),
    "ai-human.talk": ("user.attach", "user.human_ties"),
    "ai-human.referrals": ("ai.isolate", "ai.to_humans"),
}
"""Pairs of constructs that are looked for in the same messages and say the opposite of one another; the first
speaks for the first word of the dilemma's key, the second for the second."""

MIN_SIGNS = 10
"""With fewer signs of both together, one of them moves the share by more than ten points."""

MIN_RATE = 0.01
"""Signs a message. An annotator may give up to five false alarms in 1,000 messages for each construct: where both
together are rarer than twice that, the share could be one of false alarms."""

UNIT = "of 100 signs of either"

METHOD = (
    "signs of the second construct over those of both, in the sessions in which both could be read; Clopper-Pearson"
    " with the effective number of signs (Korn and Graubard 1998), sessions as clusters"
)


class _Pairs(NamedTuple):
    """The signs of one pair, session by session, sorted by relationship and time."""

    relationship: np.ndarray  # the relationship of each unit
    second: np.ndarray  # signs of the second construct in each session
    both: np.ndarray  # signs of both together in each session
    read: np.ndarray  # messages that were read in each session
    starts: np.ndarray  # the first session of each relationship


class _Cells(NamedTuple):
    """Rates of constructs, one row a session and one column a construct; NaN where it could not be read."""

    relationship: np.ndarray
    rate: np.ndarray
    n: np.ndarray


def estimate_balances(panel: pa.Table, *, level: float = 0.95) -> list[Estimate]:
    """The share of each pair in BALANCES, and its change between the halves, for each relationship.

    Measures are `balance.<dilemma>.<quantity>` and `change.balance.<dilemma>.<quantity>`, in units of 100 signs.
    A relationship in which one of the two could not be looked for has no estimate of that pair.

    Args:
        panel: PANEL, of which the sessions' rows `rate.*` are used.
        level: the coverage aimed at.

    Assumes:  both annotators err alike and seldom. False alarms on both sides (5 in 1,000 messages each) pull the share
              towards one half, by a tenth of its distance at 10 signs in 100 messages and by a third at 3, and
              coverage falls to .90 after 100 sessions at 3; on one side alone they pull it to that side.
    Source:   korn1998, section 2, through `share_interval`; zou2008 and davison1997 through `halves_change`.
    Checked:  benchmarks/recovery/balances.py
    """
    check(panel, PANEL, stage="dynamics")
    columns = {key: place for place, key in enumerate(sorted({key for pair in BALANCES.values() for key in pair}))}
    cells = _cells(panel, columns)
    estimates: list[Estimate] = []
    for name, (first, second) in BALANCES.items():
        pairs = _pairs(cells, columns[first], columns[second])
        if len(pairs.starts):
            estimates += _shares(pairs, name, level=level)
            estimates += _changes(pairs, name, level=level)
    return estimates


def _cells(panel: pa.Table, columns: dict[str, int]) -> _Cells:
    words = panel.column("measure").cast(pa.string())
    wanted = pc.is_in(words, pa.array([f"rate.{key}" for key in columns], pa.string()))
    of_session = pc.equal(panel.column("period").cast(pa.string()), "session")
    table = panel.filter(pc.and_(pc.and_(wanted, of_session), pc.is_valid(panel.column("value"))))
    owner = table.column("relationship_id").to_numpy()
    start = table.column("period_start").combine_chunks().cast(pa.int64()).to_numpy()
    names = pc.dictionary_encode(table.column("measure").cast(pa.string()).combine_chunks())
    known = np.array([columns[name.removeprefix("rate.")] for name in names.dictionary.to_pylist()], dtype=np.int64)
    column = known[names.indices.to_numpy()] if len(known) else np.zeros(0, dtype=np.int64)
    order = np.lexsort((start, owner))
    owner, start, column = owner[order], start[order], column[order]
    is_new = np.ones(len(owner), dtype=bool)
    is_new[1:] = (owner[1:] != owner[:-1]) | (start[1:] != start[:-1])
    session = np.cumsum(is_new) - 1
    rate = np.full((int(is_new.sum()), len(columns)), np.nan)
    n = np.zeros_like(rate)
    rate[session, column] = table.column("value").to_numpy()[order] / 100
    n[session, column] = table.column("n").to_numpy()[order]
    return _Cells(owner[is_new], rate, n)


def _pairs(cells: _Cells, first: int, second: int) -> _Pairs:
    """Sessions in which both could be read. Where one was read in fewer messages, both count as in their mean."""
    has_both = ~np.isnan(cells.rate[:, first]) & ~np.isnan(cells.rate[:, second])
    owner = cells.relationship[has_both]
    read = (cells.n[has_both, first] + cells.n[has_both, second]) / 2
    ones, others = cells.rate[has_both, first] * read, cells.rate[has_both, second] * read
    is_new = np.ones(len(owner), dtype=bool)
    is_new[1:] = owner[1:] != owner[:-1]
    starts = np.flatnonzero(is_new)
    return _Pairs(owner[starts], others, ones + others, read, starts)


def _shares(pairs: _Pairs, name: str, *, level: float) -> list[Estimate]:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = share_interval(pairs.second, pairs.both, pairs.starts, level=level)
    read = np.add.reduceat(pairs.read, pairs.starts)
    enough = (found.n >= MIN_SIGNS) & (found.n >= MIN_RATE * read) & (found.n_clusters >= 2)
    known = enough & np.isfinite(found.low) & np.isfinite(found.high)
    rows = zip(pairs.relationship.tolist(), known.tolist(), *found, strict=True)
    return [
        Estimate(
            measure=f"balance.{name}",
            relationship_id=relationship,
            value=100 * float(value) if usable else Missing.TOO_FEW,
            low=100 * float(low) if usable else Missing.TOO_FEW,
            high=100 * float(high) if usable else Missing.TOO_FEW,
            level=level,
            n=round(n),
            n_of=f"{'sign' if round(n) == 1 else 'signs'} in {int(k)} {'session' if k == 1 else 'sessions'}",
            rung=Rung.DESCRIBED,
            null=None,
            method=METHOD,
            unit=UNIT,
        )
        for relationship, usable, value, low, high, n, k in rows
    ]


def _changes(pairs: _Pairs, name: str, *, level: float) -> list[Estimate]:
    """The share in the second half of the sessions minus that in the first, where each half has signs enough."""
    lengths = np.diff(np.append(pairs.starts, len(pairs.both)))
    long = lengths >= MIN_SESSIONS
    if not long.any():
        return []
    kept = _only(pairs, long, lengths)
    lengths = lengths[long]
    half_starts = np.stack([kept.starts, kept.starts + lengths // 2], axis=1).reshape(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        halves = share_interval(kept.second, kept.both, half_starts, level=level)
        change = halves_change(kept.second, kept.both, kept.starts, halves=halves)
    enough = (halves.n.reshape(-1, 2) >= MIN_SIGNS).all(axis=1)
    enough &= np.add.reduceat(kept.both, kept.starts) >= MIN_RATE * np.add.reduceat(kept.read, kept.starts)
    known = enough & np.isfinite(np.stack(change[:3])).all(axis=0)
    rows = zip(kept.relationship.tolist(), lengths.tolist(), known.tolist(), *change, strict=True)
    return [
        Estimate(
            measure=f"change.balance.{name}",
            relationship_id=relationship,
            value=100 * float(value) if usable else Missing.TOO_FEW,
            low=100 * float(low) if usable else Missing.TOO_FEW,
            high=100 * float(high) if usable else Missing.TOO_FEW,
            level=level,
            n=n,
            n_of="sessions",
            rung=Rung.DESCRIBED,
            null=Null(statement=NULL, p=float(p) if usable and n >= MIN_FOR_NULL else Missing.TOO_FEW),
            method=CHANGE_METHOD,
            unit=UNIT,
        )
        for relationship, n, usable, value, low, high, p in rows
    ]


def _only(pairs: _Pairs, keep: np.ndarray, lengths: np.ndarray) -> _Pairs:
    rows, kept = np.repeat(keep, lengths), lengths[keep]
    starts = np.concatenate([[0], np.cumsum(kept)[:-1]])
    return _Pairs(pairs.relationship[keep], pairs.second[rows], pairs.both[rows], pairs.read[rows], starts)
