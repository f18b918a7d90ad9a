"""Who moves whom in two or more irregular, noisy series of many units: the model, its estimates, and its refusals.

Each unit's series x(t) return to the unit's own level and move each other on the way:

    dx = A_i (x - mu_i) dt + dW,    cov dW = Q dt,    seen at irregular times as y = x + error

The levels mu_i are normal over units, and so are the log decay rates and the cross-effects that make up A_i.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.statistics.state_space.parameters import Layout, Model, Vector
from attunement.statistics.state_space.scaling import scale, start
from attunement.statistics.state_space.searching import Search, climb, information
from attunement.statistics.state_space.series import Series
from attunement.vocabulary import Missing

Drifts = Float[np.ndarray, " drifts"]
Free = Bool[np.ndarray, " parameters"]

WIDEST_LOG_RATE = 1.0
"""The standard error of a log decay rate from which on nothing is known about it: the interval spans a factor of 50."""

WIDEST_LOG_SD = 1.5
"""The standard error of the logarithm of a standard deviation from which on not even its order of magnitude is told."""

MIRRORED = 0.98
"""The correlation of innovations from which on two series are one."""


class DriftEstimate(NamedTuple):
    """The drift parameters of the typical unit, in the units of the data: log decay rates, then cross-effects."""

    names: tuple[str, ...]  # series count from 0; "effect 0<-1" is what series 1 does to series 0 per unit of time
    value: Drifts
    se: Drifts  # standard errors that hold where the model is wrong in its variances
    low: Drifts  # lower ends of the intervals
    high: Drifts  # upper ends


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSpaceFit:
    """A fitted model. Ask `horizon_effects`, `direction_difference` and `peak_lag` what it says."""

    model: Model
    """Every parameter, in the units of the data."""
    typical: DriftEstimate
    """The drift of the typical unit, with intervals."""
    level: float
    """The coverage that the intervals of `typical` aim at."""
    unit_drift_mean: Float[np.ndarray, "units drifts"]
    """Posterior means of each unit's drift parameters: already drawn towards the typical unit."""
    unit_drift_covariance: Float[np.ndarray, "units drifts drifts"]
    """Posterior covariances, at the estimated parameters."""
    log_likelihood: float
    """Of the values in the units of the data."""
    n_units: int
    """How many units."""
    n_values: int
    """How many values were seen, over all series."""
    n_steps: int
    """How many steps the search took."""
    se_ratio: Drifts
    """Standard errors of `typical` over those of a model that is right in everything: far from 1 is a warning."""
    vector: Vector
    """The parameters as `layout` keeps them."""
    covariance: Float[np.ndarray, "parameters parameters"]
    """Their covariance; 0 for standard deviations that cannot be told from 0, which are taken as they stand."""
    layout: Layout
    """Where each parameter stands."""


def fit_state_space(
    series: Series, *, random_drift: bool = True, level: float = 0.95, n_threads: int | None = None
) -> StateSpaceFit | Refused:
    """Fit the continuous-time linear state space by maximum likelihood.

    Intercepts are integrated out exactly, the drift of units by adaptive quadrature; every drift matrix is stable by
    construction. A missing value is left out of the likelihood, which is right where being missing does not depend on
    what would have been seen.

    Args:
        series: what was seen, when, with which error.
        random_drift: whether units differ in decay rates and cross-effects. Without it rates come out too small where
            they do differ; use it only to see how much it matters.
        level: the coverage that intervals aim at.
        n_threads: how many threads; without it, as many as there are cores. The result does not depend on it.

    Returns:
        The fit; or a refusal where there are fewer units than parameters, or the data cannot tell them apart.

    Raises:
        OptionError: `level` or `n_threads` make no sense. What is wrong with the series is said when they are made.

    Assumes:  units are independent; drift, innovations and errors do not change over time; the first occasion is as
              good as any other; when somebody looks does not depend on the state; intercepts, drift, innovations and
              errors are normal, and drift parameters are uncorrelated over units.
    Source:   driver2018 for the model; dejong1991 for intercepts beside the filter; pinheiro1995 for
              adaptive quadrature; white1982 for standard errors.
    Checked:  benchmarks/recovery/state_space.py
    """
    if not 0 < level < 1:
        raise OptionError("a level lies between 0 and 1", got=f"{level}")
    if n_threads is not None and n_threads < 1:
        raise OptionError("at least one thread has to work", got=f"{n_threads}")
    n_threads = n_threads or os.cpu_count() or 1
    n_needed = scale(series, random_drift=random_drift, n_threads=n_threads)[0].layout.n_parameters
    if series.n_units <= n_needed:
        return Refused(
            reason=Missing.TOO_FEW,
            what=f"{series.n_units} units cannot tell {n_needed} parameters from each other",
            do=f"give more than {n_needed} units, and for intervals that hold, a few hundred",
        )
    data, noise_scale, vector = start(series, random_drift=random_drift, n_threads=n_threads)
    search = climb(data, vector)
    model = data.layout.model(search.vector, noise_scale)
    refusal = _mirrored(model) or _lost(search)
    if refusal:
        return refusal
    free, curvature = _told(data.layout, search, information(data, search))
    covariance, right = _covariances(curvature, search.evaluated.scores, free)
    refusal = _unknown(data.layout, curvature, covariance, free)
    if refusal:
        return refusal
    layout, found = data.layout, search.evaluated
    times, plus = layout.theta_units()
    d = layout.n_drift
    se = np.sqrt(np.diag(covariance)[:d])
    half = special.ndtri(0.5 + level / 2) * se * times
    value = model.theta
    log_size = (~np.isnan(series.values)).sum(axis=0) @ np.log(layout.scale)
    return StateSpaceFit(
        model=model,
        typical=DriftEstimate(tuple(layout.names[:d]), value, se * times, value - half, value + half),
        level=level,
        unit_drift_mean=found.drift_mean * times + plus,
        unit_drift_covariance=found.drift_covariance * np.outer(times, times),
        log_likelihood=float(found.log_likelihood.sum() - log_size),
        n_units=series.n_units,
        n_values=int((~np.isnan(series.values)).sum()),
        n_steps=search.n_steps,
        se_ratio=se / np.sqrt(np.diag(right)[:d]),
        vector=search.vector,
        covariance=covariance,
        layout=layout,
    )


def _told(
    layout: Layout, search: Search, curvature: Float[np.ndarray, "free free"]
) -> tuple[Free, Float[np.ndarray, "told told"]]:
    """The parameters that are held to be estimated, and the information about them.

    A standard deviation of which not even the order of magnitude is told is taken as it stands, like one at its bound.
    """
    bounded = np.isfinite(layout.least)[search.free]
    told = ~bounded | (np.diag(curvature) > 1 / WIDEST_LOG_SD**2)
    free = search.free.copy()
    free[search.free] = told
    return free, curvature[np.ix_(told, told)]


def _covariances(
    curvature: Float[np.ndarray, "told told"], scores: Float[np.ndarray, "units parameters"], free: Free
) -> tuple[Float[np.ndarray, "parameters parameters"], Float[np.ndarray, "parameters parameters"]]:
    """The covariance of the estimates by the sandwich, and that which holds if the model is right."""
    n, n_free = len(scores), int(free.sum())
    bread = np.linalg.pinv(curvature)
    # Scores at the estimate are smaller than at the truth, by what the parameters have taken up.
    meat = scores[:, free].T @ scores[:, free] * n / (n - n_free)
    both = np.zeros((2, len(free), len(free)))
    both[0][np.ix_(free, free)] = bread @ meat @ bread
    both[1][np.ix_(free, free)] = bread
    return both[0], both[1]


def _mirrored(model: Model) -> Refused | None:
    """Whether two series are one and the same."""
    size = np.sqrt(np.diag(model.diffusion))
    alike = np.abs(model.diffusion / np.outer(size, size)) - np.eye(len(size))
    i, j = np.unravel_index(int(np.argmax(alike)), alike.shape)
    if alike[i, j] < MIRRORED:
        return None
    return Refused(
        reason=Missing.NOT_IDENTIFIED,
        what=f"series {min(i, j)} and {max(i, j)} mirror each other: their innovations correlate by {alike[i, j]:.3f}",
        do="one that mirrors cannot be told from one that leads; vary one of them by design",
    )


def _lost(search: Search) -> Refused | None:
    """Whether the search ended without a maximum."""
    if search.converged:
        return None
    return Refused(
        reason=Missing.NOT_IDENTIFIED,
        what=f"the likelihood has no maximum that could be found in {search.n_steps} steps",
        do="give more units, or occasions that lie closer together than the series take to decay",
    )


def _unknown(
    layout: Layout,
    curvature: Float[np.ndarray, "told told"],
    covariance: Float[np.ndarray, "parameters parameters"],
    free: Free,
) -> Refused | None:
    """Whether some direction of the parameters makes no difference to the likelihood, or next to none to a rate."""
    size = np.sqrt(np.maximum(np.diag(curvature), 1e-300))
    least, axes = np.linalg.eigh(curvature / np.outer(size, size))
    names = [name for name, one in zip(layout.names, free, strict=True) if one]
    if np.diag(curvature).min() <= 0 or least[0] < 1e-6:
        worst = sorted(zip(-np.abs(axes[:, 0]), names, strict=True))[:3]
        unknown = ", ".join(name for _, name in worst)
    else:
        wide = np.flatnonzero(np.sqrt(np.diag(covariance)[: layout.n_series]) > WIDEST_LOG_RATE)
        unknown = ", ".join(layout.names[k] for k in wide)
    if not unknown:
        return None
    return Refused(
        reason=Missing.NOT_IDENTIFIED,
        what=f"the data cannot tell {unknown} from the rest",
        do="give more units, occasions closer together (to tell noise from fast change) or farther apart (to tell slow "
        "change from level), or the variance of the measurement errors",
    )
