"""Numbers as marks on a line: the same scale for all rows, round ends, and every mark within it."""

from __future__ import annotations

import math
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attunement.report.strips import PERCENT, Scale, scale_of, strip_of
from attunement.vocabulary import Estimate, Missing, Rung

NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


def of(value: float | Missing, low: float | Missing, high: float | Missing) -> Estimate:
    return Estimate(
        measure="rate.ai.hook",
        relationship_id=1,
        value=value,
        low=low,
        high=high,
        level=0.95,
        n=1,
        n_of="messages",
        rung=Rung.DESCRIBED,
        null=None,
        method="made up",
    )


def percent(place: str) -> float:
    assert place.endswith("%")
    return float(place[:-1])


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), min_size=1, max_size=6))
def test_every_number_lies_on_the_scale_and_in_order(rows: list[list[float]]) -> None:
    estimates = [of(value, low, high) for low, value, high in rows]
    scale = scale_of(estimates)
    assert scale.low <= min(0.0, *(row[0] for row in rows)) + 1e-9 * scale.step
    assert scale.high >= max(0.0, *(row[2] for row in rows)) - 1e-9 * scale.step
    assert 1 <= round((scale.high - scale.low) / scale.step) <= 8
    for one in estimates:
        for each, first, last in ((scale, "low", "high"), (scale.mirror(), "high", "low")):
            strip = strip_of(one, each, "ai")
            assert strip is not None
            places = [percent(getattr(strip, first)), percent(strip.dot), percent(getattr(strip, last))]
            assert places == sorted(places)
            assert all(0 <= place <= 100 for place in places)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), st.sampled_from([0.01, 0.1, 10.0, 100.0]))
def test_a_scale_does_not_care_for_units(row: list[float], factor: float) -> None:
    low, value, high = row
    one, other = of(value, low, high), of(value * factor, low * factor, high * factor)
    here, there = (strip_of(each, scale_of([each]), "user") for each in (one, other))
    assert here is not None
    assert there is not None
    assert math.isclose(percent(here.dot), percent(there.dot), abs_tol=0.11)


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((17, 12, 23), ["0", "10", "20", "30"]),
        ((-3, -7, 1), ["\u22128", "\u22126", "\u22124", "\u22122", "0", "2"]),
        ((0, 0, 0), ["0", "0.50", "1"]),
    ],
)
def test_ticks_are_round(ends: tuple[float, float, float], words: list[str]) -> None:
    ticks = scale_of([of(*ends)]).ticks
    assert [tick.text for tick in ticks] == words
    assert [tick.anchor for tick in ticks] == ["start", *["middle"] * (len(words) - 2), "end"]


def test_mirrored_the_largest_stands_first() -> None:
    mirrored = PERCENT.mirror()
    assert [tick.text for tick in mirrored.ticks] == ["100", "75", "50", "25", "0"]
    assert mirrored.place(25.0) == "75.0%"
    assert mirrored.mirror() == PERCENT


def test_what_is_not_there_is_not_drawn() -> None:
    scale = Scale(low=0.0, high=10.0, step=5.0)
    assert strip_of(of(Missing.TOO_FEW, Missing.TOO_FEW, Missing.TOO_FEW), scale, "ai") is None
    alone = strip_of(of(5.0, Missing.TOO_FEW, Missing.TOO_FEW), scale, "ai")
    assert alone is not None
    assert (alone.dot, alone.low, alone.high, alone.zero) == ("50.0%", "", "", "")
    assert strip_of(of(0.0, -1.0, 1.0), Scale(low=-1.0, high=1.0, step=1.0), "ai").zero == "50.0%"  # type: ignore[union-attr]
    assert scale_of([of(Missing.TOO_FEW, Missing.TOO_FEW, Missing.TOO_FEW)]) == Scale(low=0.0, high=1.0, step=0.5)


def test_a_place_outside_is_put_at_the_end(made: ModuleType) -> None:
    assert PERCENT.place(-5.0) == "0.0%"
    assert PERCENT.place(130.0) == "100.0%"
