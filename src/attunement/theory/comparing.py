"""The table of results: every objective, what it attains, what it does, and what that means for the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from attunement.errors import ProcessError
from attunement.theory.decisions import DRMDP
from attunement.theory.incentives import desirability, influence_incentive
from attunement.theory.objectives import OBJECTIVES, Optima, solve
from attunement.theory.plans import told

TOO_LARGE = "too large"
"""What stands in a row where an exact answer was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row: an objective and its optimal policies."""

    objective: str
    """The objective with what it was asked with."""
    optima: Optima | None
    """All optimal policies; None where the process is too large for an exact answer."""
    plan: str
    """What they do."""
    influence: str
    """Whether all of them influence: "yes", "no", or "at the end" where only theta_H, held after the last action, is
    influenced by all of them; or TOO_LARGE."""
    desirable: str
    """How many of them are unambiguously desirable: "all", "some" or "none"; or TOO_LARGE."""


def results(drmdp: DRMDP) -> tuple[Result, ...]:
    """Every objective in turn: `constrained` without and with theta_H, `privileged` for each theta.

    A row that cannot be answered exactly says so and does not stop the others.

    Source:   carroll2024, table 4.
    """
    rows = []
    for objective in OBJECTIVES:
        if objective == "privileged":
            rows += [_row(drmdp, f"{objective} ({theta})", objective, theta=theta) for theta in drmdp.thetas]
        elif objective == "constrained":
            for whether, name in ((False, "without theta_H"), (True, "with theta_H")):
                rows.append(_row(drmdp, f"{objective} {name}", objective, include_terminal_theta=whether))
        else:
            rows.append(_row(drmdp, objective, objective))
    return tuple(rows)


def _row(drmdp: DRMDP, name: str, objective: str, **asked: Any) -> Result:
    try:
        optima = solve(drmdp, objective, **asked)
    except ProcessError:
        return Result(objective=name, optima=None, plan=TOO_LARGE, influence=TOO_LARGE, desirable=TOO_LARGE)
    return Result(
        objective=name,
        optima=optima,
        plan=told(optima),
        influence=_or_too_large(_influence, optima),
        desirable=_or_too_large(desirability, optima),
    )


def _influence(optima: Optima) -> str:
    if not influence_incentive(optima):
        return "no"
    return "yes" if influence_incentive(optima, include_terminal_theta=False) else "at the end"


def _or_too_large(ask: Callable[[Optima], str], optima: Optima) -> str:
    try:
        return ask(optima)
    except ProcessError:
        return TOO_LARGE
