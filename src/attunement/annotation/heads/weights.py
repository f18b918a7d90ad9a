"""The weights of heads: what the numbers mean, how they are written, and how they are checked when read."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from attunement.annotation.heads.features import N_BUCKETS
from attunement.errors import WeightsError

FORM = 3
"""Raised when what the numbers mean changes, so that old files are refused and not misread."""

READABLE = (1, 2, FORM)
"""Forms that are understood: before the second there were no columns of CAUSE; before the third an embedding was
divided by the norm of the n-grams and had no length of its own."""

_OWN_LENGTH_FROM = 3

STACK = ("constant", "turn", "best_sentence", "log_sentences", "answered")
"""What the logit of a probability is a sum of: see `Weights.stack`."""

BEFORE = "|answered"
"""Ends the name of a column that reads the answered message for an exchange construct."""

CAUSE = "|cause"
"""Ends the name of a column that reads in the answered message whether there is anything that the act could answer."""

UNKNOWN_CAUSE = 0.5
"""The probability that there is, where the answered message is not known: so such a reply raises no alarm."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Linear heads over one vocabulary of features.

    The raw score of a text in a column is
    bias + (sum over words and pairs of what they add) / sqrt(sum of the squared weights of their features)
    + (sum over pieces of what their embeddings add) / (length of the sum of their embeddings).
    """

    columns: tuple[str, ...]
    """What each column scores: a key such as ai.hook, or a key and BEFORE."""
    buckets: np.ndarray
    """int8, N_BUCKETS x columns: what a feature adds, in steps of `bucket_step`; its own weight is already in it."""
    bucket_step: np.ndarray
    """float32, one a column."""
    bucket_weight: np.ndarray
    """float16, N_BUCKETS: what a feature weighs in the norm."""
    pieces: np.ndarray
    """int8, pieces x columns: what the static embedding of a piece adds, in steps of `piece_step`."""
    piece_step: np.ndarray
    """float32, one a column."""
    bias: np.ndarray
    """float32, one a column."""
    stack: np.ndarray
    """float32, columns x STACK: from the raw scores of a turn, of its best sentence, and of the answered message (0
    where there is none), with ln(number of sentences), to the logit. The row of a CAUSE column
    makes the logit of a cause from the score of the answered message alone, and the probability of the act is the
    product; rows of BEFORE columns are not used."""

    form: int = FORM
    """The form of the file that it was read from."""

    @property
    def has_own_length(self) -> bool:
        """Whether embeddings are divided by their own length, and not by the norm of the n-grams."""
        return self.form >= _OWN_LENGTH_FROM

    @cached_property
    def version(self) -> str:
        """Eight hexadecimal digits that change with any of the numbers."""
        digest = hashlib.sha256(json.dumps([max(self.form, 2), self.columns]).encode())
        for name in _arrays():
            digest.update(np.ascontiguousarray(getattr(self, name)).tobytes())
        return digest.hexdigest()[:8]

    @property
    def constructs(self) -> tuple[str, ...]:
        """The keys that have a head."""
        return tuple(column for column in self.columns if not column.endswith((BEFORE, CAUSE)))

    def save(self, path: Path) -> None:
        """Write them as compressed arrays, without pickles. The same weights give the same bytes."""
        arrays = {name: getattr(self, name) for name in _arrays()}
        about = np.frombuffer(json.dumps({"form": self.form, "columns": self.columns}).encode(), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, about=about, **arrays)


def _arrays() -> list[str]:
    return [field.name for field in fields(Weights) if field.name not in ("columns", "form")]


def read_weights(path: Path) -> Weights:
    """Read weights.

    Raises:
        WeightsError: the file is absent, is no such file, is of another form, or its arrays do not fit each other.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            arrays = {name: file[name] for name in _arrays()}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as fault:
        raise WeightsError(
            "the weights cannot be read", got=f"{path}: {fault}", have="a file of `attune train`", do="train them again"
        ) from fault
    if about.get("form") not in READABLE:
        raise WeightsError(
            "the weights are of another form",
            got=f"form {about.get('form')} in {path}",
            have=f"form {' or '.join(str(form) for form in READABLE)}",
            do="train them again with this version",
        )
    weights = Weights(columns=tuple(about["columns"]), form=about["form"], **arrays)
    n_columns = len(weights.columns)
    shapes = {
        "buckets": (N_BUCKETS, n_columns),
        "bucket_step": (n_columns,),
        "bucket_weight": (N_BUCKETS,),
        "piece_step": (n_columns,),
        "bias": (n_columns,),
        "stack": (n_columns, len(STACK)),
    }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise WeightsError(
                "the weights do not fit each other",
                got=f"{name} is {arrays[name].shape} in {path}",
                have=str(shape),
                do="train them again",
            )
    return weights
