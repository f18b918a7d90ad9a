"""The mean-group estimator of lagged effects with the half-panel jackknife."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

from attunement.errors import OptionError
from attunement.statistics.mean_group.regressing import Pairs, Regressed, influence, regress, solvable
from attunement.statistics.refusals import Refused
from attunement.statistics.segments import check_starts, owners
from attunement.vocabulary import Missing

FEWEST_UNITS = 20
"""With fewer units their spread, and so the interval of their mean, is hardly known."""

FEWEST_PAIRS = 24
"""Steps a unit from which on the jackknife leaves little bias: see the benchmark."""

FEWEST_PERIODS = 10
"""With fewer periods nothing is known of how much of the innovations units share."""

Square = Float[np.ndarray, "series series"]
PerUnit = Float[np.ndarray, "units series series"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanGroup:
    """Mean lagged effects; in every matrix the first index is what is moved, the second what moves it.

    An effect is the change of one series, in its own units, for one unit of another series a step earlier.
    """

    value: Square
    se: Square
    """Standard error over units, and over shared periods where they were given."""
    low: Square
    high: Square
    p: Square
    """Two-sided, against no effect."""
    degrees: float
    """Degrees of freedom: units less one, or periods less one where they are fewer."""
    uncorrected: Square
    """Without the jackknife: biased by about one over the number of steps, and here to be compared."""
    as_scored: Square
    """With the jackknife and as if scores had no errors: the same as `value` where no noise was given."""
    covariance: Float[np.ndarray, "effects effects"]
    """Of the mean effects, row by row."""
    unit: Int[np.ndarray, " units"]
    """The units that were used, as counted in `starts`."""
    unit_value: PerUnit
    """Each unit's own effects: noise until they are shrunk (`attunement.statistics.shrinkage`)."""
    unit_variance: PerUnit
    """Their sampling variance, the unit's innovations having one variance over time."""
    innovation_variance: Float[np.ndarray, "units series"]
    """What a step brings that the step before does not tell, in squared units of the series."""
    n_pairs: Int[np.ndarray, " units"]
    """Steps that each unit was estimated from."""
    n_short: int
    """Units left out because they have too few steps."""
    n_constant: int
    """Units left out because a series stands still, or two move as one, in half of their steps."""
    n_held: int
    """Units whose scores seem to be nearly all noise in half of their steps: there some of it was left in."""


def fit_mean_group(
    values: Float[np.ndarray, "rows series"],
    starts: Int[np.ndarray, " units"],
    *,
    linked: Bool[np.ndarray, " rows"] | None = None,
    period: Int[np.ndarray, " rows"] | None = None,
    noise_variance: Float[np.ndarray, "rows series"] | None = None,
    min_pairs: int = FEWEST_PAIRS,
    level: float = 0.95,
) -> MeanGroup | Refused:
    """The mean over units of each unit's regression of every series on all series a step before.

    Pooled regressions of units that differ in their slopes do not come right with any length; each unit by itself is
    biased by one over its length. The half-panel jackknife takes twice the whole less the mean of its halves, in which
    that bias cancels.

    Args:
        values: each series at each step; NaN where it was not seen.
        starts: the first row of each unit.
        linked: whether a row is one step after the row before it; False over a gap. None: all rows of a unit are.
        period: what units share at a time (the calendar week), as a number; given it, the error of the mean also counts
            that innovations of one period go together in all units.
        noise_variance: of the error of each score, by the version of the annotator that gave it. Errors shrink effects
            of what they are in; known variances are taken out. Where they are more than a third of what scores vary
            within units, use `state_space`. None: scores are taken as they are.
        min_pairs: steps that a unit needs, at least 24 unless you know that effects on itself do not matter.
        level: the coverage aimed at.

    Returns:
        The effects; `Refused` where fewer than 20 units are long enough.

    Raises:
        OptionError: shapes do not fit, a value is infinite, or a series never changes.

    Assumes:  steps are equally long; errors of scores are independent of each other, with variances as given; each
        unit's process is constant over its time; units that are long are like those that are short. Unequal gaps bend
        lag effects: then use `state_space`.
    Source:   pesaransmith1995 for the mean of units; dhaene2015, section 3.1, for the jackknife; fuller1987, section
        2.2, for noise; cameron2011 for two ways of clustering.
    Checked:  benchmarks/recovery/mean_group.py
    """
    _check(values, starts, linked, period, min_pairs=min_pairs, level=level)
    _check_noise(values, noise_variance)
    n_series = values.shape[1]
    all_pairs = _pairs(values, starts, linked, noise_variance)
    needed = max(min_pairs, 2 * (n_series + 2))
    n_steps = np.bincount(all_pairs.unit, minlength=len(starts))
    long_enough = n_steps >= needed
    pairs, unit = _only(all_pairs, np.flatnonzero(long_enough))
    moving = solvable(pairs) if len(unit) else np.zeros(0, dtype=bool)
    n_constant = int(np.count_nonzero(~moving))
    if moving.sum() < FEWEST_UNITS:
        return Refused(
            reason=Missing.TOO_FEW,
            what=(
                f"{int(moving.sum())} of {len(starts)} units have {needed} steps or more in which every series moves;"
                f" a mean over units needs {FEWEST_UNITS}."
            ),
            do="Gather more units, or longer ones; for a few long series use the state space.",
        )
    pairs, kept = _only(pairs, np.flatnonzero(moving))
    unit = unit[kept]
    found = regress(pairs)
    covariance, degrees = _covariance(found, pairs, period)
    value = found.value.mean(axis=0)
    se = np.sqrt(np.diag(covariance)).reshape(n_series, n_series)
    reach = special.stdtrit(degrees, 0.5 + level / 2) * se
    return MeanGroup(
        value=value,
        se=se,
        low=value - reach,
        high=value + reach,
        p=2 * special.stdtr(degrees, -np.abs(value) / se),
        degrees=degrees,
        uncorrected=found.plain.mean(axis=0),
        as_scored=value if noise_variance is None else _as_scored(pairs),
        covariance=covariance,
        unit=unit,
        unit_value=found.value,
        unit_variance=found.variance,
        innovation_variance=found.innovation,
        n_pairs=found.n.astype(np.int64),
        n_short=int(np.count_nonzero(~long_enough)),
        n_constant=n_constant,
        n_held=found.n_held,
    )


def _pairs(
    values: Float[np.ndarray, "rows series"],
    starts: Int[np.ndarray, " units"],
    linked: Bool[np.ndarray, " rows"] | None,
    noise: Float[np.ndarray, "rows series"] | None,
) -> Pairs:
    follows = np.ones(len(values), dtype=bool) if linked is None else linked.copy()
    follows[starts] = False
    seen = np.isfinite(values).all(axis=1)
    row = np.flatnonzero(follows & seen & np.roll(seen, 1))
    unit = owners(starts, len(values))[row]
    if noise is None:
        return Pairs(values[row - 1], values[row], unit, row)
    return Pairs(values[row - 1], values[row], unit, row, noise[row - 1], noise[row])


def _as_scored(pairs: Pairs) -> Square:
    return np.asarray(regress(Pairs(*pairs[:4])).value.mean(axis=0))


def _only(pairs: Pairs, units: Int[np.ndarray, " kept"]) -> tuple[Pairs, Int[np.ndarray, " kept"]]:
    """The pairs of some units, which are counted anew from 0."""
    if not len(units):
        return Pairs(*(None if column is None else column[:0] for column in pairs)), units  # type: ignore[arg-type]
    new = np.full(max(int(pairs.unit.max(initial=0)), int(units[-1])) + 1, -1)
    new[units] = np.arange(len(units))
    keep = new[pairs.unit] >= 0
    before, after, unit, row, *noise = (None if column is None else column[keep] for column in pairs)
    return Pairs(before, after, new[unit], row, *noise), units  # type: ignore[arg-type]


def _covariance(
    found: Regressed, pairs: Pairs, period: Int[np.ndarray, " rows"] | None
) -> tuple[Float[np.ndarray, "effects effects"], float]:
    """Of the mean effects: between units, plus what units of one period share where periods are given."""
    n_units = len(found.n)
    apart = found.value.reshape(n_units, -1) - found.value.mean(axis=0).reshape(-1)
    covariance = apart.T @ apart / (n_units - 1) / n_units
    if period is None:
        return covariance, float(n_units - 1)
    _, of_pair = np.unique(period[pairs.row], return_inverse=True)
    n_periods = int(of_pair.max()) + 1
    if n_periods < FEWEST_PERIODS:
        raise OptionError(
            "too few periods to tell what units share in one",
            got=f"{n_periods} periods",
            have=f"at least {FEWEST_PERIODS}",
            do="give shorter periods, or none and say that common shocks were not counted",
        )
    moved = influence(pairs, found).reshape(len(of_pair), -1) / n_units
    shared = _outer(moved, of_pair)
    twice = _outer(moved, np.unique(of_pair * n_units + pairs.unit, return_inverse=True)[1])
    extra = (shared - twice) * n_periods / (n_periods - 1)
    # Chance can make the shared part negative: the error is never less than that between units.
    size, axes = np.linalg.eigh(0.5 * (extra + extra.T))
    covariance = covariance + (axes * np.maximum(size, 0)) @ axes.T
    return covariance, float(min(n_units, n_periods) - 1)


def _check_noise(values: Float[np.ndarray, "rows series"], noise: Float[np.ndarray, "rows series"] | None) -> None:
    if noise is None:
        return
    if noise.shape != values.shape:
        raise OptionError("a variance of errors is wanted for each score", got=f"{noise.shape}", have=f"{values.shape}")
    seen = np.isfinite(values)
    if not (noise[seen] >= 0).all() or np.isinf(noise[seen]).any():
        raise OptionError(
            "a variance of errors is negative or not a number",
            do="give 0 for what is known without error, or no variances at all",
        )


def _outer(
    moved: Float[np.ndarray, "pairs effects"], group: Int[np.ndarray, " pairs"]
) -> Float[np.ndarray, "effects effects"]:
    sums = np.stack([np.bincount(group, column) for column in moved.T], axis=1)
    return np.asarray(sums.T @ sums)


def _check(
    values: Float[np.ndarray, "rows series"],
    starts: Int[np.ndarray, " units"],
    linked: Bool[np.ndarray, " rows"] | None,
    period: Int[np.ndarray, " rows"] | None,
    *,
    min_pairs: int,
    level: float,
) -> None:
    check_starts(starts, len(values))
    if values.shape[1] < 2:
        raise OptionError("effects between series need two of them", got=str(values.shape[1]))
    for name, column in (("linked", linked), ("period", period)):
        if column is not None and len(column) != len(values):
            raise OptionError(
                f"{name} and values have different lengths", got=f"{len(column)} and {len(values)}", do="give one a row"
            )
    if np.isinf(values).any():
        raise OptionError("some values are infinite", do="use NaN where a series was not seen")
    if min_pairs < 1 or not 0 < level < 1:
        raise OptionError("min_pairs is a positive number and level lies between 0 and 1", got=f"{min_pairs}, {level}")
    owner = owners(starts, len(values))
    for series in range(values.shape[1]):
        seen = np.isfinite(values[:, series])
        n = np.bincount(owner[seen], minlength=len(starts))
        total = np.bincount(owner[seen], values[seen, series], minlength=len(starts))
        apart = np.abs(values[seen, series] - (total / np.maximum(n, 1))[owner[seen]])
        if apart.max(initial=0.0) <= 1e-12 * max(1.0, np.abs(values[seen, series]).max(initial=0.0)):
            raise OptionError(
                f"series {series} never changes within a unit",
                got="one value, or none, in every unit",
                do="leave it out: what does not change can neither move nor be moved",
            )
