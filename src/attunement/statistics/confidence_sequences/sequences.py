"""Intervals that hold at all times at once, so that a dashboard may be looked at every day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from attunement.errors import OptionError

FEWEST_CLUSTERS = 20
"""With fewer relationships the standard error of a mean is not known well enough to lean on for all times."""

FEWEST_DEGREES = 6.0
"""Degrees of freedom of a variance below which nothing is said."""

LARGEST_BET = 0.5
"""Bound on the bets of the empirical-Bernstein sequence; any number below 1 is valid."""

_HALVINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """An estimate and an interval after each observation or look: with the level stated, all hold together."""

    value: Float[np.ndarray, " looks"]
    low: Float[np.ndarray, " looks"]
    """NaN where nothing can be said yet."""
    high: Float[np.ndarray, " looks"]


def bounded_sequence(
    values: Float[np.ndarray, " n"], *, low: float = 0.0, high: float = 1.0, level: float = 0.95
) -> Sequence:
    """The mean of values between two bounds, after each value: exact for any number of them (empirical Bernstein).

    It needs no model: only that each value's mean, given those before, is the same. Intervals never widen: each is
    within all those before it.

    Args:
        values: in the order in which they came; one a relationship where relationships are what is independent.
        low: the least that a value can be, whatever was seen.
        high: the most.
        level: the chance that all intervals hold the mean.

    Raises:
        OptionError: a value is beyond the bounds or not a number, or the level is not between 0 and 1.

    Assumes:  the mean of the next value does not depend on those before it, nor change.
    Source:   waudbysmith2024, theorem 2 (predictable plug-in empirical Bernstein).
    Checked:  benchmarks/recovery/confidence_sequences.py
    """
    _check_level(level)
    if len(values) and not (values.min() >= low and values.max() <= high):
        raise OptionError(
            "a value is beyond the bounds that were given, or not a number",
            got=f"from {values.min()} to {values.max()}",
            have=f"bounds {low} and {high}",
            do="give the bounds of the scale; clipping what lies beyond moves the mean",
        )
    x = (values - low) / (high - low)
    n = np.arange(1, len(x) + 1)
    mean = (0.5 + np.cumsum(x)) / (n + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (n + 1)
    mean_before = np.concatenate([[0.5], mean[:-1]])[: len(x)]
    variance_before = np.concatenate([[0.25], variance[:-1]])[: len(x)]
    log_price = np.log(2 / (1 - level))
    bet = np.minimum(np.sqrt(2 * log_price / (variance_before * n * np.log1p(n))), LARGEST_BET)
    total = np.cumsum(bet)
    centre = np.cumsum(bet * x) / total
    paid = np.cumsum((x - mean_before) ** 2 * (-np.log1p(-bet) - bet))
    half = (log_price + paid) / total
    lower = np.maximum.accumulate(np.maximum(centre - half, 0.0))
    upper = np.minimum.accumulate(np.minimum(centre + half, 1.0))
    width = high - low
    return Sequence(value=low + width * np.cumsum(x) / n, low=low + width * lower, high=low + width * upper)


def sub_gaussian_sequence(values: Float[np.ndarray, " n"], *, sd: float, best_at: int, level: float = 0.95) -> Sequence:
    """The mean of values whose tails are no heavier than a normal's of known standard deviation, after each value.

    Args:
        values: in the order in which they came.
        sd: the sub-Gaussian scale; half the range where values are bounded. An estimate of it will not do.
        best_at: the number of values at which the interval is to be tightest; fixed beforehand.
        level: the chance that all intervals hold the mean.

    Raises:
        OptionError: the standard deviation or `best_at` is not positive, or the level is not between 0 and 1.

    Assumes:  each value less the mean is sub-Gaussian with `sd`, given those before it.
    Source:   robbins1970; howard2021 (the two-sided normal mixture).
    Checked:  benchmarks/recovery/confidence_sequences.py
    """
    if not (sd > 0 and best_at > 0):
        raise OptionError("a scale is not positive", got=f"sd {sd}, best_at {best_at}", do="give positive numbers")
    n = np.arange(1, len(values) + 1)
    mean = np.cumsum(values) / n
    return asymptotic_sequence(mean, sd / np.sqrt(n), best_se=sd / np.sqrt(best_at), level=level)


def asymptotic_sequence(
    value: Float[np.ndarray, " looks"],
    se: Float[np.ndarray, " looks"],
    *,
    best_se: float,
    degrees: Float[np.ndarray, " looks"] | None = None,
    level: float = 0.95,
) -> Sequence:
    """Any estimate that is brought up to date with growing data, from its standard errors at each look.

    Works for corrected means and slopes too. Time is counted in information, one over the squared standard error, in
    which an efficient estimate less its target moves like a random walk divided by its length.

    Args:
        value: the estimate at each look, each from all data up to then.
        se: its standard error; NaN where it is not known yet.
        best_se: the standard error at which the interval is to be tightest; fixed beforehand.
        degrees: degrees of freedom of the standard errors, where few; intervals then go as far out in Student's t.
        level: the chance that all intervals hold the target, where the first look has data enough.

    Raises:
        OptionError: the columns differ in length, a standard error is not positive, or an option makes no sense.

    Assumes:  the estimate is asymptotically normal with independent increments of information; its target is one.
    Source:   waudbysmith2024b; robbins1970 for the mixture.
    Checked:  benchmarks/recovery/confidence_sequences.py
    """
    _check_level(level)
    if len(value) != len(se):
        raise OptionError("estimates and standard errors differ in number", got=f"{len(value)} and {len(se)}")
    if np.any(se <= 0) or not best_se > 0:
        raise OptionError("a standard error is not positive", do="leave out looks before the estimate varies")
    alpha = 1 - level
    information = 1 / se**2
    tuned = -2 * np.log(alpha)
    rho2 = (tuned + np.log(tuned) + 1) * best_se**2
    grown = information * rho2 + 1
    half = np.sqrt(2 * grown / (information**2 * rho2) * np.log(np.sqrt(grown) / alpha))
    if degrees is not None:
        # Far out the two tails differ by much more than at the .975 of one look.
        half = -se * special.stdtrit(degrees, special.ndtr(-half / se))
    return Sequence(value=value, low=value - half, high=value + half)


def clustered_mean_sequence(
    values: Float[np.ndarray, " rows"],
    *,
    cluster: Int[np.ndarray, " rows"],
    look: Int[np.ndarray, " rows"],
    best_clusters: int,
    level: float = 0.95,
) -> Sequence:
    """The mean over rows at each look, where rows come in relationships that go on; for proportions give 0 and 1.

    At each look the mean of all rows so far, with a standard error that takes relationships as wholes. Nothing is said
    before twenty relationships were seen, nor while a few of them alone decide (what is counted is rare, or one talks
    most).

    Args:
        values: of each row.
        cluster: its relationship.
        look: the look (day) at which it is first counted, from 0 on; rows in any order.
        best_clusters: relationships at which the interval is to be tightest; fixed beforehand.
        level: the chance that all intervals hold the mean.

    Raises:
        OptionError: columns differ in length, a value is not a number, or an option makes no sense.

    Assumes:  relationships are independent and enough; the mean does not change; how long a relationship goes on does
              not depend on its level.
    Source:   waudbysmith2024b; liangzeger1986 for the standard error, satterthwaite1946 for its degrees of freedom.
    Checked:  benchmarks/recovery/confidence_sequences.py
    """
    if not len(values) == len(cluster) == len(look):
        raise OptionError("columns have different lengths", got=f"{len(values)}, {len(cluster)}, {len(look)} rows")
    if not np.isfinite(values).all() or (len(look) and look.min() < 0) or best_clusters < 2:
        raise OptionError(
            "a value is not a number, a look is negative, or best_clusters is below 2",
            do="leave out rows without a value, and count looks from 0",
        )
    _, index = np.unique(cluster, return_inverse=True)
    n_looks = int(look.max(initial=-1)) + 1
    order = np.argsort(look, kind="stable")
    bounds = np.searchsorted(look[order], np.arange(n_looks + 1))
    sums, n = np.zeros(int(index.max(initial=-1)) + 1), np.zeros(int(index.max(initial=-1)) + 1)
    mean, se, spread, degrees = np.full((4, n_looks), np.nan)
    for day in range(n_looks):
        new = order[bounds[day] : bounds[day + 1]]
        np.add.at(sums, index[new], values[new])
        np.add.at(n, index[new], 1.0)
        total, k = n.sum(), int(np.count_nonzero(n))
        if total:
            mean[day] = sums.sum() / total
        if k >= FEWEST_CLUSTERS:
            # Leaving out each relationship, to first order: heavy ones pull the mean towards themselves.
            pulled = ((sums - mean[day] * n)[n > 0] / (total - n[n > 0])) ** 2
            se[day] = np.sqrt(pulled.sum())
            spread[day] = se[day] * np.sqrt(k)
            # How well the variance is known: about k relationships if all pull alike, few where some do all of it.
            uneven = np.sum(pulled**2) - pulled.sum() ** 2 / k
            degrees[day] = min(2 * pulled.sum() ** 2 / uneven, k - 1) if uneven > 0 else k - 1
    known = (se > 0) & (degrees >= FEWEST_DEGREES)
    se[~known] = np.nan
    if not known.any():
        return Sequence(value=mean, low=np.full(n_looks, np.nan), high=np.full(n_looks, np.nan))
    # The tuning must not depend on the data that it is used for beyond the first look; any number is valid.
    best_se = float(spread[known][0]) / np.sqrt(best_clusters)
    return asymptotic_sequence(mean, se, best_se=best_se, degrees=degrees, level=level)


def proportion_sequence(
    hits: Float[np.ndarray, " looks"], n: Float[np.ndarray, " looks"], *, level: float = 0.95
) -> Sequence:
    """A proportion of independent observations at each look: exact for any number of them, near 0 and 1 too.

    For messages of the same relationships use `clustered_mean_sequence`: they are not independent.

    Args:
        hits: observations that show it, up to each look.
        n: observations up to each look.
        level: the chance that all intervals hold the proportion.

    Raises:
        OptionError: counts fall, or there are more hits than observations.

    Assumes:  each observation shows it with the same probability, whatever came before.
    Source:   robbins1970, for a beta mixture; howard2021.
    Checked:  benchmarks/recovery/confidence_sequences.py
    """
    _check_level(level)
    if (
        len(hits) != len(n)
        or np.any(hits > n)
        or np.any(hits < 0)
        or np.any(np.diff(hits) < 0)
        or np.any(np.diff(n) < 0)
    ):
        raise OptionError(
            "counts up to each look must not fall, nor hits be more than observations",
            do="give totals up to each look, not counts of each look",
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(n > 0, hits / n, np.nan)
    mixture = special.betaln(hits + 0.5, n - hits + 0.5) - special.betaln(0.5, 0.5) + np.log(1 - level)

    def inside(p: Float[np.ndarray, " looks"]) -> np.ndarray:
        return np.asarray(mixture <= special.xlogy(hits, p) + special.xlog1py(n - hits, -p))

    start = np.where(n > 0, share, 0.5)
    ends = []
    for far in (0.0, 1.0):
        near, beyond = start.copy(), np.full(len(start), far)
        for _ in range(_HALVINGS):
            middle = 0.5 * (near + beyond)
            within = inside(middle)
            near, beyond = np.where(within, middle, near), np.where(within, beyond, middle)
        ends.append(np.where(inside(np.full(len(start), far)), far, beyond))
    return Sequence(value=share, low=np.maximum.accumulate(ends[0]), high=np.minimum.accumulate(ends[1]))


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise OptionError("a level lies between 0 and 1", got=str(level), do="give for instance 0.95")
