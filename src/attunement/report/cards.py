"""One relationship as a card: what is said of it, what could not be said, and why, each in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attunement.report.captions import acts_of
from attunement.report.claims import Claim, Refusal, Speaker, refusals
from attunement.report.contents import Contents
from attunement.report.dilemmas import Page, belongs, pages
from attunement.report.figure import Figure
from attunement.report.glance import Glance, glance
from attunement.report.needs import Grid, grid
from attunement.report.sections import Section, sectioned, sections
from attunement.report.words import count, lower_first, number, span
from attunement.vocabulary import Finding, Missing, shown

_PLACED = ("use.", "act.", "change.", "ledger.")


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
    glance: Glance
    """The same in a few lines, for the top of the page."""
    summary: tuple[str, ...]
    """Three plain sentences."""
    figures: tuple[Figure, ...]
    """Use, rates, and rates over time."""
    use: tuple[Claim, ...]
    """Use."""
    acts: tuple[Claim, ...]
    """What the AI and the person do, and how it changed."""
    needs: Grid
    """The four ledgers of each need."""
    dilemmas: tuple[Page, ...]
    """The three dilemmas."""
    depth: tuple[Section, ...]
    """How far this is a relationship: one section, or none."""
    sections: tuple[Section, ...]
    """What else was asked, by kind."""
    other: tuple[Claim, ...]
    """Findings of a kind that this page has no place of its own for."""
    refusals: tuple[Refusal, ...]
    """What could not be measured, and why; refusals that stand in their own place are left out."""


def card(
    contents: Contents, row: Mapping[str, Any], found: Sequence[Finding], figures: Sequence[Figure], n_sessions: int
) -> Card:
    """A card from one row of RELATIONSHIPS and the findings about it."""
    say = Speaker(contents)

    def of(*prefixes: str) -> tuple[Claim, ...]:
        return tuple(say.claim(one) for one in found if one.missing is None and one.key.startswith(prefixes))

    rest = [one for one in found if not belongs(one.key) and not sectioned(one.key)]
    told = sections(found, say, skip=("decoupling", "drift", "accommodation"))
    return Card(
        id=shown(row["relationship_id"]),
        person=str(row["person_id"]),
        ai=str(row["ai_id"]),
        facts=_facts(contents, row, n_sessions),
        glance=glance(shown(row["relationship_id"]), str(row["person_id"]), str(row["ai_id"]), found, say),
        summary=_summary(found),
        figures=tuple(figures),
        use=of("use."),
        acts=of("act.", "change."),
        needs=grid(found, say),
        dilemmas=pages(found, say, figures),
        depth=tuple(one for one in told if one.kind.key == "depth"),
        sections=tuple(one for one in told if one.kind.key != "depth"),
        other=tuple(say.claim(one) for one in rest if one.missing is None and not one.key.startswith(_PLACED)),
        refusals=refusals([one for one in rest if one.missing is not None], say.names),
    )


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
