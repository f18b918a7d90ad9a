"""The compiled arithmetic: a Kalman filter for one unit at a time, over many parameter values ("lanes") at once.

The state is the p series without measurement error, around a random intercept. The intercept is integrated out exactly
without a place in the state: beside the data the filter runs over one column for each intercept, and the gram matrix
of all columns says how the likelihood depends on them. Measurement errors are independent of each other, so that series
enter one after the other and a missing one is left out.

The innermost loops go over lanes, which lie side by side in memory; this is what makes it quick. Nothing here checks
its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from attunement.statistics.compiling import numba

Given = ParamSpec("Given")
Made = TypeVar("Made")
Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

BEND = 0.75
"""From where on cross-effects are bent back, as a share of the strength at which the system could lose its hold."""

LIMIT = 0.98
"""The strength that bent cross-effects stay under."""

LANES = 8
"""Lanes are filled up to a multiple of this, so that no loop over them has a slow remainder."""

LOGS_TOGETHER = 12
"""How many innovation variances are multiplied before their logarithm is taken."""


class Occasions(NamedTuple):
    """What was seen of all units, in scaled units."""

    times: Numbers  # n
    values: Numbers  # n, p; NaN where missing
    known: Numbers  # n, p: variances of measurement errors that are known, 0 elsewhere
    group: Places  # n, p: which of the estimated variances holds; -1 where it is known
    starts: Places  # units + 1: the first occasion of each unit, and one past the last


class Shared(NamedTuple):
    """What units have in common, in as many variants as are to be evaluated."""

    diffusions: Numbers  # variants, p, p
    noises: Numbers  # variants, groups
    mean: Numbers  # p: of the intercepts
    factor: Numbers  # p, p: the root of their covariance


class Found(NamedTuple):
    """Where results are written."""

    log_likelihood: Numbers  # units, variants, nodes
    by_mean: Numbers  # units, nodes, p: its derivatives by the mean of intercepts, for the first variant
    by_factor: Numbers  # units, nodes, p, p: and by the root of their covariance


def compiled(function: Callable[Given, Made]) -> Callable[Given, Made]:
    """Numba's `njit`, keeping the type; the lock of the interpreter is given up while it runs."""
    njit = numba.njit(nogil=True, cache=True, fastmath={"contract", "nsz", "reassoc"}, error_model="numpy")
    return cast("Callable[Given, Made]", njit(function))


@compiled
def drift_matrix(theta: Numbers, n_series: int, out: Numbers) -> None:
    """Write the drift matrix of a parameter vector: log decay rates, then cross-effects row by row.

    With rates r on the diagonal of D the matrix is -D^(1/2) (I - S - K) D^(1/2), S symmetric and K antisymmetric. S is
    bent so that its largest eigenvalue stays under LIMIT, hence every value of theta gives a stable system.
    """
    at = n_series
    for i in range(n_series):
        out[i, i] = -np.exp(theta[i])
        for j in range(n_series):
            if i != j:
                out[i, j] = theta[at]
                at += 1
    # sqrt((p-1)/p) times the Frobenius norm bounds the eigenvalues of a symmetric matrix of trace 0; exact for two.
    total = 0.0
    for i in range(n_series):
        for j in range(n_series):
            if i != j:
                s = 0.5 * (out[i, j] + out[j, i]) / np.sqrt(out[i, i] * out[j, j])
                total += s * s
    strength = np.sqrt(total * (n_series - 1) / n_series)
    if strength > BEND:
        width = LIMIT - BEND
        share = (BEND + width * np.tanh((strength - BEND) / width)) / strength
        for i in range(n_series):
            for j in range(i):
                middle = 0.5 * (out[i, j] + out[j, i])
                out[i, j] += (share - 1.0) * middle
                out[j, i] += (share - 1.0) * middle


@compiled
def transition(drifts: Numbers, size: float, gap: float, out: Numbers, work: Numbers) -> None:
    """Write exp(A gap) of all lanes: Taylor's series to order 8 in four products, then squared again and again.

    `size` bounds the largest row sum of |A| over the lanes.
    """
    p, _, n_lanes = drifts.shape
    a, square, cube, high = work[0], work[1], work[2], work[3]
    n_twice = (max(0, int(np.ceil(np.log2(size * gap + 1e-300))) + 3) + 1) // 2
    scale = gap / 4.0**n_twice
    for i in range(p):
        for j in range(p):
            for k in range(n_lanes):
                a[i, j, k] = drifts[i, j, k] * scale
    _multiply(a, a, square)
    _multiply(square, a, cube)
    _polynomial(1.0 / 720.0, 1.0 / 5040.0, 1.0 / 40320.0, work, high)
    _multiply(high, cube, out)
    _polynomial(1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, work, high)
    _add(out, high)
    _multiply(high, cube, out)
    _polynomial(1.0, 1.0, 0.5, work, high)
    _add(high, out)
    for _ in range(n_twice):
        _multiply(out, out, high)
        _multiply(high, high, out)


@compiled
def _polynomial(zeroth: float, first: float, second: float, powers: Numbers, out: Numbers) -> None:
    _, p, _, n_lanes = powers.shape
    for i in range(p):
        for j in range(p):
            one = zeroth if i == j else 0.0
            for k in range(n_lanes):
                out[i, j, k] = one + first * powers[0, i, j, k] + second * powers[1, i, j, k]


@compiled
def _add(what: Numbers, to: Numbers) -> None:
    for i in range(to.shape[0]):
        for j in range(to.shape[1]):
            for k in range(to.shape[2]):
                to[i, j, k] += what[i, j, k]


@compiled
def _multiply(a: Numbers, b: Numbers, out: Numbers) -> None:
    """Write the product of a and b, lane by lane; there are two series at least."""
    p, n_lanes = a.shape[0], a.shape[2]
    for i in range(p):
        for j in range(b.shape[1]):
            for k in range(n_lanes):
                out[i, j, k] = a[i, 0, k] * b[0, j, k] + a[i, 1, k] * b[1, j, k]
            for m in range(2, p):
                for k in range(n_lanes):
                    out[i, j, k] += a[i, m, k] * b[m, j, k]


@compiled
def _repeat(f: Numbers, out: Numbers) -> None:
    """Write the lanes of one variant as those of every variant."""
    n_nodes = f.shape[2]
    for i in range(f.shape[0]):
        for j in range(f.shape[1]):
            for first in range(0, out.shape[2], n_nodes):
                for k in range(n_nodes):
                    out[i, j, first + k] = f[i, j, k]


@compiled
def stationary(a: Numbers, diffusion: Numbers, out: Numbers, lane: int) -> None:
    """The covariance P that the system keeps: A P + P A' + Q = 0, solved for the lower half of P."""
    p = a.shape[0]
    size = p * (p + 1) // 2
    system, right = np.zeros((size, size)), np.zeros(size)
    row = 0
    for i in range(p):
        for j in range(i + 1):
            right[row] = -diffusion[i, j]
            for k in range(p):
                system[row, max(k, j) * (max(k, j) + 1) // 2 + min(k, j)] += a[i, k]
                system[row, max(k, i) * (max(k, i) + 1) // 2 + min(k, i)] += a[j, k]
            row += 1
    _solve_in_place(system, right)
    row = 0
    for i in range(p):
        for j in range(i + 1):
            out[i, j, lane] = right[row]
            out[j, i, lane] = right[row]
            row += 1


@compiled
def _solve_in_place(system: Numbers, right: Numbers) -> None:
    """Gauss with partial pivoting; the solution is left in `right`."""
    n = len(right)
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(system[i, k]) > abs(system[best, k]):
                best = i
        if best != k:
            for j in range(k, n):
                system[k, j], system[best, j] = system[best, j], system[k, j]
            right[k], right[best] = right[best], right[k]
        for i in range(k + 1, n):
            factor = system[i, k] / system[k, k]
            for j in range(k + 1, n):
                system[i, j] -= factor * system[k, j]
            right[i] -= factor * right[k]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            right[k] -= system[k, j] * right[j]
        right[k] /= system[k, k]


@compiled
def _predict(f: Numbers, keep: Numbers, cov: Numbers, columns: Numbers, old: Numbers) -> None:
    """To the next occasion: columns <- F columns, cov <- F (cov - keep) F' + keep."""
    p, n_lanes = cov.shape[0], cov.shape[2]
    _multiply(f, columns, old)
    _repeat(old, columns)
    for i in range(p):
        for j in range(p):
            for k in range(n_lanes):
                cov[i, j, k] -= keep[i, j, k]
    _multiply(f, cov, old)
    for i in range(p):
        for j in range(i + 1):
            for k in range(n_lanes):
                cov[i, j, k] = keep[i, j, k] + old[i, 0, k] * f[j, 0, k] + old[i, 1, k] * f[j, 1, k]
            for m in range(2, p):
                for k in range(n_lanes):
                    cov[i, j, k] += old[i, m, k] * f[j, m, k]
            _mirror(cov, i, j)


@compiled
def _mirror(cov: Numbers, i: int, j: int) -> None:
    if i != j:
        for k in range(cov.shape[2]):
            cov[j, i, k] = cov[i, j, k]


@compiled
def _update(s: int, value: float, noise: Numbers, cov: Numbers, columns: Numbers, gram: Numbers, work: Numbers) -> None:
    """Take in series s of an occasion: adds to the gram matrix and conditions the state on it."""
    p, n_lanes = cov.shape[0], cov.shape[2]
    one_over, product = work[p], work[p + 1]
    gain, w = work[:p], work[p + 2 :]
    for k in range(n_lanes):
        variance = cov[s, s, k] + noise[k]
        product[k] *= variance
        one_over[k] = 1.0 / variance
    for i in range(p):
        for k in range(n_lanes):
            gain[i, k] = cov[i, s, k] * one_over[k]
    for i in range(p + 1):
        seen = value if i == p else (1.0 if i == s else 0.0)
        for k in range(n_lanes):
            w[i, k] = seen - columns[s, i, k]
        for j in range(i + 1):
            for k in range(n_lanes):
                gram[i, j, k] += w[i, k] * w[j, k] * one_over[k]
    for i in range(p):
        for j in range(p + 1):
            for k in range(n_lanes):
                columns[i, j, k] += gain[i, k] * w[j, k]
        for j in range(i + 1):
            for k in range(n_lanes):
                cov[i, j, k] -= gain[i, k] * gain[j, k] / one_over[k]
            _mirror(cov, i, j)


@compiled
def _collect(product: Numbers, log_size: Numbers) -> None:
    for k in range(len(product)):
        log_size[k] += np.log(product[k])
        product[k] = 1.0


@compiled
def _filter(seen: Occasions, noises: Numbers, f: Numbers, keep: Numbers, gram: Numbers, log_size: Numbers) -> None:
    """All occasions of one unit: the gram matrix of innovations, and the logarithm of their variances.

    Lanes are the nodes of the first variant, then those of the second and so on; f holds one variant's worth. Columns
    are what the filter makes of an intercept of 1 in each series, and, last, of the data.
    """
    n_occasions, p = seen.values.shape
    n_lanes, n_nodes = len(log_size), f.shape[3]
    cov, columns = np.empty_like(keep), np.zeros((p, p + 1, n_lanes))
    old, work = np.empty((p, p + 1, n_lanes)), np.ones((2 * p + 3, n_lanes))
    now, noise = np.empty((p, p, n_lanes)), np.empty(n_lanes)
    gram.fill(0.0)
    log_size.fill(0.0)
    _repeat(keep, cov)
    n_waiting = 0
    for t in range(n_occasions):
        if t > 0:
            _repeat(f[t], now)
            _predict(now, keep, cov, columns, old)
        for s in range(p):
            if np.isnan(seen.values[t, s]):
                continue
            for v in range(len(noises)):
                own = seen.known[t, s] if seen.group[t, s] < 0 else noises[v, seen.group[t, s]]
                for k in range(v * n_nodes, (v + 1) * n_nodes):
                    noise[k] = own
            _update(s, seen.values[t, s], noise, cov, columns, gram, work)
            n_waiting += 1
            if n_waiting == LOGS_TOGETHER:
                _collect(work[p + 1], log_size)
                n_waiting = 0
    _collect(work[p + 1], log_size)


@compiled
def _invert(m: Numbers, low: Numbers, out: Numbers) -> float:
    """Write the inverse of a positive definite matrix; gives the logarithm of its determinant."""
    p = m.shape[0]
    log_size = 0.0
    for i in range(p):
        for j in range(i + 1):
            total = m[i, j]
            for k in range(j):
                total -= low[i, k] * low[j, k]
            low[i, j] = np.sqrt(total) if i == j else total / low[j, j]
        log_size += 2.0 * np.log(low[i, i])
    for column in range(p):
        for i in range(p):
            total = 1.0 if i == column else 0.0
            for k in range(i):
                total -= low[i, k] * out[k, column]
            out[i, column] = total / low[i, i]
        for i in range(p - 1, -1, -1):
            total = out[i, column]
            for k in range(i + 1, p):
                total -= low[k, i] * out[k, column]
            out[i, column] = total / low[i, i]
    return log_size


@compiled
def _integrate_intercepts(
    gram: Numbers, mean: Numbers, factor: Numbers, by_mean: Numbers, by_factor: Numbers, work: Numbers
) -> float:
    """What intercepts N(mean, factor factor') make of the gram matrix of one lane: -2 log likelihood without constants.

    Writes the derivatives of the log likelihood by `mean` and `factor`: with intercepts mean + factor z, given the
    data z has covariance (I + factor' B factor)^-1 and mean that times factor' r, where B is the gram matrix of the
    intercepts, b that of intercepts and data, and r = b - B mean.
    """
    p = len(mean)
    bl, m, low, spread = work[0], work[1], work[2], work[3]
    r, u, z = work[4, 0], work[5, 0], work[6, 0]
    total = gram[p, p]
    for i in range(p):
        r[i] = gram[p, i]
        for j in range(p):
            bl[i, j] = 0.0
            for k in range(p):
                bl[i, j] += gram[max(i, k), min(i, k)] * factor[k, j]
            r[i] -= gram[max(i, j), min(i, j)] * mean[j]
        total -= (gram[p, i] + r[i]) * mean[i]
    for i in range(p):
        u[i] = 0.0
        for j in range(p):
            u[i] += factor[j, i] * r[j]
            m[i, j] = 1.0 if i == j else 0.0
            for k in range(p):
                m[i, j] += factor[k, i] * bl[k, j]
    total += _invert(m, low, spread)
    for i in range(p):
        z[i] = 0.0
        for j in range(p):
            z[i] += spread[i, j] * u[j]
        total -= u[i] * z[i]
    for i in range(p):
        by_mean[i] = r[i]
        for j in range(p):
            by_mean[i] -= bl[i, j] * z[j]
    for i in range(p):
        for j in range(p):
            by_factor[i, j] = by_mean[i] * z[j]
            for k in range(p):
                by_factor[i, j] -= bl[i, k] * spread[k, j]
    return float(total)


@compiled
def _lay_drifts(nodes: Numbers, drifts: Numbers, work: Numbers) -> float:
    """Write the drift matrices of nodes as lanes, the last filling up; gives the largest row sum of absolute values."""
    p, _, n_lanes = drifts.shape
    size = 0.0
    for k in range(n_lanes):
        drift_matrix(nodes[min(k, len(nodes) - 1)], p, work)
        for i in range(p):
            row = 0.0
            for j in range(p):
                drifts[i, j, k] = work[i, j]
                row += abs(work[i, j])
            size = max(size, row)
    return float(size)


@compiled
def evaluate_units(which: Places, seen: Occasions, nodes: Numbers, shared: Shared, found: Found) -> None:
    """Log likelihoods of some units at nodes (units, nodes, drift parameters), for every variant of what they share."""
    p, n_nodes, n_variants = seen.values.shape[1], nodes.shape[1], len(shared.diffusions)
    n_filled = (n_nodes + LANES - 1) // LANES * LANES
    longest = 0
    for unit in which:
        longest = max(longest, seen.starts[unit + 1] - seen.starts[unit])
    f, products = np.empty((longest, p, p, n_filled)), np.empty((4, p, p, n_filled))
    drifts, work = np.empty((p, p, n_filled)), np.empty((7, p, p))
    n_lanes = n_filled * n_variants
    keep, gram, log_size = np.empty((p, p, n_lanes)), np.empty((p + 1, p + 1, n_lanes)), np.empty(n_lanes)
    own, no_mean, no_factor = np.empty((p + 1, p + 1)), np.empty(p), np.empty((p, p))
    for unit in which:
        first, last = seen.starts[unit], seen.starts[unit + 1]
        one = Occasions(
            seen.times[first:last], seen.values[first:last], seen.known[first:last], seen.group[first:last], seen.starts
        )
        size = _lay_drifts(nodes[unit], drifts, work[0])
        for t in range(1, last - first):
            transition(drifts, size, one.times[t] - one.times[t - 1], f[t], products)
        for v in range(n_variants):
            for k in range(n_filled):
                stationary(drifts[:, :, k], shared.diffusions[v], keep, v * n_filled + k)
        _filter(one, shared.noises, f, keep, gram, log_size)
        constant = _n_seen(one.values) * np.log(2.0 * np.pi)
        for v in range(n_variants):
            for k in range(n_nodes):
                lane = v * n_filled + k
                own[:] = gram[:, :, lane]
                to_mean = found.by_mean[unit, k] if v == 0 else no_mean
                to_factor = found.by_factor[unit, k] if v == 0 else no_factor
                total = _integrate_intercepts(own, shared.mean, shared.factor, to_mean, to_factor, work)
                found.log_likelihood[unit, v, k] = -0.5 * (total + log_size[lane] + constant)


@compiled
def _n_seen(values: Numbers) -> int:
    n = 0
    for t in range(values.shape[0]):
        for s in range(values.shape[1]):
            n += 0 if np.isnan(values[t, s]) else 1
    return n
