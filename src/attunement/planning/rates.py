"""How many labels by people a rate takes, where an annotator that errs read everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from attunement.errors import OptionError
from attunement.planning.records import MOST_CELLS, LabelCell, LabelRow, PlannedRate, Progress, RateDesign, silent
from attunement.planning.words import sentence_of_labels
from attunement.statistics.annotator_error import Judged, LabelDesign, Refused, correct_mean
from attunement.statistics.power import Ends, counted

MESSAGES = 5
"""Of the construct's side in each session."""

TOO_HIGH = 0.03
"""By which the annotator's scores are too high everywhere: the correction has to take it out."""

RUNS = 960
"""Simulated draws for the whole grid."""

FEWEST_RUNS = 10
"""For a cell."""

N_BOOTSTRAP = 400


class _Draw(NamedTuple):
    half: float
    labels_alone: float
    value: float
    covers: bool


def plan_rate(  # noqa: PLR0913 - the options of the command line, each by its keyword
    *,
    labels: Sequence[int] = (100, 200, 400, 800),
    rate: float = 0.1,
    width: float = 0.02,
    people: int = 300,
    sessions: int = 40,
    reliability: Sequence[float] = (0.5, 0.7, 0.9),
    spread: float = 0.08,
    level: float = 0.05,
    runs: int = RUNS,
    seed: int = 0,
    progress: Progress = silent,
) -> PlannedRate:
    """How wide the interval of a construct's rate is, corrected for an annotator's errors by labels of people.

    Args:
        labels: sessions that people label, drawn by chance from all.
        rate: share of messages that show the construct.
        width: half of the interval that is wanted.
        people: relationships of the log.
        sessions: of each.
        reliability: squared correlation of the annotator's score of a message with what people say of it.
        spread: standard deviation of relationships' own rates.
        level: one less the coverage of the interval.
        runs: simulated draws in all.
        seed: the same seed gives the same numbers.
        progress: called as the work goes on.

    Raises:
        OptionError: a number makes no sense.

    Assumes:  the annotator errs alike everywhere; labels are right.
    Source:   angelopoulos2023b
    Checked:  benchmarks/recovery/planning.py
    """
    design = RateDesign(
        labels=tuple(sorted(set(labels))),
        rate=rate,
        width=width,
        people=people,
        sessions=sessions,
        reliability=tuple(sorted(set(reliability))),
        spread=spread,
        level=level,
        runs=runs,
        seed=seed,
    )
    n_cells = len(design.labels) * len(design.reliability)
    if n_cells > MOST_CELLS:
        raise OptionError("the grid is too large", got=f"{n_cells} cells", have=f"at most {MOST_CELLS}", do="ask less")
    n_runs = max(FEWEST_RUNS, runs // n_cells)
    rows = []
    for place, trust in enumerate(design.reliability):
        draws: dict[int, list[_Draw]] = {}
        refusals: dict[int, str] = {}
        for number, n in enumerate(design.labels):
            rng = np.random.default_rng([seed, round(1e6 * trust), n])
            for _ in range(n_runs):
                drawn = _drawn(rng, design, trust, n)
                if isinstance(drawn, str):
                    refusals[n] = drawn
                    break
                draws.setdefault(n, []).append(drawn)
            progress("simulating", (place * len(design.labels) + number + 1) / n_cells)
        rows.append(_row(design, trust, {n: some for n, some in draws.items() if n not in refusals}, refusals))
    found = PlannedRate(design=design, rows=tuple(rows), sentences=())
    return PlannedRate(design=design, rows=found.rows, sentences=tuple(sentence_of_labels(found, row) for row in rows))


def _drawn(rng: np.random.Generator, design: RateDesign, trust: float, n_labels: int) -> _Draw | str:
    """One log, one draw of sessions, one corrected rate; or why there is none."""
    n_sessions = design.people * design.sessions
    if n_labels >= n_sessions:
        return f"there are {n_sessions:,} sessions in all; needed: a larger log, or nothing but people"
    size = design.rate * (1 - design.rate) / max(design.spread, 1e-6) ** 2 - 1
    own = rng.beta(size * design.rate, size * (1 - design.rate), size=design.people)
    cluster = np.repeat(np.arange(design.people), design.sessions * MESSAGES)
    shown = (rng.random(len(cluster)) < own[cluster]).astype(float)
    error = np.sqrt(design.rate * (1 - design.rate) * (1 - trust) / trust)
    said = shown + TOO_HIGH + error * rng.standard_normal(len(cluster))
    chosen = np.zeros(n_sessions, dtype=bool)
    chosen[rng.choice(n_sessions, size=n_labels, replace=False)] = True
    labelled = np.repeat(chosen, MESSAGES)
    found = correct_mean(
        Judged(said=said, label=np.where(labelled, shown, np.nan)),
        LabelDesign(
            cluster=cluster,
            p_label=np.full(len(cluster), n_labels / n_sessions),
            labelled=labelled,
            stratum=np.zeros(len(cluster), dtype=np.int64),
        ),
        level=1 - design.level,
    )
    if isinstance(found, Refused):
        return f"{found.what.rstrip('.')}; needed: {found.do.rstrip('.')}"
    one = found.corrected
    return _Draw(
        half=float(one.high[0] - one.low[0]) / 2,
        labels_alone=float(found.labels_only.high[0] - found.labels_only.low[0]) / 2,
        value=float(one.value[0]),
        covers=bool(one.low[0] <= design.rate <= one.high[0]),
    )


def _row(design: RateDesign, trust: float, draws: dict[int, list[_Draw]], refusals: dict[int, str]) -> LabelRow:
    cells = []
    for n in design.labels:
        if n in refusals:
            cells.append(LabelCell(labels=n, refused=refusals[n]))
            continue
        some = draws[n]
        cells.append(
            LabelCell(
                labels=n,
                width=_mean([one.half for one in some]),
                labels_alone=_mean([one.labels_alone for one in some]),
                covers=counted(sum(one.covers for one in some), len(some)),
                bias=_mean([one.value - design.rate for one in some]),
            )
        )
    needed = None
    if len(draws) > 1:
        needed = _needed(draws, design.width, np.random.default_rng([design.seed, round(1e6 * trust)]))
    return LabelRow(reliability=trust, cells=tuple(cells), needed=needed)


def _mean(values: Sequence[float]) -> Ends:
    mean, error = float(np.mean(values)), 1.96 * float(np.std(values, ddof=1) / np.sqrt(len(values)))
    return Ends(mean, mean - error, mean + error)


def _needed(draws: dict[int, list[_Draw]], width: float, rng: np.random.Generator) -> Ends:
    """Labels for the width: its square is what relationships leave, and a part that falls with one over labels."""
    inverse = np.concatenate([np.full(len(some), 1 / n) for n, some in draws.items()])
    square = np.concatenate([[one.half**2 for one in some] for some in draws.values()])
    weight = np.concatenate([np.ones((1, len(square))), rng.standard_exponential((N_BOOTSTRAP, len(square)))])
    # Squares scatter in proportion to themselves.
    weight = weight / (inverse + inverse.min()) ** 2
    total = weight.sum(axis=1)
    x_mean, y_mean = weight @ inverse / total, weight @ square / total
    away = inverse[None] - x_mean[:, None]
    slope = np.sum(weight * away * square[None], axis=1) / np.sum(weight * away**2, axis=1)
    left = width**2 - np.maximum(y_mean - slope * x_mean, 0.0)
    n = np.where((left > 0) & (slope > 0), slope / np.where(left > 0, left, 1.0), np.inf)
    low, high = np.quantile(n[1:], (0.025, 0.975), method="nearest")
    return Ends(float(n[0]), min(float(low), float(n[0])), max(float(high), float(n[0])))
