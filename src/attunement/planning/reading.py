"""What simulated studies say of every number of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import special

from attunement.planning.panels import World
from attunement.planning.records import Cell, Design, Row
from attunement.planning.simulating import Simulated
from attunement.planning.studies import Question, Study, rejected
from attunement.statistics.power import Ends, PowerCurve, Scores, counted, fit_curve

DISAGREES = 0.001
"""Probability below which counts are said not to agree with the curve."""

FEWEST_COUNTED = 10
"""Studies of one size from which on their count is held against the curve."""


def row_of(asked: Question, design: Design, world: World, made: Simulated) -> Row:
    """Power over numbers of people, or what the estimator said."""
    if not made.found:
        cells = tuple(
            Cell(people=n, power=None, smallest=None, found=None, refused=made.refusals[n]) for n in design.people
        )
        return Row(sessions=world.n_sessions, reliability=world.reliability, cells=cells)
    critical = -float(special.ndtri(design.level / design.tests / asked.sides))
    curve = _curve(asked, design, world, made.found)
    estimate = _estimate(made.found)
    cells = tuple(_cell(asked, design, n, curve, critical, made, estimate.value) for n in design.people)
    needed = curve.needed(design.power, critical=critical)
    own = [one.reliability for some in made.found.values() for one in some if np.isfinite(one.reliability)]
    return Row(
        sessions=world.n_sessions,
        reliability=world.reliability,
        cells=cells,
        # No fewer people than the estimator was seen to answer for.
        needed=Ends(*(max(end, float(min(made.found))) for end in needed)),
        by_chance=counted(sum(made.by_chance), len(made.by_chance)) if made.by_chance else None,
        estimate=estimate,
        of_single=float(np.mean(own)) if own else None,
        smooth=_agrees(cells),
    )


def _curve(asked: Question, design: Design, world: World, found: Mapping[int, Sequence[Study]]) -> PowerCurve:
    studies = [(n, one) for n, some in found.items() for one in some]
    scores = Scores(
        n=np.array([float(n) for n, _ in studies]),
        z=np.array([one.z for _, one in studies]),
        capped=np.array([one.capped for _, one in studies]),
    )
    entropy = [design.seed, world.n_sessions, round(1e6 * world.reliability)]
    # The smaller of two scores falls behind a line from nothing; one score of one effect does not.
    return fit_curve(scores, rng=np.random.default_rng(entropy), from_nothing=asked.sides == 2)


def _estimate(found: Mapping[int, Sequence[Study]]) -> Ends:
    """The mean estimate; of two parts, of the one that is smaller, which decides."""
    values = np.array([one.values for some in found.values() for one in some])
    part = values[:, int(np.argmin(np.abs(values.mean(axis=0))))]
    mean, error = float(part.mean()), 1.96 * float(part.std(ddof=1) / np.sqrt(len(part)))
    return Ends(mean, mean - error, mean + error)


def _cell(
    asked: Question, design: Design, n: int, curve: PowerCurve, critical: float, made: Simulated, mean: float
) -> Cell:
    if n in made.refusals:
        return Cell(people=n, power=None, smallest=None, found=None, refused=made.refusals[n])
    here = made.found.get(n, ())
    hits = [rejected(one, level=design.level, tests=design.tests) for one in here]
    found = counted(sum(hits), len(hits)) if hits else None
    power = curve.power(n, critical=critical)
    bounded = all(one.capped for some in made.found.values() for one in some)
    if bounded:
        # All that is known of the curve is that it is high: the count tells how high, and no effect how small.
        least = counted(*(sum(len(some) for some in made.found.values()),) * 2)
        power = Ends(power.value, min(power.low, least.low), 1.0)
    smallest = None
    if abs(mean) > asked.margin and not bounded:
        told = curve.smallest(design.power, n=n, critical=critical, effect=abs(mean), margin=asked.margin)
        # Error and shortness draw estimates down in proportion: what is told is the effect before that.
        smallest = Ends(*(end * abs(design.effect) / abs(mean) for end in told))
    return Cell(people=n, power=power, smallest=smallest, found=found)


def _agrees(cells: Sequence[Cell]) -> bool:
    """Whether counts are what the curve says in each size, by a chi-squared test."""
    total, n_sizes = 0.0, 0
    for cell in cells:
        if cell.power is None or cell.found is None or cell.found.n < FEWEST_COUNTED:
            continue
        p = min(max(cell.power.value, 0.02), 0.98)
        total += cell.found.n * (cell.found.value - p) ** 2 / (p * (1 - p))
        n_sizes += 1
    return n_sizes == 0 or float(special.chdtrc(n_sizes, total)) >= DISAGREES
