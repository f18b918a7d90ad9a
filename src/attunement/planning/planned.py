"""The grid of a plan: studies are simulated, estimated as an audit would, and read as curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from scipy import special

from attunement.errors import OptionError
from attunement.planning import change, hacking, influence
from attunement.planning.panels import World
from attunement.planning.records import Cell, Design, Planned, Row
from attunement.planning.studies import Question, Study, rejected
from attunement.planning.words import sentence
from attunement.statistics.power import Ends, PowerCurve, Scores, counted, fit_curve

QUESTIONS: Mapping[str, Question] = {
    "influence": influence.QUESTION,
    "reward-hacking": hacking.QUESTION,
    "change": change.QUESTION,
    "arms": change.ARMS,
}
"""What can be planned for by power."""

FEWEST_STUDIES = 8
"""For a curve, in all."""

MOST_REFUSED = 0.2
"""Share of studies that the estimator may refuse."""

DISAGREES = 0.001
"""Probability below which counts are said not to agree with the curve."""

SHARE_OF_NULLS = 1 / 3
"""Of the studies, those in which nothing is there."""

Progress = Callable[[str, float], None]
"""Called with what is done and how much of it, from 0 to 1."""


def plan(
    question: str,
    *,
    people: Sequence[int] | None = None,
    sessions: Sequence[int] | None = None,
    reliability: Sequence[float] = (0.7,),
    effect: float | None = None,
    harm: float | None = None,
    spread: float | None = None,
    drop_out: float = 0.1,
    power: float = 0.8,
    level: float = 0.05,
    tests: int = 1,
    runs: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Planned:
    """How likely studies of some sizes find an effect, by simulation on the estimators of an audit.

    Args:
        question: of QUESTIONS.
        people, sessions, reliability: the grid.
        effect: in the unit of the question; without one, its default.
        harm: of reward-hacking, the later loss; without one, as the effect, which is the lift.
        spread: standard deviation over people of their own effects.
        drop_out: share of people who leave before their last planned session.
        power: what the number of people and the smallest effect are told for.
        level: how often a test may find what is not there.
        tests: how many tests share the level.
        runs: simulated studies in all.
        seed: the same seed gives the same numbers.
        progress: called as the work goes on.

    Raises:
        OptionError: the question is not known, or a number makes no sense.

    Assumes:  sessions come at irregular times that do not depend on what is felt; people leave by chance; the annotator's
        errors do not depend on anything.
    Checked:  benchmarks/recovery/planning.py
    """
    if question not in QUESTIONS:
        raise OptionError(
            "this cannot be planned for", got=question, have=", ".join(QUESTIONS), do="ask one of these questions"
        )
    asked = QUESTIONS[question]
    size = asked.effect if effect is None else effect
    if not abs(size) > asked.margin or (harm is not None and not harm > asked.margin):
        raise OptionError(
            "an effect of nothing cannot be planned for",
            got=f"{size:g}" if harm is None else f"{size:g} and {harm:g}",
            have=f"effects beyond {asked.margin:g} {asked.unit}",
            do="name the smallest effect that would matter",
        )
    design = Design(
        people=tuple(sorted(set(people or asked.people))),
        sessions=tuple(sorted(set(sessions or asked.sessions))),
        reliability=tuple(sorted(set(reliability))),
        effect=size,
        harm=size if harm is None else harm,
        spread=asked.spread if spread is None else spread,
        drop_out=drop_out,
        power=power,
        level=level,
        tests=tests,
        runs=asked.runs if runs is None else runs,
        seed=seed,
    )
    sizes = list(product(design.reliability, design.sessions))
    rows = []
    for number, (trust, length) in enumerate(sizes):
        told = None if progress is None else _part(progress, number, len(sizes))
        rows.append(_row(asked, design, length, trust, n_curves=len(sizes), told=told))
    found = Planned(question=question, asks=asked.asks, unit=asked.unit, design=design, rows=tuple(rows))
    return replace(found, sentences=tuple(sentence(found, row) for row in found.rows))


def _part(progress: Progress, number: int, of: int) -> Callable[[float], None]:
    return lambda share: progress("simulating", (number + share) / of)


def _row(
    asked: Question,
    design: Design,
    length: int,
    trust: float,
    *,
    n_curves: int,
    told: Callable[[float], None] | None,
) -> Row:
    """Studies of one length and reliability."""
    world = World(0, length, design.effect, trust, design.drop_out, design.spread, design.harm)
    simulated = [n for n in design.people if n <= asked.most_people] or [asked.most_people]
    per_size = max(FEWEST_STUDIES, design.runs // n_curves) // len(simulated)
    n_null = round(per_size * SHARE_OF_NULLS) if asked.nulls else 0
    seeds = np.random.SeedSequence([design.seed, length, round(1e6 * trust)])
    found: dict[int, list[Study]] = {}
    nothing: list[bool] = []
    refusals: dict[int, str] = {}
    for place, n in enumerate(simulated):
        rng = np.random.default_rng([*seeds.generate_state(4), n])
        studies = [world._replace(n_people=n)] * max(per_size - n_null, 2)
        nulls = [asked.nulls[number % len(asked.nulls)] for number in range(n_null)]
        studies += [
            world._replace(n_people=n, effect=share * design.effect, harm=other * design.harm) for share, other in nulls
        ]
        made, why = _made(asked, studies, rng, design, told=_within(told, place, len(simulated)))
        if why:
            refusals[n] = why
            continue
        n_effects = len(studies) - n_null
        found[n] = [one for one in made[:n_effects] if one is not None]
        nothing += [_wrong(one, design, two_sided=asked.sides == 2) for one in made[n_effects:] if one is not None]
        nothing += [one.p_of_nothing * design.tests <= design.level for one in found[n] if np.isfinite(one.p_of_nothing)]
    return _read(asked, design, length, trust, found=found, nothing=nothing, refusals=refusals)


def _within(told: Callable[[float], None] | None, place: int, of: int) -> Callable[[float], None] | None:
    return None if told is None else (lambda share: told((place + share) / of))


def _made(
    asked: Question,
    worlds: Sequence[World],
    rng: np.random.Generator,
    design: Design,
    *,
    told: Callable[[float], None] | None,
) -> tuple[list[Study | None], str]:
    """A study of each world, None where it was refused; and why, where too many were."""
    made: list[Study | None] = []
    n_refused, why = 0, ""
    for place, world in enumerate(worlds):
        study = asked.study(rng, world, 1 - design.level)
        if isinstance(study, str):
            why, n_refused = study, n_refused + 1
            # The first studies are enough to see that all would be refused.
            if n_refused > MOST_REFUSED * len(worlds) or n_refused == place + 1 == 2:
                return made, why
        made.append(None if isinstance(study, str) else study)
        if told is not None:
            told((place + 1) / len(worlds))
    return made, ""


def _wrong(study: Study, design: Design, *, two_sided: bool) -> bool:
    return study.p * design.tests <= design.level and (two_sided or study.z > 0)


def _read(
    asked: Question,
    design: Design,
    length: int,
    trust: float,
    *,
    found: Mapping[int, Sequence[Study]],
    nothing: Sequence[bool],
    refusals: Mapping[int, str],
) -> Row:
    """What the studies say of every number of people."""
    if not found:
        why = next(iter(refusals.values()))
        cells = tuple(
            Cell(people=n, power=None, smallest=None, found=None, refused=refusals.get(n, why)) for n in design.people
        )
        return Row(
            sessions=length,
            reliability=trust,
            cells=cells,
            needed=None,
            by_chance=None,
            estimate=None,
            of_single=None,
        )
    studies = [(n, one) for n, some in found.items() for one in some]
    values = np.array([one.values for _, one in studies])
    part = values[:, int(np.argmin(np.abs(values.mean(axis=0))))]
    mean, error = float(part.mean()), 1.96 * float(part.std(ddof=1) / np.sqrt(len(part)))
    curve = fit_curve(
        Scores(
            n=np.array([float(n) for n, _ in studies]),
            z=np.array([one.z for _, one in studies]),
            capped=np.array([one.capped for _, one in studies]),
        ),
        rng=np.random.default_rng([design.seed, length, round(1e6 * trust), 1]),
        from_nothing=asked.sides == 2,
    )
    critical = -float(special.ndtri(design.level / design.tests / asked.sides))
    cells = tuple(_cell(asked, design, n, curve, critical, found, refusals, mean=mean) for n in design.people)
    own = [one.reliability for _, one in studies if np.isfinite(one.reliability)]
    return Row(
        sessions=length,
        reliability=trust,
        cells=cells,
        needed=_needed(curve, design, critical, least=min(found)),
        by_chance=counted(sum(nothing), len(nothing)) if nothing else None,
        estimate=Ends(mean, mean - error, mean + error),
        of_single=float(np.mean(own)) if own else None,
        smooth=_agrees(cells, found),
    )


def _cell(
    asked: Question,
    design: Design,
    n: int,
    curve: PowerCurve,
    critical: float,
    found: Mapping[int, Sequence[Study]],
    refusals: Mapping[int, str],
    *,
    mean: float,
) -> Cell:
    if n in refusals:
        return Cell(people=n, power=None, smallest=None, found=None, refused=refusals[n])
    here = found.get(n)
    hits = [rejected(one, level=design.level, tests=design.tests) for one in here or ()]
    # Estimates are drawn down by error and shortness in proportion: the effect that is put in is what is told.
    drawn = mean / design.effect if abs(mean) > asked.margin else 1.0
    smallest = curve.smallest(design.power, n=n, critical=critical, effect=abs(mean), margin=asked.margin)
    return Cell(
        people=n,
        power=curve.power(n, critical=critical),
        smallest=Ends(*(end / abs(drawn) for end in smallest)),
        found=counted(sum(hits), len(hits)) if hits else None,
    )


def _needed(curve: PowerCurve, design: Design, critical: float, *, least: int) -> Ends:
    """No fewer people than the estimator was seen to answer for."""
    return Ends(*(max(end, float(least)) for end in curve.needed(design.power, critical=critical)))


def _agrees(cells: Sequence[Cell], found: Mapping[int, Sequence[Study]]) -> bool:
    """Whether counts in each size are what the curve says, by a chi-squared test."""
    total, n_sizes = 0.0, 0
    for cell in cells:
        if cell.power is None or cell.found is None or len(found.get(cell.people, ())) < 10:
            continue
        p = min(max(cell.power.value, 0.02), 0.98)
        total += cell.found.n * (cell.found.value - p) ** 2 / (p * (1 - p))
        n_sizes += 1
    return n_sizes == 0 or float(special.chdtrc(n_sizes, total)) >= DISAGREES
