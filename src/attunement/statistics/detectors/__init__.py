"""Detectors of change in many series at once, with known rates of false alarms, brought up to date with new rows only.

Takes: rows of many units over time (`Observations`), and reference units that are taken to be stable.
Gives: scores, alarms, discoveries, a state to keep, and a report of how often false alarms really come.
Never: watches with a baseline that it did not test on other units, or reads a row twice.
"""

from attunement.statistics.detectors.calibrating import CalibrationReport, calibrate
from attunement.statistics.detectors.detecting import (
    Detector,
    DetectorState,
    Reading,
    acknowledge,
    start,
    unit_e_values,
    unit_signs,
    update,
)
from attunement.statistics.detectors.learning import learn_detector
from attunement.statistics.detectors.observations import Observations
from attunement.statistics.detectors.planning import detection_delay
from attunement.statistics.multiplicity import e_bh

__all__ = [
    "CalibrationReport",
    "Detector",
    "DetectorState",
    "Observations",
    "Reading",
    "acknowledge",
    "calibrate",
    "detection_delay",
    "e_bh",
    "learn_detector",
    "start",
    "unit_e_values",
    "unit_signs",
    "update",
]
