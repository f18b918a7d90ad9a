"""Who starts, what is regenerated, and how often contact reaches into the night."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from attunement.dynamics.series import series
from attunement.statistics import share_interval
from attunement.vocabulary import Estimate, Missing, Rung

MIN_WEEKS = 4
"""With fewer weeks the interval of a share over weeks is as wide as the scale."""

HABITS = {
    "started_by_person": ("sessions", "of 100 sessions"),
    "regenerations_per_reply": ("replies of the AI", "per 100 replies of the AI"),
    "night_share": ("sessions", "of 100 sessions"),
}
"""Shares by week: what they are shares of, and their unit."""

METHOD = "share over all weeks; Clopper-Pearson with the effective number, weeks as clusters (Korn and Graubard 1998)"


def estimate_habits(panel: pa.Table, *, level: float = 0.95) -> list[Estimate]:
    """One estimate per relationship and habit, in 100, from the rows of weeks."""
    found = series(panel, period="week", measures=tuple(HABITS))
    if len(found.starts) == 0:
        return []
    seen = np.minimum(found.value * found.n, found.n)
    interval = share_interval(seen, found.n, found.starts, level=level)
    columns = (100 * interval.value, 100 * interval.low, 100 * interval.high, interval.n, interval.n_clusters)
    estimates = []
    for relationship, measure, value, low, high, n, n_weeks in zip(
        found.relationship.tolist(), found.measure, *(column.tolist() for column in columns), strict=True
    ):
        of, unit = HABITS[measure]
        enough = n_weeks >= MIN_WEEKS
        estimates.append(
            Estimate(
                measure=f"share.{measure}",
                relationship_id=relationship,
                value=value,
                low=low if enough else Missing.TOO_FEW,
                high=high if enough else Missing.TOO_FEW,
                level=level,
                n=int(n),
                n_of=f"{of} in {int(n_weeks)} {'week' if n_weeks == 1 else 'weeks'}",
                rung=Rung.DESCRIBED,
                null=None,
                method=METHOD,
                unit=unit,
            )
        )
    return estimates
