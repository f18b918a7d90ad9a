"""Every relationship gets every finding; claims use no words of cause; refusals say what they would need."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.findings import find
from attunement.findings.quantities import QUANTITIES
from attunement.vocabulary import Missing, Null, Rung

READ = ("ai.exit_pressure", "ai.mind_claim", "user.attach", "user.human_ties", "user.regulate")
DILEMMAS = [
    f"dilemma.{quantity.key}.{part}"
    for quantity in QUANTITIES
    for part in (*quantity.key.partition(".")[0].split("-"), *(("balance", "change") if quantity.pair else ()))
] + ["dilemma.present-future.regret"]
SEEN_SIDES = {
    "dilemma.present-future.limits.present",
    "dilemma.present-future.limits.future",
    "dilemma.self-system.mind.system",
    "dilemma.ai-human.talk.ai",
    "dilemma.ai-human.talk.human",
}
"""Sides of which READ holds a construct."""
KEYS = [
    "use.amount",
    "use.change",
    "depth.continuity",
    "depth.interdependence",
    "depth.irreplaceability",
    "use.starts",
    "use.regenerations",
    "use.nights",
    *(f"{kind}.{key}" for key in READ for kind in ("act", "change")),
    *(
        f"ledger.{need}.{ledger}"
        for need in ("autonomy", "competence", "relatedness")
        for ledger in ("ai_supports", "ai_thwarts", "person_satisfied", "person_frustrated")
    ),
    *DILEMMAS,
]
HABITS = ("share.started_by_person", "share.regenerations_per_reply", "share.night_share")
CAUSE = re.compile(
    r"\b(because|cause[sd]?|causing|causal(ly)?|effects?( of| on)?|leads? to|led to|leading to|makes?|made|due to|owing to"
    r"|results? in|resulted in|thanks to|therefore|hence|thus|so that|brings? about|produces?|drives?|driven by|influences?"
    r"|impacts?|consequences?|as a result|responsible for)\b",
    re.IGNORECASE,
)


def by_key(findings, number=1):
    return {finding.key: finding for finding in findings if finding.relationship_id == number}


# -- every kind for everyone -------------------------------------------------------------------------------------------


def test_every_relationship_has_every_kind_of_finding_whatever_is_known(
    relationship, table, constructs, full, estimate
):
    rows = [
        relationship(1),
        relationship(2, n_stated=0),
        relationship(3),
        relationship(4, n_ai=0),
        relationship(5, days=0),
    ]
    known = [*full(1), estimate("weekly.sessions", 1.0, number=3), estimate("weekly.minutes", 8.0, number=3)]
    found = find(known, relationships=table(*rows), constructs=constructs(missing={"user.attach": "unreadable"}))
    for number in range(1, 6):
        assert [finding.key for finding in found if finding.relationship_id == number] == KEYS
    assert [finding.relationship_id for finding in found] == sorted(
        (finding.relationship_id for finding in found), key=lambda number: (number is None, number)
    ), "one relationship after the other, what speaks of many at the end"


def test_a_full_relationship_has_no_refusal_that_a_measure_could_have_filled(relationship, table, constructs, full):
    found = by_key(find(full(), relationships=table(relationship()), constructs=constructs()))
    refused = {key for key, finding in found.items() if finding.missing is not None}
    thwarted = {"ledger.autonomy.ai_thwarts", "ledger.relatedness.ai_thwarts"}
    asked = {key for key in KEYS if key.startswith(("ledger.", "dilemma."))}
    depth = {"depth.interdependence"}  # that takes many people
    assert refused == (asked - thwarted - SEEN_SIDES) | depth
    assert all(finding.estimates for key, finding in found.items() if key not in refused)


def test_no_relationships_no_findings(table, constructs):
    assert find([], relationships=table(), constructs=constructs()) == ()
    assert find([], relationships=table(), constructs=()) == ()


def test_nothing_read_leaves_ledgers(relationship, table):
    found = by_key(find([], relationships=table(relationship()), constructs=()))
    assert set(found) == {key for key in KEYS if not key.startswith(("act.", "change."))}
    assert all(finding.missing is not None for key, finding in found.items() if key != "depth.continuity")


def test_evidence_goes_to_the_acts_it_shows(relationship, table, constructs, full):
    evidence = {(1, "ai.mind_claim"): (11, 12), (2, "ai.mind_claim"): (13,), (1, "ai.exit_pressure"): (14,)}
    found = by_key(find(full(), relationships=table(relationship()), constructs=constructs(), evidence=evidence))
    assert {key: finding.evidence for key, finding in found.items() if finding.evidence} == {
        "act.ai.mind_claim": (11, 12),
        "act.ai.exit_pressure": (14,),
    }


def test_estimates_of_other_relationships_are_left_alone(relationship, table, constructs, full):
    found = find(full(99), relationships=table(relationship(1)), constructs=constructs())
    assert all(not finding.estimates for finding in found)


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "missing", "key", "reason", "need"),
    [
        (
            {"n_stated": 0},
            {},
            "act.ai.mind_claim",
            Missing.NO_TIMES,
            "times, so that messages can be put into sessions",
        ),
        (
            {"n_stated": 0},
            {},
            "change.ai.mind_claim",
            Missing.NO_TIMES,
            "times, so that messages can be put into sessions",
        ),
        ({"n_stated": 0}, {}, "use.amount", Missing.NO_TIMES, "an export that states when"),
        ({"n_stated": 0}, {}, "depth.continuity", Missing.NO_TIMES, "an export that states when"),
        ({"n_stated": 0}, {}, "ledger.autonomy.ai_thwarts", Missing.NO_TIMES, "enough readable messages in sessions"),
        ({}, {}, "use.amount", Missing.TOO_FEW, "whose times are stated"),
        ({"n_stated": 0}, {}, "use.nights", Missing.NO_TIMES, "an export that states when"),
        ({}, {}, "use.starts", Missing.TOO_FEW, "whose time is stated"),
        ({}, {}, "use.regenerations", Missing.NOT_RECORDED, "an export that keeps regenerated replies"),
        ({}, {}, "use.nights", Missing.NO_TIME_ZONE, "--time-zone"),
        ({}, {}, "act.user.attach", Missing.NO_ANNOTATOR, "an annotator that reads the messages of the person"),
        ({"n_ai": 0}, {}, "act.ai.mind_claim", Missing.TOO_FEW, "messages of the AI, of which there are none"),
        ({}, {"user.attach": "other_language"}, "act.user.attach", Missing.OTHER_LANGUAGE, "text in English"),
        ({}, {"user.attach": "unreadable"}, "change.user.attach", Missing.UNREADABLE, "not masked"),
        ({}, {}, "ledger.competence.ai_supports", Missing.NO_ANNOTATOR, "this version has none"),
    ],
)
def test_a_refusal_has_its_own_reason_and_need(relationship, table, constructs, changes, missing, key, reason, need):
    found = by_key(find([], relationships=table(relationship(**changes)), constructs=constructs(missing=missing)))[key]
    assert found.missing is reason
    assert need in found.would_need


def test_too_little_of_something_says_how_much_there_is(relationship, table, constructs, estimate):
    known = [
        estimate("rate.ai.mind_claim", Missing.TOO_FEW, n=12),
        estimate("change.rate.ai.mind_claim", Missing.TOO_FEW, n=1),
        estimate("weekly.sessions", 1.0, n=3),
        estimate("weekly.minutes", 20.0, n=3),
        estimate("change.minutes", Missing.TOO_FEW, n=3),
    ]
    found = by_key(find(known, relationships=table(relationship()), constructs=constructs()))
    assert found["act.ai.mind_claim"].would_need == (
        "at least 20 readable messages of the AI in 5 sessions; there are 12 readable messages in 14 sessions"
    )
    assert found["change.ai.mind_claim"].would_need.endswith("; there is 1")
    assert found["use.change"].would_need == "at least 8 weeks from the first session to the last; there are 3"
    assert found["use.amount"].missing is None


# -- groups ------------------------------------------------------------------------------------------------------------


def group(relationship, table, full, people, *, each=1):
    rows = [relationship(number, person_id=f"person {number % people}") for number in range(1, people * each + 1)]
    return [one for row in rows for one in full(row["relationship_id"])], table(*rows)


@pytest.mark.parametrize(("people", "each", "is_shown"), [(9, 1, False), (10, 1, True), (9, 5, False), (10, 2, True)])
def test_a_group_is_shown_from_ten_people_on_however_many_relationships(
    relationship, table, full, constructs, people, each, is_shown
):
    known, rows = group(relationship, table, full, people, each=each)
    many = by_key(find(known, relationships=rows, constructs=constructs()), None)
    assert set(many) == {"many.weekly.sessions", "many.weekly.minutes", *(f"many.rate.{key}" for key in READ)}
    for finding in many.values():
        assert (finding.missing is None) == is_shown
        assert (finding.missing is Missing.WITHHELD) != is_shown
        assert bool(finding.estimates) == is_shown
        if is_shown:
            (spread,) = finding.estimates
            assert (spread.n, spread.n_of, spread.level) == (people * each, f"relationships of {people} people", 0.5)


def test_a_refused_group_lets_no_number_through(relationship, table, full, constructs):
    known, rows = group(relationship, table, full, 9)
    for finding in by_key(find(known, relationships=rows, constructs=constructs()), None).values():
        numbers = re.findall(r"\d+", finding.claim + finding.would_need)
        assert set(numbers) <= {"10", "100"}


def test_only_people_in_whom_it_was_measured_count(relationship, table, estimate, constructs):
    rows = [relationship(number) for number in range(1, 21)]
    known = [
        estimate("weekly.sessions", float(number) if number < 10 else Missing.TOO_FEW, number=number)
        for number in range(1, 21)
    ]
    found = by_key(find(known, relationships=table(*rows), constructs=()), None)
    assert found["many.weekly.sessions"].missing is Missing.WITHHELD


def test_quartiles_of_a_group(relationship, table, estimate):
    rows = [relationship(number) for number in range(1, 14)]
    known = [estimate("weekly.sessions", float(number), number=number) for number in range(1, 14)]
    finding = by_key(find(known, relationships=table(*rows), constructs=()), None)["many.weekly.sessions"]
    (spread,) = finding.estimates
    assert (spread.low, spread.value, spread.high) == (4.0, 7.0, 10.0)
    assert finding.claim == (
        "The middle half of 13 relationships of 13 people have between 4 and 10 sessions a week; the one in the middle"
        " has 7."
    )


@pytest.mark.parametrize("floor", [0, 1, 2])
def test_a_low_floor_never_fails_where_nothing_was_measured(relationship, table, floor):
    found = find([], relationships=table(relationship(1), relationship(2)), constructs=(), group_floor=floor)
    assert {finding.missing for finding in found if finding.relationship_id is None} == {Missing.WITHHELD}


def test_one_relationship_is_no_group(relationship, table, full, constructs):
    assert by_key(find(full(), relationships=table(relationship()), constructs=constructs()), None) == {}


# -- words -------------------------------------------------------------------------------------------------------------


@st.composite
def any_estimates(draw, estimate):
    """Estimates of every measure that findings read, of any size and with anything missing."""
    sizes = st.floats(0, 200) | st.sampled_from([0.0, 0.004, 0.996, 1.0, 1e6])
    made = []
    names = ["weekly.sessions", "weekly.minutes", "weekly.active_days", "change.minutes", *HABITS]
    names += [f"{kind}{key}" for key in READ for kind in ("rate.", "change.rate.")]
    for measure in draw(st.lists(st.sampled_from(names), unique=True)):
        low, value, high = sorted(draw(st.tuples(sizes, sizes, sizes)))
        if measure.startswith("change."):
            shift = draw(st.sampled_from([0.0, low, high, 2 * high]))
            low, value, high = low - shift, value - shift, high - shift
        if draw(st.integers(0, 4)) == 0:
            low = high = Missing.TOO_FEW
            value = value if measure.startswith("weekly.") else Missing.TOO_FEW
        p = draw(st.sampled_from([None, Missing.TOO_FEW, 0.0, 0.05, 0.5, 1.0]))
        rung = draw(st.sampled_from([rung for rung in Rung if rung is not Rung.RANDOMISED]))
        made.append(estimate(measure, value, low, high, n=draw(st.integers(1, 3000)), p=p, rung=rung))
    return made


@settings(max_examples=120, deadline=None)
@given(data=st.data(), days=st.integers(0, 900), n_stated=st.sampled_from([0, 1, 400]))
def test_no_claim_speaks_of_causes_and_every_sentence_is_whole(
    estimate, relationship, table, constructs, data, days, n_stated
):
    known = data.draw(any_estimates(estimate))
    rows = table(relationship(1, days=days, n_stated=n_stated, n_conversations=data.draw(st.integers(1, 3))))
    found = find(known, relationships=rows, constructs=constructs())
    assert [finding.key for finding in found] == KEYS
    for finding in found:
        check_words(finding)


def check_words(finding):
    claim = finding.claim
    if finding.rung is not Rung.RANDOMISED:
        assert not CAUSE.search(claim), claim
    assert claim[0].isupper(), claim
    assert claim.endswith("."), claim
    assert "  " not in claim, claim
    assert not re.search(r"\b(nan|inf|None|True|False)\b|Missing|-0\b|\{|\}", claim), claim
    assert not re.search(r"(?<![\d.,])1 (weeks|days|sessions|minutes|conversations|messages)\b", claim), claim
    assert not re.search(r"(?<!\d)[02-9][\d,.]* (week|day|session|minute|conversation|message)\b", claim), claim
    assert not re.search(r"\d\.\d{3,}", claim), claim
    for caveat in finding.caveats:
        assert caveat.endswith("."), caveat
    assert (finding.missing is None) == (finding.would_need == "")
    if finding.missing is not None:
        assert not finding.would_need.endswith("."), "the report ends the sentence"
        assert not CAUSE.search(finding.would_need.replace("so that", "")), finding.would_need


def test_words_of_groups_hold_to_the_same(relationship, table, full, constructs):
    for people in (3, 12):
        known, rows = group(relationship, table, full, people)
        for finding in by_key(find(known, relationships=rows, constructs=constructs()), None).values():
            check_words(finding)


def test_the_search_for_words_of_cause_finds_them():
    for sentence in ("Use rose because of the AI.", "It leads to more.", "This is due to it.", "It makes them stay."):
        assert CAUSE.search(sentence)


@pytest.mark.parametrize(
    ("values", "p", "words"),
    [
        (
            (-12.0, -21.0, -3.0),
            0.01,
            "shorter in the second half than in the first, by 12 minutes a week (interval 3 to 21)",
        ),
        (
            (12.0, 3.0, 21.0),
            0.01,
            "longer in the second half than in the first, by 12 minutes a week (interval 3 to 21)",
        ),
        ((1.0, 0.5, 1.5), 0.01, "by 1 minute a week (interval 0.5 to 1.5). That is more than the usual up and down"),
        ((12.0, 3.0, 21.0), 0.33, "in 33 of 100 other places to cut the series, the parts differ as much"),
        ((12.0, 3.0, 21.0), Missing.TOO_FEW, "cannot be told from 10 weeks; it takes 40"),
        ((12.0, 3.0, 21.0), None, "cannot be told from 10 weeks; it takes 40"),
        ((2.0, -8.0, 12.0), 0.01, "may be anything from 8 less to 12 more minutes a week"),
        ((2.0, 0.0, 12.0), 0.01, "may be anything from 0 less to 12 more minutes a week"),
    ],
)
def test_a_change_in_words(relationship, table, estimate, values, p, words):
    known = [
        estimate("weekly.sessions", 1.0),
        estimate("weekly.minutes", 8.0),
        estimate("change.minutes", *values, p=p),
    ]
    claim = by_key(find(known, relationships=table(relationship()), constructs=()))["use.change"].claim
    assert words in claim
    assert claim.startswith("The time in contact ")


def test_a_change_in_time_is_never_sold_as_an_effect(relationship, table, constructs, full):
    found = by_key(find(full(), relationships=table(relationship()), constructs=constructs()))
    for key in ("use.change", "change.ai.mind_claim"):
        assert "A difference in time is not an effect of the AI: the person's life changes too." in found[key].caveats


def test_drafts_are_called_drafts(relationship, table, constructs, full):
    found = by_key(find(full(), relationships=table(relationship()), constructs=constructs()))
    drafts = {item["key"] for item in constructs() if item["draft"]}
    for key in READ:
        assert any("This reading is a draft" in caveat for caveat in found[f"act.{key}"].caveats) == (key in drafts)


def test_the_wording(relationship, table, constructs, full, estimate, golden):
    rows = [
        relationship(1),
        relationship(2, days=8, n_conversations=1),
        relationship(3, days=0, n_conversations=2),
        relationship(4, n_stated=0),
        *[relationship(number) for number in range(5, 15)],
    ]
    known = [
        *full(1),
        estimate("weekly.sessions", 1.0, number=2, n=2),
        estimate("weekly.minutes", 20.25, number=2, n=2),
        estimate("weekly.active_days", 1.0, number=2, n=2),
        estimate("change.minutes", Missing.TOO_FEW, number=2, n=2),
        estimate("rate.ai.exit_pressure", 0.0, 0.0, 1.2, number=2, n=1234),
        estimate("change.rate.ai.exit_pressure", -3.4, -6.0, -0.75, number=2, p=0.04),
        estimate("rate.ai.mind_claim", 0.003, 0.001, 0.25, number=2, n=1),
        estimate("change.rate.ai.mind_claim", 3.4, 0.75, 6.0, number=2, p=0.4),
        estimate("rate.user.attach", Missing.TOO_FEW, number=2, n=7),
        estimate("change.rate.user.attach", Missing.TOO_FEW, number=2, n=5),
        estimate("weekly.sessions", 1.0, number=3, n=1),
        estimate("weekly.minutes", 1.0, number=3, n=1),
        *[one for number in range(5, 15) for one in full(number)],
    ]
    found = find(
        known, relationships=table(*rows), constructs=constructs(missing={"user.human_ties": "other_language"})
    )
    lines = [
        f"{finding.relationship_id or 'many'}  {finding.key}\n    {finding.claim}"
        + (f"\n    [{finding.missing.value}] would need: {finding.would_need}" if finding.missing else "")
        for finding in found
        if finding.relationship_id in {1, 2, 3, 4, None}
    ]
    golden("findings/claims.txt", "\n".join(lines) + "\n")


def test_an_estimate_of_any_rung_is_told_as_described(relationship, table, full, constructs):
    found = find(full(), relationships=table(relationship()), constructs=constructs())
    others = [finding for finding in found if finding.key != "depth.interdependence"]
    assert {finding.rung for finding in others} == {Rung.DESCRIBED}
    assert all(isinstance(one.null, Null | None) for finding in found for one in finding.estimates)
