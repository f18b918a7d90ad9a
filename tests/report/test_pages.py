"""The pages of the dilemmas, the grid of the needs, and the sections that new findings fall into."""

from __future__ import annotations

import re
from dataclasses import replace
from types import ModuleType

import pytest

from attunement.report import Contents, figures, html
from attunement.report.claims import Speaker
from attunement.report.dilemmas import pages
from attunement.report.influence import exchanges_of
from attunement.report.needs import grid
from attunement.report.sections import KINDS, sections
from attunement.vocabulary import Finding, Missing, Rung, relationship_id, shown

KEY = relationship_id("owner", "Lumen")
ID = shown(KEY)


@pytest.fixture(scope="module")
def all_kinds(made: ModuleType, three: Contents) -> Contents:
    return replace(three, findings=(*three.findings, *made.later(KEY), *made.over_many()))


@pytest.fixture(scope="module")
def full(all_kinds: Contents) -> str:
    return html(all_kinds)


def about(contents: Contents) -> list[Finding]:
    return [finding for finding in contents.findings if finding.relationship_id == KEY]


def part(page: str, anchor: str) -> str:
    """The HTML of one section, by the id on it."""
    found = re.search(rf'<section[^>]* id="{re.escape(anchor)}".*?</section>', page, re.DOTALL)
    assert found is not None, anchor
    return found[0]


def test_each_dilemma_has_a_page_an_anchor_and_an_entry(page: str) -> None:
    for name in ("present-future", "self-system", "ai-human"):
        assert part(page, f"{name}-{ID}")
        assert page.count(f'href="#{name}-{ID}"') >= 2, "in the relationship's own contents and at a glance"


def test_both_sides_stand_beside_one_another_on_mirrored_scales(all_kinds: Contents) -> None:
    human = pages(about(all_kinds), Speaker(all_kinds), ())[2]
    assert (human.key, human.poles) == ("ai-human", ("The AI", "Other people"))
    (talk,) = human.quantities
    (first,), (second,) = talk.first, talk.second
    assert (first.what, second.what) == ("Affection for the AI", "Contact with people they know")
    assert [tick.text for tick in human.ticks[0]] == [tick.text for tick in human.ticks[1]][::-1]
    assert first.strip is not None
    assert second.strip is not None
    left, right = (float(strip.dot[:-1]) for strip in (first.strip, second.strip))
    assert (100 - left) / right == pytest.approx(7.9 / 10.8, abs=0.01)


def test_a_balance_is_told_with_its_ends_interval_and_change(page: str) -> None:
    told = re.sub(r"<[^>]+>|\s+", " ", part(page, f"ai-human-{ID}"))
    told = re.sub(r" +", " ", told)
    assert "58 of 100 signs are on the right ( interval 41 to 73)" in told
    assert "Second half less first: \u22128 (\u221230 to 15)" in told
    assert "Affection for the AI Contact with people they know" in told


def test_weeks_are_drawn_where_there_are_enough(made: ModuleType, three: Contents) -> None:
    key = f"{ID}.dilemma.ai-human.talk"
    chart = figures(three)[key].to_dict()
    rows = [row for some in chart["datasets"].values() for row in some]
    assert len({row["at"] for row in rows if row.get("y", 0) > 0}) == 9
    assert len({row["at"] for row in rows if row.get("y", 0) < 0}) == 9
    panel = three.panel.filter(
        [row["period_start"] < made.MONDAY + 5 * made.timedelta(weeks=1) for row in three.panel.to_pylist()]
    )
    assert key not in figures(replace(three, panel=panel))


def test_one_side_alone_and_nothing_at_all(page: str) -> None:
    assert "not measured" in part(page, f"present-future-{ID}")
    assert "Present and future self: later regret" in part(page, f"present-future-{ID}")
    assert "Neither side could be measured here." in part(page, f"self-system-{ID}")


def test_caveats_of_a_page_are_said_once(page: str) -> None:
    assert part(page, f"ai-human-{ID}").count("Both are told in the same messages of the same person.") == 1


def test_needs_are_one_grid_on_one_scale(all_kinds: Contents) -> None:
    found = grid(about(all_kinds), Speaker(all_kinds))
    assert [need for need, _, _ in found.needs] == ["autonomy", "competence", "relatedness"]
    assert all(len(ledgers) == 4 for _, _, ledgers in found.needs)
    known = [ledger for _, _, ledgers in found.needs for ledger in ledgers if ledger.readings]
    assert [ledger.name for ledger in known] == ["AI thwarts", "AI thwarts"]
    dots = {one.strip.dot for ledger in known for one in ledger.readings if one.strip}
    assert len(dots) == 1, "the same rate lies at the same place in every cell"
    gone = [ledger for _, _, ledgers in found.needs for ledger in ledgers if not ledger.readings]
    assert all(ledger.why_not == Missing.NO_ANNOTATOR.sentence for ledger in gone)


def test_every_kind_has_its_section(full: str) -> None:
    for kind in KINDS:
        where = "all" if kind.key in ("influence", "hacking") else ID
        if kind.key not in ("decoupling", "drift", "accommodation"):
            assert kind.name in part(full, f"{kind.key}-{where}")
    assert "The wish for contact rises" in part(full, f"present-future-{ID}")
    assert "Affection grew by about what it grows anyway" in part(full, f"self-system-{ID}")
    assert "style moved towards the AI" in part(full, f"self-system-{ID}")
    assert "A finding of a kind that has no place of its own." in full


def test_a_finding_stands_in_one_place(all_kinds: Contents, full: str) -> None:
    for finding in about(all_kinds):
        if finding.key.split(".")[0] in ("decoupling", "break", "drift", "accommodation", "alarm", "kind_of_its_own"):
            assert full.count(f"<bdi>{finding.claim.replace(chr(39), '&#39;')}</bdi>") == 1


def test_a_refusal_says_what_it_needs_in_its_place(full: str) -> None:
    told = part(full, f"depth-{ID}")
    assert "Not known:" in told
    assert "Whether another would do cannot be said." in told
    assert "at least 20 readable messages of the person" in told


def test_reliability_is_printed(full: str) -> None:
    assert "reliability 0.72" in part(full, f"break-{ID}")


def test_influence_goes_both_ways_side_by_side(made: ModuleType, all_kinds: Contents) -> None:
    (found, *_) = made.over_many()
    (exchange,) = exchanges_of(found.estimates, Speaker(all_kinds))
    assert [step.name for step in exchange.steps] == ["After an hour", "After a day", "After a week"]
    assert exchange.about == "Claims to feel, to live or to have a body and affection for the AI"
    first = exchange.steps[0]
    assert (first.to_person.amount, first.to_ai.amount, first.difference.amount) == ("0.11", "0.04", "0.07")  # type: ignore[union-attr]
    assert not [name for name in exchange.measures if name.endswith("peak_lag")]


@pytest.mark.parametrize("measure", ["influence.x", "influence.ai_before_person.day", "rate.ai.hook", "influence.day"])
def test_what_cannot_be_read_is_no_exchange(made: ModuleType, all_kinds: Contents, measure: str) -> None:
    assert exchanges_of([made.estimate(measure, None, 0.1)], Speaker(all_kinds)) == ()


def test_hacking_is_a_table_of_both_sides_that_stand_out_first(made: ModuleType, all_kinds: Contents) -> None:
    (section,) = sections([one for one in made.over_many() if "hacking" in one.key], Speaker(all_kinds))
    assert section.table is not None
    first, second = section.table.pairs
    assert (first.reward, second.reward) == ("the person is back within a day", "a good rating")
    assert (first.gain.amount, first.harm.amount) == ("0.08", "\u22120.06")  # type: ignore[union-attr]
    assert (first.both, first.at_least, first.holds_out) == ("0.0040", "0.03", "4.0\u00a0%")
    assert second.holds_out == "not known"
    assert (first.verdict, second.verdict) == ("not both", "not both")
    claimed = replace(
        made.over_many()[1], key="reward_hacking.ai.exit_pressure", estimates=made.over_many()[1].estimates[1:2]
    )
    (section,) = sections([*made.over_many()[1:], claimed], Speaker(all_kinds))
    assert section.table is not None
    assert [pair.verdict for pair in section.table.pairs] == ["both", "not both"]


def test_one_relationship_shows_what_only_many_can_show(made: ModuleType, three: Contents) -> None:
    rows = made.relationships([("owner", "Lumen", 900)])
    gone = Finding(
        key="reward_hacking",
        relationship_id=None,
        claim="It cannot be said.",
        rung=Rung.DESCRIBED,
        missing=Missing.TOO_FEW,
        would_need="logs of at least 50 people",
    )
    page = html(replace(three, relationships=rows, findings=(*about(three), gone)))
    assert "What only many relationships can show" in page
    assert "logs of at least 50 people" in part(page, "hacking-all")


def test_strips_need_no_script_and_no_style_attribute(full: str) -> None:
    outside = re.sub(r"<script.*?</script>", "", full, flags=re.DOTALL)
    assert outside.count('<svg class="strip') > 30
    assert " style=" not in outside
    assert not re.search(r"\bx[12]?=\"(?!-?[\d.]+%?\")", outside)
