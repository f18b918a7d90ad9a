"""Power as a curve over the number of people: a normal score that rises with the root of that number.

Counting how often a test rejects wastes what its statistic says: whether it was missed by little or by much. The normal
score of a test, ndtri(1 - p), is nearly normal over studies, with a mean that is a line in the root of the number of
people and a spread that hardly depends on it. So a line is fitted to scores of all studies of one design; a score that
a permutation test cannot reach, as its p-value ends at 1 / (draws + 1), is known to be at least so large.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

Draws = Float[np.ndarray, " draws"]

N_DRAWS = 400
"""Bayesian bootstrap draws behind Monte-Carlo intervals."""

_ROUNDS = 60

_SMALLEST_SPREAD = 0.7
"""Scores of a valid test vary by about 1; a few runs that happen to agree must not make power a step."""


class Ends(NamedTuple):
    """A figure from runs, with its Monte-Carlo interval; infinite where runs do not tell an end."""

    value: float
    low: float
    high: float


class Scores(NamedTuple):
    """Studies of one design that differ in how many people they had."""

    n: Float[np.ndarray, " runs"]
    """People of each study."""
    z: Float[np.ndarray, " runs"]
    """The normal score of its test: positive where it points to what is there."""
    capped: Bool[np.ndarray, " runs"]
    """Whether the score is only known to be at least so large."""


class PowerCurve(NamedTuple):
    """Scores are start + slope x root of people, and vary by `spread`; the first draw is the fit, the others tell its
    Monte-Carlo error."""

    start: Draws
    slope: Draws
    spread: Draws

    def power(self, n: float, *, critical: float) -> Ends:
        """How likely a study of `n` people scores above the critical value."""
        return _ends(special.ndtr((self.start + self.slope * np.sqrt(n) - critical) / self.spread))

    def needed(self, power: float, *, critical: float) -> Ends:
        """How many people it takes; infinite where more people do not help."""
        way = critical + special.ndtri(power) * self.spread - self.start
        rises = self.slope > 0
        root = np.where(way <= 0, 0.0, np.where(rises, way / np.where(rises, self.slope, 1.0), np.inf))
        return _ends(root**2)

    def smallest(self, power: float, *, n: float, critical: float, effect: float, margin: float = 0.0) -> Ends:
        """The smallest effect that `n` people find with that power; scores rise in proportion to what is over a margin.

        Args:
            power: asked for.
            n: people.
            critical: the score above which something is found.
            effect: what was simulated, as estimates came out on average.
            margin: by which an effect has to be exceeded to count, in the same unit.
        """
        way = critical + special.ndtri(power) * self.spread - self.start
        rise = self.slope * np.sqrt(n)
        share = np.where(rise > 0, np.maximum(way, 0.0) / np.where(rise > 0, rise, 1.0), np.inf)
        return _ends(margin + share * (effect - margin))


def fit_curve(scores: Scores, *, rng: np.random.Generator, from_nothing: bool) -> PowerCurve:
    """The line through scores, by maximum likelihood where some are only known to be large.

    Args:
        scores: at least two runs.
        rng: of the Bayesian bootstrap.
        from_nothing: the line starts at 0, as that of one test of one mean effect does; it has to where all studies
            have one number of people.

    Assumes:  scores are normal with one spread over the numbers of people.
    Source:   rubin1981 for the bootstrap; tobin1958 for scores that are known to be large.
    Checked:  benchmarks/recovery/planning.py
    """
    root = np.sqrt(scores.n)
    weight = np.concatenate([np.ones((1, len(root))), rng.standard_exponential((N_DRAWS, len(root)))])
    through_zero = from_nothing or len(np.unique(scores.n)) == 1
    x = root[:, None] if through_zero else np.stack([np.ones_like(root), root], axis=1)
    square = np.einsum("bi,ij,ik->bjk", weight, x, x)
    total = weight.sum(axis=1)
    spread, z, extra = np.ones(len(weight)), np.broadcast_to(scores.z, weight.shape), np.zeros(weight.shape)
    line = np.zeros((len(weight), x.shape[1]))
    for _ in range(_ROUNDS if scores.capped.any() else 1):
        line = np.linalg.solve(square, np.einsum("bi,bi,ij->bj", weight, z, x)[:, :, None])[:, :, 0]
        mean = line @ x.T
        left = np.sum(weight * ((z - mean) ** 2 + extra), axis=1) / total
        spread = np.maximum(np.sqrt(left * len(root) / max(len(root) - x.shape[1], 1)), _SMALLEST_SPREAD)
        z, extra = _expected(scores, mean, spread[:, None])
    start = np.zeros(len(weight)) if through_zero else line[:, 0]
    return PowerCurve(start=start, slope=line[:, -1], spread=spread)


def _expected(
    scores: Scores, mean: Float[np.ndarray, "draws runs"], spread: Float[np.ndarray, "draws 1"]
) -> tuple[Float[np.ndarray, "draws runs"], Float[np.ndarray, "draws runs"]]:
    """Scores, those that are only known to be large at their mean given that, and what is not known of these."""
    away = (scores.z - mean) / spread
    ratio = np.exp(-0.5 * away**2 - 0.5 * np.log(2 * np.pi) - special.log_ndtr(-away))
    expected = np.where(scores.capped, mean + spread * ratio, scores.z)
    return expected, np.where(scores.capped, spread**2 * np.maximum(1 + away * ratio - ratio**2, 0.0), 0.0)


def _ends(draws: Draws) -> Ends:
    value = float(draws[0])
    # The nearest draw and not one between two, of which one may be infinite.
    low, high = (float(end) for end in np.quantile(draws[1:], (0.025, 0.975), method="nearest"))
    return Ends(value, min(low, value), max(high, value))
