"""Findings over many relationships: distributions, or the refusal where a group is too small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from attunement.findings.reading import Read
from attunement.findings.words import number
from attunement.vocabulary import Estimate, Finding, Missing, Rung


def distributions(
    estimates: Sequence[Estimate], *, relationships: pa.Table, constructs: Sequence[Read], group_floor: int
) -> list[Finding]:
    """The spread of each measure over relationships, for groups of at least `group_floor` people."""
    if relationships.num_rows < 2:
        return []
    people = dict(
        zip(
            relationships.column("relationship_id").to_pylist(),
            relationships.column("person_id").to_pylist(),
            strict=True,
        )
    )
    measures = {"weekly.sessions": "sessions a week", "weekly.minutes": "minutes a week"} | {
        item.measure: f"signs of {item.quoted} in 100 {item.of}" for item in constructs
    }
    found = []
    for measure, words in measures.items():
        usable = [
            estimate
            for estimate in estimates
            if estimate.measure == measure and not isinstance(estimate.value, Missing)
        ]
        n_people = len({people[estimate.relationship_id] for estimate in usable if estimate.relationship_id in people})
        found.append(_distribution(usable, measure, words, n_people=n_people, group_floor=group_floor))
    return found


def _distribution(usable: Sequence[Estimate], measure: str, words: str, *, n_people: int, group_floor: int) -> Finding:
    key = f"many.{measure}"
    if not usable or n_people < group_floor:
        return Finding(
            key=key,
            relationship_id=None,
            claim=f"How the number of {words} differs between people is not shown: a group of fewer than {group_floor}"
            " people could point at one of them.",
            rung=Rung.DESCRIBED,
            missing=Missing.WITHHELD,
            would_need=f"relationships of at least {group_floor} people in which it could be measured",
        )
    values = np.array([estimate.value for estimate in usable], dtype=float)
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    spread = Estimate(
        measure=key,
        relationship_id=None,
        value=float(middle),
        low=float(low),
        high=float(high),
        level=0.5,
        n=len(usable),
        n_of=f"relationships of {n_people} people",
        rung=Rung.DESCRIBED,
        null=None,
        method="median and quartiles over relationships (the range that holds the middle half of them, not its error)",
        unit=usable[0].unit,
    )
    return Finding(
        key=key,
        relationship_id=None,
        claim=f"The middle half of {len(usable)} relationships of {n_people} people have between {number(low)} and"
        f" {number(high)} {words}; the one in the middle has {number(middle)}.",
        rung=Rung.DESCRIBED,
        estimates=(spread,),
        caveats=("The spread holds each relationship's own error too, so it is wider than that of the true values.",),
    )
