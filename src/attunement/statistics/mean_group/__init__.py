"""Lagged effects of series on each other, unit by unit and averaged: the screen before the state space.

Takes: two or more series of many units at regular steps, sorted by unit and time, with gaps marked.
Gives: mean effects with intervals, freed of most of the bias of short series; each unit's own with its variance.
Never: pools units as if all had one slope, joins rows over a gap, or answers for units that are too short.
"""

from attunement.statistics.mean_group.contrasts import Contrast, direction_difference
from attunement.statistics.mean_group.fitting import MeanGroup, fit_mean_group

__all__ = ["Contrast", "MeanGroup", "direction_difference", "fit_mean_group"]
