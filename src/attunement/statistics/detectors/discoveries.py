"""Which of many hypotheses to reject, from e-values that may depend on each other in any way."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attunement.errors import OptionError


def e_bh(e_values: Float[np.ndarray, " units"], *, rate: float) -> Bool[np.ndarray, " units"]:
    """The e-BH procedure: reject the k largest, k being the most for which the k-th is at least n / (k rate).

    The share of false rejections is at most `rate` on average, whatever the dependence between units: they share model
    releases, news and weekdays.

    Args:
        e_values: one a hypothesis, with mean at most 1 where it is true; units without data count too, with 0 or 1.
        rate: the false discovery rate allowed, between 0 and 1.

    Raises:
        OptionError: the rate is not between 0 and 1, or an e-value is negative or not a number.

    Source: wangramdas2022
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
