"""Who goes before whom: the AI's measures and the person's, at named horizons, over many relationships.

Sessions come at irregular times, and scores of a session are noisy shares of few messages. So shares become angles, in
which errors are as large near 0 as elsewhere; the size of errors is estimated for sessions of few, of some and of many
messages; what all share on a day is taken out; each relationship counts in how far it swings itself; and both series
are fitted in continuous time, with relationships that differ. What is said needs two nulls to
fail: that nothing goes before (in the fitted process), and that the AI's series of another relationship would do as
well (partners shuffled).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from attunement.codebook import load
from attunement.dynamics.influence_fit import Fitted, fit_pair
from attunement.dynamics.influence_pairs import PAIRS, RATE, Pair, read_as_one
from attunement.dynamics.influence_series import AI, MIN_SESSIONS, Paired, long_enough, paired, share_moving
from attunement.dynamics.influence_words import (
    DIRECTIONS,
    HORIZONS,
    of_difference,
    of_direction,
    of_peak,
    of_unit,
    refused,
)
from attunement.statistics import Refused
from attunement.statistics.multiplicity import benjamini_hochberg
from attunement.vocabulary import PANEL, Estimate, Missing, check

MIN_RELATIONSHIPS = 200
"""With fewer a mean effect of ordinary size is missed more often than found, and the state space grows unsure."""

RAREST = 0.1
"""A measure that stands at 'never' in more than nine of ten sessions has no process that could be followed."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A pair, and what was found of it."""

    pair: Pair
    found: Fitted | Refused
    n_long: int


def _silent(_share: float) -> None:
    """Say nothing of the progress."""


def estimate_influence(
    panel: pa.Table,
    *,
    rng: np.random.Generator,
    pairs: Sequence[Pair] = PAIRS,
    readings: Mapping[str, str] | None = None,
    version_changes: Mapping[str, Sequence[datetime]] | None = None,
    n_draws: int = 999,
    level: float = 0.95,
    n_threads: int | None = None,
    relationships_differ: bool = True,
    progress: Callable[[float], None] = _silent,
) -> list[Estimate]:
    """Whether the AI's measures go before the person's, and the person's before the AI's, and by how much.

    Of each pair and direction the effect an hour, a day and a week later, in innovation SDs of what follows per
    innovation SD of what goes before; the difference of the two directions; the lag at which they are largest; and, a
    day later, the effect in each relationship, drawn towards those of all, with its reliability. Where there is no
    estimate, `method` says what is missing and what would do.

    Args:
        panel: PANEL with rows of sessions.
        rng: draws the partners.
        pairs: the questions. The more, the weaker each answer.
        readings: by measure, which reading it comes from, where that is known: a pair from one reading is refused.
        version_changes: by measure, when another version of the annotator began to read, if any did.
        n_draws: how often partners are shuffled.
        level: the coverage that intervals aim at.
        n_threads: as in `state_space`.
        relationships_differ: False fits one drift for all, which hardly touches mean effects and takes a fifth of the
            time; nothing is then said of single relationships.
        progress: called after each pair with how much is done, from 0 to 1.

    Raises:
        SchemaError: the panel breaks its contract.

    Assumes:  as the state space; relationships are independent, and those that began about the same time could have had
        each other's AI; when people come does not depend on their state.
    Source:   driver2018; anscombe1948 for angles; benjaminihochberg1995 over pairs and directions.
    Checked:  benchmarks/recovery/influence.py
    """
    check(panel, PANEL, stage="dynamics")
    answers = []
    for place, pair in enumerate(pairs):
        found = _usable(paired(panel, pair), pair, dict(readings or {}))
        if isinstance(found, tuple):
            answers.append(_Answer(pair, found[0], found[1]))
        else:
            changes = [(version_changes or {}).get(measure, ()) for measure in (pair.person, pair.ai)]
            fitted = fit_pair(
                found,
                changes,
                rng=rng,
                n_draws=n_draws,
                level=level,
                n_threads=n_threads,
                relationships_differ=relationships_differ,
            )
            answers.append(_Answer(pair, fitted, found.n_units))
        progress((place + 1) / len(pairs))
    return _estimates(answers, level=level)


def _usable(found: Paired, pair: Pair, readings: dict[str, str]) -> Paired | tuple[Refused, int]:
    """The relationships that are long enough; or why they cannot be used, and how many there are."""
    together = read_as_one(pair, load(), readings)
    if not found.n_units or not np.isfinite(found.values).any(axis=0).all():
        unread = pair.ai if not found.n_units or not np.isfinite(found.values[:, AI]).any() else pair.person
        return Refused(
            reason=Missing.NO_ANNOTATOR,
            what=f"{unread.removeprefix(RATE)} was read in no session",
            do="an annotator that looks for both",
        ), 0
    if together:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what=f"{together}, so that the errors of one go with the errors of the other",
            do="readings of either side alone",
        ), found.n_units
    found = found.kept(long_enough(found))
    if found.n_units < MIN_RELATIONSHIPS:
        return Refused(
            reason=Missing.TOO_FEW,
            what=f"both were read in {MIN_SESSIONS} sessions or more of {found.n_units:,}"
            f" {'relationship' if found.n_units == 1 else 'relationships'}",
            do=f"{MIN_RELATIONSHIPS} relationships of at least {MIN_SESSIONS} sessions in which both can be read",
        ), found.n_units
    moving = share_moving(found)
    if moving.min() < RAREST:
        still = (pair.person, pair.ai)[int(np.argmin(moving))].removeprefix(RATE)
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what=f"{still} is seen, or not seen, in {100 * moving.min():.0f} of 100 sessions only: a series that hardly"
            " ever leaves its floor or ceiling cannot be followed",
            do="a construct that comes and goes more often, or longer sessions",
        ), found.n_units
    return found


def _estimates(answers: Sequence[_Answer], *, level: float) -> list[Estimate]:
    """All of it, with p-values adjusted over the questions that could be asked."""
    fitted = [answer.found for answer in answers if isinstance(answer.found, Fitted)]
    n_questions = 2 * len(fitted)
    p = np.array([one.p for one in fitted]).reshape(len(fitted), len(HORIZONS), 2)
    apart = np.array([one.difference_p for one in fitted]).reshape(len(fitted), len(HORIZONS))
    for h in range(len(HORIZONS)):
        p[:, h] = benjamini_hochberg(p[:, h].reshape(-1)).reshape(-1, 2)
        apart[:, h] = benjamini_hochberg(apart[:, h])
    estimates: list[Estimate] = []
    place = 0
    for answer in answers:
        if isinstance(answer.found, Refused):
            estimates += refused(answer.pair, answer.found, n=answer.n_long, level=level)
            continue
        one = answer.found
        for h, horizon in enumerate(HORIZONS):
            for d, direction in enumerate(DIRECTIONS):
                estimates.append(
                    of_direction(answer.pair, one, h, d, horizon, direction, p=float(p[place, h, d]), of=n_questions)
                )
            estimates.append(of_difference(answer.pair, one, h, horizon, p=float(apart[place, h]), of=len(fitted)))
        estimates.append(of_peak(answer.pair, one))
        estimates += of_unit(answer.pair, one)
        place += 1
    return estimates
