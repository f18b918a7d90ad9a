"""Backward induction over a process, and what follows from its answer: the set of optimal actions, not one of them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped

from attunement.theory.processes import Allowed, Process

TOLERANCE = 1e-9
"""How far, relative to the scale of a decision process, two values may differ and still be the same."""

Rewards = Sequence[Float[np.ndarray, "_points action"]]
"""For each step, the expected reward of each action at each point."""


class Best(NamedTuple):
    """The answer of backward induction."""

    value: float  # of the start; -inf where no allowed plan leads to the end
    optimal: Allowed  # for each step and point, the actions that attain the value of that point
    values: tuple[Float[np.ndarray, " _points"], ...]  # of each point at each step and the end


def backward(
    process: Process,
    rewards: Rewards,
    *,
    allowed: Allowed | None = None,
    ends: Bool[np.ndarray, " points"] | None = None,
    discounted: bool = True,
) -> Best:
    """The largest expected sum of rewards from each point, and every action that attains it.

    V_t(x) = max over a of r_t(x, a) + discount * sum over y of P_t(y | x, a) V_{t+1}(y), and V_H = 0.

    Args:
        process: the points.
        rewards: what each action gives at each point of each step.
        allowed: the actions that may be taken; without it, all. A point where none may be taken is avoided.
        ends: the points at which it may end; without it, all.
        discounted: whether the discount is still to be applied; false where it is in the rewards already.

    Source:   puterman1994, section 4.5.
    """
    factor = process.drmdp.discount if discounted else 1.0
    tolerance = TOLERANCE * process.drmdp.scale
    alive = np.ones(len(process.joint[-1]), dtype=bool) if ends is None else ends
    value = np.where(alive, 0.0, -np.inf)
    values, optimal = [value], []
    for step in reversed(range(len(process.rows))):
        shape = (len(process.joint[step]), process.n_actions)
        onward = process.rows[step] @ (factor * np.where(alive, value, 0.0))
        gain = onward.reshape(shape) + rewards[step]
        if not alive.all():
            gain = np.where(_safe(process, step, alive), gain, -np.inf)
        if allowed is not None:
            gain = np.where(allowed[step], gain, -np.inf)
        value = np.asarray(functools.reduce(np.maximum, gain.T))  # faster than max over a short last axis
        alive = value > -np.inf
        optimal.append(gain >= np.where(alive, value - tolerance, np.inf)[:, None])
        values.append(value)
    return Best(float(value[process.start]), tuple(optimal[::-1]), tuple(values[::-1]))


def keeping_on(process: Process, *, allowed: Allowed, good: Sequence[Bool[np.ndarray, " _points"]]) -> Allowed | None:
    """The allowed actions that surely stay at good points to the end; None where the start has none.

    Args:
        process: the points.
        allowed: the actions that may be taken.
        good: for each step and the end, which points may be visited.
    """
    alive, kept = good[-1], []
    for step in reversed(range(len(process.rows))):
        open_ = allowed[step] & _safe(process, step, alive)
        alive = good[step] & open_.any(axis=1)
        kept.append(open_ & alive[:, None])
    return tuple(kept[::-1]) if alive[process.start] else None


def reached(process: Process, allowed: Allowed) -> tuple[Bool[np.ndarray, " _points"], ...]:
    """For each step and the end, the points that some plan of allowed actions comes to."""
    here = np.zeros(len(process.joint[0]), dtype=bool)
    here[process.start] = True
    found = [here]
    for step in range(len(process.rows)):
        flow = (allowed[step] & here[:, None]).reshape(-1).astype(float)
        here = (flow @ process.rows[step]) > 0
        found.append(here)
    return tuple(found)


def pruned(process: Process, allowed: Allowed) -> tuple[Process, Allowed]:
    """The points that allowed actions come to, alone, with these actions."""
    kept = [np.flatnonzero(here) for here in reached(process, allowed)]
    n_actions = process.n_actions
    rows = []
    for step, matrix in enumerate(process.rows):
        own = (kept[step][:, None] * n_actions + np.arange(n_actions)).reshape(-1)
        rows.append(matrix[own][:, kept[step + 1]])
    laid = Process(
        drmdp=process.drmdp,
        joint=tuple(joint[here] for joint, here in zip(process.joint, kept, strict=True)),
        rows=tuple(rows),
        start=int(np.searchsorted(kept[0], process.start)),
    )
    return laid, tuple(mask[here] for mask, here in zip(allowed, kept, strict=False))


def _safe(process: Process, step: int, alive: Bool[np.ndarray, " after"]) -> Bool[np.ndarray, "points action"]:
    """Whether an action surely leads to a point that is alive."""
    if alive.all():
        return np.ones((len(process.joint[step]), process.n_actions), dtype=bool)
    risk: Shaped[np.ndarray, " rows"] = process.rows[step] @ (~alive).astype(float)
    return np.asarray(risk <= 0).reshape(-1, process.n_actions)
