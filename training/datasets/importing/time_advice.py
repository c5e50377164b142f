"""Which format a time seems to have that cannot be read, to be named in an error or a guess."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from risk_service.domain.text import LocalizedText
from training.datasets.importing.iso_time import EARLIEST_YEAR, LATEST_YEAR
from training.words import NOTHING, fault

_COMMON_FORMATS = (
    "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d",
    "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y.%m.%d %H:%M", "%Y.%m.%d",
    "%Y%m%d%H%M%S", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p",
    "%m/%d/%y %H:%M", "%d/%m/%y %H:%M", "%d.%m.%y %H:%M", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y",
    "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y",
    "%d %b %Y %H:%M", "%b %d, %Y", "%a %b %d %H:%M:%S %Y",
    "%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日", "%Y年%m月%d日 %H时%M分%S秒",
    "%Y%m%dT%H%M%SZ", "%Y-%m-%d %H.%M.%S", "%m/%d/%y %I:%M %p", "%d/%m/%y %I:%M %p",
    "%m/%d/%y %H:%M:%S", "%d/%m/%y %H:%M:%S", "%d.%m.%y %H:%M:%S", "%m/%d/%y %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S %p", "%m/%d/%Y, %I:%M:%S %p", "%d/%m/%Y, %H:%M:%S",
    "%d.%m.%Y, %H:%M:%S", "%d.%m.%Y, %H:%M", "%d %B %Y", "%B %d, %Y", "%d %b %Y %H:%M:%S",
    "%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p", "%b %d %Y %I:%M%p",
    "%a, %d %b %Y %H:%M:%S GMT", "%d/%b/%Y:%H:%M:%S %z", "%Y%m%d%H%M",
    "%Y%m%d%H", "%y%m%d%H%M", "%y%m%d%H", "%b-%Y", "%b %Y", "%B %Y", "%b-%y", "%m/%Y", "%Y/%m",
    "%Y-%m", "%Y年%m月", "%Y%m",
)  # fmt: skip

# Weeks have no day that Python would read; DuckDB, which reads the file, takes their Monday.
_WEEKS = {
    r"\d{4}-W\d\d": "%G-W%V", r"\d{4}W\d\d": "%GW%V", r"\d{4}-W\d\d-[1-7]": "%G-W%V-%u",
}  # fmt: skip

# Steps, hours or days since a day that only the mapping can tell.
_COUNT = re.compile(r"\d{1,7}(?:[.,]\d+)?")

# Days since the end of 1899.
SPREADSHEET_DAYS = 'format = "unix", unit = "d", origin = "1899-12-30"'
_FIRST_SHEET_DAY, _LAST_SHEET_DAY = 32_874, 54_789

_DIGITS_ONLY = re.compile("(?:%[YymdHMS])+")


def advice_on_format(examples: Sequence[str]) -> LocalizedText:
    """Return which format times seem to have, or the first of them, as a clause of an error."""
    example = examples[0]
    if unit := unix_unit(example):
        return fault("meant_unix", unit=unit)
    if found := common_format(examples) or common_format([example]):
        return fault("meant_format", format=found)
    return fault("meant_count") if _COUNT.fullmatch(example) else NOTHING


def common_format(examples: Sequence[str]) -> str | None:
    """Return the common strftime format that reads every one of the texts, if any.

    Where a day could be the month as well, it is the order in which the times lie closer.
    """
    for pattern, name in _WEEKS.items():
        if all(re.fullmatch(pattern, example) for example in examples):
            return name
    found = next((name for name in _COMMON_FORMATS if _reads(name, examples)), None)
    other = found and exchanged(found, examples)
    return min(found, other, key=lambda name: _span(name, examples)) if found and other else found


def exchanged(name: str, examples: Sequence[str]) -> str | None:
    """Return a common format with day and month the other way round, if it reads every text."""
    first, second = name[:2], name[3:5]
    other = f"{second}{name[2:3]}{first}{name[5:]}"
    can_be = {first, second} == {"%d", "%m"} and other in _COMMON_FORMATS
    return other if can_be and _reads(other, examples) else None


def is_spreadsheet_day(example: str) -> bool:
    """Tell whether a cell is a number that a spreadsheet counts the days of 1990 to 2050 by."""
    is_number = _COUNT.fullmatch(example) is not None
    return is_number and _FIRST_SHEET_DAY <= float(example.replace(",", ".")) < _LAST_SHEET_DAY


def _span(name: str, examples: Sequence[str]) -> timedelta:
    times = [datetime.strptime(example, name) for example in examples]  # noqa: DTZ007 - one zone
    return max(times) - min(times)


def _reads(name: str, examples: Sequence[str]) -> bool:
    try:
        for example in examples:
            found = datetime.strptime(example, name)  # noqa: DTZ007 - only whether it can be read
            # Digits with nothing between them are read as any of several formats.
            if _DIGITS_ONLY.fullmatch(name) and not _is_written_so(example, found, name):
                return False
    except ValueError:
        return False
    return True


def _is_written_so(example: str, found: datetime, name: str) -> bool:
    return EARLIEST_YEAR <= found.year <= LATEST_YEAR and found.strftime(name) == example


def unix_unit(example: str) -> str | None:
    """Return the unit in which a number is a time between 2000 and 2040, if any."""
    try:
        number = float(example)
    except ValueError:
        return None
    for unit, per_second in (("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if 946_684_800 <= number / per_second < 2_208_988_800:
            return unit
    return None
