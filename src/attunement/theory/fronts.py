"""What policies can give to every evaluator at once, and the part of it that harms none of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from attunement.theory.decisions import DRMDP
from attunement.theory.hulls import Face, Hull, cut, efficient_faces, find_hull
from attunement.theory.induction import TOLERANCE, backward
from attunement.theory.policies import Policy
from attunement.theory.processes import Allowed, markov


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The efficient utilities, EU_theta for each theta, of all policies, by chance or not."""

    drmdp: DRMDP
    """What it is about."""
    hull: Hull
    """The hull of utilities, divided by the scale of the decision process."""
    faces: tuple[Face, ...]
    """Its largest efficient faces, in the same unit."""

    @property
    def floor(self) -> Float[np.ndarray, " theta"]:
        """The utilities of inaction, in the unit of the hull."""
        return np.asarray(Policy.inaction(self.drmdp).utilities / self.drmdp.scale)

    def corners(self, *, unambiguous: bool) -> Float[np.ndarray, "corners theta"]:
        """The corners of the front, or of its part that gives every evaluator at least what inaction gives."""
        floor = self.floor if unambiguous else np.full(len(self.drmdp.thetas), -np.inf)
        found = [cut(self.hull, face, floor) if unambiguous else face.corners for face in self.faces]
        together = np.vstack(found) * self.drmdp.scale
        order = np.lexsort(np.round(together, 9).T[::-1])[::-1]
        _, first = np.unique(np.round(together[order], 7), axis=0, return_index=True)
        return np.asarray(together[order][np.sort(first)]) + 0.0

    def holds(self, utilities: Float[np.ndarray, " theta"]) -> bool:
        """Whether the utilities are efficient: nobody could have more but at the cost of another."""
        return self.hull.weights_of(utilities[None, :] / self.drmdp.scale) is not None

    def holds_unambiguously(self, policy: Policy) -> bool:
        """Whether a policy is efficient and gives every evaluator at least what inaction gives."""
        least = self.floor * self.drmdp.scale - TOLERANCE * self.drmdp.scale
        return bool(np.all(policy.utilities >= least)) and self.holds(policy.utilities)


@lru_cache(maxsize=8)
def pareto_front(drmdp: DRMDP) -> Front:
    """The Pareto front of a decision process over its reward parameters.

    Policies may act by chance, so that the front is that of a polytope, and a policy is on it exactly where it is
    best under weights that are all positive. Among unambiguously desirable policies the efficient ones are the same:
    what betters a desirable policy is desirable too.

    Raises:
        ProcessError: there are more than MOST_EVALUATORS reward parameters.

    Source:   carroll2024, definition 9; geoffrion1968, for the weights; benson1998, for finding them all.
    """
    hull = find_hull(lambda weights: _best_utilities(drmdp, weights) / drmdp.scale, len(drmdp.thetas))
    return Front(drmdp=drmdp, hull=hull, faces=efficient_faces(hull))


def best_under(drmdp: DRMDP, weights: Float[np.ndarray, " theta"]) -> Allowed:
    """Every action that is best under weights of the evaluators."""
    rewards = drmdp.weighed_rewards(weights)
    return backward(markov(drmdp), [rewards] * drmdp.horizon).optimal


def _best_utilities(drmdp: DRMDP, weights: Float[np.ndarray, " theta"]) -> Float[np.ndarray, " theta"]:
    """The utilities of one of the policies that are best under the weights."""
    worth = drmdp.every_reward
    points = np.arange(drmdp.n_joint)
    values = np.zeros((drmdp.n_joint, len(drmdp.thetas)))
    for optimal in reversed(best_under(drmdp, weights)):
        action = optimal.argmax(axis=1)
        onward = drmdp.transition[points * len(drmdp.actions) + action] @ values
        values = worth[points, action] + drmdp.discount * onward
    return np.asarray(values[drmdp.start_joint])
