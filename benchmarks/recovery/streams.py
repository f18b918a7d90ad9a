"""Series of many relationships with a known change, or none: memory, heavy tails, slopes, common shocks, text-dependent noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Streams(NamedTuple):
    """Rows of many relationships, each with the same number of sessions."""

    unit: np.ndarray
    day: np.ndarray  # whole days, rising within a relationship
    time: np.ndarray  # in days
    value: np.ndarray  # what the annotator reports
    changed: np.ndarray  # for each relationship, whether its own level changed
    nth: np.ndarray  # which session of its relationship a row is


def streams(
    rng: np.random.Generator,
    *,
    n_relationships: int,
    n_sessions: int,
    memory: float = 0.0,
    heavy: bool = False,
    irregular: bool = False,
    slope_sd: float = 0.0,
    shock_sd: float = 0.0,
    release: float = 0.0,
    text_noise: float = 0.0,
    change: float = 0.0,
    share_changed: float = 0.0,
    at: int = 0,
) -> Streams:
    """Draw series whose levels have SD 1, and whose variation within a relationship has SD 1 in the median one.

    Args:
        memory: correlation over one day; the rest is noise.
        heavy: Student's t with four degrees of freedom, scaled, in the place of the normal.
        irregular: gaps are exponential with a mean of one day, and several sessions may fall on one.
        slope_sd: standard deviation, over relationships, of their change in a day.
        shock_sd: standard deviation of the step that all take each day.
        release: how far all move on the middle day.
        text_noise: how much an annotator errs more where there is more to see: its noise has SD text_noise times the
            logistic function of the true value.
        change: how far changed relationships move, in their own standard deviations, from session `at` on.
        share_changed: how many change.
    """
    shape = (n_relationships, n_sessions)
    gaps = rng.exponential(1.0, shape) if irregular else np.ones(shape)
    time = np.cumsum(gaps, axis=1)
    day = np.floor(time).astype(np.int64)
    draw = (lambda: rng.standard_t(4, n_relationships) / np.sqrt(2)) if heavy else lambda: rng.standard_normal(shape[0])
    wave = np.empty(shape)
    wave[:, 0] = draw()
    for k in range(1, n_sessions):
        kept = memory ** gaps[:, k] if memory > 0 else np.zeros(n_relationships)
        wave[:, k] = kept * wave[:, k - 1] + np.sqrt(1 - kept**2) * draw()
    level = rng.standard_normal((n_relationships, 1))
    scale = np.exp(0.3 * rng.standard_normal((n_relationships, 1)))
    n_days = int(day.max()) + 1
    common = np.cumsum(shock_sd * rng.standard_normal(n_days)) + release * (np.arange(n_days) >= n_sessions // 2)
    slope = slope_sd * rng.standard_normal((n_relationships, 1))
    changed = rng.random(n_relationships) < share_changed
    moved = change * scale * changed[:, None] * (np.arange(n_sessions) >= at)
    true = level + scale * wave + common[day] + slope * time + moved
    value = true + text_noise / (1 + np.exp(-true)) * rng.standard_normal(shape)
    unit = np.repeat(np.arange(n_relationships), n_sessions)
    nth = np.tile(np.arange(n_sessions), n_relationships)
    return Streams(unit, day.reshape(-1), time.reshape(-1), value.reshape(-1), changed, nth)
