"""Shrunken estimates, and the check of what they are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.vocabulary import Missing

PerUnit = Float[np.ndarray, " units"]

RELIABILITY_FLOOR = 0.6
"""Below it a unit's own estimate is mostly noise, and only the shrunken one with its interval is to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunken:
    """Units' true values given all estimates. Everything but reliability is in the units of the estimates."""

    mean: PerUnit
    """The best guess of each unit's true value."""
    sd: PerUnit
    """How far the true value is from it, typically."""
    low: PerUnit
    """The interval holds a unit's true value with the probability `level`, if the prior is right."""
    high: PerUnit
    robust_low: PerUnit
    """This one holds, over units, at least that share of true values whatever the shape of the prior; it is wider."""
    robust_high: PerUnit
    false_sign_rate: PerUnit
    """The probability that the sign of `mean` is wrong (local false sign rate); at most .5 for the likelier sign."""
    reliability: PerUnit
    """Share of the variance of the unit's raw estimate that is not error, if units like it were measured."""
    centre: float
    """Where units are drawn to: mean of the normal prior, mode of the unimodal one."""
    spread: float
    """Standard deviation of true values between units."""
    spread_low: float
    """Interval of the spread; NaN for the unimodal prior, which has none."""
    spread_high: float
    level: float

    @property
    def readable(self) -> Bool[np.ndarray, " units"]:
        """Whether a unit's own estimate is reliable enough to be shown by itself."""
        return np.asarray(self.reliability >= RELIABILITY_FLOOR)

    @property
    def s_value(self) -> PerUnit:
        """The mean false sign rate of this unit and all surer ones: claim those below .05, and 5 % are wrong.

        Where most units may have no effect at all, only a prior with its mode at 0 keeps to that: the others hold that
        every unit has a sign, and half of what they claim can be nothing.
        """
        order = np.argsort(self.false_sign_rate, kind="stable")
        surer = np.cumsum(self.false_sign_rate[order]) / np.arange(1, len(order) + 1)
        # Equally sure units stand or fall together: each takes the value of the last of them.
        last = np.searchsorted(self.false_sign_rate[order], self.false_sign_rate[order], side="right") - 1
        s_value = np.empty_like(surer)
        s_value[order] = surer[last]
        return s_value


def check(value: PerUnit, variance: PerUnit, *, level: float) -> None:
    """Say what is wrong with estimates or their variances.

    Raises:
        OptionError: a value is not finite, a variance not positive, lengths differ, or the level is no probability.
    """
    if len(value) != len(variance):
        raise OptionError(
            "estimates and variances have different lengths",
            got=f"{len(value)} and {len(variance)}",
            do="give one each",
        )
    wrong = np.flatnonzero(~(np.isfinite(value) & np.isfinite(variance) & (variance > 0)))
    if len(wrong):
        raise OptionError(
            "an estimate is not a number, or its variance is not positive",
            got=f"{value[wrong[0]]} with variance {variance[wrong[0]]} for unit {wrong[0]} ({len(wrong)} such units)",
            do="leave out units that could not be estimated, and say how many they were",
        )
    if not 0 < level < 1:
        raise OptionError("a level lies between 0 and 1", got=str(level), do="give for instance 0.95")


def too_few(n: int, fewest: int, *, instead: str) -> Refused | None:
    """The refusal where units are too few to learn from how they differ."""
    if n >= fewest:
        return None
    return Refused(
        reason=Missing.TOO_FEW,
        what=f"{n} units say too little of how units differ; {fewest} are needed.",
        do=instead,
    )
