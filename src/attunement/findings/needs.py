"""Findings on what is said: acts, and the ledgers of the needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attunement.findings.course import Asked, change
from attunement.findings.rates import caveats_of, of_100, usable_of, why_not
from attunement.findings.reading import LEDGERS, NEEDS, Read
from attunement.findings.words import counted, listed, number
from attunement.vocabulary import Estimate, Finding, Missing, Rung

_LEDGER_WORDS = {
    "ai_supports": "acts by which the AI supports {need}",
    "ai_thwarts": "acts by which the AI thwarts {need}",
    "person_satisfied": "what the person says of {need} that is satisfied",
    "person_frustrated": "what the person says of {need} that is frustrated",
}


def acts(
    row: Mapping[str, Any],
    known: Mapping[str, Estimate],
    constructs: Sequence[Read],
    evidence: Mapping[tuple[int, str], Sequence[int]],
) -> list[Finding]:
    """How often each construct is seen, and whether that changed."""
    found: list[Finding] = []
    relationship = row["relationship_id"]
    for construct in constructs:
        estimate = known.get(construct.measure)
        key = f"act.{construct.key}"
        changed = known.get(f"change.{construct.measure}")
        if estimate is None or isinstance(estimate.value, Missing):
            found.append(_unread(row, construct, estimate, key))
        else:
            found.append(
                Finding(
                    key=key,
                    relationship_id=relationship,
                    claim=_seen(construct, estimate, estimate.value),
                    rung=Rung.DESCRIBED,
                    estimates=(estimate,),
                    evidence=tuple(evidence.get((relationship, construct.key), ())),
                    caveats=caveats_of([construct]),
                )
            )
        asked = Asked(
            key=f"change.{construct.key}",
            what=f"signs of {construct.quoted}",
            more="more frequent",
            less="rarer",
            are="were",
            would_need=f"at least 12 sessions with readable {construct.of}",
        )
        found.append(change(row, changed, asked=asked, why_not=why_not(row, construct, estimate)))
    return found


def _seen(construct: Read, estimate: Estimate, value: float) -> str:
    read = counted(estimate.n, "message")
    if value > 0:
        seen = f"were seen in {of_100(construct, estimate)}"
        return f"Signs of {construct.quoted} {seen}; {read} could be read."
    none = f"No signs of {construct.quoted} were recognised in {construct.of}; {read} could be read"
    if construct.is_draft:
        return f"{none}. A draft misses many wordings, so this does not say that there were none."
    fits = "" if isinstance(estimate.high, Missing) else f"; up to {number(estimate.high)} of 100 would still fit that"
    return f"{none}{fits}."


def _unread(row: Mapping[str, Any], construct: Read, estimate: Estimate | None, key: str) -> Finding:
    missing, need = why_not(row, construct, estimate)
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"Whether there are signs of {construct.quoted} cannot be said.",
        rung=Rung.DESCRIBED,
        estimates=() if estimate is None else (estimate,),
        missing=missing,
        would_need=need,
    )


def ledgers(row: Mapping[str, Any], known: Mapping[str, Estimate], constructs: Sequence[Read]) -> list[Finding]:
    """Four ledgers for each of the three needs. They stand side by side and are never set off against each other."""
    found = []
    for need in NEEDS:
        for ledger, (side, sign) in LEDGERS.items():
            entries = [item for item in constructs if (item.need, item.side, item.sign) == (need, side, sign)]
            title = _LEDGER_WORDS[ledger].format(need=need)
            found.append(_entry(row, known, entries, key=f"ledger.{need}.{ledger}", title=title))
    return found


def _entry(
    row: Mapping[str, Any], known: Mapping[str, Estimate], entries: Sequence[Read], *, key: str, title: str
) -> Finding:
    usable = usable_of(known, entries)
    if not usable:
        return _no_entry(row, entries, key=key, title=title)
    construct, estimate, _ = max(usable, key=lambda entry: entry[2])
    most = f"{construct.quoted} in {of_100(construct, estimate)}"
    lead = f"{title[0].upper()}{title[1:]}"
    claim = f"{lead}: {most}." if len(usable) == 1 else f"{lead}: of {len(usable)} kinds the most frequent is {most}."
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=claim,
        rung=Rung.DESCRIBED,
        estimates=tuple(estimate for _, estimate, _ in usable),
        caveats=(
            *caveats_of(construct for construct, _, _ in usable),
            "Constructs of this kind that are not read yet are missing from it; it is no sum.",
        ),
    )


def _no_entry(row: Mapping[str, Any], entries: Sequence[Read], *, key: str, title: str) -> Finding:
    if entries:
        missing = Missing.NO_TIMES if row["n_stated"] == 0 else Missing.TOO_FEW
        names = listed([item.quoted for item in entries])
        need = f"enough readable messages in sessions to look for: {names}"
    else:
        missing, need = Missing.NO_ANNOTATOR, "an annotator for a construct of this kind; this version has none"
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"Nothing can be said about {title}.",
        rung=Rung.DESCRIBED,
        missing=missing,
        would_need=need,
    )
