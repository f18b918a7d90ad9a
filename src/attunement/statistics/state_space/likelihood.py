"""The likelihood of every unit and its derivatives, with the drift of a unit integrated out by adaptive quadrature.

Intercepts are integrated out exactly (in `kernels`). What is left is an integral over the drift parameters of a unit:
nodes are laid around its most likely drift, stretched by the curvature there, so that the rule is exact where the
posterior is a normal density times a polynomial of degree 5. Derivatives follow from Fisher's identity: the derivative
of a log integral is the mean, over the posterior, of the derivative of the log integrand.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from attunement.statistics.state_space.kernels import Found, Occasions, Shared, evaluate_units
from attunement.statistics.state_space.parameters import Layout, Vector

PerUnit = Float[np.ndarray, " units"]
Nodes = Float[np.ndarray, "units nodes drifts"]

STEP = 1e-6
"""Of one-sided differences by diffusion and noise: far above rounding, far below what a standard error can show."""

STENCIL = 1e-3
"""Of the differences by which the curvature in the drift of a unit is found."""

MOST_STRETCHED = 2.0
"""A posterior is taken to be at most this much wider than the prior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Series in scaled units, ready for the kernels."""

    seen: Occasions
    """What was seen of all units."""
    layout: Layout
    """Where each parameter stands."""
    n_threads: int
    """How many threads share the units."""

    @property
    def n_units(self) -> int:
        """How many units."""
        return len(self.seen.starts) - 1


class Centres(NamedTuple):
    """Where the nodes of each unit are laid."""

    mode: Float[np.ndarray, "units drifts"]  # the most likely drift parameters
    factor: Float[np.ndarray, "units drifts drifts"]  # of the covariance at the mode: lower triangle


class Evaluated(NamedTuple):
    """The likelihood at one value of the parameters."""

    log_likelihood: PerUnit  # of each unit
    scores: Float[np.ndarray, "units parameters"]  # its derivatives
    centres: Centres  # where the nodes were
    drift_mean: Float[np.ndarray, "units drifts"]  # posterior mean of each unit's drift parameters
    drift_covariance: Float[np.ndarray, "units drifts drifts"]  # posterior covariance


def sphere_rule(n: int) -> tuple[Float[np.ndarray, "nodes n"], Float[np.ndarray, " nodes"]]:
    """Nodes and positive weights for the mean of a function of n standard normal variables, exact to degree 5.

    One node at 0, the others on the sphere of radius sqrt(n + 2): both ends of every axis, and corners of the cube.
    All 2^n corners are not needed, only so many that any four coordinates take all their signs equally often: 16 for
    4 variables (with the axes, the 24-cell), 128 for 9.

    Source: stroud1971, for products of a radial rule with one on the sphere.
    """
    signs: list[int] = []  # coordinates of corners are parities: no two pairs of these may have the same difference
    differences: set[int] = set()
    tried = 0
    while len(signs) < n:
        new = {tried ^ one for one in signs}
        if not new & differences:
            signs, differences = [*signs, tried], differences | new
        tried += 1
    n_bits = max(signs).bit_length() + 1
    numbers = np.arange(2**n_bits)
    taken = np.bitwise_and.outer(numbers, np.array(signs) | 2 ** (n_bits - 1))
    corners = 1.0 - 2.0 * (sum((taken >> bit) & 1 for bit in range(n_bits)) % 2)
    sphere = np.concatenate([np.eye(n), -np.eye(n), corners / np.sqrt(n)])
    on_axes, on_corners = 2 / (n + 2) / (2 * n), n / (n + 2) / len(corners)
    weights = np.repeat([on_axes, on_corners], [2 * n, len(corners)]) * n / (n + 2)
    return np.concatenate([np.zeros((1, n)), sphere * np.sqrt(n + 2)]), np.append(2 / (n + 2), weights)


def evaluate(data: Data, vector: Vector, *, near: Centres | None) -> Evaluated:
    """The log likelihood of each unit and its scores.

    Args:
        data: scaled series.
        vector: scaled parameters.
        near: where nodes were laid at parameters nearby, to begin the search for modes from there.
    """
    if not data.layout.random_drift:
        return _evaluate_common(data, vector)
    centres = _find_modes(data, vector, near)
    rule, weights = sphere_rule(data.layout.n_drift)
    nodes = centres.mode[:, None, :] + rule @ centres.factor.transpose(0, 2, 1)
    found = _at_nodes(data, vector, nodes, variants=True)
    theta, log_sd, *_ = data.layout.parts(vector)
    variance = np.exp(2 * log_sd)
    away = nodes - theta
    log_prior = -0.5 * ((away**2 / variance) + np.log(2 * np.pi * variance)).sum(axis=2)
    diagonal = np.diagonal(centres.factor, axis1=1, axis2=2)
    log_weight = np.log(weights) + 0.5 * (rule**2).sum(axis=1) + 0.5 * data.layout.n_drift * np.log(2 * np.pi)
    terms = found.values[:, 0] + log_prior + log_weight + np.log(diagonal).sum(axis=1)[:, None]
    highest = terms.max(axis=1)
    share = np.exp(terms - highest[:, None])
    total = share.sum(axis=1)
    share /= total[:, None]
    scores = [np.einsum("uk,ukd->ud", share, part) for part in (away / variance, away**2 / variance - 1, found.by_rest)]
    mean = np.einsum("uk,ukd->ud", share, nodes)
    from_mean = nodes - mean[:, None, :]
    return Evaluated(
        highest + np.log(total),
        np.concatenate(scores, axis=1),
        centres,
        mean,
        np.einsum("uk,uki,ukj->uij", share, from_mean, from_mean),
    )


def _evaluate_common(data: Data, vector: Vector) -> Evaluated:
    """The same where all units share one drift: no integral, and derivatives by theta from differences."""
    theta, d = data.layout.parts(vector)[0], data.layout.n_drift
    step = 1e-5
    around = theta + step * np.concatenate([np.zeros((1, d)), np.eye(d), -np.eye(d)])
    mode = np.tile(theta, (data.n_units, 1))
    nothing = np.zeros((data.n_units, d, d))
    nodes = np.broadcast_to(around, (data.n_units, *around.shape))
    found = _at_nodes(data, vector, nodes, variants=True)
    by_theta = (found.values[:, 0, 1 : d + 1] - found.values[:, 0, d + 1 :]) / (2 * step)
    scores = np.concatenate([by_theta, found.by_rest[:, 0]], axis=1)
    return Evaluated(found.values[:, 0, 0], scores, Centres(mode, nothing), mode, nothing)


class _AtNodes(NamedTuple):
    values: Float[np.ndarray, "units variants nodes"]  # log likelihoods given drift parameters
    by_rest: Float[np.ndarray, "units nodes rest"]  # derivatives by diffusion, noise, intercept mean and factor


def _at_nodes(
    data: Data,
    vector: Vector,
    nodes: Nodes,
    *,
    variants: bool,
    which: Int[np.ndarray, " some"] | None = None,
) -> _AtNodes:
    """Log likelihoods at nodes, and with `variants` their derivatives by all that is not drift."""
    layout = data.layout
    _, _, diffusion, noise, mean, factor = layout.parts(vector)
    both = np.concatenate([diffusion, noise])
    moved = np.concatenate([both[None], both + STEP * np.eye(len(both))]) if variants else both[None]
    roots = [layout.lower(row[: layout.n_lower]) for row in moved]
    diffusions = np.array([root @ root.T for root in roots])
    noises = np.exp(2 * moved[:, layout.n_lower :])
    p, shape = layout.n_series, (data.n_units, nodes.shape[1])
    found = Found(np.empty((shape[0], len(moved), shape[1])), np.empty((*shape, p)), np.empty((*shape, p, p)))
    shared = Shared(diffusions, noises, mean, layout.lower(factor))
    nodes = np.ascontiguousarray(nodes)

    def work(some: Int[np.ndarray, " some"]) -> None:
        evaluate_units(some, data.seen, nodes, shared, found)

    _in_threads(work, np.arange(data.n_units) if which is None else which, data.n_threads)
    values = found.log_likelihood
    by_both = (values[:, 1:] - values[:, :1]).transpose(0, 2, 1) / STEP
    rows, columns = np.tril_indices(p)
    by_factor = found.by_factor * np.where(np.eye(p) > 0, shared.factor, 1.0)  # by the logarithms on the diagonal
    return _AtNodes(values, np.concatenate([by_both, found.by_mean, by_factor[:, :, rows, columns]], axis=2))


def _in_threads(
    work: Callable[[Int[np.ndarray, " some"]], None], which: Int[np.ndarray, " some"], n_threads: int
) -> None:
    """Deal units out to threads; what is found does not depend on how many there are."""
    if n_threads == 1 or len(which) < 2 * n_threads:
        work(which)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, np.array_split(which, n_threads)))


def _find_modes(data: Data, vector: Vector, near: Centres | None, *, n_most: int = 12, close: float = 0.1) -> Centres:
    """Newton's method for the most likely drift of every unit, until steps are a tenth of a standard deviation."""
    theta, log_sd, *_ = data.layout.parts(vector)
    d = data.layout.n_drift
    prior_sd = np.exp(log_sd)
    mode = np.tile(theta, (data.n_units, 1)) if near is None else near.mode.copy()
    if near is not None:
        # A unit about which little is known goes where the typical unit goes.
        mode = np.clip(mode, theta - 4 * prior_sd, theta + 4 * prior_sd)
    factor = np.tile(np.diag(prior_sd), (data.n_units, 1, 1))
    best, kept = np.full(data.n_units, -np.inf), mode.copy()
    step = np.zeros((data.n_units, d))
    active = np.arange(data.n_units)
    for _ in range(n_most):
        value, slope, curvature = _curvature(data, vector, mode, active, prior_sd)
        worse = value < best[active] - 1e-9
        back, on = active[worse], active[~worse]
        step[back] *= 0.5
        mode[back] = kept[back] + step[back]
        best[on], kept[on] = value[~worse], mode[on]
        factor[on] = _factor(curvature[~worse], prior_sd)
        root = factor[on]
        step[on] = np.einsum("uij,ukj,uk->ui", root, root, slope[~worse])
        length = np.sqrt((np.einsum("uji,uj->ui", root, slope[~worse]) ** 2).sum(axis=1))
        step[on] /= np.maximum(length / 2.0, 1.0)[:, None]
        mode[on] = kept[on] + step[on]
        active = np.sort(np.concatenate([back, on[length > close]]))
        if not len(active):
            break
    mode[active] = kept[active]
    return Centres(mode, factor)


def _curvature(
    data: Data,
    vector: Vector,
    mode: Float[np.ndarray, "units drifts"],
    active: Int[np.ndarray, " some"],
    prior_sd: Float[np.ndarray, " drifts"],
) -> tuple[Float[np.ndarray, " some"], Float[np.ndarray, "some drifts"], Float[np.ndarray, "some drifts drifts"]]:
    """Value, slope and curvature of log likelihood plus log prior in the drift of some units."""
    theta, d = data.layout.parts(vector)[0], data.layout.n_drift
    pairs = [(i, j) for i in range(d) for j in range(i)]
    moves = np.zeros((1 + 2 * d + len(pairs), d))
    moves[1 : d + 1], moves[d + 1 : 2 * d + 1] = np.eye(d), -np.eye(d)
    for row, (i, j) in enumerate(pairs, start=2 * d + 1):
        moves[row, [i, j]] = 1.0
    nodes = np.zeros((data.n_units, *moves.shape))
    nodes[active] = mode[active, None, :] + STENCIL * moves
    values = _at_nodes(data, vector, nodes, variants=False, which=active).values[active, 0]
    at, up, down = values[:, 0], values[:, 1 : d + 1], values[:, d + 1 : 2 * d + 1]
    curvature = np.empty((len(active), d, d))
    curvature[:, np.arange(d), np.arange(d)] = (up + down - 2 * at[:, None]) / STENCIL**2
    for row, (i, j) in enumerate(pairs, start=2 * d + 1):
        curvature[:, i, j] = (values[:, row] - up[:, i] - up[:, j] + at) / STENCIL**2
        curvature[:, j, i] = curvature[:, i, j]
    away = (mode[active] - theta) / prior_sd
    value = at - 0.5 * (away**2).sum(axis=1)
    slope = (up - down) / (2 * STENCIL) - away / prior_sd
    return value, slope, curvature


def _factor(
    curvature: Float[np.ndarray, "some drifts drifts"], prior_sd: Float[np.ndarray, " drifts"]
) -> Float[np.ndarray, "some drifts drifts"]:
    """The root of the inverse of prior precision less curvature, where need be made positive."""
    # Where the likelihood is out of reach of floating point there is no curvature, and the prior stands.
    scaled = np.eye(len(prior_sd)) - np.nan_to_num(curvature * np.outer(prior_sd, prior_sd), posinf=0.0, neginf=0.0)
    size, axes = np.linalg.eigh(scaled)
    size = np.maximum(size, 1 / MOST_STRETCHED**2)
    covariance = np.einsum("uij,uj,ukj->uik", axes, 1 / size, axes)
    return np.asarray(np.linalg.cholesky(covariance) * prior_sd[:, None])
