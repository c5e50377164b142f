"""When what a written time names is over: a day at its end; so a week, a month or a year.

Whoever writes the day on which something became known means some time of that day, and nobody
knew it when the day began. Limits: a midnight that names no zone is taken for a day alone, since
tables of days are often kept so.
"""

import re
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.datasets.importing.cells import Cells
from training.datasets.importing.specs import ISO8601
from training.datasets.importing.times import DAY_US, UNIT_S, TimeColumn, origin_us

Stamps = NDArray[np.int64]
# Parts of a format that tell the day, the week, the month, and the time of the day.
_DAY = re.compile("%-?[djaAwucx]")
_WEEK = re.compile("%-?[UVW]")
_MONTH = re.compile("%-?[mbBh]")
_CLOCK = re.compile("%-?[HIcX]")


def ends_us(time: TimeColumn, cells: Cells, at_us: Stamps) -> Stamps:
    """Return the last microsecond of what each cell names; of a moment, the moment itself.

    Parameters
    ----------
    at_us
        Where it begins, as the column was read.
    """
    spec = time.spec
    if time.is_typed(cells) or spec.format == ISO8601:
        return at_us + np.where(time.midnights(cells), DAY_US - 1, 0)
    if not time.is_number(cells):
        return _end_of_format(time, cells, at_us)
    if spec.unit == "month":
        return _end_of_calendar(at_us, "M")
    length_us = UNIT_S.get(spec.unit, 0) * 1_000_000
    # A fraction tells more than the unit.
    is_whole = (at_us - origin_us(spec)) % max(length_us, 1) == 0
    return at_us + np.where(is_whole, max(length_us - 1, 0), 0)


def _end_of_format(time: TimeColumn, cells: Cells, at_us: Stamps) -> Stamps:
    """Return the ends of what a format tells, which may be no day."""
    told = time.spec.format
    if _DAY.search(told):
        is_day = time.midnights(cells) if _CLOCK.search(told) else np.True_
        return at_us + np.where(is_day, DAY_US - 1, 0)
    if _WEEK.search(told):
        return at_us + 7 * DAY_US - 1
    return _end_of_calendar(at_us, "M" if _MONTH.search(told) else "Y")


def _end_of_calendar(at_us: Stamps, unit: Literal["M", "Y"]) -> Stamps:
    # The first of a month begins up to 14 hours sooner or later than in UTC; a day more is in it.
    month = (at_us + DAY_US).astype("datetime64[us]").astype(f"datetime64[{unit}]")
    first, following = (one.astype("datetime64[us]").astype(np.int64) for one in (month, month + 1))
    return at_us + following - first - 1
