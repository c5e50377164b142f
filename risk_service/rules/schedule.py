"""When a rule is in force: from and until, days of the week, hours of the day, in a zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MICROSECOND = 1_000_000
DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Times at which a rule is in force; the default is always.

    Parameters
    ----------
    from_us, until_us
        Microseconds since 1970 UTC; ``until_us`` is no longer part of it.
    days
        0 is Monday; empty means every day. A span of hours past midnight belongs to the day
        on which it begins.
    hours
        Spans of the local day, each from its start up to before its end; empty means all day.
    """

    from_us: int | None = None
    until_us: int | None = None
    days: frozenset[int] = frozenset()
    hours: tuple[tuple[time, time], ...] = ()
    zone: ZoneInfo | None = None

    @property
    def always(self) -> bool:
        """Tell whether the rule is in force at any time."""
        return self == ALWAYS

    def __str__(self) -> str:
        """Return the schedule in the words of a rule file."""
        parts = [
            f"{name} {_moment(at_us)}"
            for name, at_us in (("from", self.from_us), ("until", self.until_us))
            if at_us is not None
        ]
        if self.days:
            parts.append(f"days {', '.join(DAYS[day] for day in sorted(self.days))}")
        if self.hours:
            spans = [f"{start:%H:%M}-{end:%H:%M}" for start, end in self.hours]
            parts.append(f"hours {', '.join(spans)}")
        if self.zone:
            parts.append(f"zone {self.zone.key}")
        return "; ".join(parts)

    def covers(self, at_us: int) -> bool:
        """Tell whether the rule is in force at a time."""
        if self.from_us is not None and at_us < self.from_us:
            return False
        if self.until_us is not None and at_us >= self.until_us:
            return False
        if not self.days and not self.hours:
            return True
        local = datetime.fromtimestamp(at_us // MICROSECOND, UTC).astimezone(self.zone)
        if not self.hours:
            return local.weekday() in self.days
        return any(self._in_span(local, start, end) for start, end in self.hours)

    def _in_span(self, local: datetime, start: time, end: time) -> bool:
        clock = local.time()
        if start < end:
            return start <= clock < end and self._on(local.weekday())
        if clock >= start:
            return self._on(local.weekday())
        return clock < end and self._on((local.weekday() - 1) % 7)

    def _on(self, weekday: int) -> bool:
        return not self.days or weekday in self.days


def _moment(at_us: int) -> str:
    """Return a time in UTC; a last day of 9999 west of Greenwich lies beyond what dates can say."""
    try:
        return (_EPOCH + timedelta(microseconds=at_us)).isoformat()
    except OverflowError:
        return f"{at_us} us since 1970"


ALWAYS = Schedule()
