"""Dates at which something came to relationships from outside: another model, an outage, a day that the user names."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float, Int
from scipy import special

from attunement.errors import SchemaError

TIME = pa.timestamp("us", tz="UTC")

DATES = pa.schema(
    [
        pa.field("event", pa.string(), nullable=False),
        pa.field("relationship_id", pa.uint64(), nullable=True),
        pa.field("at", TIME, nullable=False),
        pa.field("until", TIME, nullable=True),
    ]
)
"""One row a date: which event, whose (null: everybody's), when it began and, where it lasted, when it was over."""

FEWEST_OF_MODEL = 20
"""Relationships in which one model took over from one other, from which on this change is an event of its own."""

FEWEST_MESSAGES = 5
"""Of the AI, by either model: with fewer, one was only tried."""

HOUR_US = 3_600_000_000
_HOURS_OF_WEEK = 168
_AROUND_WEEKS = 4
_FEWEST_WEEKS = 2
_QUIET = 0.1
_MOST_DAYS = 7
_ALPHA = 0.001


def release_dates(changes: pa.Table) -> pa.Table:
    """DATES at which another model took over for good, one a relationship: the first of them.

    Only changes count after which the model before never wrote again and the model after had never written before;
    a person who tries models by turns makes no date. Each change between two models that came to 20 relationships is
    an event `release.<before> to <after>`, and all of them together are `release`.

    Args:
        changes: with relationship_id, at, model_before, model_after, is_new, is_final, n_before, n_after.
    """
    good = pc.and_(changes.column("is_new"), changes.column("is_final"))
    for column in ("n_before", "n_after"):
        good = pc.and_(good, pc.greater_equal(changes.column(column), FEWEST_MESSAGES))
    kept = changes.filter(good).sort_by([("relationship_id", "ascending"), ("at", "ascending")])
    owner = kept.column("relationship_id").to_numpy()
    first = np.append(True, owner[1:] != owner[:-1])[: len(owner)]
    names = pc.binary_join_element_wise(kept.column("model_before"), kept.column("model_after"), " to ")
    tables = [_dates("release", kept.filter(pa.array(first)))]
    words, n = np.unique(np.array(names.to_pylist(), dtype=object).astype(str), return_counts=True)
    if len(words) > 1:
        # From one model to another for good goes only once in a relationship.
        often = words[n >= FEWEST_OF_MODEL].tolist()
        tables += [_dates(f"release.{name}", kept.filter(pc.equal(names, name))) for name in often]
    return pa.concat_tables(tables)


def given_dates(event: str, at: datetime, *, until: datetime | None = None) -> pa.Table:
    """DATES of one event that came to everybody at a time that the user knows."""
    return pa.table({"event": [event], "relationship_id": [None], "at": [at], "until": [until]}, schema=DATES)


def outage_dates(sessions: pa.Table) -> pa.Table:
    """DATES at which hardly anybody came for some hours although many were to be expected.

    Sessions that start in each hour are held against the mean of the same hour of the week in the four weeks before or
    in the four after, whichever is lower. An outage is a run of hours of up to a week with at most a tenth of the
    sessions that were expected, of which so few come by chance, counts being as uneven as they are, in less than one
    log in a thousand.

    Args:
        sessions: SESSIONS of all relationships.

    Assumes:  hours of the week are alike for some weeks; everybody uses one service.
    Source:   mccullagh1989, section 6.2, for uneven counts
    Checked:  benchmarks/recovery/breaks.py
    """
    none = DATES.empty_table()
    if sessions.num_rows == 0:
        return none
    hour = sessions.column("started_at").combine_chunks().cast(pa.int64()).to_numpy() // HOUR_US
    begin = int(hour.min())
    counts = np.bincount(hour - begin).astype(float)
    sides = _around(counts)
    expected, usual = sides.min(axis=0), sides.mean(axis=0)
    if not np.isfinite(expected).any():
        return none
    known = np.isfinite(expected)
    middle = usual[known]
    away = (counts[known] - middle) ** 2 / np.maximum(middle, 0.1)
    # The median, since what is looked for must not make the counts look uneven.
    uneven = max(float(np.median(away)) / 0.455, 1.0)
    quiet = known & (counts <= _QUIET * np.maximum(expected, 1.0))
    rows = []
    for first, last in _runs(quiet):
        seen, due = float(counts[first : last + 1].sum()), float(expected[first : last + 1].sum())
        chance = float(special.pdtr(np.floor(seen / uneven), due / uneven)) if due > 0 else 1.0
        if seen <= _QUIET * due and chance * len(counts) < _ALPHA and last - first < 24 * _MOST_DAYS:
            rows.append((first + begin, last + 1 + begin))
    times = [pa.array([row[side] * HOUR_US for row in rows], pa.int64()).cast(TIME) for side in (0, 1)]
    names = pa.array([f"outage.{number}" for number in range(1, len(rows) + 1)], pa.string())
    return pa.table(
        {"event": names, "relationship_id": pa.nulls(len(rows), pa.uint64()), "at": times[0], "until": times[1]},
        schema=DATES,
    )


def check_dates(dates: pa.Table) -> None:
    """Say what is wrong with a table of dates.

    Raises:
        SchemaError: columns or types are not those of DATES.
    """
    if dates.schema.names != DATES.names or any(dates.schema.field(one.name).type != one.type for one in DATES):
        raise SchemaError(
            "a table of dates has other columns than it should",
            got=", ".join(f"{one.name}: {one.type}" for one in dates.schema),
            have=", ".join(f"{one.name}: {one.type}" for one in DATES),
            do="make it with release_dates, outage_dates or given_dates, and join tables with pyarrow.concat_tables",
        )


def _dates(event: str, table: pa.Table) -> pa.Table:
    return pa.table(
        {
            "event": pa.array([event] * table.num_rows, pa.string()),
            "relationship_id": table.column("relationship_id"),
            "at": table.column("at").cast(TIME),
            "until": pa.nulls(table.num_rows, TIME),
        },
        schema=DATES,
    )


def _around(counts: Float[np.ndarray, " hours"]) -> Float[np.ndarray, "2 hours"]:
    """The mean of the same hour in the weeks before, and in those after; NaN where fewer than two are in the log.

    A log that fills and empties has quiet hours at its ends that are no outage: what was usual has to have been so
    before and after.
    """
    n = len(counts)
    sides = np.full((2, n), np.nan)
    for which, side in enumerate((-1, 1)):
        around = np.full((_AROUND_WEEKS, n), np.nan)
        for row in range(_AROUND_WEEKS):
            place = np.arange(n) + side * (row + 1) * _HOURS_OF_WEEK
            inside = (place >= 0) & (place < n)
            around[row, inside] = counts[place[inside]]
        enough = np.isfinite(around).sum(axis=0) >= _FEWEST_WEEKS
        sides[which, enough] = np.nanmean(around[:, enough], axis=0)
    return sides


def _runs(where: Int[np.ndarray, " hours"]) -> list[tuple[int, int]]:
    """First and last of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(np.int8), [0]])))
    return [(int(first), int(after) - 1) for first, after in zip(edges[::2], edges[1::2], strict=True)]
