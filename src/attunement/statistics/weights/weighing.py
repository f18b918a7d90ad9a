"""Inverse-probability weights for those who left and for the days on which people came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.statistics.segments import check_starts, owners
from attunement.statistics.weights.hazards import Hazard, fit_hazard
from attunement.vocabulary import Missing

Rows = Float[np.ndarray, " rows"]
Covariates = Float[np.ndarray, "rows covariates"]

LEAST_STAYING = 0.2
"""Probability of still being there, as a share of the baseline's, below which a person's kind has thinned out."""

SHARE_THINNED = 0.01
"""Share of people so thinned out from which on weights are refused: the mean then keeps much of its bias."""

LEAST_COMING = 0.05
"""Probability of coming, as a share of what the baseline says, below which a day is hardly ever seen."""

SHARE_UNSEEN = 0.01
"""Share of days so seldom seen from which on weights are refused."""

FEWEST_EFFECTIVE = 10.0
"""People that weights must leave, as if they weighed the same."""

SHARE_EFFECTIVE = 0.1
"""Share of people that weights must leave, counted so."""

FEWEST_EVENTS = 10
"""With fewer people who left, or days on which anybody came, what goes with it cannot be learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One weight a row; 0 where nothing was observed. Its mean over observed rows is about 1 if the model is right."""

    weight: Rows
    truncated_below: float
    """Weights smaller than this were raised to it."""
    truncated_above: float
    """Weights larger than this were lowered to it."""
    n_truncated: int
    largest: float
    """The largest weight before truncation."""
    mean: float
    """Of the weights of observed rows, before truncation."""
    effective_rows: float
    """Rows of equal weight that would tell as much (Kish)."""
    effective_people: float
    """The same for people, each with the sum of their rows."""
    n_rows: int
    """Observed rows."""
    n_people: int
    """People with an observed row."""
    coefficient: Float[np.ndarray, " covariates"]
    """Log odds of leaving, or of coming, per unit of each covariate."""
    share_thin: float
    """Share of people, or of days, for whom hardly anybody is left to stand: with more than 1 % of people or of
    days, weights are refused."""


def dropout_weights(
    dropped: Bool[np.ndarray, " rows"],
    covariates: Covariates,
    starts: Int[np.ndarray, " units"],
    *,
    baseline: Float[np.ndarray, "rows base"] | None = None,
    truncate: float = 0.001,
) -> Weights | Refused:
    """Weights by which those who are still there stand for those like them who left.

    A row's weight is the product over the person's earlier rows of the probability of staying given the baseline over
    that given all covariates, so that a first row has weight 1.

    Args:
        dropped: whether the person left for good after the row; only a last row can be so. False at the last row of
            those whom the end of the study found still there.
        covariates: what was known by the end of the row and goes with leaving and with later values: last scores, their
            changes, how long the person has been there. Include the baseline's columns.
        starts: the first row of each person.
        baseline: columns of the numerator, which must not change with how the person is: such as the period. Weights
            vary less with them, and the analysis has to include them. None: an intercept.
        truncate: share of weights that is brought in at each end; 0.01 brings back a good part of the bias.

    Returns:
        `Refused` where some kind of people all but left, fewer than ten people left, or few carry the weight.
        With nobody leaving all weights are 1.

    Raises:
        OptionError: shapes do not fit, a covariate is not a number, never changes or repeats others.

    Assumes:  given the covariates, who leaves does not depend on what their later values would be; the hazard is
        logistic in them. Where people leave because of what was not seen, some of the bias stays.
    Source:   robins2000; colehernan2008 for stabilising and truncating.
    Checked:  benchmarks/recovery/weights.py
    """
    _check(covariates, starts, baseline, n_rows=len(dropped), truncate=truncate)
    last = np.append(starts[1:], len(dropped)) - 1
    early = dropped.copy()
    early[last] = False
    if early.any():
        raise OptionError(
            "a person has rows after they left for good",
            got=f"row {np.flatnonzero(early)[0]} ({int(early.sum())} such rows)",
            do="mark only the last row of those who left",
        )
    n_left = int(dropped.sum())
    observed = np.ones(len(dropped), dtype=bool)
    if not n_left:
        ones = np.ones(len(dropped))
        return _finished(ones, observed, starts, truncate, np.zeros(covariates.shape[1]), 0.0)
    if n_left < FEWEST_EVENTS:
        return _few(n_left, "people left")
    # Whether those still there at the end would have left after it nobody saw: their last rows teach nothing.
    told = np.ones(len(dropped), dtype=bool)
    told[last] = dropped[last]
    full, base = _fits(dropped, covariates, baseline, told)
    with np.errstate(divide="ignore"):
        step = np.where(told, np.log1p(-base) - np.log1p(-full.probability), 0.0)
    # Those who left count too: it is of their kind that somebody has to be there.
    thin = float(np.mean(np.exp(-np.add.reduceat(step, starts)) < LEAST_STAYING))
    if thin > SHARE_THINNED:
        return _nobody_left(
            f"{100 * thin:.0f} % of people were of a kind of whom less than {100 * LEAST_STAYING:.0f} % as many stayed"
            " as of others, so that hardly anybody can stand for them."
        )
    before = np.cumsum(step) - step  # what all rows before this one came to, of all people
    weight = np.exp(before - before[starts][owners(starts, len(dropped))])
    return _finished(weight, observed, starts, truncate, full.coefficient, thin)


def visit_weights(
    visited: Bool[np.ndarray, " rows"],
    covariates: Covariates,
    starts: Int[np.ndarray, " units"],
    *,
    baseline: Float[np.ndarray, "rows base"] | None = None,
    truncate: float = 0.001,
) -> Weights | Refused:
    """Weights by which the days on which people came stand for all their days.

    The rows are every day (or other short period) on which a person could have come. The weight of a day with a visit
    is the probability of coming given the baseline over that given the covariates; others have weight 0. With short
    periods this is the inverse intensity of a point process.

    Args:
        visited: whether the person came.
        covariates: what was known before the day: the last scores, days since the last visit, how often they came.
            Include the baseline's columns.
        starts: the first row of each person.
        baseline: columns of the numerator, such as the calendar; the analysis has to include them. None: an intercept.
        truncate: share of weights that is brought in at each end; 0.01 brings back a good part of the bias.

    Returns:
        `Refused` where some would hardly ever come, there are fewer than ten visits, or few carry the weight.

    Raises:
        OptionError: shapes do not fit, a covariate is not a number, never changes or repeats others.

    Assumes:  given the covariates, who comes does not depend on how they are that day. Those who come because they are
        low today are only weighed right as far as earlier days tell it: this is a first step, not a joint model.
    Source:   lin2004; colehernan2008 for stabilising and truncating.
    Checked:  benchmarks/recovery/weights.py
    """
    _check(covariates, starts, baseline, n_rows=len(visited), truncate=truncate)
    n_visits = int(visited.sum())
    if n_visits < FEWEST_EVENTS:
        return _few(n_visits, "days have a visit")
    if n_visits == len(visited):
        raise OptionError(
            "every row has a visit",
            do="give a row for each day on which the person could have come, also if they did not",
        )
    full, base = _fits(visited, covariates, baseline, np.ones(len(visited), dtype=bool))
    share = full.probability / base
    thin = float(np.mean(share < LEAST_COMING))
    if thin > SHARE_UNSEEN:
        return _nobody_left(
            f"On {100 * thin:.0f} % of days a visit was all but ruled out by what was known before, so that hardly any"
            " day with a visit can stand for them."
        )
    weight = np.where(visited, 1 / share, 0.0)
    return _finished(weight, visited, starts, truncate, full.coefficient, thin)


def _fits(
    happened: Bool[np.ndarray, " rows"],
    covariates: Covariates,
    baseline: Float[np.ndarray, "rows base"] | None,
    told: Bool[np.ndarray, " rows"],
) -> tuple[Hazard, Rows]:
    """The hazard given all covariates, and the probability given the baseline, learned from the rows that tell."""
    full = fit_hazard(happened, covariates, told=told)
    if baseline is None:
        return full, np.full(len(happened), happened[told].mean())
    return full, fit_hazard(happened, baseline, told=told).probability


def _finished(
    weight: Rows,
    observed: Bool[np.ndarray, " rows"],
    starts: Int[np.ndarray, " units"],
    truncate: float,
    coefficient: Float[np.ndarray, " covariates"],
    thin: float,
) -> Weights | Refused:
    raw = weight[observed]
    below, above = (float(end) for end in np.quantile(raw, [truncate, 1 - truncate]))
    cut = np.where(observed, np.clip(weight, below, above), 0.0)
    of_person = np.add.reduceat(cut, starts)
    n_people = int(np.count_nonzero(of_person))
    rows, people = _kish(cut), _kish(of_person)
    # Unequal numbers of rows make sums unequal without any weights: weights are blamed only for what they add.
    plain = _kish(np.add.reduceat(observed.astype(float), starts))
    if people < min(FEWEST_EFFECTIVE, plain) or people < SHARE_EFFECTIVE * plain:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what=f"The weights leave {people:.1f} people of {n_people}: a few would speak for nearly all.",
            do="Use fewer covariates, truncate more and say so, or answer for those who stayed alone.",
        )
    return Weights(
        weight=cut,
        truncated_below=below,
        truncated_above=above,
        n_truncated=int(np.count_nonzero((raw < below) | (raw > above))),
        largest=float(raw.max()),
        mean=float(raw.mean()),
        effective_rows=rows,
        effective_people=people,
        n_rows=int(observed.sum()),
        n_people=n_people,
        coefficient=coefficient,
        share_thin=thin,
    )


def _kish(weight: Float[np.ndarray, " any"]) -> float:
    return float(weight.sum() ** 2 / np.sum(weight**2))


def _nobody_left(what: str) -> Refused:
    return Refused(
        reason=Missing.NOT_IDENTIFIED,
        what=what,
        do="Leave out those people from the question asked, or drop the covariate that decides it.",
    )


def _few(n: int, what: str) -> Refused:
    return Refused(
        reason=Missing.TOO_FEW,
        what=f"{n} {what}; {FEWEST_EVENTS} are needed to learn what goes with it.",
        do="Follow people for longer, or give the unweighted figure and say so.",
    )


def _check(
    covariates: Covariates,
    starts: Int[np.ndarray, " units"],
    baseline: Float[np.ndarray, "rows base"] | None,
    *,
    n_rows: int,
    truncate: float,
) -> None:
    check_starts(starts, n_rows)
    for name, columns in (("covariates", covariates), ("baseline", baseline)):
        if columns is None:
            continue
        if len(columns) != n_rows or columns.shape[1] < 1:
            raise OptionError(f"{name} do not fit the rows", got=f"{columns.shape}", have=f"({n_rows}, 1 or more)")
        wrong = np.flatnonzero(~np.isfinite(columns).all(axis=1))
        if len(wrong):
            raise OptionError(
                f"{name} hold what is not a number",
                got=f"row {wrong[0]} ({len(wrong)} such rows)",
                do="carry the last value forward and add a column that says it is missing",
            )
    if not 0 <= truncate < 0.5:
        raise OptionError("truncation takes a share below one half at each end", got=str(truncate))
