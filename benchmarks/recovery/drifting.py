"""Two series with a known truth that move each other: random drift and levels, irregular times, noise, gaps in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is simulated. Series 0 is a person, series 1 an AI; time is in days."""

    rates: tuple[float, float] = (0.5, 0.7)
    """Decay rates of the typical unit: a half-life of 1.4 and of 1 day."""
    on_0: float = 0.15
    """What series 1 does to series 0, a day."""
    on_1: float = 0.10
    """What series 0 does to series 1, a day."""
    rate_sd: float = 0.25
    """Standard deviation of log rates over units."""
    cross_sd: float = 0.10
    """Standard deviation of cross-effects over units."""
    drift_correlation: float = 0.0
    """Between the drift parameters of a unit: the model holds them to be uncorrelated."""
    innovation_correlation: float = 0.2
    """Between the innovations of the two series: something outside that moves both."""
    noise_sd: tuple[float, ...] = (0.4,)
    """Of measurement errors, one for each version of the annotator; versions follow one another in time."""
    tails: float = np.inf
    """Degrees of freedom of innovations and of levels (Student): few make heavy tails."""
    gap_scale: float = 1.0
    """What gaps are multiplied by: below 1 for those who come often."""
    p_missing: float = 0.0
    """How often a value is missing."""

    @property
    def theta(self) -> np.ndarray:
        """Log rates and cross-effects of the typical unit."""
        return np.array([*np.log(self.rates), self.on_0, self.on_1])

    @property
    def drift(self) -> np.ndarray:
        """The drift matrix of the typical unit."""
        return np.array([[-self.rates[0], self.on_0], [self.on_1, -self.rates[1]]])


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Series of many units."""

    times: np.ndarray
    values: np.ndarray
    starts: np.ndarray
    version: np.ndarray


def simulate(rng: np.random.Generator, truth: Truth, *, n_units: int, n_occasions: int) -> Simulated:
    """Draw exactly from the model (where tails are normal), all units abreast.

    Gaps are a mixture: 80 % exponential of mean half a day, 15 % of 1.5 days, 5 % of a week.
    """
    shape = (n_units, n_occasions)
    mean = rng.choice([0.5, 1.5, 7.0], p=[0.8, 0.15, 0.05], size=shape)
    gaps = np.maximum(rng.exponential(mean), 1e-4) * truth.gap_scale
    away = rng.standard_normal((n_units, 4))
    away = np.sqrt(1 - truth.drift_correlation) * away + np.sqrt(truth.drift_correlation) * rng.standard_normal(
        (n_units, 1)
    )
    drift = np.empty((n_units, 2, 2))
    drift[:, [0, 1], [0, 1]] = -np.array(truth.rates) * np.exp(truth.rate_sd * away[:, :2])
    drift[:, [0, 1], [1, 0]] = np.array([truth.on_0, truth.on_1]) + truth.cross_sd * away[:, 2:]
    diffusion = np.array([[1.0, truth.innovation_correlation], [truth.innovation_correlation, 1.0]])
    system = np.array([np.kron(one, np.eye(2)) + np.kron(np.eye(2), one) for one in drift])
    stationary = np.linalg.solve(system, np.tile(-diffusion.reshape(4, 1), (n_units, 1, 1)))[:, :, 0].reshape(-1, 2, 2)
    levels = _draw(rng, truth, n_units) @ np.linalg.cholesky(np.array([[1.0, 0.5], [0.5, 1.0]])).T
    state = np.einsum("uij,uj->ui", np.linalg.cholesky(stationary), _draw(rng, truth, n_units))
    values = np.empty((*shape, 2))
    version = np.broadcast_to((np.arange(n_occasions) * len(truth.noise_sd) // n_occasions)[:, None], (*shape, 2))
    for t in range(n_occasions):
        if t:
            move = expm(drift * gaps[:, t, None, None])
            left = stationary - move @ stationary @ move.transpose(0, 2, 1)
            size, axes = np.linalg.eigh(0.5 * (left + left.transpose(0, 2, 1)))
            root = axes * np.sqrt(np.maximum(size, 0))[:, None, :]
            state = np.einsum("uij,uj->ui", move, state) + np.einsum("uij,uj->ui", root, _draw(rng, truth, n_units))
        noise = truth.noise_sd[int(version[0, t, 0])] * rng.standard_normal((n_units, 2))
        values[:, t] = levels + state + noise
    values[rng.random(values.shape) < truth.p_missing] = np.nan
    return Simulated(
        times=np.cumsum(gaps, axis=1).reshape(-1),
        values=values.reshape(-1, 2),
        starts=np.arange(n_units) * n_occasions,
        version=version.reshape(-1, 2).astype(np.int64),
    )


def _draw(rng: np.random.Generator, truth: Truth, n: int) -> np.ndarray:
    """Variables of variance 1 for n units."""
    if np.isinf(truth.tails):
        return rng.standard_normal((n, 2))
    return rng.standard_t(truth.tails, (n, 2)) / np.sqrt(truth.tails / (truth.tails - 2))
