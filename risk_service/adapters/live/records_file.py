"""Packed records in a SQLite file of their own, with the place in the log they have reached.

The file is a cache of the log: it may be lost, it is never ahead of the log. A key is
stored as 16 bytes of its hash: among 10^9 records two share one with a chance of 10^-20.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.json import encode

from risk_service.adapters.background import in_turns
from risk_service.adapters.sqlite.connection import connect, marks, transaction
from risk_service.adapters.sqlite.schema import FileKind, migrate

FILE_NAME = "windows.sqlite3"
CHECKPOINT_PAGES = 128
# SQLite takes far more question marks; a group of orders rarely asks for so many.
KEYS_PER_QUERY = 500
KEY_BYTES = 16
# What is put together of so many rows keeps the interpreter for a fraction of a millisecond.
ROWS_PER_STATEMENT = 512
# A flush of the log waits for what the disk is told at once: so many rows are some 200 pages.
ROWS_PER_TRANSACTION = 2048
# Keys and records one after the other, and where each begins: one value for any number of rows,
# since a statement per row would take the interpreter from the loop's thread for each.
_PUT = (
    f"INSERT OR REPLACE INTO records SELECT substr(?1, value ->> 0, {KEY_BYTES}), "  # noqa: S608 - our own number
    f"value ->> 1, substr(?1, (value ->> 0) + {KEY_BYTES}, value ->> 2) FROM json_each(?2)"
)
_SEE = (
    "SELECT max(key), count(*), coalesce(sum(expires_us <= ?), 0) FROM "
    "(SELECT key, expires_us FROM records WHERE key > ? ORDER BY key LIMIT ?)"
)

WINDOW_RECORDS = FileKind(
    name="window store",
    application_id=0x50524D57,  # "PRMW"
    steps=(
        """
        CREATE TABLE records (
            key BLOB PRIMARY KEY, expires_us INTEGER NOT NULL, record BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE reached (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            plans TEXT NOT NULL,
            seq INTEGER NOT NULL,
            event_us INTEGER NOT NULL,
            marks TEXT NOT NULL
        ) STRICT;
        """,
    ),
)


# A key group, and the key of a record in it.
RecordKey = tuple[int, str]


def _no_rest() -> None:
    """Go on at once."""


class Reached(NamedTuple):
    """How far the records of the file have come.

    ``plans`` is the declaration's version. Every attempt up to row ``seq`` and every event
    up to ``event_us`` counts in its records; some records are further on, each says how
    far. ``marks`` name rows that the log must have for the file to be of this log.
    """

    plans: str
    seq: int
    event_us: int
    marks: str


class Row(NamedTuple):
    """One record as it is written."""

    key: bytes
    expires_us: int
    record: bytes


def key_of(group: int, key: str) -> bytes:
    """Return the stored key of a record."""
    return blake2b(b"%d|" % group + key.encode(), digest_size=KEY_BYTES).digest()


class RecordsFile:
    """Reads for one thread, writes for another. Implements ``rebuild.Sink``.

    Parameters
    ----------
    directory
        Where the file lies, beside the log.
    """

    by_name = False

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        path = directory / FILE_NAME
        self._reader = connect(path, "NORMAL")
        migrate(self._reader, str(path), WINDOW_RECORDS)
        self._writer = in_turns(connect(path, "NORMAL"))
        # Off the answer's path: here a checkpoint may come along.
        self._writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self._swept = b""

    @staticmethod
    def remove(directory: Path) -> None:
        """Delete the file; the log makes it again."""
        for suffix in ("-wal", "-shm", ""):
            (directory / (FILE_NAME + suffix)).unlink(missing_ok=True)

    def condemn(self) -> None:
        """Let the next start find no file; what is open stays so until ``close``."""
        self.remove(self._directory)

    def reached(self) -> Reached | None:
        """Return how far the file has come, or None for an empty one; for those who write."""
        row = self._writer.execute("SELECT plans, seq, event_us, marks FROM reached").fetchone()
        return Reached(*row) if row else None

    def load(self, keys: Iterable[RecordKey]) -> dict[RecordKey, bytes]:
        """Return the packed records of these keys, absent ones left out."""
        hashed = {key_of(*key): key for key in keys}
        found: dict[RecordKey, bytes] = {}
        asked = list(hashed)
        for start in range(0, len(asked), KEYS_PER_QUERY):
            part = asked[start : start + KEYS_PER_QUERY]
            sql = f"SELECT key, record FROM records WHERE key IN ({marks(part)})"  # noqa: S608 - question marks only
            found.update({hashed[key]: record for key, record in self._reader.execute(sql, part)})
        return found

    def write(
        self, rows: Sequence[Row], reached: Reached, rest: Callable[[], object] = _no_rest
    ) -> None:
        """Write records and how far they have come, with a rest behind every transaction.

        When not all of them succeed, some records are ahead of what is noted as reached, as
        others may be anyway; the rows of the log that they rest on are noted first.
        """
        before = self.reached()
        if before is not None:
            marks_of_both = {*before.marks.split(), *reached.marks.split()}
            self._note(before._replace(marks=" ".join(sorted(marks_of_both))))
        # In the order of the keys: neighbours share a page, and a page is written once. Found
        # without the interpreter, which sorting so many rows would keep for a tenth of a second.
        keys = np.frombuffer(b"".join([row.key for row in rows]), ">u8")[::2]
        order = np.argsort(keys.astype(np.uint64)).tolist()
        for start in range(0, len(order), ROWS_PER_TRANSACTION):
            some = order[start : start + ROWS_PER_TRANSACTION]
            with transaction(self._writer):
                for first in range(0, len(some), ROWS_PER_STATEMENT):
                    places = some[first : first + ROWS_PER_STATEMENT]
                    self._writer.execute(_PUT, _joined([rows[place] for place in places]))
            rest()
        self._note(reached)

    def _note(self, reached: Reached) -> None:
        with transaction(self._writer):
            self._writer.execute("INSERT OR REPLACE INTO reached VALUES (1, ?, ?, ?, ?)", reached)

    def fill(self, rows: Iterable[Row], _names: Mapping[bytes, RecordKey]) -> None:
        """Add records to a file that is being made; until ``write`` it has reached nothing."""
        with transaction(self._writer):
            self._writer.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)

    def sweep(self, now_us: int, rows: int) -> int:
        """Delete expired records among the next rows of an endless round; return how many."""
        last, seen, expired = self._writer.execute(_SEE, (now_us, self._swept, rows)).fetchone()
        if expired:
            sql = "DELETE FROM records WHERE key > ? AND key <= ? AND expires_us <= ?"
            with transaction(self._writer):
                self._writer.execute(sql, (self._swept, last, now_us))
        self._swept = last if seen == rows else b""
        return int(expired)

    def figures(self) -> Mapping[str, float]:
        """Return the number of records and their mean size in bytes, with and without keys."""
        count, packed = self._reader.execute(
            "SELECT count(*), coalesce(sum(length(record)), 0) FROM records"
        ).fetchone()
        pages = self._reader.execute("PRAGMA page_count").fetchone()[0]
        size = self._reader.execute("PRAGMA page_size").fetchone()[0]
        return {"records": count, "packed_bytes": packed, "file_bytes": pages * size}

    def close(self) -> None:
        """Fold the WAL in and close the file."""
        self._reader.close()
        self._writer.close()


def _joined(rows: Iterable[Row]) -> tuple[bytes, str]:
    """Return what ``_PUT`` takes of some rows."""
    parts: list[bytes] = []
    places: list[tuple[int, int, int]] = []
    begin = 1
    for key, expires_us, record in rows:
        parts += (key, record)
        places.append((begin, expires_us, len(record)))
        begin += len(key) + len(record)
    return b"".join(parts), encode(places).decode()
