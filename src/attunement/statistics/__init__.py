"""Arithmetic on arrays: numbers in, numbers out, each with the paper it follows and the benchmark that checks it.

Takes: NumPy arrays sorted by unit, and where each unit starts.
Gives: estimates with intervals, and p-values against stated nulls, for all units at once.
Never: knows what a person or an AI is, reads or writes anything, or gives 0 for what cannot be known.
"""

from attunement.statistics.accuracy import auroc, average_precision, calibration_error, cluster_interval, kappa
from attunement.statistics.agreement import Agreement, measure_agreement
from attunement.statistics.halves import Halves, halves_change
from attunement.statistics.ratios import Interval, mean_interval, share_interval
from attunement.statistics.refusals import Refused
from attunement.statistics.segments import sizes

__all__ = [
    "Agreement",
    "Halves",
    "Interval",
    "Refused",
    "auroc",
    "average_precision",
    "calibration_error",
    "cluster_interval",
    "halves_change",
    "kappa",
    "mean_interval",
    "measure_agreement",
    "share_interval",
    "sizes",
]
