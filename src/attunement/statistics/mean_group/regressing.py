"""Least squares of each series on all series one step before, for all units at once, whole and by halves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

Column = Float[np.ndarray, "pairs series"]
Matrices = Float[np.ndarray, "units series series"]

NEARLY_SINGULAR = 1e-8
"""Smallest eigenvalue of the correlations of predictors in a half below which they are taken to repeat each other."""


class Pairs(NamedTuple):
    """Rows that follow the row before them, sorted by unit."""

    before: Column  # all series one step earlier
    after: Column  # all series
    unit: Int[np.ndarray, " pairs"]  # counted from 0 without holes
    row: Int[np.ndarray, " pairs"]  # where in the columns given


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
    spread: Matrices  # variance of a row of `value` for an innovation of variance 1
    innovation: Matrices  # covariance of innovations
    n: Float[np.ndarray, " units"]
    weight: Float[np.ndarray, "pairs series"]  # by how much a pair's innovation moves the unit's `value`
    residual: Column


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
    whole, halves = half_moments(pairs)
    n_units, p = whole.xy.shape[:2]
    plain = np.linalg.solve(whole.xx, whole.xy)
    inverse_half = np.linalg.inv(halves.xx)
    share = halves.n.reshape(n_units, 2) / whole.n[:, None]
    by_half = np.einsum("uhjk,uhkl->uhjl", inverse_half.reshape(n_units, 2, p, p), halves.xy.reshape(n_units, 2, p, p))
    value = 2 * plain - np.einsum("uh,uhjl->ujl", share, by_half)
    # The error of `value` is linear in the innovations; its variance comes down to this sum over halves.
    spread = np.einsum("uh,uhjk->ujk", share**2, inverse_half.reshape(n_units, 2, p, p))
    away = value - plain
    # What is left at the jackknifed slopes, not at those that make it smallest: short units vary more than they say.
    left = whole.yy - np.einsum("uji,ujk->uik", plain, whole.xy)
    left += np.einsum("uji,ujk,ukl->uil", away, whole.xx, away, optimize=True)
    innovation = left / (whole.n - p - 1)[:, None, None]
    first = np.concatenate([[0], np.cumsum(whole.n)[:-1]]).astype(np.int64)
    x, y = (_centred(column, pairs.unit, first, whole.n) for column in (pairs.before, pairs.after))
    within = np.arange(len(x)) - first[pairs.unit]
    half = 2 * pairs.unit + (within >= np.ceil(whole.n / 2)[pairs.unit])
    cuts = np.flatnonzero(np.diff(half, prepend=-1))
    x_half = x - _means(x, cuts, halves.n)[half]
    weight = 2 * np.einsum("uj,ujk->uk", x, np.linalg.inv(whole.xx)[pairs.unit])
    weight -= share.reshape(-1)[half][:, None] * np.einsum("uj,ujk->uk", x_half, inverse_half[half])
    residual = y - np.einsum("uj,ujk->uk", x, plain[pairs.unit])
    return Regressed(
        plain=np.swapaxes(plain, 1, 2),
        value=np.swapaxes(value, 1, 2),
        spread=spread,
        innovation=innovation,
        n=whole.n,
        weight=weight,
        residual=residual,
    )


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
