"""Texts with labels, as arrays: exemplars of the codebook, and anybody's own labelled rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from attunement.codebook import ORDINARY, Codebook, Exemplar, read_exemplars

EXEMPLARS = "exemplars"
"""The population of texts written for this project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Texts of one side, and what is known of each construct in each."""

    constructs: tuple[str, ...]
    """The columns of `labels`."""
    texts: list[str]
    """The turns."""
    befores: list[str | None]
    """The message that each answers; None where it is not known."""
    labels: np.ndarray
    """float32, texts x constructs: from 0 to 1, NaN where nothing is known."""
    own: np.ndarray
    """bool, texts x constructs: whether the label was set for this very construct, and not in passing."""
    groups: np.ndarray
    """A scene, conversation or writer: a string each. A group is never divided."""
    populations: np.ndarray
    """Where each text comes from: a string each."""
    registers: np.ndarray
    """Which kind of talk within its population: a string each."""

    def __len__(self) -> int:
        return len(self.texts)


def exemplars_of(codebook: Codebook, side: str) -> Examples:
    """The exemplars of every construct of a side that is read from a single turn.

    The label of a text for its own construct is `own`. What a text shows in passing (`also`) is known too, and what it
    does not name counts as absent, but for what it leaves open (`maybe`).
    """
    keys = tuple(one.key for one in codebook if one.side == side and one.unit in {"turn", "exchange"})
    every: list[tuple[str, Exemplar]] = [
        (name, one) for name in (*keys, ORDINARY[side]) for one in read_exemplars(name)
    ]
    column = {key: place for place, key in enumerate(keys)}
    labels = np.zeros((len(every), len(keys)), dtype=np.float32)
    own = np.zeros(labels.shape, dtype=bool)
    for row, (name, one) in enumerate(every):
        labels[row, [column[key] for key in one.also if key in column]] = 1
        labels[row, [column[key] for key in one.maybe if key in column]] = np.nan
        if name in column:
            labels[row, column[name]] = one.label
            own[row, column[name]] = True
        else:
            own[row] = True
    return Examples(
        constructs=keys,
        texts=[one.text for _, one in every],
        befores=[one.before or None for _, one in every],
        labels=labels,
        own=own,
        groups=np.array([f"{name}/{one.scene}" for name, one in every]),
        populations=np.full(len(every), EXEMPLARS),
        registers=np.array([one.register for _, one in every]),
    )


def is_ordinary(examples: Examples) -> np.ndarray:
    """Which texts come from the files of ordinary turns."""
    return np.char.startswith(examples.groups.astype(str), "ordinary.")


def joined(parts: Sequence[Examples]) -> Examples:
    """Examples of one side put together; all have the same constructs."""
    return Examples(
        constructs=parts[0].constructs,
        texts=[text for part in parts for text in part.texts],
        befores=[before for part in parts for before in part.befores],
        labels=np.concatenate([part.labels for part in parts]),
        own=np.concatenate([part.own for part in parts]),
        groups=np.concatenate([part.groups for part in parts]),
        populations=np.concatenate([part.populations for part in parts]),
        registers=np.concatenate([part.registers for part in parts]),
    )


def labelled(rows: Iterable[dict[str, object]], *, side: str, constructs: tuple[str, ...]) -> Examples:
    """Rows of `text`, `before`, `construct`, `label`, `group`, `population` and `register` as examples.

    Rows of the same text, before and group are one example; several labels for one construct, such as those of two
    labellers, are averaged. Constructs that are not asked for are
    left out.
    """
    column = {key: place for place, key in enumerate(constructs)}
    found: dict[tuple[str, str | None, str], dict[int, list[float]]] = {}
    about: dict[tuple[str, str | None, str], tuple[str, str]] = {}
    for number, row in enumerate(rows):
        if row["construct"] not in column or row.get("side", side) != side or not row["text"]:
            continue
        before = row.get("before")
        key = (str(row["text"]), None if before is None else str(before), str(row.get("group") or f"row {number}"))
        found.setdefault(key, {}).setdefault(column[str(row["construct"])], []).append(float(str(row["label"])))
        about[key] = (str(row.get("population") or "own"), str(row.get("register") or ""))
    labels = np.full((len(found), len(constructs)), np.nan, dtype=np.float32)
    for place, values in enumerate(found.values()):
        labels[place, list(values)] = [float(np.mean(said)) for said in values.values()]
    return Examples(
        constructs=constructs,
        texts=[text for text, _, _ in found],
        befores=[before for _, before, _ in found],
        labels=labels,
        own=~np.isnan(labels),
        groups=np.array([group for _, _, group in found]),
        populations=np.array([population for population, _ in about.values()]),
        registers=np.array([register for _, register in about.values()]),
    )
