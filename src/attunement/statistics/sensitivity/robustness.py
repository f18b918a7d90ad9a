"""Robustness values: the strength of confounding that would change what a regression says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import optimize, special

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.vocabulary import Missing

FEWEST_DEGREES = 5.0
"""Effective degrees of freedom below which a clustered error is hardly known itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Degrees:
    """Degrees of freedom, and what they were counted by."""

    value: float
    kind: str
    """In words, to be printed beside the robustness value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """How strong a confounder would have to be; shares of variance are of what other predictors leave."""

    value: float
    """Share of both the exposure and the outcome that it would have to explain to take away `q` of the estimate."""
    limit: float
    """The same to bring the near end of the interval there; 0 where that end is there already."""
    partial_r2: float
    """What it would have to explain of the exposure alone if it explained all of the outcome."""
    q: float
    """Share of the estimate that would be taken away: 1 leaves nothing."""
    level: float
    degrees: Degrees


class Strength(NamedTuple):
    """Shares of variance that a confounder explains."""

    exposure: float
    outcome: float


def robustness_value(estimate: float, se: float, *, degrees: float, q: float = 1.0, level: float = 0.95) -> Robustness:
    """The robustness value of a least-squares coefficient whose rows are independent.

    Args:
        estimate: the coefficient.
        se: its ordinary standard error: not a robust or clustered one, from which the spread of the residuals, and so
            the strength of a confounder, cannot be told.
        degrees: residual degrees of freedom.
        q: share of the estimate that would have to be explained away.
        level: of the interval.

    Raises:
        OptionError: an argument is not a number, or out of its range.

    Assumes:  rows are independent with errors of one variance. Rows of one person are not: then use
        `clustered_robustness_value`.
    Source:   cinelli2020, section 4.2
    Checked:  benchmarks/recovery/sensitivity.py
    """
    _check(estimate, se, q=q, level=level)
    if not 1 < degrees < np.inf:
        raise OptionError("residual degrees of freedom are a number above 1", got=str(degrees))
    strength = abs(estimate) / se / np.sqrt(degrees)
    critical = special.stdtrit(degrees - 1, 0.5 + level / 2) / np.sqrt(degrees - 1)
    return Robustness(
        value=_solved(q * strength),
        limit=_solved(q * strength - critical),
        partial_r2=float(strength**2 / (1 + strength**2)),
        q=q,
        level=level,
        degrees=Degrees(value=degrees, kind="residual degrees of freedom, rows taken as independent"),
    )


def clustered_robustness_value(
    estimate: float,
    se: float,
    *,
    degrees: Degrees,
    outcome_sd: float,
    exposure_sd: float,
    q: float = 1.0,
    level: float = 0.95,
) -> Robustness | Refused:
    """The robustness value of a coefficient whose error is clustered by person.

    How much a confounder can bias a coefficient depends on the residuals of outcome and exposure, not on the error of
    the coefficient; so they are asked for. The error enters in the limit alone.

    Args:
        estimate: the coefficient, within people if outcome and exposure were centred there.
        se: its clustered standard error.
        degrees: of `effective_degrees`, or another count that is named.
        outcome_sd: standard deviation of what exposure and other predictors leave of the outcome.
        exposure_sd: of what the other predictors leave of the exposure.
        q: share of the estimate that would have to be explained away.
        level: of the interval.

    Returns:
        `Refused` where effective degrees of freedom are fewer than five.

    Raises:
        OptionError: an argument is not a number, or out of its range.

    Assumes:  the confounder works within rows, alike in all people; conditioning on it would not widen the error.
    Source:   cinelli2020, section 4.2, for the bias; chernozhukov2022 for the interval of a bound.
    Checked:  benchmarks/recovery/sensitivity.py
    """
    _check(estimate, se, q=q, level=level)
    scale = _scale(outcome_sd, exposure_sd)
    if not degrees.value >= FEWEST_DEGREES:
        return Refused(
            reason=Missing.TOO_FEW,
            what=(
                f"The error rests on {degrees.value:.1f} degrees of freedom ({degrees.kind});"
                f" {FEWEST_DEGREES:.0f} are needed."
            ),
            do="Gather more people, or people of more equal length.",
        )
    strength = abs(estimate) / scale
    critical = float(special.stdtrit(degrees.value, 0.5 + level / 2)) * se / scale
    return Robustness(
        value=_solved(q * strength),
        limit=_solved(q * strength - critical),
        partial_r2=float(strength**2 / (1 + strength**2)),
        q=q,
        level=level,
        degrees=degrees,
    )


def effective_degrees(
    information: Float[np.ndarray, " clusters"], score: Float[np.ndarray, " clusters"] | None = None
) -> Degrees:
    """Degrees of freedom of a clustered error, where some clusters tell more than others.

    The error is a sum of one square a cluster. Its degrees of freedom are fewer the more unequal the squares' expected
    sizes are; these go with the information of a cluster as far as rows are independent, with its square as far as the
    whole cluster moves as one. How far is learned from the scores; without them the smaller of the two counts is given.

    Args:
        information: of each cluster: the sum of squares of what the other predictors leave of the exposure.
        score: of each cluster: the sum of products of that and the residual of the outcome.

    Raises:
        OptionError: there are fewer than two clusters, or information is negative, not a number, or all 0.

    Source:   satterthwaite1946; carter2017 for clusters that move as one.
    Checked:  benchmarks/recovery/sensitivity.py
    """
    good = np.isfinite(information) & (information >= 0)
    if score is not None:
        good &= np.isfinite(score)
    if len(information) < 2 or not good.all() or not information.sum() > 0:
        raise OptionError(
            "the information of clusters is two or more numbers that are not negative and not all 0",
            got=f"{len(information)} clusters, {int(np.count_nonzero(~good))} of them with no such number",
            do="give each person's sum of squares of the exposure's residuals, and finite scores",
        )
    share = information / information.sum()
    if score is None:
        count = min(_as_if_equal(share), _as_if_equal(share**2))
    else:
        some = share > 0
        root = np.sqrt(share[some])
        # Squares grow with share * (a + b share); divided by the root so that large clusters do not decide alone.
        parts, _ = optimize.nnls(np.stack([root, root**3], axis=1), score[some] ** 2 / root)
        size = parts[0] * share + parts[1] * share**2
        count = _as_if_equal(size if size.sum() > 0 else share)
    return Degrees(
        value=count - 1,
        kind=f"effective: {len(information)} people, as if {count:.1f} told equally much, less one",
    )


def _as_if_equal(size: Float[np.ndarray, " clusters"]) -> float:
    """How many squares of equal expected size would vary as these do."""
    return float(size.sum() ** 2 / np.sum(size**2))


def confounding_bias(*, outcome_sd: float, exposure_sd: float, r2_outcome: float, r2_exposure: float) -> float:
    """By how much, at most, a confounder of this strength moves a coefficient; in units of the coefficient.

    Args:
        outcome_sd: standard deviation of what exposure and other predictors leave of the outcome.
        exposure_sd: of what the other predictors leave of the exposure.
        r2_outcome: share of that of the outcome which the confounder explains.
        r2_exposure: share of that of the exposure which it explains; below 1.

    Raises:
        OptionError: a share is not between 0 and 1, or a standard deviation not positive.

    Source:   cinelli2020, equation 9
    Checked:  benchmarks/recovery/sensitivity.py
    """
    if not (0 <= r2_outcome <= 1 and 0 <= r2_exposure < 1):
        raise OptionError(
            "a confounder explains a share of the outcome, and of the exposure one below 1",
            got=f"{r2_outcome} and {r2_exposure}",
        )
    return _scale(outcome_sd, exposure_sd) * float(np.sqrt(r2_outcome * r2_exposure / (1 - r2_exposure)))


def benchmark_strength(
    *, r2_outcome: float, r2_exposure: float, times_outcome: float = 1.0, times_exposure: float = 1.0
) -> Strength | Refused:
    """How much a confounder would explain if it were so many times as strong as a predictor that was seen.

    Args:
        r2_outcome: share of the outcome that the predictor explains beyond exposure and others.
        r2_exposure: share of the exposure that it explains beyond the others.
        times_outcome: how many times as strong the confounder is with the outcome.
        times_exposure: how many times with the exposure.

    Returns:
        `Refused` where no confounder can be so strong: it would explain more than there is.

    Raises:
        OptionError: a share is not between 0 and 1, or a multiple is negative.

    Source:   cinelli2020, section 4.4
    Checked:  benchmarks/recovery/sensitivity.py
    """
    if not (0 <= r2_outcome < 1 and 0 <= r2_exposure < 1) or not (times_outcome >= 0 and times_exposure >= 0):
        raise OptionError(
            "shares lie between 0 and 1, and multiples are not negative",
            got=f"shares {r2_outcome} and {r2_exposure}, multiples {times_outcome} and {times_exposure}",
        )
    exposure = times_exposure * r2_exposure / (1 - r2_exposure)
    if exposure >= 1 or times_exposure * r2_exposure >= 1:
        return _too_strong("the exposure")
    shared = times_exposure * r2_exposure**2 / ((1 - times_exposure * r2_exposure) * (1 - r2_exposure))
    if shared >= 1:
        return _too_strong("the exposure")
    factor = (np.sqrt(times_outcome) + np.sqrt(shared)) / np.sqrt(1 - shared)
    outcome = float(factor**2 * r2_outcome / (1 - r2_outcome))
    if outcome > 1:
        return _too_strong("the outcome")
    return Strength(exposure=exposure, outcome=outcome)


def _too_strong(what: str) -> Refused:
    return Refused(
        reason=Missing.NOT_IDENTIFIED,
        what=f"A confounder so many times as strong would explain more of {what} than there is.",
        do="Ask about a smaller multiple, or compare with a weaker predictor.",
    )


def _solved(strength: float) -> float:
    """The share R with R / sqrt(1 - R) = strength; 0 for no strength."""
    f2 = max(float(strength), 0.0) ** 2
    return float(0.5 * (np.sqrt(f2**2 + 4 * f2) - f2))


def _scale(outcome_sd: float, exposure_sd: float) -> float:
    if not (0 < outcome_sd < np.inf and 0 < exposure_sd < np.inf):
        raise OptionError(
            "the spread that a regression leaves of outcome and exposure is positive",
            got=f"outcome {outcome_sd}, exposure {exposure_sd}",
            do="where nothing is left of one, no confounder can be asked about",
        )
    return outcome_sd / exposure_sd


def _check(estimate: float, se: float, *, q: float, level: float) -> None:
    if not np.isfinite(estimate) or not 0 < se < np.inf:
        raise OptionError(
            "an estimate is not a number, or its standard error not positive", got=f"{estimate} with error {se}"
        )
    if not 0 < level < 1 or not q > 0:
        raise OptionError("a level lies between 0 and 1, and q is positive", got=f"level {level}, q {q}")
