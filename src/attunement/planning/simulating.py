"""Studies of one length and reliability, simulated for some numbers of people until they tell the curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from attunement.planning.panels import World
from attunement.planning.records import Design
from attunement.planning.studies import Question, Study

FEWEST_STUDIES = 8
"""For a curve, in all."""

MOST_REFUSED = 0.05
"""Share of studies that the estimator may refuse: beyond, the power of the rest would be that of the lucky."""

SHARE_OF_NULLS = 1 / 3
"""Of the studies, those in which nothing is there."""

Told = Callable[[float], None]
"""Called with the share that is done."""


class Simulated(NamedTuple):
    """What came of the studies, by people where it matters."""

    found: Mapping[int, Sequence[Study]]
    by_chance: Sequence[bool]
    """Whether something was found where nothing was, in each study of nothing."""
    refusals: Mapping[int, str]


def simulated(asked: Question, design: Design, world: World, *, runs: int, told: Told) -> Simulated:
    """Simulate the smaller numbers of people; larger ones where the estimator refuses these.

    Args:
        asked: the question.
        design: the grid.
        world: of all studies, but for the number of people.
        runs: studies that may be made.
        told: called as the work goes on.
    """
    found: dict[int, list[Study]] = {}
    by_chance: list[bool] = []
    refusals: dict[int, str] = {}
    small = [n for n in design.people if n <= asked.most_people] or [asked.most_people]
    sizes = [*small, *(n for n in design.people if n > small[-1])]
    left = max(runs, FEWEST_STUDIES)
    for place, n in enumerate(sizes):
        if n > asked.most_people and found:
            break
        here = left // max(len(small) - place, 1)
        effects, nulls = _worlds(asked, world._replace(n_people=n), here)
        entropy = [design.seed, world.n_sessions, round(1e6 * world.reliability), n]
        made, why = _made(asked, [*effects, *nulls], np.random.default_rng(entropy), design, told=told)
        if why:
            refusals[n] = why
            continue
        left -= here
        found[n] = [one for one in made[: len(effects)] if one is not None]
        by_chance += _by_chance(asked, design, [one for one in made[len(effects) :] if one is not None], found[n])
    return Simulated(found, by_chance, refusals)


def _worlds(asked: Question, world: World, n: int) -> tuple[list[World], list[World]]:
    n_null = round(n * SHARE_OF_NULLS) if asked.nulls else 0
    shares = [asked.nulls[number % len(asked.nulls)] for number in range(n_null)]
    nulls = [world._replace(effect=first * world.effect, harm=second * world.harm) for first, second in shares]
    return [world] * max(n - n_null, 2), nulls


def _made(
    asked: Question, worlds: Sequence[World], rng: np.random.Generator, design: Design, *, told: Told
) -> tuple[list[Study | None], str]:
    """A study of each world, None where it was refused; and why, where too many were."""
    made: list[Study | None] = []
    n_refused = 0
    for place, world in enumerate(worlds):
        study = asked.study(rng, world, design.level / design.tests)
        if isinstance(study, str):
            n_refused += 1
            # Where the first two are refused, so will be all.
            if n_refused > MOST_REFUSED * len(worlds) or n_refused == place + 1 == 2:
                return made, study
            made.append(None)
        else:
            made.append(study)
        told((place + 1) / len(worlds))
    return made, ""


def _by_chance(asked: Question, design: Design, nulls: Sequence[Study], effects: Sequence[Study]) -> list[bool]:
    """In a study of nothing any finding is wrong; a study of an effect may test something beside it that is nothing."""
    alone = [one.p * design.tests <= design.level and (asked.sides == 2 or one.z > 0) for one in nulls]
    beside = [one.p_of_nothing for one in effects if np.isfinite(one.p_of_nothing)]
    return [*alone, *(p * design.tests <= design.level for p in beside)]
