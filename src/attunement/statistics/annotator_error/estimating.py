"""Least squares of true variables on each other, from labels of some rows and an annotator's scores of all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

Matrix = Float[np.ndarray, "rows k"]
Column = Float[np.ndarray, " rows"]
PerCluster = Float[np.ndarray, "clusters k"]
Coefficients = Float[np.ndarray, " k"]


class Rows(NamedTuple):
    """What the estimators read: variables as labelled (0 where they are not) and as said, and weights."""

    x: Matrix
    y: Column
    x_said: Matrix
    y_said: Column
    weight: Column  # what the row counts for in the target
    drawn: Column  # one over its probability where it is labelled, 0 where it is not
    cluster: Int[np.ndarray, " rows"]  # from 0 on
    stratum: Int[np.ndarray, " rows"]  # from 0 on


class Fit(NamedTuple):
    """Coefficients, and how far each cluster moves them."""

    value: Coefficients
    moved: PerCluster  # the estimate less that without the cluster


class Tuned(NamedTuple):
    """A fit with what was learned of the use of the annotator's scores."""

    fit: Fit
    power: Float[np.ndarray, "strata k"]  # the weight that scores were given: 0 none, 1 as if they were labels


def least_squares(x: Matrix, y: Column, weight: Column, cluster: Int[np.ndarray, " rows"]) -> Fit | None:
    """Weighted least squares, and what leaving out each cluster does to it; None where columns repeat each other."""
    n = int(cluster.max()) + 1
    a, b = _by_cluster(x, x, weight, cluster, n), _by_cluster(x, y[:, None], weight, cluster, n)[:, :, 0]
    return _leave_out(a, b)


def doubly_robust(rows: Rows) -> Fit | None:
    """DSL: the moments of the scores, each mended by what labels say they are off (egami2023).

    Moments of predictors are mended like those of the outcome, so that errors of both are corrected. None where the
    mended moments are no moments: the annotator's errors are too large for so few labels.
    """
    n = int(rows.cluster.max()) + 1
    rest = rows.weight * (1 - rows.drawn)
    labelled = rows.weight * rows.drawn
    a = _by_cluster(rows.x_said, rows.x_said, rest, rows.cluster, n)
    a += _by_cluster(rows.x, rows.x, labelled, rows.cluster, n)
    b = _by_cluster(rows.x_said, rows.y_said[:, None], rest, rows.cluster, n)
    b += _by_cluster(rows.x, rows.y[:, None], labelled, rows.cluster, n)
    total = a.sum(axis=0)
    if np.linalg.eigvalsh(total)[0] <= 1e-8 * np.trace(total):
        return None
    return _leave_out(a, b[:, :, 0])


def power_tuned(rows: Rows, *, by_stratum: bool) -> Tuned | None:
    """PPI++ for any least squares: labels alone, less what the same regression of the scores says the draw did to them.

    The scores' regression has residuals whose sum is known over all rows; that over drawn rows, weighted, differs from
    it by the draw alone. The difference has mean 0 whatever the annotator does, and goes with the error of the labelled
    estimate. How much of it to take off is tuned, for each coefficient and, where labels allow it, each stratum: an
    annotator that knows nothing is then not listened to. Errors of predictors need no model: each regression is of what
    stands there.
    """
    n = int(rows.cluster.max()) + 1
    labels = least_squares(rows.x, rows.y, rows.weight * rows.drawn, rows.cluster)
    scores = least_squares(rows.x_said, rows.y_said, rows.weight, rows.cluster)
    if labels is None or scores is None:
        return None
    residual = rows.y_said - rows.x_said @ scores.value
    pulled = rows.weight * (rows.drawn - 1) * residual
    curvature = np.linalg.inv((rows.x_said * rows.weight[:, None]).T @ rows.x_said)
    stratum = rows.stratum if by_stratum else np.zeros_like(rows.stratum)
    n_strata = int(stratum.max()) + 1
    key = stratum * n + rows.cluster
    by = np.stack([np.bincount(key, pulled * column, minlength=n * n_strata) for column in rows.x_said.T], axis=-1)
    control = by.reshape(n_strata, n, -1) @ curvature  # what the draw did, by stratum, cluster and coefficient
    power = np.zeros((n_strata, len(labels.value)))
    moved, value = labels.moved.copy(), labels.value.copy()
    for k in range(len(value)):
        some = control[:, :, k]
        size = some @ some.T
        useful = np.diag(size) > 0  # everyone labelled: nothing was drawn, and there is nothing to take off
        leverage = np.zeros(n)
        if useful.any():
            inverse = np.linalg.pinv(size[np.ix_(useful, useful)], hermitian=True)
            power[useful, k] = inverse @ some[useful] @ labels.moved[:, k]
            leverage = np.einsum("sc,st,tc->c", some[useful], inverse, some[useful], optimize=True)
        # A cluster that tuned the use of scores made its own residual smaller: undo that.
        moved[:, k] = (moved[:, k] - power[:, k] @ some) / np.maximum(1 - leverage, 0.1)
        value[k] -= float(power[:, k] @ some.sum(axis=1))
    return Tuned(Fit(value, moved), power)


def standard_error(fit: Fit) -> Coefficients:
    """The jackknife over clusters."""
    centred = fit.moved - fit.moved.mean(axis=0)
    return np.asarray(np.sqrt((centred**2).sum(axis=0)))


def _leave_out(a: Float[np.ndarray, "clusters k k"], b: PerCluster) -> Fit | None:
    """The solution of the summed equations, less that without each cluster."""
    total_a, total_b = a.sum(axis=0), b.sum(axis=0)
    if np.linalg.cond(total_a) > 1e12:
        return None
    value = np.linalg.solve(total_a, total_b)
    moved = np.zeros_like(b)
    some = np.any(a != 0, axis=(1, 2)) | np.any(b != 0, axis=1)
    without = total_a - a[some]
    # Where one cluster alone carries a coefficient nothing is left without it; its first-order effect stands in.
    bad = np.linalg.cond(without) > 1e12
    without[bad] = total_a
    rest = np.linalg.solve(without, (total_b - b[some])[:, :, None])[:, :, 0]
    first_order = np.linalg.solve(total_a, (b[some] - a[some] @ value).T).T
    moved[some] = np.where(bad[:, None], first_order, value - rest)
    return Fit(value, moved)


def _by_cluster(
    left: Matrix, right: Float[np.ndarray, "rows m"], weight: Column, cluster: Int[np.ndarray, " rows"], n: int
) -> Float[np.ndarray, "clusters k m"]:
    """The weighted sum of products of columns, for each cluster."""
    sums = np.empty((n, left.shape[1], right.shape[1]))
    for i, one in enumerate(left.T):
        for j, other in enumerate(right.T):
            sums[:, i, j] = np.bincount(cluster, weight * one * other, minlength=n)
    return sums
