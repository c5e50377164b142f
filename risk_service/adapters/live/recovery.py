"""Brings the records to the end of the log: after a crash its tail, else all that counts.

A file that is damaged, of another declaration or of another log is made again. Windows look
back 90 days at most, so that far the log is read; all of it where a window has no start.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from msgspec import Struct

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.checkpoint import Checkpoints, Housekeeper
from risk_service.adapters.live.keeper import MakeKeeper
from risk_service.adapters.live.progress import Progress
from risk_service.adapters.live.rebuild import Rebuild
from risk_service.adapters.live.records_file import Reached, RecordsFile
from risk_service.adapters.live.store import RECORDS_MAX, EmbeddedWindowStore
from risk_service.adapters.sqlite.connection import is_corrupt
from risk_service.adapters.sqlite.tail import Logged, LogTail, Place
from risk_service.domain.errors import DataFault
from risk_service.domain.stamps import Stamps
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import DAY_US, EVER, MAX_AGE_US

log = logging.getLogger(__name__)

OpenStore = Callable[[RecordsFile], EmbeddedWindowStore]
# With how many events of the log were read.
Opened = tuple[EmbeddedWindowStore, RecordsFile, int]

# Events that are counted again under one look at the records they need.
REPLAY_GROUP = 256
# Tiles reach a day further back than their windows.
REPLAY_FROM_US = MAX_AGE_US + DAY_US


class Windows(Struct):
    """An embedded window store with what keeps it, ready to be used.

    ``replayed`` is the number of events that were read from the log at the start, ``ready_s``
    how long it took, ``rebuilt`` whether nothing of the file could be used.
    """

    store: EmbeddedWindowStore
    file: RecordsFile
    checkpoints: Checkpoints
    housekeeper: Housekeeper
    replayed: int
    ready_s: float
    rebuilt: bool

    def close(self) -> None:
        """Write what is dirty and close the file; a failure costs time at the next start."""
        self.housekeeper.stop()
        self.store.close()
        try:
            if not self.store.broken:
                self.checkpoints.write()
        except sqlite3.DatabaseError as error:
            log.warning("checkpoint_failed", extra={"error_type": type(error).__name__})
        self.file.close()


def open_windows(
    directory: Path,
    compiled: CompiledWindows,
    tail: LogTail,
    stamps: Stamps,
    *,
    records_max: int = RECORDS_MAX,
    keeper: MakeKeeper = RecordCache,
) -> Windows:
    """Open the windows beside their log and bring them to its end.

    Parameters
    ----------
    tail
        The log; it must be open, and nothing may be written to it meanwhile.
    stamps
        Its source of stamps.
    keeper
        Makes what keeps the records in memory.

    Raises
    ------
    risk_service.domain.errors.StoreUnavailable
        The log cannot be read.
    """
    started_s = time.perf_counter()

    def open_store(file: RecordsFile) -> EmbeddedWindowStore:
        return EmbeddedWindowStore(
            compiled, file, stamps, tail.logged_us, records_max=records_max, keeper=keeper
        )

    caught_up = _caught_up(directory, compiled, tail, open_store)
    store, file, replayed = caught_up or _made_anew(directory, tail, open_store)
    ready_s = time.perf_counter() - started_s
    log.info("windows_ready", extra={"events": replayed, "ready_s": round(ready_s, 2)})
    version = compiled.window_set.version
    waiting = 0 if caught_up is None else replayed
    checkpoints = Checkpoints(store, file, lambda: _end(tail, version), waiting=waiting)
    return Windows(
        store=store,
        file=file,
        checkpoints=checkpoints,
        housekeeper=Housekeeper(checkpoints),
        replayed=replayed,
        ready_s=ready_s,
        rebuilt=caught_up is None,
    )


def _end(tail: LogTail, version: str) -> Reached:
    """Return that records of a version of the declaration have come to the end of the log."""
    end, mark = tail.end()
    return Reached(version, end.seq, end.event_us, mark)


def _caught_up(
    directory: Path, compiled: CompiledWindows, tail: LogTail, open_store: OpenStore
) -> Opened | None:
    """Bring what the file has to the end of the log; None where none of it is to be trusted."""
    file: RecordsFile | None = None
    try:
        file = RecordsFile(directory)
        reached = file.reached()
        if reached is not None and _is_of(reached, compiled, tail):
            store = open_store(file)
            return store, file, _replay(store, file, tail, reached)
        # Without a place it is new, or a start was killed while it made the records.
        if reached is not None:
            log.warning("windows_rebuilt")
    except (DataFault, sqlite3.DatabaseError) as error:
        # A page or a record is damaged.
        if isinstance(error, sqlite3.DatabaseError) and not is_corrupt(error):
            raise
        log.warning("windows_rebuilt", extra={"error_type": type(error).__name__})
    if file is not None:
        file.close()
    return None


def _made_anew(directory: Path, tail: LogTail, open_store: OpenStore) -> Opened:
    RecordsFile.remove(directory)
    file = RecordsFile(directory)
    store = open_store(file)
    return store, file, _rebuild(directory, store, file, tail)


def _is_of(reached: Reached, compiled: CompiledWindows, tail: LogTail) -> bool:
    """Tell whether the file holds records of this declaration and of this log."""
    return reached.plans == compiled.window_set.version and all(
        tail.has(mark) for mark in reached.marks.split()
    )


def _beginning(compiled: CompiledWindows, tail: LogTail) -> Place:
    """Return from where the log must be read to make the records anew."""
    if any(feature.window == EVER.name for feature in compiled.window_set.features):
        return Place(0, 0)
    return tail.place_before(tail.logged_us() - REPLAY_FROM_US)


class _Replayed:
    """The place in the log up to which the records have come during a replay."""

    def __init__(self, version: str, place: Place) -> None:
        self.reached = Reached(version, place.seq, place.event_us, "0::0")
        self._decision_id = ""
        self._last_event_us = 0

    def advance(self, logged: Logged) -> None:
        """Take note of an event that was counted."""
        before = self.reached
        seq, event_us = before.seq, before.event_us
        if logged.seq:
            seq, self._decision_id = logged.seq, logged.event.event_id
        else:
            event_us = self._last_event_us = logged.stamp_us
        mark = f"{seq if self._decision_id else 0}:{self._decision_id}:{self._last_event_us}"
        self.reached = Reached(before.plans, seq, event_us, mark)


def _rebuild(directory: Path, store: EmbeddedWindowStore, file: RecordsFile, tail: LogTail) -> int:
    """Make all records from the log; return how many events there were."""
    compiled = store.compiled
    end, mark = tail.end()
    events = tail.after(_beginning(compiled, tail))
    count = Rebuild(directory, compiled, store.cache).fill(file, events, tail.logged_us())
    file.write((), Reached(compiled.window_set.version, end.seq, end.event_us, f"{mark} {mark}"))
    return count


def _replay(store: EmbeddedWindowStore, file: RecordsFile, tail: LogTail, reached: Reached) -> int:
    """Count the events that the file has not reached; return how many there were."""
    place = Place(reached.seq, reached.event_us)
    replayed = _Replayed(store.compiled.window_set.version, place)
    checkpoints = Checkpoints(store, file, lambda: replayed.reached)
    progress = Progress("windows_replayed", tail.logged_us())
    count = 0
    for group in _groups(tail.after(place)):
        store.replay([(logged.stamp_us, logged.event) for logged in group])
        for logged in group:
            replayed.advance(logged)
        count += len(group)
        progress.reached(store.applied_us, count)
        if not store.cache.make_room() or store.cache.dirty_count >= store.cache.records_max // 2:
            checkpoints.write()
    return count


def _groups(events: Iterator[Logged]) -> Iterator[Sequence[Logged]]:
    while group := tuple(islice(events, REPLAY_GROUP)):
        yield group
