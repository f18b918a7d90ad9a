"""Whether contact goes on: how long, how steadily it is returned to, and what is taken up again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from attunement.dynamics.series import series
from attunement.statistics import sizes
from attunement.vocabulary import PANEL, RELATIONSHIPS, SESSIONS, Estimate, Missing, Null, Rung, check

MIN_GAPS = 12
"""With fewer returns even a clockwork and chance are hardly told apart."""

MIN_WEEKS = 4
"""With fewer weeks between the first and the last, one of them moves the share by more than 25 points."""

RANDOM = "the same number of returns at random times within the same span"

BURSTINESS = (
    "burstiness of the days between starts of sessions, from -1 (a clockwork) over 0 (random times) to 1, corrected for"
    " their number; it describes these returns, so both ends of the interval are the number"
)

COUNTED = "counted over all sessions; there is no error of sampling, so both ends of the interval are the number"

_DAY_US = 86_400e6
_GRID = 1.25


@dataclass(frozen=True, slots=True)
class _Returns:
    """Days between starts of sessions: units with two or more, where each starts, how many gaps, and all of them."""

    unit: np.ndarray
    starts: np.ndarray
    n: np.ndarray
    days: np.ndarray


def estimate_continuity(
    panel: pa.Table,
    sessions: pa.Table,
    *,
    rng: np.random.Generator,
    relationships: pa.Table | None = None,
    n_draws: int = 1999,
) -> list[Estimate]:
    """Of each relationship with sessions: span, regularity, longest silence, weeks with contact, what is taken up.

    Args:
        panel: PANEL with rows of weeks.
        sessions: SESSIONS, sorted.
        rng: draws returns at random times.
        relationships: RELATIONSHIPS, which hold how many conversations there are: sessions alone do not say whether a
            conversation in them was opened before.
        n_draws: how many random returns regularity is held against.

    Raises:
        SchemaError: a table breaks its contract.

    Assumes:  under the null, returns come at any time as likely; a person's days and nights are not random times.
    Source:   kimjo2016 for burstiness; fisher1929 for the longest of random gaps.
    Checked:  tests/dynamics/test_continuity.py
    """
    check(panel, PANEL, stage="dynamics")
    check(sessions, SESSIONS, stage="dynamics")
    if sessions.num_rows == 0:
        return []
    owner = sessions.column("relationship_id").to_numpy()
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    at = sessions.column("started_at").combine_chunks().cast(pa.int64()).to_numpy() / _DAY_US
    ended = sessions.column("ended_at").combine_chunks().cast(pa.int64()).to_numpy() / _DAY_US
    last = np.append(starts[1:], len(owner)) - 1
    unit = owner[starts].tolist()
    n_sessions = sizes(starts, len(owner))
    returns = _returns(at, starts)
    weeks = series(panel, period="week", measures=("sessions",))
    return [
        *_counts("span", unit, ended[last] - at[starts], n_sessions, unit_of="days"),
        *_regularity(unit, returns, rng=rng, n_draws=n_draws),
        *_silences(unit, returns),
        *_weeks(weeks.relationship.tolist(), weeks.value, weeks.starts),
        *_taken_up(unit, starts, sessions, relationships),
    ]


def _returns(at: np.ndarray, starts: np.ndarray) -> _Returns:
    owner = np.repeat(np.arange(len(starts)), sizes(starts, len(at)))
    same = owner[1:] == owner[:-1]
    of = owner[1:][same]
    first = np.flatnonzero(np.append(True, of[1:] != of[:-1])) if len(of) else np.zeros(0, dtype=np.int64)
    return _Returns(of[first], first, sizes(first, len(of)), np.diff(at)[same])


def _regularity(unit: list[int], returns: _Returns, *, rng: np.random.Generator, n_draws: int) -> list[Estimate]:
    """The burstiness of each, or that returns are too few."""
    n, value, p = np.zeros(len(unit), dtype=np.int64), np.full(len(unit), np.nan), np.full(len(unit), np.nan)
    n[returns.unit] = returns.n
    if len(returns.days):
        mean = np.add.reduceat(returns.days, returns.starts) / returns.n
        square = np.add.reduceat(returns.days**2, returns.starts) / returns.n
        ratio = np.sqrt(np.maximum(square / mean**2 - 1, 0.0))
        enough = returns.n >= MIN_GAPS
        place, k = returns.unit[enough], returns.n[enough]
        value[place] = corrected_burstiness(ratio[enough], k)
        p[place] = _against_random(value[place], k, rng=rng, n_draws=n_draws)
    nulls = [Null(statement=RANDOM, p=Missing.TOO_FEW if np.isnan(one) else one) for one in p.tolist()]
    return _counts("burstiness", unit, value, n, unit_of="from -1 to 1", n_of="returns", nulls=nulls, method=BURSTINESS)


def corrected_burstiness(ratio: np.ndarray, k: np.ndarray | int) -> np.ndarray:
    """Burstiness from the coefficient of variation of k gaps: 0 where k - 1 random times cut a span, on average.

    Source: kimjo2016
    """
    more, less = np.sqrt(k + 1.0), np.sqrt(k - 1.0)
    return np.asarray((more * ratio - less) / ((more - 2) * ratio + less))


def _against_random(burst: np.ndarray, k: np.ndarray, *, rng: np.random.Generator, n_draws: int) -> np.ndarray:
    """Two-sided: how often random times are as far from 0, drawn for numbers of gaps a quarter apart."""
    steps = np.round(np.log(k / MIN_GAPS) / np.log(_GRID)).astype(int)
    p = np.empty(len(burst))
    for step in np.unique(steps):
        n = int(np.round(MIN_GAPS * _GRID**step))
        gaps = rng.exponential(size=(n_draws, n))
        ratio = np.sqrt(np.maximum(np.mean(gaps**2, axis=1) / np.mean(gaps, axis=1) ** 2 - 1, 0.0))
        drawn = np.sort(corrected_burstiness(ratio, n) * np.sqrt(n))
        here = steps == step
        seen = burst[here] * np.sqrt(k[here])
        above = n_draws - np.searchsorted(drawn, seen, side="left")
        below = np.searchsorted(drawn, seen, side="right")
        p[here] = np.minimum(2 * (np.minimum(above, below) + 1) / (n_draws + 1), 1.0)
    return p


def _silences(unit: list[int], returns: _Returns) -> list[Estimate]:
    """The longest gap of each, and how rarely random times leave one as long (an upper bound, exact where rare)."""
    if not len(returns.days):
        return []
    longest = np.maximum.reduceat(returns.days, returns.starts)
    share = longest / np.add.reduceat(returns.days, returns.starts)
    k = returns.n
    p = np.minimum(k * np.maximum(1 - share, 0.0) ** (k - 1), 1.0)
    nulls = [
        Null(statement=RANDOM, p=float(one) if n >= MIN_GAPS else Missing.TOO_FEW) for one, n in zip(p, k, strict=True)
    ]
    owner = [unit[place] for place in returns.unit.tolist()]
    return _counts("longest_silence", owner, longest, k, unit_of="days", n_of="returns", nulls=nulls)


def _weeks(unit: list[int], sessions: np.ndarray, starts: np.ndarray) -> list[Estimate]:
    """Of the weeks between the first and the last, which have contact by being first and last."""
    if not len(starts):
        return []
    n = sizes(starts, len(sessions)) - 2
    with_contact = np.add.reduceat((sessions > 0).astype(float), starts) - 2
    value = 100 * with_contact / np.maximum(n, 1)
    return _counts(
        "weeks_with_contact",
        unit,
        np.where(n >= MIN_WEEKS, value, np.nan),
        np.maximum(n, 0),
        unit_of="of 100 weeks",
        n_of="weeks between the first and the last",
    )


def _taken_up(
    unit: list[int], starts: np.ndarray, sessions: pa.Table, relationships: pa.Table | None
) -> list[Estimate]:
    """How often a conversation that is open in a session was opened in an earlier one."""
    opened = np.add.reduceat(sessions.column("n_conversations").to_numpy().astype(np.int64), starts)
    known: dict[int, int] = {}
    if relationships is not None:
        check(relationships, RELATIONSHIPS, stage="dynamics")
        known = dict(
            zip(
                relationships.column("relationship_id").to_pylist(),
                relationships.column("n_conversations").to_pylist(),
                strict=True,
            )
        )
    n_threads = np.array([known.get(one, 0) for one in unit])
    # One endless thread is the product's doing, and threads without times would count as taken up less than never.
    told = (n_threads > 1) & (n_threads <= opened)
    value = np.where(told, 100 * (opened - n_threads) / np.maximum(opened, 1), np.nan)
    return _counts(
        "taken_up",
        unit,
        value,
        opened,
        unit_of="of 100",
        n_of="conversations open in a session",
        missing=Missing.NOT_RECORDED,
    )


def _counts(
    name: str,
    unit: list[int],
    value: np.ndarray,
    n: np.ndarray,
    *,
    unit_of: str,
    n_of: str = "sessions",
    nulls: list[Null] | None = None,
    missing: Missing = Missing.TOO_FEW,
    method: str = COUNTED,
) -> list[Estimate]:
    """Numbers that are counts of all there is; NaN is what cannot be known."""
    return [
        Estimate(
            measure=f"continuity.{name}",
            relationship_id=relationship,
            value=missing if np.isnan(one) else one,
            low=missing if np.isnan(one) else one,
            high=missing if np.isnan(one) else one,
            level=0.95,
            n=n_one,
            n_of=n_of,
            rung=Rung.DESCRIBED,
            null=None if nulls is None else nulls[place],
            method=method,
            unit=unit_of,
        )
        for place, (relationship, one, n_one) in enumerate(zip(unit, value.tolist(), n.tolist(), strict=True))
    ]
