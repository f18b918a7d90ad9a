"""Ways to rearrange rows, each keeping what the null does not speak of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from attunement.errors import OptionError
from attunement.statistics.segments import check_starts, owners, sizes

Drawn = Int[np.ndarray, "draws rows"]


@runtime_checkable
class Arrangement(Protocol):
    """What `permutation_test` needs of a way to rearrange."""

    @property
    def starts(self) -> Int[np.ndarray, " units"]:
        """The first row of each unit."""
        ...

    @property
    def n_rows(self) -> int:
        """How many rows are rearranged."""
        ...

    def draw(self, n_draws: int, rng: np.random.Generator) -> Drawn:
        """For each draw and row, the row whose value comes there; -1 where none does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CircularShifts:
    """Each unit's series is joined to a ring and turned by a random number of rows: its memory is kept whole.

    Exact where a series is stationary and its ends meet; a series with a trend makes a jump where they do. Not turning
    is one of the draws.

    Raises:
        OptionError: starts do not fit the rows, or every unit has but one row.

    Source: davison1997, section 8.2
    """

    starts: Int[np.ndarray, " units"]
    n_rows: int

    def __post_init__(self) -> None:
        check_starts(self.starts, self.n_rows)
        _check_movable(sizes(self.starts, self.n_rows))

    def draw(self, n_draws: int, rng: np.random.Generator) -> Drawn:
        """For each draw and row, the row whose value comes there."""
        size = sizes(self.starts, self.n_rows)
        turn = np.floor(rng.random((n_draws, len(size))) * size).astype(np.int64)
        owner = owners(self.starts, self.n_rows)
        first, n = self.starts[owner], size[owner]
        return np.asarray(first + (np.arange(self.n_rows) - first + turn[:, owner]) % n)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockShuffles:
    """Each unit's series is cut into blocks, and their order shuffled: memory within a block is kept.

    Blocks have to be longer than the memory of the series. Where they are cut is drawn too.

    Raises:
        OptionError: starts do not fit the rows, a block has no row, or no unit has two blocks.

    Source: kunsch1989
    """

    starts: Int[np.ndarray, " units"]
    n_rows: int
    block: int
    """Rows of a block; the first and last of a unit can be shorter."""

    def __post_init__(self) -> None:
        check_starts(self.starts, self.n_rows)
        if self.block < 1:
            raise OptionError("a block has at least one row", got=str(self.block))
        size = sizes(self.starts, self.n_rows)
        if size.max() <= self.block:
            raise OptionError(
                "no unit is longer than one block, so nothing can be shuffled",
                got=f"blocks of {self.block} rows, units of at most {size.max()}",
                do="take shorter blocks, or longer units",
            )
        _check_movable(size)

    def draw(self, n_draws: int, rng: np.random.Generator) -> Drawn:
        """For each draw and row, the row whose value comes there."""
        return np.stack([self._once(rng) for _ in range(n_draws)]) if n_draws else np.zeros((0, self.n_rows), np.int64)

    def _once(self, rng: np.random.Generator) -> Int[np.ndarray, " rows"]:
        owner = owners(self.starts, self.n_rows)
        within = np.arange(self.n_rows) - self.starts[owner]
        phase = np.floor(rng.random(len(self.starts)) * self.block).astype(np.int64)
        new = ((within + phase[owner]) % self.block == 0) | (within == 0)
        first = np.flatnonzero(new)
        length = np.diff(np.append(first, self.n_rows))
        order = np.lexsort((rng.random(len(first)), owner[first]))
        begins = np.cumsum(length[order]) - length[order]
        return np.asarray(np.repeat(first[order] - begins, length[order]) + np.arange(self.n_rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class YokedPartners:
    """Each unit gets the rows of another: what all have in common at a time stays, what a pair shares is broken.

    Rows are aligned by the calendar where times are given, each with the other's nearest in time, so that news and
    seasons that move everybody stay; without times, by their place in the unit. Within a stratum (topic, date of the
    start, length) every order of partners is as likely, keeping one's own included, so that the test is exact where
    partners could as well have been exchanged. What moves everybody from one day to the next is kept only in part,
    since nobody's partner came on just the same days: where dozens came on each day, take out its mean first (with a
    few, that by itself makes series go together).

    Raises:
        OptionError: starts or times do not fit the rows, or a unit has nobody in its stratum to exchange with.

    Source: fisher1935
    """

    starts: Int[np.ndarray, " units"]
    n_rows: int
    stratum: Int[np.ndarray, " units"]
    """Units that may exchange partners have the same number."""
    times: Float[np.ndarray, " rows"] | None = None
    """Of each row, in days of one calendar, rising within a unit; None aligns by place."""
    farthest: float = 3.5
    """Days by which the other's nearest row may be off; beyond it none comes."""

    def __post_init__(self) -> None:
        check_starts(self.starts, self.n_rows)
        if len(self.stratum) != len(self.starts):
            raise OptionError(
                "every unit has a stratum", got=f"{len(self.stratum)} strata for {len(self.starts)} units"
            )
        kinds, n = np.unique(self.stratum, return_counts=True)
        if (n < 2).any():
            raise OptionError(
                "a unit has nobody in its stratum to exchange partners with",
                got=f"{int((n < 2).sum())} strata of one unit, such as {kinds[n < 2][0]}",
                do="join strata, or leave such units out and say how many they were",
            )
        if self.times is not None:
            _check_times(self.times, self.starts, self.n_rows)

    def draw(self, n_draws: int, rng: np.random.Generator) -> Drawn:
        """For each draw and row, the row whose value comes there; -1 where the partner has none."""
        _, kind = np.unique(self.stratum, return_inverse=True)
        slots = np.argsort(kind, kind="stable")
        shuffled = np.argsort(kind + rng.random((n_draws, len(self.starts))), axis=1)
        partner = np.empty_like(shuffled)
        partner[:, slots] = shuffled
        of_row = partner[:, owners(self.starts, self.n_rows)]
        return self._by_place(of_row) if self.times is None else self._by_time(of_row, self.times)

    def _by_place(self, partner: Drawn) -> Drawn:
        within = np.arange(self.n_rows) - self.starts[owners(self.starts, self.n_rows)]
        has = within < sizes(self.starts, self.n_rows)[partner]
        return np.where(has, self.starts[partner] + within, -1)

    def _by_time(self, partner: Drawn, times: Float[np.ndarray, " rows"]) -> Drawn:
        # One search for all: times of a unit are set apart from those of the next by more than the whole calendar.
        since = times - times.min()
        apart = 2 * float(since.max()) + 1.0
        line = owners(self.starts, self.n_rows) * apart + since
        after = np.searchsorted(line, partner * apart + since)
        last = self.starts + sizes(self.starts, self.n_rows) - 1
        before = np.clip(after - 1, self.starts[partner], last[partner])
        after = np.clip(after, self.starts[partner], last[partner])
        nearest = np.where(np.abs(since[before] - since) <= np.abs(since[after] - since), before, after)
        return np.where(np.abs(since[nearest] - since) <= self.farthest, nearest, -1)


def _check_movable(size: Int[np.ndarray, " units"]) -> None:
    if size.max() < 2:
        raise OptionError(
            "units of one row cannot be rearranged within themselves",
            got=f"{len(size)} units of one row",
            do="give longer units, or exchange partners between them",
        )


def _check_times(times: Float[np.ndarray, " rows"], starts: Int[np.ndarray, " units"], n_rows: int) -> None:
    if len(times) != n_rows or not np.isfinite(times).all():
        raise OptionError(
            "every row has a time that is a number", got=f"{int(np.isfinite(times).sum())} times for {n_rows} rows"
        )
    steps = np.diff(times)
    steps[starts[1:] - 1] = 0.0
    if (steps < 0).any():
        raise OptionError("the times of a unit go backwards", do="sort by unit and then by time")
