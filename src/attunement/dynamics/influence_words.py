"""What was found of a pair, as `Estimate`s."""

from __future__ import annotations

from scipy import special

from attunement.dynamics.influence_fit import Fitted
from attunement.dynamics.influence_pairs import Pair
from attunement.dynamics.influence_series import MIN_SESSIONS
from attunement.statistics import Refused
from attunement.vocabulary import Estimate, Missing, Null, Rung

HORIZONS = ("hour", "day", "week")
"""How long after."""

DIRECTIONS = ("ai_before_person", "person_before_ai")
"""Whose measure goes before whose. That something goes before is no proof that it moves what follows."""

UNIT = "innovation SDs per innovation SD"

METHOD = (
    "linear state space in continuous time over angles of shares, with errors estimated by size of session{how}{common}"
    "; typical relationship, interval by the sandwich"
)
_HOW = {True: ", relationships that differ", False: ", one drift for all relationships"}

_COMMON = {"": "", "day": ", after what all share on a day", "week": ", after what all share in a week"}

NEEDED = "; needed: "
"""In `method` of an estimate without a value, this stands between what is missing and what would do."""


def _method(one: Fitted) -> str:
    return METHOD.format(how=_HOW[one.differ], common=_COMMON[one.common])


def of_direction(
    pair: Pair, one: Fitted, h: int, d: int, horizon: str, direction: str, *, p: float, of: int
) -> Estimate:
    """The effect in one direction at one horizon."""
    return _of_all(
        one,
        measure=f"influence.{pair.key}.{direction}.{horizon}",
        numbers=(float(one.value[h, d]), float(one.low[h, d]), float(one.high[h, d])),
        null=Null(
            statement="nothing goes before, or another AI series, begun about the same time, would go before as well"
            f" (the larger p; Benjamini-Hochberg over {of})",
            p=p,
        ),
        method=_method(one) + "; partners shuffled within twenties",
        unit=UNIT,
    )


def of_difference(pair: Pair, one: Fitted, h: int, horizon: str, *, p: float, of: int) -> Estimate:
    """By how much the AI's measure goes more before the person's than the other way round."""
    value, low, high = (float(number) for number in one.difference[h])
    return _of_all(
        one,
        measure=f"influence.{pair.key}.difference.{horizon}",
        numbers=(value, low, high),
        null=Null(statement=f"both directions are alike (Benjamini-Hochberg over {of})", p=p),
        method=_method(one) + "; one test of the difference",
        unit=UNIT,
    )


def of_peak(pair: Pair, one: Fitted) -> Estimate:
    """After how many days effects are largest: the same in both directions where there are two series."""
    none = (Missing.NOT_IDENTIFIED,) * 3
    return _of_all(
        one,
        measure=f"influence.{pair.key}.peak_lag",
        numbers=none if one.peak is None else one.peak,
        null=None,
        method=_method(one) + " of the logarithm of the lag",
        unit="days",
    )


def of_unit(pair: Pair, one: Fitted) -> list[Estimate]:
    """A day later in each relationship, drawn towards all."""
    if one.units is None:
        return []
    half = float(special.ndtri(0.5 + one.level / 2)) * one.units.sd
    rows = zip(
        one.relationship.tolist(),
        one.n_sessions.tolist(),
        one.units.value.tolist(),
        (one.units.value - half).tolist(),
        (one.units.value + half).tolist(),
        one.units.reliability.tolist(),
        strict=True,
    )
    return [
        Estimate(
            measure=f"influence.{pair.key}.{direction}.day",
            relationship_id=relationship,
            value=value[d],
            low=low[d],
            high=high[d],
            level=one.level,
            n=n,
            n_of="sessions",
            rung=Rung.ASSOCIATION,
            null=Null(
                statement="single relationships are not tested: their number is mostly that of all",
                p=Missing.NOT_IDENTIFIED,
            ),
            method="posterior mean and interval, drawn towards the typical relationship of the state space",
            unit=UNIT,
            reliability=reliability[d],
        )
        for relationship, n, value, low, high, reliability in rows
        for d, direction in enumerate(DIRECTIONS)
    ]


def refused(pair: Pair, why: Refused, *, n: int, level: float) -> list[Estimate]:
    """The same a day later, without numbers and with the reason."""
    return [
        Estimate(
            measure=f"influence.{pair.key}.{what}.day",
            relationship_id=None,
            value=why.reason,
            low=why.reason,
            high=why.reason,
            level=level,
            n=n,
            n_of=f"relationships of at least {MIN_SESSIONS} sessions in which both were read",
            rung=Rung.ASSOCIATION,
            null=None,
            method=f"{why.what.rstrip('.')}{NEEDED}{why.do.rstrip('.')}",
            unit=UNIT,
        )
        for what in (*DIRECTIONS, "difference")
    ]


def _of_all(
    one: Fitted,
    *,
    measure: str,
    numbers: tuple[float | Missing, ...],
    null: Null | None,
    method: str,
    unit: str,
) -> Estimate:
    value, low, high = numbers
    return Estimate(
        measure=measure,
        relationship_id=None,
        value=value,
        low=low,
        high=high,
        level=one.level,
        n=len(one.relationship),
        n_of=f"relationships of {int(one.n_sessions.sum()):,} sessions",
        rung=Rung.ASSOCIATION,
        null=null,
        method=method,
        unit=unit,
    )
