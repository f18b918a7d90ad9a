"""Units drawn with probabilities that are known exactly before the draw."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attunement.errors import OptionError
from attunement.labelling.frame import Frame

COUNTED = ("units", "messages")
"""What a number of draws can count."""

DESIGN = (
    "Systematic sampling with probability proportional to size. The units of a stratum stand in random order, the"
    " strata one after the other; a ruler with marks one apart is laid along their probabilities from a random start,"
    " and a unit is drawn where a mark falls on it. So each unit is drawn with exactly its probability, and each"
    " stratum gives as many units as its probabilities add up to, rounded up or down."
)
"""The design in words, as the manifest tells it."""


class Choice(NamedTuple):
    """What a draw gave."""

    p: np.ndarray  # the probability of every unit of the frame
    chosen: np.ndarray  # the places of those drawn, in the random order in which they are to be labelled


def draw(
    frame: Frame, *, n: int, of: str, favour: dict[str, float], doubtful: float, rng: np.random.Generator
) -> Choice:
    """Draw whole units.

    Args:
        frame: what can be drawn.
        n: how many units, or how many messages to expect in them.
        of: one of COUNTED.
        favour: how much likelier a unit of a stratum is to be drawn than one of a stratum that is not named.
        doubtful: the share of the chance, from 0 to 1, that goes by how unsure annotators were; the rest is shared
            evenly, so that no unit is out of reach.
        rng: draws.

    Raises:
        OptionError: an argument makes no sense.
    """
    _check(frame, n=n, of=of, favour=favour, doubtful=doubtful)
    size = np.array([favour.get(name, 1.0) for name in frame.strata])[frame.stratum] * _doubt_weights(frame, doubtful)
    cost = np.ones(len(size)) if of == "units" else frame.n_messages.astype(float)
    p = inclusion(size, cost=cost, wanted=float(n))
    if p.sum() < 1 - 1e-9:
        raise OptionError(
            f"that is less than one {frame.kind}",
            got=f"--n {n} --of messages",
            have=f"{frame.n_messages.sum():,} messages in {len(p):,} units",
            do="ask for more messages, or count --of units",
        )
    chosen = systematic(p, strata=frame.stratum, rng=rng)
    return Choice(p=p, chosen=rng.permutation(chosen))


def inclusion(size: np.ndarray, *, cost: np.ndarray, wanted: float) -> np.ndarray:
    """Probabilities in proportion to `size`, at most 1, so that what is drawn costs `wanted` on average.

    Units too large for their share are certain, and the others share what is left. Where `wanted` is all there is or
    more, everything is certain.
    """
    certain = np.zeros(len(size), dtype=bool)
    while not certain.all():
        left = wanted - cost[certain].sum()
        p = np.where(certain, 1.0, size * left / (size * cost)[~certain].sum())
        over = ~certain & (p >= 1)
        if not over.any():
            return np.asarray(p)
        certain |= over
    return np.ones(len(size))


def systematic(p: np.ndarray, *, strata: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The places of the units on which a mark of the ruler falls; those with probability 1 are always among them.

    Source: madow1949
    """
    sure = np.flatnonzero(p >= 1)
    others = np.flatnonzero(p < 1)
    order = others[np.lexsort((rng.random(len(others)), strata[others]))]
    ends = np.cumsum(p[order])
    total = ends[-1] if len(ends) else 0.0
    if abs(total - round(total)) < 1e-9 * max(len(order), 1):
        # A whole number but for rounding: without this the last mark could fall just off the end.
        ends, total = ends * (round(total) / total) if total else ends, float(round(total))
    marks = np.arange(rng.random(), total, 1.0)
    hit = np.minimum(np.searchsorted(ends, marks, side="right"), len(order) - 1)
    return np.sort(np.concatenate([sure, order[hit]]))


def _doubt_weights(frame: Frame, doubtful: float) -> np.ndarray:
    """1 on average: the even share, and a share by the standard deviation that the annotators' doubt implies."""
    spread = np.sqrt(frame.doubt)
    known = ~np.isnan(spread)
    if not doubtful or not known.any() or not spread[known].mean():
        return np.ones(len(spread))
    relative = np.where(known, spread / spread[known].mean(), 1.0)
    return np.asarray(1 - doubtful + doubtful * relative)


def _check(frame: Frame, *, n: int, of: str, favour: dict[str, float], doubtful: float) -> None:
    if of not in COUNTED:
        raise OptionError("a draw cannot count that", got=of, have=", ".join(COUNTED), do="count one of these")
    if n < 1:
        raise OptionError("nothing would be drawn", got=f"--n {n}", have="1, 2, 3, ...", do="ask for at least one")
    wrong = {name: factor for name, factor in favour.items() if name not in frame.strata or not 0.1 <= factor <= 10}
    if wrong:
        raise OptionError(
            "a stratum cannot be favoured so",
            got=", ".join(f"{name} {factor:g}" for name, factor in wrong.items()),
            have=f"{', '.join(frame.strata)}, each by .1 to 10",
            do="a whole relationship has every third in it; favour thirds where sessions are drawn",
        )
    if not 0 <= doubtful < 1:
        raise OptionError(
            "the share of doubt makes no sense",
            got=f"{doubtful:g}",
            have="from 0 to below 1",
            do="leave some of the chance to units of which annotators were sure: they may be wrong there",
        )
