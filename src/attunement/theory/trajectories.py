"""What happened: trajectories stated by name or drawn from a policy, and what each evaluator makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse

from attunement.errors import OptionError
from attunement.theory.decisions import DRMDP, Rows
from attunement.theory.policies import Policy, natural_thetas

Scores = Float[np.ndarray, " trajectories"]
"""A discounted sum of rewards for each trajectory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectories:
    """One trajectory or many, as places of names."""

    drmdp: DRMDP
    """What they happened in."""
    states: Int[np.ndarray, "trajectories times"]
    """The state at each step and the end."""
    thetas: Int[np.ndarray, "trajectories times"]
    """The reward parameter at each step and the end."""
    actions: Int[np.ndarray, "trajectories steps"]
    """The action at each step."""

    @classmethod
    def of_actions(
        cls,
        drmdp: DRMDP,
        actions: Sequence[str],
        *,
        states: Sequence[str] | None = None,
        thetas: Sequence[str] | None = None,
    ) -> Trajectories:
        """One trajectory from the names of its actions.

        Args:
            drmdp: what it happened in.
            actions: one for each step of the horizon.
            states: the state at each step and the end; needed only where chance decides.
            thetas: the reward parameter at each step and the end; needed only where chance decides.

        Raises:
            OptionError: a name is unknown, or a step could not have happened or is left open.
        """
        if len(actions) != drmdp.horizon or set(actions) - set(drmdp.actions):
            have = f"{drmdp.horizon} of {', '.join(drmdp.actions)}"
            raise OptionError("the actions do not fit the decision process", got=", ".join(actions), have=have)
        path = [drmdp.start_joint]
        done = [drmdp.actions.index(action) for action in actions]
        for step, action in enumerate(done):
            line = drmdp.transition[[path[-1] * len(drmdp.actions) + action]]
            chances = line.toarray().ravel() if sparse.issparse(line) else line.ravel()
            fits = [
                joint for joint in np.flatnonzero(chances).tolist() if _fits(drmdp, joint, step + 1, states, thetas)
            ]
            if len(fits) != 1:
                possible = [" ".join(drmdp.joint_name(int(joint))) for joint in np.flatnonzero(chances)]
                raise OptionError(
                    f"step {step} of the trajectory "
                    + ("could have led to several places" if fits else "could not have happened"),
                    got=f"{actions[step]} at {' '.join(drmdp.joint_name(path[-1]))}",
                    have=", ".join(possible),
                    do="state the states and thetas of each time, the start and the end among them",
                )
            path.append(fits[0])
        places = np.array(path)[None, :]
        return cls(
            drmdp=drmdp,
            states=places // len(drmdp.thetas),
            thetas=places % len(drmdp.thetas),
            actions=np.array(done)[None, :],
        )

    @classmethod
    def drawn(cls, policy: Policy, *, n: int, rng: np.random.Generator) -> Trajectories:
        """Trajectories drawn from a policy, independent of each other.

        Args:
            policy: what acts.
            n: how many to draw.
            rng: where chance comes from.
        """
        process = policy.process
        points = np.full(n, process.start)
        joint, actions = [process.joint[0][points]], []
        for step, chances in enumerate(policy.chances):
            action = _drawn(sparse.csr_array(chances), points, rng)
            points = _drawn(process.rows[step], points * process.n_actions + action, rng)
            actions.append(action)
            joint.append(process.joint[step + 1][points])
        places = np.stack(joint, axis=1)
        n_thetas = len(policy.drmdp.thetas)
        return cls(
            drmdp=policy.drmdp, states=places // n_thetas, thetas=places % n_thetas, actions=np.stack(actions, axis=1)
        )

    def __len__(self) -> int:
        return len(self.actions)

    def by_fixed(self) -> Float[np.ndarray, "trajectories theta"]:
        """Sum_t R_theta: the score by each parameter, held all along."""
        return np.asarray(np.einsum("ktn,t->nk", self._rewards(), self._discounts()))

    def by_weights(self, weights: Float[np.ndarray, "steps theta"]) -> Scores:
        """The score by the parameters that count at each step, with their weights."""
        return np.asarray(np.einsum("ktn,tk,t->n", self._rewards(), weights, self._discounts()))

    def real_time(self) -> Scores:
        """Sum_t R_{theta_t}: each reward by the parameter held when it is given."""
        held = np.take_along_axis(self._rewards(), self.thetas[:, :-1].T[None], axis=0)[0]
        return np.asarray(np.einsum("tn,t->n", held, self._discounts()))

    def natural_shift(self) -> Scores:
        """Each reward by the parameters that inaction would have brought about by then."""
        return self.by_weights(natural_thetas(self.drmdp))

    def _discounts(self) -> Float[np.ndarray, " steps"]:
        return np.asarray(self.drmdp.discount ** np.arange(self.drmdp.horizon, dtype=float))

    def _rewards(self) -> Float[np.ndarray, "theta steps trajectories"]:
        """What each parameter gives for each step."""
        after = self.states[:, 1:] if self.drmdp.reward.shape[3] > 1 else np.zeros_like(self.actions)
        return np.asarray(self.drmdp.reward[:, self.states[:, :-1].T, self.actions.T, after.T])


def _fits(drmdp: DRMDP, joint: int, time: int, states: Sequence[str] | None, thetas: Sequence[str] | None) -> bool:
    state, theta = drmdp.joint_name(joint)
    return (states is None or list(states)[time : time + 1] == [state]) and (
        thetas is None or list(thetas)[time : time + 1] == [theta]
    )


def _drawn(rows: Rows, row: Int[np.ndarray, " n"], rng: np.random.Generator) -> Int[np.ndarray, " n"]:
    """A column for each row asked for, drawn with the probabilities that stand in the row."""
    found = sparse.csr_array(rows)
    ends = np.concatenate([[0.0], np.cumsum(found.data)])
    first, last = found.indptr[row], found.indptr[row + 1]
    goal = ends[first] + rng.random(len(row)) * (ends[last] - ends[first])
    place = np.clip(np.searchsorted(ends, goal, side="right") - 1, first, last - 1)
    return np.asarray(found.indices[place])
