"""How our SQLite files are opened, and how their troubles are reported."""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from risk_service.domain.errors import StoreUnavailable

BUSY_TIMEOUT_MS = 1000
_BUGS = (sqlite3.IntegrityError, sqlite3.ProgrammingError)


class OwnFile(sqlite3.Connection):
    """A connection that notices when its file is not in its place any more.

    SQLite goes on in a file that was deleted, moved away or replaced, and what it has committed
    there is gone when the process ends.
    """

    _path = ""
    _names: tuple[tuple[str, int, int], ...] = ()
    _size = 0

    def keep(self, path: Path) -> None:
        """Remember the file and its log, which the first statement makes."""
        self._path = str(path)
        self.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._names = tuple([self._named(suffix) for suffix in ("", "-wal")])

    def look(self) -> None:
        """Look whether the files are still those that were opened.

        Raises
        ------
        sqlite3.OperationalError
            They are not, or somebody has cut the file.
        """
        for suffix, device, number in self._names:
            if self._named(suffix) != (suffix, device, number):
                raise self._lost(suffix, "is not the file that was opened")

    def _named(self, suffix: str) -> tuple[str, int, int]:
        try:
            found = os.stat(self._path + suffix)
        except OSError as error:
            raise self._lost(suffix, f"cannot be found ({error.strerror})") from error
        if not suffix:
            if found.st_size < self._size:
                raise self._lost(suffix, "has become shorter")
            self._size = found.st_size
        return suffix, found.st_dev, found.st_ino

    def _lost(self, suffix: str, what: str) -> sqlite3.OperationalError:
        return sqlite3.OperationalError(
            f"{self._path}{suffix} {what}; put it back, or stop the service and restore a backup"
        )


def connect(path: Path, synchronous: Literal["FULL", "NORMAL"]) -> sqlite3.Connection:
    """Open a file in WAL mode without automatic checkpoints or transactions.

    FULL flushes the WAL before COMMIT returns. NORMAL may lose the last commits in a
    power cut, never the file's consistency.
    """
    db = sqlite3.connect(
        path, isolation_level=None, cached_statements=512, check_same_thread=False, factory=OwnFile
    )
    db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {synchronous}")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("PRAGMA cache_size = -65536")
    db.keep(path)
    return db


def is_corrupt(error: sqlite3.DatabaseError) -> bool:
    """Tell a damaged file from a passing trouble."""
    # The low byte is the kind of error; errors of the Python module itself have no code.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class unavailable:  # noqa: N801 - reads as the verb of a with statement, like contextlib's
    """Turn what the machine did to us into ``StoreUnavailable``; bugs stay what they are.

    Parameters
    ----------
    what
        What was asked, for the log: a name or a file.
    """

    def __init__(self, what: object = "decision store") -> None:
        self._what = what

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, _kind: object, error: BaseException | None, _trace: object
    ) -> Literal[False]:
        """Let everything pass but errors of the database."""
        if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, _BUGS):
            return False
        # A file that is named is one that the start opens: it ends with these words.
        is_lost = isinstance(self._what, Path) and is_corrupt(error)
        hint = (
            "; move it away with its -wal and -shm, and put the backup in place" if is_lost else ""
        )
        raise StoreUnavailable(f"{self._what}: {error}{hint}") from error


class transaction:  # noqa: N801 - as above
    """Commit what happens inside, or roll it back when it raises."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        """Begin, with the right to write."""
        if isinstance(self._db, OwnFile):
            self._db.look()
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(
        self, _kind: object, error: BaseException | None, _trace: object
    ) -> Literal[False]:
        """Commit, or roll back."""
        try:
            if error is None:
                self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:  # some errors have rolled back already
                self._db.execute("ROLLBACK")
        return False


def marks(values: Sequence[object]) -> str:
    """Return as many question marks as values, for an IN list."""
    return ",".join("?" * len(values))
