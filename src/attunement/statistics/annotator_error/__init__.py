"""What would have been found if people had read everything, from what they read and an annotator that errs read.

Takes: an annotator's scores of all rows, labels of some, and the probability with which each row was to be labelled.
Gives: means, slopes and regressions with intervals, beside what scores alone and labels alone say; or a refusal.
Never: believes an annotator, corrects without known probabilities, or treats rows of one relationship as independent.
"""

from attunement.statistics.annotator_error.correcting import (
    Corrected,
    Estimates,
    StratumError,
    correct_mean,
    correct_regression,
    correct_slope,
)
from attunement.statistics.annotator_error.design import Judged, LabelDesign, exact
from attunement.statistics.refusals import Refused

__all__ = [
    "Corrected",
    "Estimates",
    "Judged",
    "LabelDesign",
    "Refused",
    "StratumError",
    "correct_mean",
    "correct_regression",
    "correct_slope",
    "exact",
]
