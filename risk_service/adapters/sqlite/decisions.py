"""The decision store on SQLite: a log with one transaction and one flush per group.

``synchronous=FULL`` makes COMMIT return after the WAL was flushed: an answer leaves only
then. What is not needed for that is done by the housekeeping thread: it writes the key
index in batches, and copies the WAL back now and then without blocking the writer
(PASSIVE), because an automatic checkpoint in the middle of a commit costs milliseconds.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from risk_service.adapters.background import give_way, trying
from risk_service.adapters.sqlite.attempts import LogPosition, order_of, position
from risk_service.adapters.sqlite.connection import connect, is_corrupt, transaction, unavailable
from risk_service.adapters.sqlite.decision_rows import (
    DecisionKeys,
    DecisionRows,
    Packed,
    keys_of,
    next_places,
    record_of,
)
from risk_service.adapters.sqlite.key_index import FILE_NAME as INDEX_NAME
from risk_service.adapters.sqlite.key_index import KeyIndex, Keys, leaving_damage
from risk_service.adapters.sqlite.reserved import SqliteReserved
from risk_service.adapters.sqlite.schema import DECISION_LOG, migrate
from risk_service.adapters.sqlite.small_wal import SmallWal
from risk_service.domain.decision import Decision, DecisionRecord
from risk_service.domain.order import Order
from risk_service.ports import Reserved

FILE_NAME = "decisions.sqlite3"
# Little is copied at a time: a long flush of the file would hold up those of the WAL.
HOUSEKEEPING_EVERY_S = 0.5
# While the filters of the key index learn what the file has: most of the time is for orders.
LEARN_EVERY_S = 0.002
WAL_BYTES_MAX = 64 * 1024 * 1024
# A row in the WAL costs what it holds and its share of the page's rest and the frame header.
ROW_OVERHEAD_BYTES = 1024
# A group of decisions costs its records, the rests of its last pages and their frame headers.
GROUP_OVERHEAD_BYTES = 8192

log = logging.getLogger(__name__)
Found = TypeVar("Found")


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

    Attributes
    ----------
    position
        Where the log ends; set in one assignment, so that other threads may read it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        on_commit: Callable[[float], None] = _ignore,
        wal_bytes_max: int = WAL_BYTES_MAX,
    ) -> None:
        self._directory = directory
        self._path = directory / FILE_NAME
        self._on_commit = on_commit
        with unavailable(self._path):
            self._db = connect(self._path, "FULL")
            migrate(self._db, str(self._path), DECISION_LOG)
            self._rows = DecisionRows(self._db)
            self._retired: list[KeyIndex] = []
            self._index = self._open_index()
            self.position = position(self._rows)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._wal = SmallWal(self._db, wal_bytes_max, self._wake.set)
        with unavailable(self._path):
            copier = connect(self._path, "FULL")
        self._housekeeper = threading.Thread(
            target=self._housekeeping, args=(copier,), name="housekeeper", daemon=True
        )
        self._housekeeper.start()

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, DecisionRecord]:
        """Return the records answered to these requests, absent ones left out."""
        places = self._asked(lambda index: index.rows_of_requests(request_ids))
        return {key: record_of(record) for key, record in self._at(places).items()}

    def last_numbers(self, order_ids: Sequence[str]) -> dict[str, int]:
        """Return the number of the latest decision per order, absent ones left out."""
        last = self._asked(lambda index: index.last_of_orders(order_ids))
        return {key: number for key, (number, _) in last.items()}

    def by_decision_id(self, decision_id: str) -> DecisionRecord | None:
        """Return one record, or None."""
        return self._record(self._asked(lambda index: index.row_of_decision(decision_id)))

    def latest_of_order(self, order_id: str) -> DecisionRecord | None:
        """Return the order's latest record, or None."""
        last = self._asked(lambda index: index.last_of_orders([order_id])).get(order_id)
        return self._record(last[1] if last else None)

    def orders_of(self, order_ids: Sequence[str]) -> dict[str, tuple[str, Order]]:
        """Return decision id and order of each order's latest record, absent ones left out."""
        last = self._asked(lambda index: index.last_of_orders(order_ids))
        places = {key: seq for key, (_, seq) in last.items()}
        return {key: order_of(record) for key, record in self._at(places).items()}

    def orders_decided(self, decision_ids: Sequence[str]) -> dict[str, Order]:
        """Return the order of each decision, absent ones left out."""
        places = self._asked(lambda index: index.rows_of_decisions(decision_ids))
        return {key: order_of(record)[1] for key, record in self._at(places).items()}

    def by_challenge_id(self, challenge_id: str) -> DecisionRecord | None:
        """Return the record that asked for this challenge, or None."""
        return self._record(self._asked(lambda index: index.row_of_challenge(challenge_id)))

    def commit(self, records: Sequence[DecisionRecord], reserved: Reserved | None = None) -> None:
        """Write all records, and the holds of the group, in one transaction; flush it.

        Raises
        ------
        StoreUnavailable
            The disk is full, locked or broken; nothing of the group was written.
        ValueError
            A request id or a number of an order is there already; nothing was written.
        """
        seqs = next_places(self.position.seq, len(records))
        keys = [_keys(seq, record.decision) for seq, record in zip(seqs, records, strict=True)]
        self._refuse_duplicates(keys)
        started = time.perf_counter()
        with unavailable(), transaction(self._db):
            size = self._rows.write(seqs, records)
            if isinstance(reserved, SqliteReserved):
                size += reserved.write(self._db)
        if isinstance(reserved, SqliteReserved):
            reserved.written()
        self._on_commit(time.perf_counter() - started)
        self.position = LogPosition(
            seqs[-1],
            keys[-1].decision_id,
            max(self.position.stamp_us, max([record.stamp_us for record in records])),
        )
        self._index.add(keys)
        self._mind_sizes(size + GROUP_OVERHEAD_BYTES)

    def close(self) -> None:
        """Stop the housekeeping, write the last keys, fold the WAL in and close the files."""
        self._stop.set()
        self._wake.set()
        self._housekeeper.join()
        with unavailable():
            with leaving_damage():
                # Twice: a batch that the thread had begun, then the young keys.
                for _ in range(2):
                    self._index.write_batch()
                    self._index.begin_batch()
            for index in (*self._retired, self._index):
                index.close()
            self._db.close()

    def _record(self, seq: int | None) -> DecisionRecord | None:
        if seq is None:
            return None
        with unavailable():
            return record_of(self._rows.at([seq])[seq])

    def _at(self, places: Mapping[str, int]) -> dict[str, Packed]:
        """Return the records at these places, by the places' names."""
        if not places:
            return {}
        with unavailable():
            records = self._rows.at(list(places.values()))
        return {name: records[seq] for name, seq in places.items()}

    def _asked(self, look_up: Callable[[KeyIndex], Found]) -> Found:
        """Ask the index; one that turns out damaged is made again and asked once more."""
        with unavailable():
            try:
                return look_up(self._index)
            except sqlite3.DatabaseError as error:
                if not is_corrupt(error):
                    raise
            self._replace_index()
            return look_up(self._index)

    def _refuse_duplicates(self, keys: Sequence[Keys]) -> None:
        """Stop a caller that did not look: the last line, where an index of the log would be.

        One process writes, and it looks every key up before it commits; a slip would
        show among the newest rows, and looking there costs no read.
        """
        requests = {key.request_id for key in keys}
        numbers = {(key.order_id, key.number) for key in keys}
        repeated = len(requests) < len(keys) or len(numbers) < len(keys)
        if repeated or self._index.has_recent(requests, numbers):
            raise ValueError("a request id or a number of an order is there already")

    def _mind_sizes(self, wal_bytes: int) -> None:
        """Do what is due behind a commit; the records are durable, whatever becomes of it."""
        if self._index.damaged:
            with trying("housekeeping_failed"):
                self._replace_index()
        elif self._index.batch_is_due():
            self._index.begin_batch()
            self._wake.set()
        self._wal.wrote(wal_bytes)

    def _open_index(self) -> KeyIndex:
        """Open the index of this log; a damaged or foreign one is made again."""
        try:
            index = KeyIndex(self._directory)
            if self._is_of_this_log(index):
                return self._caught_up(index)
            index.close()
        except sqlite3.DatabaseError as error:
            if not is_corrupt(error):
                raise
        return self._remade_index()

    def _is_of_this_log(self, index: KeyIndex) -> bool:
        """Tell whether the log has the row that the index has reached.

        It has not when the log was put back from a backup beside a newer index, whose rows
        would then be taken for those that the log writes next.
        """
        reached = index.reached()
        record = self._rows.at([reached]).get(reached)
        if record is None:
            return reached == 0
        return index.row_of_decision(keys_of(record).decision_id) == reached

    def _remade_index(self) -> KeyIndex:
        log.warning("key_index_rebuilt")
        for suffix in ("-wal", "-shm", ""):
            (self._directory / (INDEX_NAME + suffix)).unlink(missing_ok=True)
        return self._caught_up(KeyIndex(self._directory))

    def _replace_index(self) -> None:
        """Serve a new index; the old one is closed at the end: the thread may be inside."""
        fresh = self._remade_index()
        self._retired.append(self._index)
        self._index = fresh

    def _caught_up(self, index: KeyIndex) -> KeyIndex:
        """Give the index the rows that it had not reached."""
        for seq, record in self._rows.after(index.reached()):
            index.add([_keys(seq, keys_of(record))])
            if index.batch_is_due():
                index.begin_batch()
                index.write_batch()
        return index

    def _housekeeping(self, db: sqlite3.Connection) -> None:
        give_way(self._stop)
        pause_s = LEARN_EVERY_S
        while not self._stop.is_set():
            self._wake.wait(pause_s)
            self._wake.clear()
            pause_s = HOUSEKEEPING_EVERY_S
            # The log has the rows, memory their keys, the WAL what is committed.
            with trying("housekeeping_failed"):
                pause_s = self._housekeeping_round(db)
        db.close()

    def _housekeeping_round(self, db: sqlite3.Connection) -> float:
        """Do what is due and return the seconds to the next round."""
        index = self._index
        index.write_batch()
        if not index.has_learned:
            index.learn()
            return LEARN_EVERY_S
        self._wal.copy(db)
        return HOUSEKEEPING_EVERY_S


def _keys(seq: int, one: Decision | DecisionKeys) -> Keys:
    challenge_id = one.challenge.challenge_id if one.challenge else None
    return Keys(seq, one.decision_id, one.request_id, one.order_id, one.number, challenge_id)
