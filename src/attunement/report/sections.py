"""Findings by their kind: each prefix of a key has its own section, its question, and room for what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from attunement.report.claims import Claim, Refusal, Speaker, refusals
from attunement.report.hacking import Table, table_of
from attunement.report.influence import Exchange, exchanges_of
from attunement.vocabulary import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of finding."""

    key: str
    """The name of its anchor."""
    prefixes: tuple[str, ...]
    """What the keys of its findings begin with."""
    name: str
    """Its heading."""
    question: str
    """What it asks, in a sentence."""


KINDS = (
    Kind(
        key="depth",
        prefixes=("depth",),
        name="How far this is a relationship",
        question="A tool that is used is not a bond. Three things tell: whether it goes on, whether each side goes with"
        " the other, and whether another would do.",
    ),
    Kind(
        key="influence",
        prefixes=("influence",),
        name="Who goes before whom",
        question="Whether the person is different after the AI was, and the AI after the person was, by time since.",
    ),
    Kind(
        key="hacking",
        prefixes=("hacking", "reward_hacking"),
        name="What is rewarded, and what is good later",
        question="Whether sessions with more of an act go with more of a short-term reward and with less of a good"
        " later on. Only both together are called social reward hacking.",
    ),
    Kind(
        key="decoupling",
        prefixes=("decoupling",),
        name="Wanting and liking",
        question="Whether the wish for the contact and the joy in it go the same way.",
    ),
    Kind(
        key="break",
        prefixes=("break",),
        name="Before and after an event",
        question="Whether anything is different after a known event, such as another version of the AI.",
    ),
    Kind(
        key="drift",
        prefixes=("drift",),
        name="Where views move",
        question="Whether the person's views move towards the AI's, beyond how views move anyway.",
    ),
    Kind(
        key="accommodation",
        prefixes=("accommodation",),
        name="Whose style moves",
        question="Who takes on the other's way of writing, each from where they began.",
    ),
    Kind(
        key="alarm",
        prefixes=("alarm",),
        name="Alarms",
        question="Where something changed enough to be looked at, and how often such an alarm is false.",
    ),
)
"""In the order of the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The findings of one kind."""

    kind: Kind
    """What they are about."""
    claims: tuple[Claim, ...]
    """What is claimed."""
    exchanges: Mapping[str, tuple[Exchange, ...]]
    """By the key of its claim: influence both ways, side by side, where it could be read out of the measures."""
    table: Table | None
    """Acts, rewards and goods, where they could be read out of the measures."""
    refusals: tuple[Refusal, ...]
    """What could not be known."""


def sections(found: Sequence[Finding], say: Speaker, *, skip: Iterable[str] = ()) -> tuple[Section, ...]:
    """The sections that have anything to say or to refuse; `skip` names kinds that stand elsewhere."""
    made = []
    for kind in KINDS:
        here = [finding for finding in found if finding.key.startswith(kind.prefixes)]
        if here and kind.key not in set(skip):
            made.append(_section(kind, here, say))
    return tuple(made)


def sectioned(key: str) -> bool:
    """Whether a finding has a section of its own kind."""
    return key.startswith(tuple(prefix for kind in KINDS for prefix in kind.prefixes))


def _section(kind: Kind, here: Sequence[Finding], say: Speaker) -> Section:
    told = [finding for finding in here if finding.missing is None]
    exchanges = {finding.key: exchanges_of(finding.estimates, say) for finding in told}
    table = table_of(told, say) if kind.key == "hacking" else None
    drawn = {measure for some in exchanges.values() for each in some for measure in each.measures}
    drawn |= set(table.measures if table else ())
    return Section(
        kind=kind,
        claims=tuple(say.claim(finding, drawn=drawn) for finding in told),
        exchanges=exchanges,
        table=table,
        refusals=refusals([finding for finding in here if finding.missing is not None], say.names),
    )
