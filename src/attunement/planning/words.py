"""What a plan says, in sentences."""

from __future__ import annotations

import math

from attunement.planning.records import LabelRow, Planned, PlannedRate, Row
from attunement.statistics.power import Ends

FAR = 10
"""Times the most people that were asked about, beyond which a number of people is not told."""

SINGLE_FLOOR = 0.6
"""Reliability below which nothing is said of single people."""


def sentence(planned: Planned, row: Row) -> str:
    """How many people studies of one length and reliability take."""
    design = planned.design
    where = f"With {row.sessions} sessions each and a reliability of {row.reliability:g}"
    asks = planned.asks.format(effect=planned.effect_in_words)
    if row.needed is None:
        return f"{where} no answer would come: {row.cells[-1].refused}."
    most = max(design.people)
    needed = row.needed
    least = min(cell.people for cell in row.cells if cell.power is not None) if _answered(row) else most
    if needed.value > FAR * most:
        said = f"more people are needed than can be told from these runs (over {FAR * most:,})"
    elif needed.value <= least:
        said = f"{least:,} people, the fewest that were simulated, are enough"
    else:
        said = f"about {rounded(needed.value):,} people are needed ({_ends(needed, FAR * most)})"
    text = f"{where} {said} to find {asks}, in {100 * design.power:.0f} of 100 studies."
    if row.of_single is not None:
        told = "is" if row.of_single >= SINGLE_FLOOR else "is not"
        text += f" Of single people it {told} told: the reliability is {row.of_single:.2f}, and .60 is asked for."
    if not row.smooth:
        text += " Counts do not agree with the curve: take the counts."
    return text


def sentence_of_labels(planned: PlannedRate, row: LabelRow) -> str:
    """How many labels a rate takes at one reliability of the annotator."""
    design = planned.design
    where = f"With {design.people:,} people of {design.sessions} sessions and an annotator of reliability"
    wanted = f"a rate of {100 * design.rate:g} in 100 to {100 * design.width:g} either way"
    if row.needed is None:
        why = next((cell.refused for cell in row.cells if cell.refused), "one number of labels tells no other")
        return f"{where} {row.reliability:g} it is not told how many labels {wanted} takes: {why}."
    most = max(design.labels)
    if math.isinf(row.needed.value):
        return (
            f"{where} {row.reliability:g} no number of labels tells {wanted}: what people differ by leaves more."
            " Needed: more people."
        )
    least = min(cell.labels for cell in row.cells if cell.width is not None)
    if row.needed.value <= least:
        return f"{where} {row.reliability:g} {least:,} labelled sessions or fewer are enough to know {wanted}."
    if row.needed.value > FAR * most:
        return f"{where} {row.reliability:g} it takes more labels than these runs tell (over {FAR * most:,}): {wanted}."
    return (
        f"{where} {row.reliability:g} about {rounded(row.needed.value):,} labelled sessions are needed"
        f" ({_ends(row.needed, FAR * most)}) to know {wanted}."
    )


def rounded(people: float) -> int:
    """Up to two digits: more are not known."""
    if people < 100:
        return math.ceil(people)
    step = 10 ** (math.floor(math.log10(people)) - 1)
    return int(math.ceil(people / step) * step)


def _answered(row: Row) -> bool:
    return any(cell.power is not None for cell in row.cells)


def _ends(needed: Ends, most: int) -> str:
    upper = "no upper end is told by so few runs" if needed.high > most else f"{rounded(needed.high):,}"
    return f"{rounded(needed.low):,} to {upper}"
