"""The clock on the wall of a time zone, for hours, weekdays and days of a result."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
SECOND_US = 1_000_000
# Clocks are changed at whole quarters of an hour, anywhere.
QUARTER_S = 900
UTC_ZONE = ZoneInfo("UTC")


def local_seconds(at_us: Int64s, zone: ZoneInfo) -> Int64s:
    """Return seconds since 1970 by the clock on the wall."""
    utc_s = np.asarray(at_us // SECOND_US, dtype=np.int64)
    if zone.key == UTC_ZONE.key:
        return utc_s
    quarters, places = np.unique(utc_s // QUARTER_S, return_inverse=True)
    offsets = np.array(list(_offsets_s(quarters, zone)), dtype=np.int64)
    return np.asarray(utc_s + offsets[places], dtype=np.int64)


def _offsets_s(quarters: Int64s, zone: ZoneInfo) -> Iterator[int]:
    """Yield how far the clock on the wall is ahead of UTC in each quarter of an hour."""
    for quarter in quarters.tolist():
        moment = datetime.fromtimestamp(quarter * QUARTER_S, UTC).astimezone(zone)
        offset = moment.utcoffset()
        yield int(offset.total_seconds()) if offset is not None else 0
