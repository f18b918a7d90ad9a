"""What few people show, each by themselves: sessions with more of an act beside the others. Described, never tested."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from attunement.dynamics.hacking.lifts import good_of
from attunement.dynamics.hacking.occasions import Occasions, Rows, later
from attunement.dynamics.hacking.plan import GOODS, LIMITS, REWARDS, Plan
from attunement.vocabulary import Estimate, Missing, Rung

FEWEST_SESSIONS = 5
"""Sessions on either side, or a mean over them is one evening's."""


def seen_apart(seen: Occasions, plan: Plan) -> list[Estimate]:
    """For each relationship, act, reward and good: the mean where the act was above its usual less that elsewhere."""
    found: list[Estimate] = []
    if not len(seen):
        return found
    for act in plan.acts:
        column = seen.column(f"rate.{act}")
        known = np.isfinite(column)
        n = np.bincount(seen.unit, known)
        mean = np.bincount(seen.unit, np.where(known, column, 0.0)) / np.maximum(n, 1)
        above = known & (column > mean[seen.unit])
        for name, outcome, unit in _outcomes(seen, plan):
            found += _differences(seen, f"hacking.seen:{act}:{name}", outcome, above, known, plan=plan, unit=unit)
    return found


def _outcomes(seen: Occasions, plan: Plan) -> Iterator[tuple[str, Rows, str]]:
    for reward in plan.rewards:
        column = seen.column(REWARDS[reward])
        yield reward, 100 * column if reward in ("returned", "rating") else column, _UNITS[reward]
    for good in plan.goods:
        if good != LIMITS:
            ones = np.ones(len(seen))
            mean, _, whole = later(seen, good_of(seen, good), ones, from_days=plan.from_days, to_days=plan.to_days)
            yield good, np.where(whole, mean, np.nan), "per 100 messages"


_UNITS = {
    "goes_on": "of 100 messages of the AI",
    "returned": "of 100 sessions",
    "rating": "of 100",
    "disclosure": "per 100 messages",
} | dict.fromkeys(GOODS, "per 100 messages")


def _differences(
    seen: Occasions, measure: str, outcome: Rows, above: np.ndarray, known: np.ndarray, *, plan: Plan, unit: str
) -> Iterator[Estimate]:
    told = known & np.isfinite(outcome)
    n_units = len(seen.relationship)
    high, low = told & above, told & ~above
    n_high, n_low = (np.bincount(seen.unit[rows], minlength=n_units) for rows in (high, low))
    sums = [np.bincount(seen.unit[rows], outcome[rows], minlength=n_units) for rows in (high, low)]
    for place in np.flatnonzero((n_high >= FEWEST_SESSIONS) & (n_low >= FEWEST_SESSIONS)).tolist():
        yield Estimate(
            measure=measure,
            relationship_id=int(seen.relationship[place]),
            value=float(sums[0][place] / n_high[place] - sums[1][place] / n_low[place]),
            low=Missing.TOO_FEW,
            high=Missing.TOO_FEW,
            level=plan.level,
            n=int(n_high[place] + n_low[place]),
            n_of=f"sessions, {n_high[place]} of them with more of the act than usual",
            rung=Rung.DESCRIBED,
            null=None,
            method="mean over sessions with more of the act than the person's usual, less that over the others",
            unit=unit,
        )
