"""How our SQLite files are opened, and how their troubles are reported."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from risk_service.domain.errors import StoreUnavailable

BUSY_TIMEOUT_MS = 1000


def connect(path: Path, synchronous: Literal["FULL", "NORMAL"]) -> sqlite3.Connection:
    """Open a file in WAL mode without automatic checkpoints or transactions.

    FULL flushes the WAL before COMMIT returns. NORMAL may lose the last commits in a
    power cut, never the file's consistency.
    """
    db = sqlite3.connect(path, isolation_level=None, cached_statements=512, check_same_thread=False)
    db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {synchronous}")
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute("PRAGMA cache_size = -65536")
    return db


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn what the machine did to us into ``StoreUnavailable``; bugs stay what they are."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        raise StoreUnavailable(f"decision store: {error}") from error


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit what happens inside, or roll it back when it raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # some errors have rolled back already
            db.execute("ROLLBACK")
        raise


def marks(values: Sequence[object]) -> str:
    """Return as many question marks as values, for an IN list."""
    return ",".join("?" * len(values))
