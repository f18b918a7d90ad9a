"""What may be said of the single relationship: its own effects, drawn towards those of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

_STEP = 1e-4
_STRONGEST = 0.97


class UnitEffects(NamedTuple):
    """Effects of each unit, in innovation SDs of what follows per innovation SD of what goes before."""

    value: np.ndarray  # units x direction (AI before person, person before AI)
    sd: np.ndarray  # of what is not known of them
    reliability: np.ndarray  # share of the variance between units that the unit's own data tell


def unit_effects(
    *,
    drift: np.ndarray,
    covariance: np.ndarray,
    typical: np.ndarray,
    typical_covariance: np.ndarray,
    spread: np.ndarray,
    innovation_sd: np.ndarray,
    scale: np.ndarray,
    horizon: float,
) -> UnitEffects:
    """Effects at one horizon from posterior means and covariances of drift parameters, all units at once.

    What is not known of the typical unit is added to each unit, the more the more it is drawn there.

    Args:
        drift: units x 4 posterior means: two log decay rates, then the effect of 1 on 0 and of 0 on 1.
        covariance: units x 4 x 4 posterior covariances.
        typical: the four of the typical unit.
        typical_covariance: of their estimates.
        spread: standard deviations of the four over units.
        innovation_sd: of the two series, over a unit of time.
        scale: how much the two series vary within units; strong effects are bent towards stability in these units.
        horizon: in the unit of time of the rates.

    Assumes:  as the state space; parameters of the process are known when units are drawn towards it.
    Source:   gelman2013, section 5.4
    Checked:  benchmarks/recovery/influence.py
    """

    def effects(theta: np.ndarray) -> np.ndarray:
        return _effects(theta, innovation_sd, scale, horizon)

    slopes = _slopes(effects, drift)
    at_typical = _slopes(effects, typical[None])[0]
    own = np.einsum("udi,uij,udj->ud", slopes, covariance, slopes)
    between = (at_typical**2 @ spread**2)[None]
    reliability = np.clip(1 - own / np.maximum(between, 1e-300), 0.0, 1.0)
    error = np.einsum("di,ij,dj->d", at_typical, typical_covariance, at_typical)
    sd = np.sqrt(own + (1 - reliability) ** 2 * error)
    return UnitEffects(effects(drift), sd, reliability)


def _effects(theta: np.ndarray, innovation_sd: np.ndarray, scale: np.ndarray, horizon: float) -> np.ndarray:
    """Off-diagonal entries of exp(drift x horizon), in closed form for two series."""
    rates = np.exp(theta[:, :2])
    ratio = scale[1] / scale[0]
    there, back = theta[:, 2] * ratio, theta[:, 3] / ratio
    middle = 0.5 * (there + back)
    strength = np.abs(middle) / np.sqrt(rates[:, 0] * rates[:, 1])
    bent = (np.minimum(1.0, _STRONGEST / np.maximum(strength, 1e-300)) - 1) * middle
    there, back = there + bent, back + bent
    root = np.sqrt(0.25 * (rates[:, 0] - rates[:, 1]) ** 2 + there * back + 0j) * horizon
    small = np.abs(root) < 1e-8
    flat = np.where(small, 1.0, np.sinh(root) / np.where(small, 1.0, root)).real
    moved = np.exp(-0.5 * rates.sum(axis=1) * horizon) * flat * horizon
    size = innovation_sd[1] / innovation_sd[0]
    return np.stack([moved * there / ratio * size, moved * back * ratio / size], axis=1)


def _slopes(effects: Callable[[np.ndarray], np.ndarray], theta: np.ndarray) -> np.ndarray:
    """Units x direction x parameter."""
    steps = _STEP * np.eye(4)
    return np.stack([(effects(theta + step) - effects(theta - step)) / (2 * _STEP) for step in steps], axis=2)
