"""How much contact there is a week."""

from __future__ import annotations

import pyarrow as pa

from attunement.dynamics.series import series
from attunement.statistics import mean_interval
from attunement.vocabulary import Estimate, Missing, Rung

MIN_WEEKS = 4
"""With fewer weeks the interval of a weekly mean says nothing."""

MEASURES = {
    "sessions": "sessions a week",
    "minutes": "minutes a week",
    "messages_person": "messages of the person a week",
    "active_days": "days a week",
}
"""Weekly measures and their units."""

METHOD = "mean over weeks from the first to the last, weeks without contact included; Student's interval"


def estimate_amounts(panel: pa.Table, *, level: float = 0.95) -> list[Estimate]:
    """One estimate per relationship and measure of use: its weekly mean. Incomplete first and last weeks count too."""
    found = series(panel, period="week", measures=tuple(MEASURES))
    if len(found.starts) == 0:
        return []
    interval = mean_interval(found.value, found.starts, level=level)
    rows = zip(found.relationship.tolist(), found.measure, *interval[:4], strict=True)
    estimates = []
    for relationship, measure, value, low, high, n_weeks in rows:
        enough = n_weeks >= MIN_WEEKS
        estimates.append(
            Estimate(
                measure=f"weekly.{measure}",
                relationship_id=relationship,
                value=float(value),
                low=max(float(low), 0.0) if enough else Missing.TOO_FEW,
                high=float(high) if enough else Missing.TOO_FEW,
                level=level,
                n=int(n_weeks),
                n_of="weeks",
                rung=Rung.DESCRIBED,
                null=None,
                method=METHOD,
                unit=MEASURES[measure],
            )
        )
    return estimates
