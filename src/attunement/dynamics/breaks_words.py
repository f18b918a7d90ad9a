"""Estimates of breaks: at known dates and at unknown times, of all relationships and of each."""

from __future__ import annotations

import numpy as np

from attunement.dynamics.breaks_known import Broken
from attunement.dynamics.breaks_rows import Line, PerUnit
from attunement.dynamics.breaks_scan import BLOCK, BLOCK_WEEKS, MIN_ROWS, Scanned
from attunement.statistics import Refused
from attunement.statistics.shrinkage import shrink_normal
from attunement.vocabulary import Estimate, Missing, Null, Rung

_NEEDED = "; needed: "
_CUT = "jump at the clearest cut, beyond a straight line through the weeks; errors as at dates of no event"
_OWN_CUT = (
    "mean after the clearest cut less that before it, cut and jump from different sessions; each one's own drawn"
    " towards that of all (empirical Bayes)"
)


def of_known(name: str, found: Broken, *, p: float, n_questions: int, window: float, level: float) -> list[Estimate]:
    """The jump of all at a date, and the same before it."""
    usual = (
        f", less the median of the same at dates of no event ({found.n_placebos:.0f} windows of them)"
        if found.usual is not None
        else ""
    )
    method = (
        f"mean of {window:.0f} days after less that of {window:.0f} before, within relationships{usual}; errors by"
        " relationship and calendar week, and at least as large as these dates vary"
    )
    null = Null(
        statement=f"such a difference is met at dates of no event (adjusted over {n_questions} dates and measures)", p=p
    )
    jump = found.jump
    estimates = [
        _estimate(
            f"break.known.{name}", (jump.value, jump.low, jump.high), n=jump.n, null=null, method=method,
            rung=Rung.ASSOCIATION, level=level,
        )
    ]  # fmt: skip
    if found.early is not None:
        early = found.early
        estimates.append(
            _estimate(
                f"break.early.{name}", (early.value, early.low, early.high), n=early.n,
                null=Null(statement="nothing had changed a window before the date", p=early.p),
                method=method.replace("after less", "before it less", 1), rung=Rung.ASSOCIATION, level=level,
            )
        )  # fmt: skip
    return estimates


def of_own(name: str, line: Line, found: Broken, *, window: float, level: float) -> list[Estimate]:
    """The jump in each relationship that was seen on both sides."""
    seen = np.isfinite(found.own)
    method = (
        f"mean of {window:.0f} days after less that of {window:.0f} before, each relationship's own drawn towards that"
        " of all (empirical Bayes)"
    )
    none = np.full(int(seen.sum()), np.nan)
    return _shrunken(
        f"break.known.{name}", line.relationship[seen], found.own[seen], found.own_variance[seen], p=none, null="",
        n=line.size[seen], method=method, level=level,
    )  # fmt: skip


def of_found(
    measure: str, scanned: Scanned, jump: Broken | Refused, *, p: float, n_questions: int, level: float
) -> list[Estimate]:
    """The jump of all at the clearest cut, and its day."""
    null = Null(
        statement=f"weekly means without a break have a cut as clear somewhere (blocks of {BLOCK_WEEKS} weeks shuffled,"
        f" adjusted over {n_questions} measures)",
        p=p,
    )
    number = jump.reason if isinstance(jump, Refused) else (jump.jump.value, jump.jump.low, jump.jump.high)
    n = 0 if isinstance(jump, Refused) else jump.jump.n
    method = f"{jump.what}{_NEEDED}{jump.do}" if isinstance(jump, Refused) else _CUT
    return [
        _estimate(
            f"break.unknown.{measure}", number, n=n, null=null, method=method, rung=Rung.ASSOCIATION, level=level
        ),
        _day(measure, float(scanned.when[0]), n=n, n_of="relationships", method=_CUT, level=level),
    ]


def of_each(
    measure: str,
    line: Line,
    scanned: Scanned,
    jump: tuple[PerUnit, PerUnit],
    *,
    p: PerUnit,
    n_questions: int,
    level: float,
) -> list[Estimate]:
    """The jump of each relationship at its own clearest cut, and its day."""
    null = (
        f"a series of such memory without a break has a cut as clear somewhere (blocks of {BLOCK} sessions shuffled,"
        f" adjusted over {n_questions} relationships and measures)"
    )
    estimates = _shrunken(
        f"break.unknown.{measure}", line.relationship, *jump, p=p, null=null, n=line.size, method=_OWN_CUT, level=level
    )
    for relationship, when, n in zip(
        line.relationship.tolist(), scanned.when.tolist(), line.size.tolist(), strict=True
    ):
        estimates.append(
            _day(measure, when, n=n, n_of="sessions or weeks", method=_OWN_CUT, level=level, relationship=relationship)
        )
    return estimates


def refused(measure: str, why: Refused, *, n: int, level: float, relationship: int | None = None) -> Estimate:
    """What is missing, and what would do."""
    return _estimate(
        measure, why.reason, n=n, n_of="relationships" if relationship is None else "sessions or weeks", null=None,
        method=why.what + _NEEDED + why.do, level=level, relationship=relationship,
    )  # fmt: skip


def too_short(measure: str, line: Line, late: Line, *, level: float) -> list[Estimate]:
    """What is missing in relationships that could not be searched by themselves."""
    n = dict(zip(late.relationship.tolist(), late.size.tolist(), strict=True))
    return [
        refused(f"break.unknown.{measure}", _few(n.get(one, 0)), n=n.get(one, 0), level=level, relationship=one)
        for one in line.relationship.tolist()
        if n.get(one, 0) < MIN_ROWS
    ]


def _few(n: int) -> Refused:
    return Refused(
        reason=Missing.TOO_FEW,
        what=f"there are {n} sessions or weeks after the first four weeks",
        do=f"{MIN_ROWS} of them",
    )


def _shrunken(
    measure: str,
    relationships: np.ndarray,
    value: PerUnit,
    variance: PerUnit,
    *,
    p: PerUnit,
    null: str,
    n: np.ndarray,
    method: str,
    level: float,
) -> list[Estimate]:
    least = 1e-12 * max(float(np.mean(value**2)) if len(value) else 1.0, 1e-12)
    shrunken = shrink_normal(value, np.maximum(variance, least), level=level) if len(value) else None
    columns = np.full((4, len(value)), np.nan)
    if shrunken is not None and not isinstance(shrunken, Refused):
        columns = np.stack([shrunken.mean, shrunken.low, shrunken.high, shrunken.reliability])
    estimates = []
    for relationship, one, n_rows, chance in zip(
        relationships.tolist(), columns.T.tolist(), n.tolist(), p.tolist(), strict=True
    ):
        few = np.isnan(one[0])
        estimates.append(
            _estimate(
                measure, Missing.TOO_FEW if few else (one[0], one[1], one[2]), n=n_rows, n_of="sessions or weeks",
                null=Null(statement=null, p=chance) if null else None, method=method, level=level,
                relationship=relationship, reliability=Missing.TOO_FEW if few else one[3],
            )
        )  # fmt: skip
    return estimates


def _day(
    measure: str, when: float, *, n: int, n_of: str, method: str, level: float, relationship: int | None = None
) -> Estimate:
    return Estimate(
        measure=f"break.when.{measure}",
        relationship_id=relationship,
        value=when,
        low=Missing.NOT_IDENTIFIED,
        high=Missing.NOT_IDENTIFIED,
        level=level,
        n=n,
        n_of=n_of,
        rung=Rung.DESCRIBED,
        null=None,
        method=method,
        unit="days since 1970-01-01 (UTC)",
    )


def _estimate(
    measure: str,
    number: tuple[float, float, float] | Missing,
    *,
    n: int,
    null: Null | None,
    method: str,
    level: float,
    rung: Rung = Rung.DESCRIBED,
    n_of: str = "relationships",
    relationship: int | None = None,
    reliability: float | Missing | None = None,
) -> Estimate:
    value, low, high = (number,) * 3 if isinstance(number, Missing) else number
    of = measure.split(".", 2)[2].split("@", maxsplit=1)[0]
    return Estimate(
        measure=measure,
        relationship_id=relationship,
        value=value,
        low=low,
        high=high,
        level=level,
        n=n,
        n_of=n_of,
        rung=rung,
        null=null,
        method=method,
        unit={"sessions": "sessions a week", "minutes": "minutes a week"}.get(
            of, "per 100 messages" if of.startswith("rate.") else ""
        ),
        reliability=reliability,
    )
