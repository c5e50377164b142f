"""The embedded window store: records in memory over a file, both a cache of the log.

A change counts for others only once the log has it: ``observe`` and ``apply`` hold the
changes of their group back, and the next call applies them when the log has reached their
stamps, or drops them when the group's commit failed. Records that have changed are written
at checkpoints, by another thread; what came after is read from the log again at the start.
"""

import logging
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.in_flight import GroupInFlight
from risk_service.adapters.live.keeper import Adder, Floats, MakeKeeper, Visit
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.domain.errors import DataFault, StoreUnavailable
from risk_service.domain.event import Event
from risk_service.domain.stamps import Stamps
from risk_service.feature_ports import Observed, ReadRows
from risk_service.features.clusters.features import ClusterFeatures
from risk_service.features.clusters.others import LinkedRows, Others, ReadOthers, Views
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import effective_us, too_old

log = logging.getLogger(__name__)

RECORDS_MAX = 250_000
# Ids of the newest events, so that one that comes twice counts once. Callers look older
# ones up in the log.
RECENT_EVENTS = 16_384


class EmbeddedWindowStore:
    """Implements ``feature_ports.WindowStore`` within the process.

    ``observe`` and ``apply`` are called by the thread that commits to the log, each followed
    by the commit of its group. An attempt is read and applied under one stamp.

    Parameters
    ----------
    logged_us
        Returns the greatest stamp that the log has.
    keeper
        Makes what keeps the records; ``RecordCache`` needs nothing but Python.

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
        keeper: MakeKeeper = RecordCache,
    ) -> None:
        self.compiled = compiled
        self.cache = keeper(compiled, file, records_max)
        self.lock = threading.Lock()
        self.applied_us = stamps.last_us
        self.events_applied = 0
        self.broken = False
        self._file = file
        self._stamps = stamps
        self._logged_us = logged_us
        self._held_back: GroupInFlight | None = None
        self._intact = _Intact(self)
        self._recent: OrderedDict[str, int] = OrderedDict()

    def observe(self, events: Sequence[Event], now_us: int) -> Observed:
        """Read each attempt's windows, then let it count; a repeated event id changes nothing.

        Values are those before the attempt, with the attempts before it in the group. A
        repeated one reads, and its ``applied_us`` is the stamp under which it counts already.
        """
        with self.lock:
            group = self._begin_group(events)
            visits, stamps_us, repeated = [], [], {}
            for place, event in enumerate(events):
                stamp_us = self._stamps.next_us(now_us)
                counted_us = self._counted(group, event)
                visits.append(Visit(stamp_us, 0 if counted_us else stamp_us, stamp_us))
                stamps_us.append(stamp_us)
                if counted_us:
                    repeated[place] = counted_us
                else:
                    group.count(event, stamp_us)
            values = group.changes.observe(visits)
        return group.observed(values, stamps_us, repeated)

    def apply(self, events: Sequence[Event], now_us: int) -> NDArray[np.int64]:
        """Let life events and promotion actions count; a repeated event id changes nothing.

        Returns the stamps under which they count, shape (events, groups); 0 for an event that
        is too old to count, and where an event has no key.
        """
        with self.lock:
            group = self._begin_group(events)
            visits, stamps = [], []
            for event in events:
                counted_us = self._counted(group, event)
                stamp_us = counted_us or self._stamps.next_us(now_us)
                tau_us = effective_us(event.at_us, stamp_us)
                is_old = too_old(tau_us, stamp_us)
                counts = not counted_us and not is_old
                visits.append(Visit(0, stamp_us if counts else 0, tau_us))
                stamps.append(0 if is_old else stamp_us)
                if counts:
                    group.count(event, stamp_us)
            group.changes.count(visits)
        return np.array(stamps, np.int64)[:, None] * group.has_key()

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
            with self._intact:
                return [
                    ReadRows(
                        values=self.cache.read(group, keys, r_us),
                        read_us=np.full(len(keys), r_us, np.int64),
                    )
                    for group, keys in requests
                ]

    def others(self, features: ClusterFeatures) -> Others:
        """Return what adds up the records of linked accounts, where they lie if it can."""
        plain, adder = ReadOthers(self, features), self.cache.adder(features)
        return plain if adder is None else _AddedUp(self, adder, plain)

    def add_up(
        self, adder: Adder, orders: tuple[Views, Sequence[Event], Floats], r_us: int
    ) -> Floats | None:
        """Return cluster features of orders, read as ``read_many`` does; None: not at ``r_us``."""
        with self.lock:
            self._apply_if_logged()
            if r_us <= self.applied_us:
                return None
            with self._intact:
                return adder.rows(*orders, r_us)

    def replay(self, events: Sequence[tuple[int, Event]]) -> None:
        """Let events of the log count under their stamps, where they do not count already."""
        with self.lock:
            stamps_us, taken = zip(*events, strict=True)
            self.cache.replay(taken, [self.compiled.keys(event) for event in taken], stamps_us)
            self.applied_us = stamps_us[-1]
            self.events_applied += len(events)
            self.remember({event.event_id: a_us for a_us, event in events})

    def settle(self) -> None:
        """Apply the last group if the log has it; its caller holds ``lock``."""
        self._apply_if_logged()

    def close(self) -> None:
        """Apply what is durable; checkpoints and the file are their owner's to close."""
        with self.lock:
            self._apply_if_logged()

    def _begin_group(self, events: Sequence[Event]) -> GroupInFlight:
        """Apply the group before, or drop it: its commit has failed or never came."""
        self._apply_if_logged()
        if self._held_back is not None:
            self._held_back.changes.drop()
            self._held_back = None
        keys = [self.compiled.keys(event) for event in events]
        with self._intact:
            self.cache.make_room()
            self._held_back = GroupInFlight(self.cache.begin(events, keys), keys)
        return self._held_back

    def give_up(self, error: Exception) -> None:
        """Read nothing any more: from here on records would miss events.

        No checkpoint is written any more, and the next start makes them from the log.
        """
        self.broken = True
        self._file.condemn()
        log.error("windows_unavailable", extra={"error_type": type(error).__name__})

    def _counted(self, group: GroupInFlight, event: Event) -> int:
        """Return the stamp under which an event counts already, 0 for none."""
        return self._recent.get(event.event_id, 0) or group.stamps.get(event.event_id, 0)

    def _apply_if_logged(self) -> None:
        group = self._held_back
        if group is None or not group.stamp_us or group.stamp_us > self._logged_us():
            return
        self._held_back = None
        group.changes.apply()
        self.applied_us = group.stamp_us
        self.events_applied += len(group.stamps)
        self.remember(group.stamps)

    def remember(self, stamps: Mapping[str, int]) -> None:
        """Know the newest events again when they come twice."""
        recent = self._recent
        recent.update(stamps)
        while len(recent) > RECENT_EVENTS:
            recent.popitem(last=False)


class _Intact:
    """Lets records be read, until they cannot be. A class: a generator costs a group more."""

    def __init__(self, store: EmbeddedWindowStore) -> None:
        self._store = store

    def __enter__(self) -> None:
        """Refuse when they could not be read before."""
        if self._store.broken:
            raise StoreUnavailable("the windows could not be read; restart to make them again")

    def __exit__(
        self, _kind: object, error: BaseException | None, _trace: object
    ) -> Literal[False]:
        """Give up over what is wrong with the file."""
        if isinstance(error, (sqlite3.DatabaseError, DataFault)):
            self._store.give_up(error)
            raise StoreUnavailable(f"window store: {error}") from error
        return False


class _AddedUp:
    """Implements ``Others`` over records in this process."""

    def __init__(self, store: EmbeddedWindowStore, adder: Adder, plain: ReadOthers) -> None:
        self._store = store
        self._adder = adder
        self._plain = plain

    def rows(
        self, views: Views, events: Sequence[Event], observed: Floats, r_us: int
    ) -> LinkedRows:
        """Return the cluster features of the orders of a group, NaN where missing."""
        values = self._store.add_up(self._adder, (views, events, observed), r_us)
        if values is None:
            # The stamps are ahead of the group's: what was read when must be written down.
            return self._plain.rows(views, events, observed, r_us)
        return LinkedRows(values=values, others_us=[()] * len(events))
