"""Sessions with a known truth: random levels, random slopes, memory, irregular sizes, and an annotator that errs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Sessions(NamedTuple):
    """Simulated sessions of many relationships, each with the same number of sessions."""

    seen: np.ndarray  # what the annotator reports in each session
    n: np.ndarray  # messages of each session
    starts: np.ndarray  # the first session of each relationship
    expected: np.ndarray  # the long-run share that the annotator would report, for each relationship
    true: np.ndarray  # the long-run share of messages that really show it


def sessions(
    rng: np.random.Generator,
    *,
    n_relationships: int,
    n_sessions: int,
    base: float,
    memory: float,
    spread: float = 0.8,
    slope_sd: float = 0.0,
    sensitivity: float = 0.8,
    specificity: float = 0.98,
) -> Sessions:
    """Draw sessions.

    Args:
        base: the median share of messages that show the construct.
        memory: the correlation of a session's level with that of the session before (on the logit scale).
        spread: standard deviation of the levels of relationships, and of sessions within one.
        slope_sd: standard deviation, over relationships, of the change of the logit from first to last session.
        sensitivity: how often the annotator sees what is there.
        specificity: how often it sees nothing where nothing is.
    """
    shape = (n_relationships, n_sessions)
    level = np.log(base / (1 - base)) + spread * rng.standard_normal((n_relationships, 1))
    slope = slope_sd * rng.standard_normal((n_relationships, 1))
    wave = np.empty(shape)
    wave[:, 0] = rng.standard_normal(n_relationships)
    for at in range(1, n_sessions):
        wave[:, at] = memory * wave[:, at - 1] + np.sqrt(1 - memory**2) * rng.standard_normal(n_relationships)
    trend = slope * (np.linspace(0, 1, n_sessions) - 0.5)
    p_true = 1 / (1 + np.exp(-(level + spread * wave + trend)))
    p_seen = sensitivity * p_true + (1 - specificity) * (1 - p_true)
    n = 2 + rng.negative_binomial(1.5, 0.15, size=shape)
    seen = rng.binomial(n, p_seen)
    grid = rng.standard_normal((400, 1, 1))
    long_run = (1 / (1 + np.exp(-(level[None] + spread * grid + trend[None])))).mean(axis=(0, 2))
    expected = sensitivity * long_run + (1 - specificity) * (1 - long_run)
    starts = np.arange(n_relationships) * n_sessions
    return Sessions(seen.reshape(-1).astype(float), n.reshape(-1).astype(float), starts, expected, long_run)
