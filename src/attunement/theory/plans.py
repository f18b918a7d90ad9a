"""What the optimal policies of an objective do, in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from attunement.theory.induction import reached
from attunement.theory.objectives import Optima, Piece

MOST_PLANS = 64
"""Plans beyond which they are told step by step and not one by one."""


def sequences(optima: Optima) -> frozenset[tuple[str, ...]] | None:
    """The action sequences that optimal policies follow; None where chance decides, or where they are too many."""
    if not optima.drmdp.is_deterministic:
        return None
    found: set[tuple[int, ...]] = set()
    for piece in optima.pieces:
        if piece.conditions is not None:
            return None
        plans: list[tuple[tuple[int, ...], int]] = [((), piece.process.start)]
        for step in range(optima.drmdp.horizon):
            onward = np.asarray(_next_points(piece, step))
            plans = [
                ((*done, int(action)), int(onward[point, action]))
                for done, point in plans
                for action in np.flatnonzero(piece.allowed[step][point])
            ]
            if len(plans) > MOST_PLANS * 16:
                return None
        found |= {done for done, _ in plans}
    names = optima.drmdp.actions
    return frozenset(tuple(names[action] for action in plan) for plan in found)


def told(optima: Optima) -> str:
    """What optimal policies do at each step: an action, several that tie, or "any"; by point where it depends."""
    plans = sequences(optima)
    if plans is not None and len(plans) <= MOST_PLANS:
        return " or ".join(_merged(plans, optima.drmdp.actions))
    return " or ".join(_by_step(piece) for piece in optima.pieces)


def _next_points(piece: Piece, step: int) -> np.ndarray:
    found = np.zeros((len(piece.process.joint[step]), piece.process.n_actions), dtype=int)
    edge = piece.process.edges(step)
    found[edge.point, edge.action] = edge.after
    return found


def _merged(plans: frozenset[tuple[str, ...]], names: Sequence[str]) -> list[str]:
    """Plans that differ freely at some steps as one line."""
    sets = [frozenset(step) for step in zip(*plans, strict=True)]
    if len(plans) == np.prod([len(one) for one in sets]) and set(product(*sets)) == plans:
        return [", ".join(_choice(one, names) for one in sets)]
    place = next(number for number, one in enumerate(sets) if len(one) > 1)
    lines = []
    for action in sorted(sets[place], key=list(names).index):
        lines += _merged(frozenset(plan for plan in plans if plan[place] == action), names)
    return lines


def _choice(actions: frozenset[str], names: Sequence[str]) -> str:
    if len(actions) == len(names) > 1:
        return "any"
    return "/".join(sorted(actions, key=list(names).index))


def _by_step(piece: Piece) -> str:
    drmdp = piece.process.drmdp
    comes_to = reached(piece.process, piece.allowed)
    steps = []
    for step in range(drmdp.horizon):
        by_joint: dict[int, set[frozenset[str]]] = {}
        for point in np.flatnonzero(comes_to[step]).tolist():
            actions = frozenset(drmdp.actions[action] for action in np.flatnonzero(piece.allowed[step][point]))
            by_joint.setdefault(int(piece.process.joint[step][point]), set()).add(actions)
        choices = {choice for found in by_joint.values() for choice in found}
        if len(choices) == 1:
            steps.append(_choice(next(iter(choices)), drmdp.actions))
        elif len(by_joint) <= 4 and all(len(found) == 1 for found in by_joint.values()):
            told_ = [
                f"{' '.join(drmdp.joint_name(joint))}: {_choice(next(iter(found)), drmdp.actions)}"
                for joint, found in sorted(by_joint.items())
            ]
            steps.append(f"[{'; '.join(told_)}]")
        else:
            whole = frozenset(action for choice in choices for action in choice)
            by = "point" if all(len(found) == 1 for found in by_joint.values()) else "history"
            steps.append(f"{'/'.join(sorted(whole, key=list(drmdp.actions).index))} by {by}")
    return ", ".join(steps) + (", mixed so as to meet the conditions" if piece.conditions is not None else "")
