"""Decision processes in which the reward itself can be moved: what an objective makes an AI do, and who approves.

Takes: a DR-MDP of arrays, rows or a TOML file: states, reward parameters, actions, transitions, rewards, a horizon.
Gives: all optimal policies of eight objectives, exactly; influence and its incentive; Pareto fronts; verdicts.
Never: learns anything, samples unless it is asked to, or gives one optimum for the set of them.
"""

from attunement.theory.approving import Verdict, approve
from attunement.theory.building import Builder
from attunement.theory.comparing import results
from attunement.theory.decisions import DRMDP
from attunement.theory.fronts import pareto_front
from attunement.theory.incentives import influence_incentive
from attunement.theory.objectives import OBJECTIVES, Optima, solve
from attunement.theory.policies import Policy
from attunement.theory.reading import EXAMPLES, read
from attunement.theory.trajectories import Trajectories

__all__ = [
    "DRMDP",
    "EXAMPLES",
    "OBJECTIVES",
    "Builder",
    "Optima",
    "Policy",
    "Trajectories",
    "Verdict",
    "approve",
    "influence_incentive",
    "pareto_front",
    "read",
    "results",
    "solve",
]
