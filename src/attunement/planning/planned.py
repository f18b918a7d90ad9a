"""A plan: studies of every size are simulated, estimated as an audit would, and read as curves over people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from attunement.errors import OptionError
from attunement.planning import change, hacking, influence
from attunement.planning.panels import World
from attunement.planning.reading import row_of
from attunement.planning.records import Design, Planned, Progress, silent
from attunement.planning.simulating import simulated
from attunement.planning.studies import Question
from attunement.planning.words import sentence

QUESTIONS: Mapping[str, Question] = {
    "influence": influence.QUESTION,
    "reward-hacking": hacking.QUESTION,
    "change": change.QUESTION,
    "arms": change.ARMS,
}
"""What can be planned for by power."""


def plan(  # noqa: PLR0913 - the options of the command line, each by its keyword
    question: str,
    *,
    people: Sequence[int] | None = None,
    sessions: Sequence[int] | None = None,
    reliability: Sequence[float] = (0.5,),
    effect: float | None = None,
    harm: float | None = None,
    spread: float | None = None,
    drop_out: float = 0.1,
    power: float = 0.8,
    level: float = 0.05,
    tests: int = 1,
    runs: int | None = None,
    seed: int = 0,
    progress: Progress = silent,
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

    Assumes:  sessions come at irregular times that do not depend on what is felt; people leave by chance; the errors
        of the annotator do not depend on anything.
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
    worlds = [
        World(0, length, size, trust, drop_out, design.spread, design.harm)
        for trust, length in product(design.reliability, design.sessions)
    ]
    rows = []
    for number, world in enumerate(worlds):

        def told(share: float, number: int = number) -> None:
            progress("simulating", (number + share) / len(worlds))

        made = simulated(asked, design, world, runs=design.runs // len(worlds), told=told)
        rows.append(row_of(asked, design, world, made))
    found = Planned(question=question, asks=asked.asks, unit=asked.unit, design=design, rows=tuple(rows))
    return replace(found, sentences=tuple(sentence(found, row) for row in found.rows))
