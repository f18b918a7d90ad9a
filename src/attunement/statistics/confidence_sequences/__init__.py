"""Intervals for a deployment's means and proportions that may be looked at as often as one likes.

Takes: values in the order in which they came, counts, or estimates with standard errors at each look.
Gives: an interval at each look; with the level stated all of them hold.
Never: holds only at a time that was fixed beforehand, or treats messages of one relationship as independent unasked.
"""

from attunement.statistics.confidence_sequences.sequences import (
    Sequence,
    asymptotic_sequence,
    bounded_sequence,
    clustered_mean_sequence,
    proportion_sequence,
    sub_gaussian_sequence,
)

__all__ = [
    "Sequence",
    "asymptotic_sequence",
    "bounded_sequence",
    "clustered_mean_sequence",
    "proportion_sequence",
    "sub_gaussian_sequence",
]
