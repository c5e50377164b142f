"""Times on the command line: the four dates and the label delay, checked before any work."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from risk_service.domain.errors import ConfigFault
from training.words import fault

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DELAY = re.compile(r"(\d+)(s|m|h|d|w)")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
DAY_US = 86_400_000_000
MAXIMUM_DELAY_S = 3 * 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """Training and test in microseconds since 1970 UTC; an end is not included."""

    train_from_us: int
    train_to_us: int
    test_from_us: int
    test_to_us: int

    @property
    def cutoff_us(self) -> int:
        """When the model is first used: what is known by then may be learned from."""
        return self.test_from_us


def periods(train_from: str, train_to: str, test_from: str, test_to: str) -> Periods:
    """Read the four dates.

    Raises
    ------
    ConfigFault
        A date is no date, or they are not in order; names the option.
    """
    train = time_us("--train-from", train_from), time_us("--train-to", train_to)
    test = time_us("--test-from", test_from), time_us("--test-to", test_to)
    for name, (start, end) in (("train", train), ("test", test)):
        if start >= end:
            told = fault("window_reversed", name=name, start=when(start), end=when(end))
            raise ConfigFault(told)
    if test[0] < train[1]:
        told = fault("test_in_training", test=when(test[0]), train=when(train[1]))
        raise ConfigFault(told)
    return Periods(
        train_from_us=train[0], train_to_us=train[1], test_from_us=test[0], test_to_us=test[1]
    )


def suggested(start_us: int, end_us: int, delay_s_: int) -> Periods | None:
    """Return whole days for a first training: seven tenths of them, and the delay before the test.

    None when the events do not span enough days for both, as far as their labels are known.

    Parameters
    ----------
    end_us
        First microsecond after the last event that has a label: later ones measure nothing.
    """
    first, last = start_us // DAY_US, -(-end_us // DAY_US)
    gap = -(-delay_s_ * 1_000_000 // DAY_US)
    train = (last - first - gap) * 7 // 10
    if train < 1 or last - first - gap - train < 1:
        return None
    middle = first + train
    return Periods(
        train_from_us=first * DAY_US,
        train_to_us=middle * DAY_US,
        test_from_us=(middle + gap) * DAY_US,
        test_to_us=last * DAY_US,
    )


def time_us(option: str, text: str) -> int:
    """Return a time in microseconds since 1970; a plain date is its midnight in UTC.

    Raises
    ------
    ConfigFault
        The text is no full date, or has a time of day without a zone.
    """
    try:
        if len(text.strip()) <= len("2024-01-31"):
            day = date.fromisoformat(text.strip())
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None:
            # The last day of 9999 west of Greenwich lies beyond every date in UTC.
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigFault(fault("no_date", option=option, text=text)) from error
    if moment.tzinfo is None:
        raise ConfigFault(fault("date_zone", option=option, text=text))
    return (moment - _EPOCH) // _MICROSECOND


def delay_s(text: str) -> int:
    """Return the label delay in seconds.

    Raises
    ------
    ConfigFault
        The text is no delay such as 7d, 12h, 30m, 90s or 2w, or it is longer than three years.
    """
    match = _DELAY.fullmatch(text.strip())
    if match is None and text.strip() != "0":
        raise ConfigFault(fault("no_delay", text=text))
    seconds = int(match[1]) * _UNIT_S[match[2]] if match is not None else 0
    if seconds > MAXIMUM_DELAY_S:
        raise ConfigFault(fault("long_delay", text=text))
    return seconds


def when(time_us_: int) -> str:
    """Return a time as RFC 3339; midnight as a plain date."""
    moment = _EPOCH + timedelta(microseconds=time_us_)
    if moment.time() == moment.min.time():
        return moment.date().isoformat()
    return moment.isoformat().replace("+00:00", "Z")


def span(seconds: float) -> str:
    """Return a length of time as people write it: 7d, 12h, 30m, 90s."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNIT_S[unit] == 0:
            return f"{seconds / _UNIT_S[unit]:g}{unit}"
    return f"{seconds:g}s"
