"""A construct as the methods section prints it: what it is, who looked, how much was read, what it gets wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from attunement.report.names import names_of
from attunement.report.words import capital, clean, count, listed, lower_first, number, side_name
from attunement.vocabulary import Missing

_NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One construct and its annotator, in words."""

    key: str
    """Its key in the codebook."""
    name: str
    """In words."""
    version: str
    """Of its definition."""
    side: str
    """Whose words it is read in."""
    definition: str
    """What it is."""
    counts: tuple[str, ...]
    """Cases that count, where the codebook gave them."""
    does_not: tuple[str, ...]
    """Near misses that do not."""
    bears_on: str
    """The need and the dilemma."""
    annotator: str
    """Who looked, and which version."""
    draft: bool
    """Whether its agreement with people has not been measured."""
    read: str
    """How many messages were read, and how many could not be, and why."""
    known_faults: tuple[str, ...]
    """What it is known to get wrong."""
    source: str
    """The work it comes from."""


def method(construct: Mapping[str, object]) -> Method:
    """A construct's plain mapping as words; what it leaves out is said to be not stated."""
    key = str(construct["key"])
    need, sign, dilemma = (construct.get(field) for field in ("need", "sign", "dilemma"))
    bears = [f"{need} ({sign})"] if need else []
    bears += [f"the dilemma {dilemma}"] if dilemma else []
    annotator = construct.get("annotator")
    return Method(
        key=key,
        name=capital(names_of([construct]).construct(key)),
        version=str(construct.get("version", _NOT_STATED)),
        side=side_name(key),
        definition=str(construct.get("definition", _NOT_STATED)),
        counts=_texts(construct.get("counts")),
        does_not=_texts(construct.get("does_not")),
        bears_on=listed(bears),
        annotator=f"{annotator}, version {construct.get('annotator_version', _NOT_STATED)}"
        if annotator
        else "none was run",
        draft=bool(construct.get("draft", True)),
        read=_read(construct),
        known_faults=_texts(construct.get("known_faults")),
        source=str(construct.get("source", _NOT_STATED)),
    )


def _texts(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(str(each) for each in value) if isinstance(value, Iterable) else (str(value),)


def _read(construct: Mapping[str, object]) -> str:
    n_read, gone = construct.get("n_read"), construct.get("n_missing") or {}
    text = (
        f"{count(n_read, 'message')} read"
        if isinstance(n_read, int)
        else f"how many messages were read is {_NOT_STATED}"
    )
    if not isinstance(gone, Mapping) or not any(gone.values()):
        return f"{text}; none was left out."
    parts = [f"{number(n)} not read: {lower_first(reason_of(str(reason)))}" for reason, n in gone.items() if n]
    return f"{text}; " + " ".join(parts)


def reason_of(reason: str) -> str:
    """A reason's sentence, or the reason itself where it is none of ours."""
    try:
        return Missing(reason).sentence
    except ValueError:
        return f"{clean(reason)}."
