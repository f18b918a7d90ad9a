"""The arithmetic of who moved: both starts by instruments, what passes taken off, partners yoked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

from attunement.dynamics.accommodation_starts import Began
from attunement.statistics.nulls import YokedPartners, permutation_test

Places = Float[np.ndarray, "relationships classes"]

STRENGTH_FLOOR = 5.0
"""Standard errors from 0 that the others' own difference must have; below it intervals fail (see the benchmark)."""

DISTINCT_FLOOR = 0.1
"""Least share of the other's starting style that one's own start may leave: below it mirroring cannot be told from
leading (see the benchmark)."""

PASSING_ERROR = 0.35
"""Share of what is taken off for passing topics by which that may be wrong: its fading is not known (see `topic`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
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


def movement(at: Began, side: str, *, rng: np.random.Generator, level: float, n_draws: int) -> Moved:
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
    return Moved(
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
