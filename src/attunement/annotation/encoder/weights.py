"""The weights of heads over embeddings: what the numbers mean, how they are written, and how they are checked."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from attunement.annotation.encoder.encoding import N_DIMENSIONS
from attunement.errors import WeightsError

FORM = 1
"""Raised when what the numbers mean changes, so that old files are refused and not misread."""

STACK = ("constant", "turn", "best_sentence", "log_sentences", "answered", "fast")
"""What the logit of a probability is a sum of: see `EncodedWeights.stack`."""

READS = ("turn", "mean", "answered", "cause")
"""What a head has a direction for: the whole turn; the mean of its sentences; the answered message, as evidence about
the reply; and the answered message, for whether it holds anything that the act could answer."""


@dataclass(frozen=True, kw_only=True)
class EncodedWeights:
    """Linear heads over embeddings, one a construct.

    The raw score of a turn is bias + turn . (its embedding) + mean . (the mean embedding of its sentences); of a
    sentence bias + (turn + mean) . (its embedding).
    """

    constructs: tuple[str, ...]
    """The keys that have a head."""
    directions: np.ndarray
    """float32, constructs x READS x dimensions; zeros where a head does not read it."""
    biases: np.ndarray
    """float32, constructs x READS: added to each product; that of "mean" is 0."""
    stack: np.ndarray
    """float32, constructs x STACK: from the raw scores of the turn, of its best sentence and of the answered message (0
    where there is none), ln(number of sentences) and the logit of the fast heads' probability, to the logit."""
    cause: np.ndarray
    """float32, constructs x 2: from 1 and the score of "cause" to the logit of a cause, whose probability multiplies
    that of the act. NaN for constructs that need none."""

    @cached_property
    def version(self) -> str:
        """Eight hexadecimal digits that change with any of the numbers."""
        digest = hashlib.sha256(json.dumps([FORM, self.constructs]).encode())
        for name in _arrays():
            digest.update(np.ascontiguousarray(getattr(self, name)).tobytes())
        return digest.hexdigest()[:8]

    def save(self, path: Path) -> None:
        """Write them as compressed arrays, without pickles. The same weights give the same bytes."""
        about = np.frombuffer(json.dumps({"form": FORM, "constructs": self.constructs}).encode(), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, about=about, **{name: getattr(self, name) for name in _arrays()})


def _arrays() -> list[str]:
    return [field.name for field in fields(EncodedWeights) if field.name != "constructs"]


def read_encoded(path: Path) -> EncodedWeights:
    """Read weights.

    Raises:
        WeightsError: the file is absent, is no such file, is of another form, or its arrays do not fit each other.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            arrays = {name: file[name] for name in _arrays()}
        form, constructs = about["form"], tuple(about["constructs"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as fault:
        raise _refused("the weights over embeddings cannot be read", got=f"{path}: {fault}", have="weights") from fault
    if form != FORM:
        raise _refused("the weights are of another form", got=f"form {form} in {path}", have=f"form {FORM}")
    n = len(constructs)
    shapes = {
        "directions": (n, len(READS), N_DIMENSIONS),
        "biases": (n, len(READS)),
        "stack": (n, len(STACK)),
        "cause": (n, 2),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            got = f"{name} is {arrays[name].shape} in {path}"
            raise _refused("the weights do not fit each other", got=got, have=str(shape))
    return EncodedWeights(constructs=constructs, **arrays)


def _refused(what: str, *, got: str, have: str) -> WeightsError:
    do = "install attunement again, or make them with benchmarks/accuracy/encoder.py"
    return WeightsError(what, got=got, have=have, do=do)
