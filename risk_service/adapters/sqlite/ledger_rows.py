"""The rows of the ledger: read through small caches, written as one draft.

One process writes, so what was read or written last is what the file has. What the counters
come to after a commit is one row of ``ledger_changes``, from which they get to their own file.
"""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from risk_service.adapters.sqlite.changes import Changes
from risk_service.adapters.sqlite.clusters import Clusters, Roots
from risk_service.adapters.sqlite.counter_cache import CounterCache
from risk_service.adapters.sqlite.counters_opened import opened_counters
from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.adapters.sqlite.generation import CellRow
from risk_service.adapters.sqlite.known_reservations import KnownReservations
from risk_service.domain.positional import reader
from risk_service.limits.draft import Draft
from risk_service.limits.pruning import CARRIED, is_empty
from risk_service.limits.reservation import Reservation
from risk_service.limits.used import NEVER_US, Cells

ROW_BYTES = 300

_encode = msgspec.msgpack.Encoder().encode
stored_reservation = reader(Reservation)

# One text for any number of values: SQLite keeps it prepared, and it costs no more per value.
_SOME_RESERVATIONS = (
    "SELECT reservation_id, record FROM json_each(?) AS asked CROSS JOIN reservations "
    "ON reservation_id = asked.value"
)
_PUT = (
    "INSERT INTO reservations VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "state = excluded.state, expires_at_us = excluded.expires_at_us, record = excluded.record"
)
_EXPIRING = (
    "SELECT record FROM reservations WHERE expires_at_us > 0 AND expires_at_us <= ? "
    "ORDER BY expires_at_us LIMIT ?"
)

# Rows keep the order in which they were made, so the oldest come first.
_OVER = (
    "SELECT rowid, record FROM reservations WHERE rowid > ? AND state > 1 "
    "AND NOT reservation_id BETWEEN ? AND ? ORDER BY rowid LIMIT ?"
)
_FIRST_DUE = "SELECT min(expires_at_us) FROM reservations WHERE expires_at_us > 0"


class LedgerRows:
    """Implements ``limits.draft.Base`` over the tables of the ledger.

    Parameters
    ----------
    db
        The file of the decision log.
    directory
        Where it lies, and the counters beside it.
    """

    def __init__(self, db: sqlite3.Connection, directory: Path) -> None:
        # Read through the connection that wrote last: it knows the pages of the file still, any
        # other would read them again after every commit.
        self._db = self._writer = db
        # Nothing is due before; lower than right at most.
        self._due_us = 0
        self._fetched: dict[str, Reservation | None] = {}
        self._wrote: list[CellRow] = []
        self._changes = Changes(db)
        self._roots = Roots(db)
        # Bound as they are: an order asks a dozen times, and a call more costs as much again.
        self.root = self._roots.root
        self._counters = opened_counters(
            directory, self._changes, self.all_reservations, Draft(self).pinned
        )
        self._cells = CounterCache(self._counters)
        self.cells = self._cells.cells
        self.clusters = Clusters(self._roots, self._counters)
        # Last: whoever fails before leaves no thread behind.
        self._known = KnownReservations(directory / FILE_NAME)

    @property
    def damaged(self) -> bool:
        """Tell whether the counters' file cannot be trusted any more."""
        return self._counters.damaged

    def reservation(self, reservation_id: str) -> Reservation | None:
        """Return a reservation, or None."""
        if reservation_id in self._fetched:
            return self._fetched[reservation_id]
        row = self._db.execute(
            "SELECT record FROM reservations WHERE reservation_id = ?", (reservation_id,)
        ).fetchone()
        return stored_reservation(row[0]) if row else None

    def fetch(self, reservation_ids: Sequence[str]) -> None:
        """Read the reservations of a group at once; kept until the next ``fetch``."""
        found: dict[str, Reservation] = {}
        possible = self._known.possible(reservation_ids)
        if possible:
            rows = self._db.execute(_SOME_RESERVATIONS, (_text(possible),))
            found = {key: stored_reservation(record) for key, record in rows}
        self._fetched = {key: found.get(key) for key in reservation_ids}

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return all cells of the counters whose key begins with ``owner`` and a separator."""
        return self.clusters.counters_of(owner)

    def fetch_cells(self, counters: Mapping[int, Collection[str]]) -> None:
        """Read what is not known yet of counters at once, by the time since when."""
        self._cells.fetch(counters)

    def expiring(self, now_us: int, at_most: int) -> list[Reservation]:
        """Return what is due to expire, the oldest first."""
        if now_us < self._due_us:
            return []
        rows = self._db.execute(_EXPIRING, (now_us, at_most)).fetchall()
        if not rows:
            first: int | None = self._db.execute(_FIRST_DUE).fetchone()[0]
            self._due_us = NEVER_US if first is None else first
        due = [stored_reservation(record) for (record,) in rows]
        # Known now: whoever ends them asks for what they were.
        self._fetched.update({one.reservation_id: one for one in due})
        return due

    def over(self, behind: int, at_most: int) -> list[tuple[int, Reservation]]:
        """Return row number and row of some reservations that hold nothing, the oldest first."""
        bounds = CARRIED, CARRIED + chr(0x10FFFF)
        rows = self._db.execute(_OVER, (behind, *bounds, at_most)).fetchall()
        return [(number, stored_reservation(record)) for number, record in rows]

    def all_reservations(self) -> Iterator[Reservation]:
        """Yield every reservation of the ledger."""
        for (record,) in self._db.execute("SELECT record FROM reservations"):
            yield stored_reservation(record)

    def all_cells(self) -> Iterator[CellRow]:
        """Yield (counter, cell, confirmed, held) of every cell."""
        return self._counters.all_cells()

    def last_us(self) -> int:
        """Return the greatest time that the ledger was written at."""
        first_us: int = self._db.execute("SELECT now_us FROM ledger_clock").fetchone()[0]
        return max(first_us, self._changes.last_us())

    def write(self, db: sqlite3.Connection, draft: Draft, now_us: int) -> int:
        """Write a draft inside a transaction and return about how many bytes."""
        kept = [row for row in draft.changed.values() if not is_empty(row)]
        gone = [(key,) for key, row in draft.changed.items() if is_empty(row)]
        rows = [
            (row.reservation_id, int(row.state), row.expires_at_us, _encode(row)) for row in kept
        ]
        self._due_us = min([self._due_us, *[row[2] for row in rows if row[2]]])
        self._known.add([row[0] for row in rows])
        db.executemany(_PUT, rows)
        if gone:
            db.executemany("DELETE FROM reservations WHERE reservation_id = ?", gone)
        if draft.roots:
            db.executemany("INSERT OR REPLACE INTO limit_roots VALUES (?, ?)", draft.roots.items())
        size = self.write_cells(db, self._cells.after(draft.cells), now_us)
        return size + sum([len(row[3]) for row in rows]) + ROW_BYTES * len(rows)

    def write_cells(self, db: sqlite3.Connection, cells: list[CellRow], now_us: int) -> int:
        """Append what some cells are from now on to the log; return how many bytes."""
        self._wrote, self._writer = cells, db
        return self._changes.append(db, cells, now_us, self._counters.reached.seq)

    def written(self, draft: Draft) -> None:
        """Let the caches follow the draft that was written last and is durable."""
        self._db = self._roots.db = self._writer
        self._counters.add(self._changes.appended(), self._wrote)
        self._cells.follow(self._wrote)
        self._roots.follow(draft.roots)
        self.clusters.follow(draft.clusters)
        self._fetched = {}

    def close(self) -> None:
        """Close the counters' file; the log is its owner's."""
        self._known.close()
        self._counters.close()

    def forget(self) -> None:
        """Empty the caches."""
        self._cells.forget()
        self._roots.forget()
        self.clusters.forget()
        self._fetched = {}


def _text(keys: Sequence[str]) -> str:
    return msgspec.json.encode(keys).decode()
