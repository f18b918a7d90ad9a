import hashlib

import numpy as np
import pytest

from attunement.annotation.encoder import N_DIMENSIONS


@pytest.fixture(scope="session")
def bag_of_words():
    """A stand-in for the encoder that takes no time: each word has a direction of its own."""

    def of(word):
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        return np.random.default_rng(seed).normal(size=N_DIMENSIONS)

    known = {}

    def encode(texts):
        points = np.zeros((len(texts), N_DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                if word not in known:
                    known[word] = of(word)
                points[row] += known[word]
        return points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)

    return encode
