"""The eight objectives, each answered by the set of its optimal policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from attunement.errors import OptionError, ProcessError
from attunement.theory.decisions import DRMDP, PerAction
from attunement.theory.finals import best_finals
from attunement.theory.fronts import best_under, pareto_front
from attunement.theory.hulls import cut
from attunement.theory.induction import TOLERANCE, backward
from attunement.theory.paths import naturally
from attunement.theory.policies import Policy, natural_thetas
from attunement.theory.processes import Allowed, Process, markov
from attunement.theory.programmes import Conditions, Programme, at_least, cells, joined

OBJECTIVES = {
    "real-time": "the sum of rewards, each by the parameter held when it is given",
    "final": "the sum of rewards, all by the parameter held at the end",
    "initial": "the sum of rewards, all by the parameter held at the start",
    "natural-shift": "the sum of rewards, each by the parameters that inaction would have brought about by then",
    "constrained": "real-time, among the policies that leave the law of the parameter as inaction does",
    "myopic": "the next reward, at every step anew",
    "privileged": "the sum of rewards, all by one chosen parameter",
    "pareto-ud": "efficient among the policies of which no parameter expects less than of inaction",
}
"""Each objective and what it maximises."""

LP_TOLERANCE = 1e-7
"""How far, relative to the scale of a decision process, a linear programme may be off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The policies that keep to allowed actions and meet the conditions, where there are any."""

    process: Process
    """The points."""
    allowed: Allowed
    """For each step, the actions that an optimal policy may take at each point; more than one where they tie."""
    conditions: Conditions | None = None
    """Linear conditions on how often what is done; None where every policy of allowed actions belongs to the set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optima:
    """All optimal policies of an objective: the union of its pieces. Policies may act by chance."""

    drmdp: DRMDP
    """What they act in."""
    objective: str
    """One of OBJECTIVES."""
    theta: str | None = None
    """The evaluator, for the objectives that have one."""
    include_terminal_theta: bool | None = None
    """Whether theta_H belongs to the path that must be natural, for the constrained objective."""
    value: float | None
    """What an optimal policy attains; None for `myopic` and `pareto-ud`, which have no single value."""
    inaction: float | None
    """What inaction attains; None where there is no single value."""
    pieces: tuple[Piece, ...]
    """The sets of policies that together are all."""
    front: Float[np.ndarray, "_corners theta"] | None = None
    """The corners of the efficient and desirable utilities, for `pareto-ud`."""

    def holds(self, policy: Policy) -> bool:
        """Whether a policy is one of them, whatever it remembers."""
        return _HOLDS.get(self.objective, _attains)(self, policy)


def solve(
    drmdp: DRMDP, objective: str, *, theta: str | None = None, include_terminal_theta: bool | None = None
) -> Optima:
    """All optimal policies of one objective, exactly.

    Args:
        drmdp: the decision process.
        objective: one of OBJECTIVES.
        theta: the evaluator of `privileged`, which needs one; no other objective takes it.
        include_terminal_theta: for `constrained`, whether theta_H, held after the last action, belongs to the path
            that must be natural (the default); no other objective takes it.

    Raises:
        OptionError: the objective or theta is unknown, or an argument is given that the objective does not take.
        ProcessError: the process is too large for an exact answer.

    Source:   carroll2024, table 1
    """
    if objective not in OBJECTIVES:
        raise OptionError("no such objective", got=objective, have=", ".join(OBJECTIVES), do="use one of these")
    if (theta is None) == (objective == "privileged") or (theta is not None and theta not in drmdp.thetas):
        have = f"one of {', '.join(drmdp.thetas)}, for privileged alone"
        raise OptionError("theta is the evaluator of `privileged`", got=f"{objective}, theta = {theta}", have=have)
    if include_terminal_theta is not None and objective != "constrained":
        got = f"{objective}, include_terminal_theta = {include_terminal_theta}"
        raise OptionError("only `constrained` has a path to which theta_H may belong", got=got, do="leave it out")
    if objective == "privileged":
        return _by_weights(drmdp, objective, theta)
    if objective == "constrained":
        return _constrained(drmdp, include_terminal_theta=include_terminal_theta is not False)
    return _SOLVERS[objective](drmdp)


def _real_time(drmdp: DRMDP) -> Optima:
    return _additive(drmdp, "real-time", [drmdp.own_rewards] * drmdp.horizon)


def _initial(drmdp: DRMDP) -> Optima:
    return _by_weights(drmdp, "initial", drmdp.start[1])


def _by_weights(drmdp: DRMDP, objective: str, theta: str | None) -> Optima:
    place = drmdp.thetas.index(theta or drmdp.start[1])
    rewards = drmdp.weighed_rewards(np.eye(len(drmdp.thetas))[place])
    return _additive(drmdp, objective, [rewards] * drmdp.horizon, theta=theta)


def _natural_shift(drmdp: DRMDP) -> Optima:
    return _additive(drmdp, "natural-shift", natural_rewards(drmdp))


def natural_rewards(drmdp: DRMDP) -> list[PerAction]:
    """For each step, the reward by the parameters that inaction would have brought about by then."""
    return [drmdp.weighed_rewards(weights) for weights in natural_thetas(drmdp)]


def _additive(drmdp: DRMDP, objective: str, rewards: list[PerAction], *, theta: str | None = None) -> Optima:
    process = markov(drmdp)
    best = backward(process, rewards)
    return Optima(
        drmdp=drmdp,
        objective=objective,
        theta=theta,
        value=best.value,
        inaction=Policy.inaction(drmdp).expected(rewards),
        pieces=(Piece(process=process, allowed=best.optimal),),
    )


def _myopic(drmdp: DRMDP) -> Optima:
    own = drmdp.own_rewards
    tolerance = TOLERANCE * drmdp.scale
    optimal = own >= own.max(axis=1, keepdims=True) - tolerance
    piece = Piece(process=markov(drmdp), allowed=(optimal,) * drmdp.horizon)
    return Optima(drmdp=drmdp, objective="myopic", value=None, inaction=None, pieces=(piece,))


def _final(drmdp: DRMDP) -> Optima:
    best = best_finals(drmdp)
    return Optima(
        drmdp=drmdp,
        objective="final",
        value=best.value,
        inaction=Policy.inaction(drmdp).final,
        pieces=(Piece(process=best.process, allowed=best.optimal),),
    )


def _constrained(drmdp: DRMDP, *, include_terminal_theta: bool) -> Optima:
    process = markov(drmdp)
    found = naturally(process, allowed=process.everything(), include_terminal_theta=include_terminal_theta)
    if found is None:
        raise ProcessError(f'no policy of "{drmdp.name}" leaves theta alone', got="not even inaction", do="report it")
    own = [drmdp.own_rewards[joint] for joint in found.process.joint[:-1]]
    if found.law is None:
        best = backward(found.process, own, allowed=found.allowed)
        value, piece = best.value, Piece(process=found.process, allowed=best.optimal)
    else:
        gain = cells(found.process, own)
        answer = Programme(found.process, allowed=found.allowed, conditions=found.law).largest(gain)
        value = Policy.inaction(drmdp).real_time if answer is None else answer[0]
        slack = LP_TOLERANCE * drmdp.scale
        conditions = joined(found.law, at_least(gain[None, :], np.array([value - slack])))
        support = Programme(found.process, allowed=found.allowed, conditions=conditions).support()
        piece = Piece(process=found.process, allowed=support, conditions=conditions)
    return Optima(
        drmdp=drmdp,
        objective="constrained",
        include_terminal_theta=include_terminal_theta,
        value=value,
        inaction=Policy.inaction(drmdp).real_time,
        pieces=(piece,),
    )


def _pareto_ud(drmdp: DRMDP) -> Optima:
    front = pareto_front(drmdp)
    parts = [cut(front.hull, face, front.floor) for face in front.faces]
    pieces = [_efficient(drmdp, part) for part in _largest(parts)]
    corners = front.corners(unambiguous=True)
    return Optima(drmdp=drmdp, objective="pareto-ud", value=None, inaction=None, pieces=tuple(pieces), front=corners)


def _efficient(drmdp: DRMDP, part: Float[np.ndarray, "_corners theta"]) -> Piece:
    """The policies whose utilities lie in a part of a face: best under its weights, and desirable."""
    front, process = pareto_front(drmdp), markov(drmdp)
    weights = front.hull.weights_of(part)
    if weights is None:
        raise ProcessError(f'a part of the front of "{drmdp.name}" is not efficient', got=str(part), do="report it")
    allowed = best_under(drmdp, weights)
    if np.all(front.hull.corners[front.hull.closure(part)] >= front.floor - TOLERANCE):
        return Piece(process=process, allowed=allowed)
    conditions = desirable(process)
    support = Programme(process, allowed=allowed, conditions=conditions).support()
    return Piece(process=process, allowed=support, conditions=conditions)


def _largest(parts: list[Float[np.ndarray, "_corners theta"]]) -> list[Float[np.ndarray, "_corners theta"]]:
    """The parts that have corners and do not lie in another."""
    named = {frozenset(map(tuple, np.round(part, 8) + 0.0)): part for part in parts if len(part)}
    return [part for corners, part in named.items() if not any(corners < other for other in named)]


def desirable(process: Process) -> Conditions:
    """The condition that every fixed evaluator expects at least what it expects of inaction."""
    drmdp = process.drmdp
    worth = drmdp.every_reward
    rows = [
        cells(process, [worth[joint][..., place] for joint in process.joint[:-1]]) for place in range(len(drmdp.thetas))
    ]
    return at_least(np.array(rows), Policy.inaction(drmdp).utilities - TOLERANCE * drmdp.scale)


def worth(policy: Policy, objective: str, *, theta: str | None = None) -> float:
    """What a policy attains by the objectives that have a value.

    Args:
        policy: any policy, with memory or not.
        objective: real-time, final, initial, natural-shift, constrained (as real-time) or privileged.
        theta: the evaluator of `privileged`.

    Raises:
        OptionError: the objective has no single value.
    """
    if objective in {"real-time", "constrained"}:
        return policy.real_time
    if objective == "final":
        return policy.final
    if objective == "natural-shift":
        return policy.expected(natural_rewards(policy.drmdp))
    if objective in {"initial", "privileged"}:
        return float(policy.utilities[policy.drmdp.thetas.index(theta or policy.drmdp.start[1])])
    raise OptionError("the objective has no single value", got=objective, do="ask whether its optima hold the policy")


def _attains(optima: Optima, policy: Policy) -> bool:
    least = (optima.value or 0.0) - LP_TOLERANCE * optima.drmdp.scale
    return worth(policy, optima.objective, theta=optima.theta) >= least


def _attains_naturally(optima: Optima, policy: Policy) -> bool:
    terminal = optima.include_terminal_theta is not False
    return _attains(optima, policy) and not policy.influences(include_terminal_theta=terminal)


def _is_myopic(optima: Optima, policy: Policy) -> bool:
    allowed = optima.pieces[0].allowed
    return not any(
        np.any((flow > 0) & ~allowed[step][policy.process.joint[step]]) for step, flow in enumerate(policy.flows)
    )


def _is_efficient(optima: Optima, policy: Policy) -> bool:
    return pareto_front(optima.drmdp).holds_unambiguously(policy)


_SOLVERS: dict[str, Callable[[DRMDP], Optima]] = {
    "real-time": _real_time,
    "final": _final,
    "initial": _initial,
    "natural-shift": _natural_shift,
    "myopic": _myopic,
    "pareto-ud": _pareto_ud,
}
_HOLDS: dict[str, Callable[[Optima, Policy], bool]] = {
    "constrained": _attains_naturally,
    "myopic": _is_myopic,
    "pareto-ud": _is_efficient,
}
