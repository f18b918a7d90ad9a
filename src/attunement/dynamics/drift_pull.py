"""The pull of where the AI stands on the person, and whether it can be told from an AI that mirrors the person.

    d person = [K (own - person) + B (AI - person)] dt + what the week brings to all + noise

K is the return to where the person would be alone, B the pull. B and K can be told apart only as far as the AI's
position moves by itself: an AI that follows the person gives nothing to tell them by, however long it is watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import linalg

from attunement.dynamics.drift_rows import Interval, PerUnit, Rows, hardly_seen, interval
from attunement.dynamics.influence_fit import in_plain_words
from attunement.errors import ExtraMissing
from attunement.statistics import Refused
from attunement.vocabulary import Missing

PERSON, AI = 0, 1

FEWEST = 50
"""Relationships that the process in continuous time is fitted to."""

FEWEST_SESSIONS = 15
"""Sessions of a relationship in which both were read."""

FLOOR = 0.5
"""Least share of the AI's position that the person's own course leaves: below it an AI that mirrors is taken for one
that pulls, or the pull is not told at all (benchmarks/recovery/drift.py)."""

_LAGS = 5
_DRAWS = 200
_COMMON = 12
"""Relationships a week from which on what they share is taken out."""


class Figure(NamedTuple):
    """A share and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """The process, and what it says of change."""

    distinct: Figure
    """Share of the variance of the AI's position that the person's position, now and before, leaves."""
    pull: Interval | None
    """B, a day; None where the AI is not distinct enough."""
    back: Interval | None
    """K, a day."""
    induced: PerUnit | None
    """Of each relationship: how far the AI's moves since its first sessions have moved the person, second half less
    first."""
    unsure: float
    """Standard error of the mean of `induced` that all relationships share: B and K are not known."""
    relationship: np.ndarray
    n_sessions: int


class _Process(NamedTuple):
    """What the fitted process says of the typical relationship."""

    distinct: Figure
    decay: float  # of the person, a day: return and pull together
    pull: float
    covariance: Float[np.ndarray, "2 2"]  # of the logarithm of the decay, and the pull


def fit_pull(
    rows: Rows, measures: tuple[str, str], *, rng: np.random.Generator, level: float, n_threads: int | None
) -> Pulled | Refused:
    """Fit the process to a measure of the person and one of the AI on the same scale.

    Source:  driver2018 for the process; curmei2022 for pull and return as forces on preferences.
    """
    both = np.isfinite(rows.value[:, :2]).all(axis=1)
    long_enough = np.bincount(rows.owner[both], minlength=len(rows.starts)) >= FEWEST_SESSIONS
    if long_enough.sum() < FEWEST:
        return Refused(
            reason=Missing.TOO_FEW,
            what=f"{int(long_enough.sum())} relationships have {FEWEST_SESSIONS} sessions or more in which both sides"
            f" were read; the pull takes {FEWEST}",
            do=f"gather {FEWEST} relationships of {FEWEST_SESSIONS} sessions or more",
        )
    kept = rows.kept(long_enough)
    rare = hardly_seen(kept, measures)
    if rare is not None:
        return rare
    process = _process(kept, rng=rng, level=level, n_threads=n_threads)
    if isinstance(process, Refused):
        return process
    told = process.distinct.low >= FLOOR
    n = len(kept.starts)
    forces = _forces(process, n=n, level=level) if told else (None, None)
    return Pulled(
        distinct=process.distinct,
        pull=forces[0],
        back=forces[1],
        induced=_pulled_by(kept, process.decay, process.pull) if told else None,
        unsure=_unsure(kept, process) if told else 0.0,
        relationship=kept.relationship,
        n_sessions=len(kept.at),
    )


def _process(rows: Rows, *, rng: np.random.Generator, level: float, n_threads: int | None) -> _Process | Refused:
    try:
        from attunement.statistics import state_space as space  # noqa: PLC0415 - numba is an extra
    except ExtraMissing:
        return Refused(
            reason=Missing.NOT_INSTALLED,
            what="the arithmetic for irregular times is not installed",
            do='run: pip install "attunement[longitudinal]"',
        )
    values = _by_turns(rows, _without_weeks(rows))
    still = [column for column in (PERSON, AI) if not np.nanstd(_within(rows, values[:, column])) > 0]
    if still:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what=("the person's measure", "the AI's position")[still[0]] + " never changes within a relationship",
            do="watch an AI whose position differs from time to time, by chance or by design",
        )
    since = rows.at - rows.at.min()
    series = space.Series(times=since, values=values, starts=rows.starts, version=_sizes(rows.n[:, :2]))
    fit = space.fit_state_space(series, level=level, n_threads=n_threads)
    if isinstance(fit, Refused):
        # Where the data cannot tell how relationships differ: one pace for all, which hardly bends the mean pull.
        fit = space.fit_state_space(series, random_drift=False, level=level, n_threads=n_threads)
    if isinstance(fit, Refused):
        return Refused(reason=fit.reason, what=in_plain_words(fit.what), do=in_plain_words(fit.do))
    layout, n_drift = fit.layout, fit.layout.n_drift
    gap = float(np.median(np.diff(rows.at)[np.diff(rows.owner) == 0])) / layout.time_unit

    def left(vector: Float[np.ndarray, " parameters"]) -> float:
        theta, _, diffusion, *_ = layout.parts(vector)
        root = layout.lower(diffusion)
        return _left(layout.drift(theta), root @ root.T, gap)

    drawn = rng.multivariate_normal(fit.vector, fit.covariance, size=_DRAWS, check_valid="ignore", method="svd")
    low, high = np.quantile([left(vector) for vector in drawn], [0.5 - level / 2, 0.5 + level / 2])
    value = left(fit.vector)
    times, _ = layout.theta_units()
    covariance = fit.covariance[:n_drift, :n_drift] * np.outer(times, times)
    return _Process(
        distinct=Figure(value, float(min(value, low)), float(max(value, high))),
        decay=float(np.exp(fit.typical.value[PERSON])),
        pull=float(fit.typical.value[2]),
        covariance=covariance[np.ix_([0, 2], [0, 2])],
    )


def _forces(process: _Process, *, n: int, level: float) -> tuple[Interval, Interval]:
    """Pull and return with their intervals. The return is the decay less the pull, and has the errors of both."""
    slopes = np.array([process.decay, -1.0])  # the decay enters as its logarithm
    return (
        interval(process.pull, float(np.sqrt(process.covariance[1, 1])), degrees=n - 1, n=n, level=level),
        interval(
            process.decay - process.pull,
            float(np.sqrt(slopes @ process.covariance @ slopes)),
            degrees=n - 1,
            n=n,
            level=level,
        ),
    )


def _unsure(rows: Rows, process: _Process) -> float:
    """Standard error of the mean induced change for decay and pull not being known: by small steps of both."""
    step = 0.01 * np.sqrt(np.diag(process.covariance))
    base = _pulled_by(rows, process.decay, process.pull).mean()
    slopes = np.array(
        [
            (_pulled_by(rows, process.decay * np.exp(step[0]), process.pull).mean() - base) / step[0],
            (_pulled_by(rows, process.decay, process.pull + step[1]).mean() - base) / step[1],
        ]
    )
    return float(np.sqrt(slopes @ process.covariance @ slopes))


def _left(drift: Float[np.ndarray, "2 2"], diffusion: Float[np.ndarray, "2 2"], gap: float) -> float:
    """The share of the variance of the second series that the first leaves, now and at some earlier times."""
    settled = linalg.solve_continuous_lyapunov(drift, -diffusion)
    lagged = np.array([linalg.expm(drift * gap * lag) @ settled for lag in range(_LAGS + 1)])
    distance = np.arange(_LAGS + 1)
    apart = np.abs(distance[:, None] - distance)
    own = lagged[apart, PERSON, PERSON]
    to_ai = lagged[distance, AI, PERSON]
    told = to_ai @ np.linalg.pinv(own, rcond=1e-10, hermitian=True) @ to_ai
    return float(np.clip(1 - told / settled[AI, AI], 0.0, 1.0))


def _pulled_by(rows: Rows, rate: float, pull: float) -> PerUnit:
    """How far the AI's moves since its first sessions have moved each person: second half less first.

    Between sessions the AI is held to stand where it last stood.
    """
    position = rows.value[:, AI]
    place = np.arange(len(rows.at)) - rows.starts[rows.owner]
    first = (place < 3) & np.isfinite(position)
    n = np.bincount(rows.owner[first], minlength=len(rows.starts))
    start = np.bincount(rows.owner[first], position[first], minlength=len(rows.starts)) / np.maximum(n, 1)
    away = np.where(np.isfinite(position), position - start[rows.owner], 0.0)
    gaps = np.append(np.diff(rows.at), 0.0)
    moved, now = np.zeros(len(rows.at)), np.zeros(len(rows.starts))
    for step in range(int(rows.n_sessions.max())):
        units = np.flatnonzero(rows.n_sessions > step)
        at = rows.starts[units] + step
        moved[at] = now[units]
        fade = np.exp(-rate * np.maximum(gaps[at], 0.0))
        now[units] = fade * now[units] + pull / rate * (1 - fade) * away[at]
    half = rows.half
    late, early = (
        np.bincount(rows.owner[which], moved[which], minlength=len(rows.starts))
        / np.maximum(np.bincount(rows.owner[which], minlength=len(rows.starts)), 1)
        for which in (half, ~half)
    )
    return np.asarray(late - early)


def _without_weeks(rows: Rows) -> Float[np.ndarray, "sessions 2"]:
    """Both series less what all share in a week, where enough come in a week to tell it."""
    values = rows.value[:, :2].copy()
    _, week = np.unique(rows.at // 7, return_inverse=True)
    pairs = np.unique(week * len(rows.starts) + rows.owner) // len(rows.starts)
    crowded = np.bincount(pairs, minlength=int(week.max()) + 1) >= _COMMON
    for column in (PERSON, AI):
        seen = np.isfinite(values[:, column])
        for _ in range(10):
            apart = _within(rows, values[:, column])
            n = np.bincount(week[seen], minlength=len(crowded))
            common = np.bincount(week[seen], apart[seen], minlength=len(crowded)) / np.maximum(n, 1)
            values[:, column] -= np.where(crowded, common, 0.0)[week]
    return values


def _within(rows: Rows, values: Float[np.ndarray, " sessions"]) -> Float[np.ndarray, " sessions"]:
    seen = np.isfinite(values)
    n = np.bincount(rows.owner[seen], minlength=len(rows.starts))
    mean = np.bincount(rows.owner[seen], values[seen], minlength=len(rows.starts)) / np.maximum(n, 1)
    return np.asarray(values - mean[rows.owner])


def _by_turns(rows: Rows, values: Float[np.ndarray, "sessions 2"]) -> Float[np.ndarray, "sessions 2"]:
    """The person from one session and the AI from the next.

    What both sides share by chance in one session (a topic, a word that is taken up) is then in no pair of values:
    taken together it bends the pull without end, and no share of half of the values is worth that.
    """
    place = np.arange(len(rows.at)) - rows.starts[rows.owner] + rows.owner
    seen = np.stack([place % 2 == 0, place % 2 == 1], axis=1)
    return np.where(seen, values, np.nan)


def _sizes(n: Float[np.ndarray, "sessions 2"]) -> Int[np.ndarray, "sessions 2"]:
    """Sessions of few and of many messages, whose errors differ."""
    groups = np.zeros(n.shape, dtype=np.int64)
    for column in (PERSON, AI):
        counts = n[n[:, column] > 0, column]
        groups[:, column] = n[:, column] > np.median(counts)
    return groups
