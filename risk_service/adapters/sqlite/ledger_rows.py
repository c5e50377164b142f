"""The rows of the ledger: read through small caches, written as one draft.

One process writes, so what was read or written last is what the file has.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence

import msgspec

from risk_service.adapters.sqlite.connection import marks
from risk_service.domain.reservation import ReservationState
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.draft import Cells, Draft
from risk_service.limits.reservation import Reservation

COUNTERS_CACHED_MAX = 100_000
# A counter with more cells is read again: most of them have left its window.
CELLS_CACHED_MAX = 1_024
ROOTS_CACHED_MAX = 200_000
ROW_BYTES = 300
VARIABLES_MAX = 500

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Reservation).decode

_CELLS = "SELECT cell_us, confirmed, held FROM limit_cells WHERE counter = ? AND cell_us > ?"
_OWNED = (
    "SELECT counter, cell_us, confirmed, held FROM limit_cells WHERE counter >= ? AND counter < ?"
)
_PUT = (
    "INSERT INTO reservations VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "state = excluded.state, expires_at_us = excluded.expires_at_us, record = excluded.record"
)
_PUT_CELL = (
    "INSERT INTO limit_cells VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "confirmed = excluded.confirmed, held = excluded.held"
)
_EXPIRING = (
    "SELECT record FROM reservations WHERE expires_at_us > 0 AND expires_at_us <= ? "
    "ORDER BY expires_at_us LIMIT ?"
)

CellRow = tuple[str, int, int, int]
_EMPTY = (0, 0)
ALL_CELLS = -1


class LedgerRows:
    """Implements ``limits.draft.Base`` over the tables of the ledger."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        # Of each counter the cells after a time, all of them; those before were left out.
        self._cells: OrderedDict[str, tuple[int, Cells]] = OrderedDict()
        self._roots: OrderedDict[str, str] = OrderedDict()
        self._fetched: dict[str, Reservation | None] = {}
        self._wrote: list[CellRow] = []

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
        sql = f"SELECT reservation_id, record FROM reservations WHERE reservation_id IN ({marks(reservation_ids)})"  # noqa: S608, E501 - question marks only
        found = {key: _decode(record) for key, record in self._db.execute(sql, reservation_ids)}
        self._fetched = {key: found.get(key) for key in reservation_ids}

    def cells(self, counter: str, since_us: int) -> Cells:
        """Return (confirmed, held) by cell, at least of all cells after a time.

        Time never goes back, so what was left out once is not asked for again.
        """
        known = self._cells.get(counter)
        if known is not None:
            self._cells.move_to_end(counter)
            return known[1]
        rows = self._db.execute(_CELLS, (counter, since_us))
        cells = {cell_us: (confirmed, held) for cell_us, confirmed, held in rows}
        self._remember(counter, since_us, cells)
        return cells

    def fetch_cells(self, counters: Collection[str]) -> None:
        """Read the cells of counters that are not known yet at once; for those of one cell."""
        missing = [counter for counter in counters if counter not in self._cells]
        for start in range(0, len(missing), VARIABLES_MAX):
            some = missing[start : start + VARIABLES_MAX]
            cells: dict[str, Cells] = {counter: {} for counter in some}
            sql = f"SELECT counter, cell_us, confirmed, held FROM limit_cells WHERE counter IN ({marks(some)})"  # noqa: S608, E501 - question marks only
            for counter, cell_us, confirmed, held in self._db.execute(sql, some):
                cells[counter][cell_us] = (confirmed, held)
            for counter in some:
                self._remember(counter, ALL_CELLS, cells[counter])

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return all cells of the counters whose key begins with ``owner`` and a separator."""
        found: dict[str, Cells] = {}
        bounds = owner + SEPARATOR, owner + chr(ord(SEPARATOR) + 1)
        for counter, cell_us, confirmed, held in self._db.execute(_OWNED, bounds):
            found.setdefault(counter, {})[cell_us] = (confirmed, held)
        return found

    def root(self, account: str) -> str:
        """Return the account that an account's cluster is counted under since it merged."""
        root = self._roots.get(account)
        if root is None:
            row = self._db.execute(
                "SELECT root FROM limit_roots WHERE account = ?", (account,)
            ).fetchone()
            root = self._roots[account] = row[0] if row else account
            if len(self._roots) > ROOTS_CACHED_MAX:
                self._roots.popitem(last=False)
        return root

    def expiring(self, now_us: int, at_most: int) -> list[Reservation]:
        """Return what is due to expire, the oldest first."""
        rows = self._db.execute(_EXPIRING, (now_us, at_most)).fetchall()
        return [_decode(record) for (record,) in rows]

    def all_reservations(self) -> Iterator[Reservation]:
        """Yield every reservation of the ledger."""
        for (record,) in self._db.execute("SELECT record FROM reservations"):
            yield _decode(record)

    def all_cells(self) -> Iterator[CellRow]:
        """Yield (counter, cell, confirmed, held) of every cell."""
        sql = "SELECT counter, cell_us, confirmed, held FROM limit_cells"
        yield from self._db.execute(sql)

    def last_us(self) -> int:
        """Return the greatest time that the ledger was written at."""
        last: int = self._db.execute("SELECT now_us FROM ledger_clock").fetchone()[0]
        return last

    def write(self, db: sqlite3.Connection, draft: Draft, now_us: int) -> int:
        """Write a draft inside a transaction and return about how many bytes."""
        kept = [row for row in draft.changed.values() if not _is_nothing(row)]
        gone = [(key,) for key, row in draft.changed.items() if _is_nothing(row)]
        rows = [
            (row.reservation_id, int(row.state), row.expires_at_us, _encode(row)) for row in kept
        ]
        cells = self._wrote = self._absolute(draft)
        db.executemany(_PUT, rows)
        db.executemany(_PUT_CELL, [row for row in cells if row[2] or row[3]])
        empty = [row[:2] for row in cells if not (row[2] or row[3])]
        if empty:
            db.executemany("DELETE FROM limit_cells WHERE counter = ? AND cell_us = ?", empty)
        if gone:
            db.executemany("DELETE FROM reservations WHERE reservation_id = ?", gone)
        if draft.roots:
            db.executemany("INSERT OR REPLACE INTO limit_roots VALUES (?, ?)", draft.roots.items())
        db.execute("UPDATE ledger_clock SET now_us = ?", (now_us,))
        return sum([len(row[3]) for row in rows]) + ROW_BYTES * (len(rows) + len(cells))

    def written(self, draft: Draft) -> None:
        """Let the caches follow the draft that was written last and is durable."""
        for counter, cell_us, confirmed, held in self._wrote:
            known = self._cells.get(counter)
            if known is None:
                continue
            known[1][cell_us] = (confirmed, held)
            if len(known[1]) > CELLS_CACHED_MAX:
                del self._cells[counter]
        self._roots.update(draft.roots)
        self._fetched = {}

    def forget(self) -> None:
        """Empty the caches."""
        self._cells.clear()
        self._roots.clear()
        self._fetched = {}

    def _absolute(self, draft: Draft) -> list[CellRow]:
        """Return the cells of a draft as they will be."""
        rows: list[CellRow] = []
        for (counter, cell_us), (confirmed, held) in draft.cells.items():
            before = self._cell(counter, cell_us)
            rows.append((counter, cell_us, before[0] + confirmed, before[1] + held))
        return rows

    def _cell(self, counter: str, cell_us: int) -> tuple[int, int]:
        """Return one cell; of a rolling window the cache may lack those that had left it."""
        known = self._cells.get(counter)
        if known is not None and (cell_us > known[0] or cell_us in known[1]):
            return known[1].get(cell_us, _EMPTY)
        sql = "SELECT confirmed, held FROM limit_cells WHERE counter = ? AND cell_us = ?"
        cell: tuple[int, int] | None = self._db.execute(sql, (counter, cell_us)).fetchone()
        return cell or _EMPTY

    def _remember(self, counter: str, since_us: int, cells: Cells) -> None:
        self._cells[counter] = since_us, cells
        if len(self._cells) > COUNTERS_CACHED_MAX:
            self._cells.popitem(last=False)


def _is_nothing(row: Reservation) -> bool:
    """Tell whether a row says nothing any more: a refusal that was kept long enough."""
    return row.state is ReservationState.NONE and row.refused is None and not row.kept
