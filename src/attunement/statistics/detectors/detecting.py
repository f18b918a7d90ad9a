"""Detectors of change: what is known of every unit, brought up to date with new rows only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Float, Int

from attunement.errors import OptionError
from attunement.statistics.detectors import kernels
from attunement.statistics.detectors.observations import Observations, ordered

LAMBDAS = (0.25, 0.5, 1.0)
"""The sizes of change that are looked for, in standard deviations of an innovation; each is twice the one before."""

_VERSION = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How stable units behave: a level of one's own, a wave around it, noise, and a scale of one's own.

    value = level + common level + scale * (wave + noise), with wave + noise of variance 1, and the known error.
    """

    mean: float
    """Mean of the levels of units, in units of the measure."""
    level_variance: float
    """Variance of the levels between units, in units of the measure squared."""
    decay: float
    """Rate per day at which the wave forgets; its correlation over a gap is exp(-decay * gap)."""
    wave_share: float
    """Share of the variance within a unit that is wave, from 0 to 1; the rest is noise."""
    wander: float
    """Variance per day by which a level wanders of itself; a change has to be quicker than that."""
    shape_first: float
    """How alike units are in their scale: shape of its inverse gamma distribution. Large: all alike."""
    rate_first: float
    """Rate of the same distribution; rate / shape is the typical variance within a unit."""
    shape_most: float
    """How much may be known of a scale; it is half the degrees of freedom that tails keep, and lets scales drift."""
    shock: float
    """Variance per period of the step that all units take together."""

    def vector(self) -> Float[np.ndarray, " fields"]:
        """The fields in the order in which the kernels read them."""
        return np.array([getattr(self, field.name) for field in fields(self)], dtype=float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A baseline, and what the e-values of stable units come to, so that theirs have a mean of at most 1."""

    baseline: Baseline
    lambdas: tuple[float, ...]
    """Sizes of change in the mixture, each twice the one before."""
    log_mean: Float[np.ndarray, " sides_lambdas"]
    """Upper confidence bound on the log mean of exp(lambda score) in stable units: upward sizes, then downward."""
    average_run_length: float
    """Rows that a stable unit has on average before its first alarm, at least. Also the alarm threshold."""
    n_units: int
    """Units that the bounds were taken from; none of them taught the baseline."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays to keep beside the state."""
        return {
            "version": np.array(_VERSION),
            "baseline": self.baseline.vector(),
            "lambdas": np.array(self.lambdas),
            "log_mean": self.log_mean,
            "average_run_length": np.array(self.average_run_length),
            "n_units": np.array(self.n_units),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Detector:
        """The detector that `arrays` gave.

        Raises:
            OptionError: an array is missing, or another version wrote them.
        """
        _check_arrays(arrays, ("baseline", "lambdas", "log_mean", "average_run_length", "n_units"))
        names = [field.name for field in fields(Baseline)]
        return cls(
            baseline=Baseline(**dict(zip(names, arrays["baseline"].tolist(), strict=True))),
            lambdas=tuple(arrays["lambdas"].tolist()),
            log_mean=arrays["log_mean"],
            average_run_length=float(arrays["average_run_length"]),
            n_units=int(arrays["n_units"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorState:
    """What is known after the rows read so far; `arrays` and `from_arrays` save and load it without loss."""

    unit: Int[np.ndarray, " units"]
    """The units met so far, in rising order."""
    cells: Float[np.ndarray, "units fields"]
    """One row of numbers a unit: see `kernels`."""
    shared: Float[np.ndarray, " shared"]
    """What all units share: the common level and the evidence that it changed."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays to keep, for instance with `numpy.savez`."""
        return {"version": np.array(_VERSION), "unit": self.unit, "cells": self.cells, "shared": self.shared}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> DetectorState:
        """The state that `arrays` gave.

        Raises:
            OptionError: an array is missing, or another version wrote them.
        """
        _check_arrays(arrays, ("unit", "cells", "shared"))
        return cls(unit=arrays["unit"], cells=arrays["cells"], shared=arrays["shared"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """First crossings of the threshold; a unit stays silent until its alarm is acknowledged."""

    unit: Int[np.ndarray, " alarms"]
    time: Float[np.ndarray, " alarms"]
    """In days."""
    sign: Int[np.ndarray, " alarms"]
    """1 where the measure rose, -1 where it fell."""
    evidence: Float[np.ndarray, " alarms"]
    """The e-detector at the alarm; at least the average run length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedChange:
    """What all units of a deployment did together, per period."""

    period: Int[np.ndarray, " periods"]
    step: Float[np.ndarray, " periods"]
    """The common step, in units of the measure; 0 where fewer than eight units came."""
    score: Float[np.ndarray, " periods"]
    """The step in standard deviations of what steps are otherwise; beyond 4 in size it is taken for a release."""
    evidence: Float[np.ndarray, " periods"]
    """An e-detector of the common level: its mean after k periods is at most k if only ordinary steps are taken. It is
    high where a step was large or many went one way, and falls again when the level stays where it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an update gives: the new state, the alarms, what was shared, and the scores of all rows."""

    state: DetectorState
    alarms: Alarms
    shared: SharedChange
    rows: Observations
    """The rows in the order in which they were read."""
    score: Float[np.ndarray, " rows"]
    """Standardised one-step innovations: standard normal in stable units, if the baseline is right."""
    evidence: Float[np.ndarray, " rows"]
    """The e-detector of the row's unit after the row."""
    log_score: float
    """The sum of log predictive densities where alarms are off (an infinite run length); else 0."""


def start(detector: Detector) -> DetectorState:
    """The state before any row."""
    n_lambdas = len(detector.lambdas)
    shared = np.zeros(kernels.SHARED_SUMS + 2 * n_lambdas)
    # The level of a new deployment is as unknown as that of a new unit, so that its first period is no shock.
    shared[kernels.P_SHIFT] = detector.baseline.level_variance
    return DetectorState(
        unit=np.zeros(0, dtype=np.int64), cells=np.zeros((0, kernels.SUMS + 2 * n_lambdas)), shared=shared
    )


def update(detector: Detector, state: DetectorState, observations: Observations) -> Reading:
    """Read new rows. To read a history in parts gives the same bits as to read it whole, if periods are kept whole.

    Each row is compared with what its unit's past predicts: the level and the scale of the unit are learned as it goes
    on, and the variance of a prediction holds what is not known of them yet, so that no unit needs a phase of its own
    to learn from. What all units of a period have in common is taken out first. The scores become e-values, mixed over
    sizes of change and both signs, and add up to a Shiryaev-Roberts e-detector.

    Args:
        detector: of `learn_detector`.
        state: of `start`, or of the reading before.
        observations: new rows in whole periods, each after those read before; read quicker where they come sorted by
            period, unit and time.

    Raises:
        OptionError: a period was read before, or a time of a unit lies before its last one.

    Assumes:  until it changes, a unit follows the baseline's process, or one whose scores have no larger exponential
              mean and no larger sums over blocks; steps in common are the same for all units.
    Source:   shin2024 for e-detectors and their run length; brown1975 for innovations.
    Checked:  benchmarks/recovery/detectors.py
    """
    rows = ordered(observations)
    state, index = _with_units(state, rows.unit)
    bounds, periods = _periods(rows, state)
    _check_times(rows, state, index)
    cells, shared = state.cells, state.shared.copy()
    n = len(rows)
    score, evidence, alarm = np.empty(n), np.empty(n), np.empty(n, dtype=np.int64)
    steps = np.zeros((len(periods), 3))
    log_score = kernels.read_rows(
        cells,
        shared,
        (index, rows.time, rows.value, rows.se),
        (periods, bounds),
        (
            detector.baseline.vector(),
            np.exp(-detector.log_mean),
            np.array(detector.lambdas),
            detector.average_run_length,
        ),
        (score, evidence, alarm, steps),
    )
    raised = np.flatnonzero(alarm)
    return Reading(
        state=replace(state, shared=shared),
        alarms=Alarms(unit=rows.unit[raised], time=rows.time[raised], sign=alarm[raised], evidence=evidence[raised]),
        shared=SharedChange(period=periods, step=steps[:, 0], score=steps[:, 1], evidence=steps[:, 2]),
        rows=rows,
        score=score,
        evidence=evidence,
        log_score=float(log_score),
    )


def acknowledge(detector: Detector, state: DetectorState, unit: Int[np.ndarray, " some"]) -> DetectorState:
    """Start the detectors of some units anew, after somebody looked: what their level is now is learned from here."""
    at = np.searchsorted(state.unit, unit)
    known = at < len(state.unit)
    known[known] = state.unit[at[known]] == unit[known]
    if not known.all():
        raise OptionError(
            "a unit to acknowledge was never met",
            got=str(unit[~known][0]),
            have=f"{len(state.unit)} units",
            do="give units that an alarm or a discovery named",
        )
    cells = state.cells.copy()
    cells[at, kernels.SUMS :] = 0.0
    cells[at, kernels.N_SINCE] = 0.0
    cells[at, kernels.RAISED] = 0.0
    cells[at, kernels.P_LEVEL] += detector.baseline.level_variance
    return replace(state, cells=cells)


def unit_e_values(state: DetectorState) -> Float[np.ndarray, " units"]:
    """An e-value a unit against "no change since its start or its last acknowledgement", at this moment.

    The e-detector over the rows it has read since; its mean is at most 1 at any moment that was fixed beforehand.
    0 where nothing was read since.
    """
    n = state.cells[:, kernels.N_SINCE]
    return np.asarray(state.cells[:, kernels.SUMS :].mean(axis=1) / np.maximum(n, 1.0))


def unit_signs(state: DetectorState) -> Int[np.ndarray, " units"]:
    """Where the evidence of each unit points: 1 up, -1 down."""
    n_lambdas = (state.cells.shape[1] - kernels.SUMS) // 2
    up = state.cells[:, kernels.SUMS : kernels.SUMS + n_lambdas].sum(axis=1)
    down = state.cells[:, kernels.SUMS + n_lambdas :].sum(axis=1)
    return np.where(up >= down, 1, -1)


def _check_arrays(arrays: Mapping[str, np.ndarray], wanted: tuple[str, ...]) -> None:
    missing = [name for name in ("version", *wanted) if name not in arrays]
    if missing or float(arrays["version"]) != _VERSION:
        raise OptionError(
            "these arrays are not those of a detector or its state",
            got=", ".join(missing) + " missing" if missing else f"version {float(arrays['version'])}",
            have=f"{', '.join(wanted)}, of version {_VERSION}",
            do="learn the detector anew and run it over the whole history again",
        )


def _with_units(state: DetectorState, unit: Int[np.ndarray, " rows"]) -> tuple[DetectorState, Int[np.ndarray, " rows"]]:
    """A copy of the state that has a cell for every unit of the rows, and the cell of each row."""
    if len(unit) == len(state.unit) and np.array_equal(unit, state.unit):  # a whole day, everyone once
        return replace(state, cells=state.cells.copy()), np.arange(len(unit))
    at = np.searchsorted(state.unit, unit)
    new = at == len(state.unit)
    new[~new] = state.unit[at[~new]] != unit[~new]
    if not new.any():
        return replace(state, cells=state.cells.copy()), at
    units = np.union1d(state.unit, unit[new])
    cells = np.zeros((len(units), state.cells.shape[1]))
    cells[np.searchsorted(units, state.unit)] = state.cells
    return replace(state, unit=units, cells=cells), np.searchsorted(units, unit)


def _periods(
    rows: Observations, state: DetectorState
) -> tuple[Int[np.ndarray, " bounds"], Int[np.ndarray, " periods"]]:
    """Where the rows of each period begin, the end included, and which period it is."""
    begin = np.flatnonzero(np.diff(rows.period, prepend=rows.period[:1] - 1))
    periods = rows.period[begin]
    last = state.shared[kernels.LAST_PERIOD]
    if len(periods) and len(state.unit) and state.cells[:, kernels.N_ALL].any() and periods[0] <= last:
        raise OptionError(
            "these rows belong to a period that was read already",
            got=f"period {periods[0]}",
            have=f"everything up to period {int(last)}",
            do="give the rows of a period together, and each period once",
        )
    return np.append(begin, len(rows)), periods


def _check_times(rows: Observations, state: DetectorState, index: Int[np.ndarray, " rows"]) -> None:
    """No row may lie before the one of its unit that was read before it."""
    if len(index) == 0:
        return
    order = np.argsort(index, kind="stable") if np.any(np.diff(index) <= 0) else np.arange(len(index))
    which, time = index[order], rows.time[order]
    first = np.diff(which, prepend=-1) != 0
    before = np.empty(len(time))
    before[1:] = time[:-1]
    met = state.cells[which, kernels.N_ALL] > 0
    before[first] = np.where(met[first], state.cells[which[first], kernels.LAST], -np.inf)
    if (time < before).any():
        wrong = int(order[np.flatnonzero(time < before)[0]])
        raise OptionError(
            "a row lies before one of the same unit that belongs to an earlier period",
            got=f"time {rows.time[wrong]} of unit {rows.unit[wrong]} in period {rows.period[wrong]}",
            do="number the periods so that they follow time",
        )
