"""The short-run lift of a reward and the later change of a good, for one act of the AI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from attunement.dynamics.hacking.occasions import Occasions, Rows, filled, later
from attunement.dynamics.hacking.plan import GOODS, STATE, Plan
from attunement.dynamics.hacking.within import Within, grouped, regress_within
from attunement.statistics.sensitivity import Degrees, effective_degrees

FEWEST_PEOPLE = 50
"""People from which on a table of acts is tested: see the benchmark."""

LEAST_SHARE = 0.5
"""Share of sessions in which a control has to be known, or it is left out."""


class Effect(NamedTuple):
    """A slope in usual swings of the outcome for one usual swing of the act."""

    value: float
    se: float
    replicates: Float[np.ndarray, " clusters"]
    degrees: Degrees
    outcome_sd: float
    """What is left of the outcome, in usual swings."""
    exposure_sd: float
    outcome_swing: float
    """One usual swing of the outcome, in its own units."""
    exposure_swing: float
    n_rows: int
    n_people: int

    @property
    def p_two_sided(self) -> float:
        """Against no slope at all."""
        return float(2 * special.stdtr(self.degrees.value, -abs(self.value) / self.se))


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that regressions of one panel share."""

    seen: Occasions
    plan: Plan
    cluster: Int[np.ndarray, " rows"]
    """The person of each row."""
    n_clusters: int
    weight: Rows
    """Of each session as a later one: how seldom people come in such a state."""
    staying: Rows
    """Of each session as the one with the act: how seldom people like this are still there."""
    notes: tuple[str, ...]
    """What was done about visits and leaving, in words."""
    week: Int[np.ndarray, " rows"]
    """The calendar week of each row."""
    noise: Mapping[str, float]
    """Variance of the error of a score, by measure."""

    @property
    def openings(self) -> tuple[str, ...]:
        """What is known of how people came, in enough sessions to be held constant."""
        wanted = openings_of(self.plan)
        return tuple(one for one in wanted if np.isfinite(self.seen.column(one)).mean() >= LEAST_SHARE)


def good_of(seen: Occasions, good: str) -> Rows:
    """The composite of a good at each session."""
    plus, minus = GOODS[good]
    value = np.mean([seen.column(name) for name in plus], axis=0)
    return np.asarray(value - np.mean([seen.column(name) for name in minus], axis=0) if minus else value)


def exposure_of(setting: Setting, act: str) -> Rows:
    """The act at each session; NaN at the first, before which nothing is known."""
    column = setting.seen.column(f"rate.{act}").copy()
    column[setting.seen.starts] = np.nan
    return column


def controls_of(
    setting: Setting, act: str, measures: Sequence[str] = (), *, before_only: bool = False
) -> tuple[list[str], list[Rows]]:
    """What was known before the act, and the other acts of the same session; holes are filled with one's own mean.

    Args:
        setting: of the panel.
        act: the exposure.
        measures: what the outcome is made of, whose past counts too.
        before_only: leave the session's other acts out, and fill holes with the mean of all, so that nothing of what
            came after an assignment is held constant.

    Returns:
        The measure behind each control, and the control.
    """
    seen, plan = setting.seen, setting.plan
    parts = [one for good in plan.goods if good in GOODS for side in GOODS[good] for one in side]
    earlier = dict.fromkeys([*measures, f"rate.{act}", *parts, *(f"rate.{one}" for one in STATE), "reward.returned"])
    others = [] if before_only else [other for other in plan.acts if other != act]
    offered = [(f"rate.{other}", seen.column(f"rate.{other}")) for other in others]
    offered += [(one, seen.before(seen.column(one))) for one in earlier]
    offered += [(one, seen.column(one)) for one in openings_of(plan, measures)]
    offered += [("gap", np.log(np.maximum(seen.began - seen.before(seen.ended), 1 / 1440)))]
    inner = np.ones(len(seen), dtype=bool)
    inner[seen.starts] = False
    kept = [(name, column) for name, column in offered if np.isfinite(column[inner]).mean() >= LEAST_SHARE]
    unit = np.zeros(len(seen), dtype=np.int64) if before_only else seen.unit
    return [name for name, _ in kept], [filled(column, unit) for _, column in kept]


def openings_of(plan: Plan, measures: Sequence[str] = ()) -> list[str]:
    """Measures of how the person came, before the AI said anything."""
    parts = [one for good in plan.goods if good in GOODS for side in GOODS[good] for one in side]
    constructs = [*STATE, *(one.removeprefix("rate.") for one in [*parts, *measures] if one.startswith("rate.user."))]
    return [f"opening.{one}" for one in dict.fromkeys(constructs)]


def lift(setting: Setting, act: str, measure: str) -> Effect | None:
    """How much more of a reward there is in sessions with more of the act than the person's usual."""
    reward = setting.seen.column(measure)
    return _effect(setting, act, reward, np.ones(len(reward)), measures=(measure,))


def change_later(setting: Setting, act: str, column: Rows, *, measures: Sequence[str]) -> Effect | None:
    """How much more of a column, made of some measures, there is in the days after sessions with more of the act."""
    plan = setting.plan
    mean, mass, whole = later(setting.seen, column, setting.weight, from_days=plan.from_days, to_days=plan.to_days)
    return _effect(setting, act, np.where(whole, mean, np.nan), mass, measures=measures)


def growth(setting: Setting, act: str, measure: str) -> Effect | None:
    """How much more of the act there is in the session after one that was rewarded more than usual."""
    seen = setting.seen
    exposure = seen.column(measure).copy()
    exposure[seen.starts] = np.nan
    names, controls = controls_of(setting, act)
    own = seen.column(f"rate.{act}")
    names = [measure, f"rate.{act}", *names]
    columns = [exposure, filled(own, seen.unit), *controls]
    # How the person comes the next time, which they do sooner or later: the act may answer that alone.
    for name in openings_of(setting.plan):
        if name in names:
            names.append(name)
            columns.append(filled(seen.after(seen.column(name)), seen.unit))
    noise = [setting.noise.get(one, 0.0) for one in names]
    return _regressed(setting, seen.after(own), columns, noise, setting.staying)


def lift_of_messages(setting: Setting, act: str) -> Effect | None:
    """The lift of going on after the act, message by message, as the panel holds it for each session."""
    measure = f"reward.goes_on.{act}"
    value, se, n = (table.get(measure) for table in (setting.seen.values, setting.seen.errors, setting.seen.counts))
    if value is None or se is None or n is None:
        return None
    use = np.isfinite(value) & np.isfinite(se) & (np.nan_to_num(se) > 0)
    if not use.any():
        return None
    weight = np.where(use, 1 / np.where(use, se, 1.0) ** 2, 0.0)
    n_people = len(np.unique(setting.cluster[use]))
    if n_people < FEWEST_PEOPLE:
        return None
    cluster, n_clusters = grouped(setting.cluster, setting.n_clusters)
    mass = np.bincount(cluster, weight, minlength=n_clusters)
    total = np.bincount(cluster, weight * np.nan_to_num(value), minlength=n_clusters)
    people = np.flatnonzero(mass > 0)
    slope = total.sum() / mass.sum()
    replicates = (total.sum() - total) / (mass.sum() - mass)
    moved = (replicates - slope)[people]
    # The weight of a session is the square of its act's spread over that of going on: so the ratio is known.
    ratio = float(np.sqrt(mass.sum() / n[use].sum()))
    spread = np.sqrt((len(people) - 1) / len(people)) * np.sqrt(np.sum((moved - moved.mean()) ** 2))
    return Effect(
        value=float(slope) * ratio,
        se=float(spread) * ratio,
        replicates=replicates * ratio,
        degrees=effective_degrees(mass[people], -moved * mass.sum()),
        outcome_sd=1.0,
        exposure_sd=1.0,
        outcome_swing=float("nan"),
        exposure_swing=float("nan"),
        n_rows=int(n[use].sum()),
        n_people=n_people,
    )


def _effect(setting: Setting, act: str, outcome: Rows, mass: Rows, *, measures: Sequence[str]) -> Effect | None:
    names, controls = controls_of(setting, act, measures)
    noise = [setting.noise.get(one, 0.0) for one in (f"rate.{act}", *names)]
    return _regressed(setting, outcome, [exposure_of(setting, act), *controls], noise, mass * setting.staying)


def _regressed(
    setting: Setting, outcome: Rows, columns: Sequence[Rows], noise: Sequence[float], weight: Rows
) -> Effect | None:
    found = regress_within(
        outcome,
        np.column_stack(columns),
        unit=setting.seen.unit,
        cluster=setting.cluster,
        n_clusters=setting.n_clusters,
        weight=weight,
        period=setting.week,
        noise_variance=np.array(noise),
    )
    return _scaled(found) if found is not None and found.se > 0 and found.n_clusters >= FEWEST_PEOPLE else None


def _scaled(found: Within) -> Effect:
    ratio = found.exposure_spread / found.outcome_spread
    return Effect(
        value=found.value * ratio,
        se=found.se * ratio,
        replicates=found.replicates * ratio,
        degrees=found.degrees,
        outcome_sd=found.outcome_sd / found.outcome_spread,
        exposure_sd=found.exposure_sd / found.exposure_spread,
        outcome_swing=found.outcome_spread,
        exposure_swing=found.exposure_spread,
        n_rows=found.n_rows,
        n_people=found.n_clusters,
    )
