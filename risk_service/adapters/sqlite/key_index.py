"""Finds the row of a decision by its keys: memory for the newest, a file for the rest.

An index on the log itself would dirty a page or two per key and commit, at random places,
before every answer. Here the keys of new rows stand in memory and are written to a file
of their own in large batches, off the answer's path, by the housekeeping thread. The file
is a cache of the log: it notes the row it has reached, and what lies beyond is read from
the log again at the start. Losing the file costs time, never a decision.

Threads: ``add`` and the look-ups belong to one thread, ``write_batch`` to another. They
share two generations of keys: the young one collects, the old one is being written and is
dropped, in one assignment, after its transaction has committed. Before that its keys are
added to the filters, which say of most keys without a read that the file does not have them;
those of a file that was there are learned in slices by the thread of ``write_batch``.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from msgspec.json import decode, encode

from risk_service.adapters.background import in_turns
from risk_service.adapters.sqlite.connection import connect, is_corrupt, marks, transaction
from risk_service.adapters.sqlite.key_filter import KeyFilter
from risk_service.adapters.sqlite.schema import KEY_INDEX, migrate

log = logging.getLogger(__name__)

FILE_NAME = "decision_keys.sqlite3"
# Keys of so many rows are written together: about a megabyte of memory per generation.
BATCH_ROWS = 4096
CHECKPOINT_PAGES = 4096
LEARNED_AT_ONCE = 4096

# All of a slice as one value: a row at a time would hand the interpreter over for each.
_LEARN = {
    "requests": "SELECT json_group_array(request_id) FROM (SELECT request_id FROM requests "
    "WHERE request_id > ? ORDER BY request_id LIMIT ?)",
    "orders": "SELECT json_group_array(order_id) FROM (SELECT DISTINCT order_id FROM orders "
    "WHERE order_id > ? ORDER BY order_id LIMIT ?)",
}


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

    def add(self, rows: Iterable[Keys]) -> None:
        for row in rows:
            self.rows.append(row)
            seq, decision_id, request_id, order_id, number, challenge_id = row
            self.requests[request_id] = seq
            self.decisions[decision_id] = seq
            self.orders[order_id] = (number, seq)
            if challenge_id is not None:
                self.challenges[challenge_id] = seq


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
    has_learned
        Whether the filters know all that the file has; until then it is asked for every key.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / FILE_NAME
        self._reader = connect(path, "NORMAL")
        migrate(self._reader, str(path), KEY_INDEX)
        self._writer = in_turns(connect(path, "NORMAL"))
        # Its commits are off the answer's path: here a checkpoint may come along.
        self._writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self._young = _Generation()
        self._old = _Generation()
        self._requests = KeyFilter()
        self._orders = KeyFilter()
        # Up to which key each filter has learned what the file had; None once it has all.
        self._learned: dict[str, str | None] = dict.fromkeys(_LEARN, "")
        self.has_learned = self.reached() == 0
        self.damaged = False

    def reached(self) -> int:
        """Return the last row of the log that the file holds."""
        seq: int = self._reader.execute("SELECT seq FROM reached").fetchone()[0]
        return seq

    def add(self, rows: Iterable[Keys]) -> None:
        """Take the keys of rows that were committed to the log, in their order."""
        self._young.add(rows)

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
        seqs, decisions, requests, orders, numbers, challenges = zip(*rows, strict=True)
        self._requests.add(requests)
        self._orders.add(orders)
        asked = [(key, seq) for key, seq in zip(challenges, seqs, strict=True) if key]
        with transaction(self._writer):
            self._insert("requests", list(zip(requests, seqs, strict=True)))
            self._insert("decision_ids", list(zip(decisions, seqs, strict=True)))
            self._insert("challenges", asked)
            self._insert("orders", list(zip(orders, numbers, seqs, strict=True)))
            self._writer.execute("UPDATE reached SET seq = ?", (seqs[-1],))

    def learn(self) -> None:
        """Add some keys of a file that was there to the filters; of the thread that writes."""
        for table, learned in self._learned.items():
            if learned is not None:
                packed = self._writer.execute(_LEARN[table], (learned, LEARNED_AT_ONCE))
                keys = decode(packed.fetchone()[0], type=list[str])
                (self._requests if table == "requests" else self._orders).add(keys)
                self._learned[table] = keys[-1] if keys else None
                return
        self.has_learned = True

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._writer.close()

    def rows_of_requests(self, request_ids: Sequence[str]) -> dict[str, int]:
        """Return the rows answered to these requests, absent ones left out."""
        young, old = self._young.requests, self._old.requests
        found = {key: young.get(key) or old.get(key, 0) for key in request_ids}
        absent = [key for key, seq in found.items() if not seq]
        if self.has_learned:
            absent = self._requests.known(absent)
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
        if self.has_learned:
            absent = self._orders.known(absent)
        if absent:
            sql = (
                "SELECT order_id, max(number), seq FROM orders "  # noqa: S608 - question marks only
                f"WHERE order_id IN ({marks(absent)}) GROUP BY order_id"
            )
            found.update({key: (n, seq) for key, n, seq in self._reader.execute(sql, absent)})
        return found

    def has_recent(self, requests: Iterable[str], numbers: Iterable[tuple[str, int]]) -> bool:
        """Tell whether a request or a number of an order is among the keys in memory."""
        for generation in (self._young, self._old):
            if not generation.requests.keys().isdisjoint(requests):
                return True
            orders = generation.orders
            if any(order in orders and orders[order][0] >= number for order, number in numbers):
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
        # All rows as one value, sorted there: executemany would take the interpreter from the
        # loop's thread and give it back once per row, and sorting here would keep it.
        columns = ", ".join(f"value ->> {place}" for place in range(len(rows[0])))
        # OR IGNORE: after a power cut the log is read again from the noted row, which may
        # lie before rows that the file already has.
        sql = f"INSERT OR IGNORE INTO {table} SELECT {columns} FROM json_each(?) ORDER BY 1"  # noqa: S608 - our own tables
        self._writer.execute(sql, (encode(rows).decode(),))


@contextmanager
def leaving_damage() -> Iterator[None]:
    """Let a store stop although an index of its log is damaged: the next start makes it anew."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            raise
        log.warning("key_index_damaged")
