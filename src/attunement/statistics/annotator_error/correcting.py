"""Means, slopes and regressions of what is really there, where an annotator that errs read all and people some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

from attunement.errors import OptionError
from attunement.statistics.annotator_error import estimating
from attunement.statistics.annotator_error.design import Judged, LabelDesign, exact, refusal
from attunement.statistics.refusals import Refused
from attunement.vocabulary import Missing

Method = Literal["ppi", "dsl"]

BY_STRATUM = 40
"""Labelled relationships a stratum from which on the use of scores is tuned in each stratum by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """One figure a coefficient."""

    value: Float[np.ndarray, " k"]
    se: Float[np.ndarray, " k"]
    """Standard error, relationships being drawn as wholes."""
    low: Float[np.ndarray, " k"]
    high: Float[np.ndarray, " k"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumError:
    """How an annotator errs in one version and period."""

    stratum: int
    n_labelled: int
    """Labelled relationships."""
    bias: float
    """Mean of score less label of the outcome, rows weighted by one over their probability."""
    se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A corrected estimate beside what it replaces; `names` says what each coefficient is."""

    names: tuple[str, ...]
    corrected: Estimates
    naive: Estimates
    """As if the annotator never erred: wrong, and here to be compared."""
    labels_only: Estimates
    """From the labelled rows alone: right, and wider."""
    power: Float[np.ndarray, "strata k"] | None
    """How much the scores were used (PPI): 0 not at all, 1 like labels; one row where strata were tuned together."""
    strata: tuple[StratumError, ...]
    n_clusters: int
    n_labelled: int
    """Labelled relationships."""
    degrees: float
    """Degrees of freedom of the intervals: labelled relationships as if of equal weight, less one."""

    @property
    def labels_worth(self) -> Float[np.ndarray, " k"]:
        """How many times as many labels would be as sure without the scores: the ratio of the two variances."""
        return np.asarray((self.labels_only.se / self.corrected.se) ** 2)


def correct_mean(
    variable: Judged,
    design: LabelDesign,
    *,
    method: Method = "ppi",
    weight: Float[np.ndarray, " rows"] | None = None,
    level: float = 0.95,
) -> Corrected | Refused:
    """The mean over rows of what people would have said of them all; of 0 and 1, a prevalence.

    Args:
        variable: scores of all rows and labels of some.
        design: relationships, strata and probabilities of being labelled.
        method: "ppi" tunes how much the scores are used, "dsl" uses them in full.
        weight: what each row counts for; one over the rows of its relationship makes it a mean over relationships.
        level: the coverage aimed at.

    Assumes:  labels are right; rows were drawn with the probabilities given, relationships independently of each other.
    Source:   angelopoulos2023b for tuning; egami2023 for DSL; kluger2025 for clusters and unequal draws.
    Checked:  benchmarks/recovery/annotator_error.py
    """
    refused = refusal(design, (variable,))
    if refused is not None:
        return refused
    rows = _rows(variable, (), design, weight=weight)
    return _corrected(rows, design, ("mean",), method=method, level=level)


def correct_slope(
    variable: Judged,
    time: Float[np.ndarray, " rows"],
    design: LabelDesign,
    *,
    method: Method = "ppi",
    level: float = 0.95,
) -> Corrected | Refused:
    """The mean over relationships of each one's own slope of a variable on time (variable per unit of time).

    Relationships with fewer than three rows, or all at one time, have no slope and are left out. Whole relationships
    must be labelled, or none of their rows; how the annotator's error drifts within them then does not matter.

    Args:
        variable: scores of all rows and labels of some.
        time: of each row.
        design: relationships and probabilities; strata are not needed here, as whole relationships are compared.
        method: as in `correct_mean`.
        level: the coverage aimed at.

    Assumes:  as `correct_mean`; slopes may differ between relationships.
    Source:   angelopoulos2023b; pesaransmith1995 for the mean of slopes as the target.
    Checked:  benchmarks/recovery/annotator_error.py
    """
    refused = refusal(design, (variable,)) or _partly_labelled(design)
    if refused is not None:
        return refused
    clusters, index = np.unique(design.cluster, return_inverse=True)
    n = np.bincount(index)
    centred = time - (np.bincount(index, time) / n)[index]
    size = np.bincount(index, centred**2)
    keep = (n >= 3) & (size > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        said = np.bincount(index, centred * variable.said) / size
        label = np.bincount(index, centred * variable.label) / size
    first = np.zeros(len(clusters), dtype=np.int64)
    first[index[::-1]] = np.arange(len(index))[::-1]
    per_cluster = LabelDesign(
        cluster=clusters[keep],
        p_label=design.p_label[first][keep],
        labelled=design.labelled[first][keep],
        stratum=np.zeros(int(keep.sum()), dtype=np.int64),
    )
    slopes = Judged(said=said[keep], label=label[keep])
    refused = refusal(per_cluster, (slopes,))
    if refused is not None:
        return refused
    return _corrected(_rows(slopes, (), per_cluster), per_cluster, ("slope",), method=method, level=level)


def correct_regression(
    outcome: Judged,
    predictors: dict[str, Judged],
    design: LabelDesign,
    *,
    within: bool = False,
    method: Method = "ppi",
    weight: Float[np.ndarray, " rows"] | None = None,
    level: float = 0.95,
) -> Corrected | Refused:
    """Least squares of an outcome on predictors, any of which an annotator scored; `exact` makes one that is known.

    Errors in predictors weaken, and may turn, a naive coefficient even where the outcome has none; where one reading
    gave both scores their errors go together and make a relation out of nothing. Neither needs to be modelled here.

    Args:
        outcome: scores and labels of the outcome.
        predictors: by name.
        design: relationships, strata and probabilities of being labelled; a row labels all variables or none.
        within: take each relationship's own mean off all variables, so that only change within relationships counts;
            whole relationships must then be labelled. Else an intercept comes first.
        method: as in `correct_mean`.
        weight: what each row counts for.
        level: the coverage aimed at.

    Assumes:  as `correct_mean`. The target is the linear projection among rows like these; it is no effect.
    Source:   kluger2025 for predictors (predict-then-debias); egami2023; angelopoulos2023b.
    Checked:  benchmarks/recovery/annotator_error.py
    """
    if not predictors:
        raise OptionError("a regression needs a predictor", do="use correct_mean for a mean")
    variables = (outcome, *predictors.values())
    refused = refusal(design, variables) or (_partly_labelled(design) if within else None)
    if refused is not None:
        return refused
    if within:
        outcome, *others = (_demeaned(variable, design) for variable in variables)
        rows = _rows(outcome, tuple(others), design, weight=weight, intercept=False)
        return _corrected(rows, design, tuple(predictors), method=method, level=level)
    rows = _rows(outcome, tuple(predictors.values()), design, weight=weight)
    return _corrected(rows, design, ("intercept", *predictors), method=method, level=level)


def _rows(
    outcome: Judged,
    predictors: tuple[Judged, ...],
    design: LabelDesign,
    *,
    weight: Float[np.ndarray, " rows"] | None = None,
    intercept: bool = True,
) -> estimating.Rows:
    n = len(design.cluster)
    columns = ((exact(np.ones(n)),) if intercept else ()) + predictors
    _, cluster = np.unique(design.cluster, return_inverse=True)
    _, stratum = np.unique(design.stratum, return_inverse=True)
    seen = design.labelled
    return estimating.Rows(
        x=np.stack([np.where(seen, column.label, 0.0) for column in columns], axis=1),
        y=np.where(seen, outcome.label, 0.0),
        x_said=np.stack([column.said for column in columns], axis=1),
        y_said=outcome.said,
        weight=np.ones(n) if weight is None else weight,
        drawn=np.where(seen, 1 / design.p_label, 0.0),
        cluster=cluster,
        stratum=stratum,
    )


def _corrected(
    rows: estimating.Rows, design: LabelDesign, names: tuple[str, ...], *, method: Method, level: float
) -> Corrected | Refused:
    if method not in ("ppi", "dsl"):
        raise OptionError("an unknown method of correction", got=str(method), have="ppi, dsl", do="use one of these")
    n_clusters = int(rows.cluster.max()) + 1
    labelled = np.bincount(rows.cluster, rows.drawn, minlength=n_clusters) > 0
    n_labelled = int(labelled.sum())
    naive = estimating.least_squares(rows.x_said, rows.y_said, rows.weight, rows.cluster)
    labels = estimating.least_squares(rows.x, rows.y, rows.weight * rows.drawn, rows.cluster)
    n_strata = int(rows.stratum.max()) + 1
    by_stratum = n_strata > 1 and _fewest(rows, n_strata) >= BY_STRATUM
    tuned = estimating.power_tuned(rows, by_stratum=by_stratum) if method == "ppi" else None
    fit = tuned.fit if tuned is not None else estimating.doubly_robust(rows) if method == "dsl" else None
    if naive is None or labels is None or fit is None:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what="The predictors repeat each other, or so few labels cannot tell error from signal.",
            do="Leave predictors out, or label more relationships.",
        )
    degrees = _effective(rows, labelled) - 1
    return Corrected(
        names=names,
        corrected=_estimates(fit, degrees=degrees, level=level),
        naive=_estimates(naive, degrees=n_clusters - 1.0, level=level),
        labels_only=_estimates(labels, degrees=degrees, level=level),
        power=tuned.power if tuned is not None else None,
        strata=_stratum_errors(rows, design),
        n_clusters=n_clusters,
        n_labelled=n_labelled,
        degrees=degrees,
    )


def _estimates(fit: estimating.Fit, *, degrees: float, level: float) -> Estimates:
    se = estimating.standard_error(fit)
    half = float(special.stdtrit(degrees, 0.5 + level / 2)) * se
    return Estimates(value=fit.value, se=se, low=fit.value - half, high=fit.value + half)


def _effective(rows: estimating.Rows, labelled: Bool[np.ndarray, " clusters"]) -> float:
    """How many labelled clusters there are, as if all weighed the same (Kish)."""
    weight = np.bincount(rows.cluster, rows.weight * rows.drawn, minlength=len(labelled))
    return float(weight.sum() ** 2 / np.sum(weight**2))


def _fewest(rows: estimating.Rows, n_strata: int) -> int:
    """Labelled clusters of the stratum that has the fewest."""
    seen = rows.drawn > 0
    return min(len(np.unique(rows.cluster[seen & (rows.stratum == stratum)])) for stratum in range(n_strata))


def _stratum_errors(rows: estimating.Rows, design: LabelDesign) -> tuple[StratumError, ...]:
    found = []
    for number, stratum in enumerate(np.unique(design.stratum)):
        here = (rows.stratum == number) & design.labelled
        weight = rows.weight[here] * rows.drawn[here]
        off = rows.y_said[here] - rows.y[here]
        bias = float(np.average(off, weights=weight))
        _, cluster = np.unique(rows.cluster[here], return_inverse=True)
        totals = np.bincount(cluster, weight * (off - bias))
        n = len(totals)
        se = float(np.sqrt(np.sum(totals**2) * n / (n - 1)) / weight.sum())
        found.append(StratumError(stratum=int(stratum), n_labelled=n, bias=bias, se=se))
    return tuple(found)


def _partly_labelled(design: LabelDesign) -> Refused | None:
    """Whether a relationship is labelled in part, or its rows have different probabilities."""
    _, index = np.unique(design.cluster, return_inverse=True)
    n = np.bincount(index)
    share = np.bincount(index, design.labelled) / n
    spread = np.zeros(len(n))
    np.maximum.at(spread, index, np.abs(design.p_label - (np.bincount(index, design.p_label) / n)[index]))
    partly = int(np.count_nonzero((share > 0) & (share < 1))) or int(np.count_nonzero(spread > 1e-9))
    if not partly:
        return None
    return Refused(
        reason=Missing.NOT_IDENTIFIED,
        what=f"{partly} relationships are labelled only in part, and change within them needs all of their rows.",
        do="Draw whole relationships to be labelled, each with one probability.",
    )


def _demeaned(variable: Judged, design: LabelDesign) -> Judged:
    """The variable less its mean in each relationship."""
    _, index = np.unique(design.cluster, return_inverse=True)
    n = np.bincount(index)

    def less_mean(values: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
        return np.asarray(values - (np.bincount(index, values) / n)[index])

    return Judged(said=less_mean(variable.said), label=less_mean(variable.label))
