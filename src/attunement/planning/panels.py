"""PANEL rows of people who were made up, as an audit would have measured them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float

from attunement.vocabulary import PANEL, PERIODS, TIME, Missing

Grid = Float[np.ndarray, "people sessions"]

MESSAGES = 10
"""Read of each side in a session."""

SESSION_DAYS = 0.02

DAY_US = 86_400_000_000
FIRST_DAY = 20_454.0


class World(NamedTuple):
    """What is simulated."""

    n_people: int
    n_sessions: int
    effect: float
    """In the unit of the question; 0 is the null."""
    reliability: float
    """Share of what session scores vary by within people that is not the annotator's error."""
    drop_out: float
    """Share of people who left before their last planned session."""
    spread: float
    """Standard deviation over people of their own effects."""
    harm: float = 0.0
    """The second effect of a question that has two."""


def stayed(rng: np.random.Generator, world: World) -> Bool[np.ndarray, "people sessions"]:
    """Which sessions took place: at the end of each, a person leaves with one probability."""
    if not world.drop_out:
        return np.ones((world.n_people, world.n_sessions), dtype=bool)
    leaving = 1 - (1 - world.drop_out) ** (1 / max(world.n_sessions - 1, 1))
    last = rng.geometric(leaving, size=world.n_people)
    return np.asarray(np.arange(world.n_sessions) < last[:, None])


def gaps(rng: np.random.Generator, world: World) -> Grid:
    """Days before each session: often a day or two, at times weeks, and shorter for some people than for others."""
    shape = (world.n_people, world.n_sessions)
    usual = rng.choice([0.5, 1.5, 7.0], p=[0.8, 0.15, 0.05], size=shape)
    often = np.exp(0.4 * rng.standard_normal((world.n_people, 1)))
    days = np.maximum(rng.exponential(usual), 0.05) * often
    days[:, 0] = 60 * rng.random(world.n_people)
    return np.asarray(days)


def read_with_error(rng: np.random.Generator, values: Grid, *, reliability: float, swing: float) -> Grid:
    """Scores whose error leaves them that reliable, where true ones swing by so much within people."""
    error = swing * np.sqrt((1 - reliability) / reliability)
    return np.asarray(values + error * rng.standard_normal(values.shape))


def panel_of(at: Grid, there: Bool[np.ndarray, "people sessions"], measures: Mapping[str, Grid]) -> pa.Table:
    """Session rows of PANEL.

    Args:
        at: when sessions began, in days.
        there: whether they took place.
        measures: values by measure; NaN where there is none.
    """
    n, k = int(there.sum()), len(measures)
    people = np.broadcast_to(np.arange(len(at), dtype=np.uint64)[:, None] + 1, at.shape)[there]
    start = ((at[there] + FIRST_DAY) * DAY_US).astype(np.int64)
    value = np.concatenate([values[there] for values in measures.values()])
    unknown = ~np.isfinite(value)
    words = pa.DictionaryArray.from_arrays
    return pa.Table.from_arrays(
        [
            pa.array(np.tile(people, k)),
            pa.array(np.tile(start, k)).cast(TIME),
            words(pa.array(np.zeros(n * k, dtype=np.int8)), pa.array(PERIODS)),
            words(pa.array(np.repeat(np.arange(k, dtype=np.int8), n)), pa.array(list(measures))),
            pa.array(value, mask=unknown),
            pa.nulls(n * k, pa.float64()),
            pa.array(np.full(n * k, MESSAGES, dtype=np.int32)),
            pa.array(np.full(n * k, SESSION_DAYS * 1440)),
            words(pa.array(np.zeros(n * k, dtype=np.int8), mask=~unknown), pa.array([Missing.NOT_RECORDED.value])),
        ],
        schema=PANEL,
    )
