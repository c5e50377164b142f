"""Habits of a key over time that no window tells: since when it is known, pauses, hours of the day.

A burst after half a year of silence, clicks at equal distances, a payment at night of somebody
who pays at noon. Everything is as of the event, in the order of the file, and without its own
row. Limits: a pause is remembered for ``PAUSE_DAYS`` after it ended; hours are those in UTC.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from training.own_data.events import Coded, Floats, OwnEvents
from training.own_data.plan import FeaturePlan
from training.windows.compiled import compiled

Codes = NDArray[np.int32]
Rows = NDArray[np.int64]
DAY_US, SECOND_US = 86_400_000_000, 1_000_000
PAUSE_DAYS = 7
# The mean hour of few events says little: as if so many more had come at any hour.
ANY_HOUR_EVENTS = 2.0
MEASURES = ("age", "gap", "pause", "usual_hour")


def habits(
    events: OwnEvents, fields: Mapping[str, Coded], plan: FeaturePlan, rows: Rows
) -> Iterator[tuple[str, Floats]]:
    """Yield (name, value of each row) for every key with a full history."""
    if not plan.habits:
        return
    of_day = (events.at_us % DAY_US) * (2 * np.pi / DAY_US)
    for key in plan.keys:
        if not key.full:
            continue
        coded = fields[key.field]
        found = _habits(
            coded.codes, events.at_us, np.cos(of_day), np.sin(of_day), len(coded.levels)
        )
        for name, values in zip(MEASURES, found[:4], strict=True):
            yield f"{key.field}__{name}", values[rows]
        since, gap = found[4][rows], found[1][rows]
        yield f"{key.field}__rhythm", (since + 1.0) / (gap + 1.0)


@compiled
def _habits(
    codes: Codes, at_us: NDArray[np.int64], cosine: Floats, sine: Floats, keys: int
) -> Floats:
    """Return age, last gap, longest pause that ended lately, nearness of hours, time since."""
    first, last = np.full(keys, -1, np.int64), np.full(keys, -1, np.int64)
    gap, pause, ended = np.full(keys, np.nan), np.zeros(keys), np.zeros(keys, np.int64)
    east, north, seen = np.zeros(keys), np.zeros(keys), np.zeros(keys)
    found = np.full((5, codes.size), np.nan, np.float64)
    for event in range(codes.size):
        key, now = codes[event], at_us[event]
        if key < 0:
            continue
        if last[key] >= 0:
            since = (now - last[key]) / SECOND_US
            if since >= pause[key] or now - ended[key] > PAUSE_DAYS * DAY_US:
                pause[key], ended[key] = since, now
            found[0, event] = (now - first[key]) / SECOND_US
            found[1, event], found[2, event] = gap[key], pause[key]
            near = east[key] * cosine[event] + north[key] * sine[event]
            found[3, event] = near / (seen[key] + ANY_HOUR_EVENTS)
            found[4, event] = since
            gap[key] = since
        else:
            first[key] = now
        last[key] = now
        east[key] += cosine[event]
        north[key] += sine[event]
        seen[key] += 1
    return found
