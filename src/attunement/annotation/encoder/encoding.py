"""Texts as points: all-MiniLM-L6-v2, in 8 bits, run by onnxruntime."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from attunement.annotation.encoder.wordpieces import WordPieces
from attunement.annotation.heads import static_embeddings
from attunement.errors import ExtraMissing, WeightsError

SHIPPED = Path(__file__).parent / "shipped"
"""The folder of everything that ships for this annotator."""

N_DIMENSIONS = 384

MOST_TOKENS = 256
"""Word pieces that are read of a text, its two marks counted: as long as what the encoder was taught on."""

_MODEL = "minilm.onnx"
_MOST_CHARACTERS = 64 * MOST_TOKENS
"""Characters that are looked at: no more are needed to fill MOST_TOKENS, but by somebody who wants to waste time."""


class Encoder:
    """A sentence encoder: texts of like meaning lie near each other.

    Each text goes in alone. The encoder rounds to 8 bits by the range of all that it is given at once, so in a batch a
    text would come out differently in different company; alone, with nothing padded, it costs a quarter more.
    """

    def __init__(self, session: Any, *, version: str) -> None:
        """An encoder around a session of onnxruntime that uses one thread."""
        self._session = session
        self._pieces = WordPieces(static_embeddings().vocabulary)
        self._threads = ThreadPoolExecutor(min(os.cpu_count() or 1, 8), thread_name_prefix="encoder")
        self.version = version
        """Eight hexadecimal digits that change with the file."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """A point of unit length for each text: float32, texts x N_DIMENSIONS. Equal texts are read once."""
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        if not places:
            return np.empty((0, N_DIMENSIONS), dtype=np.float32)
        # The longest first, so that no thread is left with a long one at the end.
        order = sorted(places, key=len, reverse=True)
        points = np.empty((len(places), N_DIMENSIONS), dtype=np.float32)
        for text, point in zip(order, self._threads.map(self._one, order), strict=True):
            points[places[text]] = point
        return points[[places[text] for text in texts]]

    def _one(self, text: str) -> np.ndarray:
        ids = self._pieces.ids(text[:_MOST_CHARACTERS], most=MOST_TOKENS)
        (point,) = self._session.run(None, {"ids": np.array([ids], dtype=np.int64)})
        return np.asarray(point[0])


@functools.cache
def shipped_encoder() -> Encoder:
    """The encoder that ships, read once.

    Raises:
        ExtraMissing: onnxruntime is not installed.
        WeightsError: the file of the encoder is absent or damaged.
    """
    return load_encoder(SHIPPED / _MODEL)


def load_encoder(path: Path) -> Encoder:
    """An encoder from a file.

    Raises:
        ExtraMissing: onnxruntime is not installed.
        WeightsError: the file is absent or cannot be read.
    """
    try:
        import onnxruntime  # noqa: PLC0415 - an extra, and slow to import: only who asks for this annotator needs it
    except ImportError as missing:
        raise ExtraMissing(
            "the accurate annotator needs onnxruntime",
            got="it is not installed",
            have="the extra `accurate`",
            do='run: pip install "attunement[accurate]"',
        ) from missing
    try:
        content = path.read_bytes()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as fault:  # the errors of onnxruntime share no other root
        raise WeightsError(
            "the encoder cannot be read",
            got=f"{path}: {fault}",
            have="the file that ships",
            do="install attunement again",
        ) from fault
    return Encoder(session, version=hashlib.sha256(content).hexdigest()[:8])
