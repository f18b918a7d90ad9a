"""Whether wanting the contact grows while liking it does not, in more relationships than chance brings together.

Each sign of wanting and of liking has a slope over the weeks in each relationship. Many want more, and some like less:
both at once is decoupling only where it is met more often than these two by themselves would meet. What would fake it
is held off: errors that the two slopes share are taken out, and the count has to stand without the first weeks, without
the last ones, and with those who left counted as the worst case.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pyarrow as pa

from attunement.dynamics.decoupling_guards import Guarded, guarded
from attunement.dynamics.decoupling_slopes import MIN_WEEKS
from attunement.dynamics.decoupling_weeks import LIKING, WANTING, Weeks, weeks_of
from attunement.dynamics.decoupling_words import of_pair, of_sign, refused
from attunement.statistics import Refused
from attunement.statistics.multiplicity import benjamini_hochberg
from attunement.vocabulary import PANEL, SESSIONS, Estimate, Missing, check

FEWEST = 40
"""Relationships with both slopes: with fewer, signs that always go apart are hardly told from chance."""

FEWEST_MOVING = 0.1
"""A sign that stands still in more than nine of ten relationships shows nothing of wanting or of liking."""


def estimate_decoupling(
    panel: pa.Table,
    sessions: pa.Table,
    *,
    readings: Mapping[str, str] | None = None,
    announced_end: datetime | None = None,
    level: float = 0.95,
) -> list[Estimate]:
    """Wanting against liking, for each sign of either that can be read apart from the other.

    `decoupling.excess.<wanting>~<liking>` is what is tested, over all relationships; `decoupling.apart.`, `both_up.`,
    `both_down.` and `liking_alone.` are the shares of the four kinds. `decoupling.wanting.<sign>` and
    `decoupling.liking.<sign>` are slopes, the mean of all and each relationship's own after shrinkage.
    `decoupling.apart.<pair>` of one relationship is the probability, from 0 to 1, that wanting rose and liking fell
    there, under a prior on which most may have no slope at all. What cannot be told is Missing, and `method` says what
    is missing and what would do.

    Args:
        panel: PANEL with rows of weeks.
        sessions: SESSIONS, sorted, of the same relationships.
        readings: by measure, which annotator's reading it comes from; without it, all words are held to be one reading.
        announced_end: people knew from then on that it would end; later weeks are left out, and silence is no leaving.
        level: the coverage aimed at.

    Raises:
        SchemaError: a table breaks its contract.

    Assumes:  relationships are independent; slopes are straight; who leaves does so for what is counted as the worst.
    Source:   fisher1935 for independent signs; stephens2017 for signs of one; benjaminihochberg1995 over pairs;
        berger1982 for the largest of four p-values.
    Checked:  benchmarks/recovery/decoupling.py
    """
    check(panel, PANEL, stage="dynamics")
    check(sessions, SESSIONS, stage="dynamics")
    weeks = weeks_of(panel, sessions)
    pairs = [(wanting, liking) for wanting in WANTING for liking in LIKING]
    answers = [_answer(weeks, *pair, dict(readings or {}), announced_end, level=level) for pair in pairs]
    tested = [one.p for one in answers if isinstance(one, Guarded)]
    adjusted = iter(benjamini_hochberg(np.array(tested)).tolist())
    estimates: list[Estimate] = []
    signs: dict[tuple[str, str], Guarded] = {}
    for pair, answer in zip(pairs, answers, strict=True):
        name = "~".join(one.removeprefix("rate.") for one in pair)
        if isinstance(answer, Refused):
            estimates.append(refused(name, answer, n=len(weeks.starts), level=level))
            continue
        estimates += of_pair(weeks, name, answer, p=next(adjusted), n_pairs=len(tested), level=level)
        signs.setdefault(("wanting", pair[0]), answer)
        signs.setdefault(("liking", pair[1]), answer)
    for (side, sign), answer in signs.items():
        slopes = answer.wanting if side == "wanting" else answer.liking
        estimates += of_sign(weeks, f"{side}.{sign.removeprefix('rate.')}", slopes, level=level)
    return estimates


def _answer(
    weeks: Weeks,
    wanting: str,
    liking: str,
    readings: dict[str, str],
    announced_end: datetime | None,
    *,
    level: float,
) -> Guarded | Refused:
    """The pair tested, or why it cannot be."""
    for one in (wanting, liking):
        if one not in weeks.value:
            return Refused(reason=Missing.NOT_RECORDED, what=f"{one} was not measured", do=f"logs that hold {one}")
    if readings.get(wanting, WANTING[wanting]) == readings.get(liking, LIKING[liking]):
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what="both are read by one annotator in the same words, so that errors of one go with errors of the other",
            do="ratings, or words that another annotator reads",
        )
    if not len(weeks.starts):
        return _few(0)
    found = guarded(weeks, wanting, liking, announced_end=announced_end, level=level)
    if isinstance(found, Refused):
        return _few(0)
    seen = int(np.sum((found.wanting.n >= MIN_WEEKS) & (found.liking.n >= MIN_WEEKS)))
    both = int(np.sum(found.wanting.known & found.liking.known))
    if both < FEWEST_MOVING * seen:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what=f"one of the two never changed in {seen - both:,} of {seen:,} relationships",
            do="another sign of wanting or of liking",
        )
    return found if both >= FEWEST else _few(both)


def _few(n: int) -> Refused:
    return Refused(
        reason=Missing.TOO_FEW,
        what=f"both were seen in {MIN_WEEKS} weeks or more, first and last left out, in {n:,} relationships",
        do=f"{FEWEST} relationships of some {MIN_WEEKS + 3} weeks in which both can be seen",
    )
