"""What an annotator said and people labelled, and how it was drawn which rows people label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from attunement.errors import OptionError
from attunement.statistics.refusals import Refused
from attunement.vocabulary import Missing

FEWEST_CLUSTERS = 20
"""With fewer labelled relationships intervals cover less than they say: see the benchmark."""

FEWEST_IN_STRATUM = 3
"""With fewer labelled relationships in a stratum, nothing is known of how the annotator errs there."""

FEWEST_EFFECTIVE = 10.0
"""Labelled relationships that weights must leave, as if they weighed the same (Kish)."""

FAR_OFF = 5.0
"""Standard deviations by which the number of labels may differ from what the probabilities say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A variable that an annotator scored in every row, and people in some.

    Raises:
        OptionError: a score is not a number.
    """

    said: Float[np.ndarray, " rows"]
    """What the annotator said of each row: a probability or a score."""
    label: Float[np.ndarray, " rows"]
    """What people said, on the same scale; NaN where nobody was asked."""

    def __post_init__(self) -> None:
        wrong = np.flatnonzero(~np.isfinite(self.said))
        if len(wrong):
            raise OptionError(
                "an annotator's score is not a number",
                got=f"{self.said[wrong[0]]} in row {wrong[0]} ({len(wrong)} such rows)",
                do="leave out rows that the annotator could not read, labelled or not, and say how many they were",
            )


def exact(values: Float[np.ndarray, " rows"]) -> Judged:
    """A variable that is known without error in every row, such as time."""
    return Judged(said=values, label=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDesign:
    """How rows were drawn to be labelled. Without probabilities known beforehand nothing here is valid.

    Raises:
        OptionError: a probability is not between 0 and 1, or no column is as long as the others.
    """

    cluster: Int[np.ndarray, " rows"]
    """The relationship of each row; rows of one relationship may depend on each other in any way."""
    p_label: Float[np.ndarray, " rows"]
    """The probability with which the row was to be labelled, known and kept when the draw was made; for all rows."""
    labelled: Bool[np.ndarray, " rows"]
    """Whether it was."""
    stratum: Int[np.ndarray, " rows"]
    """Annotator version and period, as a number: where the annotator may err in a way of its own."""

    def __post_init__(self) -> None:
        lengths = {len(self.cluster), len(self.p_label), len(self.labelled), len(self.stratum)}
        if len(lengths) > 1:
            raise OptionError("columns of the design have different lengths", got=str(sorted(lengths)))
        outside = np.flatnonzero(~((self.p_label >= 0) & (self.p_label <= 1)))
        if len(outside):
            raise OptionError(
                "a probability of being labelled is not between 0 and 1",
                got=f"{self.p_label[outside[0]]} in row {outside[0]}",
                do="give the probability of the draw for every row, labelled or not",
            )


def refusal(design: LabelDesign, variables: tuple[Judged, ...]) -> Refused | None:
    """The first reason why the labels cannot correct these variables; None where they can."""
    for variable in variables:
        if len(variable.said) != len(design.cluster) or len(variable.label) != len(design.cluster):
            raise OptionError(
                "a variable and the design have different lengths",
                got=f"{len(variable.said)} rows of a variable",
                have=f"{len(design.cluster)} rows of the design",
                do="give one value a row",
            )
        if np.isnan(variable.label[design.labelled]).any():
            raise OptionError(
                "a row that is called labelled has no label",
                got=f"row {np.flatnonzero(np.isnan(variable.label) & design.labelled)[0]}",
                do="call only those rows labelled that have labels of all variables",
            )
    return _never(design) or _too_few(design) or _strata(design) or _off(design)


def _never(design: LabelDesign) -> Refused | None:
    never = int(np.count_nonzero(design.p_label == 0))
    if not never:
        return None
    return Refused(
        reason=Missing.NOT_IDENTIFIED,
        what=f"{never} of {len(design.p_label)} rows could never have been labelled, so no label speaks for them.",
        do="Draw labels so that every row has a chance, or ask about the rows that had one.",
    )


def _too_few(design: LabelDesign) -> Refused | None:
    labelled = design.labelled
    clusters, index = np.unique(design.cluster[labelled], return_inverse=True)
    if len(clusters) < FEWEST_CLUSTERS:
        return Refused(
            reason=Missing.TOO_FEW,
            what=f"People labelled {len(clusters)} relationships; at least {FEWEST_CLUSTERS} are needed.",
            do=f"Label {FEWEST_CLUSTERS - len(clusters)} more, drawn with known probabilities.",
        )
    weight = np.bincount(index, 1 / design.p_label[labelled])
    effective = float(weight.sum() ** 2 / np.sum(weight**2))
    if effective >= FEWEST_EFFECTIVE:
        return None
    return Refused(
        reason=Missing.TOO_FEW,
        what=f"The {len(clusters)} labelled relationships count for no more than {effective:.1f} of equal weight.",
        do="Label more of those that had a small probability of being drawn.",
    )


def _strata(design: LabelDesign) -> Refused | None:
    poor = [
        (int(stratum), n)
        for stratum in np.unique(design.stratum)
        if (n := len(np.unique(design.cluster[design.labelled & (design.stratum == stratum)]))) < FEWEST_IN_STRATUM
    ]
    if not poor:
        return None
    listed = ", ".join(f"{stratum} has {n}" for stratum, n in poor[:5])
    return Refused(
        reason=Missing.NOT_IDENTIFIED,
        what=f"How the annotator errs is not known in {len(poor)} strata (labelled relationships: {listed}).",
        do=f"Label at least {FEWEST_IN_STRATUM} relationships in each version of the annotator and period.",
    )


def _off(design: LabelDesign) -> Refused | None:
    """Whether as many relationships were labelled as the probabilities say."""
    clusters, index = np.unique(design.cluster, return_inverse=True)
    chance, got = np.zeros(len(clusters)), np.zeros(len(clusters))
    np.maximum.at(chance, index, design.p_label)
    np.maximum.at(got, index, design.labelled.astype(float))
    # Parts of a relationship may be drawn apart, so that its own chance lies between the largest part's and their sum.
    most = np.minimum(np.bincount(index, design.p_label), 1.0)
    room = FAR_OFF * np.sqrt(np.sum(most * (1 - chance)) + 1)
    n = float(got.sum())
    if chance.sum() - room <= n <= most.sum() + room:
        return None
    return Refused(
        reason=Missing.NOT_IDENTIFIED,
        what=f"{n:.0f} relationships were labelled where the probabilities say about {chance.sum():.0f}.",
        do="Give the probabilities with which the draw was really made; without them no correction is valid.",
    )
