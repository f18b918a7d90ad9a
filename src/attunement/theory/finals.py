"""The objective of the final self: rewards whose evaluator is known only at the end, so that points must remember."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from attunement.theory.decisions import DRMDP
from attunement.theory.induction import TOLERANCE, backward
from attunement.theory.processes import Allowed, Kept, Process, markov, remembering


class Finals(NamedTuple):
    """The best that can be had by the parameter held at the end."""

    value: float  # E sum_t R_{theta_H}, at best
    process: Process  # the points, with the rewards so far by each parameter
    optimal: Allowed  # every action that attains it


def best_finals(drmdp: DRMDP) -> Finals:
    """The largest expected sum of rewards by the parameter that will be held at the end, and every way to it.

    Raises:
        ProcessError: dynamics are stochastic, and there are too many histories of rewards.
    """
    return _by_end(drmdp) if drmdp.is_deterministic else _by_history(drmdp)


def _by_history(drmdp: DRMDP) -> Finals:
    """Points remember the reward so far by every parameter that may still be held at the end, less what all agree on.

    What all agree on is booked at once, so that at the end, where one parameter is left, everything is booked. The
    points with that memory are a Markov decision process with the rewards that are booked, solved as any other.
    """
    process = markov(drmdp)
    possible = _possible_ends(drmdp)

    def remember(step: int, point: int, action: int, after: int, memory: tuple[float, ...]) -> Kept:
        left = possible[step + 1][after]
        total = np.where(left, np.array(memory) + _gained(drmdp, step, point, action, after), 0.0)
        agreed = total[left.argmax()]
        return Kept(_rounded(np.where(left, total - agreed, 0.0)), float(agreed))

    laid, allowed = remembering(process, (0.0,) * len(drmdp.thetas), remember, allowed=process.everything())
    best = backward(laid, laid.gains or (), allowed=allowed, discounted=False)
    return Finals(best.value, laid, best.optimal)


def _by_end(drmdp: DRMDP) -> Finals:
    """Where nothing happens by chance: for each parameter, the best way to an end where it is held; then the best end.

    With what each way gives from each point, only the points of best ways need be laid out.
    """
    process = markov(drmdp)
    onward = np.stack([_towards(drmdp, process, theta) for theta in range(len(drmdp.thetas))], axis=-1)
    value = float(onward[0][process.start].max())
    least = value - TOLERANCE * drmdp.scale

    def remember(step: int, point: int, action: int, after: int, memory: tuple[float, ...]) -> Kept | None:
        total = np.array(memory) + _gained(drmdp, step, point, action, after)
        reachable = (total + onward[step + 1][after]).max()
        last = float(total[after % len(drmdp.thetas)]) if step + 1 == drmdp.horizon else 0.0
        return Kept(_rounded(total), last) if reachable >= least else None

    laid, allowed = remembering(process, (0.0,) * len(drmdp.thetas), remember, allowed=process.everything())
    return Finals(value, laid, allowed)


def _towards(drmdp: DRMDP, process: Process, theta: int) -> Float[np.ndarray, "times joint"]:
    """The best sum by one parameter, counted from the start of time, on ways to an end where it is held; else -inf."""
    rewards = drmdp.weighed_rewards(np.eye(len(drmdp.thetas))[theta])
    ends = process.theta(drmdp.horizon) == theta
    best = backward(process, [rewards] * drmdp.horizon, ends=ends)
    return np.stack([drmdp.discount**step * value for step, value in enumerate(best.values)])


def _gained(drmdp: DRMDP, step: int, point: int, action: int, after: int) -> Float[np.ndarray, " theta"]:
    n_thetas = len(drmdp.thetas)
    next_state = after // n_thetas if drmdp.reward.shape[3] > 1 else 0
    return np.asarray(drmdp.discount**step * drmdp.reward[:, point // n_thetas, action, next_state])


def _rounded(total: Float[np.ndarray, " theta"]) -> tuple[float, ...]:
    return tuple((np.round(total, 9) + 0.0).tolist())


def _possible_ends(drmdp: DRMDP) -> list[Bool[np.ndarray, "joint theta"]]:
    """For each step and the end, which parameters may be held at the end by whoever is at a joint state."""
    ends = np.eye(len(drmdp.thetas), dtype=bool)[np.arange(drmdp.n_joint) % len(drmdp.thetas)]
    found = [ends]
    for _ in range(drmdp.horizon):
        onward = (drmdp.transition @ ends.astype(float)) > 0
        ends = onward.reshape(drmdp.n_joint, -1, len(drmdp.thetas)).any(axis=1)
        found.append(ends)
    return found[::-1]
