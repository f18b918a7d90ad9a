"""Weights that make those who stayed, and the days on which they came, stand for all.

Takes: who was there to leave or to come in each period, what was known of them before, and whether they did.
Gives: stabilised and truncated weights with what truncation did, how many rows they are worth, and weighted means.
Never: weighs up people of whose kind nobody stayed, or hides that few carry most of the weight.
"""

from attunement.statistics.weights.averaging import TippingDelta, WeightedMean, tipping_delta, weighted_mean
from attunement.statistics.weights.weighing import Weights, dropout_weights, visit_weights

__all__ = [
    "TippingDelta",
    "WeightedMean",
    "Weights",
    "dropout_weights",
    "tipping_delta",
    "visit_weights",
    "weighted_mean",
]
