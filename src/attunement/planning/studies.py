"""One simulated study: what the audit's own estimator made of a world."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from attunement.planning.panels import World
from attunement.vocabulary import Estimate, Missing

REACH = 8.0
"""Scores beyond are taken as this: p-values so small are no longer told apart."""


class Study(NamedTuple):
    """What one study found."""

    p: float
    """Of the test, as the audit judges by it."""
    z: float
    """Its normal score, positive where it points to what was put in."""
    capped: bool
    """Whether the p-value could not have been smaller, so that the score is only known to be at least so large."""
    values: tuple[float, ...]
    """The estimates, in the unit of the effect: of both parts, where the test has two."""
    p_of_nothing: float = math.nan
    """Of a test in the same study where nothing was put in, if there is one."""
    reliability: float = math.nan
    """Squared correlation of what is said of single people with what was put in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What can be planned for."""

    asks: str
    """In one sentence, with {effect} for the effect."""
    unit: str
    """Of the effect."""
    effect: float
    """By default."""
    spread: float
    """Standard deviation over people of their own effects, in the same unit."""
    people: tuple[int, ...]
    sessions: tuple[int, ...]
    study: Callable[[np.random.Generator, World, float], Study | str]
    """Simulates and estimates, for a test of this level; words where the estimator refuses."""
    nulls: tuple[tuple[float, float], ...]
    """Shares of effect and harm in worlds in which nothing may be found; none where each study has its own null."""
    runs: int
    """Simulated studies for the whole grid: fewer for each cell where there are more cells."""
    sides: int
    margin: float = 0.0
    most_people: int = 1_000_000
    """In one simulated study: what more people would find is foretold by the curve."""


def scored(p: float, value: float, *, sides: int, floor: float = 0.0) -> tuple[float, bool]:
    """The normal score of a p-value, and whether it stands at its floor."""
    capped = p <= floor
    z = -float(special.ndtri(max(p, floor, 1e-300) / sides))
    return min(math.copysign(z, value) if sides == 2 else z, REACH), capped


def rejected(study: Study, *, level: float, tests: int) -> bool:
    """Whether the study found the effect, on the side on which it was put in."""
    return study.p * tests <= level and study.z > 0


def known(estimates: Sequence[Estimate], measure: str) -> tuple[float, float] | str:
    """Value and p-value of an estimate; in words why there is none."""
    of_all = [one for one in estimates if one.measure == measure and one.relationship_id is None]
    if not of_all:
        return "nothing was estimated at all"
    one = of_all[0]
    if isinstance(one.value, Missing):
        return one.method if "needed" in one.method else f"{one.n} {one.n_of}"
    if one.null is None or isinstance(one.null.p, Missing):
        return f"{one.measure} has no test"
    return one.value, one.null.p
