"""A WAL starts afresh when it has been copied, and the writer waits for that only in need."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.connection import connect
from risk_service.adapters.sqlite.small_wal import SmallWal

ROW = 100_000
LIMIT = 10 * ROW


class Log:
    """A file with one table, its writer and the thread that would copy."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log.sqlite3"
        self.db, self.other = (connect(self.path, "NORMAL") for _ in range(2))
        self.db.execute("CREATE TABLE rows (data BLOB)")
        self.woken = 0
        self.wal = SmallWal(self.db, LIMIT, self.wake)

    def wake(self) -> None:
        """Count what the thread would be woken for."""
        self.woken += 1

    def write(self, rows: int) -> int:
        """Write rows and return how large the WAL's file is."""
        for _ in range(rows):
            self.db.execute("INSERT INTO rows VALUES (zeroblob(?))", (ROW,))
            self.wal.wrote(ROW)
        return self.path.with_name("log.sqlite3-wal").stat().st_size

    def close(self) -> None:
        """Close the file."""
        self.db.close()
        self.other.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Return an empty log."""
    log = Log(tmp_path)
    yield log
    log.close()


def test_after_a_copy_the_wal_starts_afresh(log: Log) -> None:
    """Past its limit a copy is asked for once; after it the file grows no further."""
    size = log.write(12)
    assert log.woken == 1
    log.wal.copy(log.other)
    assert log.write(9) < size + 2 * ROW
    assert log.woken == 1
    log.write(5)
    assert log.woken == 2


def test_a_copy_before_the_limit_is_none_that_was_asked_for(log: Log) -> None:
    """What was copied while the WAL was small leaves too much to copy: it is asked for anew."""
    log.write(5)
    log.wal.copy(log.other)
    log.write(7)
    assert log.woken == 1


def test_a_writer_waits_when_nobody_copies(log: Log) -> None:
    """The WAL is bounded even when the thread never comes."""
    sizes = [log.write(1) for _ in range(100)]
    assert max(sizes) < 2.5 * LIMIT
