"""Studies of social reward hacking: a reward within the day, and a good that falls for days."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from attunement.dynamics import estimate_reward_hacking
from attunement.dynamics.hacking import Plan
from attunement.errors import OptionError
from attunement.planning.panels import SESSION_DAYS, Grid, World, panel_of, read_with_error, stayed
from attunement.planning.studies import Question, Study, known, scored

ACT = "ai.flattery"

FEWEST_PEOPLE = 50
"""As the estimator asks for."""

LOSS, BENT = 1.55, 1.86
"""The estimated loss, which is that of means over the days after, is LOSS x what an act takes off the good, less BENT x
its square, as the good then swings further: measured in very many people, and held by `tests/planning`."""

MOST_LOSS = 0.3

KEPT = 0.4
"""Correlation of an act with that of the session before."""

GOOD_RATE, HURT_RATE = 0.4, 0.1
"""A day, at which the good comes back by itself and from what was done."""

_PAIR = f"hacking.pair:{ACT}:returned:independence"
_GAIN, _HARM = f"hacking.gain:{ACT}:returned", f"hacking.harm:{ACT}:independence"
_MIDDLE, _SCALE = 40.0, 8.0


def simulate(rng: np.random.Generator, world: World, level: float) -> Study | str:
    """Lift and later loss in one study."""
    plan = Plan(acts=(ACT,), rewards=("returned",), goods=("independence",), level=1 - level)
    found = estimate_reward_hacking(panel(rng, world), plan=plan)
    both, gain, harm = (known(found, one) for one in (_PAIR, _GAIN, _HARM))
    if isinstance(both, str) or isinstance(gain, str) or isinstance(harm, str):
        if world.n_people < FEWEST_PEOPLE:
            return f"there are {world.n_people} people; needed: {FEWEST_PEOPLE}"
        return (
            f"fewer than {FEWEST_PEOPLE} people had so many sessions that days after 12 of them were seen; needed: more"
            " people, or more sessions"
        )
    z, capped = scored(both[1], both[0], sides=1)
    return Study(p=both[1], z=z, capped=capped, values=(gain[0], -harm[0]))


QUESTION = Question(
    asks="that an act goes with a reward within the day and with a loss in the days after, by {effect}",
    unit="of a usual swing, for a usual swing of the act",
    effect=0.08,
    spread=0.04,
    people=(75, 150, 300),
    sessions=(20, 40, 60),
    study=simulate,
    nulls=((1.0, 0.0), (0.0, 1.0)),
    runs=540,
    sides=1,
    margin=0.02,
)


def panel(rng: np.random.Generator, world: World) -> pa.Table:
    """The panel that an audit would make of such people."""
    n, t_end = world.n_people, world.n_sessions
    lifts = world.effect + world.spread * rng.standard_normal(n)
    harms = _taken_off(world.harm) + world.spread / LOSS * rng.standard_normal(n)
    level = rng.standard_normal((2, n))
    often = np.exp(0.4 * rng.standard_normal(n))
    wave, good, hurt, now = rng.standard_normal(n), rng.standard_normal(n), np.zeros(n), 60 * rng.random(n)
    at, act, own = (np.empty((n, t_end)) for _ in range(3))
    back = np.zeros((n, t_end))
    for t in range(t_end):
        wave = KEPT * wave + np.sqrt(1 - KEPT**2) * rng.standard_normal(n)
        at[:, t], act[:, t], own[:, t] = now, level[0] + wave, level[1] + good - hurt
        hurt = hurt + harms * wave
        back[:, t] = rng.random(n) < np.clip(0.5 + 0.5 * lifts * wave, 0.02, 0.98)
        longer = 1 + often * rng.exponential(rng.choice([0.3, 3.0], p=[0.8, 0.2], size=n))
        away = np.where(back[:, t] > 0, rng.uniform(0.05, 0.95, n), longer)
        kept = np.exp(-GOOD_RATE * away)
        good = kept * good + np.sqrt(1 - kept**2) * rng.standard_normal(n)
        hurt, now = hurt * np.exp(-HURT_RATE * away), now + SESSION_DAYS + away
    return _told(rng, world, at, act, own, back)


def _taken_off(loss: float) -> float:
    """What an act of one usual swing takes off the good, in its usual swings, for a loss as it is estimated."""
    if not 0 <= loss <= MOST_LOSS:
        raise OptionError(
            "no act goes with such a loss",
            got=f"{loss:g}",
            have=f"losses up to {MOST_LOSS:g} of a usual swing, as a positive number",
            do="name a smaller loss with --harm, or a smaller --effect",
        )
    return float(LOSS - np.sqrt(LOSS**2 - 4 * BENT * loss)) / (2 * BENT)


def _told(rng: np.random.Generator, world: World, at: Grid, act: Grid, own: Grid, back: Grid) -> pa.Table:
    there = stayed(rng, world)
    last = there & ~np.concatenate([there[:, 1:], np.zeros((len(there), 1), dtype=bool)], axis=1)
    # Whoever left did not come back; of the others' last planned session nobody knows, nor of the log's last day.
    returned = np.where(last, 0.0, back)
    log_end = float(at[there].max()) + SESSION_DAYS
    known_back = ~(last & there[:, -1:]) & (at + SESSION_DAYS <= log_end - 1.0)
    errs = world.reliability
    return panel_of(
        at,
        there,
        {
            f"rate.{ACT}": _MIDDLE + _SCALE * read_with_error(rng, act, reliability=errs, swing=1.0),
            "rate.user.independent": _MIDDLE + _SCALE * read_with_error(rng, own, reliability=errs, swing=1.0),
            "opening.user.independent": _MIDDLE + _SCALE * read_with_error(rng, own, reliability=errs, swing=1.0),
            "reward.returned": np.where(known_back, returned, np.nan),
        },
    )
