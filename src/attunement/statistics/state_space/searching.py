"""The search for the maximum of the likelihood, and how sharp the maximum is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from attunement.statistics.state_space.likelihood import Data, Evaluated, evaluate
from attunement.statistics.state_space.parameters import Vector

Square = Float[np.ndarray, "parameters parameters"]

CLOSE = 5e-4
"""The search ends where a step would gain half of this in log likelihood: a fiftieth of a standard error."""

NEAR = 0.1
"""Where less than half of this is left to gain, the error of the quadrature may be larger than what is left."""

MOST_MOVED = 1.0
"""No parameter moves farther than this in one step."""

DIFFERENCE = 0.05
"""How wide the differences are by which the information is found, in standard errors: one side is enough."""

AS_GOOD_AS_LEAST = 0.5
"""A logarithm this near to its lower bound is held where it stands, if the likelihood would have it lower."""


@dataclass(frozen=True, slots=True)
class Search:
    """How the search for the maximum went."""

    vector: Vector
    """Where it ended."""
    evaluated: Evaluated
    """The likelihood there."""
    free: Bool[np.ndarray, " parameters"]
    """Which parameters do not stand at their lower bound."""
    n_steps: int
    """How many steps it took."""
    converged: bool
    """Whether there was nothing left to gain."""


def climb(data: Data, vector: Vector, *, n_most: int = 80) -> Search:
    """Quasi-Newton ascent whose first metric is the outer product of the scores of units.

    Far from the top the likelihood has to rise at every step. Near it, where what is left to gain is less than the
    error of the quadrature, steps are taken towards where the scores add up to 0.

    Source: berndt1974 for the metric; nocedal2006, eq. 6.17, for the updates (BFGS).
    """
    least = data.layout.least
    now = evaluate(data, vector, near=None)
    inverse, slope = _metric(data, now), now.scores.sum(axis=0)
    fresh, gains = True, [np.inf]
    for n_steps in range(n_most):
        free = (vector > least + AS_GOOD_AS_LEAST) | (slope > 0)
        direction = _held(inverse, free) @ slope
        gains.append(float(slope @ direction))
        stuck = len(gains) > 6 and min(gains[-3:]) > 0.5 * min(gains[:-3])
        if gains[-1] < CLOSE or (gains[-1] < NEAR and stuck):
            return Search(vector, now, free, n_steps, True)
        there, tried = _step(data, vector, now, direction, gains[-1])
        if tried is None:
            if fresh:
                # What the quadrature cannot settle is a standard deviation next to 0; the rest has to be settled.
                settled = _held(inverse, free & ~np.isfinite(least)) @ slope
                return Search(vector, now, free, n_steps, float(slope @ settled) < NEAR)
            inverse, fresh = _metric(data, now), True
            continue
        new_slope = tried.scores.sum(axis=0)
        fresh = gains[-1] > len(vector)  # far away, what is learned of curvature is soon of no use
        inverse = _metric(data, tried) if fresh else _updated(inverse, there - vector, slope - new_slope)
        vector, now, slope = there, tried, new_slope
    return Search(vector, now, free, n_most, False)


def _step(
    data: Data, vector: Vector, now: Evaluated, direction: Vector, gain: float
) -> tuple[Vector, Evaluated | None]:
    """As far along a direction as the likelihood rises; None where it does not."""
    size = min(1.0, MOST_MOVED / float(np.abs(direction).max()))
    for _ in range(8):
        there = np.maximum(vector + size * direction, data.layout.least)
        tried = evaluate(data, there, near=now.centres)
        risen = tried.log_likelihood.sum() - now.log_likelihood.sum()
        if risen > 1e-4 * size * gain or (gain < NEAR and risen > -NEAR):
            return there, tried
        size *= 0.3
    return vector, None


def _held(inverse: Square, free: Bool[np.ndarray, " parameters"]) -> Square:
    """The inverse of the part of a matrix that is free, from the inverse of the whole; 0 elsewhere."""
    out = np.zeros_like(inverse)
    both = np.ix_(free, free)
    out[both] = inverse[both]
    if not free.all():
        across = inverse[np.ix_(free, ~free)]
        out[both] -= across @ np.linalg.solve(inverse[np.ix_(~free, ~free)], across.T)
    return out


def _updated(inverse: Square, step: Vector, change: Vector) -> Square:
    along = float(step @ change)
    if along <= 1e-10:
        return inverse
    left = np.eye(len(step)) - np.outer(step, change) / along
    return np.asarray(left @ inverse @ left.T + np.outer(step, step) / along)


def _metric(data: Data, now: Evaluated) -> Square:
    """The inverse of the outer product of scores.

    A little is added for logarithms of standard deviations, whose scores vanish where the deviations do.
    """
    outer = now.scores.T @ now.scores
    added = np.where(np.isfinite(data.layout.least), 1.0, 1e-6 * data.n_units)
    return np.asarray(np.linalg.inv(outer + np.diag(added)))


def information(data: Data, search: Search) -> Float[np.ndarray, "free free"]:
    """Minus the second derivatives of the log likelihood by the free parameters, by differences of scores."""
    free = np.flatnonzero(search.free)
    width = DIFFERENCE * np.minimum(np.sqrt(np.diag(_metric(data, search.evaluated))), 0.25)

    def slope(vector: Vector) -> Float[np.ndarray, " free"]:
        found = evaluate(data, vector, near=search.evaluated.centres)
        return np.asarray(found.scores.sum(axis=0)[free])

    here = slope(search.vector)
    out = np.array([(here - slope(search.vector + width[k] * (np.arange(len(width)) == k))) / width[k] for k in free])
    return np.asarray(0.5 * (out + out.T))
