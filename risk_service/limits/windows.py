"""Over which time a limit counts, and in which cell of a counter an order is noted.

A counter is a key and the cells under it. Only rolling windows have more than one cell: with a
small cap one per order, exact to the microsecond; above ``EXACT_CAP_MAX`` one per tile, which
counts until all of it lies outside, so that a limit is never exceeded. The other windows write
their period into the key. Times are microseconds since 1970 UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from risk_service.domain.grant import Demand, DemandLine

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
# Above so many a list of times costs more than its exactness is worth.
EXACT_CAP_MAX = 256
TILES = 256
EVERYTHING = -1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """Where an order is noted, and what counts with it.

    ``bucket`` goes into the counter's key; cells after ``since_us`` count. ``span_us`` and
    ``tile_us`` are 0 but for rolling windows. ``resets_at_us`` is 0 where the window has no
    end of its own.
    """

    bucket: str
    cell_us: int = 0
    since_us: int = EVERYTHING
    span_us: int = 0
    tile_us: int = 0
    resets_at_us: int = 0


_ONE = Place("")


DROP = "drop "
NO_DROP = "none "


class Window(Protocol):
    """Kind of window; ``text`` names it, in files, keys and answers alike.

    ``of_line`` tells that the lines of an order may lie in different periods.
    """

    text: str
    counts: bool
    of_line: bool

    def at(self, now_us: int) -> Place | None:
        """Return where every line is noted at a time, None where that depends on the line."""

    def place(self, demand: Demand, line: DemandLine, now_us: int) -> Place:
        """Return where a line is noted at a time."""


class PerOrder:
    """Looks at one order by itself and counts nothing."""

    text = "per_order"
    counts = False
    of_line = False

    def at(self, now_us: int) -> Place:
        """Return the one place."""
        return _ONE

    def place(self, demand: Demand, line: DemandLine, now_us: int) -> Place:
        """Return the one place."""
        return _ONE


class Lifetime:
    """Counts for ever."""

    text = "lifetime"
    counts = True
    of_line = False

    def at(self, now_us: int) -> Place:
        """Return the one place."""
        return _ONE

    def place(self, demand: Demand, line: DemandLine, now_us: int) -> Place:
        """Return the one place."""
        return _ONE


class Campaign:
    """Counts for as long as the line's campaign goes."""

    text = "campaign"
    counts = True
    of_line = True

    def at(self, now_us: int) -> None:
        """Return None: lines have campaigns of their own."""

    def place(self, demand: Demand, line: DemandLine, now_us: int) -> Place:
        """Return the campaign's place."""
        return Place(line.campaign_id.strip())


class Session:
    """Counts within one drop; an order outside any counts in the session of its campaign."""

    text = "session"
    counts = True
    of_line = True

    def at(self, now_us: int) -> None:
        """Return None: outside of a drop it depends on the line's campaign."""

    def place(self, demand: Demand, line: DemandLine, now_us: int) -> Place:
        """Return the drop's place."""
        drop = demand.drop_id.strip()
        return Place(DROP + drop if drop else NO_DROP + line.campaign_id.strip())


class Rolling:
    """Counts what lies less than a span back.

    Parameters
    ----------
    text
        Such as ``rolling 7d``.
    exact
        One cell per order; else tiles of a 256th of the span.
    """

    counts = True
    of_line = False

    def __init__(self, text: str, span_us: int, *, exact: bool) -> None:
        self.text = text
        self.span_us = span_us
        self.tile_us = 1 if exact else max(span_us // TILES, 1)

    def at(self, now_us: int) -> Place:
        """Return the cell of a time."""
        return rolling_place(self.span_us, self.tile_us, now_us)

    def place(self, demand: Demand, line: DemandLine, now_us: int) -> Place:
        """Return the cell of a time."""
        return self.at(now_us)


def rolling_place(span_us: int, tile_us: int, now_us: int) -> Place:
    """Return the cell of a time in a rolling window, and since when cells count.

    A tile counts until its last microsecond lies outside.
    """
    since_us = rolling_since_us(span_us, tile_us, now_us)
    return Place("", now_us - now_us % tile_us, since_us, span_us, tile_us, 0)


def rolling_since_us(span_us: int, tile_us: int, now_us: int) -> int:
    """Return since when cells of a rolling window count."""
    return now_us - span_us - tile_us + 1


class Calendar:
    """Counts within an hour, day, week or month of a time zone.

    Parameters
    ----------
    unit
        hour, day, week (from Monday) or month. An hour that the clocks repeat is one of its own,
        and so is what they leave of one: half an hour where they change by half an hour.
    day_start
        When a day begins; weeks and months begin with their first day.
    """

    counts = True
    of_line = False

    def __init__(self, unit: str, zone: ZoneInfo, day_start: time) -> None:
        start = "" if day_start == time() else f" from {day_start:%H:%M}"
        self.text = f"calendar {unit} {zone.key}{start}"
        self._unit = unit
        self._zone = zone
        self._start = day_start
        # The period of the last question; most questions are about the same one.
        self._last = (0, 0)
        self._place = _ONE

    def place(self, demand: Demand, line: DemandLine, now_us: int) -> Place:
        """Return the place of the period that a time lies in."""
        return self.at(now_us)

    def at(self, now_us: int) -> Place:
        """Return the place of the period that a time lies in, whatever the order."""
        from_us, to_us = self._last
        if not from_us <= now_us < to_us:
            from_us, to_us = self._last = self.period(now_us)
            self._place = Place(str(from_us // SECOND_US), resets_at_us=to_us)
        return self._place

    def period(self, at_us: int) -> tuple[int, int]:
        """Return begin and end of the period that a time lies in."""
        if self._unit == "hour":
            return self._hour(at_us)
        first = _first_day(self._unit, self._day_of(at_us))
        return self._begin_us(first), self._begin_us(_next_first(self._unit, first))

    def _hour(self, at_us: int) -> tuple[int, int]:
        """Return the full hour by the offset of a time, as far as that offset holds."""
        begin_us = at_us - (at_us + self._offset_us(at_us)) % HOUR_US
        end_us = begin_us + HOUR_US
        since_us, until_us = self._changed(begin_us, at_us), self._changed(at_us, end_us - 1)
        return since_us or begin_us, until_us or end_us

    def _changed(self, first_us: int, last_us: int) -> int:
        """Return from when on the clocks differ from those at the first of two times, or 0."""
        low_s, high_s = first_us // SECOND_US, last_us // SECOND_US
        before_us = self._offset_us(low_s * SECOND_US)
        if self._offset_us(high_s * SECOND_US) == before_us:
            return 0
        while high_s - low_s > 1:
            middle_s = (low_s + high_s) // 2
            if self._offset_us(middle_s * SECOND_US) == before_us:
                low_s = middle_s
            else:
                high_s = middle_s
        return high_s * SECOND_US

    def _local(self, at_us: int) -> datetime:
        return (_EPOCH + timedelta(microseconds=at_us)).astimezone(self._zone)

    def _offset_us(self, at_us: int) -> int:
        return (self._local(at_us).utcoffset() or timedelta()) // timedelta(microseconds=1)

    def _day_of(self, at_us: int) -> date:
        """Return the last day that has begun: the wall's, one before, or one that it repeats."""
        day = self._local(at_us).date() + timedelta(days=1)
        while self._begin_us(day) > at_us:
            day -= timedelta(days=1)
        return day

    def _begin_us(self, day: date) -> int:
        begin = datetime.combine(day, self._start, self._zone)
        return (begin - _EPOCH) // timedelta(microseconds=1)


def _first_day(unit: str, day: date) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _next_first(unit: str, first: date) -> date:
    if unit == "week":
        return first + timedelta(days=7)
    if unit == "month":
        return (first + timedelta(days=32)).replace(day=1)
    return first + timedelta(days=1)
