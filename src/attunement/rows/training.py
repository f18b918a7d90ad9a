"""Heads trained on the exemplars that ship and on somebody's own labels, and by how much they are better for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attunement.annotation.heads import Heads, load_heads, static_embeddings
from attunement.annotation.training import (
    Examples,
    Side,
    by_population,
    exemplars_of,
    joined,
    labelled,
    save,
    train_sides,
)
from attunement.codebook import Codebook, load
from attunement.errors import OptionError, SourceError
from attunement.rows.annotating import as_messages
from attunement.rows.files import Row, batches_in
from attunement.statistics import auroc, cluster_interval

OWN = "own"
"""The population of labels that do not name one."""

LICENCES = {"exemplars": "Apache-2.0 (written for this project)"}

_WORDS = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0}
_BATCH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One construct on somebody's own labels: the heads that ship beside those that were trained."""

    key: str
    n: int
    n_positive: int
    shipped: float | None
    """AUROC; None where either kind of label is absent."""
    trained: float | None
    """AUROC of heads that were fitted without the group of each text."""
    gain: float | None
    interval: tuple[float, float] | None
    """Of the gain, whole groups drawn; None where there are too few groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training run wrote."""

    card: Path
    version: str
    heads: tuple[str, ...]
    n_texts: int
    compared: list[Compared]


def train_on(
    labels: Sequence[Path],
    *,
    out: Path,
    licences: dict[str, str] | None = None,
    n_draws: int = 300,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Trained:
    """Train the heads of both sides and write them.

    Args:
        labels: files of labelled rows; see `attune train`.
        out: the folder for the weights and their card.
        licences: of each population, for the card.
        n_draws: of the bootstrap behind each interval.
        progress: called as the work goes on.

    Raises:
        SourceError: a file or a row of it cannot be read.
        OptionError: a row has a construct or a label that makes no sense, or no row has one that can be trained.
    """
    codebook = load()
    rows = [row for path in labels for row in _rows(path, codebook)]
    examples, own = {}, {}
    for side in ("user", "ai"):
        written = exemplars_of(codebook, side)
        own[side] = labelled(rows, side=side, constructs=written.constructs)
        parts = [written, own[side]]
        examples[side] = joined([part for part in parts if len(part)])
    exchange = {construct.key for construct in codebook if construct.unit == "exchange"}
    guarded = {construct.key for construct in codebook if construct.side == "ai" and construct.sign == "thwarts"}
    weights, sides = train_sides(
        examples, exchange=exchange, guarded=guarded, static=static_embeddings(), progress=progress
    )
    accuracy = {
        head.key: by_population(examples[side], head.key, head.p_without, n_draws=n_draws)
        for side, trained in sides.items()
        for head in trained.heads
    }
    card = save(out, weights, examples=examples, accuracy=accuracy, licences=LICENCES | (licences or {}))
    compared = _compared(own, sides, codebook=codebook) if rows else []
    return Trained(
        card=card,
        version="-".join(weights[side].version for side in sorted(weights)),
        heads=tuple(accuracy),
        n_texts=sum(len(one) for one in examples.values()),
        compared=compared,
    )


def _rows(path: Path, codebook: Codebook) -> list[Row]:
    rows = [row for batch in batches_in(path, size=_BATCH) for row in batch]
    absent = [name for name in ("text", "construct", "label") if rows and name not in rows[0]]
    if absent or not rows:
        raise SourceError(
            "a file of labels lacks columns",
            got=", ".join(absent) or f"no rows in {path.name}",
            have="text, construct and label",
            do="rename the columns, or let `attune label read` write the file",
        )
    for number, row in enumerate(rows, 1):
        row["side"] = codebook.construct(str(row["construct"])).side
        row["label"] = _label(row["label"], place=f"row {number} of {path.name}")
    return [row for row in rows if row["label"] is not None]


def _label(value: object, *, place: str) -> float | None:
    """A label from 0 to 1; None where the labeller could not say."""
    said = str("" if value is None else value).strip().lower()
    if said in {"", "cannot say", "none", "nan"}:
        return None
    try:
        label = _WORDS[said] if said in _WORDS else float(said)
    except ValueError:
        label = -1.0
    if not 0 <= label <= 1:
        raise OptionError("a label makes no sense", got=f"{value!r} in {place}", have="0 to 1, yes or no", do="mend it")
    return label


def _compared(own: dict[str, Examples], sides: dict[str, Side], *, codebook: Codebook) -> list[Compared]:
    found = []
    shipped = load_heads(codebook)
    for side, examples in own.items():
        if not len(examples):
            continue
        said = _said(shipped, examples, side=side)
        for head in sides[side].heads:
            column = examples.constructs.index(head.key)
            known = ~np.isnan(examples.labels[:, column])
            if known.any() and head.key in said:
                without = head.p_without[-len(examples) :]
                found.append(_one(head.key, examples, known, before=said[head.key], after=without))
    return found


def _said(heads: Heads, examples: Examples, *, side: str) -> dict[str, np.ndarray]:
    """What the heads that ship say of each text; 0 where they cannot read it."""
    rows = [{"text": text, "before": before} for text, before in zip(examples.texts, examples.befores, strict=True)]
    found = heads.annotate(as_messages(rows, text="text", context="before", side=side))
    said = {key: np.zeros(len(rows)) for key in heads.constructs}
    columns = [found[name].to_pylist() for name in ("construct", "message_id", "probability")]
    for key, message_id, p_present in zip(*columns, strict=True):
        said[key][message_id // 2] = p_present or 0.0
    return said


def _one(key: str, examples: Examples, known: np.ndarray, *, before: np.ndarray, after: np.ndarray) -> Compared:
    label = examples.labels[known, examples.constructs.index(key)] >= 0.5
    both = np.stack([before[known], after[known]], axis=1)
    _, cluster = np.unique(examples.groups[known], return_inverse=True)

    def gain(label: np.ndarray, both: np.ndarray) -> float:
        return auroc(label, both[:, 1]) - auroc(label, both[:, 0])

    ends = cluster_interval(gain, label, both, cluster=cluster)
    figures = [auroc(label, both[:, 0]), auroc(label, both[:, 1]), gain(label, both)]
    shipped, trained, better = (None if np.isnan(figure) else figure for figure in figures)
    return Compared(
        key=key,
        n=int(known.sum()),
        n_positive=int(label.sum()),
        shipped=shipped,
        trained=trained,
        gain=better,
        interval=None if np.isnan(ends).any() else ends,
    )
