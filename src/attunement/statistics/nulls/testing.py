"""A statistic against what it is where a link is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from attunement.errors import OptionError
from attunement.statistics.nulls.arrangements import Arrangement

Statistics = Float[np.ndarray, " statistics"]

FEWEST_DRAWS = 19
"""With fewer no p-value could be .05."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NullTest:
    """Statistics as seen, beside those of rearranged series."""

    observed: Statistics
    null_mean: Statistics
    """What is to be expected where the link is broken: not always 0."""
    null_sd: Statistics
    p_high: Statistics
    """That the null gives as much or more, the statistic as seen being counted as one of its draws."""
    p_low: Statistics
    """That it gives as little or less."""
    p: Statistics
    """Two-sided: twice the smaller of the two, at most 1."""
    n_draws: int


def permutation_test(
    statistic: Callable[[Float[np.ndarray, "draws rows"]], Float[np.ndarray, "draws statistics"]],
    values: Float[np.ndarray, " rows"],
    arrangement: Arrangement,
    *,
    rng: np.random.Generator,
    n_draws: int = 999,
    values_at_once: int = 4_000_000,
) -> NullTest:
    """Test a statistic against its distribution over rearrangements of one of its series.

    The same seed gives the same result however many draws fit into memory at once.

    Args:
        statistic: of many rearranged copies at once: one row of statistics for each copy.
        values: the series that is rearranged; what else the statistic needs, it holds itself.
        arrangement: how it is rearranged, and so what the null is.
        rng: draws the rearrangements.
        n_draws: how many; p-values are multiples of one over this and one.
        values_at_once: rearranged values held in memory at a time; a million are 8 MB, and as much for their places.

    Raises:
        OptionError: lengths differ, a value is infinite, draws are fewer than 19, or a statistic is not a number.

    Assumes:  under the null the series as seen and as rearranged are as likely: see the arrangement.
    Source:   phipsonsmyth2010 for counting what was seen as a draw.
    Checked:  benchmarks/recovery/nulls.py
    """
    if len(values) != arrangement.n_rows:
        raise OptionError(
            "the series and its arrangement have different lengths",
            got=f"{len(values)} rows and {arrangement.n_rows}",
        )
    if np.isinf(values).any() or np.isnan(values).all():
        raise OptionError("a value is infinite, or all are missing", do="use NaN for what is missing")
    if n_draws < FEWEST_DRAWS:
        raise OptionError("so few draws cannot reach a p-value of .05", got=str(n_draws), have="19 or more")
    observed = _finite(statistic(values[None, :]), 1)[0]
    # What rounding alone could change must count as equal, or a symmetric null would never be reached.
    slack = 1e-10 * np.maximum(np.abs(observed), 1e-300)
    n_high, n_low = np.ones_like(observed), np.ones_like(observed)
    total, squares = np.zeros_like(observed), np.zeros_like(observed)
    at_once = max(1, values_at_once // len(values))
    padded = np.append(values, np.nan)
    for first in range(0, n_draws, at_once):
        n_now = min(at_once, n_draws - first)
        drawn = _finite(statistic(padded[arrangement.draw(n_now, rng)]), n_now)
        n_high += (drawn >= observed - slack).sum(axis=0)
        n_low += (drawn <= observed + slack).sum(axis=0)
        total += (drawn - observed).sum(axis=0)
        squares += ((drawn - observed) ** 2).sum(axis=0)
    mean = total / n_draws
    p_high, p_low = n_high / (n_draws + 1), n_low / (n_draws + 1)
    return NullTest(
        observed=observed,
        null_mean=observed + mean,
        null_sd=np.sqrt(np.maximum(squares / n_draws - mean**2, 0.0) * n_draws / (n_draws - 1)),
        p_high=p_high,
        p_low=p_low,
        p=np.minimum(2 * np.minimum(p_high, p_low), 1.0),
        n_draws=n_draws,
    )


def _finite(drawn: Float[np.ndarray, "draws statistics"], n_draws: int) -> Float[np.ndarray, "draws statistics"]:
    if drawn.ndim != 2 or len(drawn) != n_draws:
        raise OptionError(
            "a statistic gives one row for each rearranged copy", got=f"shape {drawn.shape}", have=f"({n_draws}, k)"
        )
    if not np.isfinite(drawn).all():
        raise OptionError(
            "the statistic is not a number",
            got=f"{drawn[~np.isfinite(drawn)][0]}",
            do="let it leave out rows that are missing; a series that never changes has no correlation",
        )
    return drawn
