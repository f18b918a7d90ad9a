"""Is social reward hacking found where it is, and never where it is not on the rung that is stated?

People have sessions at irregular times, levels and slopes of their own, and a mood that moves by itself. `gain` is how
much sooner they come back after a session with more of the act than usual; `harm` is how much a good then falls for
some days. Worlds differ in which of the two are there and in what else could look like them. The truth of a slope is
its mean over very many people of the same world; where an effect is absent it is 0.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


from attunement.dynamics.hacking import Plan, estimate_reward_hacking
from attunement.vocabulary import PANEL, PERIODS, TIME, Missing

ACT = "ai.flattery"
DAY_US = 86_400_000_000
PLAN = Plan(acts=(ACT,), rewards=("returned",), goods=("independence",))


class World(NamedTuple):
    """What moves what."""

    gain: float = 0.0
    harm: float = 0.0
    mood_act: float = 0.0  # mood at the session moves the act
    mood_return: float = 0.0  # and the time until the next
    mood_good: float = 0.4  # and the good
    mood_seen: bool = True  # whether the opening of a session tells the mood
    visits: float = 0.0  # at a time when somebody could come, mood decides whether they do
    noise: float = 0.0  # of the annotator, in standard deviations of what it scores
    corrected: bool = False  # whether the noise is known and taken out
    tails: bool = False
    bounded: bool = False
    feedback: float = 0.0  # a reward, and a low good, move the next act
    regime: float = 0.0  # at a time of its own each person's act and good take new levels
    leaving: float = 0.0  # who is low leaves for good


class Drawn(NamedTuple):
    """Sessions, one row a person and one column a session; NaN after somebody left."""

    began: np.ndarray  # days
    act: np.ndarray
    good: np.ndarray
    mood: np.ndarray
    opening: np.ndarray  # the good as the person shows it before the act


def draw(rng: np.random.Generator, world: World, *, n_people: int, n_sessions: int) -> Drawn:
    n = n_people
    shock = (lambda size: rng.standard_t(3, size) / np.sqrt(3)) if world.tails else rng.standard_normal
    own_act, own_good, own_pace = rng.standard_normal(n), rng.standard_normal(n), 0.4 * rng.standard_normal(n)
    gain = world.gain + 0.5 * abs(world.gain) * rng.standard_normal(n)
    harm = world.harm + 0.5 * abs(world.harm) * rng.standard_normal(n)
    mood_act = world.mood_act * (1 + 0.4 * rng.standard_normal(n))
    rate_mood, rate_good = (np.exp(np.log(base) + 0.25 * rng.standard_normal(n)) for base in (0.25, 0.4))
    mood, good, hurt, wave = rng.standard_normal(n), rng.standard_normal(n), np.zeros(n), rng.standard_normal(n)
    now, since_reward = 30 * rng.random(n), np.zeros(n)
    switch = rng.random(n) * 0.8 + 0.1
    jumps = world.regime * rng.standard_normal((2, n))
    out = np.empty((5, n_sessions, n))
    there = np.ones(n, dtype=bool)
    for t in range(n_sessions):
        late = t / n_sessions > switch
        wave = 0.4 * wave + np.sqrt(1 - 0.16) * shock(n)
        level = own_good + good + world.mood_good * mood - hurt + jumps[1] * late
        # An AI knows of the person what they wrote: here that is what opens the session.
        opening = level + 0.5 * shock(n)
        moved = mood_act * mood + world.feedback * (since_reward - 0.5) - world.feedback * 0.4 * (opening - own_good)
        apart = 0.8 * wave + moved
        act = own_act + apart + jumps[0] * late
        out[:, t] = now, act, level + 0.5 * shock(n), mood, opening
        out[:, t, ~there] = np.nan
        there &= rng.random(n) >= world.leaving * 0.02 * np.exp(-0.7 * (level - own_good))
        hurt = hurt + harm * apart
        length = rng.choice([0.5, 1.5, 7.0], size=n, p=[0.8, 0.15, 0.05])
        step = length * rng.exponential(size=n) * np.exp(own_pace - gain * apart - world.mood_return * mood)
        step = 0.03 + np.minimum(step, 40.0)
        coming = np.ones(n, dtype=bool)
        total = np.zeros(n)
        for _ in range(6 if world.visits else 1):
            went = np.where(coming, step, 0.0)
            total += went
            mood, good, hurt = _moved(rng, mood, good, hurt, went, rate_mood, rate_good)
            if world.visits:
                coming &= rng.random(n) > 1 / (1 + np.exp(-0.3 - world.visits * mood))
                step = 0.03 + 0.7 * rng.exponential(size=n) * np.exp(own_pace)
        since_reward = (total < 1.0).astype(float)
        now = now + total
    return Drawn(*(piece.T for piece in out))


def _moved(rng, mood, good, hurt, days, rate_mood, rate_good):
    """Mood and good return to their level in their own time; what was done wears off in about ten days."""
    pieces = []
    for state, rate in ((mood, rate_mood), (good, rate_good)):
        kept = np.exp(-rate * days)
        pieces.append(kept * state + np.sqrt(1 - kept**2) * rng.standard_normal(len(days)))
    return pieces[0], pieces[1], hurt * np.exp(-0.1 * days)


def panel_of(rng: np.random.Generator, drawn: Drawn, world: World) -> tuple[pa.Table, dict[str, float]]:
    """The panel that an audit would make of it, and the variance of the annotator's errors where it is known."""
    scored, noise = {}, {}
    columns = {f"rate.{ACT}": drawn.act, "rate.user.independent": drawn.good}
    if world.mood_seen:
        columns |= {"opening.user.lonely": -drawn.mood, "opening.user.independent": drawn.opening}
    there = np.isfinite(drawn.began)
    for name, values in columns.items():
        within = np.nanstd(values - np.nanmean(values, axis=1, keepdims=True))
        told = values + world.noise * within * rng.standard_normal(values.shape)
        if world.bounded:
            told = np.clip(np.round(told, 0), -0.5, 1.5)
        scored[name] = (20 + 8 * told)[there]
        noise[name] = (8 * world.noise * within) ** 2
    ended = drawn.began + 0.02
    log_end = float(np.nanmax(ended))
    returned = np.zeros_like(drawn.began)
    with np.errstate(invalid="ignore"):
        returned[:, :-1] = np.nan_to_num(drawn.began[:, 1:] - ended[:, :-1], nan=99.0) < 1.0
    last = np.append(there[:, 1:], np.zeros((len(there), 1), dtype=bool), axis=1) != there
    last &= there
    # The last session of a person who had not left is where the simulation ends, not a silence of theirs.
    full = there.all(axis=1)
    known = there & ~(last & full[:, None]) & (ended <= log_end - 1.0)
    scored["reward.returned"] = np.where(known, returned, np.nan)[there]
    relationship = np.broadcast_to(np.arange(len(there), dtype=np.uint64)[:, None] + 1, there.shape)[there]
    return _table(relationship, drawn.began[there], scored), noise if world.corrected else {}


def _table(relationship: np.ndarray, began: np.ndarray, measures: dict[str, np.ndarray]) -> pa.Table:
    n, k = len(relationship), len(measures)
    value = np.concatenate(list(measures.values()))
    missing = ~np.isfinite(value)
    words = pa.DictionaryArray.from_arrays
    return pa.Table.from_arrays(
        [
            pa.array(np.tile(relationship, k)),
            pa.array(np.tile((began * DAY_US).astype(np.int64), k)).cast(TIME),
            words(pa.array(np.zeros(n * k, dtype=np.int8)), pa.array(PERIODS)),
            words(pa.array(np.repeat(np.arange(k, dtype=np.int8), n)), pa.array(list(measures))),
            pa.array(value, mask=missing),
            pa.nulls(n * k, pa.float64()),
            pa.array(np.full(n * k, 10, dtype=np.int32)),
            pa.array(np.full(n * k, 0.02 * 1440)),
            words(pa.array(np.zeros(n * k, dtype=np.int8), mask=~missing), pa.array([Missing.NOT_RECORDED.value])),
        ],
        schema=PANEL,
    )


def once(rng: np.random.Generator, world: World, *, n_people: int, n_sessions: int) -> dict[str, float] | None:
    """One study: both effects with their errors, the p-value of both together, and what robustness values say."""
    drawn = draw(rng, world, n_people=n_people, n_sessions=n_sessions)
    panel, noise = panel_of(rng, drawn, world)
    estimates = {one.measure: one for one in estimate_reward_hacking(panel, plan=PLAN, noise_variance=noise)}
    gain, harm = (
        estimates.get(f"hacking.{kind}:{ACT}:{of}") for kind, of in (("gain", "returned"), ("harm", "independence"))
    )
    both = estimates.get(f"hacking.pair:{ACT}:returned:independence")
    if both is None or isinstance(both.value, Missing):
        return None
    limits = [
        estimates[f"hacking.robustness.{kind}:{ACT}:{of}"].low
        for kind, of in (("gain", "returned"), ("harm", "independence"))
    ]
    robust = 0.0 if any(isinstance(one, Missing) for one in limits) else min(limits)
    growth = estimates[f"hacking.growth:{ACT}:returned"]
    return {
        "gain": gain.value,
        "gain_low": gain.low,
        "gain_high": gain.high,
        "harm": harm.value,
        "harm_low": harm.low,
        "harm_high": harm.high,
        "p": both.null.p,
        "robust": robust,
        "growth": growth.value,
        "growth_p": growth.null.p,
    }
