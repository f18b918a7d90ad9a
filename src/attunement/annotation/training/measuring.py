"""How well held-out probabilities agree with labels, population by population."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from attunement.annotation.training.examples import Examples, is_ordinary
from attunement.statistics import auroc, average_precision, calibration_error, cluster_interval, kappa

Measure = Callable[[np.ndarray, np.ndarray], float]

THRESHOLD = 0.5
"""From this probability on a message is said to show a construct."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Agreement in one population. An interval draws whole groups; None where a figure cannot be known."""

    population: str
    register: str
    """One kind of talk of the population, or "all"."""
    n: int
    n_positive: int
    n_groups: int
    auroc: float | None
    auroc_interval: tuple[float, float] | None
    average_precision: float | None
    average_precision_interval: tuple[float, float] | None
    calibration_error: float | None
    calibration_error_interval: tuple[float, float] | None
    kappa: float | None
    kappa_interval: tuple[float, float] | None

    def as_dict(self) -> dict[str, object]:
        """The figures, rounded to four places."""
        return {name: _rounded(value) for name, value in asdict(self).items()}


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    return [_rounded(one) for one in value] if isinstance(value, tuple) else value


def accuracy(
    label: np.ndarray, p: np.ndarray, groups: np.ndarray, *, population: str, register: str = "all", n_draws: int = 300
) -> Accuracy:
    """Agreement of probabilities with labels, which are positive from .5.

    Args:
        label: from 0 to 1.
        p: probabilities that were made without the labels.
        groups: the conversation, writer or scenario of each.
        population: where the texts come from.
        register: which kind of talk.
        n_draws: of the bootstrap; 0 leaves the intervals out.
    """
    is_positive = label >= THRESHOLD
    _, cluster = np.unique(groups, return_inverse=True)
    measures: dict[str, Measure] = {
        "auroc": auroc,
        "average_precision": average_precision,
        "calibration_error": calibration_error,
        "kappa": _kappa,
    }
    found: dict[str, object] = {}
    for name, measure in measures.items():
        found[name] = _known(measure(is_positive, p))
        ends = cluster_interval(measure, is_positive, p, cluster=cluster, n_draws=n_draws) if n_draws else (np.nan,) * 2
        found[f"{name}_interval"] = None if np.isnan(ends).any() else ends
    return Accuracy(
        population=population,
        register=register,
        n=len(label),
        n_positive=int(is_positive.sum()),
        n_groups=int(cluster.max()) + 1 if len(cluster) else 0,
        **found,  # type: ignore[arg-type]
    )


def _kappa(label: np.ndarray, p: np.ndarray) -> float:
    return kappa(label, p >= THRESHOLD)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def by_population(
    examples: Examples, key: str, p_without: np.ndarray, *, n_draws: int = 300, min_register: int = 30
) -> list[Accuracy]:
    """Agreement in each population and in each of its registers with at least `min_register` labelled texts.

    Of the exemplars those count that were written for this construct.
    """
    column = examples.constructs.index(key)
    label = examples.labels[:, column]
    known = ~np.isnan(label) & examples.own[:, column]
    known &= ~is_ordinary(examples)
    found = []
    for population in sorted(set(examples.populations[known])):
        of_it = known & (examples.populations == population)
        registers = sorted(set(examples.registers[of_it]))
        chosen = [("all", of_it)] + [(one, of_it & (examples.registers == one)) for one in registers]
        found += [
            accuracy(
                label[rows],
                p_without[rows],
                examples.groups[rows],
                population=population,
                register=one,
                n_draws=n_draws,
            )
            for one, rows in chosen
            if one == "all" or (len(registers) > 1 and rows.sum() >= min_register)
        ]
    return found
