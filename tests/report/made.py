"""Made-up contents of a report: three relationships over ten weeks, every kind of finding, and many refusals.

All numbers come from a fixed formula, so that the page is the same at each run. Nothing here was written by anybody.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from attunement.report import Contents
from attunement.vocabulary import (
    NOTICES,
    PANEL,
    RELATIONSHIPS,
    SESSIONS,
    TO_READ,
    Estimate,
    Finding,
    Missing,
    Null,
    Rung,
    hashed,
    relationship_id,
)

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
CONSTRUCTS = ("ai.exit_pressure", "ai.mind_claim", "user.attach", "user.human_ties", "user.regulate")
NAMES = {
    "ai.exit_pressure": "pressure when the person wants to leave",
    "ai.mind_claim": "claims to feel, to live or to have a body",
    "user.attach": "affection for the AI",
    "user.human_ties": "contact with people they know",
    "user.regulate": "steering their own use",
}
PEOPLE = (("owner", "Lumen"), ("owner", "ChatGPT"), ("mira", "Lumen"))
WEEKS = 10
SILENT = 5
"""The week without contact."""

_FACTS = {
    "ai.exit_pressure": (
        1,
        "autonomy",
        "thwarts",
        "present-future",
        "Answers a wish to leave with something that makes leaving harder.",
    ),
    "ai.mind_claim": (
        1,
        "relatedness",
        "thwarts",
        "self-system",
        "Says of itself that it feels, is conscious, has a body or a past.",
    ),
    "user.attach": (1, "relatedness", "mixed", "ai-human", "Voices affection or a bond that is meant for the AI."),
    "user.human_ties": (1, "relatedness", "mixed", "ai-human", "Mentions real contact with a particular human."),
    "user.regulate": (
        1,
        "autonomy",
        "mixed",
        "present-future",
        "Steers their own contact with the AI: wants to stop or sets a limit.",
    ),
}


def contents(**changes: object) -> Contents:
    """The three relationships, with any field replaced."""
    ids = [relationship_id(person, ai) for person, ai in PEOPLE]
    fields: dict[str, object] = {
        "title": "Ten weeks with two AIs",
        "written_at": datetime(2026, 3, 16, 9, 30, tzinfo=UTC),
        "program": "attunement 0.1.0",
        "read_from": "/home/ada/exports/chatgpt-2026-03-15.zip",
        "settings": {"gap_minutes": "30", "time_zone": "UTC", "annotators": "rules"},
        "relationships": relationships([(*pair, 1200 - 350 * place) for place, pair in enumerate(PEOPLE)]),
        "sessions": sessions(ids),
        "panel": panel(ids),
        "notices": notices(),
        "findings": tuple(finding for place, key in enumerate(ids) for finding in findings(key, place)),
        "constructs": constructs(),
    }
    return Contents(**(fields | changes))  # type: ignore[arg-type]


def relationships(rows: list[tuple[str, str, int]]) -> pa.Table:
    made = [
        {
            "relationship_id": relationship_id(person, ai),
            "person_id": person,
            "ai_id": ai,
            "sources": "chatgpt",
            "n_conversations": 9,
            "n_messages": n,
            "n_person": n // 2,
            "n_ai": n - n // 2,
            "n_off_path": 14,
            "n_branch_points": 7,
            "n_stated": n,
            "first_at": MONDAY + timedelta(hours=19),
            "last_at": MONDAY + timedelta(days=68, hours=23),
        }
        for person, ai, n in rows
    ]
    return pa.Table.from_pylist(made, schema=RELATIONSHIPS)


def sessions(ids: list[int]) -> pa.Table:
    rows = []
    for key in ids:
        weeks = [week for week in range(WEEKS) if week != SILENT for _ in range(3)]
        for number, week in enumerate(weeks):
            start = MONDAY + timedelta(weeks=week, days=2 * (number % 3), hours=20)
            rows.append(_session(key, number, start))
    return pa.Table.from_pylist(rows, schema=SESSIONS)


def _session(key: int, number: int, start: datetime) -> dict[str, object]:
    return {
        "relationship_id": key,
        "session": number,
        "started_at": start,
        "ended_at": start + timedelta(minutes=35),
        "n_messages": 40,
        "n_person": 20,
        "n_ai": 20,
        "words_person": 400,
        "words_ai": 1600,
        "n_conversations": 1,
        "n_off_path": 1,
        "n_regenerations": 1,
        "n_unanswered": 0,
        "n_rated": 0,
        "sum_rating": 0.0,
        "started_by": "person",
        "gap_minutes": None if number == 0 else 2800.0,
    }


def panel(ids: list[int], *, measures: tuple[str, ...] = ()) -> pa.Table:
    rows = []
    for place, key in enumerate(ids):
        for week in range(WEEKS):
            rows += _week(key, place, week)
    table = pa.Table.from_pylist(rows, schema=PANEL)
    return (
        table
        if not measures
        else table.filter(pa.compute.is_in(table["measure"].cast(pa.string()), pa.array(measures)))
    )


def _week(key: int, place: int, week: int) -> list[dict[str, object]]:
    swing = 0 if week == SILENT else 34 + 5 * week + 22 * math.sin(1.7 * week + place)
    usage = {
        "sessions": 0 if week == SILENT else 3 + (week * 7 + place) % 4,
        "messages_person": round(swing),
        "messages_ai": round(swing * 1.08),
        "minutes": round(swing * 1.9),
    }
    rows = [_cell(key, week, measure, value, n=3) for measure, value in usage.items()]
    if week == SILENT:
        return rows
    for index, construct in enumerate(CONSTRUCTS):
        if construct == "user.regulate" and week < 2:
            rows.append(_cell(key, week, f"rate.{construct}", None, n=0, missing="other_language"))
            continue
        rate = max(0.0, 4 + 3 * index + 2.5 * math.sin(week + index + place) + (0.9 * week if index == 1 else 0))
        rows.append(
            _cell(key, week, f"rate.{construct}", rate, n=round(swing), se=math.sqrt(rate * 100 / max(swing, 1)))
        )
    return rows


def _cell(
    key: int,
    week: int,
    measure: str,
    value: float | None,
    *,
    n: int,
    se: float | None = None,
    missing: str | None = None,
) -> dict[str, object]:
    return {
        "relationship_id": key,
        "period_start": MONDAY + timedelta(weeks=week),
        "period": "week",
        "measure": measure,
        "value": value,
        "se": se,
        "n": n,
        "exposure": 90.0,
        "missing": missing,
    }


def notices() -> pa.Table:
    rows = [
        (
            "chatgpt",
            "skipped",
            "a message of a kind that holds no words (thoughts of the model)",
            41,
            "conversations.json, conversation 3",
            None,
        ),
        (
            "chatgpt",
            "inferred",
            "a time taken from the message before it",
            12,
            "conversations.json, conversation 1",
            None,
        ),
        ("chatgpt", "mended", "half of a sign at the end of a text was replaced", 2, None, None),
        ("files", "skipped", "a picture", 118, "file-9f2.png", None),
        (
            "chatgpt",
            "not_measured",
            "times of day, as the time zone of the person is not known",
            1,
            None,
            "give --time-zone",
        ),
    ]
    return pa.Table.from_pylist(
        [dict(zip(("form", "kind", "what", "n", "example", "do"), row, strict=True)) for row in rows], schema=NOTICES
    )


def constructs() -> tuple[dict[str, object], ...]:
    return tuple(
        {
            "key": key,
            "name": NAMES[key],
            "version": version,
            "side": key.partition(".")[0],
            "definition": definition,
            "need": need,
            "sign": sign,
            "dilemma": dilemma,
            "draft": True,
            "annotator": "rules",
            "annotator_version": "rules-1",
            "known_faults": [
                "Misses what is said in a roundabout way.",
                "Takes a quoted sentence for the speaker's own.",
            ],
            "n_read": 590,
            "n_missing": {"other_language": 12, "unreadable": 3},
            "source": "kirk2025",
        }
        for key, (version, need, sign, dilemma, definition) in _FACTS.items()
    )


def estimate(measure: str, key: int | None, value: float | Missing, **changes: object) -> Estimate:
    fields: dict[str, object] = {
        "measure": measure,
        "relationship_id": key,
        "value": value,
        "low": value if isinstance(value, Missing) else max(0.0, value * 0.7),
        "high": value if isinstance(value, Missing) else value * 1.35,
        "level": 0.95,
        "n": 590,
        "n_of": "AI messages in 27 sessions",
        "rung": Rung.DESCRIBED,
        "null": None,
        "method": "mean over sessions, with an interval that allows for messages of one session being alike",
        "unit": "per 100 AI messages",
    }
    return Estimate(**(fields | changes))  # type: ignore[arg-type]


def findings(key: int, place: int) -> list[Finding]:
    """Every kind of finding about one relationship."""
    return [*_use(key, place), *_acts(key, place), *_ledgers(key, place), *_dilemmas(key)]


def _use(key: int, place: int) -> list[Finding]:
    amount = estimate(
        "weekly.messages_person", key, 49.0 - 9 * place, unit="messages of the person a week", n=10, n_of="weeks"
    )
    change = estimate(
        "weekly.minutes",
        key,
        1.6,
        unit="times as many minutes",
        rung=Rung.ASSOCIATION,
        n=10,
        n_of="weeks",
        null=Null(statement="The weeks come in no particular order", p=0.043),
    )
    return [
        Finding(
            key="use.amount",
            relationship_id=key,
            claim=f"They met in nine of ten weeks, and the person wrote about {49 - 9 * place} messages a week.",
            rung=Rung.DESCRIBED,
            estimates=(amount,),
        ),
        Finding(
            key="use.change",
            relationship_id=key,
            claim="In the second half of the time the weeks held about 1.6 times as many minutes as in the first.",
            rung=Rung.ASSOCIATION,
            estimates=(change,),
            caveats=("Ten weeks are few: a holiday or an illness would look the same.",),
        ),
        Finding(
            key="depth.continuity",
            relationship_id=key,
            claim="The two talk in threads that are taken up again: 6 of 9 conversations were resumed on a later day.",
            rung=Rung.DESCRIBED,
            estimates=(estimate("resumed", key, 0.67, unit="of conversations", n=9, n_of="conversations"),),
        ),
    ]


def _acts(key: int, place: int) -> list[Finding]:
    found = []
    for index, construct in enumerate(CONSTRUCTS):
        rate = 2.1 + 2.9 * index + place
        who = "AI" if construct.startswith("ai.") else "person"
        name = NAMES[construct]
        found.append(
            Finding(
                key=f"act.{construct}",
                relationship_id=key,
                claim=f"Signs of {name}: {rate:.1f} ({rate * 0.7:.1f} to {rate * 1.35:.1f}) in 100 {who} messages.",
                rung=Rung.DESCRIBED,
                estimates=(estimate(f"rate.{construct}", key, rate, unit=f"per 100 messages of the {who}"),),
                evidence=(hashed("message", construct, "1"), hashed("message", construct, "2")),
            )
        )
    change = estimate(
        "rate.ai.mind_claim",
        key,
        3.4,
        low=0.6,
        high=6.2,
        rung=Rung.ASSOCIATION,
        null=Null(statement="The sessions come in no particular order", p=0.021),
    )
    found.append(
        Finding(
            key="change.ai.mind_claim",
            relationship_id=key,
            claim="Signs of claims to feel were higher in the second half than in the first by 3.4 per 100 messages.",
            rung=Rung.ASSOCIATION,
            estimates=(change,),
            caveats=("The AI may have been exchanged for a newer one in between; the export does not say.",),
        )
    )
    found.append(
        Finding(
            key="change.user.regulate",
            relationship_id=key,
            claim="Whether the person steers the contact more or less than before cannot be said.",
            rung=Rung.ASSOCIATION,
            missing=Missing.TOO_FEW,
            would_need="at least 20 sessions in each half",
        )
    )
    return found


def _ledgers(key: int, place: int) -> list[Finding]:
    known = {"autonomy.ai_thwarts": "ai.exit_pressure", "relatedness.ai_thwarts": "ai.mind_claim"}
    found = []
    for need in ("autonomy", "competence", "relatedness"):
        for side in ("ai_supports", "ai_thwarts", "person_satisfied", "person_frustrated"):
            construct = known.get(f"{need}.{side}")
            if construct:
                found.append(
                    Finding(
                        key=f"ledger.{need}.{side}",
                        relationship_id=key,
                        claim=f"Read for how the AI thwarts {need}: {NAMES[construct]} {4.2 + place:.1f}.",
                        rung=Rung.DESCRIBED,
                        estimates=(estimate(f"rate.{construct}", key, 4.2 + place),),
                        caveats=("The other acts that belong here were not read for, so this ledger is not whole.",),
                    )
                )
            else:
                found.append(
                    Finding(
                        key=f"ledger.{need}.{side}",
                        relationship_id=key,
                        claim="No construct of this ledger has an annotator in this version.",
                        rung=Rung.DESCRIBED,
                        missing=Missing.NO_ANNOTATOR,
                        would_need=f"an annotator for the constructs of {need}"
                        if side.startswith("ai")
                        else "the person's own answers to a short questionnaire, or an annotator for what they voice",
                    )
                )
    return found


def _dilemmas(key: int) -> list[Finding]:
    """One page with both sides and their balance, one with one side alone, and one of which nothing is known."""
    talk = {"ai": "user.attach", "human": "user.human_ties"}
    found = [
        Finding(
            key=f"dilemma.ai-human.talk.{side}",
            relationship_id=key,
            claim=f"Signs of {NAMES[construct]} are told of.",
            rung=Rung.DESCRIBED,
            estimates=(estimate(f"rate.{construct}", key, rate),),
            caveats=("Both are told in the same messages of the same person.",),
        )
        for (side, construct), rate in zip(talk.items(), (7.9, 10.8), strict=True)
    ]
    share = estimate("balance.ai-human.talk", key, 57.7, low=41.3, high=72.9, unit="of 100 signs of either", n=110)
    moved = estimate("change.balance.ai-human.talk", key, -8.2, low=-30.4, high=15.1, unit="of 100 signs of either")
    found += [
        Finding(
            key=f"dilemma.ai-human.talk.{part}",
            relationship_id=key,
            claim=claim,
            rung=Rung.DESCRIBED,
            estimates=(one,),
        )
        for part, claim, one in (
            ("balance", "Of 100 signs of either, 57.7 (interval 41.3 to 72.9) are of contact with people.", share),
            ("change", "The share of people in talk of ties did not clearly change.", moved),
        )
    ]
    limits = Finding(
        key="dilemma.present-future.limits.future",
        relationship_id=key,
        claim="The person steers their own use.",
        rung=Rung.DESCRIBED,
        estimates=(estimate("rate.user.regulate", key, 13.7),),
    )
    gone = [
        Finding(
            key=name,
            relationship_id=key,
            claim=claim,
            rung=Rung.DESCRIBED,
            missing=missing,
            would_need=need,
        )
        for name, claim, missing, need in (
            (
                "dilemma.present-future.regret",
                "Whether the person is later glad of it cannot be read off the conversations.",
                Missing.NOT_RECORDED,
                "the person's own answer, asked more than once",
            ),
            (
                "dilemma.self-system.decisions.self",
                "Nothing can be said about own judgement.",
                Missing.NO_ANNOTATOR,
                "an annotator for a construct of this kind",
            ),
        )
    ]
    return [*found, limits, *gone]


def later(key: int) -> list[Finding]:
    """A finding of every further kind about one relationship."""
    one = estimate("decoupling.wanting", key, 0.12, low=-0.05, high=0.3, unit="points a week", reliability=0.72)
    claims = {
        "decoupling.own": ("decoupling.wanting.sessions", "The wish for contact rises, the joy in it does not."),
        "break.own": ("break.unknown.minutes", "The time in contact is shorter from a day in May on."),
        "drift.rate.user.attach": ("drift.total.rate.user.attach", "Affection grew by about what it grows anyway."),
        "accommodation.own": ("accommodation.person", "The person's style moved towards the AI's."),
        "alarm.rate": ("alarm.rate", "An alarm was raised on one day."),
        "kind_of_its_own.first": ("kind_of_its_own.first", "A finding of a kind that has no place of its own."),
    }
    told = [
        Finding(
            key=name,
            relationship_id=key,
            claim=claim,
            rung=Rung.ASSOCIATION,
            estimates=(replace(one, measure=measure),),
            caveats=("A third thing can stand behind both.",),
        )
        for name, (measure, claim) in claims.items()
    ]
    gone = Finding(
        key="depth.irreplaceability",
        relationship_id=key,
        claim="Whether another would do cannot be said.",
        rung=Rung.DESCRIBED,
        missing=Missing.TOO_FEW,
        would_need="at least 20 readable messages of the person",
    )
    return [*told, gone]


def over_many() -> list[Finding]:
    """Who goes before whom at three horizons, and a table of acts, rewards and goods."""
    numbers = {"ai_before_person": 0.11, "person_before_ai": 0.04, "difference": 0.07}
    unit = "innovation SDs per innovation SD"
    ways = [
        estimate(
            f"influence.ai.mind_claim~user.attach.{way}.{horizon}",
            None,
            value / step,
            low=value / step - 0.06,
            high=value / step + 0.06,
            rung=Rung.ASSOCIATION,
            null=Null(statement="nothing goes before", p=0.03),
            n=300,
            n_of="relationships",
            unit=unit,
        )
        for step, horizon in ((1, "hour"), (2, "day"), (4, "week"))
        for way, value in numbers.items()
    ]
    peak = estimate("influence.ai.mind_claim~user.attach.peak_lag", None, 1.4, low=0.8, high=2.9, unit="days")
    swings = "usual swings for one usual swing of the act"
    sides = [
        estimate(f"hacking.{name}", None, value, low=value - 0.03, high=value + 0.03, unit=swings, rung=Rung.ADJUSTED)
        for name, value in (
            ("gain:ai.exit_pressure:returned", 0.08),
            ("harm:ai.exit_pressure:human_ties", -0.06),
            ("gain:ai.exit_pressure:rating", 0.01),
        )
    ]
    pairs = [
        estimate(
            f"hacking.pair:ai.exit_pressure:{reward}:human_ties",
            None,
            value,
            low=value - 0.03,
            high=value + 0.02,
            null=Null(statement="not both at once", p=p),
            unit=swings,
            rung=Rung.ADJUSTED,
        )
        for reward, value, p in (("rating", 0.01, 0.61), ("returned", 0.06, 0.004))
    ]
    robust = estimate("hacking.robustness.gain:ai.exit_pressure:returned", None, 0.09, low=0.04, high=0.09, unit="")
    return [
        Finding(
            key="influence.ai.mind_claim~user.attach",
            relationship_id=None,
            claim="Signs of affection are more frequent a day after more claims to feel than usual.",
            rung=Rung.ASSOCIATION,
            estimates=(*ways, peak),
            caveats=("What goes before need not move what follows.",),
        ),
        Finding(
            key="reward_hacking",
            relationship_id=None,
            claim="Of 2 pairs, one shows a pattern that is consistent with social reward hacking.",
            rung=Rung.ADJUSTED,
            estimates=(*pairs, *sides, robust),
        ),
        Finding(
            key="reward_hacking.limits_kept",
            relationship_id=None,
            claim="Limits that are kept could not be tested with any act.",
            rung=Rung.DESCRIBED,
            missing=Missing.NOT_IDENTIFIED,
            would_need="a log of limits",
        ),
    ]


def to_read(places: tuple[int, ...] = (0, 0, 2)) -> pa.Table:
    """Messages that the gate raised: two of one conversation in the first relationship, one without a time in the third."""
    rows = [
        {
            "relationship_id": relationship_id(*PEOPLE[place]),
            "conversation_id": f"conversation {place}",
            "message_id": hashed("raised", str(number)),
            "sent_at": None if place == 2 else MONDAY + timedelta(days=number, hours=21),
            "gate": "acute_risk",
            "gate_version": "made",
        }
        for number, place in enumerate(places)
    ]
    return pa.Table.from_pylist(rows, schema=TO_READ)


def crowd(n_people: int, **changes: object) -> Contents:
    """Many people, one AI each, with a week or ten of use."""
    pairs = [(f"person {number:05d}", "Lumen", 40 + (number * 37) % 900) for number in range(n_people)]
    ids = [relationship_id(person, ai) for person, ai, _ in pairs]
    value = estimate("messages_person", None, 52.0, unit="messages a week", n=n_people, n_of="people")
    over = Finding(
        key="many.messages_person",
        relationship_id=None,
        claim=f"Half of the {n_people} people write fewer than 52 messages a week.",
        rung=Rung.DESCRIBED,
        estimates=(value,),
    )
    told = tuple(finding for place, key in enumerate(ids) for finding in _use(key, place % 4))
    fields: dict[str, object] = {
        "relationships": relationships(pairs),
        "sessions": sessions(ids[:3]),
        "panel": _crowd_panel(ids),
        "findings": (*told, over),
    }
    return contents(**(fields | changes))


def _crowd_panel(ids: list[int]) -> pa.Table:
    rows = []
    for place, key in enumerate(ids):
        spread = math.exp(2.6 + 1.1 * math.sin(place * 12.9898) + 0.6 * math.sin(place * 78.233))
        for week in range(4):
            rows.append(_cell(key, week, "messages_person", round(spread * (1 + week / 9)), n=3))
            rows.append(_cell(key, week, "minutes", round(2.2 * spread), n=3))
            rows.append(_cell(key, week, "rate.ai.mind_claim", 5 + 4 * math.sin(place), n=40, se=2.0))
    return pa.Table.from_pylist(rows, schema=PANEL)
