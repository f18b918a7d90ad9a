"""How often a detector raises false alarms in relationships that are stable, and where change was taken away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from attunement.errors import OptionError
from attunement.statistics.detectors.detecting import Detector, Reading, start, unit_e_values, update
from attunement.statistics.detectors.observations import Observations

FEWEST_UNITS = 20
"""With fewer units a rate of false alarms cannot be told from three times that rate."""

DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRate:
    """First alarms of units, against what was promised."""

    n_units: int
    n_rows: int
    n_alarms: int
    """Units with an alarm."""
    share: float
    """Share of units with an alarm."""
    low: float
    """Lower end of its Clopper-Pearson interval."""
    high: float
    """Upper end."""
    promised: float
    """The share that the average run length allows at most: the mean over units of rows / run length."""
    per_unit_year: float
    """Alarms per unit and year, until the first."""
    mean_e_value: float
    """Mean over units of the e-value at the end; at most 1 if the detector is right, but for chance."""
    mean_e_value_se: float

    @property
    def holds(self) -> bool:
        """Whether the data are compatible with the promise: the interval reaches down to it."""
        return self.low <= self.promised


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport:
    """What a detector's promise of false alarms is worth on the data at hand."""

    held_out: AlarmRate
    """In units that are taken to be stable and did not teach the detector."""
    permuted: tuple[AlarmRate, ...]
    """The same units with their blocks of time in random order, the same order for all, once for each draw."""
    score_mean: float
    """Mean of the scores of the held-out units; 0 if the baseline is right."""
    score_sd: float
    """Their standard deviation; 1 if the baseline is right."""

    @property
    def holds(self) -> bool:
        """Whether the promise is compatible with the held-out units and with most of the permutations."""
        return self.held_out.holds and sum(rate.holds for rate in self.permuted) * 2 >= len(self.permuted)

    @property
    def sentence(self) -> str:
        """The result in words."""
        rate = self.held_out
        found = (
            f"{rate.n_alarms} of {rate.n_units} held-out relationships raised an alarm"
            f" ({100 * rate.share:.1f} %, 95 % interval {100 * rate.low:.1f} to {100 * rate.high:.1f} %);"
            f" at most {100 * rate.promised:.1f} % were promised."
        )
        if self.holds:
            return f"{found} The promise stands."
        return f"{found} The promise does not stand: learn the detector anew, or from relationships like these."


def calibrate(
    detector: Detector,
    stable: Observations,
    *,
    rng: np.random.Generator,
    n_permutations: int = 5,
    block_periods: int = 14,
    period_days: float = 1.0,
) -> CalibrationReport:
    """Run a detector over units that are taken to be stable, as they were and with their blocks of time shuffled.

    Where nobody can say that the held-out units are stable, the shuffled ones tell more: shuffling blocks takes trends
    and single changes apart, and leaves memory within blocks and what units share. A unit that did change is then one
    that goes to and fro, so that the shuffled rate is, if anything, too high.

    Args:
        detector: to be tried.
        stable: rows of at least 20 units that did not teach it.
        rng: shuffles.
        n_permutations: how often the blocks are shuffled.
        block_periods: periods a block; longer than the memory of a unit.
        period_days: days a period, by which times move with their block.

    Raises:
        OptionError: fewer than 20 units, or fewer than four whole blocks to shuffle.

    Assumes:  units raise alarms independently of each other, once what they share is absorbed.
    Source:   clopperpearson1934 for the interval.
    Checked:  benchmarks/recovery/detectors.py
    """
    n_units = len(np.unique(stable.unit))
    if n_units < FEWEST_UNITS:
        raise OptionError(
            "too few held-out relationships to say how often a detector raises false alarms",
            got=f"{n_units} relationships",
            have=f"at least {FEWEST_UNITS} are needed",
            do="hold more back from learning, or wait",
        )
    reading = update(detector, start(detector), stable)
    shuffled = [
        _rate(
            detector,
            update(
                detector,
                start(detector),
                permute_blocks(stable, rng=rng, block_periods=block_periods, period_days=period_days),
            ),
        )
        for _ in range(n_permutations)
    ]
    return CalibrationReport(
        held_out=_rate(detector, reading),
        permuted=tuple(shuffled),
        score_mean=float(reading.score.mean()),
        score_sd=float(reading.score.std()),
    )


def permute_blocks(
    observations: Observations, *, rng: np.random.Generator, block_periods: int, period_days: float = 1.0
) -> Observations:
    """Whole blocks of periods in random order, the same for all units; rows after the last whole block are left out.

    Raises:
        OptionError: fewer than four whole blocks.
    """
    first = int(observations.period.min(initial=np.iinfo(np.int64).max))
    span = int(observations.period.max(initial=first - 1)) - first + 1
    n_blocks = span // block_periods if block_periods > 0 else 0
    if n_blocks < 4:
        raise OptionError(
            "too few blocks of time to shuffle",
            got=f"{max(span, 0)} periods in blocks of {block_periods}",
            have="at least four whole blocks are needed",
            do="give a longer history or shorter blocks",
        )
    block = (observations.period - first) // block_periods
    whole = observations.rows(block < n_blocks)
    block = block[block < n_blocks]
    moved = (rng.permutation(n_blocks)[block] - block) * block_periods
    return Observations(
        unit=whole.unit,
        period=whole.period + moved,
        time=whole.time + moved * period_days,
        value=whole.value,
        se=whole.se,
    )


def _rate(detector: Detector, reading: Reading) -> AlarmRate:
    units, index = np.unique(reading.rows.unit, return_inverse=True)
    n, rows = len(units), np.bincount(index).astype(float)
    promised = float(np.mean(np.minimum(rows / detector.average_run_length, 1.0)))
    n_alarms = len(reading.alarms.unit)
    low, high = _clopper_pearson(n_alarms, n)
    last = np.full(n, -np.inf)
    begin = np.full(n, np.inf)
    np.maximum.at(last, index, reading.rows.time)
    np.minimum.at(begin, index, reading.rows.time)
    last[np.searchsorted(units, reading.alarms.unit)] = reading.alarms.time
    years = float(np.sum(last - begin)) / DAYS_A_YEAR
    e_values = unit_e_values(reading.state)
    return AlarmRate(
        n_units=n,
        n_rows=len(index),
        n_alarms=n_alarms,
        share=n_alarms / n,
        low=low,
        high=high,
        promised=promised,
        per_unit_year=n_alarms / years if years > 0 else float("nan"),
        mean_e_value=float(e_values.mean()),
        mean_e_value_se=float(e_values.std(ddof=1) / np.sqrt(n)),
    )


def _clopper_pearson(hits: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    tail = (1 - level) / 2
    low = float(special.betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(special.betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return low, high
