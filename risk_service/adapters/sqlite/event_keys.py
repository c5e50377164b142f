"""Finds reported events by id or by order: memory for the newest, a file for the rest.

As the key index of decisions: a cache of the log in a file of its own, written in large
batches by the housekeeping thread, caught up from the log at the start.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from risk_service.adapters.background import in_turns
from risk_service.adapters.sqlite.connection import connect, is_corrupt, marks, transaction
from risk_service.adapters.sqlite.schema import EVENT_INDEX, migrate

FILE_NAME = "event_keys.sqlite3"
BATCH_ROWS = 8192
CHECKPOINT_PAGES = 4096


class EventKey(NamedTuple):
    """Keys and stamp of an event; ``order_id`` is empty for a promotion action."""

    event_id: str
    stamp_us: int
    order_id: str


@dataclass(slots=True)
class _Generation:
    """Keys of events that the file does not have yet."""

    stamps: dict[str, int] = field(default_factory=dict)
    orders: dict[str, list[int]] = field(default_factory=dict)

    def add(self, key: EventKey) -> None:
        self.stamps[key.event_id] = key.stamp_us
        if key.order_id:
            self.orders.setdefault(key.order_id, []).append(key.stamp_us)


class EventKeys:
    """Stamps of all reported events, by event id and by order id.

    Threads: ``add`` and the look-ups belong to one, ``write_batch`` to another; between them
    stand two generations of ids, the old one being written.

    Attributes
    ----------
    damaged
        A batch met a damaged page and cannot be written, now or later.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / FILE_NAME
        self._reader = connect(path, "NORMAL")
        migrate(self._reader, str(path), EVENT_INDEX)
        self._writer = in_turns(connect(path, "NORMAL"))
        self._writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self._young = _Generation()
        self._old = _Generation()
        self.damaged = False

    def reached_us(self) -> int:
        """Return the stamp of the last event that the file holds."""
        stamp_us: int = self._reader.execute("SELECT stamp_us FROM reached").fetchone()[0]
        return stamp_us

    def add(self, keys: Iterable[EventKey]) -> None:
        """Take the keys of events that were committed to the log, in their order."""
        for key in keys:
            self._young.add(key)

    def find(self, event_ids: Sequence[str]) -> dict[str, int]:
        """Return the stamps of these events, absent ones left out."""
        young, old = self._young.stamps, self._old.stamps
        found = {}
        absent = []
        for key in event_ids:
            stamp_us = young.get(key) or old.get(key)
            if stamp_us:
                found[key] = stamp_us
            else:
                absent.append(key)
        if absent:
            sql = f"SELECT event_id, stamp_us FROM event_ids WHERE event_id IN ({marks(absent)})"  # noqa: S608 - question marks only
            found.update(self._reader.execute(sql, absent).fetchall())
        return found

    def of_orders(self, order_ids: Sequence[str]) -> dict[str, list[int]]:
        """Return the stamps of the events of each order, rising; absent orders left out."""
        sql = f"SELECT order_id, stamp_us FROM order_events WHERE order_id IN ({marks(order_ids)})"  # noqa: S608 - question marks only
        found: dict[str, set[int]] = {}
        # Taken hold of first: a batch that is written meanwhile is in one of both.
        generations = self._old, self._young
        for order_id, stamp_us in self._reader.execute(sql, order_ids):
            found.setdefault(order_id, set()).add(stamp_us)
        for generation in generations:
            for order_id in order_ids:
                found.setdefault(order_id, set()).update(generation.orders.get(order_id, ()))
        return {order_id: sorted(stamps) for order_id, stamps in found.items() if stamps}

    def batch_is_due(self) -> bool:
        """Tell whether ``write_batch`` should be called."""
        return len(self._young.stamps) >= BATCH_ROWS and not self._old.stamps

    def begin_batch(self) -> None:
        """Let the young keys be written; new ones collect in a fresh generation."""
        if not self._old.stamps:
            self._old, self._young = self._young, _Generation()

    def write_batch(self) -> None:
        """Write what ``begin_batch`` set aside. A failure leaves it for the next call."""
        rows = self._old.stamps
        if not rows:
            return
        orders = [(key, us) for key, stamps in self._old.orders.items() for us in stamps]
        try:
            with transaction(self._writer):
                # In the order of the keys: neighbours share a page. OR IGNORE: after a power
                # cut the log is read again from a stamp that may lie before rows written.
                self._writer.executemany(
                    "INSERT OR IGNORE INTO event_ids VALUES (?, ?)", sorted(rows.items())
                )
                self._writer.executemany(
                    "INSERT OR IGNORE INTO order_events VALUES (?, ?)", sorted(orders)
                )
                self._writer.execute("UPDATE reached SET stamp_us = ?", (max(rows.values()),))
        except sqlite3.DatabaseError as error:
            self.damaged = is_corrupt(error)
            raise
        self._old = _Generation()

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._writer.close()
