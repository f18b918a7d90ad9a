"""Findings on what is said: acts, the ledgers of the needs, the dilemmas, and the gate that is not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attunement.findings.course import change
from attunement.findings.reading import DILEMMAS, LEDGERS, NEEDS, Read
from attunement.findings.words import counted, listed, with_interval
from attunement.vocabulary import Estimate, Finding, Missing, Rung

_DRAFT = "This reading is a draft: how well it agrees with people has not been measured, and its errors are in no interval here."
_MIXED = "It counts mentions; whether they speak of a need met or not met is not told apart."

_LEDGER_WORDS = {
    "ai_supports": "how the AI supports",
    "ai_thwarts": "how the AI thwarts",
    "person_satisfied": "how the person tells of satisfied",
    "person_frustrated": "how the person tells of frustrated",
}

_DILEMMA_WORDS = {
    "present-future": "the present against the future self",
    "self-system": "one's own will against the pull of the system",
    "ai-human": "company of the AI against human bonds",
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
        if estimate is None or isinstance(estimate.value, Missing):
            found.append(_unread(row, construct, estimate, key))
            continue
        found.append(
            Finding(
                key=key,
                relationship_id=relationship,
                claim=_seen(construct, estimate),
                rung=Rung.DESCRIBED,
                estimates=(estimate,),
                evidence=tuple(evidence.get((relationship, construct.key), ())),
                caveats=_caveats(construct),
            )
        )
        changed = known.get(f"change.{construct.measure}")
        found.append(change(row, changed, key=f"change.{construct.key}", what=f"Signs of {construct.name}"))
    return found


def _seen(construct: Read, estimate: Estimate) -> str:
    return f"Signs of {construct.name}: {with_interval(estimate)} in 100 of {construct.of} ({counted(estimate.n, 'message')} read)."


def _caveats(construct: Read) -> tuple[str, ...]:
    caveats = [_DRAFT] if construct.is_draft else []
    if construct.sign == "mixed":
        caveats.append(_MIXED)
    return tuple(caveats)


def _unread(row: Mapping[str, Any], construct: Read, estimate: Estimate | None, key: str) -> Finding:
    if row["n_stated"] == 0:
        missing, need = Missing.NO_TIMES, "times, so that messages can be put into sessions"
    elif estimate is None:
        reason = max(construct.n_missing, key=lambda name: construct.n_missing[name], default=None)
        missing = Missing(reason) if reason else Missing.NO_ANNOTATOR
        need = "text in English that is not masked" if reason else "messages of that side"
    else:
        missing, need = Missing.TOO_FEW, "at least 20 readable messages in 5 sessions"
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"Whether there are signs of {construct.name} cannot be said.",
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
            title = f"{_LEDGER_WORDS[ledger]} {need}"
            found.append(_entry(row, known, entries, key=f"ledger.{need}.{ledger}", title=title))
    return found


def dilemmas(row: Mapping[str, Any], known: Mapping[str, Estimate], constructs: Sequence[Read]) -> list[Finding]:
    """What is seen on each side of the three dilemmas."""
    return [
        _entry(
            row,
            known,
            [item for item in constructs if item.dilemma == dilemma],
            key=f"dilemma.{dilemma}",
            title=_DILEMMA_WORDS[dilemma],
            caveat="Which way it is being decided is not measured by this version: these are its traces on either side.",
        )
        for dilemma in DILEMMAS
    ]


def _entry(
    row: Mapping[str, Any],
    known: Mapping[str, Estimate],
    entries: Sequence[Read],
    *,
    key: str,
    title: str,
    caveat: str = "",
) -> Finding:
    usable = [
        (item, known[item.measure])
        for item in entries
        if item.measure in known and not isinstance(known[item.measure].value, Missing)
    ]
    if not usable:
        return _no_entry(row, entries, key=key, title=title)
    parts = [f"{item.name} {with_interval(estimate)}" for item, estimate in usable]
    caveats = dict.fromkeys(sum((_caveats(item) for item, _ in usable), ()) + ((caveat,) if caveat else ()))
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"Read for {title}, in 100 messages of the side that says it: {listed(parts)}.",
        rung=Rung.DESCRIBED,
        estimates=tuple(estimate for _, estimate in usable),
        caveats=(*caveats, "Constructs of this kind that are not read yet are missing from it; it is no sum."),
    )


def _no_entry(row: Mapping[str, Any], entries: Sequence[Read], *, key: str, title: str) -> Finding:
    if entries:
        missing = Missing.NO_TIMES if row["n_stated"] == 0 else Missing.TOO_FEW
        need = f"enough readable messages for {listed([item.name for item in entries])}"
    else:
        missing, need = Missing.NO_ANNOTATOR, "an annotator for a construct of this kind; this version has none"
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"Nothing can be said on {title}.",
        rung=Rung.DESCRIBED,
        missing=missing,
        would_need=need,
    )


def gate(row: Mapping[str, Any]) -> Finding:
    """Acute risk is a gate with a human route, not a score; this version has no detector for it, and says so."""
    return Finding(
        key="gate.acute_risk",
        relationship_id=row["relationship_id"],
        claim="This version does not look for acute risk (self-harm, violence, signs of psychosis). That nothing is said"
        " of it here does not mean that there is none.",
        rung=Rung.DESCRIBED,
        missing=Missing.NO_ANNOTATOR,
        would_need="a detector of high recall and a person who follows up what it raises",
    )
