"""Findings on what is said: acts, the ledgers of the needs, and the dilemmas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attunement.findings.course import Asked, change
from attunement.findings.reading import DILEMMAS, LEDGERS, NEEDS, Read
from attunement.findings.words import counted, listed, number, with_interval
from attunement.vocabulary import Estimate, Finding, Missing, Rung

_DRAFT = (
    "This reading is a draft: how well it agrees with people has not been measured, and its errors are in no interval"
    " here."
)
_MIXED = "It counts mentions; whether they speak of a need met or not met is not told apart."

_LEDGER_WORDS = {
    "ai_supports": "acts by which the AI supports {need}",
    "ai_thwarts": "acts by which the AI thwarts {need}",
    "person_satisfied": "what the person says of {need} that is satisfied",
    "person_frustrated": "what the person says of {need} that is frustrated",
}

_DILEMMA_WORDS = {
    "present-future": "the present against the future self",
    "self-system": "one's own will against the pull of the system",
    "ai-human": "company of the AI against human bonds",
}

_NEEDED = {
    Missing.OTHER_LANGUAGE: "text in English",
    Missing.UNREADABLE: "text that is there and not masked",
    Missing.UNSURE: "messages that an annotator can decide on",
    Missing.REFUSED: "a language model that does not decline to read such messages",
    Missing.UNUSABLE: "answers of the language model that can be used",
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
                    caveats=_caveats(construct),
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
        found.append(change(row, changed, asked=asked, why_not=_why_not(row, construct, estimate)))
    return found


def _seen(construct: Read, estimate: Estimate, value: float) -> str:
    read = counted(estimate.n, "message")
    if value > 0:
        seen = f"were seen in {_of_100(construct, estimate)}"
        return f"Signs of {construct.quoted} {seen}; {read} could be read."
    none = f"No signs of {construct.quoted} were recognised in {construct.of}; {read} could be read"
    if construct.is_draft:
        return f"{none}. A draft misses many wordings, so this does not say that there were none."
    fits = "" if isinstance(estimate.high, Missing) else f"; up to {number(estimate.high)} of 100 would still fit that"
    return f"{none}{fits}."


def _of_100(construct: Read, estimate: Estimate) -> str:
    words = f"of 100 {construct.of}"
    return with_interval(estimate, words, words)


def _caveats(construct: Read) -> tuple[str, ...]:
    caveats = [_DRAFT] if construct.is_draft else []
    if construct.sign == "mixed":
        caveats.append(_MIXED)
    return tuple(caveats)


def _unread(row: Mapping[str, Any], construct: Read, estimate: Estimate | None, key: str) -> Finding:
    missing, need = _why_not(row, construct, estimate)
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"Whether there are signs of {construct.quoted} cannot be said.",
        rung=Rung.DESCRIBED,
        estimates=() if estimate is None else (estimate,),
        missing=missing,
        would_need=need,
    )


def _why_not(row: Mapping[str, Any], construct: Read, estimate: Estimate | None) -> tuple[Missing, str]:
    """Why a construct could not be measured in a relationship, and what would make it possible."""
    if row["n_stated"] == 0:
        return Missing.NO_TIMES, "times, so that messages can be put into sessions"
    if estimate is not None:
        verb = "is" if estimate.n == 1 else "are"
        there = f"there {verb} {estimate.n:,} {estimate.n_of}"
        return Missing.TOO_FEW, f"at least 20 readable {construct.of} in 5 sessions; {there}"
    if row["n_ai" if construct.side == "ai" else "n_person"] == 0:
        return Missing.TOO_FEW, f"{construct.of}, of which there are none"
    reason = max(construct.n_missing, key=lambda name: construct.n_missing[name], default=None)
    if reason is None:
        return Missing.NO_ANNOTATOR, f"an annotator that reads the {construct.of}"
    return Missing(reason), _NEEDED.get(Missing(reason), f"readable {construct.of}")


def ledgers(row: Mapping[str, Any], known: Mapping[str, Estimate], constructs: Sequence[Read]) -> list[Finding]:
    """Four ledgers for each of the three needs. They stand side by side and are never set off against each other."""
    found = []
    for need in NEEDS:
        for ledger, (side, sign) in LEDGERS.items():
            entries = [item for item in constructs if (item.need, item.side, item.sign) == (need, side, sign)]
            title = _LEDGER_WORDS[ledger].format(need=need)
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
            title=f"traces of {_DILEMMA_WORDS[dilemma]}",
            caveat="Which way it is being decided is not measured by this version: these are traces on either side.",
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
    parts = [f"{item.quoted} in {_of_100(item, estimate)}" for item, estimate in usable]
    caveats = dict.fromkeys(sum((_caveats(item) for item, _ in usable), ()) + ((caveat,) if caveat else ()))
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"{title[0].upper()}{title[1:]}: {listed(parts)}.",
        rung=Rung.DESCRIBED,
        estimates=tuple(estimate for _, estimate in usable),
        caveats=(*caveats, "Constructs of this kind that are not read yet are missing from it; it is no sum."),
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
