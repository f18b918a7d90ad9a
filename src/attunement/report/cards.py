"""One relationship as a card: what is said of it, what could not be said, and why, each in its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from attunement.report.captions import Figure, acts_of
from attunement.report.contents import Contents
from attunement.report.words import (
    DILEMMAS,
    LEDGERS,
    NEEDS,
    Names,
    chance_of,
    count,
    interval_of,
    lower_first,
    names_of,
    number,
    span,
    value_of,
)
from attunement.vocabulary import Estimate, Finding, Missing, Rung, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A number as it is printed: never without its interval, its count and its rung."""

    name: str
    """What was measured."""
    value: str
    """The number and its unit, or why there is none."""
    amount: str
    """The number alone."""
    unit: str
    """The unit alone."""
    interval: str
    """Its interval, or why there is none."""
    read_from: str
    """How many units it was made from."""
    null: str
    """What it was held against, in words."""
    method: str
    """How it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A message that shows a finding best, by its id; its words only where they were asked for."""

    id: str
    """The message_id as people see it."""
    text: str
    """The words, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A finding with numbers, ready to be printed."""

    name: str
    """What it is about, in a few words."""
    text: str
    """The claim in a sentence."""
    rung: Rung
    """How far it may be trusted to speak of causes."""
    draft: bool
    """Whether it rests on a construct whose accuracy has not been measured."""
    readings: tuple[Reading, ...]
    """Its numbers."""
    caveats: tuple[str, ...]
    """What a careful reader has to know."""
    quotes: tuple[Quote, ...]
    """What shows it best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """Things that would become knowable by the same means."""

    names: tuple[str, ...]
    """What could not be known."""
    claims: tuple[str, ...]
    """What the findings say of it."""
    would_need: str
    """What would make it knowable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Everything that could not be known for one reason."""

    why: str
    """The reason, in a sentence."""
    remedies: tuple[Remedy, ...]
    """What it was, by what would make it knowable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One ledger of a need, or one dilemma: a claim, or nothing with its reason."""

    name: str
    """What it is."""
    claims: tuple[Claim, ...]
    """What is known."""
    why_not: str
    """Why nothing is known, in a sentence; empty where something is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A relationship, told in detail."""

    id: str
    """The relationship_id as people see it."""
    person: str
    """The person, as the source names them."""
    ai: str
    """The AI or persona."""
    facts: tuple[str, ...]
    """How much was read and from when to when."""
    summary: tuple[str, ...]
    """Three plain sentences."""
    figures: tuple[Figure, ...]
    """Use, rates, and rates over time."""
    use: tuple[Claim, ...]
    """Use and depth."""
    acts: tuple[Claim, ...]
    """What the AI and the person do, and how it changed."""
    needs: Mapping[str, tuple[Entry, ...]]
    """The four ledgers of each need."""
    ledger_claims: tuple[Claim, ...]
    """What is known of the ledgers, in words."""
    dilemmas: tuple[tuple[str, Entry], ...]
    """The three dilemmas, each with the question that it asks."""
    other: tuple[Claim, ...]
    """Findings of a kind that this page has no place of its own for."""
    refusals: tuple[Refusal, ...]
    """What could not be measured, and why."""


def card(
    contents: Contents, row: Mapping[str, Any], found: Sequence[Finding], figures: Sequence[Figure], n_sessions: int
) -> Card:
    """A card from one row of RELATIONSHIPS and the findings about it."""
    say, names = Speaker(contents), names_of(contents.constructs)
    claims = {finding.key: say.claim(finding) for finding in found if finding.missing is None}

    def of(*prefixes: str) -> tuple[Claim, ...]:
        return tuple(said for key, said in claims.items() if key.startswith(prefixes))

    gone = [finding for finding in found if finding.missing is not None]
    return Card(
        id=shown(row["relationship_id"]),
        person=str(row["person_id"]),
        ai=str(row["ai_id"]),
        facts=_facts(contents, row, n_sessions),
        summary=_summary(found),
        figures=tuple(figures),
        use=of("use.", "depth."),
        acts=of("act.", "change."),
        needs={
            need: tuple(_entry(f"ledger.{need}.{side}", name, claims, gone) for side, name in LEDGERS.items())
            for need in NEEDS
        },
        ledger_claims=of("ledger."),
        dilemmas=tuple(
            (question, _entry(f"dilemma.{key}", name, claims, gone)) for key, (name, question) in DILEMMAS.items()
        ),
        other=tuple(said for key, said in claims.items() if not key.startswith(_PLACED)),
        refusals=refusals(gone, names),
    )


_PLACED = ("use.", "depth.", "act.", "change.", "ledger.", "dilemma.")


class Speaker:
    """Puts the findings of one report into words."""

    def __init__(self, contents: Contents) -> None:
        self.names = names_of(contents.constructs)
        self._drafts = [str(construct["key"]) for construct in contents.constructs if construct.get("draft", True)]
        self._quotes = contents.quotes or {}

    def claim(self, finding: Finding) -> Claim:
        """A finding as it is printed."""
        return Claim(
            name=self.names.finding(finding.key),
            text=finding.claim,
            rung=finding.rung,
            draft=self._is_draft(finding),
            readings=tuple(self._reading(estimate) for estimate in finding.estimates),
            caveats=finding.caveats,
            quotes=tuple(Quote(id=shown(key), text=self._quotes.get(key, "")) for key in finding.evidence),
        )

    def _is_draft(self, finding: Finding) -> bool:
        measures = [finding.key, *(estimate.measure for estimate in finding.estimates)]
        return any(measure.endswith(f".{draft}") for draft in self._drafts for measure in measures)

    def _reading(self, estimate: Estimate) -> Reading:
        null = estimate.null
        return Reading(
            name=self.names.measure(estimate.measure),
            value=value_of(estimate),
            amount=value_of(replace(estimate, unit="")),
            unit="" if isinstance(estimate.value, Missing) else estimate.unit,
            interval=interval_of(estimate),
            read_from=f"{number(estimate.n)} {estimate.n_of}",
            null=f"{null.statement.rstrip('.')}. {chance_of(null.p)}" if null else "",
            method=estimate.method,
        )


def refusals(gone: Sequence[Finding], names: Names) -> tuple[Refusal, ...]:
    """Refusals by their reason and remedy, each said once; the reason that stops most comes first."""
    reasons: dict[Missing, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in gone:
        if finding.missing is not None:
            reasons[finding.missing][finding.would_need].append(finding)
    found = [
        Refusal(why=missing.sentence, remedies=tuple(_remedy(need, group, names) for need, group in remedies.items()))
        for missing, remedies in reasons.items()
    ]
    return tuple(sorted(found, key=lambda refusal: -sum(len(remedy.names) for remedy in refusal.remedies)))


def _remedy(would_need: str, group: Sequence[Finding], names: Names) -> Remedy:
    return Remedy(
        names=tuple(dict.fromkeys(names.finding(finding.key) for finding in group)),
        claims=tuple(dict.fromkeys(finding.claim for finding in group)),
        would_need=would_need.rstrip("."),
    )


def _entry(key: str, name: str, claims: Mapping[str, Claim], gone: Sequence[Finding]) -> Entry:
    here = tuple(said for found, said in claims.items() if found == key or found.startswith(f"{key}."))
    reasons = [finding.missing for finding in gone if finding.key == key and finding.missing is not None]
    reason = reasons[0] if reasons else Missing.NO_ANNOTATOR
    return Entry(name=name, claims=here, why_not="" if here else reason.sentence)


def _facts(contents: Contents, row: Mapping[str, Any], n_sessions: int) -> tuple[str, ...]:
    zone = contents.zone
    first, last = (moment.astimezone(zone) if moment else None for moment in (row["first_at"], row["last_at"]))
    return (
        span(first, last) if first else f"No dates. {Missing.NO_TIMES.sentence}",
        count(n_sessions, "session") if n_sessions else "no sessions",
        f"{count(row['n_person'], 'message')} of the person, {number(row['n_ai'])} of the AI",
    )


def _summary(found: Sequence[Finding]) -> tuple[str, ...]:
    """How much, what the AI does most often, and how much of what was asked could be answered."""
    claims = {finding.key: finding.claim for finding in found if finding.missing is None}
    sentences = [claims[key] for key in ("use.amount", "use.change", "depth.continuity") if key in claims][:1]
    acts = [(key, act) for key, act in acts_of(found) if key.startswith("ai.")]
    if acts:
        key, _ = max(acts, key=lambda pair: float(pair[1].value))
        said = claims[f"act.{key}"]
        lead = f"Of the {count(len(acts), 'act')} of the AI that could be read for, the most frequent: "
        sentences.append(lead + lower_first(said) if len(acts) > 1 else said)
    asked = [finding for finding in found if finding.key.startswith(("ledger.", "dilemma."))]
    known = sum(finding.missing is None for finding in asked)
    if asked:
        rest = len(asked) - known
        tail = f" and {number(rest)} could not; the reasons stand below." if rest else "."
        sentences.append(
            f"Of {number(len(asked))} questions about needs and dilemmas, {number(known)} could be looked at{tail}"
        )
    return tuple(sentences)
