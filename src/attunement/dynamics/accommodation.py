"""Who moved towards whose way of writing, and from where.

Every relationship gives, for each class of style, where both sides began (the first sessions) and where each came to
(the later half). The question for the person is: among people who began alike, did those whose AI used more of a class
come to use more of it, and by what share of the difference? Regression to one's own mean, and what moves everybody,
are the same whatever the AI was, and fall out; so does the AI's own style, which may stand as still as it likes.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from scipy import special

from attunement.dynamics.accommodation_moves import DISTINCT_FLOOR, STRENGTH_FLOOR, Moved, movement
from attunement.dynamics.accommodation_rows import written
from attunement.dynamics.accommodation_starts import FEWEST_SESSIONS, Began, began
from attunement.statistics import Refused
from attunement.statistics.shrinkage import Shrunken, shrink_normal
from attunement.vocabulary import Estimate, Missing, Null, Rung

SIDES = ("person", "ai")

FEWEST = 20
"""With fewer relationships, what moves everybody cannot be told from what moves each."""

METHOD = (
    "later half of the sessions on both sides' first six, class by class in one's own spreads, by instruments of"
    " halves (odd sessions for even), length of messages and date of the start held constant; errors over relationships"
)
OWN_METHOD = METHOD + "; each relationship's own drawn towards that of all (empirical Bayes)"
NULLS = {
    "person": "the person would have come as near to the AI of another relationship that began at about that time",
    "ai": "the AI would have come as near to another person who began at about that time",
}
UNIT = "of 100 parts of the way to where the other began"
STEPS = "standard deviations of one's own sessions"


Numbers = tuple[float, float, float]
"""Low, value and high, in shares of the way."""


def estimate_accommodation(
    panel: pa.Table, *, rng: np.random.Generator, level: float = 0.95, n_draws: int = 499
) -> list[Estimate]:
    """How far each side moved towards where the other began: of all relationships, and of each after shrinkage.

    Measures are `accommodation.person`, `accommodation.ai` (both also per relationship), `accommodation.difference` and
    `accommodation.distinct.<side>`, the share of the other's starting style that one's own does not foretell. Where
    that is too small, the other mirrors and the answer is Missing.NOT_IDENTIFIED.

    Args:
        panel: rows `style.<side>.<class>` of sessions; others are left alone.
        rng: draws yoked partners and resamples relationships.
        level: the coverage aimed at.
        n_draws: of yoked partners.

    Assumes:  sessions a few apart have independent errors; what a pair talks about may change in any way that does not
        go with how its AI wrote at first; what happens within the first sessions is not seen.
    Source:   danescu2011 for classes of style; fuller1987, section 1.4, for instruments; fisher1935 for yoked partners.
    Checked:  benchmarks/recovery/accommodation.py
    """
    rows = written(panel)
    if rows is None:
        none = Refused(
            reason=Missing.NO_ANNOTATOR,
            what="how either side writes was not counted in sessions in which both wrote",
            do="counts of style for both sides",
        )
        return [_estimate(f"accommodation.{side}", none, n=0, n_of="relationships", level=level) for side in SIDES]
    at = began(rows)
    n = len(at.relationship)
    if n < FEWEST:
        few = Refused(
            reason=Missing.TOO_FEW,
            what=f"{n} {'relationship has' if n == 1 else 'relationships have'} {FEWEST_SESSIONS} sessions or more, and"
            " what moves everybody cannot be told from what moves each",
            do=f"{FEWEST} relationships of {FEWEST_SESSIONS} sessions or more",
        )
        return [estimate for side in SIDES for estimate in _of_side(at, side, few, level=level)]
    found = {side: movement(at, side, rng=rng, level=level, n_draws=n_draws) for side in SIDES}
    estimates: list[Estimate] = []
    for side, moved in found.items():
        estimates += [_distinct(side, moved, n=n, level=level), *_of_side(at, side, moved, level=level)]
    return [*estimates, _difference(found, n=n, level=level)]


def _untold(moved: Moved) -> Refused | None:
    """Why the other's start cannot be told from one's own, where it cannot."""
    if moved.strength < STRENGTH_FLOOR:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what="where the other sides began differs too little between relationships that began alike",
            do="more relationships, or other sides that differ in style, such as several personas or versions",
        )
    if moved.distinct[1] < DISTINCT_FLOOR:
        return Refused(
            reason=Missing.NOT_IDENTIFIED,
            what="one side wrote like the other from the first sessions on: who mirrors cannot be told from who leads",
            do="relationships in which the AI's style does not follow the person's, by chance or by design",
        )
    return None


def _of_side(at: Began, side: str, moved: Moved | Refused, *, level: float) -> list[Estimate]:
    """Of all relationships, and each one's own, drawn towards that of all."""
    name, n = f"accommodation.{side}", len(at.relationship)
    told = moved if isinstance(moved, Refused) else _untold(moved) or moved
    shrunken: Shrunken | Refused | None = None
    of_all: Numbers | Refused
    p: float | Missing
    if isinstance(told, Refused):
        of_all, p = told, told.reason
    else:
        reach = float(special.stdtrit(told.degrees, 0.5 + level / 2)) * told.se
        of_all, p = (told.share - reach, told.share, told.share + reach), max(told.p, told.p_of_interval)
        shrunken = shrink_normal(told.own, told.own_variance, level=level)
    null = Null(statement=NULLS[side], p=p)
    estimates = [_estimate(name, of_all, n=n, n_of="relationships", null=null, level=level)]
    for place, relationship in enumerate(at.relationship.tolist()):
        own: Numbers | Refused = of_all
        reliable: float | Missing = p if isinstance(p, Missing) else Missing.TOO_FEW
        if isinstance(shrunken, Shrunken):
            own = (float(shrunken.low[place]), float(shrunken.mean[place]), float(shrunken.high[place]))
            reliable = float(shrunken.reliability[place])
        n_own = int(at.n_sessions[place])
        estimates.append(
            _estimate(name, own, n=n_own, n_of="sessions", level=level, relationship=relationship, reliability=reliable)
        )
    return estimates + [_too_short(name, *short, level=level) for short in zip(at.short, at.n_short, strict=True)]


def _too_short(name: str, relationship: np.uint64, n: np.int64, *, level: float) -> Estimate:
    short = Refused(
        reason=Missing.TOO_FEW,
        what=f"{n} sessions are too few to tell where both sides began and where they came to",
        do=f"{FEWEST_SESSIONS} sessions in which both sides wrote",
    )
    return _estimate(
        name, short, n=int(n), n_of="sessions", level=level, relationship=int(relationship), reliability=short.reason
    )


def _distinct(side: str, moved: Moved, *, n: int, level: float) -> Estimate:
    value, low, high = (100 * one for one in moved.distinct)
    return Estimate(
        measure=f"accommodation.distinct.{side}",
        relationship_id=None,
        value=value,
        low=low,
        high=high,
        level=level,
        n=n,
        n_of="relationships",
        rung=Rung.DESCRIBED,
        null=None,
        method="one less the squared correlation of both starts, sampling error taken out; resampled relationships",
        unit="of 100 parts of the other's starting style that one's own start does not foretell",
    )


def _difference(found: dict[str, Moved], *, n: int, level: float) -> Estimate:
    """How much farther the person moved than the AI, each in its own spread, as one figure with one error."""
    person, ai = found["person"], found["ai"]
    told = _untold(person) is None and _untold(ai) is None
    value = person.share * person.distance - ai.share * ai.distance
    influence = person.influence * person.distance - ai.influence * ai.distance
    unsure = np.hypot(person.unsure * person.distance, ai.unsure * ai.distance)
    se = float(np.hypot(np.sqrt(influence @ influence * n / person.degrees), unsure))
    reach = float(special.stdtrit(person.degrees, 0.5 + level / 2)) * se
    told = told and se > 0
    p = float(2 * special.stdtr(person.degrees, -abs(value) / se)) if told else 1.0
    return Estimate(
        measure="accommodation.difference",
        relationship_id=None,
        value=value if told else Missing.NOT_IDENTIFIED,
        low=value - reach if told else Missing.NOT_IDENTIFIED,
        high=value + reach if told else Missing.NOT_IDENTIFIED,
        level=level,
        n=n,
        n_of="relationships",
        rung=Rung.ADJUSTED,
        null=Null(statement="both sides moved equally far", p=p if told else Missing.NOT_IDENTIFIED),
        method=METHOD + "; the person's way less the AI's",
        unit=STEPS,
    )


def _estimate(
    measure: str,
    number: Numbers | Refused,
    *,
    n: int,
    n_of: str,
    level: float,
    null: Null | None = None,
    relationship: int | None = None,
    reliability: float | Missing | None = None,
) -> Estimate:
    if isinstance(number, Refused):
        low: float | Missing = number.reason
        value, high, method = low, low, f"{number.what}; needed: {number.do}"
    else:
        low, value, high = (100 * one for one in number)
        method = METHOD if relationship is None else OWN_METHOD
    return Estimate(
        measure=measure,
        relationship_id=relationship,
        value=value,
        low=low,
        high=high,
        level=level,
        n=n,
        n_of=n_of,
        rung=Rung.ADJUSTED,
        null=null,
        method=method,
        unit=UNIT,
        reliability=reliability,
    )
