"""Findings on wanting against liking: whether coming back grows where enjoying it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attunement.findings.reading import Read
from attunement.findings.words import counted, interval, listed, number
from attunement.statistics.shrinkage import RELIABILITY_FLOOR
from attunement.vocabulary import Estimate, Finding, Missing, Rung

ALPHA = 0.05
"""Of the null that signs are independent."""

SURE = 0.95
"""Probability from which on one relationship is said to have gone apart."""

_NEEDED = "; needed: "
"""In `method` of an estimate without a value, this stands between what is missing and what would do."""

_NAMES = {
    "sessions": "how often they come",
    "gap": "how soon they come back",
    "started_by_person": "how often the person opens the talk",
    "night_share": "contact at night",
    "user.separation": "talk of missing the AI",
    "rating": "the rating",
    "user.need_met": "talk of a need met",
}
_ORDER = ("apart", "both_up", "both_down", "liking_alone")
_SIDES = ("wanting", "liking")
_NOT_WHY = "It says that the two go apart, and not why: work, illness or a new habit can do that as well as the AI."
_SEEN = "Slopes are straight lines over weeks; the first two weeks and the last of each relationship are left out."
_LEFT = "Those who left before their slopes could be seen are counted as wanting and liking it less."
_RATED = "Ratings are of those moments that people chose to rate."


def decoupling(estimates: Sequence[Estimate], constructs: Sequence[Read] = ()) -> list[Finding]:
    """One finding for each pair of signs that goes apart, one for all others or one refusal; and one a relationship.

    Args:
        estimates: from `dynamics`; those that do not speak of decoupling are left alone.
        constructs: what was looked for, for the names of signs that are read in words.
    """
    names = _NAMES | {one.key: f"talk that shows {one.quoted}" for one in constructs}
    of_all: dict[str, Estimate] = {}
    of_each: dict[int, dict[str, Estimate]] = {}
    for estimate in estimates:
        if not estimate.measure.startswith("decoupling."):
            continue
        key = estimate.measure.removeprefix("decoupling.")
        if estimate.relationship_id is None:
            of_all[key] = estimate
        else:
            of_each.setdefault(estimate.relationship_id, {})[key] = estimate
    pairs = [key.removeprefix("excess.") for key in of_all if key.startswith("excess.")]
    told = [pair for pair in pairs if not isinstance(of_all[f"excess.{pair}"].value, Missing)]
    clear = [pair for pair in told if _holds(of_all[f"excess.{pair}"])]
    quiet = [pair for pair in told if pair not in clear]
    found = [_of_pair(pair, of_all, names) for pair in clear]
    if quiet:
        found.append(_not_shown(quiet, of_all, names))
    if pairs and not told:
        found = [_refusal([of_all[f"excess.{pair}"] for pair in pairs])]
    return found + [_of_one(relationship, known, names) for relationship, known in of_each.items()]


def _holds(excess: Estimate) -> bool:
    return excess.null is not None and not isinstance(excess.null.p, Missing) and excess.null.p <= ALPHA


def _of_pair(pair: str, known: Mapping[str, Estimate], names: Mapping[str, str]) -> Finding:
    excess = known[f"excess.{pair}"]
    wanting, liking = (names.get(one, one) for one in pair.split("~"))
    shares = [known[f"{kind}.{pair}"] for kind in _ORDER if f"{kind}.{pair}" in known]
    claim = (
        f"Wanting went apart from liking more often than chance has it: {wanting} rose and {liking} fell in"
        f" {number(_value(excess))} of 100 relationships{interval(excess)} more than if the two had nothing to do with"
        f" each other ({counted(excess.n, 'relationship')})."
    )
    return Finding(
        key=f"decoupling.{pair}",
        relationship_id=None,
        claim=" ".join([claim, _shares(pair, known)]).strip(),
        rung=Rung.ASSOCIATION,
        estimates=(excess, *shares, *_means(pair, known)),
        caveats=(_NOT_WHY, _SEEN, _LEFT, *((_RATED,) if pair.endswith("rating") else ())),
    )


def _not_shown(pairs: Sequence[str], known: Mapping[str, Estimate], names: Mapping[str, str]) -> Finding:
    """All pairs of signs that chance would bring together as often."""
    most = max(known[f"excess.{pair}"].n for pair in pairs)
    asked = listed([f"{names.get(one, one)} against {names.get(two, two)}" for one, two in _split(pairs)])
    return Finding(
        key="decoupling.not_shown",
        relationship_id=None,
        claim=f"That wanting goes apart from liking is not shown for {asked}: that the one rises where the other falls"
        " is no clearer than chance allows, or does not last through the checks"
        f" ({counted(most, 'relationship')}{'' if len(pairs) == 1 else ' or fewer'}).",
        rung=Rung.DESCRIBED,
        estimates=tuple(known[f"excess.{pair}"] for pair in pairs),
        caveats=(_SEEN, _LEFT, *((_RATED,) if any(pair.endswith("rating") for pair in pairs) else ())),
    )


def _split(pairs: Sequence[str]) -> list[tuple[str, str]]:
    """The sign of wanting and that of liking of each pair."""
    return [(wanting, liking) for wanting, _, liking in (pair.partition("~") for pair in pairs)]


def _shares(pair: str, known: Mapping[str, Estimate]) -> str:
    parts = [known.get(f"{kind}.{pair}") for kind in _ORDER]
    values = [number(_value(part)) for part in parts if part is not None and not isinstance(part.value, Missing)]
    if len(values) < len(_ORDER):
        return ""
    return (
        f"Of 100 relationships, wanting rose and liking fell in some {values[0]}, both rose in {values[1]}, both fell"
        f" in {values[2]}, and liking alone rose in {values[3]}."
    )


def _means(pair: str, known: Mapping[str, Estimate]) -> tuple[Estimate, ...]:
    keys = [f"{side}.{sign}" for side, sign in zip(_SIDES, pair.split("~"), strict=True)]
    return tuple(known[key] for key in keys if key in known)


def _of_one(relationship: int, known: Mapping[str, Estimate], names: Mapping[str, str]) -> Finding:
    """What can be said of one: a label only where both slopes are reliable and both signs are sure."""
    apart = {key.removeprefix("apart."): one for key, one in known.items() if key.startswith("apart.")}
    sure = [pair for pair, one in apart.items() if _is_sure(one)]
    slopes = [one for key, one in known.items() if key.split(".", maxsplit=1)[0] in _SIDES]
    if sure:
        said = listed(
            [f"{names.get(w, w)} rose and {names.get(x, x)} fell" for w, x in (one.split("~") for one in sure)]
        )
        return Finding(
            key="decoupling.own",
            relationship_id=relationship,
            claim=f"In this relationship wanting went apart from liking: {said}.",
            rung=Rung.DESCRIBED,
            estimates=(*(apart[pair] for pair in sure), *slopes),
            caveats=(_NOT_WHY, _SEEN),
        )
    usable = [one for one in apart.values() if not isinstance(one.value, Missing)]
    readable = [one for one in usable if _reliable(one)]
    if readable:
        claim = "In this relationship wanting did not clearly go apart from liking."
        return Finding(
            key="decoupling.own",
            relationship_id=relationship,
            claim=claim,
            rung=Rung.DESCRIBED,
            estimates=(*readable, *slopes),
            caveats=(_SEEN,),
        )
    best = max((one.reliability for one in usable if isinstance(one.reliability, float)), default=None)
    how = "" if best is None else f" (reliability {number(best)}; {number(RELIABILITY_FLOOR)} is needed)"
    return Finding(
        key="decoupling.own",
        relationship_id=relationship,
        claim=f"Whether wanting goes apart from liking in this relationship cannot be told by itself{how}.",
        rung=Rung.DESCRIBED,
        estimates=tuple(slopes),
        caveats=(_SEEN,),
        missing=Missing.TOO_FEW,
        would_need="about a year of weeks with both, and two hundred relationships to learn from how people differ",
    )


def _is_sure(estimate: Estimate) -> bool:
    return _reliable(estimate) and not isinstance(estimate.value, Missing) and estimate.value >= SURE


def _reliable(estimate: Estimate) -> bool:
    return isinstance(estimate.reliability, float) and estimate.reliability >= RELIABILITY_FLOOR


def _refusal(estimates: Sequence[Estimate]) -> Finding:
    """Nothing could be tested: the reason that is nearest to being mended comes first."""
    order = (Missing.TOO_FEW, Missing.NOT_IDENTIFIED, Missing.NO_ANNOTATOR, Missing.NOT_RECORDED)
    first = min(estimates, key=lambda one: order.index(one.value) if one.value in order else len(order))
    what, _, need = first.method.partition(_NEEDED)
    return Finding(
        key="decoupling",
        relationship_id=None,
        claim=f"Whether wanting goes apart from liking cannot be said: {what}.",
        rung=Rung.DESCRIBED,
        estimates=tuple(estimates),
        missing=first.value if isinstance(first.value, Missing) else Missing.NOT_IDENTIFIED,
        would_need=need or "more relationships, or longer ones",
    )


def _value(estimate: Estimate) -> float:
    return 0.0 if isinstance(estimate.value, Missing) else estimate.value
