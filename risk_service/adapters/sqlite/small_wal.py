"""Keeps the WAL of the log small without holding up the thread that commits.

A WAL starts afresh when all of it has been copied back and its writer asks for that. To copy
tens of megabytes there would hold up orders for as long; so the writer first lets the
housekeeping thread copy, and then has only what came meanwhile left to copy.
"""

import logging
import sqlite3
from collections.abc import Callable

log = logging.getLogger(__name__)


def start_afresh(db: sqlite3.Connection) -> bool:
    """Copy the WAL back and let it start afresh; tell whether it does.

    It does not while somebody copies, or when the disk is full. What was committed is durable
    where it is: whoever has committed it must not be told otherwise.
    """
    try:
        busy = db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        log.warning("wal_not_copied", extra={"error": str(error)})
        return False
    return not busy


class SmallWal:
    """Says when the WAL is copied back and starts afresh.

    Parameters
    ----------
    db
        The connection of the thread that commits.
    bytes_max
        Size from which on it should start afresh; at twice that the writer waits for it.
    wake
        Wakes the thread that calls ``copy``.
    """

    def __init__(self, db: sqlite3.Connection, bytes_max: int, wake: Callable[[], None]) -> None:
        self._db = db
        self._bytes_max = bytes_max
        self._wake = wake
        self._bytes = 0
        self._asked = False
        self._copied = False

    def wrote(self, size: int) -> None:
        """Take note of about so many bytes; called by the thread that commits."""
        self._bytes += size
        if self._bytes <= self._bytes_max:
            return
        if self._copied or self._bytes > 2 * self._bytes_max:
            self._start_afresh()
        elif not self._asked:
            self._asked = True
            self._wake()

    def copy(self, db: sqlite3.Connection) -> None:
        """Copy what is there, without blocking the writer; called by another thread."""
        asked = self._asked
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self._copied = asked

    def _start_afresh(self) -> None:
        # Else the thread is copying right now: look again after as much again.
        self._bytes = 0 if start_afresh(self._db) else self._bytes // 2
        self._asked = self._copied = False
