"""Local times to UTC, whole columns at once, by the zone's own rules.

A local time that stands twice in a zone's year (clocks go back) is taken as the earlier of
the two; one that does not exist (clocks go forward) is no time. Limits: changes of a zone
happen on quarter hours, as all have since 1972.
"""

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from numpy.typing import NDArray

from training.datasets.importing.mapping_faults import did_you_mean
from training.words import WrongValue, fault

FROM_VALUE = "from value"
_QUARTER_US = 15 * 60 * 1_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the arithmetic is of local times
_SECOND = timedelta(seconds=1)


def check_zone(name: str) -> str:
    """Return the name of a zone when there is one.

    Raises
    ------
    ValueError
        There is no such zone.
    """
    if name in (FROM_VALUE, "UTC", "Z"):
        return "UTC" if name == "Z" else name
    known = available_timezones()
    if name not in known:
        near = did_you_mean(name, known)
        advice = near if near.en else fault("zone_examples")
        raise WrongValue.of("no_zone", name=name, advice=advice)
    return name


def local_to_utc(
    local_us: NDArray[np.int64], zone: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return UTC times, which were there twice, and which do not exist.

    Parameters
    ----------
    local_us
        Microseconds since 1970 as a local clock shows them.
    """
    none = np.zeros(len(local_us), np.bool_)
    if zone == "UTC":
        return local_us, none, none
    quarters, where = np.unique(local_us // _QUARTER_US, return_inverse=True)
    offsets = np.array([_offsets_s(zone, int(quarter)) for quarter in quarters], np.int64)
    offsets = offsets.reshape(-1, 2)[where]
    earlier, later = offsets[:, 0], offsets[:, 1]
    # Before a change back the offset is larger: the first of two equal clock readings.
    return local_us - earlier * 1_000_000, earlier > later, earlier < later


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@cache
def _offsets_s(zone: str, quarter: int) -> tuple[int, int]:
    moment = _EPOCH + timedelta(microseconds=quarter * _QUARTER_US)
    aware = moment.replace(tzinfo=_zone(zone))
    return tuple(int(aware.replace(fold=fold).utcoffset() / _SECOND) for fold in (0, 1))  # type: ignore[return-value, operator]
