"""What sessions, use and rates are, written row by row in plain Python from the definitions in the docstrings."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa

from attunement.vocabulary import MESSAGES, ROLES, TURNS, Missing, hashed

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PERSON, AI, SYSTEM, TOOL = range(4)

ANNOTATED = pa.schema(
    [
        TURNS.field("relationship_id"),
        MESSAGES.field("sent_at"),
        TURNS.field("message_id"),
        ("construct", pa.string()),
        ("probability", pa.float32()),
        ("missing", pa.string()),
    ]
)


def turn(owner, thread, name, at, **changes):
    row = {
        "relationship_id": owner,
        "thread_id": hashed(str(owner), thread),
        "message_id": hashed(str(owner), thread, str(name)),
        "parent_id": None,
        "role": PERSON,
        "sent_at": at,
        "is_stated": at is not None,
        "on_path": True,
        "n_words": 3,
        "rating": None,
    }
    assert not set(changes) - set(row)
    return row | changes


def in_order(rows):
    """As the store gives them: by relationship, time with none last, and thread."""
    return sorted(
        rows,
        key=lambda row: (row["relationship_id"], row["sent_at"] is None, row["sent_at"] or START, row["thread_id"]),
    )


def batches(rows, schema, cuts=()):
    """The same rows as record batches that are cut anywhere, empty ones included."""
    whole = pa.RecordBatch.from_pylist(list(rows), schema=schema)
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    return [whole.slice(start, end - start) for start, end in pairwise(bounds)]


def sessions(rows, gap_minutes):
    """SESSIONS as a list of dicts."""
    found = []
    by_owner = defaultdict(list)
    for row in rows:
        if row["sent_at"] is not None and row["role"] != SYSTEM:
            by_owner[row["relationship_id"]].append(row)
    for owner, mine in by_owner.items():
        if any(row["is_stated"] for row in mine):
            found += _summed(owner, _cut(mine, timedelta(minutes=gap_minutes)))
    return found


def _cut(mine, gap):
    pieces, latest = [[]], None
    for row in mine:
        if row["is_stated"]:
            if latest is not None and row["sent_at"] - latest > gap:
                pieces.append([])
            latest = row["sent_at"]
        pieces[-1].append(row)
    return pieces


def _summed(owner, pieces):
    answered, again, last_of_thread = set(), Counter(), {}
    for number, piece in enumerate(pieces):
        for row in piece:
            if row["role"] == AI and row["parent_id"] is not None:
                again[number] += row["parent_id"] in answered
                answered.add(row["parent_id"])
            if row["on_path"] and row["role"] in {PERSON, AI}:
                last_of_thread[row["thread_id"]] = (number, row["role"])
    unanswered = Counter(number for number, role in last_of_thread.values() if role == PERSON)
    found, ended = [], None
    for number, piece in enumerate(pieces):
        stated = [row["sent_at"] for row in piece if row["is_stated"]]
        said = [row for row in piece if row["role"] in {PERSON, AI}]
        by = {role: [row for row in said if row["role"] == role] for role in (PERSON, AI)}
        ratings = [row["rating"] for row in piece if row["rating"] is not None]
        found.append(
            {
                "relationship_id": owner,
                "session": number,
                "started_at": min(stated),
                "ended_at": max(stated),
                "n_messages": len(said),
                "n_person": len(by[PERSON]),
                "n_ai": len(by[AI]),
                "words_person": sum(row["n_words"] for row in by[PERSON]),
                "words_ai": sum(row["n_words"] for row in by[AI]),
                "n_conversations": len({row["thread_id"] for row in piece}),
                "n_off_path": sum(not row["on_path"] for row in piece),
                "n_regenerations": again[number],
                "n_unanswered": unanswered[number],
                "n_rated": len(ratings),
                "sum_rating": sum(ratings),
                "started_by": ROLES[said[0]["role"]] if said else None,
                "gap_minutes": None if ended is None else (min(stated) - ended) / timedelta(minutes=1),
            }
        )
        ended = max(stated)
    return found


def usage(rows, period, zone):
    """PANEL rows of use as {(relationship, start, measure): (value, n, exposure)}."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["relationship_id"], _first_day(row["started_at"], period, zone)].append(row)
    if period == "week":
        for owner in {owner for owner, _ in groups}:
            days = [day for number, day in groups if number == owner]
            day = min(days)
            while day < max(days):
                groups.setdefault((owner, day), [])
                day += timedelta(days=7)
    found = {}
    for (owner, day), some in groups.items():
        start = _midnight(day, zone)
        minutes = sum(_minutes(row) for row in some)
        for measure, (value, n) in _use(some, period, zone).items():
            if value is not None:
                found[owner, start, measure] = (value, n, minutes)
    return found


def _use(some, period, zone):
    def total(name):
        return float(sum(row[name] for row in some))

    def mean(top, bottom):
        return (top / bottom if bottom else None, bottom)

    n = len(some)
    gaps = [row["gap_minutes"] / 60 for row in some if row["gap_minutes"] is not None]
    found = {
        "sessions": (n, n),
        "minutes": (sum(_minutes(row) for row in some), n),
        "messages_person": (total("n_person"), n),
        "messages_ai": (total("n_ai"), n),
        "words_person": (total("words_person"), n),
        "words_ai": (total("words_ai"), n),
        "unanswered": (total("n_unanswered"), n),
        "gap_hours": mean(sum(gaps), len(gaps)),
        "started_by_person": mean(sum(row["started_by"] == "person" for row in some), n),
        "regenerations_per_reply": mean(total("n_regenerations"), int(total("n_ai"))),
        "rating": mean(total("sum_rating"), int(total("n_rated"))),
    }
    if period == "week":
        found["active_days"] = (len({_local(row["started_at"], zone).date() for row in some}), n)
    if zone is not None:
        found["night_share"] = mean(sum(_is_night(row, zone) for row in some), n)
    return found


def _minutes(row):
    return (row["ended_at"] - row["started_at"]) / timedelta(minutes=1)


def _is_night(row, zone):
    start, end = _local(row["started_at"], zone), _local(row["ended_at"], zone)
    return start.hour < 5 or end.hour < 5 or end.date() > start.date()


def _local(at, zone):
    return at.astimezone(ZoneInfo(zone or "UTC"))


def _first_day(at, period, zone):
    day = _local(at, zone).date()
    return day - timedelta(days=day.weekday()) if period == "week" else day


def _midnight(day, zone):
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone or "UTC")).astimezone(UTC)


def rates(annotated, session_rows, period, zone):
    """PANEL rows of constructs as {(relationship, start, measure): (value, se, n, exposure, missing)}."""
    by_owner = defaultdict(list)
    for row in session_rows:
        by_owner[row["relationship_id"]].append(row)

    def start_of(row):
        return (
            row["started_at"] if period == "session" else _midnight(_first_day(row["started_at"], period, zone), zone)
        )

    exposure = Counter()
    for row in session_rows:
        exposure[row["relationship_id"], start_of(row)] += _minutes(row)
    cells = defaultdict(list)
    for row in annotated:
        mine = by_owner.get(row["relationship_id"])
        if mine is None or row["sent_at"] is None:
            continue
        earlier = [one for one in mine if one["started_at"] <= row["sent_at"]]
        session = earlier[-1] if earlier else mine[0]
        cells[row["relationship_id"], start_of(session), f"rate.{row['construct']}"].append(row)
    return {key: (*_rate(some), exposure[key[:2]], _reason(some)) for key, some in cells.items()}


def _rate(some):
    seen = [row["probability"] for row in some if row["probability"] is not None]
    if not seen:
        return None, None, 0
    n = len(seen)
    steadied = (sum(seen) + 2) / (n + 4)
    return 100 * sum(seen) / n, 100 * math.sqrt(steadied * (1 - steadied) / (n + 4)), n


def _reason(some):
    if any(row["probability"] is not None for row in some):
        return None
    counts = Counter(row["missing"] for row in some)
    return max((reason.value for reason in Missing), key=lambda name: counts[name])
