"""Points in time at which an action is chosen: the joint states, with as much memory as an objective needs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse

from attunement.errors import ProcessError
from attunement.theory.decisions import DENSE, DRMDP, Rows, entries

MOST_POINTS = 200_000
"""Points with memory beyond which an exact answer is refused."""

Allowed = tuple[Bool[np.ndarray, "_points action"], ...]
"""For each step, which actions may be taken at each point."""


class Edges(NamedTuple):
    """What may happen at one step, one entry for each outcome of an action at a point."""

    point: Int[np.ndarray, " edges"]  # where it was
    action: Int[np.ndarray, " edges"]  # what was done
    after: Int[np.ndarray, " edges"]  # the next point
    chance: Float[np.ndarray, " edges"]  # its probability


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A DR-MDP laid out in time. Its points are joint states, told apart by what has to be remembered."""

    drmdp: DRMDP
    """What it was made from."""
    joint: tuple[Int[np.ndarray, " _points"], ...]
    """For each step and the end, the joint state of each point."""
    rows: tuple[Rows, ...]
    """For each step, the probabilities of the next points: a row for each point and action."""
    start: int
    """The first point."""
    gains: tuple[Float[np.ndarray, "_points action"], ...] | None = None
    """For each step, the expected reward that is booked there; None where an objective brings its own rewards."""
    memory: tuple[tuple[Hashable, ...], ...] | None = None
    """For each step and the end, what each point remembers; None where nothing is remembered."""

    @property
    def n_actions(self) -> int:
        """How many actions there are."""
        return len(self.drmdp.actions)

    def theta(self, step: int) -> Int[np.ndarray, " points"]:
        """The reward parameter of each point of a step."""
        return np.asarray(self.joint[step] % len(self.drmdp.thetas))

    def state(self, step: int) -> Int[np.ndarray, " points"]:
        """The state of each point of a step."""
        return np.asarray(self.joint[step] // len(self.drmdp.thetas))

    def edges(self, step: int) -> Edges:
        """Every outcome that a step may have."""
        row, after, chance = entries(self.rows[step])
        return Edges(row // self.n_actions, row % self.n_actions, after, chance)

    def everything(self) -> Allowed:
        """Every action at every point."""
        return tuple(np.ones((len(joint), self.n_actions), dtype=bool) for joint in self.joint[:-1])


def markov(drmdp: DRMDP) -> Process:
    """The points without memory: every joint state at every step.

    Enough for every objective that is a sum of rewards whose evaluator is known when they are given.
    """
    joint = np.arange(drmdp.n_joint)
    horizon = drmdp.horizon
    return Process(
        drmdp=drmdp, joint=(joint,) * (horizon + 1), rows=(drmdp.transition,) * horizon, start=drmdp.start_joint
    )


class Kept(NamedTuple):
    """What an outcome leaves behind."""

    memory: Hashable  # what is remembered from there on
    gain: float  # the reward that is booked for it


Remember = Callable[[int, int, int, int, Any], Kept | None]
"""From the step, the point, the action, the next point and the memory to what is kept; None forbids the action."""


def remembering(process: Process, first: Hashable, remember: Remember, *, allowed: Allowed) -> tuple[Process, Allowed]:
    """The points of a process told apart by a memory, with the actions that are allowed and never forbidden by it.

    Args:
        process: what to lay out anew.
        first: the memory at the start.
        remember: what an outcome of `process` leaves behind.
        allowed: the actions that may be taken.

    Raises:
        ProcessError: there are more than MOST_POINTS points.
    """
    layers: list[_Layer] = [{(process.start, first): 0}]
    laid = []
    for step in range(len(process.rows)):
        laid.append(_lay(process, step, layers[-1], remember, allowed[step]))
        layers.append(laid[-1].after or {_NOWHERE: 0})
        if sum(map(len, layers)) > MOST_POINTS:
            _refuse_size(process.drmdp)
    again = Process(
        drmdp=process.drmdp,
        joint=tuple(process.joint[step][[point for point, _ in layer]] for step, layer in enumerate(layers)),
        rows=tuple(one.rows for one in laid),
        start=0,
        gains=tuple(one.gains for one in laid),
        memory=tuple(tuple(memory for _, memory in layer) for layer in layers),
    )
    return again, tuple(one.open for one in laid)


_Layer = dict[tuple[int, Hashable], int]

_NOWHERE = (0, None)
"""The point of a step to which nothing leads, because everything before it is forbidden. Nothing is allowed there."""


class _Laid(NamedTuple):
    after: _Layer
    rows: Rows
    gains: Float[np.ndarray, "points action"]
    open: Bool[np.ndarray, "points action"]


def _lay(
    process: Process, step: int, layer: _Layer, remember: Remember, allowed: Bool[np.ndarray, "before action"]
) -> _Laid:
    outcomes = _outcomes(process.rows[step], {point for point, _ in layer}, process.n_actions)
    after: _Layer = {}
    cells: tuple[list[int], list[int], list[float]] = ([], [], [])
    gains = np.zeros((len(layer), process.n_actions))
    open_ = np.zeros((len(layer), process.n_actions), dtype=bool)
    for (point, memory), place in layer.items():
        if (point, memory) == _NOWHERE:
            continue
        for action in np.flatnonzero(allowed[point]).tolist():
            nexts = outcomes[point, action]
            kept = [remember(step, point, action, next_point, memory) for next_point, _ in nexts]
            if any(one is None for one in kept):
                continue
            open_[place, action] = True
            for (next_point, chance), one in zip(nexts, kept, strict=True):
                if one is not None:
                    cells[0].append(place * process.n_actions + action)
                    cells[1].append(after.setdefault((next_point, one.memory), len(after)))
                    cells[2].append(chance)
                    gains[place, action] += chance * one.gain
    return _Laid(after, _matrix(cells, (len(layer) * process.n_actions, max(len(after), 1))), gains, open_)


def _outcomes(rows: Rows, points: set[int], n_actions: int) -> dict[tuple[int, int], list[tuple[int, float]]]:
    """The next points of each action at the points that are asked for, with their probabilities."""
    asked = np.sort(np.fromiter(points, dtype=int))
    wanted = (asked[:, None] * n_actions + np.arange(n_actions)).ravel()
    found: dict[tuple[int, int], list[tuple[int, float]]] = {divmod(row, n_actions): [] for row in wanted.tolist()}
    for place, column, chance in zip(*(one.tolist() for one in entries(rows[wanted])), strict=True):
        found[divmod(int(wanted[place]), n_actions)].append((column, chance))
    return found


def _matrix(cells: tuple[list[int], list[int], list[float]], shape: tuple[int, int]) -> Rows:
    if shape[0] * shape[1] > DENSE:
        return sparse.coo_array((cells[2], (cells[0], cells[1])), shape=shape).tocsr()
    found = np.zeros(shape)
    np.add.at(found, (cells[0], cells[1]), cells[2])
    return found


def _refuse_size(drmdp: DRMDP) -> None:
    raise ProcessError(
        f'the decision process "{drmdp.name}" has too many histories for an exact answer',
        got=f"more than {MOST_POINTS:,} points with what has to be remembered, within {drmdp.horizon} steps",
        have=f"at most {MOST_POINTS:,}",
        do="ask about a shorter horizon, or about an objective that needs no memory",
    )
