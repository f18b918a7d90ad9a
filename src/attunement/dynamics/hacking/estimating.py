"""The table of acts, rewards and goods: every pair tested, and what goes with each act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import special

from attunement.dynamics.hacking.apart import seen_apart
from attunement.dynamics.hacking.lifts import (
    FEWEST_PEOPLE,
    Effect,
    Setting,
    change_later,
    good_of,
    growth,
    lift,
    lift_of_messages,
)
from attunement.dynamics.hacking.occasions import Occasions, occasions
from attunement.dynamics.hacking.plan import CHANNELS, GOODS, LIMITS, REWARDS, Plan
from attunement.dynamics.hacking.randomised import (
    Assigned,
    assignments,
    change_after_assignment,
    lift_of_assignment,
)
from attunement.dynamics.hacking.visiting import weigh_staying, weigh_visits
from attunement.dynamics.hacking.wording import Wording
from attunement.statistics import Refused
from attunement.statistics.multiplicity import benjamini_hochberg, intersection_union, joint_set
from attunement.statistics.sensitivity import clustered_robustness_value
from attunement.vocabulary import Estimate, Missing, Rung


def estimate_reward_hacking(
    panel: pa.Table,
    *,
    plan: Plan | None = None,
    people: Mapping[int, str] | None = None,
    noise_variance: Mapping[str, float] | None = None,
    assigned: pa.Table | None = None,
) -> list[Estimate]:
    """Whether sessions with more of an act go with more of a reward, and with less of a good in the days after.

    Args:
        panel: PANEL with session rows `rate.*`, `reward.*` and, where there are any, `opening.*`.
        plan: what was fixed beforehand; None takes the package's own.
        people: the person of each relationship; without it each relationship counts as a person.
        noise_variance: variance of an annotator's error in a session's score, by measure (of labels by people); it is
            taken out of what the score varies. Without it effects are too small, and mood that was scored with error is
            only partly held constant.
        assigned: for acts that were left to chance, one row a session and act with relationship_id, period_start, act,
            assigned (1 or 0) and the probability with which it was to be set. Such an act stands on the rung
            `randomised`; the others on `adjusted` where the panel tells how people came to their sessions
            (`opening.*`), else on `association`.

    Returns:
        For each act: `hacking.gain:<act>:<reward>`, `hacking.harm:<act>:<good>`, for each pair
        `hacking.pair:<act>:<reward>:<good>` with the p-value adjusted over the table, robustness values, growth after
        reward, and what else goes with it. A refusal has Missing in the place of its value. With fewer than 50 people
        there are differences in each relationship, `hacking.seen:<act>:<reward or good>`, and refusals.

    Raises:
        SchemaError: the panel is none.
        OptionError: assignments are not complete.

    Assumes:  people are independent given the calendar week; what was not measured does not move both act and outcome.
    Source:   berger1982 for the test of both; cinelli2020 for robustness; dhaene2015 for short series.
    Checked:  benchmarks/recovery/reward_hacking.py
    """
    asked = plan or Plan()
    seen = occasions(panel)
    setting = _setting(seen, asked, people, noise_variance or {})
    if setting is None or setting.n_clusters < FEWEST_PEOPLE:
        n = 0 if setting is None else setting.n_clusters
        words = Wording(plan=asked, rung=Rung.DESCRIBED)
        return [*seen_apart(seen, asked), *(words.refused(act, n_people=n) for act in asked.acts)]
    rung = Rung.ADJUSTED if setting.openings else Rung.ASSOCIATION
    words = Wording(plan=asked, rung=rung, notes=setting.notes)
    by_chance = assignments(seen, assigned)
    found: list[Estimate] = []
    pairs: list[_Pair] = []
    for act in asked.acts:
        chance = by_chance.get(act)
        gains, harms = _effects(setting, act, chance)
        found += _described(setting, words, act, gains, harms, is_randomised=chance is not None)
        pairs += [
            _Pair(act, reward, good, gain, harm, chance is not None)
            for reward, gain in gains.items()
            for good, harm in harms.items()
            if gain is not None and harm is not None
        ]
    if not pairs:
        found += [words.refused(act, n_people=setting.n_clusters) for act in asked.acts]
    return [*found, *_tested(words, pairs)]


@dataclass(frozen=True, slots=True)
class _Pair:
    """One line of the table."""

    act: str
    reward: str
    good: str
    gain: Effect
    harm: Effect
    is_randomised: bool


def _setting(
    seen: Occasions, plan: Plan, people: Mapping[int, str] | None, noise: Mapping[str, float]
) -> Setting | None:
    if not len(seen):
        return None
    names = [str(one) if people is None else people.get(int(one), str(one)) for one in seen.relationship.tolist()]
    _, person = np.unique(np.array(names), return_inverse=True)
    visits, stays = weigh_visits(seen, plan), weigh_staying(seen, plan)
    return Setting(
        seen=seen,
        plan=plan,
        cluster=person[seen.unit],
        n_clusters=int(person.max()) + 1,
        weight=visits.weight,
        staying=stays.weight,
        notes=(visits.note, stays.note),
        week=((seen.began + 3) // 7).astype(np.int64),
        noise=noise,
    )


def _effects(
    setting: Setting, act: str, chance: Assigned | None
) -> tuple[dict[str, Effect | None], dict[str, Effect | None]]:
    gains: dict[str, Effect | None] = {}
    for reward in setting.plan.rewards:
        if chance is not None:
            gains[reward] = lift_of_assignment(setting, act, chance, REWARDS[reward])
        elif reward == "goes_on":
            gains[reward] = lift_of_messages(setting, act)
        else:
            gains[reward] = lift(setting, act, REWARDS[reward])
    harms: dict[str, Effect | None] = {}
    for good in setting.plan.goods:
        if good == LIMITS:
            continue
        column, measures = good_of(setting.seen, good), [one for side in GOODS[good] for one in side]
        if chance is None:
            harms[good] = change_later(setting, act, column, measures=measures)
        else:
            harms[good] = change_after_assignment(setting, act, chance, column, measures=measures)
    return gains, harms


def _described(
    setting: Setting,
    words: Wording,
    act: str,
    gains: Mapping[str, Effect | None],
    harms: Mapping[str, Effect | None],
    *,
    is_randomised: bool,
) -> list[Estimate]:
    plan = setting.plan
    found: list[Estimate] = []
    for kind, effects in (("gain", gains), ("harm", harms)):
        for name, effect in effects.items():
            measure = f"{kind}:{act}:{name}"
            if effect is None:
                found.append(words.unknown(f"hacking.{measure}"))
                continue
            found.append(words.effect(f"hacking.{measure}", effect, is_randomised=is_randomised))
            if not is_randomised:
                found.append(_robustness(measure, effect, plan))
    if LIMITS in plan.goods:
        found.append(words.unknown(f"hacking.harm:{act}:{LIMITS}", missing=Missing.NOT_IDENTIFIED))
    for reward in plan.rewards:
        grown = None if reward == "goes_on" else growth(setting, act, REWARDS[reward])
        if grown is not None:
            found.append(words.effect(f"hacking.growth:{act}:{reward}", grown))
    for channel, measures in CHANNELS.items():
        for measure in measures:
            seen = change_later(setting, act, setting.seen.column(measure), measures=[measure])
            if seen is not None:
                found.append(words.effect(f"hacking.channel:{act}:{channel}:{measure}", seen))
    return found


def _robustness(measure: str, effect: Effect, plan: Plan) -> Estimate:
    found = clustered_robustness_value(
        effect.value,
        effect.se,
        degrees=effect.degrees,
        outcome_sd=effect.outcome_sd,
        exposure_sd=effect.exposure_sd,
        level=plan.level,
    )
    value, low = (found.reason, found.reason) if isinstance(found, Refused) else (found.value, found.limit)
    return Estimate(
        measure=f"hacking.robustness.{measure}",
        relationship_id=None,
        value=value,
        low=low,
        high=value,
        level=plan.level,
        n=effect.n_rows,
        n_of=f"sessions of {effect.n_people} people",
        rung=Rung.BOUNDED,
        null=None,
        method="robustness value: the share of what is left of act and outcome that something unseen would have to"
        " explain of both to take the association away; the lower end is for the near end of its interval",
        unit="share of variance",
    )


def _tested(words: Wording, pairs: Sequence[_Pair]) -> list[Estimate]:
    if not pairs:
        return []
    plan = words.plan
    gain, gain_se, harm, harm_se = (
        np.array([getattr(getattr(pair, side), name) for pair in pairs])
        for side, name in (("gain", "value"), ("gain", "se"), ("harm", "value"), ("harm", "se"))
    )
    p, low = np.empty(len(pairs)), np.empty(len(pairs))
    for at, pair in enumerate(pairs):
        one = slice(at, at + 1)
        test = intersection_union(
            gain[one],
            gain_se[one],
            harm[one],
            harm_se[one],
            margin=plan.margin,
            gain_degrees=max(pair.gain.degrees.value, 1.0),
            harm_degrees=max(pair.harm.degrees.value, 1.0),
            level=plan.level,
        )
        p[at] = test.p[0]
        low[at] = min(test.gain_at_least[0], -test.harm_at_most[0])
    adjusted = benjamini_hochberg(p)
    found = []
    for at, pair in enumerate(pairs):
        name = f"{pair.act}:{pair.reward}:{pair.good}"
        found.append(
            words.pair(
                f"hacking.pair:{name}",
                value=float(min(gain[at], -harm[at])),
                low=float(low[at]),
                high=_high(pair, plan.level),
                p=float(p[at]),
                adjusted=float(adjusted[at]),
                n_pairs=len(pairs),
                n=min(pair.gain.n_rows, pair.harm.n_rows),
                n_people=min(pair.gain.n_people, pair.harm.n_people),
                is_randomised=pair.is_randomised,
            )
        )
        if adjusted[at] <= plan.rate:
            found += _joint(pair, name, words)
    return found


def _high(pair: _Pair, level: float) -> float:
    """An upper bound of the smaller of lift and harm: both upper bounds hold at once."""
    each = 0.5 + level / 2
    ends = [
        side * effect.value + float(special.stdtrit(max(effect.degrees.value, 1.0), each)) * effect.se
        for side, effect in ((1, pair.gain), (-1, pair.harm))
    ]
    return min(ends)


def _joint(pair: _Pair, name: str, words: Wording) -> list[Estimate]:
    """Lift and later change together: a box that holds both at once."""
    moved = np.stack([pair.gain.replicates, pair.harm.replicates])
    moved = moved - moved.mean(axis=1, keepdims=True)
    n = moved.shape[1]
    covariance = moved @ moved.T * (n - 1) / n
    degrees = max(min(pair.gain.degrees.value, pair.harm.degrees.value), 2.0)
    box = joint_set(np.array([pair.gain.value, pair.harm.value]), covariance, degrees=degrees, level=words.plan.level)
    correlation = float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))
    return [
        Estimate(
            measure=f"hacking.joint.{side}:{name}",
            relationship_id=None,
            value=float(box.value[at]),
            low=float(box.low[at]),
            high=float(box.high[at]),
            level=words.plan.level,
            n=effect.n_rows,
            n_of=f"sessions of {effect.n_people} people",
            rung=Rung.RANDOMISED if pair.is_randomised else words.rung,
            null=None,
            method=f"simultaneous interval of lift and later change together; their errors correlate {correlation:.2f}",
            unit="usual swings for one usual swing of the act",
        )
        for at, (side, effect) in enumerate((("gain", pair.gain), ("harm", pair.harm)))
    ]
