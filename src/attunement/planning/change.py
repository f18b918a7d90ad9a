"""Studies of change: of a person's measure over the sessions, or between arms that chance made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from attunement.dynamics import Routes, estimate_drift
from attunement.planning.panels import DAY_US, FIRST_DAY, Grid, World, gaps, panel_of, read_with_error, stayed
from attunement.planning.studies import Question, Study, known, scored
from attunement.vocabulary import TIME, Estimate

RATE = 0.5
"""A day, at which the measure returns to the person's usual."""

MEASURE = "rate.user.independent"
_MIDDLE, _SCALE = 40.0, 8.0


def simulate(rng: np.random.Generator, world: World, level: float) -> Study | str:
    """The mean change from the first half of the sessions to the second, of people who were only watched."""
    place = np.linspace(-1.0, 1.0, world.n_sessions) * world.n_sessions / (world.n_sessions + world.n_sessions % 2)
    own = world.effect + world.spread * rng.standard_normal((world.n_people, 1))
    panel = _panel(rng, world, np.cumsum(gaps(rng, world), axis=1), own * place)
    found = estimate_drift(panel, person=MEASURE, rng=rng, level=1 - level)
    return _study(found, f"drift.total.{MEASURE}", world, own=own[:, 0])


def simulate_arms(rng: np.random.Generator, world: World, level: float) -> Study | str:
    """The difference between an AI's arm and the other, to which chance sent people at half of their sessions."""
    half = world.n_sessions // 2
    arm = rng.permutation(np.arange(world.n_people) % 2)
    own = world.effect + world.spread * rng.standard_normal((world.n_people, 1))
    at = np.cumsum(gaps(rng, world), axis=1)
    after = np.arange(world.n_sessions) >= half
    panel = _panel(rng, world, at, own * arm[:, None] * after)
    drawn = ((at[:, half] - 1e-4 + FIRST_DAY) * DAY_US).astype(np.int64)
    people = np.arange(world.n_people, dtype=np.uint64) + 1
    arms = pa.table({"relationship_id": people, "at": pa.array(drawn).cast(TIME), "arm": arm})
    found = estimate_drift(panel, person=MEASURE, rng=rng, level=1 - level, routes=Routes(arms=arms))
    return _study(found, f"drift.induced.arm.{MEASURE}", world, own=None)


QUESTION = Question(
    asks="that a measure of people changes from the first half of their sessions to the second, by {effect}",
    unit="of a usual swing within people",
    effect=0.1,
    spread=0.3,
    people=(50, 100, 300),
    sessions=(20, 40, 60),
    study=simulate,
    nulls=((0.0, 0.0),),
    runs=1080,
    sides=2,
)

ARMS = Question(
    asks="that a measure is higher with the AI that chance gave to half of the people, by {effect}",
    unit="of a usual swing within people",
    effect=0.2,
    spread=0.3,
    people=(50, 100, 300),
    sessions=(20, 40, 60),
    study=simulate_arms,
    nulls=((0.0, 0.0),),
    runs=1080,
    sides=2,
)


def _panel(rng: np.random.Generator, world: World, at: Grid, moved: Grid) -> pa.Table:
    """A measure that swings around levels of people's own, moved by so much; the swing is 1."""
    kept = np.exp(-RATE * np.diff(at, axis=1))
    values = np.empty(at.shape)
    values[:, 0] = rng.standard_normal(world.n_people)
    for t in range(1, world.n_sessions):
        new = np.sqrt(1 - kept[:, t - 1] ** 2) * rng.standard_normal(world.n_people)
        values[:, t] = kept[:, t - 1] * values[:, t - 1] + new
    level = rng.standard_normal((world.n_people, 1))
    told = read_with_error(rng, level + values + moved, reliability=world.reliability, swing=1.0)
    return panel_of(at, stayed(rng, world), {MEASURE: _MIDDLE + _SCALE * told})


def _study(found: Sequence[Estimate], measure: str, world: World, *, own: np.ndarray | None) -> Study | str:
    test = known(found, measure)
    if isinstance(test, str):
        return test
    value = test[0] / _SCALE
    z, capped = scored(test[1], value * (-1 if world.effect < 0 else 1), sides=2)
    told = [one for one in found if one.relationship_id is not None and isinstance(one.value, float)]
    reliability = float("nan")
    if own is not None and own.std() > 0 and len(told) > 2:
        true = own[[int(one.relationship_id or 0) - 1 for one in told]]
        said = np.array([one.value for one in told])
        reliability = float(np.corrcoef(true, said)[0, 1] ** 2) if said.std() > 0 else 0.0
    return Study(p=test[1], z=z, capped=capped, values=(value,), reliability=reliability)
