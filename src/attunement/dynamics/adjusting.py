"""Many questions at once: p-values adjusted over all that were asked together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attunement.statistics.multiplicity import benjamini_hochberg
from attunement.vocabulary import Estimate, Missing


def adjusted(estimates: Sequence[Estimate], *, asked: tuple[str, ...]) -> list[Estimate]:
    """The same estimates, with the p-values of some over many relationships adjusted over all of these.

    Args:
        estimates: in any order, which is kept.
        asked: what the measures of those that are adjusted begin with.

    Source: benjaminihochberg1995
    """
    p = [_p(one) if one.relationship_id is None and one.measure.startswith(asked) else None for one in estimates]
    known = [value for value in p if value is not None]
    over = f" (adjusted over {len(known)} questions)" if len(known) > 1 else ""
    new = iter(benjamini_hochberg(np.array(known)).tolist())
    return [
        one
        if value is None or one.null is None
        else replace(one, null=replace(one.null, p=next(new), statement=one.null.statement + over))
        for one, value in zip(estimates, p, strict=True)
    ]


def _p(estimate: Estimate) -> float | None:
    if estimate.null is None or isinstance(estimate.null.p, Missing):
        return None
    return estimate.null.p
