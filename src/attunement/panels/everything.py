"""Everything that is measured of messages, in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import pyarrow as pa

from attunement.panels.constructs import measure_rates
from attunement.panels.rewards import measure_rewards
from attunement.panels.sessions import find_sessions
from attunement.panels.styles import measure_styles
from attunement.panels.usage import measure_usage
from attunement.vocabulary import PANEL, SESSIONS

Batches = Callable[[], Iterable[pa.RecordBatch]]
"""Gives the same batches at each call."""


class Measured(NamedTuple):
    """What was measured."""

    sessions: pa.Table
    """SESSIONS."""
    panel: pa.Table
    """PANEL of use, of rates and of rewards."""
    styles: pa.Table
    """PANEL of how each side writes: a table of its own, since one may hold no more than 127 measures."""


def measure_everything(
    turns: Batches, annotated: Batches, styled: Batches, *, gap_minutes: float, time_zone: str | None
) -> Measured:
    """Sessions, and what is measured in sessions, days and weeks.

    Args:
        turns: TURNS, as `find_sessions` takes them.
        annotated: as `measure_rates` takes them.
        styled: as `measure_styles` takes them.
        gap_minutes: a longer silence starts a new session.
        time_zone: the IANA name of the person's zone.

    Raises:
        OptionError: there is no such zone, or the gap is none.
    """
    sessions = pa.Table.from_batches(find_sessions(turns(), gap_minutes=gap_minutes), schema=SESSIONS)
    used = measure_usage(sessions.to_batches(), time_zone=time_zone)
    seen = measure_rates(annotated(), sessions, time_zone=time_zone)
    after = measure_rewards(turns(), annotated(), sessions)
    return Measured(sessions, _panel([*used, *seen, *after]), _panel(measure_styles(styled(), sessions)))


def _panel(batches: Iterable[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches, schema=PANEL).unify_dictionaries()
