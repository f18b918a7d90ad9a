"""A mean over weighted rows of many people, with an error that knows of people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.statistics.segments import check_starts
from attunement.vocabulary import Missing

Rows = Float[np.ndarray, " rows"]

FEWEST_PEOPLE = 10
"""With fewer people the error of a weighted mean is hardly known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedMean:
    """A mean over rows."""

    value: float
    se: float
    """Clustered by person; weights taken as known, which makes it too large rather than too small."""
    low: float
    high: float
    n_people: int
    """People with any weight."""
    effective_people: float
    """People of equal weight who would tell as much (Kish)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TippingDelta:
    """How different those who were not seen would have to be from those like them who were, to change what is said."""

    value: float
    """The difference, in units of the outcome, that brings the mean to the threshold."""
    limit: float
    """The one that brings the near end of the interval there; 0 where it is there already."""
    share_unseen: float


def tipping_delta(mean: WeightedMean, *, share_unseen: float, threshold: float = 0.0) -> TippingDelta:
    """What weights cannot know: that people left, or stayed away, because of what was never seen.

    If the unseen differ by delta from the seen with the same history, the mean of all moves by delta times their share.

    Args:
        mean: with weights, so that it already stands for those whose history tells that they would leave.
        share_unseen: share of people, or of days, that the mean is about and that were not seen.
        threshold: the value at which what is said would change.

    Raises:
        OptionError: the share is not between 0 and 1, or the threshold not a number.

    Assumes:  the unseen differ by one amount from the seen who are like them.
    Source:   little1993
    Checked:  benchmarks/recovery/weights.py
    """
    if not 0 < share_unseen < 1 or not np.isfinite(threshold):
        raise OptionError(
            "the share that was not seen lies between 0 and 1, and a threshold is a number",
            got=f"share {share_unseen}, threshold {threshold}",
            do="where nobody was missed there is nothing to ask",
        )
    near = mean.low if mean.value > threshold else mean.high
    reached = (near - threshold) * (mean.value - threshold) <= 0
    return TippingDelta(
        value=(threshold - mean.value) / share_unseen,
        limit=0.0 if reached else (threshold - near) / share_unseen,
        share_unseen=share_unseen,
    )


def weighted_mean(
    values: Rows, weight: Rows, starts: Int[np.ndarray, " units"], *, level: float = 0.95
) -> WeightedMean | Refused:
    """The weighted mean of rows, with an interval for rows that come in people.

    Args:
        values: one a row; anything, also NaN, where the weight is 0.
        weight: of `dropout_weights` or `visit_weights`, or any weights that are not negative.
        starts: the first row of each person.
        level: the coverage aimed at.

    Returns:
        `Refused` where fewer than ten people have weight.

    Raises:
        OptionError: lengths differ, a weight is negative, or a value with weight is not a number.

    Assumes:  people are independent of each other.
    Source:   liangzeger1986
    Checked:  benchmarks/recovery/weights.py
    """
    if len(values) != len(weight):
        raise OptionError("values and weights have different lengths", got=f"{len(values)} and {len(weight)}")
    check_starts(starts, len(values))
    if not (np.isfinite(weight) & (weight >= 0)).all() or not np.isfinite(values[weight > 0]).all():
        raise OptionError(
            "a weight is negative, or a value with weight is not a number",
            do="give weight 0 to rows without a value",
        )
    n_people = int(np.count_nonzero(np.add.reduceat(weight, starts)))
    if n_people < FEWEST_PEOPLE:
        return Refused(
            reason=Missing.TOO_FEW,
            what=f"{n_people} people have any weight; {FEWEST_PEOPLE} are needed.",
            do="Gather more people.",
        )
    use = np.where(weight > 0, values, 0.0)
    total = float(weight.sum())
    value = float(weight @ use / total)
    moved = np.add.reduceat(weight * (use - value), starts) / total
    se = float(np.sqrt(moved @ moved * n_people / (n_people - 1)))
    reach = float(special.stdtrit(n_people - 1, 0.5 + level / 2)) * se
    return WeightedMean(
        value=value,
        se=se,
        low=value - reach,
        high=value + reach,
        n_people=n_people,
        effective_people=float(total**2 / np.sum(np.add.reduceat(weight, starts) ** 2)),
    )
