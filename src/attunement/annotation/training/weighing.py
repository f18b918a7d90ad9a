"""What each labelled text counts in the fit of a construct."""

from __future__ import annotations

import numpy as np

from attunement.annotation.training.examples import EXEMPLARS, Examples

IN_PASSING = 0.3
"""What a text written for another construct counts: its label was set in passing."""

AT_MOST = 1.5
"""What all the texts of another population may count together, as a multiple of the exemplars of the construct."""

EACH = 3.0
"""What a text of another population counts at most: it is the talk that the heads will read, or nearer to it."""


IN_PASSING_CALIBRATED = 0.2
"""What such a text counts where probabilities are calibrated: there it stands for how rare the construct is."""


def weights_of(examples: Examples, column: int, *, in_passing: float = IN_PASSING) -> np.ndarray:
    """The weight of every text for one construct, 0 where its label is not known."""
    known = ~np.isnan(examples.labels[:, column])
    written = examples.populations == EXEMPLARS
    own = examples.own[:, column]
    weight = np.where(known, np.where(own, 1.0, in_passing), 0.0)
    n_own = float(np.sum(known & own & written))
    for population in set(examples.populations) - {EXEMPLARS}:
        of_it = known & (examples.populations == population)
        if of_it.any() and n_own:
            weight[of_it] *= min(EACH, AT_MOST * n_own / of_it.sum())
    return weight


def folds_of(groups: np.ndarray, *, n_folds: int, seed: int = 0) -> np.ndarray:
    """The fold of each text: whole groups, drawn at random, so that folds hold about equally many groups."""
    _, numbered = np.unique(groups, return_inverse=True)
    n_groups = int(numbered.max()) + 1 if len(numbered) else 0
    of_group = np.random.default_rng(seed).permutation(np.arange(n_groups) % n_folds)
    return np.asarray(of_group[numbered])
