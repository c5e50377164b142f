"""What every counter of the embedded ledger stands at: memory for the newest, a file for the rest.

An order changes as many counters as it has limits, each on a page of its own somewhere in a
table, which would all be written before every answer. So the ledger's commit only appends
what its counters come to now, in one row of the log, and the counters themselves are written
here, in large batches, by a thread off the answer's path. The file is a cache of the ledger:
it notes which row of the log it has reached, what lies beyond is read from the log again at
the start, and a file that is lost or of another log is made again from the reservations.

Threads: one writes batches, everything else belongs to the ledger's. They share two generations
of cells: the young one collects, the old one is being written and is dropped, in one
assignment, after its transaction has committed. Whoever reads takes hold of the old
generation first and of the file afterwards: so no cell is missed in between.

A file that turns out to be damaged is read no further: nobody could tell which of its other
pages are right. ``damaged`` says so to the ledger, which has it made again (``remaking``).
"""

import logging
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from msgspec.json import encode

from risk_service.adapters.background import give_way, in_turns, trying
from risk_service.adapters.sqlite.connection import connect, transaction
from risk_service.adapters.sqlite.damage import DamageWatch
from risk_service.adapters.sqlite.generation import CellRow, Generation, Reached
from risk_service.adapters.sqlite.schema import LIMIT_COUNTERS, migrate
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.used import Cells

FILE_NAME = "limit_counters.sqlite3"
# Cells that are written together; a generation of them takes about five megabytes.
BATCH_CELLS = 8_192
# While so many cells are put together nobody else has the interpreter.
CELLS_AT_ONCE = 512
PAUSE_S = 0.001
CHECKPOINT_PAGES = 4_096
RETRY_S = 5.0

log = logging.getLogger(__name__)

_EMPTY = (0, 0)

# All values as one: a statement has one text for any number of them, and a batch does not
# take the interpreter from the ledger's thread and give it back once per row.
_SOME = (
    "SELECT counter, cell_us, confirmed, held FROM json_each(?) AS asked "
    "CROSS JOIN limit_cells ON counter = asked.value WHERE cell_us > ?"
)
# Between the separator, which is 31, and what comes after it.
_OWNERS = (
    "SELECT DISTINCT asked.value FROM json_each(?) AS asked CROSS JOIN limit_cells "
    "ON counter >= asked.value || char(31) AND counter < asked.value || char(32)"
)
_OWNED = (
    "SELECT counter, cell_us, confirmed, held FROM limit_cells WHERE counter >= ? AND counter < ?"
)
_ROWS = "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)"
# In the order of the keys: neighbours share a page. Of one cell the last row comes last.
_PUT = (
    f"INSERT INTO limit_cells {_ROWS} WHERE true ORDER BY 1, 2, key ON CONFLICT DO UPDATE SET "
    "confirmed = excluded.confirmed, held = excluded.held"
)
_SUMS = (
    "CREATE TEMP TABLE sums (counter TEXT, cell_us INTEGER, confirmed INTEGER, held INTEGER, "
    "PRIMARY KEY (counter, cell_us)) WITHOUT ROWID"
)
_ADD = (
    f"INSERT INTO sums {_ROWS} WHERE true ORDER BY 1, 2 ON CONFLICT DO UPDATE SET "
    "confirmed = confirmed + excluded.confirmed, held = held + excluded.held"
)
_DROP = (
    "DELETE FROM limit_cells WHERE NOT (confirmed OR held) AND (counter, cell_us) IN "
    "(SELECT value ->> 0, value ->> 1 FROM json_each(?))"
)
_REACH = "UPDATE reached SET seq = ?, mark = ?"


class Counters:
    """Cells of all counters.

    Parameters
    ----------
    directory
        Where the file lies, beside the log.
    """

    @property
    def damaged(self) -> bool:
        """Tell whether the file cannot be trusted any more."""
        return self._damage_watch.damaged

    def __init__(self, directory: Path) -> None:
        path = directory / FILE_NAME
        self._damage_watch = DamageWatch(FILE_NAME)
        self._reader = connect(path, "FULL")
        migrate(self._reader, str(path), LIMIT_COUNTERS)
        # FULL: the log forgets a row only when the file has it for certain.
        self._writer = in_turns(connect(path, "FULL"))
        self._writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self.reached = Reached(*self._reader.execute("SELECT seq, mark FROM reached").fetchone())
        self._young = Generation()
        self._old = Generation()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name="counters", daemon=True)
        self._thread.start()

    def add(self, reached: Reached, rows: Sequence[CellRow]) -> None:
        """Take what a row of the log says; rows come in their order."""
        self._young.put(rows)
        self._young.reached = reached
        if len(self._young.rows) >= BATCH_CELLS and not self._old.rows:
            self._begin_batch()
            self._wake.set()

    def read(self, counters: Collection[str], since_us: int) -> dict[str, Cells]:
        """Return (confirmed, held) by cell of counters, at least of all cells after a time."""
        generations = self._old, self._young
        found: dict[str, Cells] = {counter: {} for counter in counters}
        with self._damage_watch:
            for counter, cell_us, confirmed, held in self._reader.execute(
                _SOME, (_text(list(found)), since_us)
            ):
                found[counter][cell_us] = (confirmed, held)
        for generation in generations:
            for counter, newer in generation.cells(found).items():
                found[counter].update(newer)
        return found

    def cell(self, counter: str, cell_us: int) -> tuple[int, int]:
        """Return one cell."""
        for generation in (self._young, self._old):
            known = generation.cells([counter]).get(counter, {}).get(cell_us)
            if known is not None:
                return known
        sql = "SELECT confirmed, held FROM limit_cells WHERE counter = ? AND cell_us = ?"
        with self._damage_watch:
            cell: tuple[int, int] | None = self._reader.execute(sql, (counter, cell_us)).fetchone()
        return cell or _EMPTY

    def owned(self, owner: str) -> dict[str, Cells]:
        """Return all cells of the counters whose key begins with ``owner`` and a separator."""
        generations = self._old, self._young
        found: dict[str, Cells] = {}
        bounds = owner + SEPARATOR, owner + chr(ord(SEPARATOR) + 1)
        with self._damage_watch:
            for counter, cell_us, confirmed, held in self._reader.execute(_OWNED, bounds):
                found.setdefault(counter, {})[cell_us] = (confirmed, held)
        for generation in generations:
            for counter, newer in generation.cells(generation.owned(owner)).items():
                found.setdefault(counter, {}).update(newer)
        return found

    def owners_of_some(self, owners: Sequence[str]) -> set[str]:
        """Return those owners that have counters."""
        generations = self._old, self._young
        with self._damage_watch:
            found = {owner for (owner,) in self._reader.execute(_OWNERS, (_text(owners),))}
        for generation in generations:
            found.update([owner for owner in owners if generation.owned(owner)])
        return found

    def all_cells(self) -> Iterator[CellRow]:
        """Yield (counter, cell, confirmed, held) of every cell; writes what is in memory first."""
        sql = "SELECT counter, cell_us, confirmed, held FROM limit_cells"
        with self._damage_watch:
            self.settle()
            yield from self._reader.execute(sql)

    def remake(self, batches: Iterable[Sequence[CellRow]], reached: Reached) -> None:
        """Replace all cells by the sums of some, which are all that lies before a row of the log.

        Raises
        ------
        sqlite3.DatabaseError
            The file cannot be written; it is as it was.
        """
        with self._writing, transaction(self._writer):
            # Apart from the table, whose cells are never below nothing: a sum may be on its way.
            self._writer.execute(_SUMS)
            for batch in batches:
                self._writer.execute(_ADD, (_text(batch),))
            self._writer.execute("DELETE FROM limit_cells")
            self._writer.execute(
                "INSERT INTO limit_cells SELECT * FROM sums WHERE confirmed OR held"
            )
            self._writer.execute("DROP TABLE sums")
            self._writer.execute(_REACH, reached)
        self.reached = reached

    def settle(self) -> None:
        """Write everything that is in memory."""
        self._write_batch()
        self._begin_batch()
        self._write_batch()

    def close(self) -> None:
        """Stop the thread, write what is in memory and close the file.

        A damaged file is left as it is.
        """
        self._stop.set()
        self._wake.set()
        self._thread.join()
        try:
            if not self.damaged:
                self.settle()
        except sqlite3.DatabaseError as error:
            # The log has it: it is read again at the next start.
            log.warning("counters_not_written", extra={"error_type": type(error).__name__})
        self._reader.close()
        self._writer.close()

    def _begin_batch(self) -> None:
        if not self._old.rows:
            self._old, self._young = self._young, Generation()

    def _write_batch(self) -> None:
        """Write what was set aside. A failure leaves it for the next call."""
        with self._writing:
            old = self._old
            if not old.rows:
                return
            rows, empty = self._put_together(old.rows)
            with transaction(self._writer):
                self._writer.execute(_PUT, (rows,))
                self._writer.execute(_DROP, (empty,))
                self._writer.execute(_REACH, old.reached)
            self.reached = old.reached
            self._old = Generation()

    def _put_together(self, rows: Sequence[CellRow]) -> tuple[str, str]:
        """Return all rows, and the cells of the empty ones, as one text each.

        Orders wait for the interpreter while this thread has it: so it gives way after every
        slice. Which row of a cell is the last SQLite finds out without it.
        """
        texts, empty = [], []
        for first in range(0, len(rows), CELLS_AT_ONCE):
            some = rows[first : first + CELLS_AT_ONCE]
            texts.append(encode(some)[1:-1])
            empty += [row[:2] for row in some if not (row[2] or row[3])]
            self._stop.wait(PAUSE_S)
        return f"[{b','.join(texts).decode()}]", _text(empty)

    def _keep_writing(self) -> None:
        give_way(self._stop)
        while not (self._stop.is_set() or self.damaged):
            self._wake.wait(RETRY_S)
            self._wake.clear()
            # Memory has the cells and the log too; to a damaged file the ledger sees.
            with trying("counters_not_written"):
                try:
                    self._write_batch()
                except sqlite3.DatabaseError as error:
                    self._damage_watch.notes(error)
                    raise


def _text(values: Sequence[object]) -> str:
    return encode(values).decode()
