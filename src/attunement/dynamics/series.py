"""One series for each relationship and measure, cut out of a panel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.vocabulary import PANEL, check


@dataclass(frozen=True, slots=True)
class Series:
    """Rows of a panel, sorted by relationship, measure and time, and where each series starts."""

    relationship: np.ndarray
    """The relationship of each series."""
    measure: list[str]
    """The measure of each series."""
    value: np.ndarray
    """The value of each row; rows without one are left out."""
    n: np.ndarray
    """The n of each row."""
    starts: np.ndarray
    """The first row of each series."""

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each series."""
        return np.diff(np.append(self.starts, len(self.value)))


def series(panel: pa.Table, *, period: str, prefix: str = "", measures: tuple[str, ...] = ()) -> Series:
    """The series of one period whose measure begins with a prefix or is one of some."""
    check(panel, PANEL, stage="dynamics")
    words = panel.column("measure").cast(pa.string())
    wanted = pc.starts_with(words, prefix) if prefix else pc.is_in(words, pa.array(measures, pa.string()))
    right_period = pc.equal(panel.column("period").cast(pa.string()), period)
    keep = pc.and_(pc.and_(wanted, right_period), pc.is_valid(panel.column("value")))
    table = panel.filter(keep)
    owner = table.column("relationship_id").to_numpy()
    names = pc.dictionary_encode(table.column("measure").cast(pa.string()).combine_chunks())
    words_list = names.dictionary.to_pylist()
    code = names.indices.to_numpy()
    start = table.column("period_start").combine_chunks().cast(pa.int64()).to_numpy()
    order = np.lexsort((start, code, owner))
    owner, code = owner[order], code[order]
    changes = np.flatnonzero((owner[1:] != owner[:-1]) | (code[1:] != code[:-1])) + 1
    starts = np.concatenate([[0], changes]) if len(order) else np.zeros(0, dtype=np.int64)
    return Series(
        relationship=owner[starts],
        measure=[words_list[number] for number in code[starts].tolist()],
        value=table.column("value").to_numpy()[order],
        n=table.column("n").to_numpy()[order].astype(float),
        starts=starts,
    )
