"""Rows of many units in one column: where each unit starts, and to which unit each row belongs."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from attunement.errors import OptionError

Starts = Int[np.ndarray, " units"]


def check_starts(starts: Starts, n_rows: int) -> None:
    """Say what is wrong with `starts`, which is to hold the first row of each unit.

    Raises:
        OptionError: there are no rows, a unit is empty, or starts do not go up from 0.
    """
    if n_rows == 0:
        raise OptionError("there are no rows at all", got="0 rows", do="give at least one unit with some rows")
    if not len(starts) or starts[0] != 0 or starts[-1] >= n_rows or (np.diff(starts) < 1).any():
        raise OptionError(
            "starts must be the first row of each unit",
            got=f"{len(starts)} starts for {n_rows} rows",
            do="sort rows by unit and time; begin with 0 and go up; no unit may be empty",
        )


def sizes(starts: Starts, n_rows: int) -> Int[np.ndarray, " units"]:
    """How many rows each unit has."""
    return np.diff(np.append(starts, n_rows))


def owners(starts: Starts, n_rows: int) -> Int[np.ndarray, " rows"]:
    """The unit of each row, from 0."""
    return np.repeat(np.arange(len(starts)), sizes(starts, n_rows))
