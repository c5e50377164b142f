"""Stamps of events: at once their order and the time at which they were taken in."""

from collections.abc import Collection

from msgspec.structs import replace

from risk_service.domain.reported import EventRecord

# No clock gives a time from 2200 on: numbers in Redis are exact until 2255 only.
CLOCK_END_US = 7_258_118_400_000_000


class Stamps:
    """Gives strictly increasing times, whatever the clock does.

    One source serves everything that is written to one log, so that its stamps are unique.

    Parameters
    ----------
    last_us
        The greatest stamp in the log; stamps go on from there after a restart, also when the
        clock has gone back meanwhile.
    """

    def __init__(self, last_us: int) -> None:
        self.last_us = last_us
        self._recorded_us = last_us

    def recorded(self, given: Collection[int], now_us: int) -> tuple[int, bool]:
        """Return the stamp of a record of the log, and whether its key groups gave that very one.

        A shared store gives each entity a stamp of its own: two records may come with one and
        the same, and one with several. The log's stamps are unique and rise all the same.

        Parameters
        ----------
        given
            The stamps that the windows' store gave for the record, without 0.
        """
        if len(given) == 1:
            stamp_us = max(given)
            if stamp_us > self._recorded_us:
                self._recorded_us = stamp_us
                self.last_us = max(self.last_us, stamp_us)
                return stamp_us, True
        self._recorded_us = self.next_us(now_us)
        return self._recorded_us, False

    def stamped(self, record: EventRecord, applied_us: Collection[int], now_us: int) -> EventRecord:
        """Return a record with its place in the log and, where they differ, all its stamps.

        Parameters
        ----------
        applied_us
            Stamp of each key group as the windows' store gave it, 0 where it gave none.
        """
        stamp_us, is_theirs = self.recorded({*applied_us} - {0}, now_us)
        return replace(record, stamp_us=stamp_us, applied_us=() if is_theirs else tuple(applied_us))

    def pass_by(self, looked_us: int) -> None:
        """Give no stamp any more that does not lie behind a time that was looked at."""
        self.last_us = max(self.last_us, looked_us)

    def next_us(self, now_us: int) -> int:
        """Return the clock, or one more than the stamp before."""
        last_us = self.last_us
        self.last_us = now_us if now_us > last_us else last_us + 1
        return self.last_us
