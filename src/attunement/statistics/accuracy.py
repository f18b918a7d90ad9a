"""How well probabilities agree with labels, and how sure that is when labels come in clusters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import rankdata

Measure = Callable[[np.ndarray, np.ndarray], float]
"""From labels and probabilities to one figure; NaN where it is not defined."""


def auroc(label: Bool[np.ndarray, " n"], p: Float[np.ndarray, " n"]) -> float:
    """The chance that a random positive is given more than a random negative; ties count half.

    Returns:
        From 0 to 1, .5 being chance; NaN where either kind is absent.

    Source: hanleymcneil1982
    """
    n_positive = int(np.count_nonzero(label))
    n_negative = len(label) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    ranks = rankdata(p)
    return float((ranks[label].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def average_precision(label: Bool[np.ndarray, " n"], p: Float[np.ndarray, " n"]) -> float:
    """The mean precision over the recalls that are reached; equal probabilities are taken together.

    Returns:
        From the share of positives (chance) to 1; NaN where there is no positive.
    """
    n_positive = int(np.count_nonzero(label))
    if not n_positive:
        return float("nan")
    order = np.argsort(-p, kind="stable")
    found = np.cumsum(label[order])
    last_of_ties = np.append(np.diff(p[order]) != 0, True)
    precision = (found / np.arange(1, len(p) + 1))[last_of_ties]
    recall = found[last_of_ties] / n_positive
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def calibration_error(label: Bool[np.ndarray, " n"], p: Float[np.ndarray, " n"], *, n_bins: int = 10) -> float:
    """The mean distance between what was said and what was so, over bins that hold equally many.

    Returns:
        From 0 to 1. It is not 0 for a perfect annotator of few texts: with n texts a bin, about .8 sqrt(p(1-p)/n).

    Source: naeini2015
    """
    if not len(p):
        return float("nan")
    order = np.argsort(p, kind="stable")
    bins = np.array_split(order, min(n_bins, len(p)))
    return float(sum(abs(p[one].mean() - label[one].mean()) * len(one) for one in bins) / len(p))


def kappa(label: Bool[np.ndarray, " n"], said: Bool[np.ndarray, " n"]) -> float:
    """Agreement of two yes-or-no judgements beyond chance.

    Returns:
        At most 1, 0 being chance; NaN where both always say the same one thing.

    Source: cohen1960
    """
    if not len(label):
        return float("nan")
    p_label, p_said = float(np.mean(label)), float(np.mean(said))
    by_chance = p_label * p_said + (1 - p_label) * (1 - p_said)
    agreed = float(np.mean(label == said))
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


def cluster_interval(
    measure: Measure,
    label: Bool[np.ndarray, " n"],
    p: Float[np.ndarray, " n"],
    *,
    cluster: Int[np.ndarray, " n"],
    n_draws: int = 500,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a measure, whole clusters being drawn.

    Args:
        measure: of labels and probabilities.
        label: what was so.
        p: what was said.
        cluster: the conversation, writer or scenario of each, as a number.
        n_draws: how many times clusters are drawn.
        level: of the interval.
        seed: of the draws.

    Returns:
        The two ends; NaN where fewer than two clusters exist, or half of the draws leave the measure undefined.

    Source: efron1993
    """
    order = np.argsort(cluster, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(cluster[order])) + 1)
    if len(members) < 2:
        return float("nan"), float("nan")
    draws = np.random.default_rng(seed).integers(len(members), size=(n_draws, len(members)))
    values = np.empty(n_draws)
    for number, drawn in enumerate(draws):
        rows = np.concatenate([members[one] for one in drawn])
        values[number] = measure(label[rows], p[rows])
    values = values[~np.isnan(values)]
    if len(values) < n_draws / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
