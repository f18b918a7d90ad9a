"""Which of many hypotheses to reject, so that few of those rejected are true."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attunement.errors import OptionError

Hypotheses = Float[np.ndarray, " hypotheses"]


def benjamini_hochberg(p: Hypotheses) -> Hypotheses:
    """Adjusted p-values: reject those at most q, and the share of false rejections is at most q on average.

    Args:
        p: one a hypothesis that was tested; all of them, not those that came out well.

    Returns:
        As many, in the same order; nothing where nothing was tested.

    Raises:
        OptionError: a p-value is not between 0 and 1.

    Assumes:  p-values are independent, or go up together (positive regression dependence). Where one shock can move
        some up and others down, use `benjamini_yekutieli`, or e-values and `e_bh`.
    Source:   benjaminihochberg1995
    Checked:  benchmarks/recovery/multiplicity.py
    """
    return _step_up(p, factor=1.0)


def benjamini_yekutieli(p: Hypotheses) -> Hypotheses:
    """The same under any dependence, for which it pays a factor of about the logarithm of the number of hypotheses.

    Args:
        p: as `benjamini_hochberg`.

    Raises:
        OptionError: a p-value is not between 0 and 1.

    Source:   benjaminiyekutieli2001, theorem 1.3
    Checked:  benchmarks/recovery/multiplicity.py
    """
    return _step_up(p, factor=float(np.sum(1 / np.arange(1, len(p) + 1))))


def e_bh(e_values: Hypotheses, *, rate: float) -> Bool[np.ndarray, " hypotheses"]:
    """The e-BH procedure: reject the k largest, k being the most for which the k-th is at least n / (k rate).

    The share of false rejections is at most `rate` on average, whatever the dependence between hypotheses: users share
    model releases, news and weekdays.

    Args:
        e_values: one a hypothesis, with mean at most 1 where it is true; those without data count too, with 0 or 1.
        rate: the false discovery rate allowed, between 0 and 1.

    Raises:
        OptionError: the rate is not between 0 and 1, or an e-value is negative or not a number.

    Source:   wangramdas2022
    Checked:  benchmarks/recovery/multiplicity.py
    """
    if not 0 < rate < 1:
        raise OptionError("a false discovery rate lies between 0 and 1", got=str(rate), do="give for instance 0.1")
    if len(e_values) and not np.min(e_values) >= 0:
        raise OptionError("an e-value is negative or not a number", got=str(np.min(e_values)), do="give 1 for no data")
    n = len(e_values)
    falling = np.sort(e_values)[::-1]
    enough = np.flatnonzero(falling * np.arange(1, n + 1) >= n / rate)
    if not len(enough):
        return np.zeros(n, dtype=bool)
    return np.asarray(e_values >= falling[enough[-1]])


def _step_up(p: Hypotheses, *, factor: float) -> Hypotheses:
    wrong = np.flatnonzero(~((p >= 0) & (p <= 1)))
    if len(wrong):
        raise OptionError(
            "a p-value is not between 0 and 1",
            got=f"{p[wrong[0]]} for hypothesis {wrong[0]} ({len(wrong)} such)",
            do="leave out what was not tested, and say how many those were",
        )
    if not len(p):
        return p.copy()
    order = np.argsort(p, kind="stable")
    scaled = p[order] * (factor * len(p) / np.arange(1, len(p) + 1))
    adjusted = np.empty_like(scaled)
    # No hypothesis may look worse than one with a larger p-value.
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted
