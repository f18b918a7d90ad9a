"""Calibrated linear heads on hashed n-grams and static embeddings: the annotator that runs when nobody chooses.

Takes: MESSAGES, and weights that `attune train` wrote or that ship.
Gives: a probability for every construct of a message, with its best sentence as the evidence span.
Never: downloads anything, learns from what it reads, or gives a different answer in other company.
"""

from attunement.annotation.heads.annotating import SIDES, Heads
from attunement.annotation.heads.cutting import Cut, cut
from attunement.annotation.heads.embeddings import SHIPPED, Static, static_embeddings
from attunement.annotation.heads.loading import load_heads, shipped_card, shipped_faults
from attunement.annotation.heads.weights import BEFORE, STACK, Weights, read_weights

__all__ = [
    "BEFORE",
    "SHIPPED",
    "SIDES",
    "STACK",
    "Cut",
    "Heads",
    "Static",
    "Weights",
    "cut",
    "load_heads",
    "read_weights",
    "shipped_card",
    "shipped_faults",
    "static_embeddings",
]
