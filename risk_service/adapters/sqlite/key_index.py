"""Finds the row of a decision by its keys: memory for the newest, a file for the rest.

An index on the log itself would dirty a page or two per key and commit, at random places,
before every answer. Here the keys of new rows stand in memory and are written to a file
of their own in large batches, off the answer's path, by the housekeeping thread. The file
is a cache of the log: it notes the row it has reached, and what lies beyond is read from
the log again at the start. Losing the file costs time, never a decision.

Threads: ``add`` and the look-ups belong to one thread, ``write_batch`` to another. They
share two generations of keys: the young one collects, the old one is being written and is
dropped, in one assignment, after its transaction has committed.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from msgspec.json import encode

from risk_service.adapters.sqlite.connection import connect, marks, transaction
from risk_service.adapters.sqlite.schema import KEY_INDEX, migrate

FILE_NAME = "decision_keys.sqlite3"
# Keys of so many rows are written together: about a megabyte of memory per generation.
BATCH_ROWS = 4096
CHECKPOINT_PAGES = 4096


class Keys(NamedTuple):
    """The keys of one row of the log."""

    seq: int
    decision_id: str
    request_id: str
    order_id: str
    number: int
    challenge_id: str | None


@dataclass(slots=True)
class _Generation:
    """Keys of rows that the file does not have yet."""

    rows: list[Keys] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)
    decisions: dict[str, int] = field(default_factory=dict)
    challenges: dict[str, int] = field(default_factory=dict)
    orders: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, keys: Keys) -> None:
        self.rows.append(keys)
        self.requests[keys.request_id] = keys.seq
        self.decisions[keys.decision_id] = keys.seq
        self.orders[keys.order_id] = (keys.number, keys.seq)
        if keys.challenge_id is not None:
            self.challenges[keys.challenge_id] = keys.seq


class KeyIndex:
    """The keys of every row of the log.

    Parameters
    ----------
    directory
        Where the index's file lies, beside the log.

    Attributes
    ----------
    damaged
        A batch met a damaged page and cannot be written, now or later.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / FILE_NAME
        self._reader = connect(path, "NORMAL")
        migrate(self._reader, str(path), KEY_INDEX)
        self._writer = connect(path, "NORMAL")
        # Its commits are off the answer's path: here a checkpoint may come along.
        self._writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self._young = _Generation()
        self._old = _Generation()
        self.damaged = False

    def reached(self) -> int:
        """Return the last row of the log that the file holds."""
        seq: int = self._reader.execute("SELECT seq FROM reached").fetchone()[0]
        return seq

    def add(self, rows: Iterable[Keys]) -> None:
        """Take the keys of rows that were committed to the log, in their order."""
        for keys in rows:
            self._young.add(keys)

    def batch_is_due(self) -> bool:
        """Tell whether ``write_batch`` should be called."""
        return len(self._young.rows) >= BATCH_ROWS and not self._old.rows

    def begin_batch(self) -> None:
        """Let the young keys be written; new ones collect in a fresh generation."""
        if not self._old.rows:
            self._old, self._young = self._young, _Generation()

    def write_batch(self) -> None:
        """Write what ``begin_batch`` set aside. A failure leaves it for the next call."""
        rows = self._old.rows
        if not rows:
            return
        try:
            self._write(rows)
        except sqlite3.DatabaseError as error:
            self.damaged = is_corrupt(error)
            raise
        self._old = _Generation()

    def _write(self, rows: Sequence[Keys]) -> None:
        with transaction(self._writer):
            self._insert("requests", [(k.request_id, k.seq) for k in rows])
            self._insert("decision_ids", [(k.decision_id, k.seq) for k in rows])
            self._insert("challenges", [(k.challenge_id, k.seq) for k in rows if k.challenge_id])
            self._insert("orders", [(k.order_id, k.number, k.seq) for k in rows])
            self._writer.execute("UPDATE reached SET seq = ?", (rows[-1].seq,))

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._writer.close()

    def rows_of_requests(self, request_ids: Sequence[str]) -> dict[str, int]:
        """Return the rows answered to these requests, absent ones left out."""
        young, old = self._young.requests, self._old.requests
        found = {key: young.get(key) or old.get(key, 0) for key in request_ids}
        absent = [key for key, seq in found.items() if not seq]
        if absent:
            sql = f"SELECT request_id, seq FROM requests WHERE request_id IN ({marks(absent)})"  # noqa: S608 - question marks only
            found.update(self._reader.execute(sql, absent).fetchall())
        return {key: seq for key, seq in found.items() if seq}

    def last_of_orders(self, order_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return number and row of the latest decision per order, absent ones left out."""
        found: dict[str, tuple[int, int]] = {}
        absent = []
        for key in order_ids:
            last = self._young.orders.get(key) or self._old.orders.get(key)
            if last is None:
                absent.append(key)
            else:
                found[key] = last
        if absent:
            sql = (
                "SELECT order_id, max(number), seq FROM orders "  # noqa: S608 - question marks only
                f"WHERE order_id IN ({marks(absent)}) GROUP BY order_id"
            )
            found.update({key: (n, seq) for key, n, seq in self._reader.execute(sql, absent)})
        return found

    def has_recent(self, keys: Sequence[Keys]) -> bool:
        """Tell whether a request or a number of an order is among the keys in memory."""
        for generation in (self._young, self._old):
            for one in keys:
                last = generation.orders.get(one.order_id)
                if one.request_id in generation.requests or (last and last[0] >= one.number):
                    return True
        return False

    def row_of_decision(self, decision_id: str) -> int | None:
        """Return the row of a decision id, or None."""
        known = self._young.decisions.get(decision_id) or self._old.decisions.get(decision_id)
        return known or self._one("SELECT seq FROM decision_ids WHERE decision_id = ?", decision_id)

    def rows_of_decisions(self, decision_ids: Sequence[str]) -> dict[str, int]:
        """Return the rows of these decision ids, absent ones left out."""
        young, old = self._young.decisions, self._old.decisions
        found = {key: young.get(key) or old.get(key, 0) for key in decision_ids}
        absent = [key for key, seq in found.items() if not seq]
        if absent:
            asked = marks(absent)
            sql = f"SELECT decision_id, seq FROM decision_ids WHERE decision_id IN ({asked})"  # noqa: S608 - question marks only
            found.update(self._reader.execute(sql, absent).fetchall())
        return {key: seq for key, seq in found.items() if seq}

    def row_of_challenge(self, challenge_id: str) -> int | None:
        """Return the row that asked for a challenge, or None."""
        known = self._young.challenges.get(challenge_id) or self._old.challenges.get(challenge_id)
        return known or self._one("SELECT seq FROM challenges WHERE challenge_id = ?", challenge_id)

    def _one(self, sql: str, key: str) -> int | None:
        row = self._reader.execute(sql, (key,)).fetchone()
        return row[0] if row else None

    def _insert(self, table: str, rows: Sequence[tuple[str | int | None, ...]]) -> None:
        """Insert in the order of the keys: neighbours share a page, and a page is written once."""
        if not rows:
            return
        # OR IGNORE: after a power cut the log is read again from the noted row, which may
        # lie before rows that the file already has.
        ordered = sorted(rows, key=lambda row: str(row[0]))
        # All rows as one value: executemany would take the interpreter from the loop's thread
        # and give it back once per row, some sixteen thousand times a batch.
        columns = ", ".join(f"value ->> {place}" for place in range(len(rows[0])))
        sql = f"INSERT OR IGNORE INTO {table} SELECT {columns} FROM json_each(?)"  # noqa: S608 - our own tables
        self._writer.execute(sql, (encode(ordered).decode(),))


def is_corrupt(error: sqlite3.DatabaseError) -> bool:
    """Tell a damaged file from a passing trouble."""
    # The low byte is the kind of error; errors of the Python module itself have no code.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
