"""Ways to tell the part of a person's change that goes with the AI from the part that would have come anyway.

Each route makes one contrast a relationship and takes its mean; they differ in what they hold up in the place of the
same person without the AI. Best first: chance (an arm), a change of the AI's at dates that differ between people,
topics that the AI never touched, the same person before the AI.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from attunement.dynamics.drift_contrasts import (
    FEWEST_SESSIONS,
    WINDOW_DAYS,
    column_of,
    dates_of,
    difference_in_differences,
    mean_between,
    over_periods,
    regressed,
    stacked,
)
from attunement.dynamics.drift_rows import Interval, Rows, count_where, interval, mean_of, mean_where
from attunement.statistics import Refused
from attunement.vocabulary import Missing, Rung

PERSON, AI = 0, 1
"""Columns of the rows; measures that the AI never touched come after them."""

FEWEST = 20
"""Relationships of a route; of each arm, half as many."""

FEWEST_PERIODS = 6
"""Four-week periods over which the starts of people must be spread where nobody else stands for the calendar."""

UNEVEN = 0.1
"""Difference between arms in the share of people who were not seen again, from which on chance no longer made the
arms alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """What is known besides the logs. Tables have relationship_id (uint64) and at (a time); None: there is none."""

    arms: pa.Table | None = None
    """Chance decided at `at` who got the AI that is asked about: `arm` is 1, or 0 for the others."""
    releases: pa.Table | None = None
    """The AI of a relationship was changed at `at`, by nobody in it."""
    untouched: tuple[str, ...] = ()
    """Measures of the person's on topics that the AI never touched."""
    adoption: pa.Table | None = None
    """The person began with the AI at `at`; earlier rows of the panel are from somewhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A change in two parts."""

    induced: Interval
    natural: Interval | Refused
    rung: Rung
    null: str
    method: str
    placebo: Interval | None = None
    """The same contrast where there was nothing to find."""


def by_arm(rows: Rows, arms: pa.Table, *, level: float) -> Split | Refused:
    """The later level of those who got it less that of the others, what they were before held constant."""
    at = dates_of(rows, arms)
    arm = column_of(rows, arms, "arm")
    known = np.isfinite(at)
    after, before = rows.at >= at[rows.owner], rows.at < at[rows.owner]
    later, earlier = mean_where(rows, PERSON, after), mean_where(rows, PERSON, before)
    seen = known & (count_where(rows, PERSON, after) >= FEWEST_SESSIONS)
    groups = [seen & (arm == value) for value in (0.0, 1.0)]
    if min(int(group.sum()) for group in groups) < FEWEST // 2:
        return _few("relationships in each arm", min(int(group.sum()) for group in groups), FEWEST // 2)
    lost = [1 - float(np.mean(seen[known & (arm == value)])) for value in (0.0, 1.0)]
    has_before = count_where(rows, PERSON, before) >= FEWEST_SESSIONS
    use = seen & has_before if (seen & has_before).sum() >= 0.9 * seen.sum() else seen
    x = np.stack([np.ones(int(use.sum())), arm[use]], axis=1)
    adjusted = bool(has_before[use].all())
    if adjusted:
        start = earlier[use] - earlier[use].mean()
        x = np.column_stack([x, start, start * (arm[use] - arm[use].mean())])
    induced = regressed(x, later[use], column=1, level=level)
    natural: Interval | Refused = Refused(
        reason=Missing.TOO_FEW,
        what="nobody was seen before the arms were drawn, so change without the AI has no start",
        do="begin to log some weeks before chance decides",
    )
    if adjusted:
        alone = use & (arm == 0.0)
        natural = mean_of(later[alone] - earlier[alone], level=level)
    even = abs(lost[0] - lost[1]) < UNEVEN
    return Split(
        induced=induced,
        natural=natural,
        rung=Rung.RANDOMISED if even else Rung.ADJUSTED,
        null="people would have come to the same level in either arm",
        method=(
            "level after chance decided, arm against arm"
            + (", the level before held constant, slopes differing by arm" if adjusted else "")
            + f"; {100 * lost[1]:.0f} and {100 * lost[0]:.0f} of 100 were not seen again"
            + ("" if even else ", so uneven that chance no longer made the arms alike")
        ),
    )


def by_release(rows: Rows, releases: pa.Table, *, level: float, moves_ai: bool) -> Split | Refused:
    """The change around a change of the AI's, less that of people on the same days whose AI was not changed."""
    at = dates_of(rows, releases)
    days = np.unique(np.round(at[np.isfinite(at)]))
    change = [stacked(rows, at, days, PERSON, shift=shift) for shift in (0.0, -WINDOW_DAYS)]
    unit, treated, _, _ = change[0]
    n_treated, n_other = len(np.unique(unit[treated > 0])), len(np.unique(unit[treated < 0]))
    if min(n_treated, n_other) < FEWEST // 2:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what=f"on the days of a change {n_treated} relationships with it and {n_other} without it were seen",
            do="change the AI of different people on different days; what comes to all at once cannot be told from"
            " whatever else came on that day",
        )
    if moves_ai:
        moved = difference_in_differences(stacked(rows, at, days, AI, shift=0.0), level=level)
        if moved.p > 0.05:
            return Refused(
                reason=Missing.NOT_IDENTIFIED,
                what="the change did not move what the AI does, as far as can be seen",
                do="use changes after which the AI writes differently, or name the measure that they move",
            )
    natural = np.asarray(change[0][2][treated < 0])
    return Split(
        induced=difference_in_differences(change[0], level=level),
        natural=interval(
            float(natural.mean()),
            float(natural.std(ddof=1) / np.sqrt(n_other)),
            degrees=n_other - 1,
            n=n_other,
            level=level,
        ),
        rung=Rung.ADJUSTED,
        null="people whose AI was changed would have changed as those on the same days whose AI was not",
        method=f"{WINDOW_DAYS:.0f} days after less {WINDOW_DAYS:.0f} before a change of the AI's, less the same of"
        " people without one on these days; errors clustered by relationship",
        placebo=difference_in_differences(change[1], level=level) if len(np.unique(change[1][0])) >= FEWEST else None,
    )


def by_untouched(rows: Rows, *, level: float) -> Split | Refused:
    """The change less that on topics which the AI never touched, both in units of one's own spread."""
    half = rows.half
    changes, spreads = [], []
    for column in [PERSON, *range(2, rows.value.shape[1])]:
        enough = np.minimum(count_where(rows, column, half), count_where(rows, column, ~half)) >= FEWEST_SESSIONS
        change = mean_where(rows, column, half) - mean_where(rows, column, ~half)
        whole = np.isfinite(rows.value[:, column])
        apart = rows.value[:, column] - mean_where(rows, column, whole)[rows.owner]
        spread = float(np.sqrt(np.mean(apart[whole] ** 2))) if whole.any() else 1.0
        changes.append(np.where(enough & (spread > 0), change / max(spread, 1e-12), np.nan))
        spreads.append(spread)
    table = np.array(changes)
    use = np.isfinite(table).all(axis=0)
    if use.sum() < FEWEST:
        return _few("relationships in which every topic was seen on both sides", int(use.sum()), FEWEST)
    other = spreads[0] * table[1:, use].mean(axis=0)
    own = spreads[0] * table[0, use]
    return Split(
        induced=mean_of(own - other, level=level),
        natural=mean_of(other, level=level),
        rung=Rung.ADJUSTED,
        null="the person changed here as on topics that the AI never touched",
        method="second half less first, less the same of topics that the AI never touched, in one's own spreads",
    )


def by_adoption(rows: Rows, adoption: pa.Table, *, level: float) -> Split | Refused:
    """The change over the start with the AI, less the same person's over as long a time before it."""
    at = dates_of(rows, adoption)
    since = rows.at - at[rows.owner]
    w = WINDOW_DAYS
    # Whoever begins when low would have risen anyway: the fortnight before the start is left out.
    windows = [(0.0, w), (-1.5 * w, -0.5 * w), (-3.0 * w, -2.0 * w)]
    after, before, earlier = (mean_between(rows, PERSON, since, *window) for window in windows)
    use = np.isfinite(after) & np.isfinite(before) & np.isfinite(earlier)
    if use.sum() < FEWEST:
        return _few(
            "relationships that were seen in the twelve weeks before the start and the four after",
            int(use.sum()),
            FEWEST,
        )
    period = np.floor(at[use] / w)
    if len(np.unique(period)) < FEWEST_PERIODS:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what=f"people began within {len(np.unique(period))} periods of {w:.0f} days, and what those brought to all"
            " cannot be told from the start with the AI",
            do=f"gather people who began in {FEWEST_PERIODS} or more such periods",
        )
    natural = (before - earlier)[use]
    return Split(
        induced=over_periods((after - before)[use] - natural, period, level=level),
        natural=over_periods(natural, period, level=level),
        rung=Rung.ADJUSTED,
        null="the person would have gone on changing as in the weeks before the start",
        method=f"{w:.0f} days from the start with the AI less {w:.0f} days that end two weeks before it, less the same"
        " six weeks earlier; errors clustered by the time of the start",
    )


def _few(what: str, n: int, needed: int) -> Refused:
    return Refused(
        reason=Missing.TOO_FEW, what=f"there are {n} {what}; {needed} are needed", do=f"gather {needed} or more {what}"
    )
