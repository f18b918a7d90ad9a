"""A regression within people: least squares of deviations from each relationship's own usual, freed of small-T bias.

The pooled slope of centred columns is biased by one over the number of sessions wherever the outcome feeds back on
what comes later; twice the whole less the mean of both halves of every series has that bias cancelled. The error is a
jackknife that leaves out one person at a time and does all of it again, so that people may differ in their slopes,
their rows may depend on each other in any way, and few people are not taken for many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from attunement.statistics.sensitivity import Degrees, effective_degrees

Rows = Float[np.ndarray, " rows"]
Matrix = Float[np.ndarray, "rows columns"]

FEWEST_ROWS = 12
"""Rows that a relationship needs: with eight sessions, what is left of the bias was larger than the margin."""

LEAST_TOLERANCE = 1e-6
"""Share of a control's spread that the columns before it must leave, or it repeats them and is left out."""

LEAST_LEFT = 0.2
"""Share of a column's spread that a correction for noise leaves at least."""

MOST_GROUPS = 4000
"""People are left out one at a time up to so many, and in as many groups beyond: memory goes with their number."""

_ROUNDS = 6


class Within(NamedTuple):
    """The slope of the outcome on the exposure, which is the first column."""

    value: float
    se: float
    replicates: Float[np.ndarray, " clusters"]
    """The slope without each person or group of people; the slope itself for those without rows."""
    degrees: Degrees
    plain: float
    """Without the correction for short series."""
    plain_se: float
    outcome_sd: float
    """What all columns leave of the outcome."""
    exposure_sd: float
    """What the other columns leave of the exposure."""
    outcome_spread: float
    """Standard deviation of the outcome within relationships."""
    exposure_spread: float
    """The same of the exposure."""
    n_rows: int
    n_clusters: int
    """People with rows."""
    held: bool
    """Whether a correction for noise was held back, so that something was left."""


def regress_within(
    y: Rows,
    x: Matrix,
    *,
    unit: Int[np.ndarray, " rows"],
    cluster: Int[np.ndarray, " rows"],
    n_clusters: int,
    weight: Rows | None = None,
    period: Int[np.ndarray, " rows"] | None = None,
    noise_variance: Float[np.ndarray, " columns"] | None = None,
    centred: bool = True,
) -> Within | None:
    """The within-relationship slope of `y` on the first column of `x`, holding the others.

    Args:
        y: the outcome of each row; rows are sorted by relationship and time.
        x: the exposure, then the controls; finite wherever `y` is used.
        unit: the relationship of each row.
        cluster: the person of each row, from 0.
        n_clusters: of the whole study, so that replicates of several regressions go together.
        weight: of each row; rows with 0 or without an outcome are left out.
        period: the calendar week of each row: what everybody shares in it is taken out.
        noise_variance: of the error of each column of `x`, which is taken out of its spread.
        centred: False leaves columns as they are, with an intercept, for exposures that chance decided.

    Returns:
        None where no relationship is long enough or the exposure does not move.

    Assumes:  people are independent given the period; the outcome is linear in the columns.
    Source:   dhaene2015, section 3.1, for the halves; bellmccaffrey2002 for leaving out clusters.
    Checked:  benchmarks/recovery/reward_hacking.py
    """
    w = np.ones(len(y)) if weight is None else weight
    keep = np.isfinite(y) & np.isfinite(x).all(axis=1) & (w > 0)
    if centred and keep.any():
        keep &= np.bincount(unit[keep], minlength=int(unit.max()) + 1)[unit] >= FEWEST_ROWS
    if not keep.any():
        return None
    table, w, cluster = np.column_stack([x, y])[keep], w[keep] / w[keep].mean(), cluster[keep]
    n_people = len(np.unique(cluster))
    cluster, n_clusters = grouped(cluster, n_clusters)
    _, unit = np.unique(unit[keep], return_inverse=True)
    table = table - table.mean(axis=0)
    if period is not None:
        table = _without_periods(table, w, unit, np.unique(period[keep], return_inverse=True)[1], centred=centred)
    parts = [unit, _halves(unit)] if centred else [np.zeros(len(w), dtype=np.int64)]
    whole = _moments(table, w, parts[0], cluster, n_clusters)
    noise = np.zeros(x.shape[1]) if noise_variance is None else noise_variance
    use = _usable(whole.sum(axis=0))
    if use[0] != 0:
        return None
    pieces, noises = [whole], [_noise(w, parts[0], cluster, n_clusters, noise)]
    if centred:
        is_second = parts[1] % 2 == 1
        for half in (~is_second, is_second):
            pieces.append(_moments(table[half], w[half], unit[half], cluster[half], n_clusters))
            noises.append(_noise(w[half], unit[half], cluster[half], n_clusters, noise))
    return _solved(pieces, noises, use, n_rows=len(w), weight=float(w.sum()), cluster=cluster, n_people=n_people)


def grouped(cluster: Int[np.ndarray, " rows"], n_clusters: int) -> tuple[Int[np.ndarray, " rows"], int]:
    """People in no more groups than `MOST_GROUPS`, and how many groups there are."""
    return (cluster, n_clusters) if n_clusters <= MOST_GROUPS else (cluster % MOST_GROUPS, MOST_GROUPS)


def _halves(unit: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    """Twice the unit, and one more in the second half of its rows."""
    n = np.bincount(unit)
    place = np.arange(len(unit)) - (np.cumsum(n) - n)[unit]
    return np.asarray(2 * unit + (place >= np.ceil(n / 2)[unit]))


def _moments(
    table: Matrix, w: Rows, part: Int[np.ndarray, " rows"], cluster: Int[np.ndarray, " rows"], n_clusters: int
) -> Float[np.ndarray, "clusters columns columns"]:
    apart = _centred(table, w, part)
    first = np.flatnonzero(np.diff(cluster, prepend=-1))
    out = np.zeros((n_clusters, table.shape[1], table.shape[1]))
    for place in range(table.shape[1]):
        products = np.add.reduceat(apart * (w * apart[:, place])[:, None], first, axis=0)
        np.add.at(out[:, place], cluster[first], products)
    return out


def _centred(table: Matrix, w: Rows, part: Int[np.ndarray, " rows"]) -> Matrix:
    total = np.bincount(part, w)
    safe = np.where(total > 0, total, 1.0)
    means = np.stack([np.bincount(part, w * column) for column in table.T], axis=1) / safe[:, None]
    return np.asarray(table - means[part])


def _without_periods(
    table: Matrix, w: Rows, unit: Int[np.ndarray, " rows"], period: Int[np.ndarray, " rows"], *, centred: bool
) -> Matrix:
    """Columns less what relationships and periods have of their own, by turns until both are gone."""
    for _ in range(_ROUNDS if centred else 1):
        table = _centred(table, w, period)
        if centred:
            table = _centred(table, w, unit)
    return table


def _noise(
    w: Rows,
    part: Int[np.ndarray, " rows"],
    cluster: Int[np.ndarray, " rows"],
    n_clusters: int,
    noise: Float[np.ndarray, " columns"],
) -> Float[np.ndarray, "clusters columns columns"]:
    """What errors of the columns add to their squares on average, after each part's mean is taken off."""
    total = np.bincount(part, w)
    left = w * (1 - w / total[part])
    size = np.bincount(cluster, left, minlength=n_clusters)
    out = np.zeros((n_clusters, len(noise) + 1, len(noise) + 1))
    at = np.arange(len(noise))
    out[:, at, at] = size[:, None] * noise
    return out


def _usable(total: Float[np.ndarray, "columns columns"]) -> Int[np.ndarray, " used"]:
    """Columns that move and are not made of those before them."""
    k = len(total) - 1
    size = np.sqrt(np.maximum(np.diag(total)[:k], 0.0))
    moves = size > 1e-9 * max(1.0, float(size.max(initial=0.0)))
    used: list[int] = []
    for place in np.flatnonzero(moves).tolist():
        at = [*used, place]
        correlation = total[np.ix_(at, at)] / np.outer(size[at], size[at])
        left = 1.0
        if used:
            inner = np.linalg.solve(correlation[:-1, :-1], correlation[:-1, -1])
            left = float(1 - correlation[-1, :-1] @ inner)
        if left > LEAST_TOLERANCE:
            used.append(place)
    return np.array(used or [-1], dtype=np.int64)


def _solved(
    pieces: list[Float[np.ndarray, "clusters columns columns"]],
    noises: list[Float[np.ndarray, "clusters columns columns"]],
    use: Int[np.ndarray, " used"],
    *,
    n_rows: int,
    weight: float,
    cluster: Int[np.ndarray, " rows"],
    n_people: int,
) -> Within | None:
    k = pieces[0].shape[1] - 1
    at = np.append(use, k)
    moments = [piece[:, at][:, :, at] for piece in pieces]
    held = False
    for number, noise in enumerate(noises):
        own = noise[:, at][:, :, at]
        if not own.any():
            continue
        factor = _factor(moments[number].sum(axis=0), own.sum(axis=0))
        held |= factor < 1
        moments[number] = moments[number] - factor * own
    slopes, without = zip(*(_slopes(piece) for piece in moments), strict=True)
    share = 0.5 if len(pieces) > 1 else 0.0
    value = slopes[0] if not share else 2 * slopes[0] - share * (slopes[1] + slopes[2])
    replicates = without[0] if not share else 2 * without[0] - share * (without[1] + without[2])
    present = np.unique(cluster)
    n = len(present)
    if n < 3 or not np.isfinite(replicates).all() or not np.isfinite(value).all():
        return None
    total = moments[0].sum(axis=0)
    inverse = np.linalg.inv(total[:-1, :-1])
    residual = total[-1, -1] - 2 * slopes[0] @ total[:-1, -1] + slopes[0] @ total[:-1, :-1] @ slopes[0]
    ahead = inverse[0] / inverse[0, 0]  # the exposure less what the others tell of it, as a combination of columns
    information = np.einsum("i,cij,j->c", ahead, pieces[0][:, at][:, :, at][:, :-1, :-1], ahead)[present]
    moved = (replicates[:, 0] - value[0])[present]
    spread = np.sqrt((n - 1) / n)
    return Within(
        value=float(value[0]),
        se=float(spread * np.sqrt(np.sum((moved - moved.mean()) ** 2))),
        replicates=replicates[:, 0],
        degrees=effective_degrees(np.maximum(information, 0.0), -moved * information.sum()),
        plain=float(slopes[0][0]),
        plain_se=float(spread * np.std((without[0][:, 0])[present]) * np.sqrt(n)),
        outcome_sd=float(np.sqrt(max(residual, 1e-300) / weight)),
        exposure_sd=float(np.sqrt(1 / inverse[0, 0] / weight)),
        outcome_spread=float(np.sqrt(total[-1, -1] / weight)),
        exposure_spread=float(np.sqrt(total[0, 0] / weight)),
        n_rows=n_rows,
        n_clusters=n_people,
        held=held,
    )


def _factor(total: Float[np.ndarray, "k k"], noise: Float[np.ndarray, "k k"]) -> float:
    """How much of the noise can be taken out and leave a fair share of the spread in every direction."""
    k = len(total) - 1
    most = float(np.linalg.eigvals(np.linalg.solve(total[:k, :k], noise[:k, :k])).real.max())
    return min(1.0, (1 - LEAST_LEFT) / most) if most > 0 else 1.0


def _slopes(
    moments: Float[np.ndarray, "clusters k k"],
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "clusters k"]]:
    """Least squares of all clusters, and without each."""
    total = moments.sum(axis=0)
    left = total - moments
    try:
        value = np.linalg.solve(total[:-1, :-1], total[:-1, -1])
        without = np.linalg.solve(left[:, :-1, :-1], left[:, :-1, -1][:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return np.full(len(total) - 1, np.nan), np.full((len(moments), len(total) - 1), np.nan)
    return value, without
