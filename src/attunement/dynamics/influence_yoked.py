"""What would be seen if the AI's series were that of another relationship: the link of a pair broken, all else kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attunement.dynamics.influence_series import AI, PERSON, Paired
from attunement.statistics.nulls import YokedPartners, permutation_test

STRATUM = 20
"""Relationships that began about the same time, among which partners are exchanged."""


class Typical(NamedTuple):
    """What is needed of a fitted process: of the typical relationship, in the units of the series."""

    rates: np.ndarray  # decay rates a day, of the person's and the AI's series
    kept: np.ndarray  # the share of what scores vary by within relationships that is not error


def yoked_p(found: Paired, typical: Typical, *, rng: np.random.Generator, n_draws: int) -> tuple[float, float]:
    """Two-sided p-values: the AI's series before the person's, and the person's before the AI's.

    The statistic of a direction correlates what is new in one series with the other a session before, discounted by
    the time between. The p-value holds whatever that statistic is, where relationships that began about the same time
    could as well have had each other's AI series; its calendar is kept, so that news and releases that move everybody
    are no link.

    Args:
        found: the series.
        typical: of the fitted process; it sharpens the statistic and cannot make it wrong.
        rng: draws the partners.
        n_draws: how often they are shuffled.
    """
    new, before = _parts(found, typical)
    partners = YokedPartners(
        starts=found.starts, n_rows=len(found.at), stratum=_strata(found), times=found.at - found.at.min()
    )
    p = []
    for own, other in ((new[:, PERSON], before[:, AI]), (before[:, PERSON], new[:, AI])):
        known = np.nan_to_num(own)
        seen = np.isfinite(own).astype(float)

        def correlation(drawn: np.ndarray, known: np.ndarray = known, seen: np.ndarray = seen) -> np.ndarray:
            has = np.isfinite(drawn)
            values = np.where(has, drawn, 0.0)
            size = np.sqrt((values**2 @ seen) * (has @ known**2))
            return np.asarray(((values @ known) / np.maximum(size, 1e-300))[:, None])

        p.append(float(permutation_test(correlation, other, partners, rng=rng, n_draws=n_draws).p[0]))
    return p[0], p[1]


def _parts(found: Paired, typical: Typical) -> tuple[np.ndarray, np.ndarray]:
    """What is new in each series at a session, in SDs, and the session before, discounted by the time between."""
    away = found.values - _means(found)
    gap = np.diff(found.at, prepend=found.at[:1])[:, None]
    gap[found.starts] = np.inf
    last = np.roll(away, 1, axis=0)
    last[found.starts] = np.nan
    spread = np.sqrt(np.nanmean(away**2, axis=0))
    left = np.exp(-typical.rates * gap)
    told = typical.kept * left
    new = (away - told * last) / (spread * np.sqrt(1 - typical.kept * told * left))
    slow, fast = np.sort(typical.rates)
    fast = max(fast, slow * 1.001)
    moved = (np.exp(-slow * gap) - np.exp(-fast * gap)) / (fast - slow)
    return new, np.where(np.isfinite(last), moved * last / spread, np.nan)


def _means(found: Paired) -> np.ndarray:
    """Of each relationship, at each of its sessions."""
    owner = found.owner
    means = np.empty(found.values.shape)
    for column in (PERSON, AI):
        seen = np.isfinite(found.values[:, column])
        n = np.bincount(owner[seen], minlength=found.n_units)
        total = np.bincount(owner[seen], found.values[seen, column], minlength=found.n_units)
        means[:, column] = (total / np.maximum(n, 1))[owner]
    return means


def _strata(found: Paired) -> np.ndarray:
    """Relationships in the order in which they began, by twenties; a rest joins the twenty before it."""
    rank = np.empty(found.n_units, dtype=np.int64)
    rank[np.argsort(found.at[found.starts], kind="stable")] = np.arange(found.n_units)
    return np.minimum(rank // STRATUM, max(found.n_units // STRATUM - 1, 0))
