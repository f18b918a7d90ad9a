"""The path of the reward parameter: points that remember it, and the condition that its law be the natural one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int
from scipy import sparse

from attunement.theory.decisions import DRMDP
from attunement.theory.induction import TOLERANCE, keeping_on
from attunement.theory.policies import Law, Policy
from attunement.theory.processes import Allowed, Kept, Process, remembering
from attunement.theory.programmes import Conditions


class Natural(NamedTuple):
    """The policies, of those that keep to allowed actions, under which theta moves as it does under inaction."""

    process: Process  # the points, with the path where it is needed
    allowed: Allowed  # actions that never leave the paths that inaction takes
    law: Conditions | None  # that each path has its natural probability; None where there is but one path
    cells: Int[np.ndarray, " cells"] | None  # for each cell here the cell it had before; None where they are the same


def natural_law(drmdp: DRMDP, *, include_terminal_theta: bool) -> Law:
    """The law of the path of theta under inaction."""
    law = Policy.inaction(drmdp).theta_law(include_terminal_theta=include_terminal_theta)
    return {path: chance for path, chance in law.items() if chance > TOLERANCE}


def naturally(process: Process, *, allowed: Allowed, include_terminal_theta: bool) -> Natural | None:
    """The points and actions of the policies that do not influence; None where there is no such policy.

    Where inaction leaves theta but one path, not to influence is to keep to it, and no memory is needed. Otherwise
    the points remember the path so far, and the probability of each whole path is a linear condition.
    """
    drmdp = process.drmdp
    law = natural_law(drmdp, include_terminal_theta=include_terminal_theta)
    if len(law) == 1:
        return _one_path(process, allowed, next(iter(law)))
    places = {name: place for place, name in enumerate(drmdp.thetas)}
    paths = {tuple(places[name] for name in path): chance for path, chance in law.items()}
    prefixes = {path[:length] for path in paths for length in range(1, len(path) + 1)}
    last = len(next(iter(paths))) - 1
    thetas = [process.theta(step) for step in range(len(process.joint))]

    def remember(step: int, _point: int, _action: int, after: int, memory: tuple[tuple[int, ...], int]) -> Kept | None:
        path = (*memory[0], int(thetas[step + 1][after])) if step < last else memory[0]
        return Kept((path, after), 0.0) if path in prefixes else None

    first = ((int(thetas[0][process.start]),), process.start)
    laid, open_ = remembering(process, first, remember, allowed=allowed)
    always = [np.ones(len(joint), dtype=bool) for joint in laid.joint]
    kept = keeping_on(laid, allowed=open_, good=always)
    if kept is None:
        return None
    return Natural(laid, kept, _law_conditions(laid, paths, last), _origins(process, laid))


def _one_path(process: Process, allowed: Allowed, path: tuple[str, ...]) -> Natural | None:
    names = process.drmdp.thetas
    good = [
        process.theta(step) == names.index(path[step]) if step < len(path) else np.ones(len(joint), dtype=bool)
        for step, joint in enumerate(process.joint)
    ]
    kept = keeping_on(process, allowed=allowed, good=good)
    return None if kept is None else Natural(process, kept, None, None)


def _law_conditions(laid: Process, paths: dict[tuple[int, ...], float], last: int) -> Conditions:
    """What flows into the last points of each path is its natural probability. A path of one theta needs nothing."""
    sizes = [len(joint) * laid.n_actions for joint in laid.joint[:-1]]
    before = sum(sizes[: last - 1])
    memory: Any = laid.memory
    order = {path: place for place, path in enumerate(paths)}
    ends = np.array([order[path] for path, _ in memory[last]])
    into = sparse.csr_array(laid.rows[last - 1])  # cells of step last-1 x points of step last
    summing = sparse.csr_array((np.ones(len(ends)), (np.arange(len(ends)), ends)), shape=(len(ends), len(order)))
    block = (into @ summing).T
    empty_before = sparse.csr_array((len(order), before))
    empty_after = sparse.csr_array((len(order), sum(sizes) - before - sizes[last - 1]))
    matrix = sparse.hstack([empty_before, block, empty_after], format="csr")
    chances = np.array(list(paths.values()))
    return Conditions(sparse.csr_array(matrix), chances, chances)


def _origins(process: Process, laid: Process) -> Int[np.ndarray, " cells"]:
    """For each cell of the points with paths, the cell of the same point and action without."""
    memory: Any = laid.memory
    n_actions, offset, found = process.n_actions, 0, []
    for step, joint in enumerate(process.joint[:-1]):
        points = np.array([point for _, point in memory[step]])
        found.append((offset + points[:, None] * n_actions + np.arange(n_actions)).reshape(-1))
        offset += len(joint) * n_actions
    return np.concatenate(found)
