"""A page for each dilemma: its quantities, the two sides of each beside one another, how they stand, what changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from attunement.report.claims import Claim, Made, Reading, Refusal, Speaker, refusals
from attunement.report.figure import Figure
from attunement.report.strips import PERCENT, Scale, Tick, scale_of
from attunement.report.words import DILEMMAS, POLES, capital, number
from attunement.vocabulary import Estimate, Finding, Missing

ALSO = {"present-future": ("decoupling",), "self-system": ("drift", "accommodation"), "ai-human": ("displacement",)}
"""Findings of other kinds that belong to a dilemma and stand on its page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How the two sides of a quantity stand to each other."""

    ends: tuple[str, str]
    """What lies at 0 and at 100."""
    reading: Reading
    """The share of the second."""
    change: Reading | None
    """How it differs between the halves of the time, where that is known."""
    text: str
    """The claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One thing that a dilemma turns on."""

    name: str
    """In a word or two."""
    first: tuple[Reading, ...]
    """What speaks for the first side; empty where nothing could be read."""
    second: tuple[Reading, ...]
    """What speaks for the second side."""
    balance: Balance | None
    """The share of the second in the signs of both, where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One dilemma of one relationship."""

    key: str
    """present-future, self-system or ai-human."""
    name: str
    """In words."""
    question: str
    """What it asks."""
    poles: tuple[str, str]
    """The two sides."""
    quantities: tuple[Quantity, ...]
    """Its quantities; those of which nothing is known are left out and stand among the refusals."""
    ticks: tuple[tuple[Tick, ...], tuple[Tick, ...]]
    """The scale of the first side, which grows to the left, and of the second."""
    read_from: tuple[str, ...]
    """What the rates were made from, each said once."""
    claims: tuple[Claim, ...]
    """Findings of other kinds that belong here."""
    figures: tuple[Figure, ...]
    """Its quantities over time."""
    made: Made
    """How the numbers came about."""
    refusals: tuple[Refusal, ...]
    """What could not be known."""


def pages(found: Sequence[Finding], say: Speaker, figures: Sequence[Figure]) -> tuple[Page, ...]:
    """The three pages of one relationship."""
    return tuple(_page(key, found, say, figures) for key in DILEMMAS)


def headline(found: Sequence[Finding], key: str, say: Speaker) -> Balance | None:
    """The balance of one quantity, such as present-future.skill, for the top of the page."""
    return _balance(_of(found, f"dilemma.{key}."), say)


def belongs(key: str) -> bool:
    """Whether a finding stands on one of the three pages."""
    return key.startswith(("dilemma.", *(prefix for prefixes in ALSO.values() for prefix in prefixes)))


def _page(key: str, found: Sequence[Finding], say: Speaker, figures: Sequence[Figure]) -> Page:
    name, question = DILEMMAS[key]
    here = [finding for finding in found if finding.key.startswith((f"dilemma.{key}.", *ALSO[key]))]
    here += [finding for finding in found if finding.key == f"dilemma.{key}"]
    first, second = key.split("-")
    rates = [one for finding in here if finding.key.endswith((f".{first}", f".{second}")) for one in finding.estimates]
    scale = scale_of(rates)
    keys = dict.fromkeys(finding.key.split(".")[2] for finding in here if finding.key.count(".") == 3)
    quantities = [
        _quantity(f"{key}.{quantity}", _of(here, f"dilemma.{key}.{quantity}."), say, scale) for quantity in keys
    ]
    known = [finding for finding in here if finding.missing is None]
    other = [
        finding for finding in known if not finding.key.startswith(f"dilemma.{key}.") or finding.key.count(".") == 2
    ]
    return Page(
        key=key,
        name=name,
        question=question,
        poles=POLES[key],
        quantities=tuple(one for one in quantities if one.first or one.second),
        ticks=(scale.mirror().ticks, scale.ticks),
        read_from=read_from(rates),
        claims=tuple(say.claim(finding) for finding in other),
        figures=tuple(one for one in figures if one.kind == f"sides {key}"),
        made=say.made(finding for finding in known if finding not in other),
        refusals=refusals([finding for finding in here if finding.missing is not None], say.names),
    )


def _of(found: Sequence[Finding], prefix: str) -> dict[str, Finding]:
    """The findings of one quantity that claim something, by what stands last in their key."""
    return {
        finding.key.removeprefix(prefix): finding
        for finding in found
        if finding.key.startswith(prefix) and finding.missing is None
    }


def _quantity(key: str, parts: dict[str, Finding], say: Speaker, scale: Scale) -> Quantity:
    first, second = key.partition(".")[0].split("-")
    return Quantity(
        name=say.names.quantity(key),
        first=_side(parts.get(first), say, scale.mirror()),
        second=_side(parts.get(second), say, scale),
        balance=_balance(parts, say),
    )


def _side(finding: Finding | None, say: Speaker, scale: Scale) -> tuple[Reading, ...]:
    return () if finding is None else tuple(say.reading(one, scale) for one in finding.estimates)


def _balance(parts: dict[str, Finding], say: Speaker) -> Balance | None:
    finding = parts.get("balance")
    if finding is None or not finding.estimates:
        return None
    changed = parts.get("change")
    return Balance(
        ends=_ends(parts, say),
        reading=say.reading(_whole(finding.estimates[0]), PERCENT),
        change=None if changed is None else say.reading(_whole(changed.estimates[0]), PERCENT),
        text=finding.claim,
    )


def _whole(estimate: Estimate) -> Estimate:
    """The same in whole signs of 100: more digits mean nothing here. The tables keep them."""
    value, low, high = (
        end if isinstance(end, Missing) else round(end) for end in (estimate.value, estimate.low, estimate.high)
    )
    return replace(estimate, value=value, low=low, high=high)


def _ends(parts: dict[str, Finding], say: Speaker) -> tuple[str, str]:
    """The two constructs that a balance is made of: the first of each side."""
    sides = [finding for name, finding in parts.items() if name not in ("balance", "change")]
    names = [capital(say.names.construct(one.estimates[0].measure.removeprefix("rate."))) for one in sides]
    return (names[0], names[1]) if len(names) == 2 else ("", "")


def read_from(estimates: Iterable[Estimate]) -> tuple[str, ...]:
    """What some rates were made from, each said once."""
    return tuple(dict.fromkeys(_read_from(one) for one in estimates if not isinstance(one.value, Missing)))


def _read_from(estimate: Estimate) -> str:
    side = "of the AI" if estimate.measure.startswith("rate.ai.") else "of the person"
    return f"{number(estimate.n)} {estimate.n_of.replace('messages', f'messages {side}', 1)}"
