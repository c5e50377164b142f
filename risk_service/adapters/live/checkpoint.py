"""Writes changed records to the file now and then, with the place in the log they reach.

A checkpoint need not stand still: it notes the log's position first, then packs what is
dirty in short slices while orders go on. A record may so be ahead of the position; it holds
the stamp up to which it has come, and the replay leaves out what it has already.
"""

import threading
import time
from collections.abc import Callable

from risk_service.adapters.background import give_way, trying
from risk_service.adapters.live.keeper import Dirty
from risk_service.adapters.live.records_file import Reached, RecordsFile, Row
from risk_service.adapters.live.store import EmbeddedWindowStore

LOOK_EVERY_S = 0.5
# A replay counts some 10,000 events a second: so many are caught up in some seconds.
EVENTS_BETWEEN = 20_000
SECONDS_BETWEEN = 30.0
# Packing a slice holds up an order that comes just then.
SLICE_S = 0.0003
SLICE_RECORDS = 16
PAUSE_S = 0.002
# A transaction of the file tells the disk as much as some hundred orders do.
PAUSES_PER_TRANSACTION = 50
SWEEP_ROWS = 2000
ROWS_LET_GO = 512

Rest = Callable[[float], object]


def without_rest(_seconds: float) -> None:
    """Go on at once."""


class Checkpoints:
    """Decides when a checkpoint is due, and writes it.

    Parameters
    ----------
    position
        Returns how far the log goes; everything up to there may be taken to be applied once
        the store has been settled.
    waiting
        Events that a replay has counted and no checkpoint has written: they are due with those
        that come, or the tail of a service that is killed again and again would only grow.
    """

    def __init__(
        self,
        store: EmbeddedWindowStore,
        file: RecordsFile,
        position: Callable[[], Reached],
        *,
        events_between: int = EVENTS_BETWEEN,
        seconds_between: float = SECONDS_BETWEEN,
        waiting: int = 0,
    ) -> None:
        self._store = store
        self._file = file
        self._position = position
        self._events_between = events_between
        self._seconds_between = seconds_between
        self._events_written = store.events_applied - waiting
        self._written_s = time.monotonic()

    def is_due(self) -> bool:
        """Tell whether enough has come since the last one."""
        store = self._store
        if store.broken or not store.cache.dirty_count:
            return False
        return (
            store.events_applied - self._events_written >= self._events_between
            or time.monotonic() - self._written_s >= self._seconds_between
            or store.cache.dirty_count >= store.cache.records_max // 2
        )

    def write(self, rest: Rest = without_rest) -> None:
        """Write what is dirty.

        Parameters
        ----------
        rest
            Called between two parts with the seconds for which others are to have the machine.

        Raises
        ------
        sqlite3.DatabaseError
            Not all was written; the records stay dirty.
        """
        store = self._store
        with store.lock:
            # First the position, then the settling: what the position has is applied then.
            reached = self._position()
            store.settle()
            events = store.events_applied
            dirty = store.cache.take_dirty()
        rows: list[Row] = []
        try:
            while len(rows) < len(dirty):
                with store.lock:
                    self._pack_slice(dirty, rows)
                rest(PAUSE_S)
            with store.lock:
                sealed = self._position()
            both = reached._replace(marks=f"{reached.marks} {sealed.marks}")
            self._file.write(rows, both, lambda: rest(PAUSES_PER_TRANSACTION * PAUSE_S))
        except BaseException:
            with store.lock:
                dirty.give_back()
            raise
        with store.lock:
            dirty.written()
        _let_go(rows, rest)
        self._events_written, self._written_s = events, time.monotonic()

    def sweep(self) -> None:
        """Delete expired records among the next rows of the file."""
        if not self._store.broken:
            self._file.sweep(self._store.applied_us, SWEEP_ROWS)

    def _pack_slice(self, dirty: Dirty, rows: list[Row]) -> None:
        ends_s = time.perf_counter() + SLICE_S
        now_us = self._store.applied_us
        while len(rows) < len(dirty) and time.perf_counter() < ends_s:
            rows += dirty.pack(len(rows), SLICE_RECORDS, now_us)


def _let_go(rows: list[Row], rest: Rest) -> None:
    """Free rows some at a time: all at once would keep the interpreter for tens of orders."""
    while rows:
        del rows[-ROWS_LET_GO:]
        rest(PAUSE_S)


class Housekeeper:
    """The thread that writes checkpoints while the service runs."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="window-housekeeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for what it is writing."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        give_way(self._stop)
        while not self._stop.wait(LOOK_EVERY_S):
            with trying("checkpoint_failed"):
                if self._checkpoints.is_due():
                    # Its rests end when the service does, which waits for what is being written.
                    self._checkpoints.write(self._stop.wait)
                self._checkpoints.sweep()
