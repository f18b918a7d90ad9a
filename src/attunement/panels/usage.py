"""Use by day and week, from sessions. A session belongs to the day on which it starts.

A week between the first and the last without contact is a week with zero messages, and has its rows. A day without
contact has none: a person who comes weekly would otherwise be described by six zeros in seven.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.panels.periods import DAY_US, checked_zone, local_us, period_number, period_start
from attunement.panels.segments import starts_of, sums, whole_relationships
from attunement.vocabulary import PANEL, PERIODS, SESSIONS, check

_NIGHT_ENDS_US = 5 * DAY_US // 24

MEASURES = {
    "sessions": "sessions that start in the period",
    "active_days": "days of the period on which a session starts",
    "messages_person": "messages of the person",
    "messages_ai": "messages of the AI, regenerations included",
    "words_person": "words of the person",
    "words_ai": "words of the AI",
    "minutes": "minutes from the first to the last message of each session, added up",
    "gap_hours": "mean hours of silence before the sessions of the period",
    "started_by_person": "share of sessions whose first message is the person's",
    "regenerations_per_reply": "further AI replies to the same message, per AI message",
    "unanswered": "threads that end on a message of the person",
    "rating": "mean rating from 0 to 1",
    "night_share": "share of sessions with a message between midnight and five, in the person's time zone",
}
"""What is measured of use, and what it means."""


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over the sessions of each relationship and period."""

    owner: np.ndarray
    start: pa.Array
    totals: dict[str, np.ndarray]


def measure_usage(
    sessions: Iterable[pa.RecordBatch], *, periods: tuple[str, ...] = ("day", "week"), time_zone: str | None = None
) -> Iterator[pa.RecordBatch]:
    """PANEL rows of use for each relationship and period.

    Args:
        sessions: batches of SESSIONS in order, split anywhere.
        periods: day, week or both. The use of single sessions is in SESSIONS itself.
        time_zone: the IANA name of the person's zone. Without it days are those of UTC, and nights are not measured.

    Raises:
        OptionError: at once, when there is no such zone.
    """
    return _usage(sessions, periods=periods, zone=checked_zone(time_zone))


def _usage(
    sessions: Iterable[pa.RecordBatch], *, periods: tuple[str, ...], zone: str | None
) -> Iterator[pa.RecordBatch]:
    for table, _ in whole_relationships(sessions):
        check(table, SESSIONS, stage="panels")
        totals = _session_totals(table, zone)
        local = local_us(table.column("started_at").combine_chunks(), zone)
        owner = table.column("relationship_id").to_numpy()
        for period in periods:
            yield _long(_by_period(owner, local, totals, period, zone), period, with_nights=zone is not None)


def _session_totals(table: pa.Table, zone: str | None) -> dict[str, np.ndarray]:
    started, ended = (table.column(name).combine_chunks() for name in ("started_at", "ended_at"))
    minutes = (ended.cast(pa.int64()).to_numpy() - started.cast(pa.int64()).to_numpy()) / 60e6
    gap = table.column("gap_minutes").combine_chunks().fill_null(np.nan).to_numpy() / 60
    started_by = table.column("started_by").combine_chunks()
    is_person = pc.equal(started_by.cast(pa.string()), "person").fill_null(False).to_numpy(zero_copy_only=False)
    ones = np.ones(table.num_rows)
    totals = {
        "sessions": ones,
        "minutes": minutes,
        "n_gaps": (~np.isnan(gap)).astype(float),
        "gap_hours": np.nan_to_num(gap),
        "started_by_person": is_person.astype(float),
        "night": _is_night(started, ended, zone).astype(float) if zone else 0 * ones,
    }
    names = {
        "n_person": "messages_person",
        "n_ai": "messages_ai",
        "words_person": "words_person",
        "words_ai": "words_ai",
        "n_regenerations": "regenerations",
        "n_unanswered": "unanswered",
        "n_rated": "n_rated",
        "sum_rating": "rating",
    }
    return totals | {measure: table.column(name).to_numpy().astype(float) for name, measure in names.items()}


def _is_night(started: pa.Array, ended: pa.Array, zone: str) -> np.ndarray:
    """Whether a session has its start or its end, or all of a night, between midnight and five."""
    start, end = local_us(started, zone), local_us(ended, zone)
    early = (start % DAY_US < _NIGHT_ENDS_US) | (end % DAY_US < _NIGHT_ENDS_US)
    return early | (end // DAY_US > start // DAY_US)


def _by_period(
    owner: np.ndarray, local: np.ndarray, totals: dict[str, np.ndarray], period: str, zone: str | None
) -> _Sums:
    number = period_number(local, period)
    index = np.concatenate([[0], np.cumsum((owner[1:] != owner[:-1]) | (number[1:] != number[:-1]))])
    first = starts_of(index)
    found = {name: sums(values, first) for name, values in totals.items()}
    day = local // DAY_US
    is_new_day = np.concatenate([[True], (owner[1:] != owner[:-1]) | (day[1:] != day[:-1])])
    found["active_days"] = sums(is_new_day.astype(float), first)
    owner, number = owner[first], number[first]
    if period == "week":
        owner, number, found = _with_silent_weeks(owner, number, found)
    return _Sums(owner, period_start(number, period, zone), found)


def _with_silent_weeks(
    owner: np.ndarray, number: np.ndarray, found: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """The same rows with zeros for the weeks between a relationship's first and last that had no contact."""
    step = np.ones(len(number), dtype=np.int64)
    same = owner[1:] == owner[:-1]
    step[:-1] = np.where(same, number[1:] - number[:-1], 1)
    place = np.concatenate([[0], np.cumsum(step)[:-1]])
    n_rows = int(step.sum())
    source = np.repeat(np.arange(len(number)), step)
    full_number = number[source] + np.arange(n_rows) - place[source]
    full = {}
    for name, values in found.items():
        full[name] = np.zeros(n_rows)
        full[name][place] = values
    return owner[source], full_number, full


def _long(sums_: _Sums, period: str, *, with_nights: bool) -> pa.RecordBatch:
    totals = sums_.totals
    n = totals["sessions"]
    counts = ("sessions", "messages_person", "messages_ai", "words_person", "words_ai", "minutes", "unanswered")
    measures: list[tuple[str, np.ndarray, np.ndarray]] = [(name, totals[name], n) for name in counts]
    if period == "week":
        measures.append(("active_days", totals["active_days"], n))
    means = [
        ("gap_hours", "gap_hours", "n_gaps"),
        ("started_by_person", "started_by_person", "sessions"),
        ("regenerations_per_reply", "regenerations", "messages_ai"),
        ("rating", "rating", "n_rated"),
    ]
    if with_nights:
        means.append(("night_share", "night", "sessions"))
    measures += [(name, totals[top], totals[bottom]) for name, top, bottom in means]
    is_mean = {name for name, _, _ in means}
    pieces = []
    for name, top, bottom in measures:
        keep = np.flatnonzero(bottom > 0) if name in is_mean else np.arange(len(n))
        value = top[keep] / bottom[keep] if name in is_mean else top[keep]
        pieces.append((name, keep, value, bottom[keep]))
    return _panel_batch(sums_, pieces, period)


def _panel_batch(
    sums_: _Sums, pieces: list[tuple[str, np.ndarray, np.ndarray, np.ndarray]], period: str
) -> pa.RecordBatch:
    rows = np.concatenate([keep for _, keep, _, _ in pieces])
    n_rows = len(rows)
    names = pa.array([name for name, _, _, _ in pieces])
    codes = np.repeat(np.arange(len(pieces), dtype=np.int8), [len(keep) for _, keep, _, _ in pieces])
    word = pa.DictionaryArray.from_arrays
    return pa.RecordBatch.from_arrays(
        [
            pa.array(sums_.owner[rows]),
            sums_.start.take(pa.array(rows)),
            word(pa.array(np.full(n_rows, PERIODS.index(period), dtype=np.int8)), pa.array(PERIODS)),
            word(pa.array(codes), names),
            pa.array(np.concatenate([value for _, _, value, _ in pieces])),
            pa.nulls(n_rows, pa.float64()),
            pa.array(np.concatenate([bottom for _, _, _, bottom in pieces]).astype(np.int32)),
            pa.array(sums_.totals["minutes"][rows]),
            pa.nulls(n_rows, pa.dictionary(pa.int8(), pa.string())),
        ],
        schema=PANEL,
    )
