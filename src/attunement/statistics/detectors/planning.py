"""How soon a detector would find a change of a given size, by simulation from its own baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from attunement.errors import OptionError
from attunement.statistics.detectors.detecting import Detector, start, update
from attunement.statistics.detectors.observations import Observations


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionDelay:
    """What to expect of changes of one size after one length of history."""

    found: float
    """Share of changed units with an alarm within the rows that were watched after the change."""
    median: float
    """Median of the rows from the change to the alarm, those that were not found counting as later than all;
    infinite where fewer than half were found."""
    alarmed_before: float
    """Share of units with an alarm before the change; they are left out of the rest."""


def detection_delay(
    detector: Detector,
    *,
    size: float,
    history: int,
    watched: int,
    rng: np.random.Generator,
    gap_days: float = 1.0,
    n_units: int = 500,
) -> DetectionDelay:
    """Simulate units of the baseline whose level moves by `size` of their own standard deviations.

    Args:
        detector: of `learn_detector`.
        size: of the change, in standard deviations within a unit; negative falls.
        history: rows before the change.
        watched: rows after it.
        rng: draws the units.
        gap_days: days between rows.
        n_units: units simulated.

    Raises:
        OptionError: a number of rows or units is not positive.

    Assumes:  units follow the baseline, and nothing else moves them all at once.
    Source:   shin2024 for the delay as what is to be small.
    Checked:  benchmarks/recovery/detectors.py
    """
    if min(history, watched, n_units) < 1 or not gap_days > 0:
        raise OptionError(
            "a number of rows, units or days is not positive",
            got=f"history {history}, watched {watched}, n_units {n_units}, gap_days {gap_days}",
            do="give positive numbers",
        )
    value = _simulated(
        detector, n_units=n_units, n_rows=history + watched, gap_days=gap_days, size=size, at=history, rng=rng
    )
    n_rows = value.shape[1]
    nth = np.tile(np.arange(n_rows), n_units)
    unit = np.repeat(np.arange(n_units), n_rows)
    # A calendar of its own for each unit: else a change of all of them would be taken for a release.
    rows = Observations(
        unit=unit, period=nth * n_units + unit, time=nth * gap_days, value=value.reshape(-1), se=np.zeros(len(unit))
    )
    alarms = update(detector, start(detector), rows).alarms
    row = np.full(n_units, np.inf)
    row[alarms.unit] = np.round(alarms.time / gap_days)
    late = row[row >= history] - history
    return DetectionDelay(
        found=float(np.mean(np.isfinite(late))) if len(late) else float("nan"),
        median=float(np.median(late)) if len(late) else float("nan"),
        alarmed_before=float(np.mean(row < history)),
    )


def _simulated(
    detector: Detector, *, n_units: int, n_rows: int, gap_days: float, size: float, at: int, rng: np.random.Generator
) -> Float[np.ndarray, "units rows"]:
    """Values of units of the baseline, with a step in each."""
    base = detector.baseline
    scale = np.sqrt(base.rate_first / rng.gamma(base.shape_first, size=n_units))
    steps = np.sqrt(base.wander * gap_days) * rng.standard_normal((n_units, n_rows))
    steps[:, 0] = np.sqrt(base.level_variance) * rng.standard_normal(n_units)
    kept = np.exp(-base.decay * gap_days)
    wave = np.sqrt(base.wave_share) * rng.standard_normal((n_units, n_rows))
    for k in range(1, n_rows):
        wave[:, k] = kept * wave[:, k - 1] + np.sqrt(1 - kept**2) * wave[:, k]
    noise = np.sqrt(1 - base.wave_share) * rng.standard_normal((n_units, n_rows))
    moved = size * (np.arange(n_rows) >= at)
    return np.asarray(base.mean + np.cumsum(steps, axis=1) + scale[:, None] * (wave + noise + moved))
