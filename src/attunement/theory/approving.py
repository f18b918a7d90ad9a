"""Who approves of this? What happened or would happen, scored again by every evaluator and held against inaction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from attunement.theory.induction import TOLERANCE
from attunement.theory.objectives import worth
from attunement.theory.policies import Policy
from attunement.theory.trajectories import Scores, Trajectories
from attunement.vocabulary import Missing

SELVES = {
    "initial": "the self of the start",
    "real-time": "the self of each moment",
    "final": "the self of the end",
    "natural-shift": "the self that nobody influenced",
}
"""The evaluators that are a self of the person, by the objective that asks them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one evaluator makes of it."""

    evaluator: str
    """A self of the person, or a reward parameter held all along."""
    score: float
    """Its sum of rewards, the mean where there are many trajectories."""
    error: float | Missing
    """The standard error of the score: 0 where it is exact, missing where it rests on one trajectory."""
    inaction: float
    """What the same evaluator expects of inaction."""

    @property
    def gain(self) -> float:
        """By how much the score is over that of inaction."""
        return self.score - self.inaction

    @property
    def approves(self) -> str:
        """Whether it is better than inaction to this evaluator: "yes", "no" or "alike" (within two errors)."""
        error = 0.0 if isinstance(self.error, Missing) else self.error
        reach = max(2 * error, 10 * TOLERANCE * max(1.0, abs(self.score), abs(self.inaction)))
        return "alike" if abs(self.gain) <= reach else "yes" if self.gain > 0 else "no"


def approve(what: Policy | Trajectories) -> tuple[Verdict, ...]:
    """Every evaluator's verdict: first the selves of the person, then each reward parameter held all along.

    A policy is scored exactly, trajectories by their mean. Inaction is what the same evaluator expects of it; for the
    self of each moment, which is another self under inaction, it is what that one gets.

    Args:
        what: a policy, or trajectories that happened or were drawn.

    Source:   carroll2024, table 1, for the evaluators.
    """
    drmdp = what.drmdp
    scores, ends = _of_policy(what) if isinstance(what, Policy) else _of_trajectories(what)
    natural = Policy.inaction(drmdp)
    of_inaction = {name: worth(natural, name) for name in ("initial", "real-time", "natural-shift")}
    of_inaction["final"] = float(ends @ natural.utilities)
    by_theta = {f"theta {name}": float(natural.utilities[place]) for place, name in enumerate(drmdp.thetas)}
    verdicts = []
    for name, expected in {**{one: of_inaction[one] for one in SELVES}, **by_theta}.items():
        score, error = scores[name]
        told = SELVES.get(name, name)
        verdicts.append(Verdict(evaluator=told, score=score, error=error, inaction=expected))
    return tuple(verdicts)


_Scored = dict[str, tuple[float, float | Missing]]


def _of_policy(policy: Policy) -> tuple[_Scored, Float[np.ndarray, " theta"]]:
    exact = {name: (worth(policy, name), 0.0) for name in SELVES}
    fixed = {f"theta {name}": (float(policy.utilities[place]), 0.0) for place, name in enumerate(policy.drmdp.thetas)}
    return {**exact, **fixed}, policy.ends


def _of_trajectories(seen: Trajectories) -> tuple[_Scored, Float[np.ndarray, " theta"]]:
    drmdp = seen.drmdp
    fixed = seen.by_fixed()
    final = np.take_along_axis(fixed, seen.thetas[:, -1:], axis=1)[:, 0]
    columns = {
        "initial": fixed[:, drmdp.thetas.index(drmdp.start[1])],
        "real-time": seen.real_time(),
        "final": final,
        "natural-shift": seen.natural_shift(),
        **{f"theta {name}": fixed[:, place] for place, name in enumerate(drmdp.thetas)},
    }
    ends = np.bincount(seen.thetas[:, -1], minlength=len(drmdp.thetas)) / len(seen)
    return {name: _mean(column) for name, column in columns.items()}, ends


def _mean(scores: Scores) -> tuple[float, float | Missing]:
    if len(scores) < 2:
        return float(scores.mean()), Missing.TOO_FEW
    return float(scores.mean()), float(scores.std(ddof=1) / np.sqrt(len(scores)))
