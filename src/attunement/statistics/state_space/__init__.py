"""Who moves whom: a linear state space in continuous time for two or more series of many units.

Takes: series at irregular times, noisy and with gaps, sorted by unit and time.
Gives: decay rates and cross-effects with intervals, effects at named horizons, peak lags, which direction is stronger.
Never: speaks of causes, gives a number that the data cannot tell from others, or reads and writes anything.
"""

from attunement.statistics.state_space.effects import (
    Difference,
    Effects,
    Peak,
    direction_difference,
    horizon_effects,
    peak_lag,
)
from attunement.statistics.state_space.fitting import DriftEstimate, StateSpaceFit, fit_state_space
from attunement.statistics.state_space.parameters import Model
from attunement.statistics.state_space.series import Series

__all__ = [
    "Difference",
    "DriftEstimate",
    "Effects",
    "Model",
    "Peak",
    "Series",
    "StateSpaceFit",
    "direction_difference",
    "fit_state_space",
    "horizon_effects",
    "peak_lag",
]
