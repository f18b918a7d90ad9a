"""Influence both ways, side by side: read out of the measures of estimates, horizon by horizon."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from attunement.report.claims import Reading, Speaker
from attunement.report.strips import Tick, scale_of
from attunement.report.words import capital
from attunement.vocabulary import Estimate

_HORIZONS = {"hour": "After an hour", "day": "After a day", "week": "After a week", "peak": "Where it is greatest"}
_HORIZON = re.compile(r"(?<![a-z])(hour|day|week|peak)(?![a-z])")
_WAYS = (
    ("to_person", re.compile(r"ai_?(?:to|->|before)_?(?:person|user)")),
    ("to_ai", re.compile(r"(?:person|user)_?(?:to|->|before)_?ai")),
    ("difference", re.compile(r"difference|contrast")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One horizon: what goes from the AI to the person, what goes from the person to the AI, and the difference."""

    name: str
    """The horizon, in words."""
    to_person: Reading | None
    """The person after the AI."""
    to_ai: Reading | None
    """The AI after the person."""
    difference: Reading | None
    """The first less the second, tested as one number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One pair of measures, through the horizons, on one scale."""

    about: str
    """What is exchanged, where there is more than one; else empty."""
    unit: str
    """Of all its numbers."""
    steps: tuple[Step, ...]
    """From the shortest horizon to the longest."""
    ticks: tuple[Tick, ...]
    """The scale that they share."""
    measures: tuple[str, ...]
    """The measures that it shows."""


@dataclass(slots=True)
class _Group:
    unit: str
    steps: dict[str, dict[str, Estimate]] = field(default_factory=dict)


def exchanges_of(estimates: Iterable[Estimate], say: Speaker) -> tuple[Exchange, ...]:
    """The exchanges in some estimates: those whose measure names a way and a horizon; others are left alone."""
    groups: dict[str, _Group] = {}
    for estimate in estimates:
        read = _read(estimate.measure)
        if read is not None:
            about, way, horizon = read
            group = groups.setdefault(about, _Group(unit=estimate.unit))
            group.steps.setdefault(horizon, {})[way] = estimate
    both = {about: group for about, group in groups.items() if any(len(step) > 1 for step in group.steps.values())}
    return tuple(_exchange(about, group, say) for about, group in both.items())


def _read(measure: str) -> tuple[str, str, str] | None:
    """What it is about, which way it goes and at which horizon, out of a name such as influence.ai_to_person.day."""
    horizon = next(reversed(list(_HORIZON.finditer(measure))), None)
    way = next(((name, found) for name, form in _WAYS if (found := form.search(measure))), None)
    if not measure.startswith("influence") or horizon is None or way is None:
        return None
    rest = measure.replace(horizon[0], " ").replace(way[1][0], " ")
    return rest.removeprefix("influence").strip(" ._:"), way[0], horizon[1]


def _exchange(about: str, group: _Group, say: Speaker) -> Exchange:
    scale = scale_of(one for step in group.steps.values() for one in step.values())

    def reading(step: dict[str, Estimate], way: str) -> Reading | None:
        return say.reading(step[way], scale) if way in step else None

    names = [say.names.construct(one.strip(" ._:")) for one in about.split("~") if one.strip(" ._:")]
    return Exchange(
        about=capital(" and ".join(names)),
        unit=group.unit,
        steps=tuple(
            Step(
                name=_HORIZONS[horizon],
                to_person=reading(group.steps[horizon], "to_person"),
                to_ai=reading(group.steps[horizon], "to_ai"),
                difference=reading(group.steps[horizon], "difference"),
            )
            for horizon in _HORIZONS
            if horizon in group.steps
        ),
        ticks=scale.ticks,
        measures=tuple(one.measure for step in group.steps.values() for one in step.values()),
    )
