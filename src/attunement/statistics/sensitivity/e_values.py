"""E-values: how strongly a confounder would have to go with exposure and outcome, as risk ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.vocabulary import Missing

Ratio = Literal["risk", "rate", "odds, rare", "odds, common", "hazard, rare", "hazard, common"]
"""What a ratio is of; "rare": the outcome happens to fewer than 15 % by the end, so that it is about that of risks."""

LARGEST_DIFFERENCE = 3.0
"""Standard deviations beyond which a difference cannot be turned into a ratio of risks: too few are in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """Risk ratios; 1 is no confounding at all."""

    point: float
    """How strongly a confounder would have to go with both exposure and outcome to explain the estimate away."""
    limit: float
    """The same for the end of the interval nearer to no effect; 1 where the interval holds no effect."""
    risk_ratio: float
    """The estimate as a risk ratio, exact or approximate."""
    approximation: str
    """How it was made one, in words; empty where it was one."""


def e_value_of_ratio(ratio: float, low: float, high: float, *, of: Ratio) -> EValue:
    """The E-value of a ratio with its interval.

    Args:
        ratio: the estimate.
        low: lower end of its interval.
        high: upper end.
        of: what it is a ratio of. Odds and hazards of common outcomes are turned into risk ratios approximately.

    Raises:
        OptionError: a ratio is not positive, the interval does not hold the estimate, or the kind is not known.

    Assumes:  the ratio is adjusted for what was seen; exposure and confounder do not enlarge each other without bound.
    Source:   vanderweele2017, equations 1 and 2; vanderweele2017b for odds and hazards of common outcomes.
    Checked:  benchmarks/recovery/sensitivity.py
    """
    if not (0 < low <= ratio <= high < np.inf):
        raise OptionError(
            "a ratio is positive and lies in its interval",
            got=f"{ratio} with interval {low} to {high}",
            do="give the ratio itself, not its logarithm",
        )
    if of not in _TURNED:
        raise OptionError("an E-value is of a ratio of a known kind", got=of, have=", ".join(_TURNED))
    words = _TURNED[of]
    point, near, far = (_as_risk(one, of) for one in (ratio, low, high))
    return _of_risk(point, near, far, words)


def e_value_of_difference(
    difference: float, se: float, *, outcome_sd: float, critical: float = 1.96
) -> EValue | Refused:
    """The approximate E-value of a difference in a continuous outcome between two levels of exposure.

    Args:
        difference: of the outcome, in its units, between the two levels that are compared; for a coefficient, that
            times the size of the contrast.
        se: its standard error, clustered if rows are.
        outcome_sd: standard deviation of the outcome, in its units.
        critical: standard errors from the estimate to the end of its interval.

    Returns:
        `Refused` where the difference is larger than three standard deviations.

    Raises:
        OptionError: an argument is not a number, or a standard deviation or error not positive.

    Assumes:  the outcome is about normal with one variance, so that a cut anywhere in its middle would give about the
        odds ratio exp(1.81 d); this is the square root of it.
    Source:   vanderweele2017, table 2; chinn2000 for the odds ratio.
    Checked:  benchmarks/recovery/sensitivity.py
    """
    if not np.isfinite(difference) or not (0 < se < np.inf and 0 < outcome_sd < np.inf and 0 < critical < np.inf):
        raise OptionError(
            "a difference is a number, and its error and the outcome's standard deviation are positive",
            got=f"difference {difference}, error {se}, standard deviation {outcome_sd}, critical value {critical}",
            do="an outcome that never changes has no E-value",
        )
    size = difference / outcome_sd
    if abs(size) > LARGEST_DIFFERENCE:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what=f"A difference of {abs(size):.1f} standard deviations cannot be turned into a ratio of risks.",
            do="Check the units; or compare levels of exposure that lie closer together.",
        )
    reach = critical * se / outcome_sd
    low, point, high = (float(np.exp(0.91 * one)) for one in (size - reach, size, size + reach))
    return _of_risk(point, low, high, "from a standardised difference d as exp(0.91 d)")


_TURNED: dict[str, str] = {
    "risk": "",
    "rate": "",
    "odds, rare": "odds of a rare outcome taken as risks",
    "odds, common": "square root of the odds ratio",
    "hazard, rare": "hazards of a rare outcome taken as risks",
    "hazard, common": "(1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)) of the hazard ratio",
}


def _as_risk(ratio: float, of: Ratio) -> float:
    if of == "odds, common":
        return float(np.sqrt(ratio))
    if of == "hazard, common":
        return float((1 - 0.5 ** np.sqrt(ratio)) / (1 - 0.5 ** np.sqrt(1 / ratio)))
    return ratio


def _of_risk(point: float, low: float, high: float, approximation: str) -> EValue:
    near = low if point >= 1 else high
    covered = low <= 1 <= high
    return EValue(
        point=_needed(point), limit=1.0 if covered else _needed(near), risk_ratio=point, approximation=approximation
    )


def _needed(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return float(above + np.sqrt(above * (above - 1)))
