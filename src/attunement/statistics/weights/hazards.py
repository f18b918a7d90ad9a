"""Discrete-time hazards: the probability that something happens in a period, by logistic regression."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import linalg, special

from attunement.errors import OptionError

_ROUNDS = 60
_RIDGE = 1e-6
"""Of the curvature of standardised covariates: holds a coefficient that would run away where nobody of a kind left."""


class Hazard(NamedTuple):
    """A fitted hazard."""

    probability: Float[np.ndarray, " rows"]  # that it happens in the row
    coefficient: Float[np.ndarray, " covariates"]  # log odds per unit of each covariate
    intercept: float


def fit_hazard(
    happened: Bool[np.ndarray, " rows"],
    covariates: Float[np.ndarray, "rows covariates"],
    *,
    told: Bool[np.ndarray, " rows"],
) -> Hazard:
    """Maximum likelihood by Newton's method, with an intercept, from the rows in which it is known what happened.

    Raises:
        OptionError: a covariate never changes or repeats others, or the search does not settle.

    Source: efron1988
    """
    y = happened[told].astype(float)
    mean, spread = covariates[told].mean(axis=0), covariates[told].std(axis=0)
    # Rounding leaves a little spread in a column that stands still.
    flat = np.flatnonzero(spread <= 1e-12 * np.maximum(np.abs(mean), 1.0))
    if len(flat):
        raise OptionError(
            f"covariate {flat[0]} never changes",
            got="the same value in every row",
            do="leave it out; an intercept is there",
        )
    every = np.column_stack([np.ones(len(covariates)), (covariates - mean) / spread])
    x = every[told]
    if np.linalg.eigvalsh(x.T @ x / len(y))[0] < 1e-9:
        raise OptionError("a covariate repeats others", do="leave out columns that are sums of others")
    beta = np.zeros(x.shape[1])
    beta[0] = special.logit(np.clip(y.mean(), 1e-6, 1 - 1e-6))
    penalty = _RIDGE * len(y) * np.append(0.0, np.ones(x.shape[1] - 1))
    deviance = _deviance(beta, x, y, penalty)
    for _ in range(_ROUNDS):
        p = special.expit(x @ beta)
        slope = x.T @ (y - p) - penalty * beta
        curvature = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-10 * len(y))
        step = linalg.solve(curvature, slope, assume_a="pos")
        size = 1.0
        while (new := _deviance(beta + size * step, x, y, penalty)) > deviance + 1e-9 and size > 1e-6:
            size /= 2
        beta = beta + size * step
        settled = deviance - new < 1e-9 * (1 + abs(new))
        deviance = new
        if settled:
            break
    else:
        raise OptionError(
            "the hazard did not settle",
            got=f"{int(y.sum())} events in {len(y)} rows with {covariates.shape[1]} covariates",
            do="use fewer covariates, or bring them to one scale",
        )
    slope_per_unit = beta[1:] / spread
    return Hazard(
        probability=special.expit(every @ beta),
        coefficient=slope_per_unit,
        intercept=float(beta[0] - mean @ slope_per_unit),
    )


def _deviance(
    beta: Float[np.ndarray, " k"],
    x: Float[np.ndarray, "rows k"],
    y: Float[np.ndarray, " rows"],
    penalty: Float[np.ndarray, " k"],
) -> float:
    eta = x @ beta
    return float(2 * np.sum(np.logaddexp(0, eta) - y * eta) + penalty @ beta**2)
