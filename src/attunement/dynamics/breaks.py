"""Breaks: what stands higher or lower after a date than before it, at dates that are known and at times that are not.

At a known date the level after is held against that before, and the difference against what is usual at dates of no
event: those who share a date share its news, and a week by itself moves everybody. At unknown times the clearest cut is
searched for, and held against series of the same memory without one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.dynamics.breaks_dates import check_dates
from attunement.dynamics.breaks_known import WINDOW_DAYS, Broken, study
from attunement.dynamics.breaks_rows import DAY_US, Line, PerUnit, line_of
from attunement.dynamics.breaks_scan import (
    MIN_ROWS,
    MIN_WEEKS,
    Scanned,
    best_week,
    own_jumps,
    scan_all,
    scan_each,
    settled,
    weekly_means,
)
from attunement.dynamics.breaks_words import of_each, of_found, of_known, of_own, refused, too_short
from attunement.statistics import Refused
from attunement.statistics.multiplicity import benjamini_hochberg
from attunement.vocabulary import PANEL, Estimate, Missing, check

MEASURES = {
    "rate.user.attach": "session",
    "rate.user.separation": "session",
    "rate.user.need_met": "session",
    "rate.user.lonely": "session",
    "rate.user.defer": "session",
    "rate.ai.warmth": "session",
    "rate.ai.flattery": "session",
    "reward.rating": "session",
    "sessions": "week",
    "minutes": "week",
}
"""What is looked at unless something else is asked for, and by what period. Set down before any data were seen."""


def estimate_breaks(
    panel: pa.Table,
    dates: pa.Table | None = None,
    *,
    rng: np.random.Generator,
    measures: Mapping[str, str] | None = None,
    search: bool = True,
    n_draws: int = 999,
    level: float = 0.95,
) -> list[Estimate]:
    """Breaks of each measure, over all relationships and in each.

    At known dates `break.known.<measure>@<event>` is the jump, of all and (after shrinkage) of each relationship, and
    `break.early.<measure>@<event>` the same a window before the date, where there should be none. At unknown times
    `break.unknown.<measure>` is the jump at the clearest cut, whose null says how clear one comes without a break, and
    `break.when.<measure>` its day, counted from 1970. What cannot be told is Missing, and `method` says what is missing
    and what would do.

    Args:
        panel: PANEL with rows of sessions and of weeks.
        dates: DATES, as `release_dates`, `outage_dates` and `given_dates` make them.
        rng: shuffles blocks for the search, and halves relationships.
        measures: measures and their period, session or week; None takes those of MEASURES that are there.
        search: whether to look for breaks at unknown times.
        n_draws: how often blocks are shuffled.
        level: the coverage aimed at.

    Raises:
        SchemaError: a table breaks its contract.

    Assumes:  relationships are independent but for what a calendar week brings to all; at a date that people chose
        themselves, as that of another model can be, what made them choose it is part of the jump.
    Source:   cameron2011 for clusters; page1954 and kunsch1989 for the search; benjaminihochberg1995 over questions.
    Checked:  benchmarks/recovery/breaks.py
    """
    check(panel, PANEL, stage="dynamics")
    asked = dict(MEASURES if measures is None else measures)
    lines = {measure: line_of(panel, measure, period) for measure, period in asked.items()}
    lines = {measure: line for measure, line in lines.items() if len(line.starts) or measures is not None}
    estimates: list[Estimate] = []
    if dates is not None:
        check_dates(dates)
        estimates += _known(lines, dates, level=level)
    if search:
        estimates += _unknown_of_all(lines, rng=rng, n_draws=n_draws, level=level)
        estimates += _unknown_of_each(lines, rng=rng, n_draws=n_draws, level=level)
    return estimates


def _known(lines: Mapping[str, Line], dates: pa.Table, *, level: float) -> list[Estimate]:
    events = list(dict.fromkeys(dates.column("event").to_pylist()))
    found: list[tuple[str, Line, Broken | Refused]] = []
    for event in events:
        rows = dates.filter(pc.equal(dates.column("event"), event))
        for measure, line in lines.items():
            name = f"{measure}@{event}"
            if not len(line.starts):
                found.append((name, line, _unread()))
                continue
            begin, end = _dates_of(line, rows)
            found.append((name, line, study(line, begin, end, level=level)))
    told = [one.jump.p for _, _, one in found if isinstance(one, Broken)]
    adjusted = iter(benjamini_hochberg(np.array(told)).tolist())
    estimates: list[Estimate] = []
    for name, line, one in found:
        if isinstance(one, Refused):
            estimates.append(refused(f"break.known.{name}", one, n=len(line.starts), level=level))
            continue
        estimates += of_known(name, one, p=next(adjusted), n_questions=len(told), window=WINDOW_DAYS, level=level)
        estimates += of_own(name, line, one, window=WINDOW_DAYS, level=level)
    return estimates


def _unknown_of_all(
    lines: Mapping[str, Line], *, rng: np.random.Generator, n_draws: int, level: float
) -> list[Estimate]:
    found: list[tuple[str, Line, tuple[Scanned, Broken | Refused] | Refused]] = []
    for measure, line in lines.items():
        late = settled(line)
        week, mean = weekly_means(late)
        if len(week) < MIN_WEEKS:
            found.append((measure, line, _few_weeks(len(week))))
            continue
        scanned = scan_all(week, mean, rng=rng, n_draws=n_draws)
        found.append((measure, line, (scanned, _at_halves(late, float(scanned.when[0]), rng=rng, level=level))))
    told = [float(one[0].p[0]) for _, _, one in found if not isinstance(one, Refused)]
    adjusted = iter(benjamini_hochberg(np.array(told)).tolist())
    estimates: list[Estimate] = []
    for measure, line, one in found:
        if isinstance(one, Refused):
            estimates.append(refused(f"break.unknown.{measure}", one, n=len(line.starts), level=level))
        else:
            p = next(adjusted)
            estimates += of_found(measure, *one, p=p, n_questions=len(told), level=level)
    return estimates


def _at_halves(line: Line, when: float, *, rng: np.random.Generator, level: float) -> Broken | Refused:
    """The jump where it breaks best: each half of the relationships is measured where the other half breaks."""
    everybody = _study_at(line, when, level=level)
    first = rng.random(len(line.starts)) < 0.5
    values = []
    for half in (first, ~first):
        week, mean = weekly_means(line.kept(half))
        if len(week) < MIN_WEEKS // 2:
            continue
        one = _study_at(line.kept(~half), best_week(week, mean), level=level)
        if isinstance(one, Broken):
            values.append(one.jump.value)
    if isinstance(everybody, Refused) or len(values) < 2:
        return everybody if isinstance(everybody, Refused) else _few_weeks(len(line.starts))
    return everybody.moved_to(float(np.mean(values)))


def _study_at(line: Line, when: float, *, level: float) -> Broken | Refused:
    at = np.full(len(line.starts), when)
    return study(line, at, at, level=level)


def _unknown_of_each(
    lines: Mapping[str, Line], *, rng: np.random.Generator, n_draws: int, level: float
) -> list[Estimate]:
    found: list[tuple[str, Line, Scanned, tuple[PerUnit, PerUnit]]] = []
    estimates: list[Estimate] = []
    for measure, line in lines.items():
        late = settled(line)
        long = late.kept(late.size >= MIN_ROWS)
        estimates += too_short(measure, line, late, level=level)
        if len(long.starts):
            found.append((measure, long, scan_each(long, rng=rng, n_draws=n_draws), own_jumps(long)))
    if not found:
        return estimates
    p = benjamini_hochberg(np.concatenate([scanned.p for _, _, scanned, _ in found]))
    places = np.cumsum([len(line.starts) for _, line, _, _ in found])[:-1]
    for (measure, line, scanned, jump), own in zip(found, np.split(p, places), strict=True):
        estimates += of_each(measure, line, scanned, jump, p=own, n_questions=len(p), level=level)
    return estimates


def _dates_of(line: Line, rows: pa.Table) -> tuple[PerUnit, PerUnit]:
    """When it began and was over for each unit, in days; NaN where it did not come. The first where there are many."""
    begin, end = np.full(len(line.starts), np.nan), np.full(len(line.starts), np.nan)
    at = rows.column("at").combine_chunks().cast(pa.int64()).to_numpy() / DAY_US
    over = rows.column("until").combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False) / DAY_US
    over = np.where(np.isfinite(over), over, at)
    whose = rows.column("relationship_id").combine_chunks()
    everybody = np.flatnonzero(whose.is_null().to_numpy(zero_copy_only=False))
    if len(everybody):
        first = everybody[np.argmin(at[everybody])]
        begin[:], end[:] = at[first], over[first]
    own = np.flatnonzero(whose.is_valid().to_numpy(zero_copy_only=False))
    own = own[np.argsort(-at[own], kind="stable")]  # the earliest is written last
    ids = whose.fill_null(0).to_numpy()[own]
    order = np.argsort(line.relationship, kind="stable")
    place = np.minimum(np.searchsorted(line.relationship[order], ids), len(order) - 1)
    here = line.relationship[order][place] == ids
    begin[order[place[here]]], end[order[place[here]]] = at[own][here], over[own][here]
    return begin, end


def _few_weeks(n: int) -> Refused:
    return Refused(
        reason=Missing.TOO_FEW,
        what=f"enough relationships were seen in {n} weeks, each one's first four left out",
        do=f"a log of {MIN_WEEKS} weeks with 20 relationships or more in each",
    )


def _unread() -> Refused:
    return Refused(reason=Missing.NO_ANNOTATOR, what="it was read nowhere", do="an annotator that looks for it")
