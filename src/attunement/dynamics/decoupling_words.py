"""Estimates of wanting against liking: of a pair of signs, of each relationship, and of one sign by itself."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from attunement.dynamics.decoupling_guards import Guarded
from attunement.dynamics.decoupling_slopes import PER_WEEKS, PerUnit, Slopes
from attunement.dynamics.decoupling_weeks import Weeks
from attunement.dynamics.drift_rows import mean_of
from attunement.statistics import Refused
from attunement.statistics.shrinkage import Shrunken, shrink_normal, shrink_unimodal
from attunement.vocabulary import Estimate, Missing, Null, Rung

KINDS = ("apart", "both_up", "both_down", "liking_alone")
"""Wanting up and liking down; both up; both down; wanting down and liking up."""

_UNIT = f"of the person's own ups and downs from week to week, in {PER_WEEKS:.0f} weeks"
_NEEDED = "; needed: "
_COUNTED = (
    "relationships in which wanting rose and liking fell, of 100, less what independent signs give; p is the largest of"
    " four: over all weeks; with those who left too early counted as wanting and liking less; and, halved, without the"
    " last weeks, and without the first with levels at the start held constant; errors that both slopes share are out"
)
_SHARED = "shares from the signs of both slopes in each relationship, each drawn towards all (empirical Bayes)"
_EACH = (
    "probability that wanting rose and liking fell: both slopes drawn towards no change, where most may have none"
    " (empirical Bayes)"
)
_SLOPE = "slope over weeks without the first two and the last, errors with three weeks of memory; "
_OF_ALL, _OF_ONE = "mean over relationships", "each relationship's own drawn towards that of all (empirical Bayes)"


def of_pair(weeks: Weeks, name: str, found: Guarded, *, p: float, n_pairs: int, level: float) -> list[Estimate]:
    """What was tested, the four shares, and the probability in each relationship."""
    both = found.wanting.known & found.liking.known
    n = int(both.sum())
    null = Null(
        statement="who comes to want it more has nothing to do with who comes to like it less"
        f" (one-sided, adjusted over {n_pairs} pairs of signs)",
        p=p,
    )
    estimates = [_estimate(f"decoupling.excess.{name}", found.excess, n=n, null=null, method=_COUNTED, level=level)]
    wanting, liking = (
        _up(found.wanting.value, found.wanting.variance, both),
        _up(found.free, found.liking.variance, both),
    )
    parts = (wanting * (1 - liking), wanting * liking, (1 - wanting) * (1 - liking), (1 - wanting) * liking)
    for kind, part in zip(KINDS, parts, strict=True):
        share = mean_of(100 * part, level=level)
        ends = (share.value, max(share.low, 0.0), min(share.high, 100.0))
        estimates.append(_estimate(f"decoupling.{kind}.{name}", ends, n=n, null=None, method=_SHARED, level=level))
    return estimates + _of_each(weeks, name, found, both, level=level)


def of_sign(weeks: Weeks, name: str, slopes: Slopes, *, level: float) -> list[Estimate]:
    """The mean slope of one sign, and each relationship's own after shrinkage."""
    known = slopes.known
    mean = mean_of(slopes.value[known], level=level)
    null = Null(statement="as many rose as fell, by as much", p=mean.p)
    estimates = [
        _estimate(f"decoupling.{name}", mean[:3], n=mean.n, null=null, method=_SLOPE + _OF_ALL, level=level, unit=_UNIT)
    ]
    shrunken = shrink_normal(slopes.value[known], slopes.variance[known], level=level)
    if isinstance(shrunken, Refused):
        return estimates
    columns = (shrunken.mean, shrunken.low, shrunken.high, shrunken.reliability, slopes.n[known])
    for relationship, value, low, high, reliability, n in zip(
        weeks.relationship[known].tolist(), *(column.tolist() for column in columns), strict=True
    ):
        estimates.append(
            _estimate(
                f"decoupling.{name}", (value, low, high), n=int(n), null=None, method=_SLOPE + _OF_ONE, level=level,
                unit=_UNIT, relationship=relationship, reliability=reliability,
            )
        )  # fmt: skip
    return estimates


def refused(name: str, why: Refused, *, n: int, level: float) -> Estimate:
    """What is missing, and what would do."""
    return _estimate(
        f"decoupling.excess.{name}", why.reason, n=n, null=None, method=why.what + _NEEDED + why.do, level=level
    )


def _up(value: PerUnit, variance: PerUnit, both: Bool[np.ndarray, " units"]) -> PerUnit:
    """The probability in each relationship that a slope is above nothing, under a normal prior."""
    shrunken = shrink_normal(value[both], variance[both])
    if isinstance(shrunken, Refused):
        return np.asarray(value[both] > 0, dtype=float)
    return _above(shrunken)


def _above(shrunken: Shrunken) -> PerUnit:
    return np.asarray(np.where(shrunken.mean > 0, 1 - shrunken.false_sign_rate, shrunken.false_sign_rate))


def _of_each(
    weeks: Weeks, name: str, found: Guarded, both: Bool[np.ndarray, " units"], *, level: float
) -> list[Estimate]:
    """The probability of each relationship; Missing where relationships are too few to learn that most have none."""
    shrunken = [
        shrink_unimodal(value[both], variance[both], mode=0.0, level=level)
        for value, variance in ((found.wanting.value, found.wanting.variance), (found.free, found.liking.variance))
    ]
    n = np.minimum(found.wanting.n, found.liking.n)[both]
    estimates = []
    wanting, liking = shrunken
    if isinstance(wanting, Refused) or isinstance(liking, Refused):
        probability, reliability = np.full(len(n), np.nan), np.full(len(n), np.nan)
    else:
        # Where the other sign is likelier, the probability is not needed, and nothing is claimed.
        rose = np.where(wanting.mean > 0, 1 - wanting.false_sign_rate, 0.0)
        fell = np.where(liking.mean < 0, 1 - liking.false_sign_rate, 0.0)
        probability, reliability = rose * fell, np.minimum(wanting.reliability, liking.reliability)
    for relationship, value, reliable, weeks_seen in zip(
        weeks.relationship[both].tolist(), probability.tolist(), reliability.tolist(), n.tolist(), strict=True
    ):
        few = np.isnan(value)
        estimates.append(
            _estimate(
                f"decoupling.apart.{name}", Missing.TOO_FEW if few else (value, value, value), n=int(weeks_seen),
                null=None, method=_EACH, level=level, unit="probability", relationship=relationship,
                reliability=Missing.TOO_FEW if few else reliable,
            )
        )  # fmt: skip
    return estimates


def _estimate(
    measure: str,
    number: tuple[float, float, float] | Missing,
    *,
    n: int,
    null: Null | None,
    method: str,
    level: float,
    unit: str = "of 100 relationships",
    relationship: int | None = None,
    reliability: float | Missing | None = None,
) -> Estimate:
    value, low, high = (number,) * 3 if isinstance(number, Missing) else number
    is_test = measure.startswith("decoupling.excess.") and not isinstance(number, Missing)
    return Estimate(
        measure=measure,
        relationship_id=relationship,
        value=value,
        low=low,
        high=high,
        level=level,
        n=n,
        n_of="relationships" if relationship is None else "weeks",
        rung=Rung.ASSOCIATION if is_test else Rung.DESCRIBED,
        null=null,
        method=method,
        unit=unit,
        reliability=reliability,
    )
