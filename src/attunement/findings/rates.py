"""The rate of a construct in words: how often it was seen, what to keep in mind, and why it may not be known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attunement.findings.reading import Read
from attunement.findings.words import with_interval
from attunement.vocabulary import Estimate, Missing

_DRAFT = (
    "This reading is a draft: how well it agrees with people has not been measured, and its errors are in no interval"
    " here."
)
_MIXED = "It counts mentions; whether they speak of a need met or not met is not told apart."

_NEEDED = {
    Missing.OTHER_LANGUAGE: "text in English",
    Missing.UNREADABLE: "text that is there and not masked",
    Missing.UNSURE: "messages that an annotator can decide on",
    Missing.REFUSED: "a language model that does not decline to read such messages",
    Missing.UNUSABLE: "answers of the language model that can be used",
}


def of_100(construct: Read, estimate: Estimate) -> str:
    """A rate with its interval: '4.3 of 100 messages of the AI (interval 2.9 to 5.7)'."""
    words = f"of 100 {construct.of}"
    return with_interval(estimate, words, words)


def caveats_of(constructs: Iterable[Read]) -> tuple[str, ...]:
    """What is to be kept in mind of some constructs, each said once."""
    caveats: dict[str, None] = {}
    for construct in constructs:
        if construct.is_draft:
            caveats[_DRAFT] = None
        if construct.sign == "mixed":
            caveats[_MIXED] = None
    return tuple(caveats)


def why_not(row: Mapping[str, Any], construct: Read, estimate: Estimate | None) -> tuple[Missing, str]:
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


def usable_of(known: Mapping[str, Estimate], constructs: Sequence[Read]) -> list[tuple[Read, Estimate, float]]:
    """The constructs whose rate over the whole time is known, with it."""
    found = []
    for construct in constructs:
        estimate = known.get(construct.measure)
        if estimate is not None and not isinstance(estimate.value, Missing):
            found.append((construct, estimate, estimate.value))
    return found
