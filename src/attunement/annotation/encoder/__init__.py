"""Calibrated linear heads on a sentence encoder and on the fast heads: the accurate annotator.

Takes: MESSAGES, an encoder in a file (all-MiniLM-L6-v2, Apache-2.0), weights over its embeddings, and onnxruntime.
Gives: a probability for every construct of a message, with its best sentence as the evidence span.
Never: downloads anything, learns from what it reads, or gives a different answer in other company.
"""

from attunement.annotation.encoder.annotating import Accurate, fast_logit
from attunement.annotation.encoder.embedding import Embedded, Encode, embedded, embedded_wholes
from attunement.annotation.encoder.encoding import N_DIMENSIONS, SHIPPED, Encoder, shipped_encoder
from attunement.annotation.encoder.loading import accurate_card, load_accurate
from attunement.annotation.encoder.weights import EncodedWeights, read_encoded

__all__ = [
    "N_DIMENSIONS",
    "SHIPPED",
    "Accurate",
    "Embedded",
    "Encode",
    "EncodedWeights",
    "Encoder",
    "accurate_card",
    "embedded",
    "embedded_wholes",
    "fast_logit",
    "load_accurate",
    "read_encoded",
    "shipped_encoder",
]
