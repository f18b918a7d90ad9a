"""Who moved towards whose way of writing, and from where.

Every relationship gives, for each class of style, where both sides began (the first sessions) and where each came to
(the later half). The question for the person is: among people who began alike, did those whose AI used more of a class
come to use more of it, and by what share of the difference? Regression to one's own mean, and what moves everybody,
are the same whatever the AI was, and fall out; so does the AI's own style, which may stand as still as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int
from scipy import special

from attunement.dynamics.styles import Began, began, written
from attunement.statistics.nulls import YokedPartners, permutation_test
from attunement.statistics.shrinkage import Shrunken, shrink_normal
from attunement.vocabulary import Estimate, Missing, Null, Rung

Places = Float[np.ndarray, "relationships classes"]

SIDES = ("person", "ai")

FEWEST = 20
"""With fewer relationships, what moves everybody cannot be told from what moves each."""

STRENGTH_FLOOR = 5.0
"""Standard errors from 0 that the others' own difference must have; below it intervals fail (see the benchmark)."""

DISTINCT_FLOOR = 0.1
"""Least share of the other's starting style that one's own start may leave: below it mirroring cannot be told from
leading (see the benchmark)."""

PASSING_ERROR = 0.25
"""Share of what is taken off for passing topics by which that may be wrong: its fading is not known (see `topic`)."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    """How far one side moved, in shares of the way."""

    share: float
    influence: Float[np.ndarray, " relationships"]
    distance: float
    """The way at the start, in one's own spreads."""
    distinct: tuple[float, float, float]
    """Share of the other's starting style that one's own leaves, and its interval."""
    strength: float
    p: float
    own: Float[np.ndarray, " relationships"]
    own_variance: Float[np.ndarray, " relationships"]
    degrees: float
    unsure: float
    """What the share may be off by because of passing topics."""

    @property
    def se(self) -> float:
        """Standard error of the share: over relationships, and for what was taken off for passing topics."""
        n = len(self.influence)
        return float(np.hypot(np.sqrt(self.influence @ self.influence * n / max(self.degrees, 1.0)), self.unsure))

    @property
    def p_of_interval(self) -> float:
        """Against a share of 0, by the standard error."""
        return float(2 * special.stdtr(self.degrees, -abs(self.share) / max(self.se, 1e-12)))


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
    Source:   danescu2011 for classes of style; fuller1987, section 1.6, for instruments; fisher1935 for yoked partners.
    Checked:  benchmarks/recovery/accommodation.py
    """
    rows = written(panel)
    if rows is None:
        return []
    at = began(rows)
    n = len(at.relationship)
    if n < FEWEST:
        return _refused(at, Missing.TOO_FEW, n=n, level=level)
    found = {side: _moved(at, side, rng=rng, level=level, n_draws=n_draws) for side in SIDES}
    estimates: list[Estimate] = []
    for side, moved in found.items():
        estimates += _of_side(at, side, moved, level=level)
    estimates.append(_difference(found, n=n, level=level))
    return estimates


def is_told(moved: _Moved) -> bool:
    """Whether the other's start is distinct enough from one's own."""
    return moved.strength >= STRENGTH_FLOOR and moved.distinct[0] >= DISTINCT_FLOOR


def _moved(at: Began, side: str, *, rng: np.random.Generator, level: float, n_draws: int) -> _Moved:
    """The share of the way, by two instruments that swap their places."""
    me, other = (0, 1) if side == "person" else (1, 0)
    scale = at.spread[me]
    first, second = (np.stack([half[other], half[me]], axis=-1) / scale[:, None] for half in at.halves)
    later = at.later[me] / scale
    products = np.einsum("rka,rkb->rab", first, second)
    # The order of both sides in `passing` is person and AI; here it is the other and oneself.
    order = [other, me]
    passing = at.passing[:, :, order][:, :, :, order] / scale[:, None, None] ** 2
    products = 0.5 * (products + products.transpose(0, 2, 1)) - passing.sum(axis=1)
    outcome = 0.5 * np.einsum("rka,rk->ra", first + second, later)
    total = products.sum(axis=0)
    as_seen = np.linalg.pinv(total + passing.sum(axis=(0, 1))) @ outcome.sum(axis=0)
    inverse = np.linalg.pinv(total)
    share, kept = inverse @ outcome.sum(axis=0)
    influence = (outcome - products @ np.array([share, kept])) @ inverse[0]
    foretold = total[0, 1] / total[1, 1]
    apart = [half[..., 0] - foretold * half[..., 1] for half in (first, second)]
    of_apart = np.array([1.0, -foretold])
    between = products @ of_apart @ of_apart
    strength = float(between.sum() / np.sqrt(np.sum((between - between.mean()) ** 2)))
    way = products @ np.array([1.0, -1.0]) @ np.array([1.0, -1.0]) / later.shape[1]
    alone = float((outcome[:, 1].sum()) / total[1, 1])
    # What passes is in one's own start and in the other's: of the product with what comes later it takes this off.
    off = passing[..., 1] @ of_apart
    own, variance = _own(
        apart, [later - kept * half[..., 1] for half in (second, first)], kept * off.mean(axis=0), between
    )
    return _Moved(
        share=float(share),
        influence=influence,
        distance=float(np.sqrt(max(way.mean(), 0.0))),
        distinct=_distinct(products, rng=rng, level=level),
        strength=strength,
        p=_yoked(
            at,
            apart,
            [later - alone * half[..., 1] for half in (second, first)],
            2 * alone * off.sum(axis=1),
            rng=rng,
            n_draws=n_draws,
        ),
        own=own,
        own_variance=variance,
        degrees=float(len(influence) - at.n_strata - 1),
        unsure=PASSING_ERROR * float(abs(share - as_seen[0])),
    )


def _own(
    apart: list[Places],
    rest: list[Places],
    taken_off: Float[np.ndarray, " classes"],
    between: Float[np.ndarray, " relationships"],
) -> tuple[Float[np.ndarray, " relationships"], Float[np.ndarray, " relationships"]]:
    """Each relationship's own share of the way and its variance: classes are what it is estimated from."""
    direct = 0.25 * np.sum((apart[0] + apart[1]) ** 2, axis=1)
    reliable = float(np.clip(between.sum() / direct.sum(), 0.05, 1.0))
    size = np.maximum(direct * reliable, 1e-12)
    towards = 0.5 * (apart[0] * rest[0] + apart[1] * rest[1]) + taken_off
    share = towards.sum(axis=1) / size
    n_classes = towards.shape[1]
    residual = towards - share[:, None] * 0.25 * reliable * (apart[0] + apart[1]) ** 2
    variance = np.sum(residual**2, axis=1) / size**2 * n_classes / (n_classes - 1)
    return share, np.maximum(variance, 1e-12)


def _distinct(
    products: Float[np.ndarray, "relationships 2 2"], *, rng: np.random.Generator, level: float
) -> tuple[float, float, float]:
    """One less the squared correlation of both starts, noise taken out; its interval by resampling relationships."""
    n = len(products)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=400) @ products.reshape(n, 4)
    every = np.concatenate([products.sum(axis=0).reshape(1, 4), drawn])
    sizes = np.maximum(every[:, 0] * every[:, 3], 1e-12)
    left = np.where((every[:, 0] > 0) & (every[:, 3] > 0), 1 - np.minimum(every[:, 1] ** 2 / sizes, 1.0), 0.0)
    low, high = np.quantile(left[1:], [0.5 - level / 2, 0.5 + level / 2])
    return float(left[0]), float(min(low, left[0])), float(max(high, left[0]))


def _yoked(
    at: Began,
    apart: list[Places],
    rest: list[Places],
    taken_off: Float[np.ndarray, " relationships"],
    *,
    rng: np.random.Generator,
    n_draws: int,
) -> float:
    """How often partners of other relationships, who began at about that time, are come as near to."""
    n = len(at.relationship)
    # The last column says whose values these are: what a pair shares in passing is in the products of one's own alone.
    values = np.concatenate([*apart, np.arange(n)[:, None]], axis=1)
    towards = np.concatenate(rest, axis=1)
    wide = values.shape[1]

    def nearness(copies: Float[np.ndarray, "draws rows"]) -> Float[np.ndarray, "draws 1"]:
        of_draw = copies.reshape(len(copies), n, wide)
        is_own = of_draw[..., -1] == np.arange(n)
        of_each = np.einsum("drk,rk->dr", of_draw[..., :-1], towards) + is_own * taken_off
        return np.asarray((of_each.sum(axis=1) / np.sqrt((of_each**2).sum(axis=1)))[:, None])

    partners = YokedPartners(starts=np.arange(n) * wide, n_rows=values.size, stratum=at.stratum)
    return float(permutation_test(nearness, values.reshape(-1), partners, rng=rng, n_draws=n_draws).p[0])


def _of_side(at: Began, side: str, moved: _Moved, *, level: float) -> list[Estimate]:
    n, told = len(at.relationship), is_told(moved)
    reach = float(special.stdtrit(moved.degrees, 0.5 + level / 2)) * moved.se
    share, low, high = (100 * one for one in (moved.share, moved.share - reach, moved.share + reach))
    value, left = moved.distinct[0], moved.distinct
    p = max(moved.p, moved.p_of_interval)
    null = Null(statement=NULLS[side], p=p if told else Missing.NOT_IDENTIFIED)
    group = _estimate(
        f"accommodation.{side}",
        (share, low, high) if told else Missing.NOT_IDENTIFIED,
        n=n,
        n_of=f"relationships of {at.fewest_sessions} sessions or more",
        null=null,
        level=level,
    )
    figure = Estimate(
        measure=f"accommodation.distinct.{side}",
        relationship_id=None,
        value=100 * value,
        low=100 * left[1],
        high=100 * left[2],
        level=level,
        n=n,
        n_of="relationships",
        rung=Rung.DESCRIBED,
        null=None,
        method="one less the squared correlation of both starts, sampling error taken out; resampled relationships",
        unit="of 100 parts of the other's starting style that one's own start does not foretell",
    )
    return [group, figure, *_of_each(at, side, moved, level=level)]


def _of_each(at: Began, side: str, moved: _Moved, *, level: float) -> list[Estimate]:
    """Each relationship's own, drawn towards that of all."""
    shrunken = shrink_normal(moved.own, moved.own_variance, level=level) if is_told(moved) else None
    estimates = []
    for place, relationship in enumerate(at.relationship.tolist()):
        number: tuple[float, float, float] | Missing = Missing.NOT_IDENTIFIED
        reliability: float | Missing = Missing.NOT_IDENTIFIED
        if isinstance(shrunken, Shrunken):
            number = (shrunken.mean[place] * 100, shrunken.low[place] * 100, shrunken.high[place] * 100)
            reliability = float(shrunken.reliability[place])
        estimates.append(
            _estimate(
                f"accommodation.{side}",
                number,
                n=int(at.n_sessions[place]),
                n_of="sessions",
                null=None,
                level=level,
                relationship=relationship,
                reliability=reliability,
            )
        )
    return [*estimates, *_too_short(at, side, level=level)]


def _too_short(at: Began, side: str, *, level: float) -> list[Estimate]:
    return [
        _estimate(
            f"accommodation.{side}",
            Missing.TOO_FEW,
            n=n,
            n_of="sessions",
            null=None,
            level=level,
            relationship=relationship,
            reliability=Missing.TOO_FEW,
        )
        for relationship, n in zip(at.short.tolist(), at.n_short.tolist(), strict=True)
    ]


def _difference(found: dict[str, _Moved], *, n: int, level: float) -> Estimate:
    """How much farther the person moved than the AI, each in its own spread, as one figure with one error."""
    person, ai = found["person"], found["ai"]
    told = is_told(person) and is_told(ai)
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


def _refused(at: Began, reason: Missing, *, n: int, level: float) -> list[Estimate]:
    estimates = []
    for side in SIDES:
        null = Null(statement=NULLS[side], p=reason)
        estimates.append(_estimate(f"accommodation.{side}", reason, n=n, n_of="relationships", null=null, level=level))
        owners: Int[np.ndarray, " relationships"] = at.relationship
        for relationship, n_sessions in zip(owners.tolist(), at.n_sessions.tolist(), strict=True):
            estimates.append(
                _estimate(
                    f"accommodation.{side}",
                    reason,
                    n=n_sessions,
                    n_of="sessions",
                    null=None,
                    level=level,
                    relationship=relationship,
                    reliability=reason,
                )
            )
        estimates += _too_short(at, side, level=level)
    return estimates


def _estimate(
    measure: str,
    number: tuple[float, float, float] | Missing,
    *,
    n: int,
    n_of: str,
    null: Null | None,
    level: float,
    relationship: int | None = None,
    reliability: float | Missing | None = None,
) -> Estimate:
    value, low, high = (number,) * 3 if isinstance(number, Missing) else number
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
        method=METHOD if relationship is None else OWN_METHOD,
        unit=UNIT,
        reliability=reliability,
    )
