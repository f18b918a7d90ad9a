"""The three dilemmas, each as several quantities with two sides that stand beside one another. Never one score.

Every quantity names the constructs that speak for each of its sides, and why. Its key is
`dilemma.<which>.<quantity>.<side>`, where the sides are the two words of the dilemma's own key; `balance` is the share
of the second side in the signs of both, and `change` how that share differs between the halves of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attunement.findings.course import Asked, change
from attunement.findings.quantities import QUANTITIES, Quantity
from attunement.findings.rates import caveats_of, of_100, usable_of, why_not
from attunement.findings.reading import Read
from attunement.findings.words import listed, number
from attunement.vocabulary import Estimate, Finding, Missing, Rung

_BALANCE = (
    "It says how two kinds of signs stand to each other, not how frequent they are, and not which of them came of the"
    " other. False alarms on both sides pull it towards 50: by about a tenth of its distance where there are ten signs"
    " in 100 messages, by almost a third where there are three."
)

_FOR_A_CHANGE = "at least 10 signs of the two in each half of 12 sessions or more"


def dilemmas(row: Mapping[str, Any], known: Mapping[str, Estimate], constructs: Sequence[Read]) -> list[Finding]:
    """Each side of each quantity, how the two stand to each other, and whether that changed; or why it is not known."""
    by_key = {construct.key: construct for construct in constructs}
    found: list[Finding] = []
    for quantity in QUANTITIES:
        sides = zip(_sides(quantity.key), (quantity.first, quantity.second), quantity.asks, strict=True)
        for side, keys, asks in sides:
            looked_for = [by_key[key] for key in keys if key in by_key]
            key = f"dilemma.{quantity.key}.{side}"
            found.append(_side(row, known, looked_for, key=key, asks=asks, reason=quantity.reason))
        if quantity.pair is not None:
            found.append(_balance(row, known, by_key, quantity, quantity.pair))
            found.append(_change(row, known, by_key, quantity, quantity.pair))
    return [*found, _regret(row)]


def _sides(key: str) -> tuple[str, str]:
    first, second = key.partition(".")[0].split("-")
    return first, second


def _side(
    row: Mapping[str, Any],
    known: Mapping[str, Estimate],
    looked_for: Sequence[Read],
    *,
    key: str,
    asks: str,
    reason: str,
) -> Finding:
    usable = usable_of(known, looked_for)
    if not usable:
        missing, need = _why_no_side(row, known, looked_for)
        return Finding(
            key=key,
            relationship_id=row["relationship_id"],
            claim=f"Nothing can be said about {asks}.",
            rung=Rung.DESCRIBED,
            missing=missing,
            would_need=need,
        )
    parts = [f"{construct.quoted} in {of_100(construct, estimate)}" for construct, estimate, _ in usable]
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"{asks[0].upper()}{asks[1:]}: {listed(parts)}.",
        rung=Rung.DESCRIBED,
        estimates=tuple(estimate for _, estimate, _ in usable),
        caveats=(*caveats_of(construct for construct, _, _ in usable), reason),
    )


def _why_no_side(
    row: Mapping[str, Any], known: Mapping[str, Estimate], looked_for: Sequence[Read]
) -> tuple[Missing, str]:
    if not looked_for:
        return Missing.NO_ANNOTATOR, "an annotator for a construct of this kind; this version has none"
    return why_not(row, looked_for[0], known.get(looked_for[0].measure))


def _balance(
    row: Mapping[str, Any],
    known: Mapping[str, Estimate],
    by_key: Mapping[str, Read],
    quantity: Quantity,
    pair: tuple[str, str],
) -> Finding:
    estimate = known.get(f"balance.{quantity.key}")
    key, (one, other) = f"dilemma.{quantity.key}.balance", quantity.asks
    if estimate is None or isinstance(estimate.value, Missing):
        missing, need = _why_no_balance(row, known, by_key, estimate, pair)
        return Finding(
            key=key,
            relationship_id=row["relationship_id"],
            claim=f"How {one} and {other} stand to each other cannot be said.",
            rung=Rung.DESCRIBED,
            estimates=() if estimate is None else (estimate,),
            missing=missing,
            would_need=need,
        )
    range_ = ""
    if not isinstance(estimate.low, Missing) and not isinstance(estimate.high, Missing):
        range_ = f" (interval {number(estimate.low)} to {number(estimate.high)})"
    first, second = (by_key[name].quoted if name in by_key else name for name in pair)
    return Finding(
        key=key,
        relationship_id=row["relationship_id"],
        claim=f"Of 100 signs of either, {number(estimate.value)}{range_} are of {second}, the rest of {first}.",
        rung=Rung.DESCRIBED,
        estimates=(estimate,),
        caveats=(*caveats_of(by_key[name] for name in pair if name in by_key), _BALANCE),
    )


def _change(
    row: Mapping[str, Any],
    known: Mapping[str, Estimate],
    by_key: Mapping[str, Read],
    quantity: Quantity,
    pair: tuple[str, str],
) -> Finding:
    asked = Asked(
        key=f"dilemma.{quantity.key}.change",
        what=quantity.share,
        more="larger",
        less="smaller",
        are="was",
        would_need=_FOR_A_CHANGE,
    )
    missing, need = _why_no_balance(row, known, by_key, known.get(f"balance.{quantity.key}"), pair)
    return change(row, known.get(f"change.balance.{quantity.key}"), asked=asked, why_not=(missing, need))


def _why_no_balance(
    row: Mapping[str, Any],
    known: Mapping[str, Estimate],
    by_key: Mapping[str, Read],
    estimate: Estimate | None,
    pair: tuple[str, str],
) -> tuple[Missing, str]:
    if estimate is not None and isinstance(estimate.value, Missing):
        there = f"there {'is' if estimate.n == 1 else 'are'} {estimate.n:,} {estimate.n_of}"
        return Missing.TOO_FEW, f"at least 10 signs of the two, and one in 100 messages; {there}"
    if estimate is not None:
        return Missing.TOO_FEW, _FOR_A_CHANGE
    for name in pair:
        if name not in by_key:
            return Missing.NO_ANNOTATOR, "an annotator for a construct of this kind; this version has none"
        if by_key[name].measure not in known:
            return why_not(row, by_key[name], None)
    return Missing.TOO_FEW, "sessions in which both could be read"


def _regret(row: Mapping[str, Any]) -> Finding:
    return Finding(
        key="dilemma.present-future.regret",
        relationship_id=row["relationship_id"],
        claim="Whether the person is later glad of these hours or regrets them cannot be read off the conversations.",
        rung=Rung.DESCRIBED,
        missing=Missing.NOT_RECORDED,
        would_need="the person's own answer, asked some days later and more than once, as a study does",
    )
