"""A quick look where people come at regular times: each session on the session before, relationship by relationship."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from attunement.dynamics.influence_calendar import without_common
from attunement.dynamics.influence_pairs import PAIRS, Pair
from attunement.dynamics.influence_series import AI, MIN_SESSIONS, PERSON, Paired, long_enough, paired, share_moving
from attunement.errors import OptionError
from attunement.statistics.mean_group import Contrast, MeanGroup, direction_difference, fit_mean_group
from attunement.vocabulary import PANEL, Estimate, Null, Rung, check

REGULAR = 0.8
"""The share of a relationship's gaps that are near its median one, from which on sessions are steps."""

FEWEST = 20
"""Regular relationships from which on a mean over them has an interval."""

RAREST = 0.1
"""As in `estimate_influence`."""

_NEAR = (0.5, 1.5)

METHOD = (
    "mean over relationships of each one's regression of a session on the session before, half-panel jackknife; errors"
    " of scores are left in and draw it towards 0"
)


def screen_influence(panel: pa.Table, *, pairs: Sequence[Pair] = PAIRS, level: float = 0.95) -> list[Estimate]:
    """Who goes before whom a session later, in relationships with regular sessions; nothing where these are too few.

    A screen: quick, and without numba. What it shows is smaller than what there is, by as much as scores are noisy;
    irregular gaps bend it, so that relationships with such gaps are left out. `estimate_influence` answers.

    Args:
        panel: PANEL with rows of sessions.
        pairs: the questions.
        level: the coverage that intervals aim at.

    Raises:
        SchemaError: the panel breaks its contract.

    Assumes:  as `fit_mean_group`.
    Source:   pesaransmith1995; dhaene2015
    Checked:  benchmarks/recovery/mean_group.py
    """
    check(panel, PANEL, stage="dynamics")
    estimates: list[Estimate] = []
    for pair in pairs:
        found = paired(panel, pair)
        if found.n_units:
            found = found.kept(long_enough(found) & (_share_regular(found) >= REGULAR))
        if found.n_units < FEWEST or share_moving(found).min() < RAREST:
            continue
        found, _ = without_common(found)
        try:
            fit = fit_mean_group(
                found.values, found.starts, linked=_near(found), min_pairs=MIN_SESSIONS - 1, level=level
            )
        except OptionError:  # a series that never changes within a relationship
            continue
        if isinstance(fit, MeanGroup):
            estimates += _of(pair, fit, level=level)
    return estimates


def _gaps(found: Paired) -> np.ndarray:
    """Days since the session before, in medians of the relationship; NaN for its first."""
    gap = np.diff(found.at, prepend=np.nan)
    gap[found.starts] = np.nan
    owner = found.owner
    order = np.lexsort((gap, owner))  # NaN comes last
    n = np.diff(np.append(found.starts, len(gap))) - 1
    middle = gap[order][found.starts + np.maximum(n - 1, 0) // 2]
    return np.asarray(gap / middle[owner])


def _near(found: Paired) -> np.ndarray:
    gap = _gaps(found)
    return np.asarray((gap >= _NEAR[0]) & (gap <= _NEAR[1]))


def _share_regular(found: Paired) -> np.ndarray:
    n = np.diff(np.append(found.starts, len(found.at))) - 1
    return np.asarray(np.bincount(found.owner, _near(found), minlength=found.n_units) / np.maximum(n, 1))


def _of(pair: Pair, fit: MeanGroup, *, level: float) -> list[Estimate]:
    """Both directions as contrasts with nothing, and their difference."""
    apart = direction_difference(fit, moved=PERSON, mover=AI, level=level)
    variance = fit.innovation_variance.mean(axis=0)
    size = float(np.sqrt(variance[AI] / variance[PERSON]))
    found = {
        "ai_before_person": _scaled(fit, PERSON, AI, size),
        "person_before_ai": _scaled(fit, AI, PERSON, 1 / size),
        "difference": apart,
    }
    return [
        Estimate(
            measure=f"screen.{pair.key}.{what}.session",
            relationship_id=None,
            value=one.value,
            low=one.low,
            high=one.high,
            level=level,
            n=len(fit.unit),
            n_of=f"relationships with regular sessions, {int(fit.n_pairs.sum()):,} steps",
            rung=Rung.ASSOCIATION,
            null=Null(statement="both directions are alike" if one is apart else "nothing goes before", p=one.p),
            method=METHOD,
            unit="innovation SDs per innovation SD",
        )
        for what, one in found.items()
    ]


def _scaled(fit: MeanGroup, moved: int, mover: int, size: float) -> Contrast:
    """An effect in innovation SDs; their ratio is taken as known, whose error is small beside the effect's."""
    at = moved, mover
    value, se, low, high = (float(number[at]) * size for number in (fit.value, fit.se, fit.low, fit.high))
    return Contrast(value=value, se=se, low=low, high=high, p=float(fit.p[at]))
