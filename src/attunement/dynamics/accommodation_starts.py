"""Where both sides of each relationship began in their style, and where they came to, with what is held constant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from attunement.dynamics.accommodation_rows import Classes, Written

FIRST = 6
"""Sessions at which both sides are held to begin: three for each half."""

FEWEST_SESSIONS = 24
"""With fewer, what passes within a few sessions cannot be told from what stays."""

NEAR = {1: 5 / 9, 3: 3 / 9, 5: 1 / 9}
"""How many sessions the two halves of the first six are apart, and in which share of pairs."""

FAR = (8, 9, 10, 11)
"""Sessions apart from which on what passes is held to be gone."""

IN_STRATUM = 15
"""Relationships that began at about the same time and are compared with each other."""

_WEEK_US = 7 * 86_400_000_000
_ROUNDS = 30
"""Of taking out relationships and weeks by turns; what is left by then is far below sampling error."""

_HALF_WEIGHT = 100.0
"""Words at which a session has half of the weight of one without end."""

Places = Float[np.ndarray, "relationships classes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """Beginnings and ends of the relationships that are long enough, about the mean of those of the same time."""

    relationship: np.ndarray
    n_sessions: Int[np.ndarray, " relationships"]
    stratum: Int[np.ndarray, " relationships"]
    n_strata: int
    halves: tuple[tuple[Places, Places], tuple[Places, Places]]
    """The first sessions by turns, so that errors of the two are not the same; person and AI in each."""
    later: tuple[Places, Places]
    """The later half of the sessions."""
    passing: Float[np.ndarray, "relationships classes 2 2"]
    """What the two halves share and later sessions do not (a topic, a mood): covariance of person and AI, as far as
    sessions of the later half go together more where they are near than where they are far apart."""
    spread: tuple[Float[np.ndarray, " classes"], Float[np.ndarray, " classes"]]
    """Standard deviation of each side's sessions about their own mean."""
    short: np.ndarray
    """Relationships with too few sessions."""
    n_short: Int[np.ndarray, " relationships"]


def began(rows: Written) -> Began:
    """Beginnings and ends, with what length of messages explains taken out."""
    starts = np.append(True, rows.relationship[1:] != rows.relationship[:-1])
    unit = np.cumsum(starts) - 1
    first_row = np.flatnonzero(starts)
    n_sessions = np.diff(np.append(first_row, len(unit)))
    enough = n_sessions >= FEWEST_SESSIONS
    keep = enough[unit]
    unit = (np.cumsum(enough) - 1)[unit[keep]]
    n = n_sessions[enough]
    place = np.arange(len(unit)) - (np.cumsum(n) - n)[unit]
    parts = ((place < FIRST) & (place % 2 == 0), (place < FIRST) & (place % 2 == 1), place >= n[unit] - n[unit] // 2)
    stratum = _strata(rows.started[first_row[enough]])
    means, spread, late = [], [], []
    weights = [words[keep] / (words[keep] + _HALF_WEIGHT) for words in rows.words]
    for side in range(2):
        weight = weights[side]
        rates = _without_length(rows.rates[side][keep], rows.length[side][keep], unit, weight)
        rates = _without_season(rates, rows.started[keep] // _WEEK_US, unit, weight)
        means.append([_about_stratum(_mean(rates, unit, weight * part, len(n)), stratum) for part in parts])
        spread.append(_spread(rates, unit, weight))
        late.append((rates - _mean(rates, unit, weight * parts[2], len(n))[unit]) / spread[side])
    # In units of the spread, so that no class weighs more in how fast things fade; then back.
    sizes = np.stack([np.where(np.isfinite(one), one, 0.0) for one in spread], axis=-1)
    passing = _passing(late, weights, unit, parts[2], len(n)) * sizes[:, :, None] * sizes[:, None, :]
    return Began(
        relationship=rows.relationship[first_row[enough]],
        n_sessions=n,
        stratum=stratum,
        n_strata=int(stratum.max(initial=-1)) + 1,
        halves=((means[0][0], means[1][0]), (means[0][1], means[1][1])),
        later=(means[0][2], means[1][2]),
        passing=passing,
        spread=(spread[0], spread[1]),
        short=rows.relationship[first_row[~enough]],
        n_short=n_sessions[~enough],
    )


def _strata(started: Int[np.ndarray, " relationships"]) -> Int[np.ndarray, " relationships"]:
    """Relationships by the order in which they began, cut into groups of about fifteen or, of many, a dozen groups."""
    n = len(started)
    n_strata = int(np.clip(n // IN_STRATUM, 1, 12))
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(started, kind="stable")] = np.arange(n)
    return rank * n_strata // max(n, 1)


def _mean(
    values: Classes, unit: Int[np.ndarray, " sessions"], weight: Float[np.ndarray, " sessions"], n_units: int
) -> Places:
    total = np.bincount(unit, weight, minlength=n_units)[:, None]
    sums = np.stack([np.bincount(unit, weight * column, minlength=n_units) for column in values.T], axis=1)
    return np.asarray(sums / np.maximum(total, 1e-12))


def _passing(
    apart: list[Classes],
    weights: list[Float[np.ndarray, " sessions"]],
    unit: Int[np.ndarray, " sessions"],
    is_late: Bool[np.ndarray, " sessions"],
    n_units: int,
) -> Float[np.ndarray, "relationships classes 2 2"]:
    """How much more near sessions of the later half go together than far ones, within and between sides."""
    shared = np.zeros((n_units, apart[0].shape[1], 2, 2))
    factor = 1.0
    for one, other in ((0, 1), (0, 0), (1, 1)):
        far = _lagged(apart, weights, unit, is_late, n_units, lags=FAR, sides=(one, other))
        near = {
            lag: _lagged(apart, weights, unit, is_late, n_units, lags=(lag,), sides=(one, other)) - far for lag in NEAR
        }
        if one != other and n_units:
            factor = _left_at_far(near[1], near[3])
        shared[:, :, one, other] = factor * sum(share * near[lag] for lag, share in NEAR.items())
        shared[:, :, other, one] = shared[:, :, one, other]
    return shared


def _left_at_far(one_apart: Places, three_apart: Places) -> float:
    """By what to multiply near less far, as what both sides share is not quite gone at far: it fades geometrically."""
    of_each = one_apart.mean(axis=1)
    if of_each.mean() < 3 * of_each.std() / np.sqrt(len(of_each)):
        return 1.0
    fading = np.linspace(0.05, 0.9, 171)
    far = np.mean([fading**lag for lag in FAR], axis=0)
    told = np.clip(three_apart.mean() / one_apart.mean(), 0.0, 1.0)
    at = int(np.argmin(np.abs((fading**3 - far) / (fading - far) - told)))
    near = sum(share * fading[at] ** lag for lag, share in NEAR.items())
    return float(min(near / (near - far[at]), 2.0))


def _lagged(
    apart: list[Classes],
    weights: list[Float[np.ndarray, " sessions"]],
    unit: Int[np.ndarray, " sessions"],
    is_late: Bool[np.ndarray, " sessions"],
    n_units: int,
    *,
    lags: tuple[int, ...],
    sides: tuple[int, int],
) -> Places:
    """Mean product of two sides' departures some sessions apart, either side coming first."""
    total, weight = np.zeros((n_units, apart[0].shape[1])), np.zeros(n_units)
    for lag in lags:
        row = np.flatnonzero((unit[lag:] == unit[:-lag]) & is_late[:-lag])
        for one, other in {sides, sides[::-1]}:
            pair = weights[one][row] * weights[other][row + lag]
            product = apart[one][row] * apart[other][row + lag]
            of_unit = unit[row]
            total += np.stack([np.bincount(of_unit, pair * column, minlength=n_units) for column in product.T], axis=1)
            weight += np.bincount(of_unit, pair, minlength=n_units)
    return np.asarray(total / np.maximum(weight, 1e-12)[:, None])


def _about_stratum(values: Places, stratum: Int[np.ndarray, " relationships"]) -> Places:
    if not len(stratum):
        return values
    return np.asarray(values - _mean(values, stratum, np.ones(len(stratum)), int(stratum.max()) + 1)[stratum])


def _without_length(
    rates: Classes,
    length: Float[np.ndarray, " sessions"],
    unit: Int[np.ndarray, " sessions"],
    weight: Float[np.ndarray, " sessions"],
) -> Classes:
    """Rates less what goes with longer messages within relationships, straight and bent."""
    if not len(unit):
        return rates
    middle = np.average(length, weights=weight)
    x = np.stack([length - middle, (length - middle) ** 2], axis=1)
    n_units = int(unit.max()) + 1
    within = x - _mean(x, unit, weight, n_units)[unit]
    y = rates - _mean(rates, unit, weight, n_units)[unit]
    slopes = np.linalg.lstsq(within * np.sqrt(weight)[:, None], y * np.sqrt(weight)[:, None], rcond=None)[0]
    return np.asarray(rates - x @ slopes)


def _without_season(
    rates: Classes,
    week: Int[np.ndarray, " sessions"],
    unit: Int[np.ndarray, " sessions"],
    weight: Float[np.ndarray, " sessions"],
) -> Classes:
    """Rates less what all share in a week, relationships held constant; weeks of a few relationships are left alone."""
    if not len(unit):
        return rates
    _, at = np.unique(week, return_inverse=True)
    n_weeks, n_units = int(at.max()) + 1, int(unit.max()) + 1
    n_present = np.bincount(np.unique(at * n_units + unit) // n_units, minlength=n_weeks)
    common = np.zeros((n_weeks, rates.shape[1]))
    for _ in range(_ROUNDS):
        own = _mean(rates - common[at], unit, weight, n_units)
        common = np.where((n_present >= IN_STRATUM)[:, None], _mean(rates - own[unit], at, weight, n_weeks), 0.0)
    return np.asarray(rates - common[at])


def _spread(
    rates: Classes, unit: Int[np.ndarray, " sessions"], weight: Float[np.ndarray, " sessions"]
) -> Float[np.ndarray, " classes"]:
    if not len(unit):
        return np.ones(rates.shape[1])
    apart = rates - _mean(rates, unit, weight, int(unit.max()) + 1)[unit]
    spread = np.sqrt(np.average(apart**2, axis=0, weights=weight))
    return np.asarray(np.where(spread > 1e-9, spread, np.inf))
