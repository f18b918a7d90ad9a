"""Weights for sessions: people come when they are in some state and stay away, or leave for good, in others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from attunement.dynamics.hacking.occasions import Occasions, Rows, filled
from attunement.dynamics.hacking.plan import GOODS, Plan
from attunement.errors import OptionError
from attunement.statistics import Refused
from attunement.statistics.weights import Weights, dropout_weights, visit_weights

LONGEST_ABSENCE = 60
"""Days without a visit that still say something of when somebody comes."""

GONE_AFTER_DAYS = 28.0
"""Somebody who was silent for so long when the log ended is taken to have left."""

LEAST_SHARE = 0.5
"""Share of sessions in which a covariate has to be known."""


class Weighing(NamedTuple):
    """Weights of sessions, and what is to be said of them."""

    weight: Rows
    note: str


def weigh_visits(seen: Occasions, plan: Plan) -> Weighing:
    """For each session how seldom a day like it brings a visit, given what was known before that day."""
    day = np.floor(seen.began - seen.began[seen.starts][seen.unit]).astype(np.int64)
    # The last session of a day is what is known of it afterwards.
    is_last = np.append((seen.unit[1:] != seen.unit[:-1]) | (day[1:] != day[:-1]), True)
    at = np.flatnonzero(is_last)
    gap = np.where(seen.unit[at][1:] == seen.unit[at][:-1], np.diff(day[at]), 0)
    source = np.append(gap > 0, False)
    length = np.minimum(gap[source[:-1]], LONGEST_ABSENCE)
    if not len(length) or not (length > 1).any():
        return Weighing(np.ones(len(seen)), "Everybody came on every day, so that visits tell nothing.")
    row = np.repeat(at[source], length)
    since = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + 1
    visited = since == np.repeat(length, length)
    n_visits = np.arange(len(at)) - np.searchsorted(seen.unit[at], seen.unit[at]) + 1
    often = np.log(n_visits / (day[at] + 1.0))
    covariates = np.column_stack(
        [
            _state(seen, plan)[row],
            np.log(since),
            np.repeat(often[source], length),
            np.repeat(often[source], length) ** 2,
        ]
    )
    starts = np.flatnonzero(np.diff(seen.unit[row], prepend=-1))
    found = _learned(visit_weights, visited, covariates, starts)
    if isinstance(found, str):
        return Weighing(np.ones(len(seen)), f"Sessions were not weighted by how seldom people come so: {found}")
    weight = np.ones(len(seen))
    of_day = np.ones(len(at))
    of_day[np.flatnonzero(source) + 1] = found.weight[visited]
    weight = of_day[np.searchsorted(at, np.arange(len(seen)))]
    return Weighing(weight, "Later sessions are weighted by how seldom a day like theirs brings a visit.")


def weigh_staying(seen: Occasions, plan: Plan) -> Weighing:
    """For each session how seldom people like that one are still there."""
    last = np.append(seen.starts[1:], len(seen)) - 1
    dropped = np.zeros(len(seen), dtype=bool)
    dropped[last] = seen.ended[last] < seen.log_end - GONE_AFTER_DAYS
    place = np.arange(len(seen)) - seen.starts[seen.unit] + 1.0
    covariates = np.column_stack([_state(seen, plan), np.log(place)])
    found = _learned(dropout_weights, dropped, covariates, seen.starts)
    if isinstance(found, str):
        return Weighing(np.ones(len(seen)), f"Those who stayed were not weighted to stand for those who left: {found}")
    return Weighing(found.weight, "Those who stayed are weighted to stand for people like them who left.")


def _state(seen: Occasions, plan: Plan) -> Float[np.ndarray, "rows columns"]:
    """What the last session told of the person and of the acts."""
    parts = [one for good in plan.goods if good in GOODS for side in GOODS[good] for one in side]
    names = dict.fromkeys([*(f"rate.{act}" for act in plan.acts), *parts])
    columns = [seen.column(name) for name in names]
    kept = [filled(column, seen.unit) for column in columns if np.isfinite(column).mean() >= LEAST_SHARE]
    return np.column_stack(kept) if kept else np.zeros((len(seen), 0))


def _learned(
    weights: object,
    happened: np.ndarray,
    covariates: Float[np.ndarray, "rows columns"],
    starts: Int[np.ndarray, " units"],
) -> Weights | str:
    """Weights, or why there are none."""
    size = covariates.std(axis=0)
    moving = covariates[:, size > 1e-9 * np.maximum(np.abs(covariates).max(axis=0), 1.0)]
    try:
        found = weights(happened, moving, starts)  # type: ignore[operator]
    except OptionError as fault:
        return f"{fault.what}."
    return found.what if isinstance(found, Refused) else found
