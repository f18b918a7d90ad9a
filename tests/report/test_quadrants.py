"""Wanting against liking is drawn person by person, and not at all where there are too few."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from attunement.report import Contents, figures
from attunement.report.drawing import PLAIN
from attunement.report.page import html
from attunement.report.quadrants import MOST_POINTS, quadrant_figures
from attunement.vocabulary import Finding, Missing, Rung


def contents(made: ModuleType, n_people: int, *, n_each: int = 1) -> Contents:
    """People of whom some come to want it more and like it less, others both more, a third both less."""
    pairs = [(f"person {number}", f"AI {which}", 100) for number in range(n_people) for which in range(n_each)]
    rows = made.relationships(pairs)
    told = []
    for place, key in enumerate(rows["relationship_id"].to_pylist()):
        slopes = [(0.1, -0.2), (0.1, 0.2), (-0.1, -0.2)][place // n_each % 3]
        numbers = [
            made.estimate(measure, key, value, low=value - 1, high=value + 1, n=20 + place % n_each)
            for measure, value in zip(("decoupling.wanting.sessions", "decoupling.liking.rating"), slopes, strict=True)
        ]
        told.append(_finding("decoupling.own", key, numbers))
    excess = made.estimate("decoupling.excess.sessions~rating", None, 4.0, low=1.0, high=7.0)
    return replace(
        made.contents(), relationships=rows, findings=(_finding("decoupling.sessions~rating", None, [excess]), *told)
    )


def _finding(key: str, relationship: int | None, numbers: list) -> Finding:
    return Finding(key=key, relationship_id=relationship, claim="Told.", rung=Rung.DESCRIBED, estimates=tuple(numbers))


@pytest.mark.parametrize(("n_people", "n_drawn"), [(9, 0), (10, 1)])
def test_the_floor_is_of_people(made: ModuleType, n_people: int, n_drawn: int) -> None:
    assert len(quadrant_figures(contents(made, n_people), PLAIN)) == n_drawn
    assert len(quadrant_figures(contents(made, n_people, n_each=3), PLAIN)) == n_drawn


def test_each_person_is_one_point_and_small_quadrants_are_not_counted_out(made: ModuleType) -> None:
    (found,) = quadrant_figures(contents(made, 32, n_each=2), PLAIN)
    data = found.chart.to_dict()["datasets"]
    assert sum(len(rows) for rows in data.values() if "liking" in rows[0]) == 32
    assert dict(found.rows) == {
        "wanting up, liking down": "11",
        "both up": "11",
        "both down": "10",
        "wanting down, liking up": "fewer than 10",
    }
    assert "person" not in str(data)


def test_it_stands_on_the_page_and_among_the_figures(made: ModuleType) -> None:
    crowd = contents(made, 12)
    assert "people.wanting-liking" in figures(crowd)
    page = html(crowd)
    assert page.count('data-spec="people.wanting-liking"') == 1
    assert "slope of wanting, sessions" in page


def test_no_more_points_than_can_be_seen(made: ModuleType) -> None:
    (found,) = quadrant_figures(contents(made, MOST_POINTS + 500), PLAIN)
    data = found.chart.to_dict()["datasets"]
    drawn = sum(len(rows) for rows in data.values() if "liking" in rows[0])
    assert drawn <= MOST_POINTS
    assert found.caption.startswith("1\u202f250 of 2\u202f500 people. ")


def test_without_a_pair_there_is_none(made: ModuleType) -> None:
    crowd = contents(made, 12)
    refused = replace(crowd.findings[0], missing=Missing.TOO_FEW, would_need="more")
    assert quadrant_figures(replace(crowd, findings=(refused, *crowd.findings[1:])), PLAIN) == []
    assert quadrant_figures(replace(crowd, findings=crowd.findings[:1]), PLAIN) == []
