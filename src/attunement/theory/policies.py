"""A policy, and what it brings about: what each evaluator expects of it, and how the reward parameter moves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from attunement.errors import OptionError, ProcessError
from attunement.theory.decisions import DRMDP, PerAction
from attunement.theory.induction import TOLERANCE, reached
from attunement.theory.processes import MOST_POINTS, Process, markov

Law = Mapping[tuple[str, ...], float]
"""The probability of each path of the reward parameter."""

MOST_POLICIES = 1_000_000
"""Deterministic policies beyond which they are not listed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Policy:
    """What is done at each point of a process, by chance or not."""

    process: Process
    """The points; with memory where the policy needs one."""
    chances: tuple[Float[np.ndarray, "_points action"], ...]
    """For each step, the probability of each action at each point."""

    @classmethod
    def inaction(cls, drmdp: DRMDP) -> Policy:
        """The policy that always does nothing."""
        return _inaction(drmdp)

    @classmethod
    def of_actions(
        cls, drmdp: DRMDP, actions: Mapping[tuple[int, str, str], str], *, otherwise: str | None = None
    ) -> Policy:
        """The deterministic policy that takes a named action at each (step, state, theta).

        Args:
            drmdp: what it acts in.
            actions: what is done at each (step, state, theta).
            otherwise: what is done wherever nothing is stated; without it, inaction.

        Raises:
            OptionError: a name is not one of this decision process.
        """
        chosen = np.full((drmdp.horizon, drmdp.n_joint), _action(drmdp, otherwise or drmdp.noop))
        for (step, state, theta), action in actions.items():
            known = state in drmdp.states and theta in drmdp.thetas
            if not known or not 0 <= step < drmdp.horizon:
                have = f"steps 0 to {drmdp.horizon - 1}; {', '.join(drmdp.states)}; {', '.join(drmdp.thetas)}"
                raise OptionError(
                    "a policy speaks of a point that is not there", got=f"({step}, {state}, {theta})", have=have
                )
            chosen[step, _joint(drmdp, state, theta)] = _action(drmdp, action)
        return _deterministic(markov(drmdp), chosen)

    @classmethod
    def every(cls, drmdp: DRMDP) -> Iterator[Policy]:
        """Every deterministic policy without memory: a choice at each step and joint state that some policy comes to.

        Raises:
            ProcessError: there are more than MOST_POLICIES.
        """
        process = markov(drmdp)
        comes_to = reached(process, process.everything())
        places = [(step, int(point)) for step in range(drmdp.horizon) for point in np.flatnonzero(comes_to[step])]
        if len(drmdp.actions) ** len(places) > MOST_POLICIES:
            raise ProcessError(
                f'the decision process "{drmdp.name}" has too many policies to list',
                got=f"{len(drmdp.actions)} actions at {len(places)} points",
                have=f"at most {MOST_POLICIES:,} policies",
                do="use `solve`, which does not list them",
            )
        for choice in itertools.product(range(len(drmdp.actions)), repeat=len(places)):
            chosen = np.full((drmdp.horizon, drmdp.n_joint), drmdp.noop_action)
            for (step, point), action in zip(places, choice, strict=True):
                chosen[step, point] = action
            yield _deterministic(process, chosen)

    @property
    def drmdp(self) -> DRMDP:
        """What it acts in."""
        return self.process.drmdp

    @cached_property
    def utilities(self) -> Float[np.ndarray, " theta"]:
        """EU_theta: the expected sum of rewards by each fixed evaluator, with the discount."""
        worth = self.drmdp.every_reward
        total = np.zeros(worth.shape[-1])
        for step, flow in enumerate(self.flows):
            total += self.drmdp.discount**step * np.einsum("pa,pat->t", flow, worth[self.process.joint[step]])
        return total

    @cached_property
    def real_time(self) -> float:
        """E sum_t R_{theta_t}: the expected sum of rewards, each by the parameter held when it is given."""
        return self.expected([self.drmdp.own_rewards] * self.drmdp.horizon)

    def expected(self, rewards: Sequence[PerAction]) -> float:
        """The expected sum of rewards that hold at each joint state and action of each step, with the discount."""
        total = 0.0
        for step, flow in enumerate(self.flows):
            point, action = np.nonzero(flow)
            gained = rewards[step][self.process.joint[step][point], action]
            total += self.drmdp.discount**step * float(flow[point, action] @ gained)
        return total

    @cached_property
    def final(self) -> float:
        """E sum_t R_{theta_H}: the expected sum of rewards, all by the parameter held at the end."""
        n_thetas = len(self.drmdp.thetas)
        holds = np.eye(n_thetas)[self.process.theta(self.drmdp.horizon)]  # point, theta: whether it is held at the end
        sums = np.zeros_like(holds)  # point, theta: expected reward from here where theta will be held, else 0
        for step in reversed(range(self.drmdp.horizon)):
            edge = self.process.edges(step)
            rewards = self._edge_rewards(step)
            weight = edge.chance * self.chances[step][edge.point, edge.action]
            factor = self.drmdp.discount**step
            flow = weight[:, None] * (factor * rewards * holds[edge.after] + sums[edge.after])
            held = weight[:, None] * holds[edge.after]
            n_points = len(self.process.joint[step])
            sums, holds = _by_point(edge.point, flow, n_points), _by_point(edge.point, held, n_points)
        return float(sums[self.process.start].sum())

    @cached_property
    def ends(self) -> Float[np.ndarray, " theta"]:
        """P(theta_H): which reward parameter is held at the end."""
        last = np.asarray(self.flows[-1].reshape(-1) @ self.process.rows[-1])
        return np.bincount(self.process.theta(self.drmdp.horizon), weights=last, minlength=len(self.drmdp.thetas))

    def theta_law(self, *, include_terminal_theta: bool) -> Law:
        """The law of the path of the reward parameter: theta_0 to theta_{H-1}, or to theta_H.

        Raises:
            ProcessError: there are too many paths to list.

        Source:   carroll2024, definition 6.
        """
        thetas = self.drmdp.thetas
        last = self.drmdp.horizon - (0 if include_terminal_theta else 1)
        start = np.zeros(len(self.process.joint[0]))
        start[self.process.start] = 1.0
        paths: dict[tuple[str, ...], Any] = {(thetas[int(self.process.theta(0)[self.process.start])],): start}
        for step in range(last):
            after = self.process.theta(step + 1)
            longer: dict[tuple[str, ...], Any] = {}
            for path, weight in paths.items():
                done = (weight[:, None] * self.chances[step]).reshape(-1)
                row = np.flatnonzero(done)
                flow = np.asarray(done[row] @ self.process.rows[step][row])
                for place in np.unique(after[flow > 0]):
                    longer[(*path, thetas[place])] = np.where(after == place, flow, 0.0)
            paths = longer
            if len(paths) * len(after) > 100 * MOST_POINTS:
                raise ProcessError(
                    f'the decision process "{self.drmdp.name}" has too many paths of theta to list',
                    got=f"{len(paths):,} paths after {step + 1} steps",
                    do="ask about a shorter horizon",
                )
        return {path: float(weight.sum()) for path, weight in paths.items()}

    def influences(self, *, include_terminal_theta: bool = True) -> bool:
        """Whether the law of the reward parameter's path differs from that under inaction.

        Args:
            include_terminal_theta: whether theta_H, which is held after the last action, belongs to the path.

        Raises:
            ProcessError: there are too many paths to list.

        Source:   carroll2024, definition 6.
        """
        law = self.theta_law(include_terminal_theta=include_terminal_theta)
        natural = Policy.inaction(self.drmdp).theta_law(include_terminal_theta=include_terminal_theta)
        return any(abs(law.get(path, 0.0) - natural.get(path, 0.0)) > TOLERANCE for path in law.keys() | natural.keys())

    def acting_in(self, drmdp: DRMDP) -> Policy:
        """The same choices in another decision process with the same names, such as `drmdp.uninfluenced()`.

        The difference of the two real-time values is what the policy gains through theta: its instrumental control.

        Raises:
            OptionError: the policy needs memory, or the names or the horizon differ.
        """
        alike = (drmdp.states, drmdp.thetas, drmdp.actions, drmdp.horizon) == (
            self.drmdp.states,
            self.drmdp.thetas,
            self.drmdp.actions,
            self.drmdp.horizon,
        )
        if self.process.memory is not None or not alike:
            raise OptionError("the policy cannot act there", got=drmdp.name, have="the same names, and no memory")
        return Policy(process=markov(drmdp), chances=self.chances)

    @property
    def is_unambiguously_desirable(self) -> bool:
        """Whether no fixed evaluator expects less of it than of inaction.

        Source:   carroll2024, definition 9.
        """
        tolerance = TOLERANCE * self.drmdp.scale
        return bool(np.all(self.utilities >= Policy.inaction(self.drmdp).utilities - tolerance))

    def action_at(self, step: int, state: str, theta: str) -> Mapping[str, float]:
        """The actions that may be taken at a step in a joint state, with their probabilities (without memory only).

        Raises:
            OptionError: the policy remembers more than the joint state.
        """
        if self.process.memory is not None:
            raise OptionError("the policy needs its memory to act", got=f"({state}, {theta})", do="follow a rollout")
        row = self.chances[step][_joint(self.drmdp, state, theta)]
        return {name: float(chance) for name, chance in zip(self.drmdp.actions, row, strict=True) if chance > 0}

    @cached_property
    def flows(self) -> tuple[Float[np.ndarray, "_points action"], ...]:
        """For each step, the probability of being at each point and doing each action."""
        here = np.zeros(len(self.process.joint[0]))
        here[self.process.start] = 1.0
        found = []
        for step in range(self.drmdp.horizon):
            found.append(here[:, None] * self.chances[step])
            row = np.flatnonzero(found[-1])
            here = np.asarray(found[-1].reshape(-1)[row] @ self.process.rows[step][row])
        return tuple(found)

    def _edge_rewards(self, step: int) -> Float[np.ndarray, "edges theta"]:
        edge = self.process.edges(step)
        state, after = self.process.state(step)[edge.point], self.process.state(step + 1)[edge.after]
        last = after if self.drmdp.reward.shape[3] > 1 else np.zeros_like(after)
        return np.asarray(self.drmdp.reward[:, state, edge.action, last].T)


def natural_thetas(drmdp: DRMDP) -> Float[np.ndarray, "step theta"]:
    """P(theta_t | inaction) at each step before the end."""
    noop = drmdp.transition[drmdp.noop_action :: len(drmdp.actions)]
    here = np.zeros(drmdp.n_joint)
    here[drmdp.start_joint] = 1.0
    found = []
    for _ in range(drmdp.horizon):
        found.append(here.reshape(-1, len(drmdp.thetas)).sum(axis=0))
        here = np.asarray(here @ noop)
    return np.stack(found)


@lru_cache(maxsize=8)
def _inaction(drmdp: DRMDP) -> Policy:
    chances = np.zeros((drmdp.n_joint, len(drmdp.actions)))
    chances[:, drmdp.noop_action] = 1.0
    return Policy(process=markov(drmdp), chances=(chances,) * drmdp.horizon)


def _joint(drmdp: DRMDP, state: str, theta: str) -> int:
    return drmdp.states.index(state) * len(drmdp.thetas) + drmdp.thetas.index(theta)


def _action(drmdp: DRMDP, name: str) -> int:
    if name not in drmdp.actions:
        raise OptionError("no such action", got=name, have=", ".join(drmdp.actions), do="use one of these")
    return drmdp.actions.index(name)


def _deterministic(process: Process, chosen: Int[np.ndarray, "step joint"]) -> Policy:
    return Policy(process=process, chances=tuple(np.eye(process.n_actions)[row] for row in chosen))


def _by_point(point: Int[np.ndarray, " edges"], flow: Shaped[np.ndarray, "edges theta"], n_points: int) -> Any:
    found = np.zeros((n_points, flow.shape[1]))
    np.add.at(found, point, flow)
    return found
