"""Findings as they are printed: a claim with its numbers, or what is not known with what would make it knowable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from attunement.report.contents import Contents
from attunement.report.names import Names, names_of
from attunement.report.strips import Scale, Strip, scale_of, strip_of
from attunement.report.words import amount, chance_of, interval_of, is_day, number, reliability_of, side_of, value_of
from attunement.vocabulary import Estimate, Finding, Missing, Rung, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A number as it is printed: never without its interval, its count and its rung."""

    name: str
    """What was measured."""
    what: str
    """The same without whose words it is in."""
    side: str
    """ai, user or both."""
    strip: Strip | None
    """The same as a mark on a line; None where there is no number."""
    value: str
    """The number and its unit, or why there is none."""
    amount: str
    """The number alone, or why there is none."""
    unit: str
    """The unit alone."""
    interval: str
    """Its interval, or why there is none."""
    ends: str
    """Its interval as two numbers, or why there is none."""
    read_from: str
    """How many units it was made from."""
    reliability: str
    """For a number of one unit that was drawn towards those of all; else empty."""
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

    key: str
    """Its key."""
    name: str
    """What it is about, in a few words."""
    text: str
    """The claim in a sentence."""
    rung: Rung
    """How far it may be trusted to speak of causes."""
    draft: bool
    """Whether it rests on a construct whose accuracy has not been measured."""
    readings: tuple[Reading, ...]
    """Its numbers, with strips on a scale that those of one unit share."""
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
class Made:
    """How some numbers came about, each thing said once."""

    rungs: tuple[Rung, ...]
    """The rungs that they stand on."""
    draft: bool
    """Whether any rests on a draft."""
    caveats: tuple[str, ...]
    """What a careful reader has to know."""
    nulls: tuple[str, ...]
    """What they were held against."""
    methods: tuple[str, ...]
    """How they were made."""


class Speaker:
    """Puts the findings of one report into words."""

    def __init__(self, contents: Contents) -> None:
        self.names = names_of(contents.constructs)
        self._drafts = [str(construct["key"]) for construct in contents.constructs if construct.get("draft", True)]
        self._quotes = contents.quotes or {}

    def claim(self, finding: Finding, *, drawn: Collection[str] = ()) -> Claim:
        """A finding as it is printed; `drawn` names measures that a figure beside it shows already."""
        shown_here = [estimate for estimate in finding.estimates if estimate.measure not in drawn]
        by_unit: dict[str, list[Estimate]] = defaultdict(list)
        for estimate in shown_here:
            by_unit[estimate.unit].append(estimate)
        scales = {unit: scale_of(group) for unit, group in by_unit.items() if len(group) > 1 or _has_interval(group[0])}
        return Claim(
            key=finding.key,
            name=self.names.finding(finding.key),
            text=finding.claim,
            rung=finding.rung,
            draft=self.is_draft(finding),
            readings=tuple(self.reading(estimate, scales.get(estimate.unit)) for estimate in shown_here),
            caveats=finding.caveats,
            quotes=tuple(Quote(id=shown(key), text=self._quotes.get(key, "")) for key in finding.evidence),
        )

    def is_draft(self, finding: Finding) -> bool:
        """Whether a finding rests on a construct whose accuracy against people is not measured."""
        measures = [finding.key, *(estimate.measure for estimate in finding.estimates)]
        return any(measure.endswith(f".{draft}") for draft in self._drafts for measure in measures)

    def reading(self, estimate: Estimate, scale: Scale | None) -> Reading:
        """A number as it is printed, on a given scale; without one it has no strip."""
        null, side = estimate.null, side_of(estimate.measure)
        interval = interval_of(estimate)
        return Reading(
            name=(name := self.names.measure(estimate.measure)),
            what=name.removesuffix(" (AI)").removesuffix(" (person)"),
            side=side,
            strip=None if scale is None or is_day(estimate) else strip_of(estimate, scale, side),
            value=value_of(estimate),
            amount=value_of(estimate if is_day(estimate) else replace(estimate, unit="")),
            unit="" if isinstance(estimate.value, Missing) or is_day(estimate) else estimate.unit,
            interval=interval,
            ends=_ends(estimate, interval),
            read_from=f"{number(estimate.n)} {estimate.n_of}",
            reliability=reliability_of(estimate),
            null=f"{null.statement.rstrip('.')}. {chance_of(null.p)}" if null else "",
            method=estimate.method,
        )

    def made(self, found: Iterable[Finding]) -> Made:
        """How the numbers of some findings came about, each thing said once."""
        told = [finding for finding in found if finding.missing is None]
        claims = [self.claim(finding) for finding in told]
        readings = [one for claim in claims for one in claim.readings]
        return Made(
            rungs=tuple(dict.fromkeys(claim.rung for claim in claims)),
            draft=any(claim.draft for claim in claims),
            caveats=tuple(dict.fromkeys(caveat for claim in claims for caveat in claim.caveats)),
            nulls=tuple(dict.fromkeys(f"{one.name}: {one.null}" for one in readings if one.null)),
            methods=tuple(dict.fromkeys(one.method for one in readings)),
        )


def _ends(estimate: Estimate, interval: str) -> str:
    """The interval as two numbers; its level is said where it is not the usual one."""
    tail = "" if estimate.level == 0.95 else f" ({amount(round(estimate.level * 100, 1))}\u00a0%)"
    return f"{interval.partition('interval ')[2]}{tail}" if "interval " in interval else interval


def _has_interval(estimate: Estimate) -> bool:
    return not isinstance(estimate.low, Missing) and not isinstance(estimate.high, Missing)


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
