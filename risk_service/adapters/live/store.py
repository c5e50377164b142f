"""The embedded window store: records in memory over a file, both a cache of the log.

A change counts for others only once the log has it: ``observe`` and ``apply`` hold the
changes of their group back, and the next call applies them when the log has reached their
stamps, or drops them when the group's commit failed. Records that have changed are written
at checkpoints, by another thread; what came after is read from the log again at the start.
"""

import logging
import sqlite3
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.held_back import Effects, HeldBack
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.domain.errors import DataFault, StoreUnavailable
from risk_service.domain.event import Event
from risk_service.domain.stamps import Stamps
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import effective_us, too_old
from risk_service.ports import Observed, ReadRows

log = logging.getLogger(__name__)

RECORDS_MAX = 250_000
# Ids of the newest events, so that one that comes twice counts once. Callers look older
# ones up in the log.
RECENT_EVENTS = 16_384


class EmbeddedWindowStore:
    """Implements ``ports.WindowStore`` within the process.

    ``observe`` and ``apply`` are called by the thread that commits to the log, each followed
    by the commit of its group. An attempt is read and applied under one stamp.

    Parameters
    ----------
    logged_us
        Returns the greatest stamp that the log has.

    Attributes
    ----------
    lock
        Held while records are read or changed, by whatever thread.
    applied_us, events_applied
        The last stamp that was applied, and how many events were, since the start.
    broken
        Records could not be read: windows are unavailable until the next start.
    """

    def __init__(
        self,
        compiled: CompiledWindows,
        file: RecordsFile,
        stamps: Stamps,
        logged_us: Callable[[], int],
        *,
        records_max: int = RECORDS_MAX,
    ) -> None:
        self.compiled = compiled
        self.cache = RecordCache(compiled.plans, file, records_max)
        self.lock = threading.Lock()
        self.applied_us = stamps.last_us
        self.events_applied = 0
        self.broken = False
        self._file = file
        self._effects = Effects(compiled)
        self._pack = struct.Struct(f"{len(compiled.window_set.names)}d").pack
        self._stamps = stamps
        self._logged_us = logged_us
        self._held_back: HeldBack | None = None
        self._recent: OrderedDict[str, int] = OrderedDict()

    def observe(self, events: Sequence[Event], now_us: int) -> Observed:
        """Read each attempt's windows, then let it count; a repeated event id changes nothing.

        Values are those before the attempt, with the attempts before it in the group. A
        repeated one reads, and its ``applied_us`` is the stamp under which it counts already.
        """
        with self.lock:
            changes, keys = self._begin_group(events)
            rows = []
            read_us = []
            applied_us = []
            for place, event in enumerate(events):
                stamp_us = self._stamps.next_us(now_us)
                rows.append(self._pack(*changes.read(place, stamp_us)))
                read_us.append(stamp_us)
                applied_us.append(self._counted(changes, event) or stamp_us)
                if applied_us[-1] == stamp_us:
                    changes.count(place, stamp_us, stamp_us)
        stamps = _by_group(read_us, keys)
        return Observed(
            # Packed row by row: numpy would look at the type of every number.
            values=np.frombuffer(b"".join(rows), np.float64).reshape(len(events), -1),
            read_us=stamps,
            applied_us=stamps if applied_us == read_us else _by_group(applied_us, keys),
        )

    def apply(self, events: Sequence[Event], now_us: int) -> NDArray[np.int64]:
        """Let life events and promotion actions count; a repeated event id changes nothing.

        Returns the stamps under which they count, shape (events, groups); 0 for an event that
        is too old to count, and where an event has no key.
        """
        with self.lock:
            changes, keys = self._begin_group(events)
            stamps = []
            for place, event in enumerate(events):
                counted_us = self._counted(changes, event)
                stamp_us = counted_us or self._stamps.next_us(now_us)
                tau_us = effective_us(event.at_us, stamp_us)
                if too_old(tau_us, stamp_us):
                    stamp_us = 0
                elif not counted_us:
                    changes.count(place, stamp_us, tau_us)
                stamps.append(stamp_us)
        return _by_group(stamps, keys)

    def read_many(
        self, requests: Sequence[tuple[int, Sequence[str]]], now_us: int
    ) -> list[ReadRows]:
        """Return the windows of other keys, for each group and its keys.

        They are read after everything that is durable and before the group in flight, at
        ``now_us`` or, when the stamps are ahead of it, at the next one.
        """
        with self.lock:
            self._apply_if_logged()
            r_us = max(now_us, self.applied_us + 1)
            with self._intact():
                return [self._read(group, keys, r_us) for group, keys in requests]

    def _read(self, group: int, keys: Sequence[str], r_us: int) -> ReadRows:
        rows = [record.read(r_us) for record in self.cache.peek(group, keys)]
        width = len(self.compiled.plans[group].names)
        return ReadRows(
            values=np.array(rows, np.float64).reshape(len(keys), width),
            read_us=np.full(len(keys), r_us, np.int64),
        )

    def replay(self, events: Sequence[tuple[int, Event]]) -> None:
        """Let events of the log count under their stamps, where they do not count already."""
        compiled = self.compiled
        with self.lock:
            keys = [compiled.keys(event) for _, event in events]
            held = [
                self.cache.hold(group, dict.fromkeys(key for key in of_group if key))
                for group, of_group in enumerate(zip(*keys, strict=True))
            ]
            for (a_us, event), of_event in zip(events, keys, strict=True):
                bits, hashes = compiled.bits(event), compiled.hashes(event)
                tau_us = effective_us(event.at_us, a_us)
                for group in self._effects.groups(bits):
                    one = held[group].get(of_event[group])
                    if one is not None and one.record.stamp_us < a_us:
                        one.record.apply(a_us, tau_us, bits, event.columns, hashes)
                        self.cache.touch(one)
            self.applied_us = events[-1][0]
            self.events_applied += len(events)
            self.remember({event.event_id: a_us for a_us, event in events})

    def settle(self) -> None:
        """Apply the last group if the log has it; its caller holds ``lock``."""
        self._apply_if_logged()

    def close(self) -> None:
        """Apply what is durable; checkpoints and the file are their owner's to close."""
        with self.lock:
            self._apply_if_logged()

    def _begin_group(self, events: Sequence[Event]) -> tuple[HeldBack, list[tuple[str, ...]]]:
        """Apply the group before, or drop it: its commit has failed or never came."""
        self._apply_if_logged()
        if self._held_back is not None:
            self._held_back.drop()
            self._held_back = None
        keys = [self.compiled.keys(event) for event in events]
        with self._intact():
            self.cache.make_room()
            self._held_back = HeldBack(self.compiled, self._effects, self.cache, events, keys)
        return self._held_back, keys

    @contextmanager
    def _intact(self) -> Iterator[None]:
        """Give up when records cannot be read: from there on they would miss events.

        No checkpoint is written any more, and the next start makes them from the log.
        """
        if self.broken:
            raise StoreUnavailable("the windows could not be read; restart to make them again")
        try:
            yield
        except (sqlite3.DatabaseError, DataFault) as error:
            self.broken = True
            self._file.condemn()
            log.error("windows_unavailable", extra={"error_type": type(error).__name__})  # noqa: TRY400 - the message may hold a key
            raise StoreUnavailable(f"window store: {error}") from error

    def _counted(self, changes: HeldBack, event: Event) -> int:
        """Return the stamp under which an event counts already, 0 for none."""
        return self._recent.get(event.event_id, 0) or changes.stamps.get(event.event_id, 0)

    def _apply_if_logged(self) -> None:
        changes = self._held_back
        if changes is None or not changes.stamp_us or changes.stamp_us > self._logged_us():
            return
        self._held_back = None
        changes.apply(self.cache)
        self.applied_us = changes.stamp_us
        self.events_applied += len(changes.stamps)
        self.remember(changes.stamps)

    def remember(self, stamps: Mapping[str, int]) -> None:
        """Know the newest events again when they come twice."""
        recent = self._recent
        recent.update(stamps)
        while len(recent) > RECENT_EVENTS:
            recent.popitem(last=False)


def _by_group(stamps: Sequence[int], keys: Sequence[tuple[str, ...]]) -> NDArray[np.int64]:
    """Return each event's stamp where it has a key, else 0."""
    return np.array(
        [
            [stamp_us if key else 0 for key in of_event]
            for stamp_us, of_event in zip(stamps, keys, strict=True)
        ],
        np.int64,
    )
