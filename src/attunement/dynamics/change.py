"""Whether the second half of a relationship differs from the first."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from attunement.dynamics.series import Series, series
from attunement.statistics import Halves, halves_change, mean_interval, share_interval
from attunement.vocabulary import Estimate, Missing, Null, Rung

MIN_SESSIONS = 12
"""With fewer sessions each half has less than six, and its interval is as wide as the scale."""

MIN_WEEKS = 8
"""The same for weekly amounts, which vary less."""

MIN_FOR_NULL = 40
"""The smallest p that k shifts can give is 2/k: with fewer than 40 the null cannot be rejected at .05, only shown."""

NULL = "the halves would differ as much wherever the series was cut"

METHOD = (
    "second half of the series minus the first; the interval joins those of the halves (Zou and Donner 2008), p is"
    " the share of circular shifts that give at least as large a difference"
)


def estimate_changes(panel: pa.Table, *, level: float = 0.95) -> list[Estimate]:
    """The change of each construct (over sessions) and of weekly minutes, per relationship."""
    constructs = series(panel, period="session", prefix="rate.")
    minutes = series(panel, period="week", measures=("minutes",))
    return [*_of_shares(constructs, level=level), *_of_minutes(minutes, level=level)]


def _of_shares(found: Series, *, level: float) -> list[Estimate]:
    if len(found.starts) == 0:
        return []
    usable = found.lengths >= MIN_SESSIONS
    kept = _only(found, usable)
    estimates = [_refused(found, place, level=level, n_of="sessions") for place in np.flatnonzero(~usable).tolist()]
    if len(kept.starts):
        seen = kept.value / 100 * kept.n
        halves = share_interval(seen, kept.n, _half_starts(kept), level=level)
        change = halves_change(seen, kept.n, kept.starts, halves=halves)
        scaled = Halves(100 * change.change, 100 * change.low, 100 * change.high, change.p)
        estimates += _estimates(kept, scaled, level=level, n_of="sessions", unit="per 100 messages")
    return estimates


def _of_minutes(found: Series, *, level: float) -> list[Estimate]:
    if len(found.starts) == 0:
        return []
    usable = found.lengths >= MIN_WEEKS
    kept = _only(found, usable)
    estimates = [_refused(found, place, level=level, n_of="weeks") for place in np.flatnonzero(~usable).tolist()]
    if len(kept.starts):
        halves = mean_interval(kept.value, _half_starts(kept), level=level)
        change = halves_change(kept.value, np.ones_like(kept.value), kept.starts, halves=halves)
        estimates += _estimates(kept, change, level=level, n_of="weeks", unit="minutes a week")
    return estimates


def _half_starts(found: Series) -> np.ndarray:
    """Where the first and the second half of each series start."""
    return np.stack([found.starts, found.starts + found.lengths // 2], axis=1).reshape(-1)


def _only(found: Series, usable: np.ndarray) -> Series:
    rows = np.repeat(usable, found.lengths)
    lengths = found.lengths[usable]
    return Series(
        relationship=found.relationship[usable],
        measure=[measure for measure, keep in zip(found.measure, usable.tolist(), strict=True) if keep],
        value=found.value[rows],
        n=found.n[rows],
        starts=np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(lengths) else np.zeros(0, dtype=np.int64),
    )


def _refused(found: Series, place: int, *, level: float, n_of: str) -> Estimate:
    return Estimate(
        measure=f"change.{found.measure[place]}",
        relationship_id=int(found.relationship[place]),
        value=Missing.TOO_FEW,
        low=Missing.TOO_FEW,
        high=Missing.TOO_FEW,
        level=level,
        n=int(found.lengths[place]),
        n_of=n_of,
        rung=Rung.DESCRIBED,
        null=Null(statement=NULL, p=Missing.TOO_FEW),
        method=METHOD,
    )


def _estimates(found: Series, change: Halves, *, level: float, n_of: str, unit: str) -> list[Estimate]:
    rows = zip(found.relationship.tolist(), found.measure, found.lengths.tolist(), *change, strict=True)
    estimates = []
    for relationship, measure, n, value, low, high, p in rows:
        known = bool(np.isfinite([value, low, high]).all())
        estimates.append(
            Estimate(
                measure=f"change.{measure}",
                relationship_id=relationship,
                value=float(value) if known else Missing.TOO_FEW,
                low=float(low) if known else Missing.TOO_FEW,
                high=float(high) if known else Missing.TOO_FEW,
                level=level,
                n=n,
                n_of=n_of,
                rung=Rung.DESCRIBED,
                null=Null(statement=NULL, p=float(p) if known and n >= MIN_FOR_NULL else Missing.TOO_FEW),
                method=METHOD,
                unit=unit,
            )
        )
    return estimates
