"""The rows of the ledger: read through small caches, written as one draft.

One process writes, so what was read or written last is what the file has. What the counters
come to after a commit is one row of ``ledger_changes``, from which they get to their own file.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from risk_service.adapters.sqlite.changes import Changes
from risk_service.adapters.sqlite.counters import CellRow
from risk_service.adapters.sqlite.counters_opened import opened_counters
from risk_service.domain.positional import reader
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.draft import OF_CLUSTER, Draft
from risk_service.limits.pruning import CARRIED, is_empty
from risk_service.limits.reservation import Reservation
from risk_service.limits.used import NEVER_US, Cells

COUNTERS_CACHED_MAX = 100_000
# A counter with more cells is read again: most of them have left its window.
CELLS_CACHED_MAX = 1_024
ROOTS_CACHED_MAX = 200_000
IDLE_CACHED_MAX = 200_000
ROW_BYTES = 300

_encode = msgspec.msgpack.Encoder().encode
_decode = reader(Reservation)

# One text for any number of values: SQLite keeps it prepared, and it costs no more per value.
_SOME_ROOTS = (
    "SELECT account, limit_roots.root FROM json_each(?) AS asked CROSS JOIN limit_roots "
    "ON account = asked.value"
)
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

_EMPTY = (0, 0)
_UNKNOWN: tuple[int, Cells] = (NEVER_US, {})


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
        self._db = db
        # Of each counter the cells after a time, all of them; those before were left out.
        self._cells: OrderedDict[str, tuple[int, Cells]] = OrderedDict()
        self._roots: OrderedDict[str, str] = OrderedDict()
        # Clusters that have no counter at all: most members never ask for anything limited.
        self._idle: OrderedDict[str, None] = OrderedDict()
        # Nothing is due before; lower than right at most.
        self._due_us = 0
        self._fetched: dict[str, Reservation | None] = {}
        self._wrote: list[CellRow] = []
        self._changes = Changes(db)
        self._counters = opened_counters(
            directory, self._changes, self.all_reservations, Draft(self).pinned
        )

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
        return _decode(row[0]) if row else None

    def fetch(self, reservation_ids: Sequence[str]) -> None:
        """Read the reservations of a group at once; kept until the next ``fetch``."""
        rows = self._db.execute(_SOME_RESERVATIONS, (_text(reservation_ids),))
        found = {key: _decode(record) for key, record in rows}
        self._fetched = {key: found.get(key) for key in reservation_ids}

    def cells(self, counter: str, since_us: int) -> Cells:
        """Return (confirmed, held) by cell, at least of all cells after a time.

        Time never goes back, so what was left out once is not asked for again.
        """
        known = self._cells.get(counter)
        if known is not None:
            return known[1]
        cells = self._counters.read([counter], since_us)[counter]
        self._remember(counter, since_us, cells)
        return cells

    def fetch_cells(self, counters: Mapping[int, Collection[str]]) -> None:
        """Read the cells of counters that are not known yet at once, by the time since when."""
        for since_us, all_of_them in counters.items():
            missing = [counter for counter in all_of_them if counter not in self._cells]
            if not missing:
                continue
            for counter, cells in self._counters.read(missing, since_us).items():
                self._remember(counter, since_us, cells)

    def fetch_clusters(self, members: Iterable[Sequence[str]]) -> None:
        """Read at once which accounts are counted under others, and which never used anything.

        Parameters
        ----------
        members
            Of each cluster the accounts, the one first that names it.
        """
        clusters = [names for names in members if names]
        roots = self._roots
        missing = list({name for names in clusters for name in names if name not in roots})
        if missing:
            found = dict(self._db.execute(_SOME_ROOTS, (_text(missing),)).fetchall())
            for account in missing:
                self._remember_root(account, found.get(account, account))
        owners = {
            OF_CLUSTER + roots.get(name, name)
            for names in clusters
            for name in names[1:]
            if roots.get(name, name) != roots.get(names[0], names[0])
        }
        unknown = [owner for owner in owners if owner not in self._idle]
        if unknown:
            used = self._counters.owners_of_some(unknown)
            for owner in unknown:
                if owner not in used:
                    self._remember_idle(owner)

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return all cells of the counters whose key begins with ``owner`` and a separator."""
        return {} if owner in self._idle else self._counters.owned(owner)

    def root(self, account: str) -> str:
        """Return the account that an account's cluster is counted under since it merged."""
        root = self._roots.get(account)
        if root is None:
            row = self._db.execute(
                "SELECT root FROM limit_roots WHERE account = ?", (account,)
            ).fetchone()
            root = row[0] if row else account
            self._remember_root(account, root)
        return root

    def expiring(self, now_us: int, at_most: int) -> list[Reservation]:
        """Return what is due to expire, the oldest first."""
        if now_us < self._due_us:
            return []
        rows = self._db.execute(_EXPIRING, (now_us, at_most)).fetchall()
        if not rows:
            first: int | None = self._db.execute(_FIRST_DUE).fetchone()[0]
            self._due_us = NEVER_US if first is None else first
        due = [_decode(record) for (record,) in rows]
        # Known now: whoever ends them asks for what they were.
        self._fetched.update({one.reservation_id: one for one in due})
        return due

    def over(self, behind: int, at_most: int) -> list[tuple[int, Reservation]]:
        """Return row number and row of some reservations that hold nothing, the oldest first."""
        bounds = CARRIED, CARRIED + chr(0x10FFFF)
        rows = self._db.execute(_OVER, (behind, *bounds, at_most)).fetchall()
        return [(number, _decode(record)) for number, record in rows]

    def all_reservations(self) -> Iterator[Reservation]:
        """Yield every reservation of the ledger."""
        for (record,) in self._db.execute("SELECT record FROM reservations"):
            yield _decode(record)

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
        db.executemany(_PUT, rows)
        if gone:
            db.executemany("DELETE FROM reservations WHERE reservation_id = ?", gone)
        if draft.roots:
            db.executemany("INSERT OR REPLACE INTO limit_roots VALUES (?, ?)", draft.roots.items())
        size = self.write_cells(db, self._absolute(draft), now_us)
        return size + sum([len(row[3]) for row in rows]) + ROW_BYTES * len(rows)

    def write_cells(self, db: sqlite3.Connection, cells: list[CellRow], now_us: int) -> int:
        """Append what some cells are from now on to the log; return how many bytes."""
        self._wrote = cells
        return self._changes.append(db, cells, now_us, self._counters.reached.seq)

    def written(self, draft: Draft) -> None:
        """Let the caches follow the draft that was written last and is durable."""
        self._counters.add(self._changes.appended(), self._wrote)
        for counter, cell_us, confirmed, held in self._wrote:
            if counter.startswith(OF_CLUSTER):
                self._idle.pop(counter.partition(SEPARATOR)[0], None)
            known = self._cells.get(counter)
            if known is not None:
                known[1][cell_us] = (confirmed, held)
                if len(known[1]) > CELLS_CACHED_MAX:
                    del self._cells[counter]
        self._roots.update(draft.roots)
        self._fetched = {}

    def close(self) -> None:
        """Close the counters' file; the log is its owner's."""
        self._counters.close()

    def forget(self) -> None:
        """Empty the caches."""
        self._cells.clear()
        self._roots.clear()
        self._idle.clear()
        self._fetched = {}

    def _absolute(self, draft: Draft) -> list[CellRow]:
        """Return the cells of a draft as they will be."""
        rows: list[CellRow] = []
        cached = self._cells
        for counter, more in draft.cells.items():
            since_us, cells = cached.get(counter, _UNKNOWN)
            for cell_us, (confirmed, held) in more.items():
                before = cells.get(cell_us)
                if before is None:
                    # Of a rolling window the cache may lack cells that had left it.
                    is_new = cell_us > since_us
                    before = _EMPTY if is_new else self._counters.cell(counter, cell_us)
                confirmed += before[0]
                held += before[1]
                if confirmed < 0 or held < 0:
                    raise ValueError(f"a counter would fall below nothing: {counter!r}")
                rows.append((counter, cell_us, confirmed, held))
        return rows

    def _remember_root(self, account: str, root: str) -> None:
        self._roots[account] = root
        if len(self._roots) > ROOTS_CACHED_MAX:
            self._roots.popitem(last=False)

    def _remember_idle(self, owner: str) -> None:
        self._idle[owner] = None
        if len(self._idle) > IDLE_CACHED_MAX:
            self._idle.popitem(last=False)

    def _remember(self, counter: str, since_us: int, cells: Cells) -> None:
        self._cells[counter] = since_us, cells
        if len(self._cells) > COUNTERS_CACHED_MAX:
            self._cells.popitem(last=False)


def _text(keys: Sequence[str]) -> str:
    return msgspec.json.encode(keys).decode()
