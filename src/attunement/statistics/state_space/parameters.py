"""The parameters as one vector without bounds, in units in which all of them are near 1.

Times are divided by a decay time and series by how much they vary within units, so that neither the unit of time nor
that of a scale changes what is found. Standard deviations are kept as logarithms and never fall below LEAST_SD: one
that stands there is as good as 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from attunement.statistics.state_space.kernels import drift_matrix

Vector = Float[np.ndarray, " parameters"]

LEAST_SD = 0.05
"""The least standard deviation between units, of noise and of intercepts, in scaled units.

Series vary by 1 there and decay at rates near 1: a twentieth is too little to matter, and enough for the likelihood not
to be flat in its logarithm.
"""


class Model(NamedTuple):
    """One value of every parameter, in the units of the data."""

    theta: Float[np.ndarray, " drifts"]  # log decay rates, then cross-effects row by row, of the typical unit
    drift: Float[np.ndarray, "series series"]  # the drift matrix of the typical unit, per unit of time
    drift_sd: Float[np.ndarray, " drifts"]  # standard deviations of theta over units; 0 where they do not differ
    diffusion: Float[np.ndarray, "series series"]  # covariance of the innovations, per unit of time
    noise_variance: Float[np.ndarray, " noises"]  # estimated ones of errors, by series and then version
    intercept_mean: Float[np.ndarray, " series"]  # where units settle on average
    intercept_covariance: Float[np.ndarray, "series series"]  # how far units differ in where they settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where each parameter stands in the vector, and the units that it is in."""

    n_series: int
    n_noise: int
    """How many variances of measurement errors are estimated."""
    random_drift: bool
    """Whether units differ in their drift."""
    time_unit: float
    """The time that counts as 1."""
    centre: Float[np.ndarray, " series"]
    """What is taken from each series."""
    scale: Float[np.ndarray, " series"]
    """What each series is divided by."""

    @property
    def n_drift(self) -> int:
        """How many drift parameters a unit has."""
        return self.n_series**2

    @property
    def n_lower(self) -> int:
        """How many entries the lower half of a covariance has."""
        return self.n_series * (self.n_series + 1) // 2

    @property
    def ends(self) -> list[int]:
        """Where theta, drift SDs, diffusion, noise, intercept mean and intercept factor end."""
        sizes = [
            self.n_drift,
            self.n_drift if self.random_drift else 0,
            self.n_lower,
            self.n_noise,
            self.n_series,
            self.n_lower,
        ]
        return [int(end) for end in np.cumsum(sizes)]

    @property
    def n_parameters(self) -> int:
        """How many parameters there are."""
        return self.ends[-1]

    @property
    def names(self) -> list[str]:
        """A name for each parameter; series are counted from 0, and 0<-1 is what series 1 does to series 0."""
        p = range(self.n_series)
        drifts = [f"log rate {i}" for i in p] + [f"effect {i}<-{j}" for i in p for j in p if i != j]
        lower = [f"{i},{j}" for i in p for j in range(i + 1)]
        return [
            *drifts,
            *([f"SD of {name}" for name in drifts] if self.random_drift else []),
            *(f"diffusion {name}" for name in lower),
            *(f"noise {number}" for number in range(self.n_noise)),
            *(f"intercept mean {i}" for i in p),
            *(f"intercept {name}" for name in lower),
        ]

    @property
    def least(self) -> Vector:
        """The lower bound of each parameter: log LEAST_SD for what is the logarithm of such a standard deviation."""
        p = self.n_series
        factor = np.full((p, p), -np.inf)
        np.fill_diagonal(factor, np.log(LEAST_SD))
        bounded, free = np.log(LEAST_SD), -np.inf
        return np.concatenate(
            [
                np.full(self.n_drift, free),
                np.full(self.n_drift if self.random_drift else 0, bounded),
                np.full(self.n_lower, free),
                np.full(self.n_noise, bounded),
                np.full(p, free),
                factor[np.tril_indices(p)],
            ]
        )

    def parts(self, vector: Vector) -> list[Float[np.ndarray, " part"]]:
        """The vector, cut into theta, drift SDs, diffusion, noise, intercept mean and intercept factor."""
        return np.split(vector, self.ends[:-1])

    def lower(self, entries: Float[np.ndarray, " entries"]) -> Float[np.ndarray, "series series"]:
        """A lower triangle from its entries row by row, those on the diagonal being logarithms."""
        out = np.zeros((self.n_series, self.n_series))
        out[np.tril_indices(self.n_series)] = entries
        np.fill_diagonal(out, np.exp(np.diag(out)))
        return out

    def drift(self, theta: Float[np.ndarray, " drifts"]) -> Float[np.ndarray, "series series"]:
        """The drift matrix of scaled parameters, in scaled units."""
        out = np.empty((self.n_series, self.n_series))
        drift_matrix(np.ascontiguousarray(theta), self.n_series, out)
        return out

    def theta_units(self) -> tuple[Float[np.ndarray, " drifts"], Float[np.ndarray, " drifts"]]:
        """What theta is multiplied by, and what is then added, to come to the units of the data."""
        p, s = self.n_series, self.scale
        cross = [s[i] / s[j] / self.time_unit for i in range(p) for j in range(p) if i != j]
        return np.array([1.0] * p + cross), np.array([-np.log(self.time_unit)] * p + [0.0] * (p * p - p))

    def model(self, vector: Vector, noise_scale: Float[np.ndarray, " noises"]) -> Model:
        """All parameters in the units of the data; `noise_scale` is the scale of the series of each noise."""
        theta, sd, diffusion, noise, mean, factor = self.parts(vector)
        times, plus = self.theta_units()
        s, q, low = self.scale, self.lower(diffusion), self.lower(factor)
        return Model(
            theta=theta * times + plus,
            drift=self.drift(theta) * np.outer(s, 1 / s) / self.time_unit,
            drift_sd=np.exp(sd) * times if self.random_drift else np.zeros(self.n_drift),
            diffusion=q @ q.T * np.outer(s, s) / self.time_unit,
            noise_variance=np.exp(2 * noise) * noise_scale**2,
            intercept_mean=mean * s + self.centre,
            intercept_covariance=low @ low.T * np.outer(s, s),
        )
