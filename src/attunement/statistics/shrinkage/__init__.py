"""What may be said of one unit: its own estimate drawn towards those of all, by as much as it is noise.

Takes: an estimate for each unit and the variance of its error.
Gives: shrunken estimates with intervals, reliability, and how likely each sign is wrong.
Never: shows a unit's own number as if it were known, or calls a unit out by its p-value.
"""

from attunement.statistics.shrinkage.normal import shrink_normal
from attunement.statistics.shrinkage.records import RELIABILITY_FLOOR, Shrunken
from attunement.statistics.shrinkage.selecting import SelectionErrors, selection_errors
from attunement.statistics.shrinkage.unimodal import shrink_unimodal

__all__ = [
    "RELIABILITY_FLOOR",
    "SelectionErrors",
    "Shrunken",
    "selection_errors",
    "shrink_normal",
    "shrink_unimodal",
]
