"""What commits of the embedded ledger made of counters, until the counters' own file has it."""

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from risk_service.adapters.sqlite.generation import CellRow, Reached, mark_of

# Rows that a commit deletes, of those that the counters' file has: more than it adds.
FORGOTTEN_PER_COMMIT = 4

_ENDS = "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM ledger_changes"


class _Change(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One commit: the ledger's time, and cells as they are from then on."""

    now_us: int
    cells: list[CellRow]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Change).decode


class Changes:
    """Rows of ``ledger_changes``, one per commit. Used by the ledger's thread."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._first, self._last = db.execute(_ENDS).fetchone()
        self._next_first = self._first
        self._appended = Reached(self._last, b"")

    def append(
        self, db: sqlite3.Connection, cells: Sequence[CellRow], now_us: int, in_file: int
    ) -> int:
        """Append what some cells are from now on inside a transaction; return how many bytes.

        Parameters
        ----------
        in_file
            The row that the counters' file has reached; what lies before is forgotten.
        """
        record = _encode((now_us, cells))
        self._appended = Reached(self._last + 1, mark_of(record))
        db.execute("INSERT INTO ledger_changes VALUES (?, ?)", (self._appended.seq, record))
        # The row itself stays: it tells that file and log belong together.
        self._next_first = max(min(self._first + FORGOTTEN_PER_COMMIT, in_file), self._first)
        if self._next_first > self._first:
            db.execute("DELETE FROM ledger_changes WHERE seq < ?", (self._next_first,))
        return len(record)

    def appended(self) -> Reached:
        """Return the row that was appended last; called when it is durable."""
        self._first, self._last = self._next_first, self._appended.seq
        return self._appended

    def last(self) -> Reached:
        """Return the last row, of seq 0 when there is none."""
        return self._row(self._last) or Reached(0, b"")

    def has(self, reached: Reached) -> bool:
        """Tell whether the log goes on from a row that the counters' file has reached."""
        return self._row(reached.seq) == reached

    def after(self, seq: int) -> Iterator[tuple[Reached, list[CellRow]]]:
        """Yield the rows after one, in their order."""
        sql = "SELECT seq, record FROM ledger_changes WHERE seq > ? ORDER BY seq"
        for number, record in self._db.execute(sql, (seq,)):
            yield Reached(number, mark_of(record)), _decode(record).cells

    def last_us(self) -> int:
        """Return the time of the last row, 0 when there is none."""
        row = self._record(self._last)
        return _decode(row).now_us if row else 0

    def _row(self, seq: int) -> Reached | None:
        record = self._record(seq)
        return None if record is None else Reached(seq, mark_of(record))

    def _record(self, seq: int) -> bytes | None:
        sql = "SELECT record FROM ledger_changes WHERE seq = ?"
        row: tuple[bytes] | None = self._db.execute(sql, (seq,)).fetchone()
        return row[0] if row else None
