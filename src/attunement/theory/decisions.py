"""The DR-MDP: a decision process in which the reward that a person goes by can itself be moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from jaxtyping import Float
from scipy import sparse

from attunement.errors import ProcessError

AXES = ("state", "theta", "action", "next_state", "next_theta")
"""The axes of the joint transition, in order. Those of the reward are theta, state, action, next_state."""

Rows = Any
"""A matrix, dense or sparse (csr_array): a row for each point and action, a column for each next point."""

PerAction = Float[np.ndarray, "joint action"]
"""An expected reward for each joint state and action."""

DENSE = 250_000
"""Entries up to which a matrix of transitions is dense, which is faster while it is small."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DRMDP:
    """A Markov decision process with dynamic reward: (S, Theta, A, T, {R_theta}), a horizon and a start.

    The joint state of a moment is (state, theta): the state of the world and the reward parameter that the person
    holds then; both are observed. `DRMDP.of_arrays`, `Builder` and `read` make one. It checks itself when built.

    Source:   carroll2024
    """

    name: str
    """What it is called."""
    states: tuple[str, ...]
    """Names of the states of the world."""
    thetas: tuple[str, ...]
    """Names of the reward parameters."""
    actions: tuple[str, ...]
    """Names of the actions of the AI."""
    noop: str
    """The action that is inaction."""
    start: tuple[str, str]
    """The first state and the first theta."""
    horizon: int
    """How many actions are taken."""
    discount: float = 1.0
    """The factor of one step, over 0 and at most 1; 1 is no discount."""
    transition: Rows
    """T(next_state, next_theta | state, theta, action): a row for each (state, theta, action), the action fastest, and
    a column for each (next_state, next_theta), theta fastest; dense or csr_array. Rows add up to 1."""
    reward: Float[np.ndarray, "theta state action next"]
    """R_theta(state, action, next_state); the last axis has length 1 where the next state does not matter."""

    def __post_init__(self) -> None:
        self._check_names()
        self._check_numbers()
        self._check_transition()
        self._check_reward()

    @classmethod
    def of_arrays(
        cls, *, transition: Rows, reward: Float[np.ndarray, "theta state action *next"], **stated: Any
    ) -> DRMDP:
        """A DR-MDP of a transition array with the five AXES (or its matrix of rows) and a reward array.

        Args:
            transition: probabilities, of shape (state, theta, action, next_state, next_theta), or the same as a matrix.
            reward: of shape (theta, state, action) or (theta, state, action, next_state), in any one unit.
            stated: the other fields of DRMDP.

        Raises:
            ProcessError: naming the row that makes no sense.
        """
        n_joint = len(stated["states"]) * len(stated["thetas"])
        shape = (n_joint * len(stated["actions"]), n_joint)
        if isinstance(transition, np.ndarray):
            if transition.size != shape[0] * shape[1]:
                _refuse(stated["name"], f"a transition of shape {transition.shape}", f"{shape[0] * shape[1]} entries")
            transition = np.asarray(transition, dtype=float).reshape(shape)
        values = np.asarray(reward, dtype=float)
        return cls(transition=compact(transition), reward=values[..., None] if values.ndim == 3 else values, **stated)

    @property
    def n_joint(self) -> int:
        """How many joint states there are."""
        return len(self.states) * len(self.thetas)

    @property
    def start_joint(self) -> int:
        """The place of the start among the joint states."""
        return self.states.index(self.start[0]) * len(self.thetas) + self.thetas.index(self.start[1])

    @property
    def noop_action(self) -> int:
        """The place of inaction among the actions."""
        return self.actions.index(self.noop)

    @cached_property
    def scale(self) -> float:
        """The most that a trajectory could add up to, in size, and at least 1: what tolerances are held against."""
        return max(1.0, float(np.abs(self.reward).max()) * self.horizon)

    @cached_property
    def is_deterministic(self) -> bool:
        """Whether every action has one outcome."""
        return bool(np.all(entries(self.transition)[2] > 1 - 1e-12))

    def dense(self) -> Float[np.ndarray, "state theta action next_state next_theta"]:
        """The transition as one array with the five AXES."""
        rows = self.transition.toarray() if sparse.issparse(self.transition) else self.transition
        sizes = len(self.states), len(self.thetas), len(self.actions), len(self.states), len(self.thetas)
        return np.asarray(rows).reshape(sizes)

    @cached_property
    def own_rewards(self) -> PerAction:
        """E[R_theta(s, a, s')] by the reward parameter that is held when the action is taken."""
        own = np.moveaxis(self.reward, 0, 1)  # state, theta, action, next
        if self.reward.shape[3] == 1:
            return own[..., 0].reshape(self.n_joint, len(self.actions))
        return np.asarray(np.einsum("htax,htax->hta", self._next_states, own)).reshape(self.n_joint, -1)

    @cached_property
    def every_reward(self) -> Float[np.ndarray, "joint action theta"]:
        """E[R_theta(s, a, s')] as every evaluator theta counts it, whatever is held when the action is taken."""
        return np.stack([self.weighed_rewards(weights) for weights in np.eye(len(self.thetas))], axis=-1)

    def weighed_rewards(self, weights: Float[np.ndarray, " theta"]) -> PerAction:
        """E[sum_theta w_theta R_theta(s, a, s')]: what evaluators with these weights count together."""
        mixed = np.tensordot(weights, self.reward, axes=1)  # state, action, next
        if self.reward.shape[3] == 1:
            return np.repeat(mixed[..., 0], len(self.thetas), axis=0)
        return np.asarray(np.einsum("htax,hax->hta", self._next_states, mixed)).reshape(self.n_joint, -1)

    @cached_property
    def _next_states(self) -> Float[np.ndarray, "state theta action next_state"]:
        """P(s' | s, theta, a)."""
        sizes = len(self.states), len(self.thetas), len(self.actions), len(self.states)
        if not sparse.issparse(self.transition):
            return np.asarray(self.transition.reshape(*sizes, len(self.thetas)).sum(axis=-1))
        summing = sparse.csr_array(np.repeat(np.eye(len(self.states)), len(self.thetas), axis=0))
        return np.asarray((self.transition @ summing).toarray()).reshape(sizes)

    def joint_name(self, joint: int) -> tuple[str, str]:
        """The state and theta of a place among the joint states."""
        return self.states[joint // len(self.thetas)], self.thetas[joint % len(self.thetas)]

    def having(self, **changed: Any) -> DRMDP:
        """The same with another start, horizon, discount or name."""
        return replace(self, **changed)

    def uninfluenced(self) -> DRMDP:
        """The same with the edge from the action to theta cut: theta moves as it would under inaction at that moment.

        What is optimal here is what a path-specific objective asks for: the effect of actions on theta counts for
        nothing. Given where one is and what is done, the next state and the next theta are independent here.

        Source:   farquhar2022
        """
        n_states, n_thetas, n_actions = len(self.states), len(self.thetas), len(self.actions)
        whole = self.dense()
        state, theta = whole.sum(axis=4), whole[:, :, self.noop_action].sum(axis=2)
        cut = np.einsum("htax,hty->htaxy", state, theta).reshape(-1, n_states * n_thetas)
        return self.having(transition=compact(cut.reshape(n_states * n_thetas * n_actions, -1)))

    def relabelled(self, *, states: tuple[int, ...], thetas: tuple[int, ...], actions: tuple[int, ...]) -> DRMDP:
        """The same with its states, thetas and actions in another order, which changes nothing that matters."""
        moved = self.dense()[np.ix_(states, thetas, actions, states, thetas)]
        last = states if self.reward.shape[3] > 1 else (0,)
        return DRMDP.of_arrays(
            transition=moved,
            reward=self.reward[np.ix_(thetas, states, actions, last)],
            name=self.name,
            states=tuple(self.states[place] for place in states),
            thetas=tuple(self.thetas[place] for place in thetas),
            actions=tuple(self.actions[place] for place in actions),
            noop=self.noop,
            start=self.start,
            horizon=self.horizon,
            discount=self.discount,
        )

    def __str__(self) -> str:
        """Readable rows: what every action does at every joint state, and what each reward parameter gives for it."""
        numbers = f"horizon {self.horizon}, discount {self.discount:g}"
        head = [
            f"{self.name}: {numbers}, start {' '.join(self.start)}, inaction {self.noop}",
            f"states {', '.join(self.states)}; thetas {', '.join(self.thetas)}; actions {', '.join(self.actions)}",
        ]
        return "\n".join(
            head + ([self._row(row) for row in range(self.transition.shape[0])] if self.n_joint < 40 else [])
        )

    def _row(self, row: int) -> str:
        joint, action = divmod(row, len(self.actions))
        line = self.transition[[row]]
        _, columns, chances = entries(line)
        state = joint // len(self.thetas)
        nexts = [
            f"{' '.join(self.joint_name(int(column)))}" + ("" if chance == 1 else f" ({chance:g})")
            for column, chance in zip(columns, chances, strict=True)
        ]
        rewards = []
        for place, theta in enumerate(self.thetas):
            found = np.unique(self.reward[place, state, action])
            rewards.append(f"{theta} {' or '.join(f'{value:g}' for value in found[:3])}")
        return f"  {self._row_name(row)} -> {' | '.join(nexts)}; rewards: {', '.join(rewards)}"

    def _row_name(self, row: int) -> str:
        joint, action = divmod(row, len(self.actions))
        return f"{' '.join(self.joint_name(joint))}, {self.actions[action]}"

    def _check_names(self) -> None:
        for axis, names in (("states", self.states), ("thetas", self.thetas), ("actions", self.actions)):
            if not names or len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
                _refuse(self.name, f"{axis} = {list(names)}", "at least one name, each once and each a text")
        if self.noop not in self.actions:
            _refuse(self.name, f"noop = {self.noop!r}", f"an action: {', '.join(self.actions)}")
        if self.start[0] not in self.states or self.start[1] not in self.thetas:
            _refuse(self.name, f"start = {self.start}", "a state and a theta")

    def _check_numbers(self) -> None:
        if not isinstance(self.horizon, int) or self.horizon < 1:
            _refuse(self.name, f"horizon = {self.horizon!r}", "a whole number from 1")
        if not isinstance(self.discount, float | int) or not 0 < self.discount <= 1:
            _refuse(self.name, f"discount = {self.discount!r}", "a number over 0 and at most 1")

    def _check_transition(self) -> None:
        wanted = (self.n_joint * len(self.actions), self.n_joint)
        if tuple(self.transition.shape) != wanted:
            _refuse(self.name, f"a transition of shape {tuple(self.transition.shape)}", f"{wanted}")
        rows, _, chances = entries(self.transition)
        sums = np.bincount(rows, weights=chances, minlength=wanted[0])
        wrong = np.flatnonzero(~(np.abs(sums - 1) <= 1e-9))
        if wrong.size:
            row = int(wrong[0])
            _refuse(self.name, f"probabilities of ({self._row_name(row)}) that add up to {sums[row]:g}", "1")
        if not np.all(chances >= 0):
            row = int(rows[~(chances >= 0)][0])
            _refuse(self.name, f"a probability of ({self._row_name(row)}) below 0", "0 to 1")

    def _check_reward(self) -> None:
        sizes = len(self.thetas), len(self.states), len(self.actions)
        if self.reward.ndim != 4 or self.reward.shape[:3] != sizes or self.reward.shape[3] not in {1, sizes[1]}:
            _refuse(self.name, f"a reward of shape {self.reward.shape}", f"{sizes} and the next state or 1")
        wrong = np.argwhere(~np.isfinite(self.reward))
        if wrong.size:
            theta, state, action, _ = wrong[0]
            row = f"theta {self.thetas[theta]}, state {self.states[state]}, action {self.actions[action]}"
            _refuse(self.name, f"no reward for ({row})", "a number for every theta, state and action")


def compact(rows: Rows) -> Rows:
    """The matrix in the form that is fastest at its size: dense up to DENSE entries, sparse above."""
    if rows.shape[0] * rows.shape[1] <= DENSE:
        return rows.toarray() if sparse.issparse(rows) else np.asarray(rows, dtype=float)
    return sparse.csr_array(rows, dtype=float)


def entries(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and value of every entry that is not 0."""
    if sparse.issparse(rows):
        found = rows.tocoo()
        kept = found.data != 0
        return found.row[kept], found.col[kept], found.data[kept]
    row, column = np.nonzero(rows)
    return row, column, rows[row, column]


def _refuse(name: str, got: str, have: str) -> NoReturn:
    raise ProcessError(f'the decision process "{name}" is not whole', got=got, have=have, do="mend that row")
