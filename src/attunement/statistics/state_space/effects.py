"""What a fit says about who moves whom: effects at named horizons, when they peak, and which direction is stronger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy import linalg, special

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.statistics.state_space.fitting import StateSpaceFit
from attunement.statistics.state_space.likelihood import sphere_rule
from attunement.statistics.state_space.parameters import Vector
from attunement.vocabulary import Missing

Matrices = Float[np.ndarray, "horizons series series"]

Per = Literal["unit", "innovation_sd"]
"""What an effect is measured in: the units of the series, or the size of each series' own innovations."""

Over = Literal["typical", "average"]
"""Whose effect: that of the unit with average drift parameters, or the average of the effects of all units."""

_STEP = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """exp(drift x horizon): entry [h, i, j] says how far series i is moved at horizon h by series j being 1 higher now.

    The diagonal says how much of a series' own departure is left.
    """

    horizons: Float[np.ndarray, " horizons"]
    """In the unit of time of the data."""
    value: Matrices
    se: Matrices
    """Standard errors, by the delta method."""
    low: Matrices
    """Lower ends of the intervals."""
    high: Matrices
    """Upper ends."""
    p: Matrices
    """Against no effect, on two sides. On the diagonal it means nothing of interest."""
    level: float
    """The coverage that the intervals aim at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much more series `of` moves series `on` than the other way round, per innovation SD of each, by horizon."""

    of: int
    on: int
    horizons: Float[np.ndarray, " horizons"]
    """In the unit of time of the data."""
    value: Float[np.ndarray, " horizons"]
    """The effect of `of` on `on`, less the effect of `on` on `of`: with signs, so that two directions may cancel."""
    se: Float[np.ndarray, " horizons"]
    """Standard errors, by the delta method."""
    low: Float[np.ndarray, " horizons"]
    """Lower ends of the intervals."""
    high: Float[np.ndarray, " horizons"]
    """Upper ends."""
    p: Float[np.ndarray, " horizons"]
    """Against no difference, on two sides."""
    level: float
    """The coverage that the intervals aim at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """After how long the effect of one series on another is largest."""

    of: int
    on: int
    lag: float
    """In the unit of time of the data."""
    low: float
    """Lower end of the interval, which is made for the logarithm of the lag."""
    high: float
    """Upper end."""
    level: float
    """The coverage that the interval aims at."""


def horizon_effects(
    fit: StateSpaceFit,
    horizons: Float[np.ndarray, " horizons"],
    *,
    per: Per = "unit",
    over: Over = "typical",
    level: float = 0.95,
) -> Effects:
    """Effects of every series on every other at named horizons.

    Args:
        fit: what `fit_state_space` gave.
        horizons: above 0, in the unit of time of the data: an hour, a day, a week.
        per: in the units of the series; or with each series divided by the SD of its innovations over a unit of time,
            which is what two directions may be compared in.
        over: of the typical unit, or averaged over units.
        level: the coverage aimed at.

    Assumes:  the drift of a unit does not change over time, and nobody outside moves both series.
    Source:   driver2017 for effects as exp(drift x horizon); the delta method for intervals.
    Checked:  benchmarks/recovery/state_space.py
    """
    horizons = _checked(horizons)

    def effects(vector: Vector) -> Float[np.ndarray, " entries"]:
        return _effects(fit, vector, horizons, per=per, over=over).reshape(-1)

    value, se = _delta(fit, effects)
    shape = (len(horizons), fit.layout.n_series, fit.layout.n_series)
    value, se = value.reshape(shape), se.reshape(shape)
    low, high, p = _normal(value, se, level)
    return Effects(horizons=horizons, value=value, se=se, low=low, high=high, p=p, level=level)


def direction_difference(
    fit: StateSpaceFit,
    horizons: Float[np.ndarray, " horizons"],
    *,
    of: int = 0,
    on: int = 1,
    over: Over = "typical",
    level: float = 0.95,
) -> Difference:
    """Which of two directions is stronger, as one test and not as two p-values held side by side.

    Args:
        fit: what `fit_state_space` gave.
        horizons: above 0, in the unit of time of the data.
        of: the series whose effect on the other comes first.
        on: the other series.
        over: of the typical unit, or averaged over units.
        level: the coverage aimed at.

    Assumes:  what `horizon_effects` assumes; the innovation SD of each series is a fair unit for it.
    Source:   driver2017; the delta method for intervals.
    Checked:  benchmarks/recovery/state_space.py
    """
    horizons = _checked(horizons)
    _check_pair(fit, of, on)

    def difference(vector: Vector) -> Float[np.ndarray, " entries"]:
        found = _effects(fit, vector, horizons, per="innovation_sd", over=over)
        return np.asarray(found[:, on, of] - found[:, of, on])

    value, se = _delta(fit, difference)
    low, high, p = _normal(value, se, level)
    return Difference(of=of, on=on, horizons=horizons, value=value, se=se, low=low, high=high, p=p, level=level)


def peak_lag(fit: StateSpaceFit, *, of: int, on: int, level: float = 0.95) -> Peak | Refused:
    """After how long the effect of `of` on `on` is largest, for the typical unit.

    For two series the lag follows from the decay rates and is the same both ways, whether there is an effect or not.
    With more series it is refused where the effect itself cannot be told from none.

    Args:
        fit: what `fit_state_space` gave.
        of: the series that moves.
        on: the series that is moved.
        level: the coverage aimed at.

    Assumes:  what `horizon_effects` assumes.
    Source:   driver2017; the delta method on the logarithm of the lag.
    Checked:  benchmarks/recovery/state_space.py
    """
    _check_pair(fit, of, on)

    def log_lag(vector: Vector) -> Float[np.ndarray, " entries"]:
        drift = fit.layout.drift(fit.layout.parts(vector)[0])
        return np.array([np.log(_peak(drift, on, of))])

    value, se = _delta(fit, log_lag)
    lag = float(np.exp(value[0])) * fit.layout.time_unit
    known = bool(np.isfinite(value[0]) and np.isfinite(se[0]))
    if known and fit.layout.n_series > 2:
        known = float(horizon_effects(fit, np.array([lag])).p[0, on, of]) < 0.05
    if not known:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what=f"the effect of series {of} on series {on} cannot be told from none, so it has no peak that is known",
            do="read the effects at named horizons with their intervals; more units would narrow them",
        )
    times = float(np.exp(_quantile(level) * se[0]))
    return Peak(of=of, on=on, lag=lag, low=lag / times, high=lag * times, level=level)


def _effects(
    fit: StateSpaceFit, vector: Vector, horizons: Float[np.ndarray, " horizons"], *, per: Per, over: Over
) -> Matrices:
    layout = fit.layout
    theta, log_sd, diffusion, *_ = layout.parts(vector)
    lags = horizons[:, None, None] / layout.time_unit
    if over == "average" and layout.random_drift:
        rule, weights = sphere_rule(layout.n_drift)
        thetas = theta + rule * np.exp(log_sd)
    else:
        thetas, weights = theta[None], np.ones(1)
    out = sum(weight * linalg.expm(layout.drift(one) * lags) for one, weight in zip(thetas, weights, strict=True))
    root = layout.lower(diffusion)
    size = layout.scale if per == "unit" else 1 / np.sqrt(np.diag(root @ root.T))
    return np.asarray(out * np.outer(size, 1 / size))


def _peak(drift: Float[np.ndarray, "series series"], on: int, of: int) -> float:
    """The first time at which the derivative of exp(drift t)[on, of] changes sign."""
    slowest = 1 / np.abs(np.diag(drift)).min()
    grid = np.geomspace(1e-3 * slowest, 30 * slowest, 200)

    def slope(at: Float[np.ndarray, " times"]) -> Float[np.ndarray, " times"]:
        return np.asarray((drift @ linalg.expm(drift * at[:, None, None]))[:, on, of])

    turned = np.flatnonzero(np.diff(np.sign(slope(grid))) != 0)
    if not len(turned):
        return float("nan")
    low, high = grid[turned[0]], grid[turned[0] + 1]
    begun = np.sign(slope(np.array([low]))[0])
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if np.sign(slope(np.array([middle]))[0]) == begun else (low, middle)
    return float(0.5 * (low + high))


def _delta(
    fit: StateSpaceFit, quantity: Callable[[Vector], Float[np.ndarray, " entries"]]
) -> tuple[Float[np.ndarray, " entries"], Float[np.ndarray, " entries"]]:
    """A function of the parameters, and its standard error: derivatives times the covariance of the parameters."""
    steps = _STEP * np.eye(len(fit.vector))
    slopes = [(quantity(fit.vector + step) - quantity(fit.vector - step)) / (2 * _STEP) for step in steps]
    by = np.array(slopes)
    return quantity(fit.vector), np.sqrt(np.einsum("pe,pq,qe->e", by, fit.covariance, by))


def _normal(value: np.ndarray, se: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    half = _quantile(level) * se
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * special.ndtr(-np.abs(value / se))
    return value - half, value + half, p


def _quantile(level: float) -> float:
    if not 0 < level < 1:
        raise OptionError("a level lies between 0 and 1", got=f"{level}")
    return float(special.ndtri(0.5 + level / 2))


def _checked(horizons: Float[np.ndarray, " horizons"]) -> Float[np.ndarray, " horizons"]:
    horizons = np.asarray(horizons, dtype=float)
    if not len(horizons) or not (np.isfinite(horizons) & (horizons > 0)).all():
        raise OptionError("horizons are times above 0", got=f"{horizons}", do="name an hour, a day, a week")
    return horizons


def _check_pair(fit: StateSpaceFit, of: int, on: int) -> None:
    p = fit.layout.n_series
    if of == on or not (0 <= of < p and 0 <= on < p):
        raise OptionError("two different series have to be named", got=f"{of} and {on}", have=f"0 to {p - 1}")
