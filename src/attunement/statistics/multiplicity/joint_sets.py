"""Where several effects may lie together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import special

from attunement.errors import OptionError

Vector = Float[np.ndarray, " k"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSet:
    """An ellipse that holds all effects at once with the probability `level`, and a box that does so too."""

    value: Vector
    covariance: Float[np.ndarray, "k k"]
    radius: float
    """The ellipse is where the Mahalanobis distance from `value` is at most this."""
    low: Vector
    """Lower sides of the box: simultaneous intervals."""
    high: Vector
    level: float

    def contains(self, point: Vector) -> bool:
        """Whether the ellipse holds a point."""
        away = point - self.value
        return bool(away @ np.linalg.solve(self.covariance, away) <= self.radius**2)

    def outline(self, first: int = 0, second: int = 1, *, n_points: int = 120) -> Float[np.ndarray, "points 2"]:
        """The shadow of the ellipse on two of its effects, to be drawn.

        Raises:
            OptionError: there is no such effect.
        """
        if first == second or not (0 <= first < len(self.value) and 0 <= second < len(self.value)):
            raise OptionError(
                "an outline is of two different effects", got=f"{first} and {second}", have=f"{len(self.value)} effects"
            )
        at = [first, second]
        root = np.linalg.cholesky(self.covariance[np.ix_(at, at)])
        angle = np.linspace(0, 2 * np.pi, n_points)
        return np.asarray(self.value[at] + self.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1) @ root.T)


def joint_set(
    value: Vector,
    covariance: Float[np.ndarray, "k k"],
    *,
    degrees: float = np.inf,
    level: float = 0.95,
) -> JointSet:
    """The joint confidence set of effects whose estimates depend on each other.

    Args:
        value: the estimates.
        covariance: of their errors.
        degrees: degrees of freedom behind it, such as units less one; infinite where it is as good as known.
        level: the coverage aimed at, of all effects together.

    Raises:
        OptionError: the covariance is not one, or degrees are fewer than effects.

    Assumes:  estimates are normal together; the covariance has the distribution of one from `degrees` + 1 units.
    Source:   hotelling1931 for the ellipse; sidak1967 for the box.
    Checked:  benchmarks/recovery/multiplicity.py
    """
    k = len(value)
    good = covariance.shape == (k, k) and bool(np.isfinite(covariance).all()) and bool(np.isfinite(value).all())
    if not k or not good or not np.allclose(covariance, covariance.T) or np.linalg.eigvalsh(covariance)[0] <= 0:
        raise OptionError(
            "a covariance of effects is symmetric, finite and positive definite",
            got=f"shape {covariance.shape} for {k} effects",
            do="leave out effects that were not estimated, or that repeat another",
        )
    if not 0 < level < 1 or degrees < k:
        raise OptionError(
            "a level lies between 0 and 1, and degrees of freedom are at least as many as effects",
            got=f"level {level}, {degrees} degrees for {k} effects",
        )
    if np.isinf(degrees):
        radius = float(np.sqrt(special.chdtri(k, 1 - level)))
    else:
        free = degrees - k + 1
        radius = float(np.sqrt(k * degrees / free * special.fdtri(k, free, level)))
    each = 0.5 + 0.5 * level ** (1 / k)
    reach = float(special.stdtrit(degrees, each)) * np.sqrt(np.diag(covariance))
    return JointSet(
        value=value, covariance=covariance, radius=radius, low=value - reach, high=value + reach, level=level
    )
