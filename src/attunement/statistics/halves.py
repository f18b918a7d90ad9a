"""Whether the second half of a series differs from the first, against a null that keeps its memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from attunement.statistics.ratios import Interval, PerUnit, Starts, Values


class Halves(NamedTuple):
    """A change for each unit."""

    change: PerUnit  # second half minus first
    low: PerUnit  # lower end of the interval
    high: PerUnit  # upper end of the interval
    p: PerUnit  # share of circular shifts at least as far from zero


def halves_change(seen: Values, n: Values, starts: Starts, *, halves: Interval) -> Halves:
    """The change of a share (sum of seen over sum of n) from the first to the second half of each unit's clusters.

    The interval joins those of the two halves (Zou and Donner's MOVER). The null says that where in the series the
    halves are cut does not matter: the series is joined to a ring and cut at every place, which keeps the likeness of
    neighbouring clusters that a shuffle would destroy. A unit of k clusters has k shifts, so p is at least 2/k for
    even k.

    Args:
        seen: how much was seen in each cluster.
        n: observations in each cluster.
        starts: the first cluster of each unit.
        halves: the share of each half with its interval: units in the order first, second, first, second, ...

    Assumes:  the series is stationary under the null, and its memory is short beside its length.
    Source:   zou2008, eq. 6, for the interval; davison1997, section 8.2, for shifts on a ring.
    Checked:  benchmarks/recovery/halves.py
    """
    first, second = (Interval(*(column[side::2] for column in halves)) for side in (0, 1))
    change = second.value - first.value
    low = change - np.sqrt((second.value - second.low) ** 2 + (first.high - first.value) ** 2)
    high = change + np.sqrt((second.high - second.value) ** 2 + (first.value - first.low) ** 2)
    return Halves(change, low, high, _ring_p(seen, n, starts))


def _ring_p(seen: Values, n: Values, starts: Starts) -> PerUnit:
    k = np.diff(np.append(starts, len(n)))
    half = k // 2
    doubled = _doubled(starts, k)
    prefix_seen = np.concatenate([[0.0], np.cumsum(seen[doubled])])
    prefix_n = np.concatenate([[0.0], np.cumsum(n[doubled])])
    begin = np.repeat(2 * starts, k) + (np.arange(len(n)) - np.repeat(starts, k))
    middle, end = begin + np.repeat(half, k), begin + np.repeat(k, k)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (prefix_seen[middle] - prefix_seen[begin]) / (prefix_n[middle] - prefix_n[begin])
        second = (prefix_seen[end] - prefix_seen[middle]) / (prefix_n[end] - prefix_n[middle])
    distance = np.abs(np.nan_to_num(second - first))
    observed = distance[starts]
    as_far = distance >= np.repeat(observed, k) - 1e-12
    return np.add.reduceat(as_far.astype(float), starts) / k


def _doubled(starts: Starts, k: Int[np.ndarray, " units"]) -> Int[np.ndarray, " twice"]:
    """Places that go through each unit twice, one unit after the other."""
    within = np.arange(2 * k.sum()) - np.repeat(2 * starts, 2 * k)
    return np.asarray(np.repeat(starts, 2 * k) + within % np.repeat(k, 2 * k))
