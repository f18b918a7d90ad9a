"""Sessions in which both sides wrote, and how they wrote, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float, Int

from attunement.vocabulary import PANEL, check

SIDES = ("person", "ai")

Classes = Float[np.ndarray, "sessions classes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Sessions in which both sides wrote, sorted by relationship and time."""

    relationship: np.ndarray
    started: Int[np.ndarray, " sessions"]
    """In microseconds."""
    rates: tuple[Classes, Classes]
    """Of the person and of the AI, per 100 words."""
    words: tuple[Float[np.ndarray, " sessions"], Float[np.ndarray, " sessions"]]
    """How many words of each side there were."""
    length: tuple[Float[np.ndarray, " sessions"], Float[np.ndarray, " sessions"]]
    """The logarithm of the mean length of a message."""
    classes: tuple[str, ...]


def written(panel: pa.Table) -> Written | None:
    """The sessions of a panel in which both sides wrote something that was counted; None where there are none."""
    check(panel, PANEL, stage="dynamics")
    names = panel.column("measure").cast(pa.string())
    is_style = pc.and_(pc.starts_with(names, "style."), pc.equal(panel.column("period").cast(pa.string()), "session"))
    table = panel.filter(pc.and_(is_style, pc.is_valid(panel.column("value")))).combine_chunks()
    if table.num_rows == 0:
        return None
    owner = table.column("relationship_id").combine_chunks().to_numpy()
    start = table.column("period_start").combine_chunks().cast(pa.int64()).to_numpy()
    encoded = pc.dictionary_encode(table.column("measure").cast(pa.string()).combine_chunks())
    labels, code = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    value = table.column("value").combine_chunks().to_numpy()
    n = table.column("n").combine_chunks().to_numpy().astype(float)
    order = np.lexsort((start, owner))
    owner, start, code, value, n = (column[order] for column in (owner, start, code, value, n))
    new = np.append(True, (owner[1:] != owner[:-1]) | (start[1:] != start[:-1]))
    row = np.cumsum(new) - 1
    dense = np.zeros((int(row[-1]) + 1, len(labels)))
    dense[row, code] = value
    held = np.zeros_like(dense)
    held[row, code] = n
    at = {label: place for place, label in enumerate(labels)}
    if not {f"style.{side}.words" for side in SIDES} <= set(labels):
        return None
    classes = sorted(
        {label.split(".", 2)[2] for label in labels}
        - {"words"}
        - {label.split(".", 2)[2] for label in labels if not all(_twin(label, side) in at for side in SIDES)}
    )
    of_words = [at[f"style.{side}.words"] for side in SIDES]
    both = (held[:, of_words] > 0).all(axis=1)
    if not both.any() or not classes:
        return None
    dense, held = dense[both], held[both]
    columns = [[at[f"style.{side}.{name}"] for name in classes] for side in SIDES]
    return Written(
        relationship=owner[new][both],
        started=start[new][both],
        rates=(dense[:, columns[0]], dense[:, columns[1]]),
        words=(dense[:, of_words[0]] * held[:, of_words[0]], dense[:, of_words[1]] * held[:, of_words[1]]),
        length=(np.log(dense[:, of_words[0]]), np.log(dense[:, of_words[1]])),
        classes=tuple(classes),
    )


def _twin(label: str, side: str) -> str:
    return f"style.{side}.{label.split('.', 2)[2]}"
