"""The upper hull of what policies can give to several evaluators at once: its corners, facets and efficient faces."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import spatial

from attunement.errors import ProcessError

SAME = 1e-9
"""How far apart two points of a hull that is scaled to 1 may lie and still be the same."""

MOST_EVALUATORS = 8
"""Evaluators beyond which the hull has too many facets to be found."""

Vectors = Float[np.ndarray, "_points evaluators"]
Best = Callable[[Float[np.ndarray, " evaluators"]], Float[np.ndarray, " evaluators"]]
"""From weights to the utilities of a policy that is best under them."""


MOST_CORNERS = 1000
"""Corners beyond which a hull is not described."""


class Hull(NamedTuple):
    """The convex hull of utilities and of everything below them."""

    corners: Vectors  # the utilities that no mixture of others attains or betters
    normals: Float[np.ndarray, "facets evaluators"]  # weights, not negative, that add up to 1
    offsets: Float[np.ndarray, " facets"]  # the largest weighed utility under each normal
    touching: Bool[np.ndarray, "facets corners"]  # which corners lie on which facets

    def weights_of(self, points: Vectors) -> Float[np.ndarray, " evaluators"] | None:
        """Weights, all positive, under which all these points are best; None where no such weights exist.

        Points are efficient exactly where there are such weights (Geoffrion's theorem for polytopes), and the mean of
        the normals of all facets that meet in them are some, if any are.
        """
        return self.weights_on(np.asarray(_touching(points, self.normals, self.offsets).all(axis=1)))

    def weights_on(self, facets: Bool[np.ndarray, " facets"]) -> Float[np.ndarray, " evaluators"] | None:
        """Weights, all positive, under which all that lies on these facets is best; None where none exist."""
        if not facets.any():
            return None
        mean: Float[np.ndarray, " evaluators"] = self.normals[facets].mean(axis=0)
        return mean if np.all(mean > SAME) else None

    def closure(self, points: Vectors) -> Bool[np.ndarray, " corners"]:
        """The corners of the smallest face that holds these points."""
        facets = _touching(points, self.normals, self.offsets).all(axis=1)
        return np.asarray(self.touching[facets].all(axis=0))


class Face(NamedTuple):
    """A set of efficient utilities that are best under the same weights."""

    corners: Vectors  # its corners
    weights: Float[np.ndarray, " evaluators"]  # all positive


def find_hull(best: Best, n_evaluators: int) -> Hull:
    """The hull, by asking under more and more weights what is best, until every facet is known to be one.

    Args:
        best: the utilities of a policy that is best under weights; scaled so that they lie between -1 and 1.
        n_evaluators: how many there are.

    Raises:
        ProcessError: there are too many evaluators.

    Source:   benson1998, for the idea of refining an outer hull until its facets hold.
    """
    if n_evaluators > MOST_EVALUATORS:
        raise ProcessError(
            "a Pareto front over so many evaluators cannot be found exactly",
            got=f"{n_evaluators} reward parameters",
            have=f"at most {MOST_EVALUATORS}",
            do="ask about one of them with the privileged objective",
        )
    axes = np.eye(n_evaluators)
    found = best(np.full(n_evaluators, 1 / n_evaluators))[None, :]
    tops = np.array([best(axis)[place] for place, axis in enumerate(axes)])
    if np.all(found[0] >= tops - SAME):
        return _hull(found, axes, found[0])
    asked: set[tuple[float, ...]] = set()
    while len(found) <= MOST_CORNERS:
        normals, offsets = _facets(found)
        fresh = []
        for normal, offset in zip(normals, offsets, strict=True):
            key = tuple(np.round(normal, 12))
            if key not in asked:
                asked.add(key)
                point = best(normal)
                if float(normal @ point) > offset + SAME:
                    fresh.append(point)
        if not fresh:
            return _hull(found, normals, offsets)
        found = _distinct(np.vstack([found, *fresh]))
    raise ProcessError(
        "a Pareto front has too many corners to be described",
        got=f"more than {MOST_CORNERS:,}",
        do="ask about a shorter horizon, or about one reward parameter with the privileged objective",
    )


def efficient_faces(hull: Hull) -> tuple[Face, ...]:
    """The largest faces of the hull on which nothing can be had for one evaluator but at the cost of another.

    A facet whose normal is all positive is one. Others are grown from pairs of corners that lie on no such facet; among
    more than three evaluators from all corners, because there a face may be new though all its pairs are not.
    """
    positive = np.all(hull.normals > SAME, axis=1)
    faces = {_members(row): normal for row, normal in zip(hull.touching[positive], hull.normals[positive], strict=True)}
    wanted = _seeds(hull, hull.touching[positive])
    seen: set[frozenset[int]] = set()
    while wanted:
        common = np.asarray(hull.touching[:, sorted(wanted.pop())].all(axis=1))
        weights = hull.weights_on(common)
        closed = _members(np.asarray(hull.touching[common].all(axis=0)))
        if weights is None or closed in seen:
            continue
        seen.add(closed)
        faces[closed] = weights
        wanted += [closed | {place} for place in range(len(hull.corners)) if place not in closed]
    largest = [face for face in faces if not any(face < other for other in faces)]
    return tuple(Face(hull.corners[sorted(face)], faces[face]) for face in sorted(largest, key=sorted))


def _seeds(hull: Hull, positive: Bool[np.ndarray, "some corners"]) -> list[frozenset[int]]:
    """Corners and pairs of corners that are efficient and lie on no facet with a positive normal."""
    n_corners, n = hull.corners.shape
    if n > 3:
        return [frozenset([place]) for place in range(n_corners)]
    on = hull.touching.astype(float)
    together = on.T @ on
    efficient = np.all([(on * normal[:, None]).T @ on > SAME * together for normal in hull.normals.T], axis=0)
    covered = (positive.astype(float).T @ positive) > 0
    pairs = np.argwhere(efficient & (together > 0) & ~covered)
    return [frozenset(pair) for pair in pairs.tolist()]


def _members(row: Bool[np.ndarray, " corners"]) -> frozenset[int]:
    return frozenset(np.flatnonzero(row).tolist())


def _hull(points: Vectors, normals: Float[np.ndarray, "facets n"], offsets: Float[np.ndarray, " facets"]) -> Hull:
    """The hull of the points that are its corners: those on which as many facets meet as there are directions."""
    touching = _touching(points, normals, offsets)
    ranks = [_matrix_rank(normals[touching[:, place]]) for place in range(len(points))]
    corners = _distinct(points[np.array(ranks) == points.shape[1]])
    return Hull(corners, normals, offsets, _touching(corners, normals, offsets))


def _touching(
    points: Vectors, normals: Float[np.ndarray, "facets n"], offsets: Float[np.ndarray, " facets"]
) -> Bool[np.ndarray, "facets points"]:
    return np.asarray(np.abs(normals @ points.T - offsets[:, None]) <= 10 * SAME)


def cut(hull: Hull, face: Face, floor: Float[np.ndarray, " evaluators"]) -> Vectors:
    """The corners of the part of a face where every evaluator gets at least the floor; none where there is none.

    A corner of the part is a corner of the face, or a mixture of k of them that lies on k - 1 of the floors.
    """
    found = []
    for size in range(1, min(len(face.corners), face.corners.shape[1]) + 1):
        for chosen in itertools.combinations(range(len(face.corners)), size):
            corners = face.corners[list(chosen)]
            if size > 1 and _rank(hull.corners[hull.closure(corners)]) != size - 1:
                continue
            for tight in itertools.combinations(range(face.corners.shape[1]), size - 1):
                point = _mixture(corners, floor, list(tight))
                if point is not None and np.all(point >= floor - SAME):
                    found.append(point)
    return _distinct(np.array(found).reshape(-1, face.corners.shape[1]))


def _mixture(corners: Vectors, floor: Float[np.ndarray, " n"], tight: list[int]) -> Float[np.ndarray, " n"] | None:
    sides = np.vstack([np.ones(len(corners)), corners.T[tight]])
    goal = np.concatenate([[1.0], floor[tight]])
    if len(corners) == 1:
        return np.asarray(corners[0])
    if abs(np.linalg.det(sides)) < 1e-12:
        return None
    weights = np.linalg.solve(sides, goal)
    return np.asarray(weights @ corners) if np.all(weights > -SAME) else None


def _facets(points: Vectors) -> tuple[Float[np.ndarray, "facets n"], Float[np.ndarray, " facets"]]:
    """Facets with normals that are not negative, of the points and everything below them.

    Each point is joined by one copy a step lower on each axis. That makes the hull a solid, however few points there
    are, and leaves its upper facets as they would be were everything below the points in it.
    """
    n = points.shape[1]
    if n == 1:
        return np.ones((1, 1)), points.max(axis=0)
    below = (points[:, None, :] - np.eye(n)).reshape(-1, n)
    equations = spatial.ConvexHull(np.vstack([points, below])).equations
    upper = equations[np.all(equations[:, :-1] >= -1e-10, axis=1)]
    normals = np.maximum(upper[:, :-1], 0.0)
    normals = _distinct(normals / normals.sum(axis=1, keepdims=True))
    return normals, (normals @ points.T).max(axis=1)


def _distinct(points: Vectors) -> Vectors:
    """The points that differ by more than rounding, in their order."""
    if not len(points):
        return points
    pairs = spatial.cKDTree(points).query_pairs(10 * SAME, p=np.inf, output_type="ndarray")
    return np.delete(points, np.unique(pairs[:, 1]), axis=0)


def _rank(points: Vectors) -> int:
    return _matrix_rank(points[1:] - points[0])


def _matrix_rank(rows: Float[np.ndarray, "rows n"]) -> int:
    return int(np.linalg.matrix_rank(rows, tol=1e-7)) if rows.size else 0
