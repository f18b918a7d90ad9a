"""One pair of series, fitted in continuous time and held against shuffled partners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from scipy import linalg

from attunement.dynamics.influence_calendar import without_common
from attunement.dynamics.influence_series import AI, PERSON, Paired, error_groups, in_own_spread
from attunement.dynamics.influence_units import UnitEffects, unit_effects
from attunement.dynamics.influence_yoked import Typical, yoked_p
from attunement.errors import ExtraMissing
from attunement.statistics import Refused
from attunement.vocabulary import Missing

HORIZON_DAYS = (1 / 24, 1.0, 7.0)
"""An hour, a day, a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a pair shows. Directions: the AI before the person, the person before the AI."""

    value: np.ndarray
    """Horizons x directions: innovation SDs of what follows per innovation SD of what goes before."""
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    """The larger of the two p-values: of no effect in the process, and of shuffled partners."""
    difference: np.ndarray
    """Horizons x (value, low, high): the AI before the person less the person before the AI."""
    difference_p: np.ndarray
    """Of no difference, by horizon."""
    peak: tuple[float, float, float] | None
    """Days after which effects are largest, and its interval; None with one drift for all, whose rates are biased."""
    units: UnitEffects | None
    """A day later in each relationship; None where they could not be told apart."""
    relationship: np.ndarray
    """The relationships, as in `units`."""
    n_sessions: np.ndarray
    """Of each relationship."""
    differ: bool
    """Whether relationships were let differ in their drift."""
    common: str
    """The period of which the common part was taken out: day, week or nothing."""
    level: float


def fit_pair(
    found: Paired,
    changes: Sequence[Sequence[datetime]],
    *,
    rng: np.random.Generator,
    n_draws: int,
    level: float,
    n_threads: int | None,
    relationships_differ: bool = True,
) -> Fitted | Refused:
    """Fit the process with relationships that differ; where the data cannot tell how, with one drift for all.

    One drift for all makes decay rates come out by some 7 per cent too small where relationships do differ, but hardly
    touches the mean effects on each other (docs/decisions/012).
    """
    try:
        from attunement.statistics import state_space as space  # noqa: PLC0415 - numba is an extra
    except ExtraMissing:
        return Refused(
            reason=Missing.NOT_INSTALLED,
            what="the arithmetic for irregular times is not installed",
            do='to run: pip install "attunement[longitudinal]"',
        )
    found, common = without_common(found)
    found = in_own_spread(found)
    series = space.Series(
        times=found.at - found.at.min(),
        values=found.values,
        starts=found.starts,
        version=error_groups(found, changes),
    )
    fit = space.fit_state_space(series, random_drift=relationships_differ, level=level, n_threads=n_threads)
    differ = relationships_differ and not isinstance(fit, Refused)
    if isinstance(fit, Refused):
        first, fit = fit, space.fit_state_space(series, random_drift=False, level=level, n_threads=n_threads)
        if isinstance(fit, Refused):
            return Refused(reason=first.reason, what=in_plain_words(first.what), do=in_plain_words(first.do))
    horizons = np.array(HORIZON_DAYS)
    effects = space.horizon_effects(fit, horizons, per="innovation_sd", level=level)
    apart = space.direction_difference(fit, horizons, of=AI, on=PERSON, level=level)
    peak = space.peak_lag(fit, of=AI, on=PERSON, level=level)
    model = fit.model
    settled = linalg.solve_continuous_lyapunov(model.drift, -model.diffusion)
    kept = np.clip(np.diag(settled) / _variance(found), 0.05, 1.0)
    yoked = yoked_p(found, Typical(-np.diag(model.drift), kept), rng=rng, n_draws=n_draws)
    there, back = (slice(None), PERSON, AI), (slice(None), AI, PERSON)
    units = None
    if differ:
        times, _ = fit.layout.theta_units()
        d = fit.layout.n_drift
        units = unit_effects(
            drift=fit.unit_drift_mean,
            covariance=fit.unit_drift_covariance,
            typical=model.theta,
            typical_covariance=fit.covariance[:d, :d] * np.outer(times, times),
            spread=model.drift_sd,
            innovation_sd=np.sqrt(np.diag(model.diffusion)),
            scale=fit.layout.scale,
            horizon=1.0,
        )
    return Fitted(
        value=np.stack([effects.value[there], effects.value[back]], axis=1),
        low=np.stack([effects.low[there], effects.low[back]], axis=1),
        high=np.stack([effects.high[there], effects.high[back]], axis=1),
        p=np.maximum(np.stack([effects.p[there], effects.p[back]], axis=1), np.array(yoked)),
        difference=np.stack([apart.value, apart.low, apart.high], axis=1),
        difference_p=apart.p,
        peak=None if isinstance(peak, Refused) or not differ else (peak.lag, peak.low, peak.high),
        units=units,
        relationship=found.relationship,
        n_sessions=np.diff(np.append(found.starts, len(found.at))),
        differ=differ,
        common=common,
        level=level,
    )


def in_plain_words(text: str) -> str:
    """A refusal of the state space, which speaks of units and numbered series, in the words of this stage."""
    for formal, plain in _PLAIN.items():
        text = text.replace(formal, plain)
    return text


_PLAIN = {
    "series 0 and 1": "the two series",
    "SD of ": "how relationships differ in ",
    "log rate 0": "how fast the person's measure comes back",
    "log rate 1": "how fast the AI's measure comes back",
    "effect 0<-1": "what follows the AI's measure",
    "effect 1<-0": "what follows the person's measure",
    "units": "relationships",
    "occasions": "sessions",
}


def _variance(found: Paired) -> np.ndarray:
    """How much scores vary within relationships."""
    owner, out = found.owner, np.empty(2)
    for column in (PERSON, AI):
        seen = np.isfinite(found.values[:, column])
        values, of = found.values[seen, column], owner[seen]
        n = np.bincount(of, minlength=found.n_units)
        means = np.bincount(of, values, minlength=found.n_units) / np.maximum(n, 1)
        out[column] = np.sum((values - means[of]) ** 2) / np.maximum(np.sum(np.maximum(n - 1, 0)), 1)
    return out
