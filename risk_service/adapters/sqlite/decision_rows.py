"""The log of decisions as it lies in the file: some records of a group to a row.

A row is a MessagePack array of up to eight records, each by position. The place of a record
is ``seq``, which rises from record to record and has gaps: its row is ``seq // 8``, its place
in the row ``seq % 8``. A row for each record costs a statement and a B-tree cell per order
before its answer leaves; one row for all of a group would have to be read as a whole for one.

A service of before wrote a row per record, with field names, into ``decisions``, numbered
from 1. Those stay where they are and are read here; the first row of ours comes after them.
"""

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from risk_service.adapters.sqlite.connection import marks
from risk_service.domain.decision import Challenge, DecisionRecord
from risk_service.domain.positional import Positional, reader

RECORDS_PER_ROW = 8
# Version of the schema from which on there are rows of several records.
_SINCE_VERSION = 5

_encode = msgspec.msgpack.Encoder().encode
_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

record_of = reader(DecisionRecord)
Packed = msgspec.Raw | bytes


class DecisionKeys(Positional, frozen=True, kw_only=True, gc=False):
    """A decision up to its challenge; what lies between its keys is passed over."""

    decision_id: str
    request_id: str
    order_id: str
    number: int
    outcome: msgspec.Raw
    scores: msgspec.Raw
    reasons: msgspec.Raw
    versions: msgspec.Raw
    mode: msgspec.Raw
    decided_at_us: int
    challenge: Challenge | None = None


class _KeysPart(Positional, frozen=True, gc=False):
    decision: DecisionKeys


_keys_part = reader(_KeysPart)


def keys_of(record: Packed) -> DecisionKeys:
    """Return the keys of a stored record."""
    return _keys_part(record).decision


class DecisionRows:
    """Reads the log of decisions, and adds to it.

    Parameters
    ----------
    db
        The file of the log; one that no service of now has opened yet can be read as well.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        self._grouped = version >= _SINCE_VERSION
        # The last record with a row of its own.
        self._single: int = _one(db, "SELECT coalesce(max(seq), 0) FROM decisions")

    def write(self, seqs: Sequence[int], records: Sequence[DecisionRecord]) -> int:
        """Write a group inside a transaction and return how many bytes it takes."""
        rows = [
            (seqs[at] // RECORDS_PER_ROW, _encode(records[at : at + RECORDS_PER_ROW]))
            for at in range(0, len(records), RECORDS_PER_ROW)
        ]
        self._db.executemany("INSERT INTO decision_rows VALUES (?, ?)", rows)
        return sum([len(row[1]) for row in rows])

    def at(self, seqs: Sequence[int]) -> dict[int, Packed]:
        """Return the records at these places, absent ones left out."""
        found: dict[int, Packed] = {}
        rows = list({seq // RECORDS_PER_ROW for seq in seqs if seq > self._single})
        if rows:
            wanted = set(seqs)
            sql = f"SELECT row, records FROM decision_rows WHERE row IN ({marks(rows)})"  # noqa: S608 - question marks only
            for row in self._db.execute(sql, rows):
                found.update([one for one in numbered(*row) if one[0] in wanted])
        single = [seq for seq in seqs if seq <= self._single]
        if single:
            sql = f"SELECT seq, record FROM decisions WHERE seq IN ({marks(single)})"  # noqa: S608 - question marks only
            found.update(self._db.execute(sql, single).fetchall())
        return found

    def after(self, seq: int) -> Iterator[tuple[int, Packed]]:
        """Yield place and record of all that follow a place, in their order."""
        if seq < self._single:
            sql = "SELECT seq, record FROM decisions WHERE seq > ? ORDER BY seq"
            yield from self._db.execute(sql, (seq,))
        if not self._grouped:
            return
        sql = "SELECT row, records FROM decision_rows WHERE row >= ? ORDER BY row"
        for row in self._db.execute(sql, (seq // RECORDS_PER_ROW,)):
            for place, record in numbered(*row):
                if place > seq:
                    yield place, record

    def end(self) -> int:
        """Return a place that no record is behind, 0 when there is none."""
        if self._grouped:
            last = _one(self._db, "SELECT coalesce(max(row), 0) FROM decision_rows")
            if last:
                return last * RECORDS_PER_ROW + RECORDS_PER_ROW - 1
        return self._single


def next_places(last: int, count: int) -> list[int]:
    """Return the places of so many new records after the last one of the log."""
    first = (last // RECORDS_PER_ROW + 1) * RECORDS_PER_ROW
    return list(range(first, first + count))


def numbered(row: int, records: bytes) -> Iterator[tuple[int, Packed]]:
    """Yield place and record of all records in a row of the file."""
    return enumerate(_split(records), row * RECORDS_PER_ROW)


def _one(db: sqlite3.Connection, sql: str) -> int:
    number: int = db.execute(sql).fetchone()[0]
    return number
