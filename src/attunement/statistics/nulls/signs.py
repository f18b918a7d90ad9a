"""Whether two changes go opposite ways in more units than their signs by themselves would bring together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import special

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.vocabulary import Missing

PerUnit = Float[np.ndarray, " units"]

FEWEST_UNITS = 20
"""With fewer units almost no pattern of signs could be told from chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIndependence:
    """Units in which the first rose while the second fell."""

    observed: int
    expected: float
    """How many there would be if who rises in the first did not matter for who falls in the second."""
    p: float
    """That independent signs give as many or more."""
    p_few: float
    """That they give as few or fewer."""
    n_units: int
    """Units with both signs."""
    n_without_sign: int
    """Units left out because a change is 0 or missing."""


def sign_independence(
    first: PerUnit, second: PerUnit, *, stratum: Int[np.ndarray, " units"] | None = None
) -> SignIndependence | Refused:
    """Count units whose first change is up and second down, against independent signs.

    Where many want more and, for whatever reason, many like less, many do both by chance alone: that is no decoupling.
    The null keeps how many rise and how many fall in each stratum, and lets only who does both be chance; its
    probabilities are exact, and nothing is drawn.

    Args:
        first: a change for each unit, such as that of wanting; NaN where it is not known.
        second: another, such as that of liking.
        stratum: units among which signs may be exchanged, such as those who started in one month. None: all.

    Returns:
        `Refused` with fewer than twenty units that have both signs.

    Raises:
        OptionError: lengths differ, or a change is infinite.

    Assumes:  errors of the two changes are independent: scores from one reading of one text are not, and make signs go
        together that do not. Errors by themselves only make real dependence harder to see.
    Source:   fisher1935; mantelhaenszel1959 for strata.
    Checked:  benchmarks/recovery/nulls.py
    """
    if len(first) != len(second) or (stratum is not None and len(stratum) != len(first)):
        raise OptionError("changes and strata have different lengths", got=f"{len(first)} and {len(second)} units")
    if np.isinf(first).any() or np.isinf(second).any():
        raise OptionError("a change is infinite", do="use NaN where it is not known")
    signed = (np.nan_to_num(first) != 0) & (np.nan_to_num(second) != 0)
    n = int(signed.sum())
    if n < FEWEST_UNITS:
        return Refused(
            reason=Missing.TOO_FEW,
            what=f"{n} of {len(first)} units changed in both; {FEWEST_UNITS} are needed.",
            do="Gather more people, or longer series in which changes can be seen.",
        )
    up, down = first[signed] > 0, second[signed] < 0
    kind = np.zeros(n, dtype=np.int64) if stratum is None else np.unique(stratum[signed], return_inverse=True)[1]
    chances = np.ones(1)
    expected = 0.0
    for one in range(int(kind.max()) + 1):
        here = kind == one
        n_here, n_up, n_down = int(here.sum()), int(up[here].sum()), int(down[here].sum())
        expected += n_up * n_down / n_here
        chances = np.convolve(chances, _hypergeometric(n_here, n_up, n_down))
    observed = int(np.sum(up & down))
    return SignIndependence(
        observed=observed,
        expected=expected,
        p=float(min(chances[observed:].sum(), 1.0)),
        p_few=float(min(chances[: observed + 1].sum(), 1.0)),
        n_units=n,
        n_without_sign=len(first) - n,
    )


def _hypergeometric(n: int, n_up: int, n_down: int) -> Float[np.ndarray, " counts"]:
    """The probability of each number of units that are both, from 0 to as many as can be."""
    both = np.arange(min(n_up, n_down) + 1)
    possible = both >= n_up + n_down - n

    def log_choose(total: int, some: Int[np.ndarray, " counts"]) -> Float[np.ndarray, " counts"]:
        return np.asarray(special.gammaln(total + 1) - special.gammaln(some + 1) - special.gammaln(total - some + 1))

    rest = np.where(possible, n_down - both, 0)
    height = log_choose(n_up, both) + log_choose(n - n_up, np.minimum(rest, n - n_up))
    chance = np.where(possible, np.exp(height - height[possible].max()), 0.0)
    return np.asarray(chance / chance.sum())
