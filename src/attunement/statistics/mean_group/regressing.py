"""Least squares of each series on all series one step before, for all units at once, whole and by halves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

Column = Float[np.ndarray, "pairs series"]
Matrices = Float[np.ndarray, "units series series"]

NEARLY_SINGULAR = 1e-8
"""Smallest eigenvalue of the correlations of predictors in a half below which they are taken to repeat each other."""


LEAST_LEFT = 0.2
"""Share of a predictor's variance that a correction for noise leaves at least."""

LEAST_INNOVATION = 1e-3
"""Share of an outcome's variance that innovations are taken to have at least."""


class Pairs(NamedTuple):
    """Rows that follow the row before them, sorted by unit."""

    before: Column  # all series one step earlier
    after: Column  # all series
    unit: Int[np.ndarray, " pairs"]  # counted from 0 without holes
    row: Int[np.ndarray, " pairs"]  # where in the columns given
    noise_before: Column | None = None  # variance of the errors of `before`; None takes scores as free of error
    noise_after: Column | None = None


class Moments(NamedTuple):
    """Sums of squares and products about the mean, one row a unit or half unit."""

    n: Float[np.ndarray, " units"]
    xx: Matrices  # predictors with each other
    xy: Matrices  # predictors with outcomes
    yy: Matrices  # outcomes with each other


class Regressed(NamedTuple):
    """What least squares says of each unit; the first index of a matrix is the outcome, the second the predictor."""

    plain: Matrices  # of the whole series
    value: Matrices  # the half-panel jackknife: twice the whole less the mean of the halves
    variance: Matrices  # sampling variance of each of `value`
    innovation: Float[np.ndarray, "units series"]  # variance of innovations
    n: Float[np.ndarray, " units"]
    n_held: int  # units in which the correction for noise was held back


def half_moments(pairs: Pairs) -> tuple[Moments, Moments]:
    """Moments of whole units, and of their halves in the order first, second, first, second."""
    n_units = int(pairs.unit[-1]) + 1
    n = np.bincount(pairs.unit).astype(float)
    first = np.concatenate([[0], np.cumsum(n)[:-1]]).astype(np.int64)
    cuts = np.stack([first, first + np.ceil(n / 2).astype(np.int64)], axis=1).reshape(-1)
    # About the unit's mean first: products of numbers far from zero would lose the digits that matter.
    x, y = _centred(pairs.before, pairs.unit, first, n), _centred(pairs.after, pairs.unit, first, n)
    sums = [np.add.reduceat(column, cuts, axis=0) for column in (x, y)]
    products = [_products(left, right, cuts) for left, right in ((x, x), (x, y), (y, y))]
    n_half = np.diff(np.append(cuts, len(x))).astype(float)
    halves = _about_mean(n_half, sums[0], sums[1], products)
    by_unit = [total.reshape(n_units, 2, *total.shape[1:]).sum(axis=1) for total in (*sums, *products)]
    whole = _about_mean(n, by_unit[0], by_unit[1], by_unit[2:])
    return whole, halves


def solvable(pairs: Pairs) -> Bool[np.ndarray, " units"]:
    """Whether the predictors of both halves of a unit vary, and not all together."""
    whole, halves = half_moments(pairs)
    size, of_whole = np.einsum("uii->ui", halves.xx), np.einsum("uii->ui", whole.xx)
    varies = (size > NEARLY_SINGULAR * np.repeat(of_whole, 2, axis=0)).all(axis=1)
    safe = np.sqrt(np.where(varies[:, None], size, 1.0))
    correlation = halves.xx / (safe[:, :, None] * safe[:, None, :])
    smallest = np.linalg.eigvalsh(correlation)[:, 0]
    return np.asarray((varies & (smallest > NEARLY_SINGULAR)).reshape(-1, 2).all(axis=1))


def regress(pairs: Pairs) -> Regressed:
    """Each unit by itself, with an intercept; the units must be `solvable`."""
    raw = half_moments(pairs)
    noise = [_noise(pairs, moments, part) for moments, part in zip(raw, _parts(pairs), strict=True)]
    whole, halves = (Moments(m.n, m.xx - e.xx, m.xy - e.xy, m.yy - e.yy) for m, e in zip(raw, noise, strict=True))
    n_units, p = whole.xy.shape[:2]
    plain = np.linalg.solve(whole.xx, whole.xy)
    share = (halves.n / np.repeat(whole.n, 2)).reshape(n_units, 2)
    by_half = np.linalg.solve(halves.xx, halves.xy).reshape(n_units, 2, p, p)
    value = 2 * plain - np.einsum("uh,uhjl->ujl", share, by_half)
    # At the jackknifed slopes, not at those that leave least: short units vary more than those say. With noise the
    # jackknife strays too far for that in single units.
    at = value if pairs.noise_before is None else plain
    fitted = np.einsum("uji,ujk->uik", at, whole.xy)
    quadratic = np.einsum("uji,ujk,ukl->uil", at, whole.xx, at, optimize=True)
    left = np.einsum("uii->ui", whole.yy - 2 * fitted + quadratic)
    degrees = (whole.n - p - 1)[:, None]
    seen = np.einsum("uii->ui", raw[0].yy) / degrees
    innovation = np.maximum(left / degrees, LEAST_INNOVATION * seen)
    # What residuals hold beside innovations: errors of the outcome, and of the predictors times their slopes.
    mean_error = np.einsum("uii->ui", noise[0].yy) / whole.n[:, None]
    error = mean_error + mean_error @ np.mean(plain, axis=0) ** 2
    inverse = np.linalg.inv(halves.xx)
    # The error of `value` is linear in the innovations; its variance comes down to a sum over halves.
    spread = np.einsum("ujk,ukl,ulj->uj", inverse, raw[1].xx, inverse, optimize=True).reshape(n_units, 2, p)
    spread = np.einsum("uh,uhj->uj", share**2, spread)
    return Regressed(
        plain=np.swapaxes(plain, 1, 2),
        value=np.swapaxes(value, 1, 2),
        variance=(innovation + error)[:, :, None] * spread[:, None, :],
        innovation=innovation,
        n=whole.n,
        n_held=int(np.count_nonzero(noise[1].held.reshape(-1, 2).any(axis=1))),
    )


def influence(pairs: Pairs, found: Regressed) -> Float[np.ndarray, "pairs series series"]:
    """How much each pair moves the slopes of its unit, of which `regress` gave `found`."""
    whole, halves = half_moments(pairs)
    unit, half = _parts(pairs)
    inverse_whole, inverse_half = (
        np.linalg.inv(moments.xx - _noise(pairs, moments, part).xx) for moments, part in ((whole, unit), (halves, half))
    )
    share = halves.n / np.repeat(whole.n, 2)
    first = np.concatenate([[0], np.cumsum(whole.n)[:-1]]).astype(np.int64)
    x, y = (_centred(column, unit, first, whole.n) for column in (pairs.before, pairs.after))
    x_half = x - _means(x, np.flatnonzero(np.diff(half, prepend=-1)), halves.n)[half]
    residual = y - np.einsum("uj,ukj->uk", x, found.plain[unit])
    noise = np.zeros_like(x) if pairs.noise_before is None else pairs.noise_before
    # Errors of a predictor stand in the residual too: what they make together on average is taken out.
    together = found.plain[unit] * noise[:, None, :]
    moved = 2 * np.einsum("uij,ujk->uik", residual[:, :, None] * x[:, None, :] + together, inverse_whole[unit])
    by_half = np.einsum("uij,ujk->uik", residual[:, :, None] * x_half[:, None, :] + together, inverse_half[half])
    return np.asarray(moved - share[half][:, None, None] * by_half)


class _Noise(NamedTuple):
    """What errors add to moments on average."""

    xx: Matrices
    xy: Matrices
    yy: Matrices
    held: Bool[np.ndarray, " units"]  # whether the correction was held back, so that something is left


def _noise(pairs: Pairs, moments: Moments, part: Int[np.ndarray, " pairs"]) -> _Noise:
    """For each part: the sums of error variances about its mean, and how errors of neighbours meet in that mean."""
    n_parts, p = moments.xx.shape[:2]
    none = np.zeros((n_parts, p, p))
    if pairs.noise_before is None or pairs.noise_after is None:
        return _Noise(none, none, none, np.zeros(n_parts, dtype=bool))
    eye, n = np.eye(p), moments.n[:, None]
    before, after = (_sums(noise, part, n_parts) for noise in (pairs.noise_before, pairs.noise_after))
    # The error of a row is in `after` of its pair and in `before` of the next one: less their means they go together.
    follows = np.append((pairs.row[1:] - 1 == pairs.row[:-1]) & (part[1:] == part[:-1]), False)
    twice = _sums(np.where(follows[:, None], pairs.noise_after, 0.0), part, n_parts)
    xx = (before * (1 - 1 / n))[:, :, None] * eye
    # In short parts errors can seem to be all there is. Then only so much is taken out as leaves a fair share.
    most = np.linalg.eigvals(np.linalg.solve(moments.xx, xx)).real.max(axis=1)
    factor = np.minimum(1.0, (1 - LEAST_LEFT) / np.maximum(most, 1e-300))[:, None, None]
    xy = -(twice / n)[:, :, None] * eye
    yy = (after * (1 - 1 / n))[:, :, None] * eye
    return _Noise(factor * xx, factor * xy, factor * yy, factor[:, 0, 0] < 1)


def _parts(pairs: Pairs) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
    """The unit and the half unit of each pair."""
    n = np.bincount(pairs.unit)
    within = np.arange(len(pairs.unit)) - (np.cumsum(n) - n)[pairs.unit]
    return pairs.unit, 2 * pairs.unit + (within >= np.ceil(n / 2)[pairs.unit])


def _sums(column: Column, part: Int[np.ndarray, " pairs"], n_parts: int) -> Float[np.ndarray, "parts series"]:
    return np.stack([np.bincount(part, one, minlength=n_parts) for one in column.T], axis=1)


def _centred(
    column: Column, unit: Int[np.ndarray, " pairs"], first: Int[np.ndarray, " units"], n: Float[np.ndarray, " units"]
) -> Column:
    """Each value less its unit's mean; what is left of a series that stands still is rounding, and made 0."""
    mean = _means(column, first, n)[unit]
    apart = column - mean
    return np.where(np.abs(apart) <= 1e-12 * np.abs(mean), 0.0, apart)


def _means(
    column: Column, first: Int[np.ndarray, " parts"], n: Float[np.ndarray, " parts"]
) -> Float[np.ndarray, "parts series"]:
    return np.asarray(np.add.reduceat(column, first, axis=0) / n[:, None])


def _products(left: Column, right: Column, cuts: Int[np.ndarray, " parts"]) -> Float[np.ndarray, "parts series series"]:
    return np.asarray(np.add.reduceat(left[:, :, None] * right[:, None, :], cuts, axis=0))


def _about_mean(
    n: Float[np.ndarray, " parts"],
    x: Float[np.ndarray, "parts series"],
    y: Float[np.ndarray, "parts series"],
    products: list[Float[np.ndarray, "parts series series"]],
) -> Moments:
    about = [
        product - left[:, :, None] * right[:, None, :] / n[:, None, None]
        for product, left, right in zip(products, (x, x, y), (x, y, y), strict=True)
    ]
    return Moments(n, *about)
