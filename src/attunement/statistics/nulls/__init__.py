"""What would be seen if nothing were there: series rearranged so that only the link in question is broken.

Takes: rows of many units sorted by time, a statistic of them, and a generator of random numbers.
Gives: p-values that are never 0, and the mean and spread of the statistic where the link is broken.
Never: breaks more than the link, such as the memory of a series, or draws from an unseeded generator.
"""

from attunement.statistics.nulls.arrangements import Arrangement, BlockShuffles, CircularShifts, YokedPartners
from attunement.statistics.nulls.signs import SignIndependence, sign_independence
from attunement.statistics.nulls.testing import NullTest, permutation_test

__all__ = [
    "Arrangement",
    "BlockShuffles",
    "CircularShifts",
    "NullTest",
    "SignIndependence",
    "YokedPartners",
    "permutation_test",
    "sign_independence",
]
