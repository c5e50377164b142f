"""The decision store on SQLite: WAL, one transaction and one flush per group.

``synchronous=FULL`` makes COMMIT return after the WAL was flushed: an answer leaves only
then. Automatic checkpoints are off, because one in the middle of a commit costs
milliseconds: a thread copies the WAL back now and then without blocking the writer
(PASSIVE), and only when the WAL has grown past a limit the writer waits for it to start
afresh, which then has little left to copy.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from risk_service.adapters.sqlite.schema import migrate
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import StoreUnavailable

FILE_NAME = "decisions.sqlite3"
CHECKPOINT_EVERY_S = 2.0
WAL_BYTES_MAX = 64 * 1024 * 1024
# A row in the WAL costs its record, its share of five B-tree pages and frame headers.
ROW_OVERHEAD_BYTES = 4096
BUSY_TIMEOUT_MS = 1000

log = logging.getLogger(__name__)

_INSERT = (
    "INSERT INTO decisions (decision_id, request_id, order_id, number, challenge_id, record) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)


def _ignore(_seconds: float) -> None:
    """Take no notice of how long a commit took."""


class SqliteDecisionStore:
    """Implements ``ports.DecisionStore`` in ``<directory>/decisions.sqlite3``.

    Used by one thread. The caller holds the ``StateLock`` of the directory.

    Parameters
    ----------
    on_commit
        Told how long each commit took, in seconds.
    wal_bytes_max
        Size of the WAL at which the writer makes it start afresh.
    """

    def __init__(
        self,
        directory: Path,
        *,
        on_commit: Callable[[float], None] = _ignore,
        wal_bytes_max: int = WAL_BYTES_MAX,
    ) -> None:
        self._path = directory / FILE_NAME
        self._on_commit = on_commit
        self._wal_bytes_max = wal_bytes_max
        self._wal_bytes = 0
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(DecisionRecord).decode
        with _unavailable():
            self._db = _connect(self._path)
            migrate(self._db, str(self._path))
        self._stop = threading.Event()
        self._checkpointer = threading.Thread(
            target=self._checkpoint_loop, name="checkpointer", daemon=True
        )
        self._checkpointer.start()

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, DecisionRecord]:
        """Return the records answered to these requests, absent ones left out."""
        sql = (
            f"SELECT request_id, record FROM decisions WHERE request_id IN ({_marks(request_ids)})"  # noqa: S608 - question marks only
        )
        with _unavailable():
            rows = self._db.execute(sql, request_ids).fetchall()
        return {key: self._decode(record) for key, record in rows}

    def last_numbers(self, order_ids: Sequence[str]) -> dict[str, int]:
        """Return the number of the latest decision per order, absent ones left out."""
        sql = (
            "SELECT order_id, max(number) FROM decisions "  # noqa: S608 - question marks only
            f"WHERE order_id IN ({_marks(order_ids)}) GROUP BY order_id"
        )
        with _unavailable():
            return dict(self._db.execute(sql, order_ids).fetchall())

    def by_decision_id(self, decision_id: str) -> DecisionRecord | None:
        """Return one record, or None."""
        return self._one("decision_id = ?", decision_id)

    def latest_of_order(self, order_id: str) -> DecisionRecord | None:
        """Return the order's latest record, or None."""
        return self._one("order_id = ? ORDER BY number DESC LIMIT 1", order_id)

    def by_challenge_id(self, challenge_id: str) -> DecisionRecord | None:
        """Return the record that asked for this challenge, or None."""
        return self._one("challenge_id = ?", challenge_id)

    def commit(self, records: Sequence[DecisionRecord]) -> None:
        """Write all records in one transaction and flush it to the disk.

        Raises
        ------
        StoreUnavailable
            The disk is full, locked or broken; nothing of the group was written.
        """
        rows = [self._row(record) for record in records]
        started = time.perf_counter()
        with _unavailable(), self._transaction():
            self._db.executemany(_INSERT, rows)
        self._on_commit(time.perf_counter() - started)
        self._wal_bytes += sum(len(row[5]) + ROW_OVERHEAD_BYTES for row in rows)
        if self._wal_bytes > self._wal_bytes_max:
            self._restart_wal()

    def close(self) -> None:
        """Stop the checkpointer, fold the WAL into the file and close it."""
        self._stop.set()
        self._checkpointer.join()
        self._db.close()

    def _row(self, record: DecisionRecord) -> tuple[str, str, str, int, str | None, bytes]:
        decision = record.decision
        challenge_id = decision.challenge.challenge_id if decision.challenge else None
        return (
            decision.decision_id,
            decision.request_id,
            decision.order_id,
            decision.number,
            challenge_id,
            self._encode(record),
        )

    def _one(self, where: str, key: str) -> DecisionRecord | None:
        with _unavailable():
            row = self._db.execute(f"SELECT record FROM decisions WHERE {where}", (key,)).fetchone()  # noqa: S608 - our own conditions
        return self._decode(row[0]) if row else None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # some errors have rolled back already
                self._db.execute("ROLLBACK")
            raise

    def _restart_wal(self) -> None:
        with _unavailable():
            busy = self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0]
        # Busy: the thread is copying right now; look again after as much again.
        self._wal_bytes = self._wal_bytes // 2 if busy else 0

    def _checkpoint_loop(self) -> None:
        """Copy the WAL back every few seconds; PASSIVE never makes the writer wait."""
        db = _connect(self._path)
        while not self._stop.wait(CHECKPOINT_EVERY_S):
            try:
                db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.DatabaseError as error:
                # The WAL keeps what is committed; the next round or commit meets the same
                # trouble and the commit reports it to its callers.
                log.warning("checkpoint_failed", extra={"error_type": type(error).__name__})
        db.close()


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, cached_statements=512, check_same_thread=False)
    db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("PRAGMA cache_size = -65536")
    return db


@contextmanager
def _unavailable() -> Iterator[None]:
    """Turn what the machine did to us into ``StoreUnavailable``; bugs stay what they are."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        raise StoreUnavailable(f"decision store: {error}") from error


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))
