"""What moved everybody at one time, taken out before it is asked who goes before whom."""

from __future__ import annotations

import numpy as np

from attunement.dynamics.influence_series import AI, PERSON, Paired

CROWD = 50
"""Relationships that came in the median period, from which on its common part can be told from theirs."""

_PERIODS_DAYS = (1, 7)
_ROUNDS = 8


def without_common(found: Paired) -> tuple[Paired, str]:
    """The same series without what all relationships share on a day or in a week, and which of the two that was.

    A release of the AI, news and weekdays move both sides of everybody at once, which looks like influence both ways.
    What is common is predicted as a random effect beside the level of each relationship: it is drawn to nothing where
    few came, or where there is nothing. Where few come in a week, nothing is taken out, and the period is ''.

    Assumes:  what is common moves all relationships alike.
    Source:   henderson1975 for the prediction of random effects
    Checked:  benchmarks/recovery/influence.py
    """
    period = _period(found)
    if not period:
        return found, ""
    when = np.unique(np.floor(found.at / period).astype(np.int64), return_inverse=True)[1]
    values = found.values.copy()
    for column in (PERSON, AI):
        read = np.isfinite(values[:, column])
        values[read, column] -= _common(values[read, column], found.owner[read], when[read])
    taken = Paired(found.relationship, found.starts, found.at, values, found.n, found.seen)
    return taken, "day" if period == 1 else "week"


def _period(found: Paired) -> int:
    """The shortest period in which a crowd comes, in days; 0 where there is none."""
    for days in _PERIODS_DAYS:
        when = np.floor(found.at / days).astype(np.int64)
        pairs = np.unique(np.stack([when, found.owner], axis=1), axis=0)
        n = np.unique(pairs[:, 0], return_counts=True)[1]
        # The median period that a session lies in, so that a long thin tail does not decide.
        if np.median(np.repeat(n, n)) >= CROWD:
            return days
    return 0


def _common(values: np.ndarray, owner: np.ndarray, when: np.ndarray) -> np.ndarray:
    """The predicted common part of each value, by turns with the levels of relationships."""
    n_values = np.bincount(when)
    pairs = np.unique(np.stack([when, owner], axis=1), axis=0)
    n = np.bincount(pairs[:, 0], minlength=len(n_values)).astype(float)
    of_owner = np.bincount(owner)
    common = np.zeros(len(n_values))
    for _ in range(_ROUNDS):
        level = np.bincount(owner, values - common[when]) / np.maximum(of_owner, 1)
        away = values - level[owner]
        mean = np.bincount(when, away) / np.maximum(n_values, 1)
        error = float(np.mean((away - mean[when]) ** 2))
        # Sessions of one relationship in one period are alike, so that relationships are counted and not sessions.
        between = max((float(n @ mean**2) - np.count_nonzero(n) * error) / float(n.sum()), 0.0)
        common = mean * n * between / np.maximum(n * between + error, 1e-300)
    return np.asarray(common[when])
