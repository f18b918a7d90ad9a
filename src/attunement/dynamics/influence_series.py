"""Two series for each relationship out of a panel: a measure of the person and one of the AI, session by session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.dynamics.influence_pairs import RATE, Pair

PERSON, AI = 0, 1
"""The columns."""

MIN_SESSIONS = 25
"""Sessions of a relationship in which both were read: with fewer, autoregression comes out wrong whatever is done."""

N_SIZES = 3
"""Sessions of few, of some and of many messages have errors of different sizes."""

_PRIOR_SESSIONS = 10
"""Sessions that the spread of all counts as, beside a relationship's own."""

_DAY_US = 86_400e6


@dataclass(frozen=True, slots=True)
class Paired:
    """Sessions of many relationships, sorted by relationship and time."""

    relationship: np.ndarray
    """The relationship of each unit."""
    starts: np.ndarray
    """The first session of each unit."""
    at: np.ndarray
    """When each session began, in days of one calendar."""
    values: np.ndarray
    """Sessions x (person, AI); NaN where nothing could be read."""
    n: np.ndarray
    """Sessions x (person, AI): messages that were read."""
    seen: np.ndarray
    """Sessions x (person, AI): how many of them show it, as expected; NaN where the measure is not a rate."""

    @property
    def n_units(self) -> int:
        """How many relationships."""
        return len(self.starts)

    @property
    def owner(self) -> np.ndarray:
        """The unit of each session."""
        return np.repeat(np.arange(self.n_units), np.diff(np.append(self.starts, len(self.at))))

    def kept(self, units: np.ndarray) -> Paired:
        """Only those units."""
        rows = units[self.owner]
        sizes = np.diff(np.append(self.starts, len(self.at)))[units]
        starts = np.cumsum(sizes) - sizes
        return Paired(self.relationship[units], starts, self.at[rows], self.values[rows], self.n[rows], self.seen[rows])


def paired(panel: pa.Table, pair: Pair) -> Paired:
    """Sessions in which at least one of the two was read. The panel was checked before."""
    words = panel.column("measure").cast(pa.string())
    keep = pc.and_(
        pc.is_in(words, pa.array([pair.person, pair.ai], pa.string())),
        pc.and_(pc.equal(panel.column("period").cast(pa.string()), "session"), pc.is_valid(panel.column("value"))),
    )
    table = panel.filter(keep)
    column = pc.equal(table.column("measure").cast(pa.string()), pair.ai).to_numpy().astype(np.int64)
    owner = table.column("relationship_id").to_numpy()
    at = table.column("period_start").combine_chunks().cast(pa.int64()).to_numpy()
    order = np.lexsort((at, owner))
    owner, at, column = owner[order], at[order], column[order]
    new = np.ones(len(owner), dtype=bool)
    new[1:] = (owner[1:] != owner[:-1]) | (at[1:] != at[:-1])
    row = np.cumsum(new) - 1
    raw, n = np.full((int(new.sum()), 2), np.nan), np.zeros((int(new.sum()), 2))
    raw[row, column] = table.column("value").to_numpy()[order]
    n[row, column] = table.column("n").to_numpy()[order]
    owner, at = owner[new], at[new]
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1])) if len(owner) else np.zeros(0, dtype=np.int64)
    is_rate = np.array([pair.person.startswith(RATE), pair.ai.startswith(RATE)])
    seen = np.where(is_rate, raw / 100 * n, np.nan)
    values = np.where(is_rate, _angles(seen, n), raw)
    return Paired(owner[starts], starts, at / _DAY_US, values, n, seen)


def _angles(seen: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Shares as angles, in which errors are as large near 0 as elsewhere.

    Source: anscombe1948
    """
    share = (np.clip(seen, 0.0, n) + 0.375) / (n + 0.75)
    return np.asarray(np.arcsin(np.sqrt(share)))


def long_enough(found: Paired) -> np.ndarray:
    """Whether a relationship has enough sessions in which both were read."""
    both = np.isfinite(found.values).all(axis=1)
    return np.bincount(found.owner[both], minlength=found.n_units) >= MIN_SESSIONS


def share_moving(found: Paired) -> np.ndarray:
    """Of the person's and the AI's measure, the share of sessions that differ from 'never' and from 'always'.

    A session differs where half a message or more shows it, or does not; measures that are no rates are held to move.
    """
    share = np.ones(2)
    for column in (PERSON, AI):
        read = np.isfinite(found.seen[:, column])
        if read.any():
            seen, n = found.seen[read, column], found.n[read, column]
            share[column] = min(float(np.mean(seen >= 0.5)), float(np.mean(n - seen >= 0.5)))
    return share


def in_own_spread(found: Paired) -> Paired:
    """Each relationship's series divided by how much they vary within it, drawn towards how much they do in all.

    People differ in how far they swing. A process that takes all to swing alike explains those who swing far by slow
    decay, and so finds decay rates that differ more than they do, and are too large in the middle.
    """
    owner, values = found.owner, found.values.copy()
    for column in (PERSON, AI):
        read = np.isfinite(values[:, column])
        seen, of = values[read, column], owner[read]
        n = np.bincount(of, minlength=found.n_units)
        means = np.bincount(of, seen, minlength=found.n_units) / np.maximum(n, 1)
        squares = np.bincount(of, (seen - means[of]) ** 2, minlength=found.n_units)
        degrees = np.maximum(n - 1, 0)
        typical = squares.sum() / max(int(degrees.sum()), 1)
        spread = np.sqrt((squares + _PRIOR_SESSIONS * typical) / (degrees + _PRIOR_SESSIONS))
        values[:, column] /= np.where(spread > 0, spread, 1.0)[owner]
    return Paired(found.relationship, found.starts, found.at, values, found.n, found.seen)


def error_groups(found: Paired, changes: Sequence[Sequence[datetime]]) -> np.ndarray:
    """Which errors have one variance: those of one version of the annotator, in sessions of like size.

    Args:
        found: the series.
        changes: of the person's and of the AI's measure, when another version of the annotator began to read.
    """
    groups = np.zeros(found.values.shape, dtype=np.int64)
    for column in (PERSON, AI):
        read, n = np.isfinite(found.values[:, column]), found.n[:, column]
        if np.isfinite(found.seen[read, column]).all():
            cuts = np.quantile(n[read], np.arange(1, N_SIZES) / N_SIZES, method="lower")
            groups[:, column] = np.searchsorted(np.unique(cuts), n, side="left")
        days = np.sort([one.timestamp() / 86_400 for one in changes[column]])
        groups[:, column] += N_SIZES * np.searchsorted(days, found.at, side="right")
    return groups
