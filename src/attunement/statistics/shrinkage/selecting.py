"""What would go wrong if units were picked by the p-value of their own estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from attunement.errors import OptionError
from attunement.statistics.shrinkage.records import PerUnit, Shrunken, check


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionErrors:
    """Errors among units whose raw estimate is called significant, as expected from the shrunken ones."""

    n_selected: int
    n_units: int
    sign_errors: float
    """Share of the selected whose true value has the other sign; NaN where none was selected."""
    exaggeration: float
    """How many times too large their raw estimates are on average; NaN where none was selected."""


def selection_errors(value: PerUnit, variance: PerUnit, shrunken: Shrunken, *, level: float = 0.95) -> SelectionErrors:
    """Sign errors and exaggeration among units that a test of each by itself would pick (types S and M).

    Args:
        value: the raw estimates.
        variance: of their errors.
        shrunken: made from them.
        level: of the tests, one less the probability of a false alarm.

    Raises:
        OptionError: as `shrink_normal`, or the shrunken estimates are of other units.

    Assumes:  as the shrinkage.
    Source:   gelmancarlin2014
    Checked:  benchmarks/recovery/shrinkage.py
    """
    check(value, variance, level=level)
    if len(shrunken.mean) != len(value):
        raise OptionError(
            "raw and shrunken estimates are of different units", got=f"{len(value)} and {len(shrunken.mean)}"
        )
    picked = np.abs(value) > special.ndtri(0.5 + level / 2) * np.sqrt(variance)
    if not picked.any():
        return SelectionErrors(n_selected=0, n_units=len(value), sign_errors=np.nan, exaggeration=np.nan)
    agrees = np.sign(shrunken.mean) == np.sign(value)
    wrong = np.where(agrees, shrunken.false_sign_rate, 1 - shrunken.false_sign_rate)
    true_size = float(np.sum(np.sign(value[picked]) * shrunken.mean[picked]))
    return SelectionErrors(
        n_selected=int(picked.sum()),
        n_units=len(value),
        sign_errors=float(wrong[picked].mean()),
        exaggeration=float(np.abs(value[picked]).sum() / true_size) if true_size > 0 else np.inf,
    )
