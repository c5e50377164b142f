"""The log of reported events: a table beside the decisions, one flush per group.

The stamp is the row id, so that events append and a replay reads on from a stamp. Ids and
orders are found through ``EventKeys``; its file is a cache of this table.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from risk_service.adapters.background import give_way, trying
from risk_service.adapters.sqlite.connection import (
    connect,
    is_corrupt,
    marks,
    transaction,
    unavailable,
)
from risk_service.adapters.sqlite.decisions import (
    FILE_NAME,
    HOUSEKEEPING_EVERY_S,
    ROW_OVERHEAD_BYTES,
    WAL_BYTES_MAX,
)
from risk_service.adapters.sqlite.event_keys import FILE_NAME as INDEX_NAME
from risk_service.adapters.sqlite.event_keys import EventKey, EventKeys
from risk_service.adapters.sqlite.key_index import leaving_damage
from risk_service.adapters.sqlite.schema import DECISION_LOG, migrate
from risk_service.adapters.sqlite.small_wal import start_afresh
from risk_service.domain.reported import EventRecord

# Of one order; no honest order has nearly as many.
ORDER_EVENTS_MAX = 200

log = logging.getLogger(__name__)

Found = TypeVar("Found")
# Writes further rows within the transaction of the events.
Also = Callable[[sqlite3.Connection], None]


class _LifePart(msgspec.Struct, gc=False):
    order_id: str


class _RecordPart(msgspec.Struct, gc=False):
    life: _LifePart | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(EventRecord).decode
_decode_part = msgspec.msgpack.Decoder(_RecordPart).decode


def _ignore(_seconds: float) -> None:
    """Take no notice of how long a commit took."""


class SqliteEventLog:
    """Implements ``ports.EventLog`` in the file of the decision store.

    Used by one thread, the same that commits decisions; opened after the decision store.

    Attributes
    ----------
    stamp_us
        Stamp of the last event, 0 for none; other threads may read it.
    """

    def __init__(self, directory: Path, *, on_commit: Callable[[float], None] = _ignore) -> None:
        self._directory = directory
        self._on_commit = on_commit
        self._wal_bytes = 0
        path = directory / FILE_NAME
        with unavailable(path):
            self._db = connect(path, "FULL")
            migrate(self._db, str(path), DECISION_LOG)
            last = self._db.execute("SELECT max(stamp_us) FROM events").fetchone()[0]
            self.stamp_us: int = last or 0
            self._retired: list[EventKeys] = []
            self._keys = self._open_keys()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._housekeeper = threading.Thread(
            target=self._housekeeping, name="event-housekeeper", daemon=True
        )
        self._housekeeper.start()

    def fingerprints(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the fingerprints under which these ids are known, absent ones left out."""
        with unavailable():
            stamps = self._asked(lambda keys: keys.find(event_ids))
            records = self._records(list(stamps.values()))
        return {record.event_id: record.fingerprint for record in records}

    def of_orders(self, order_ids: Sequence[str]) -> dict[str, tuple[EventRecord, ...]]:
        """Return the newest events of each order in their order, absent orders left out."""
        if not order_ids:
            return {}
        with unavailable():
            stamps = self._asked(lambda keys: keys.of_orders(order_ids))
            return {
                order_id: tuple(self._records(of_order[-ORDER_EVENTS_MAX:]))
                for order_id, of_order in stamps.items()
            }

    def append(self, records: Sequence[EventRecord], also: Also | None = None) -> None:
        """Write all records in one transaction and flush it to the disk.

        Parameters
        ----------
        also
            Writes what must become durable together with them.

        Raises
        ------
        StoreUnavailable
            The disk is full, locked or broken; nothing of the group was written.
        ValueError
            A stamp is not greater than the one before; nothing was written.
        """
        stamps = [self.stamp_us, *[record.stamp_us for record in records]]
        if any(later <= earlier for earlier, later in pairwise(stamps)):
            raise ValueError("stamps of events must rise")
        rows = [(record.stamp_us, record.event_id, _encode(record)) for record in records]
        started = time.perf_counter()
        with unavailable(), transaction(self._db):
            self._db.executemany("INSERT INTO events VALUES (?, ?, ?)", rows)
            if also is not None:
                also(self._db)
        self._on_commit(time.perf_counter() - started)
        self.stamp_us = stamps[-1]
        self._keys.add([_key(record) for record in records])
        self._mind_sizes(sum(len(row[2]) + ROW_OVERHEAD_BYTES for row in rows))

    def select(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the file of the log."""
        with unavailable():
            return self._db.execute(sql, values).fetchall()

    def close(self) -> None:
        """Stop the housekeeping, write the last ids and close the files."""
        self._stop.set()
        self._wake.set()
        self._housekeeper.join()
        with unavailable():
            with leaving_damage():
                # Twice: a batch that the thread had begun, then the young ids.
                for _ in range(2):
                    self._keys.write_batch()
                    self._keys.begin_batch()
            for keys in (*self._retired, self._keys):
                keys.close()
            self._db.close()

    def _asked(self, look_up: Callable[[EventKeys], Found]) -> Found:
        """Ask the index; one that turns out damaged is made again and asked once more."""
        try:
            return look_up(self._keys)
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
        self._replace_keys()
        return look_up(self._keys)

    def _records(self, stamps: Sequence[int]) -> list[EventRecord]:
        """Return the events of these stamps, rising."""
        if not stamps:
            return []
        sql = f"SELECT record FROM events WHERE stamp_us IN ({marks(stamps)}) ORDER BY stamp_us"  # noqa: S608 - question marks only
        return [_decode(record) for (record,) in self._db.execute(sql, stamps)]

    def _mind_sizes(self, wal_bytes: int) -> None:
        """Do what is due behind a commit; the events are durable, whatever becomes of it."""
        if self._keys.damaged:
            with trying("housekeeping_failed"):
                self._replace_keys()
        elif self._keys.batch_is_due():
            self._keys.begin_batch()
            self._wake.set()
        self._wal_bytes += wal_bytes
        if self._wal_bytes > WAL_BYTES_MAX:
            # Else somebody is copying right now: look again after as much again.
            self._wal_bytes = 0 if start_afresh(self._db) else self._wal_bytes // 2

    def _open_keys(self) -> EventKeys:
        """Open the index of this log; a damaged or foreign one is made again."""
        try:
            keys = EventKeys(self._directory)
            if self._is_of_this_log(keys):
                return self._caught_up(keys)
            keys.close()
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
        return self._remade_keys()

    def _is_of_this_log(self, keys: EventKeys) -> bool:
        """Tell whether the log has the event that the index has reached."""
        reached_us = keys.reached_us()
        sql = "SELECT event_id FROM events WHERE stamp_us = ?"
        row = self._db.execute(sql, (reached_us,)).fetchone()
        return reached_us == 0 or (row is not None and row[0] in keys.find([row[0]]))

    def _remade_keys(self) -> EventKeys:
        log.warning("event_index_rebuilt")
        for suffix in ("-wal", "-shm", ""):
            (self._directory / (INDEX_NAME + suffix)).unlink(missing_ok=True)
        return self._caught_up(EventKeys(self._directory))

    def _replace_keys(self) -> None:
        """Serve a new index; the old one is closed at the end: the thread may be inside."""
        fresh = self._remade_keys()
        self._retired.append(self._keys)
        self._keys = fresh

    def _caught_up(self, keys: EventKeys) -> EventKeys:
        """Give the index the events that it had not reached."""
        sql = "SELECT event_id, stamp_us, record FROM events WHERE stamp_us > ? ORDER BY stamp_us"
        for event_id, stamp_us, record in self._db.execute(sql, (keys.reached_us(),)):
            keys.add([EventKey(event_id, stamp_us, order_of(record))])
            if keys.batch_is_due():
                keys.begin_batch()
                keys.write_batch()
        return keys

    def _housekeeping(self) -> None:
        give_way(self._stop)
        while not self._stop.is_set():
            self._wake.wait(HOUSEKEEPING_EVERY_S)
            self._wake.clear()
            # The log has the events, memory their ids.
            with trying("housekeeping_failed"):
                self._keys.write_batch()


def _key(record: EventRecord) -> EventKey:
    order_id = record.life.order_id if record.life else ""
    return EventKey(record.event_id, record.stamp_us, order_id)


def order_of(record: bytes) -> str:
    """Return the order of a stored event, empty for a promotion action."""
    life = _decode_part(record).life
    return life.order_id if life else ""


def events_after(db: sqlite3.Connection, stamp_us: int) -> Iterator[EventRecord]:
    """Yield the events after a stamp, in their order."""
    sql = "SELECT record FROM events WHERE stamp_us > ? ORDER BY stamp_us"
    for (record,) in db.execute(sql, (stamp_us,)):
        yield _decode(record)
