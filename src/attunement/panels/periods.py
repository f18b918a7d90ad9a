"""Days and weeks in the person's own time, where it is known."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attunement.errors import OptionError

DAY_US = 86_400_000_000
WEEK_DAYS = 7
_THURSDAY = 3  # 1 January 1970 was one, so that Monday is three days before


def checked_zone(time_zone: str | None) -> str | None:
    """A time zone by its IANA name.

    Raises:
        OptionError: there is no such zone.
    """
    if time_zone is None:
        return None
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise OptionError(
            "there is no such time zone",
            got=time_zone,
            have="an IANA name such as Europe/Vienna or America/Sao_Paulo",
            do="give the zone in which the person lives, or leave it out",
        ) from fault
    return time_zone


def local_us(times: pa.Array, time_zone: str | None) -> np.ndarray:
    """Wall-clock time in microseconds since 1970 as the person's clock shows it; UTC where no zone is known."""
    zoned = times.cast(pa.timestamp("us", tz=time_zone or "UTC"))
    return np.asarray(pc.local_timestamp(zoned).cast(pa.int64()))


def period_number(local: np.ndarray, period: str) -> np.ndarray:
    """The number of the day or of the week (from Monday) that a wall-clock time lies in."""
    day = local // DAY_US
    return day if period == "day" else (day + _THURSDAY) // WEEK_DAYS


def period_start(number: np.ndarray, period: str, time_zone: str | None) -> pa.Array:
    """When a period begins, in UTC."""
    day = number if period == "day" else number * WEEK_DAYS - _THURSDAY
    naive = pa.array(day * DAY_US).cast(pa.timestamp("us"))
    # Where clocks go forward at midnight the day begins after the leap: "earliest" would be in the day before.
    zoned = pc.assume_timezone(naive, time_zone or "UTC", ambiguous="earliest", nonexistent="latest")
    return zoned.cast(pa.timestamp("us", tz="UTC"))
