"""Guesses which column, or which columns together, tell when an event happened.

A day and its clock in two columns, or year, month and day in a column each, are joined. Limits:
parts are known by their names as well as by their values.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from risk_service.domain.text import LocalizedText
from training.datasets.importing.guess.columns import NEARLY_ALL
from training.datasets.importing.guess.lines import noted
from training.datasets.importing.guess.look import Look
from training.datasets.importing.guess.words import (
    AFTER,
    BEFORE,
    CLOCKS,
    COUNTED,
    DAYS,
    EVENTS,
    MONTHS,
    NO_CLOCK,
    OF_SOMEBODY,
    TIMES,
    YEARS,
)
from training.datasets.importing.specs import ISO8601
from training.datasets.toml_text import quoted

_DIGITS = "%H%M%S"
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", _DIGITS)
_MONTH_NAMES = ("%B", "%b")
_MOST_YEARS, _MONTHS, _DAYS, _HOURS = 200, 12, 31, 24


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGuess:
    """The columns of the time, and the rest of its keys as a mapping writes them."""

    columns: tuple[Look, ...]
    keys: str

    @property
    def line(self) -> LocalizedText | str:
        """The line of the mapping."""
        if len(self.columns) == 1:
            look = self.columns[0]
            return f"time = {time_of(look)}" if look.time else _counted_line(look)
        names = ", ".join(quoted(look.name) for look in self.columns)
        told = f", {self.keys}" if self.keys else ""
        return f"time = {{ column = [{names}]{told} }}"


def guess_time(looks: Sequence[Look]) -> TimeGuess | None:
    """Return what likely tells the time of the event, if anything does."""
    words = "|".join((TIMES, *COUNTED))
    times = [c for c in looks if c.time and c.share >= NEARLY_ALL]
    # A number that could be a Unix time may be anything; its name decides, or that it rises.
    sure = [c for c in times if "unix" not in c.time or c.says(TIMES) or c.rises]
    likely = min(sure, key=_not_when_it_happened, default=None)
    # What came of a booking has a day of its own; when it happened stands in parts beside it.
    parts = None if likely is not None and not likely.says(AFTER) else _parts(looks)
    if parts is not None:
        return parts
    if likely is not None:
        return _with_clock(likely, looks)
    counted = [c for c in looks if c.marks and c.share == 1 and c.different > 1 and c.says(words)]
    clocks = sorted((c for c in counted if not c.says(NO_CLOCK)), key=lambda c: not c.rises)
    found = [*clocks, *times]
    return TimeGuess(columns=(found[0],), keys="") if found else None


def no_time(looks: Sequence[Look]) -> LocalizedText:
    """Return the line where no time was found: with those that only some rows have."""
    line, some = 'time = "?"', [c for c in looks if c.time and 0 < c.share < NEARLY_ALL]
    if not some:
        return noted(line, "guess_no_time")
    named = ", ".join(f"{time_of(c)} ({c.share:.0%})" for c in some)
    return noted(line, "guess_times_of_some", columns=named, column=quoted(some[0].name))


def time_of(look: Look) -> str:
    """Return a time as it stands in a mapping."""
    if look.time == ISO8601:
        return quoted(look.name)
    return f"{{ column = {quoted(look.name)}, {look.time} }}"


def _counted_line(look: Look) -> LocalizedText:
    unit = next((u for words, u in COUNTED.items() if look.says(words)), "s")
    keys = f'format = "unix", unit = "{unit}", origin = "2000-01-01"'
    return noted(f"time = {{ column = {quoted(look.name)}, {keys} }}", "guess_numbers")


def _not_when_it_happened(look: Look) -> tuple[bool, bool, bool, bool, bool]:
    """Return what sorts the time of the event before the other times of its row."""
    other = look.says(BEFORE) or look.says(AFTER)
    # Ids that are counted up from a large number look like Unix times.
    is_key = look.says("id$|uuid|guid")
    called = not look.says(TIMES), not look.says(EVENTS)
    return is_key, other, look.says(OF_SOMEBODY), *called


def _with_clock(day: Look, looks: Sequence[Look]) -> TimeGuess:
    """Return the time with the clock of another column, where it is a day alone."""
    alone = TimeGuess(columns=(day,), keys="")
    day_format = _day_format(day)
    found = _clock([c for c in looks if c is not day]) if day_format else None
    if found is None:
        return alone
    clock, format_ = found
    return TimeGuess(columns=(day, clock), keys=f'format = "{day_format} {format_}"')


def _day_format(look: Look) -> str:
    """Return the format of a column of days, empty where its cells tell the hour as well."""
    if look.time == ISO8601:
        return "%Y-%m-%d" if _all_read(look, "%Y-%m-%d") else ""
    key, _, value = look.time.partition(" = ")
    if key != "format" or "unix" in value:
        return ""
    return "" if any(f"%{part}" in value for part in "HIcX") else value.strip('"')


def _parts(looks: Sequence[Look]) -> TimeGuess | None:
    """Return year and month of two columns, with a day and a clock where there are any."""
    year = _first(looks, YEARS, _MOST_YEARS, ("%Y",))
    month = _first(looks, MONTHS, _MONTHS, ("%m", *_MONTH_NAMES))
    day = _first(looks, DAYS, _DAYS, ("%d",))
    if year is None or month is None:
        return None
    found = [year, month]
    if day is not None:
        taken = [look for look, _ in (*found, day)]
        clock = _clock([c for c in looks if not any(c is other for other in taken)])
        found += [day] if clock is None else [day, clock]
    told = " ".join(format_ for _, format_ in found)
    return TimeGuess(columns=tuple(look for look, _ in found), keys=f'format = "{told}"')


def _clock(looks: Sequence[Look]) -> tuple[Look, str] | None:
    """Return the column that tells the time of day, and its format."""
    named = [c for c in looks if c.share >= NEARLY_ALL and c.says(CLOCKS) and not c.says(AFTER)]
    texts = ((c, f) for c in named for f in _CLOCKS if _all_read(c, f))
    return next(texts, None) or _first(named, "hour", _HOURS, ("%H",))


def _first(
    looks: Sequence[Look], words: str, most: int, formats: Sequence[str]
) -> tuple[Look, str] | None:
    """Return the first column of a name whose values are all of one of the formats."""
    named = [
        c
        for c in looks
        if c.says(words) and c.share >= NEARLY_ALL and c.different <= most and not c.says(NO_CLOCK)
    ]
    return next(_reading(named, formats), None)


def _reading(looks: Sequence[Look], formats: Sequence[str]) -> Iterator[tuple[Look, str]]:
    return ((c, f) for c in looks for f in formats if _all_read(c, f))


def _all_read(look: Look, format_: str) -> bool:
    """Tell whether a format reads the most frequent values of a column."""
    try:
        for value, _ in look.common:
            found = datetime.strptime(value, format_)  # noqa: DTZ007 - only whether it can be read
            # Digits alone are taken for fewer of them than there are, too.
            if format_ == _DIGITS and found.strftime(format_) != value:
                return False
    except ValueError:
        return False
    return bool(look.common)
