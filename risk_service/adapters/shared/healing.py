"""Lets a part of a service's own log count in the shared windows again, some events at a time.

Where the parts differ from server to server, each entity takes what its own server lacks.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import islice

from msgspec.structs import replace

from risk_service.adapters.redis.addresses import Address
from risk_service.adapters.redis.marks import Mark, RedisMarks, furthest, least
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.adapters.sqlite.tail import Logged, LogTail, Place
from risk_service.domain.event import Event
from risk_service.features.windows.plan import CompiledWindows

# Longest wait for a group of them; orders wait meanwhile, but do not ask Redis.
TIMEOUT_S = 1.0

# By key group, empty where an event has none.
KeysOfEvent = tuple[str, ...]


class Healing:
    """From the places that servers have to the end of the log.

    Parameters
    ----------
    starts
        Up to where the log counts on each server.

    Attributes
    ----------
    marks
        The same as it is now.
    counted
        Events that were counted again.
    reached_us
        The stamp of the last of them, 0 before the first.
    """

    def __init__(
        self,
        store: RedisWindowStore,
        compiled: CompiledWindows,
        marks: RedisMarks,
        tail: LogTail,
        starts: Mapping[Address, Mark],
    ) -> None:
        self.marks = dict(starts)
        self.counted = self.reached_us = 0
        self._store = store
        self._compiled = compiled
        self._servers = marks
        self._tail = tail

    def step(self, events_max: int) -> int:
        """Count the next events; return how many, 0 when there are no more.

        Raises
        ------
        StoreUnavailable
            Redis or the log does not answer; some of the events may have been counted.
        """
        place = Place(*reduce(least, self.marks.values()))
        found = list(islice(self._tail.after(place, ahead=events_max), events_max))
        if not found:
            return 0
        parts = [part for logged in found for part in self._parts(logged)]
        if parts:
            events, keys = zip(*parts, strict=True)
            now_us = self._tail.logged_us()
            self._store.count_again(events, keys, now_us, TIMEOUT_S)
        self._reach(found)
        # Behind them: what the marks say has been counted has been counted.
        self._servers.write(self.marks)
        self.counted += len(found)
        return len(found)

    def _reach(self, found: Sequence[Logged]) -> None:
        seq = max(logged.seq for logged in found)
        event_us = max((logged.stamp_us for logged in found if not logged.seq), default=0)
        reached = Mark(seq, event_us)
        self.marks = {address: furthest(mark, reached) for address, mark in self.marks.items()}
        self.reached_us = found[-1].stamp_us

    def _parts(self, logged: Logged) -> list[tuple[Event, KeysOfEvent]]:
        """Return an event with its keys, once for each time at which it counts with some."""
        keys = self._missing(logged)
        times = logged.applied_us or (logged.stamp_us,) * len(keys)
        parts = []
        for time_us in {*times} - {0}:
            own = tuple(key if at == time_us else "" for key, at in zip(keys, times, strict=True))
            if any(own):
                # It belongs to the time at which it would have counted, not to that of now.
                at_us = time_us if logged.seq else min(logged.event.at_us, time_us)
                parts.append((replace(logged.event, at_us=at_us), own))
        return parts

    def _missing(self, logged: Logged) -> KeysOfEvent:
        """Return the keys of an event with which it does not count, as far as servers differ."""
        keys = self._compiled.keys(logged.event)
        lacking = {address for address, mark in self.marks.items() if _is_after(logged, mark)}
        if len(lacking) == len(self.marks):
            return keys
        address_of, key_of = self._servers.address_of, self._store.key_of
        return tuple(
            key if key and address_of(key_of(group, key)) in lacking else ""
            for group, key in enumerate(keys)
        )


def _is_after(logged: Logged, mark: Mark) -> bool:
    return logged.seq > mark.seq if logged.seq else logged.stamp_us > mark.event_us
