"""Linear programmes over occupancies: the probability of being at each point of each step and doing each action."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import optimize, sparse

from attunement.errors import ProcessError
from attunement.theory.induction import Rewards, reached
from attunement.theory.processes import Allowed, Process

Occupancy = Float[np.ndarray, " cells"]
"""A number for each step, point and action, in that order, as one row."""


class Conditions(NamedTuple):
    """Linear conditions on an occupancy y: low <= matrix y <= high."""

    matrix: sparse.csr_array  # conditions x cells
    low: Float[np.ndarray, " conditions"]  # -inf where there is none
    high: Float[np.ndarray, " conditions"]  # inf where there is none


def cells(process: Process, rewards: Rewards) -> Occupancy:
    """Rewards of each step, point and action as one row, with the discount."""
    factor = process.drmdp.discount
    return np.concatenate([factor**step * one.reshape(-1) for step, one in enumerate(rewards)])


def joined(*conditions: Conditions) -> Conditions:
    """Several conditions at once."""
    return Conditions(
        sparse.vstack([one.matrix for one in conditions], format="csr"),
        np.concatenate([one.low for one in conditions]),
        np.concatenate([one.high for one in conditions]),
    )


def at_least(rows: Float[np.ndarray, "conditions cells"], low: Float[np.ndarray, " conditions"]) -> Conditions:
    """The condition that each row of coefficients comes to at least so much."""
    return Conditions(sparse.csr_array(rows), low, np.full(len(low), np.inf))


class Programme:
    """The polytope of occupancies that policies of allowed actions bring about, under conditions.

    Source:   puterman1994, section 8.9, for occupancies; altman1999, for conditions on them.
    """

    def __init__(self, process: Process, *, allowed: Allowed, conditions: Conditions | None = None) -> None:
        self._process = process
        comes_to = reached(process, allowed)
        taken = [one & here[:, None] for one, here in zip(allowed, comes_to, strict=False)]
        self._open: Bool[np.ndarray, " cells"] = np.concatenate([one.reshape(-1) for one in taken])
        self._flow, self._inflow = _flow(process, np.concatenate(comes_to[:-1]))
        self._conditions = conditions

    def largest(self, gain: Occupancy) -> tuple[float, Occupancy] | None:
        """The largest sum of gain times occupancy and an occupancy that attains it; None where none is possible."""
        places = np.flatnonzero(self._open)
        a_ub, b_ub, a_eq, b_eq = self._sides(places)
        answer = optimize.linprog(-gain[places], A_ub=a_ub, b_ub=b_ub, A_eq=a_eq, b_eq=b_eq, method="highs")
        if answer.status == 2:
            return None
        self._check(answer.status, answer.message)
        found = np.zeros(len(gain))
        found[places] = answer.x
        return -float(answer.fun), found

    def is_possible(self) -> bool:
        """Whether any policy meets the conditions."""
        return self.largest(np.zeros(len(self._open))) is not None

    def support(self) -> Allowed:
        """The actions that some policy takes with a positive probability.

        The polytope is made a cone (y over tau), in which occupancies may be as large as they like, and as many as
        possible are pushed to 1: those that can be positive at all then are.
        """
        places = np.flatnonzero(self._open)
        a_ub, b_ub, a_eq, b_eq = self._sides(places)
        n = len(places)
        # Variables: y (n), z (n) with z <= y and z <= 1, tau >= 1.
        nothing = sparse.csr_array((a_eq.shape[0], n))
        equal = sparse.hstack([a_eq, nothing, -sparse.csr_array(b_eq[:, None])], format="csr")
        below = [sparse.hstack([-sparse.eye_array(n), sparse.eye_array(n), sparse.csr_array((n, 1))])]
        if len(b_ub):
            below.append(sparse.hstack([a_ub, sparse.csr_array((a_ub.shape[0], n)), -sparse.csr_array(b_ub[:, None])]))
        under = sparse.vstack(below, format="csr")
        answer = optimize.linprog(
            np.concatenate([np.zeros(n), -np.ones(n), [0.0]]),
            A_ub=under,
            b_ub=np.zeros(under.shape[0]),
            A_eq=equal,
            b_eq=np.zeros(equal.shape[0]),
            bounds=[(0, None)] * n + [(0, 1)] * n + [(1, None)],
            method="highs",
        )
        self._check(answer.status, answer.message)
        used = np.zeros(len(self._open), dtype=bool)
        used[places] = answer.x[n : 2 * n] > 0.5
        return self._by_step(used)

    def _by_step(self, flat: Bool[np.ndarray, " cells"]) -> Allowed:
        sizes = [len(joint) * self._process.n_actions for joint in self._process.joint[:-1]]
        return tuple(part.reshape(-1, self._process.n_actions) for part in np.split(flat, np.cumsum(sizes)[:-1]))

    def _sides(
        self, places: Int[np.ndarray, " open"]
    ) -> tuple[sparse.csr_array, Float[np.ndarray, " n"], sparse.csr_array, Float[np.ndarray, " m"]]:
        a_eq, b_eq = self._flow[:, places], self._inflow
        if self._conditions is None:
            return sparse.csr_array((0, len(places))), np.zeros(0), a_eq, b_eq
        matrix, low, high = self._conditions
        matrix = matrix[:, places]
        same = low == high
        a_eq = sparse.vstack([a_eq, matrix[same]], format="csr")
        b_eq = np.concatenate([b_eq, low[same]])
        upper, lower = ~same & np.isfinite(high), ~same & np.isfinite(low)
        a_ub = sparse.vstack([matrix[upper], -matrix[lower]], format="csr")
        return a_ub, np.concatenate([high[upper], -low[lower]]), a_eq, b_eq

    def _check(self, status: int, message: str) -> None:
        if status != 0:
            raise ProcessError(
                f'the linear programme for "{self._process.drmdp.name}" has no answer',
                got=message,
                do="ask about a shorter horizon, or report it: this should not happen",
            )


def _flow(
    process: Process, comes_to: Bool[np.ndarray, " all_points"]
) -> tuple[sparse.csr_array, Float[np.ndarray, " points"]]:
    """What comes to each point is what leaves it: a row for each point of each step that is come to."""
    n_actions, n_steps = process.n_actions, len(process.rows)
    blocks: list[list[sparse.csr_array | None]] = [[None] * n_steps for _ in range(n_steps)]
    for step in range(n_steps):
        n_points = len(process.joint[step])
        blocks[step][step] = sparse.kron(sparse.eye_array(n_points), np.ones((1, n_actions)), format="csr")
        if step:
            blocks[step][step - 1] = -sparse.csr_array(process.rows[step - 1]).T
    inflow = np.zeros(sum(len(joint) for joint in process.joint[:-1]))
    inflow[process.start] = 1.0
    return sparse.csr_array(sparse.block_array(blocks, format="csr"))[comes_to], inflow[comes_to]
