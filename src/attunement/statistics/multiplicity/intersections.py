"""Two effects of opposite sign, each beyond a margin fixed beforehand: one test that needs both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from attunement.errors import OptionError

Effects = Float[np.ndarray, " effects"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How large an effect has to be to count, and where that was written down before the estimates were seen.

    Raises:
        OptionError: the size is negative or not a number, or it is not said where it was fixed.
    """

    gain: float
    """The short-term effect has to be above it, in its own units; 0 for any gain."""
    harm: float
    """The long-term effect has to be below minus this, in its own units; 0 for any harm."""
    fixed_in: str
    """Where and when: a protocol, a registration, a dated file."""

    def __post_init__(self) -> None:
        for name in ("gain", "harm"):
            if not 0 <= getattr(self, name) < np.inf:
                raise OptionError(
                    f"the margin of {name} is negative or not a number",
                    got=str(getattr(self, name)),
                    do="give 0 for any effect, or the smallest effect that would matter",
                )
        if not self.fixed_in.strip():
            raise OptionError(
                "a margin counts only if it was fixed before the estimates were seen",
                got="no word of where it was fixed",
                do="name the protocol, registration or dated file in `fixed_in`",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntersectionUnion:
    """One test an effect pair. Both parts at level alpha make a test of level alpha: no correction is needed."""

    p: Effects
    """Of the claim that gain and harm are both beyond their margins: the larger of the two below."""
    p_gain: Effects
    """One-sided: that the gain is at most its margin."""
    p_harm: Effects
    """One-sided: that the harm is at most its margin."""
    gain_at_least: Effects
    """Lower confidence bound of the short-term effect, at the level of the test."""
    harm_at_most: Effects
    """Upper confidence bound of the long-term effect."""
    found: Bool[np.ndarray, " effects"]
    """Whether both bounds lie beyond the margins, each pair by itself: of many pairs, adjust `p`."""
    margin: Margin
    level: float
    """Coverage of each bound; one less the probability of a false finding."""


def intersection_union(
    gain: Effects,
    gain_se: Effects,
    harm: Effects,
    harm_se: Effects,
    *,
    margin: Margin,
    gain_degrees: float = np.inf,
    harm_degrees: float = np.inf,
    level: float = 0.95,
) -> IntersectionUnion:
    """Test gain > margin and harm < -margin together, for each pair of effects.

    The null is that at least one of them is not so; its p-value is the larger of the two one-sided ones, whatever the
    correlation of the estimates.

    Args:
        gain: short-term effects, good for the reward.
        gain_se: their standard errors.
        harm: long-term effects; negative is bad for the person.
        harm_se: their standard errors.
        margin: fixed beforehand.
        gain_degrees: degrees of freedom behind `gain_se`; infinite for a normal test.
        harm_degrees: the same for `harm_se`.
        level: one less the probability of a false finding.

    Raises:
        OptionError: lengths differ, an estimate is not a number, or a standard error not positive.

    Assumes:  each one-sided test has its level by itself.
    Source:   berger1982
    Checked:  benchmarks/recovery/multiplicity.py
    """
    _check(gain, gain_se, harm, harm_se)
    if not 0.5 < level < 1 or not (gain_degrees > 0 and harm_degrees > 0):
        raise OptionError(
            "a level lies between 0.5 and 1, and degrees of freedom are positive",
            got=f"level {level}, degrees {gain_degrees} and {harm_degrees}",
        )
    p_gain = special.stdtr(gain_degrees, -(gain - margin.gain) / gain_se)
    p_harm = special.stdtr(harm_degrees, (harm + margin.harm) / harm_se)
    gain_at_least = gain - special.stdtrit(gain_degrees, level) * gain_se
    harm_at_most = harm + special.stdtrit(harm_degrees, level) * harm_se
    return IntersectionUnion(
        p=np.maximum(p_gain, p_harm),
        p_gain=p_gain,
        p_harm=p_harm,
        gain_at_least=gain_at_least,
        harm_at_most=harm_at_most,
        found=(gain_at_least > margin.gain) & (harm_at_most < -margin.harm),
        margin=margin,
        level=level,
    )


def _check(gain: Effects, gain_se: Effects, harm: Effects, harm_se: Effects) -> None:
    if len({len(gain), len(gain_se), len(harm), len(harm_se)}) > 1:
        raise OptionError(
            "gains, harms and their errors have different lengths",
            got=f"{len(gain)}, {len(gain_se)}, {len(harm)}, {len(harm_se)}",
            do="give one of each for every pair",
        )
    fine = np.isfinite(gain) & np.isfinite(harm) & (gain_se > 0) & (harm_se > 0)
    fine &= np.isfinite(gain_se) & np.isfinite(harm_se)
    wrong = np.flatnonzero(~fine)
    if len(wrong):
        at = wrong[0]
        raise OptionError(
            "an estimate is not a number, or its standard error not positive",
            got=f"gain {gain[at]} (error {gain_se[at]}), harm {harm[at]} (error {harm_se[at]}) in pair {at}",
            do="leave out pairs that could not be estimated, and say how many they were",
        )
