"""Parts of an event's time as variables: hour, weekday and the like, in one zone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.backtest.columns import EventColumns, Numbers

Int64s = NDArray[np.int64]
HOUR_S, DAY_S = 3_600, 86_400
# 1 January 1970 was a Thursday; Monday is 0.
FIRST_WEEKDAY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePart:
    """A part of the time; ``of`` takes seconds since 1970 by the clock on the wall."""

    name: str
    of: Callable[[Int64s], Int64s]
    text_en: str
    text_zh: str


PARTS = (
    TimePart(
        name="hour",
        of=lambda local_s: local_s // HOUR_S % 24,
        text_en="hour of the day, 0 to 23",
        text_zh="小时，0 至 23",
    ),
    TimePart(
        name="minute",
        of=lambda local_s: local_s // 60 % 60,
        text_en="minute of the hour, 0 to 59",
        text_zh="分钟，0 至 59",
    ),
    TimePart(
        name="weekday",
        of=lambda local_s: (local_s // DAY_S + FIRST_WEEKDAY) % 7,
        text_en="day of the week, Monday 0 to Sunday 6",
        text_zh="星期，周一 0 至周日 6",
    ),
    TimePart(
        name="day_of_month",
        of=lambda local_s: _days(local_s) - _months(local_s).astype("M8[D]").astype(np.int64) + 1,
        text_en="day of the month, 1 to 31",
        text_zh="日，1 至 31",
    ),
    TimePart(
        name="month",
        of=lambda local_s: _months(local_s).astype(np.int64) % 12 + 1,
        text_en="month, 1 to 12",
        text_zh="月，1 至 12",
    ),
)


def part_of_time(part: TimePart) -> Callable[[EventColumns], Numbers]:
    """Return what makes a column of a part."""
    return lambda columns: Numbers(part.of(columns.local_s).astype(np.float64))


def _days(local_s: Int64s) -> Int64s:
    return np.asarray(local_s // DAY_S, dtype=np.int64)


def _months(local_s: Int64s) -> NDArray[np.datetime64]:
    return _days(local_s).astype("M8[D]").astype("M8[M]")
