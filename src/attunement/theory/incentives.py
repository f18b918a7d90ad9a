"""What holds of all optimal policies at once: whether each of them influences, and whether any harms an evaluator."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attunement.theory.induction import TOLERANCE, backward, pruned
from attunement.theory.objectives import Optima, Piece, desirable
from attunement.theory.paths import naturally
from attunement.theory.policies import Policy
from attunement.theory.processes import Process
from attunement.theory.programmes import Conditions, Programme, joined


def influence_incentive(optima: Optima, *, include_terminal_theta: bool = True) -> bool:
    """Whether every optimal policy influences the reward parameter, so that pursuing the objective means influencing.

    Args:
        optima: the optimal policies of an objective.
        include_terminal_theta: whether theta_H, held after the last action, belongs to the path.

    Raises:
        ProcessError: inaction leaves too many paths of theta for an exact answer.

    Source:   carroll2024, definition 7.
    """
    return not any(_has_a_natural_one(piece, include_terminal_theta) for piece in optima.pieces)


def desirability(optima: Optima) -> str:
    """How many of the optimal policies are unambiguously desirable: "all", "some" or "none".

    Raises:
        ProcessError: a linear programme has no answer.

    Source:   carroll2024, definition 9.
    """
    if optima.objective == "pareto-ud":
        return "all"
    pieces = [_without_the_rest(piece) for piece in optima.pieces]
    if all(_harms_nobody(piece) for piece in pieces):
        return "all"
    return "some" if any(_has_a_desirable_one(piece) for piece in pieces) else "none"


def _without_the_rest(piece: Piece) -> Piece:
    """The piece on the points that it comes to, alone. Conditions speak of all points, and keep them."""
    if piece.conditions is not None:
        return piece
    process, allowed = pruned(piece.process, piece.allowed)
    return Piece(process=process, allowed=allowed)


def _has_a_natural_one(piece: Piece, include_terminal_theta: bool) -> bool:
    found = naturally(piece.process, allowed=piece.allowed, include_terminal_theta=include_terminal_theta)
    if found is None:
        return False
    wanted = [] if found.law is None else [found.law]
    if piece.conditions is not None:
        lifted = piece.conditions.matrix if found.cells is None else piece.conditions.matrix[:, found.cells]
        wanted.append(Conditions(lifted, piece.conditions.low, piece.conditions.high))
    if not wanted:
        return True
    return Programme(found.process, allowed=found.allowed, conditions=joined(*wanted)).is_possible()


def _harms_nobody(piece: Piece) -> bool:
    if piece.conditions is not None:
        return _least_gains_of_programme(piece)
    floor = Policy.inaction(piece.process.drmdp).utilities
    for place, rewards in enumerate(_evaluators(piece.process)):
        least = -backward(piece.process, [-one for one in rewards], allowed=piece.allowed).value
        if least < floor[place] - _slack(piece):
            return False
    return True


def _least_gains_of_programme(piece: Piece) -> bool:
    drmdp = piece.process.drmdp
    rows = desirable(piece.process)
    programme = Programme(piece.process, allowed=piece.allowed, conditions=piece.conditions)
    for place, low in enumerate(rows.low):
        answer = programme.largest(-rows.matrix[[place]].toarray().ravel())
        if answer is not None and -answer[0] < low - 1e-7 * drmdp.scale:
            return False
    return True


def _has_a_desirable_one(piece: Piece) -> bool:
    if piece.conditions is None:
        floor = Policy.inaction(piece.process.drmdp).utilities
        for place, rewards in enumerate(_evaluators(piece.process)):
            if backward(piece.process, rewards, allowed=piece.allowed).value < floor[place] - _slack(piece):
                return False
    rows = desirable(piece.process)
    conditions = rows if piece.conditions is None else joined(piece.conditions, rows)
    return Programme(piece.process, allowed=piece.allowed, conditions=conditions).is_possible()


def _evaluators(process: Process) -> list[list[Float[np.ndarray, "_points action"]]]:
    worth = process.drmdp.every_reward
    return [[worth[joint][..., place] for joint in process.joint[:-1]] for place in range(len(process.drmdp.thetas))]


def _slack(piece: Piece) -> float:
    return 10 * TOLERANCE * piece.process.drmdp.scale
