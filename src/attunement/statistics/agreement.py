"""How far labellers agree with each other beyond chance, and how sure that is when texts come in clusters.

Every measure is a function of sums over units, so that a bootstrap is one product of matrices: the weight of a unit is
how often its cluster was drawn, times what it stands for in the population.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import special

Labels = Float[np.ndarray, "labellers units"]
"""What each labeller said of each unit; NaN where a labeller said nothing."""

Weights = Float[np.ndarray, "draws units"]
PerDraw = Float[np.ndarray, " draws"]

Scale = Literal["nominal", "ordinal", "interval"]

_ROUNDING = 1e-12


class Figure(NamedTuple):
    """One measure of agreement."""

    value: float  # at most 1, 0 being chance (percent agreement: from 0 to 1); NaN where it is not defined
    low: float  # lower end of the interval; NaN where fewer than two clusters exist
    high: float  # upper end of the interval; NaN where the lower end is


class Agreement(NamedTuple):
    """Agreement of labellers who say yes (1) or no (0)."""

    percent: Figure  # the share of pairs of labels that are the same
    alpha: Figure  # Krippendorff's, nominal
    kappa: Figure  # Cohen's, the mean over pairs of labellers (Light's)
    ac1: Figure  # Gwet's


def alpha(labels: Labels, *, scale: Scale = "nominal", weight: Float[np.ndarray, " units"] | None = None) -> float:
    """Krippendorff's alpha: one less the disagreement seen over that of labels dealt out at random.

    Args:
        labels: any values; a unit with fewer than two labels counts for nothing.
        scale: how far two values are apart: equal or not, by ranks, or by their difference squared.
        weight: how many units of a population each unit stands for; without it, all the same.

    Returns:
        At most 1, 0 being chance; NaN where all the labels are the same, or no unit has two.

    Source: krippendorff2011
    """
    values, counts = _counted(labels)
    return float(_alpha(counts, values, _base(weight, counts)[None], scale)[0])


def ac1(labels: Labels, *, n_categories: int = 2, weight: Float[np.ndarray, " units"] | None = None) -> float:
    """Gwet's AC1: agreement beyond chance, where chance is what labellers agree on in units that are hard to tell.

    It stays near the percent agreement where one label is rare, which is where alpha and kappa fall to 0.

    Args:
        labels: any values, equal or not.
        n_categories: how many values there can be, whether they were used or not.
        weight: as in `alpha`.

    Returns:
        At most 1; NaN where no unit has two labels.

    Source: gwet2008, with missing labels as in gwet2014
    """
    _, counts = _counted(labels)
    return float(_ac1(counts, _base(weight, counts)[None], n_categories)[0])


def percent_agreement(labels: Labels, *, weight: Float[np.ndarray, " units"] | None = None) -> float:
    """The share of pairs of labels of a unit that are the same, units counting alike; NaN where no unit has two."""
    _, counts = _counted(labels)
    return float(_percent(counts, _base(weight, counts)[None])[0])


def pairwise_kappa(labels: Labels, *, weight: Float[np.ndarray, " units"] | None = None) -> float:
    """Cohen's kappa of every two labellers who share units, and the mean over those pairs; labels are 0 or 1.

    Returns:
        At most 1, 0 being chance; NaN where it is defined for no pair: both always say the same one thing.

    Source: cohen1960; light1971 for the mean
    """
    _, counts = _counted(labels)
    return float(_kappa(labels, _base(weight, counts)[None])[0])


def measure_agreement(
    labels: Labels,
    *,
    cluster: Int[np.ndarray, " units"],
    rng: np.random.Generator,
    weight: Float[np.ndarray, " units"] | None = None,
    n_draws: int = 1000,
    level: float = 0.95,
) -> Agreement:
    """All measures for labels of yes (1) and no (0), with bootstrap intervals that draw whole clusters.

    The intervals are percentiles, taken farther out where clusters are few: a bootstrap of k clusters varies too little
    by k / (k - 1), and Student's quantile is beyond the normal one.

    Args:
        labels: 0, 1, or NaN.
        cluster: the relationship of each unit, as a number.
        rng: draws the clusters.
        weight: one over the probability with which each unit was drawn; without it, agreement in these units alone.
        n_draws: how many times clusters are drawn.
        level: the coverage aimed at.

    Assumes:  relationships are independent of each other.
    Source:   hesterberg2015 for the intervals; the measures name their own.
    Checked:  benchmarks/recovery/agreement.py
    """
    values, counts = _counted(labels)
    base = _base(weight, counts)
    _, number = np.unique(cluster, return_inverse=True)
    k = int(number.max(initial=-1)) + 1
    drawn = rng.multinomial(k, np.full(k, 1 / k), size=n_draws) if k > 1 else np.zeros((0, max(k, 1)))
    weights = np.concatenate([base[None], drawn[:, number] * base])

    tail = float(special.ndtr(special.stdtrit(k - 1, (1 - level) / 2) * np.sqrt(k / (k - 1)))) if k > 1 else 0.0

    def figure(measure: Callable[[Weights], PerDraw]) -> Figure:
        found = measure(weights)
        return Figure(float(found[0]), *_ends(found[1:], tail=tail))

    return Agreement(
        percent=figure(lambda weights: _percent(counts, weights)),
        alpha=figure(lambda weights: _alpha(counts, values, weights, "nominal")),
        kappa=figure(lambda weights: _kappa(labels, weights)),
        ac1=figure(lambda weights: _ac1(counts, weights, 2)),
    )


def _ends(values: PerDraw, *, tail: float) -> tuple[float, float]:
    """The quantiles of what was drawn, `tail` being left out on either side.

    NaN where half of the draws leave the measure undefined.
    """
    known = values[~np.isnan(values)]
    if not len(known) or len(known) < len(values) / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def _counted(labels: Labels) -> tuple[Float[np.ndarray, " values"], Float[np.ndarray, "units values"]]:
    """The values that were used, and how many labellers gave each of them to each unit."""
    values = np.unique(labels[~np.isnan(labels)])
    return values, (labels[:, :, None] == values).sum(axis=0).astype(float)


def _base(
    weight: Float[np.ndarray, " units"] | None, counts: Float[np.ndarray, "units values"]
) -> Float[np.ndarray, " units"]:
    """Weights whose mean is 1 over the units with two labels, so that they add up to as many units as there are."""
    if weight is None:
        return np.ones(len(counts))
    paired = counts.sum(axis=1) > 1
    return weight / weight[paired].mean() if paired.any() else weight


def _alpha(
    counts: Float[np.ndarray, "units values"], values: Float[np.ndarray, " values"], weights: Weights, scale: Scale
) -> PerDraw:
    n = counts.sum(axis=1)
    paired = n > 1
    counts, n, weights = counts[paired], n[paired], weights[:, paired]
    # Coincidences: pairs of labels of a unit, in both orders, each counting one over the labels it is paired with.
    of_pairs = weights / (n - 1)
    seen = np.einsum("du,uv,uw->dvw", of_pairs, counts, counts, optimize=True)
    diagonal = np.arange(len(values))
    seen[:, diagonal, diagonal] -= of_pairs @ counts
    used = seen.sum(axis=2)
    total = used.sum(axis=1)
    apart = _apart(values, used, scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (seen * apart).sum(axis=(1, 2))
        dealt = (used[:, :, None] * used[:, None, :] * apart).sum(axis=(1, 2)) / (total - 1)
        return np.asarray(np.where(dealt > _ROUNDING, 1 - found / dealt, np.nan))


def _apart(
    values: Float[np.ndarray, " values"], used: Float[np.ndarray, "draws values"], scale: Scale
) -> Float[np.ndarray, "_ values values"]:
    """How far any two values are apart, squared."""
    if scale == "nominal":
        return np.asarray(values[:, None] != values[None, :], dtype=float)[None]
    if scale == "interval":
        return np.asarray((values[:, None] - values[None, :]) ** 2)[None]
    # Ordinal: the labels that lie between two values, half of those at the two themselves.
    middle = np.cumsum(used, axis=1) - used / 2
    return np.asarray((middle[:, :, None] - middle[:, None, :]) ** 2)


def _percent(counts: Float[np.ndarray, "units values"], weights: Weights) -> PerDraw:
    n = counts.sum(axis=1)
    paired = n > 1
    share = (counts * (counts - 1)).sum(axis=1)[paired] / (n * (n - 1))[paired]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(weights[:, paired] @ share / (weights[:, paired] @ np.ones(len(share))))


def _ac1(counts: Float[np.ndarray, "units values"], weights: Weights, n_categories: int) -> PerDraw:
    n = counts.sum(axis=1)
    labelled = n > 0
    share = counts[labelled] / n[labelled, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        used = weights[:, labelled] @ share / weights[:, labelled].sum(axis=1)[:, None]
        by_chance = (used * (1 - used)).sum(axis=1) / (n_categories - 1)
        return np.asarray((_percent(counts, weights) - by_chance) / (1 - by_chance))


def _kappa(labels: Labels, weights: Weights) -> PerDraw:
    pairs = []
    for one, other in combinations(labels, 2):
        both = ~np.isnan(one) & ~np.isnan(other)
        if not both.any():
            continue
        first, second, weight = one[both], other[both], weights[:, both]
        with np.errstate(divide="ignore", invalid="ignore"):
            total = weight.sum(axis=1)
            p_first, p_second = weight @ first / total, weight @ second / total
            agreed = weight @ (first == second).astype(float) / total
            by_chance = p_first * p_second + (1 - p_first) * (1 - p_second)
            beyond = 1 - by_chance
            pairs.append(np.where(beyond > _ROUNDING, (agreed - by_chance) / beyond, np.nan))
    if not pairs:
        return np.full(len(weights), np.nan)
    every = np.stack(pairs)
    known = ~np.isnan(every)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, every, 0.0).sum(axis=0) / known.sum(axis=0))
