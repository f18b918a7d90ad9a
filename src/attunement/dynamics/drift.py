"""How a person's measure changed, and which part of that goes with the AI.

A trend in logs is the sum of what would have come anyway and of what came with the AI. The two are told apart only by
something that stands in for the same person without that AI; every such route is taken that the data allow, and the
best of them is what findings speak of. Without any, there is the sum and a refusal.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from attunement.dynamics.drift_pull import Pulled, fit_pull
from attunement.dynamics.drift_routes import Routes, Split, by_adoption, by_arm, by_release, by_untouched
from attunement.dynamics.drift_rows import Interval, PerUnit, Rows, count_where, mean_of, mean_where, rows_of
from attunement.statistics import Refused
from attunement.statistics.shrinkage import Shrunken, shrink_normal
from attunement.vocabulary import PANEL, Estimate, Missing, Null, Rung, check

ROUTES = ("arm", "release", "untouched", "adoption", "pull")
"""Best first. `arm` speaks of causes; the others hold something constant."""

MIN_SESSIONS = 12
"""With fewer, halves of a relationship have less than six sessions each."""

FEWEST = 20
"""Relationships without which the mean change has no interval worth its name."""

FEWEST_OTHERS = 5
"""Relationships towards which each one's own can be drawn, as `shrink_normal` asks for them."""

TOTAL = "second half of the sessions less the first, mean over relationships"
OWN = TOTAL.replace("mean over relationships", "each relationship's own drawn towards that of all (empirical Bayes)")
PULL = (
    "state space in continuous time: what the AI's moves since its first sessions have moved the person, at the pull"
    " and the return of the typical relationship; weeks that all share taken out"
)


def estimate_drift(
    panel: pa.Table,
    *,
    person: str,
    rng: np.random.Generator,
    ai: str | None = None,
    routes: Routes | None = None,
    level: float = 0.95,
    n_threads: int | None = None,
) -> list[Estimate]:
    """The change of one measure of the person, in all and in its parts.

    Measures are `drift.total.<person>` (of all, and of each relationship after shrinkage), and for each route of ROUTES
    that could be tried `drift.induced.<route>.<person>` and `drift.natural.<route>.<person>`; with `ai` also
    `drift.distinct.<person>`, the share of the AI's position that the person's own course does not foretell, and
    `drift.pull.<person>` and `drift.return.<person>`, B and K a day. What cannot be told is Missing, and `method` says
    what is missing and what would do.

    Args:
        panel: PANEL with rows of sessions; before an adoption or an arm, rows from wherever the person was seen.
        person: the measure of the person.
        rng: draws for the interval of `drift.distinct`.
        ai: where the AI stands on the same scale; None leaves the pull out.
        routes: what is known besides the logs.
        level: the coverage aimed at.
        n_threads: of the state space.

    Assumes:  of each route what its null says; for the pull, what `state_space` assumes, and that nothing outside moves
        both sides of one relationship from one session to a later one.
    Source:   driver2018; liangzeger1986; mackinnon1985
    Checked:  benchmarks/recovery/drift.py
    """
    check(panel, PANEL, stage="dynamics")
    known = routes or Routes()
    rows = rows_of(panel, (person, ai or "", *known.untouched))
    if not len(rows.starts):
        return []
    estimates = _totals(rows, person, level=level)
    splits = _splits(rows, known, moves_ai=ai is not None, level=level)
    for route, split in splits.items():
        estimates += _of_route(route, person, split, level=level)
    if ai is not None:
        pulled = fit_pull(rows, (person, ai), rng=rng, level=level, n_threads=n_threads)
        estimates += _of_pull(rows, person, pulled, level=level)
    elif not splits:
        why = Refused(
            reason=Missing.NOT_IDENTIFIED,
            what="nothing stands in for the person without the AI",
            do="let chance decide who gets which AI, change it at dates that differ between people, name topics that it"
            " never touched, or log from before it",
        )
        estimates += _of_route("none", person, why, level=level)
    return estimates


def _splits(rows: Rows, known: Routes, *, moves_ai: bool, level: float) -> dict[str, Split | Refused]:
    found: dict[str, Split | Refused] = {}
    if known.arms is not None:
        found["arm"] = by_arm(rows, known.arms, level=level)
    if known.releases is not None:
        found["release"] = by_release(rows, known.releases, level=level, moves_ai=moves_ai)
    if known.untouched:
        found["untouched"] = by_untouched(rows, level=level)
    if known.adoption is not None:
        found["adoption"] = by_adoption(rows, known.adoption, level=level)
    return found


def _totals(rows: Rows, person: str, *, level: float) -> list[Estimate]:
    change, variance, usable = _changes(rows)
    measure = f"drift.total.{person}"
    null = "people are in the second half as they were in the first, on average"
    group: Interval | Missing = Missing.TOO_FEW
    if usable.sum() >= FEWEST:
        group = mean_of(change[usable], level=level)
    estimates = [
        _estimate(
            measure, group, n=int(usable.sum()), n_of="relationships", null=null, method=TOTAL, rung=Rung.DESCRIBED,
            level=level,
        )
    ]  # fmt: skip
    shrunken = shrink_normal(change[usable], variance[usable], level=level) if usable.sum() else None
    place = np.cumsum(usable) - 1
    n_read = count_where(rows, 0, np.ones(len(rows.at), dtype=bool))
    for unit, relationship in enumerate(rows.relationship.tolist()):
        own: Interval | Missing = Missing.TOO_FEW
        reliability: float | Missing = Missing.TOO_FEW
        method = _why(_few_sessions(int(n_read[unit])) if not usable[unit] else _few_others(int(usable.sum())))
        if isinstance(shrunken, Shrunken) and usable[unit]:
            at = place[unit]
            own = Interval(float(shrunken.mean[at]), float(shrunken.low[at]), float(shrunken.high[at]), 1.0, 0)
            reliability, method = float(shrunken.reliability[at]), OWN
        estimates.append(
            _estimate(
                measure, own, n=int(n_read[unit]), n_of="sessions", null=None, method=method, rung=Rung.DESCRIBED,
                level=level, relationship=relationship, reliability=reliability,
            )
        )  # fmt: skip
    return estimates


def _few_sessions(n: int) -> Refused:
    return Refused(
        reason=Missing.TOO_FEW,
        what=f"it was read in {n} {'session' if n == 1 else 'sessions'}",
        do=f"{MIN_SESSIONS} sessions in which it was read, half of them in either half of the time",
    )


def _few_others(n: int) -> Refused:
    return Refused(
        reason=Missing.TOO_FEW,
        what=f"how people differ cannot be learned from {n} {'relationship' if n == 1 else 'relationships'}",
        do=f"{FEWEST_OTHERS} relationships of {MIN_SESSIONS} sessions or more, towards which each one's own is drawn",
    )


def _changes(rows: Rows) -> tuple[PerUnit, PerUnit, np.ndarray]:
    """Second half less first of each relationship, the variance of its error, and where it could be made."""
    half = rows.half
    n = [count_where(rows, 0, which) for which in (half, ~half)]
    usable = np.minimum(*n) >= MIN_SESSIONS // 2
    means = [mean_where(rows, 0, which) for which in (half, ~half)]
    centre = np.where(half, means[0][rows.owner], means[1][rows.owner])
    apart = np.where(usable[rows.owner], rows.value[:, 0] - centre, np.nan)
    same = (np.diff(rows.owner) == 0) & np.isfinite(apart[1:] * apart[:-1])
    square = float(np.nanmean(apart**2)) if usable.any() else 1.0
    memory = float(np.mean((apart[1:] * apart[:-1])[same])) / square if same.any() and square > 0 else 0.0
    # Neighbouring sessions go together: so many independent ones stand behind a mean.
    inflation = (1 + np.clip(memory, 0.0, 0.9)) / (1 - np.clip(memory, 0.0, 0.9))
    total = np.bincount(rows.owner, np.nan_to_num(apart) ** 2, minlength=len(rows.starts))
    own = total / np.maximum(n[0] + n[1] - 2, 1)
    # With some ten sessions a variance of one's own is hardly known: half of it is that of all.
    variance = (0.5 * own + 0.5 * square) * inflation * (1 / np.maximum(n[0], 1) + 1 / np.maximum(n[1], 1))
    return means[0] - means[1], np.maximum(variance, 1e-12), usable


def _of_route(route: str, person: str, split: Split | Refused, *, level: float) -> list[Estimate]:
    names = [f"drift.{part}.{route}.{person}" for part in ("induced", "natural")]
    if isinstance(split, Refused):
        return [
            _estimate(
                name, split.reason, n=0, n_of="relationships", null=None, method=_why(split), rung=Rung.DESCRIBED,
                level=level,
            )
            for name in names
        ]  # fmt: skip
    natural = split.natural
    pairs: list[tuple[str, Interval | Missing, str | None, str]] = [(names[0], split.induced, split.null, split.method)]
    if isinstance(natural, Refused):
        pairs.append((names[1], natural.reason, None, _why(natural)))
    else:
        pairs.append((names[1], natural, "nothing changed without the AI", split.method))
    if split.placebo is not None:
        null = "nothing comes before its time"
        pairs.append((f"drift.placebo.{route}.{person}", split.placebo, null, f"{split.method}, a window earlier"))
    return [
        _estimate(
            name, number, n=number.n if isinstance(number, Interval) else split.induced.n, n_of="relationships",
            null=null, method=method, rung=split.rung, level=level,
        )
        for name, number, null, method in pairs
    ]  # fmt: skip


def _of_pull(rows: Rows, person: str, found: Pulled | Refused, *, level: float) -> list[Estimate]:
    if isinstance(found, Refused):
        return _of_route("pull", person, found, level=level)
    n = len(found.relationship)
    figure = Interval(found.distinct.value, found.distinct.low, found.distinct.high, 1.0, n)
    method = (
        "state space in continuous time: one less the partial R squared of the AI's position on the person's course"
    )
    estimates = [
        _estimate(
            f"drift.distinct.{person}", figure, n=n, n_of="relationships", null=None, method=method,
            rung=Rung.DESCRIBED, level=level, unit="share of the variance of the AI's position",
        )
    ]  # fmt: skip
    if found.induced is None or found.pull is None or found.back is None:
        why = Refused(
            reason=Missing.NOT_IDENTIFIED,
            what="the AI stands where the person stands, and one that mirrors cannot be told from one that leads",
            do="vary by chance or by design where the AI stands, whatever the person says",
        )
        return [*estimates, *_of_route("pull", person, why, level=level)]
    change, _, usable = _changes(rows)
    at = np.searchsorted(rows.relationship, found.relationship)
    use = usable[at]
    parts = {
        "induced.pull": (mean_of(found.induced[use], level=level, unsure=found.unsure), "the AI does not pull"),
        "natural.pull": (
            mean_of(change[at][use] - found.induced[use], level=level, unsure=found.unsure),
            "nothing changed but by the AI's moves",
        ),
        "pull": (found.pull, "the AI does not pull"),
        "return": (found.back, "the person does not return to a level of their own"),
    }
    for name, (number, null) in parts.items():
        estimates.append(
            _estimate(
                f"drift.{name}.{person}", number, n=number.n, n_of="relationships", null=null, method=PULL,
                rung=Rung.ADJUSTED, level=level, unit="" if "." in name else "a day",
            )
        )  # fmt: skip
    return estimates


def _why(refused: Refused) -> str:
    return f"{refused.what}; needed: {refused.do}"


def _estimate(  # noqa: PLR0913 - the fields of an Estimate that differ here
    measure: str,
    number: Interval | Missing,
    *,
    n: int,
    n_of: str,
    null: str | None,
    method: str,
    rung: Rung,
    level: float,
    relationship: int | None = None,
    reliability: float | Missing | None = None,
    unit: str = "",
) -> Estimate:
    value, low, high = (number,) * 3 if isinstance(number, Missing) else number[:3]
    p = number if isinstance(number, Missing) else number.p
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
        null=None if null is None else Null(statement=null, p=p),
        method=method,
        unit=unit or ("per 100 messages" if ".rate." in measure else ""),
        reliability=reliability,
    )
