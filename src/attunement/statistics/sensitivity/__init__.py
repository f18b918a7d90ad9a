"""How strong something unseen would have to be to explain an association away.

Takes: an estimate with its error, and the spread of outcome and exposure that its regression left.
Gives: robustness values, E-values, and what a confounder of a stated strength would do.
Never: says that there is no such confounder, or gives a figure where the formula does not hold.
"""

from attunement.statistics.sensitivity.e_values import EValue, e_value_of_difference, e_value_of_ratio
from attunement.statistics.sensitivity.robustness import (
    Degrees,
    Robustness,
    benchmark_strength,
    clustered_robustness_value,
    confounding_bias,
    effective_degrees,
    robustness_value,
)

__all__ = [
    "Degrees",
    "EValue",
    "Robustness",
    "benchmark_strength",
    "clustered_robustness_value",
    "confounding_bias",
    "e_value_of_difference",
    "e_value_of_ratio",
    "effective_degrees",
    "robustness_value",
]
