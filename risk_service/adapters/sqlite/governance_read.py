"""``governance.sqlite3`` beside a running service: read as it is, and one kind of row added.

The service that owns the file brings its tables to its version; nothing here does, so that a
command of a newer version leaves the file of an older service as it is.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from risk_service.adapters.sqlite.connection import transaction
from risk_service.adapters.sqlite.governance import BUSY_TIMEOUT_MS, as_json
from risk_service.adapters.sqlite.governance_schema import GOVERNANCE
from risk_service.adapters.sqlite.read_only import open_read_only
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal

PERSON_READ = "person.read"
_INSERT = (
    "INSERT INTO audit (at_us, actor_id, action, subject, before, after) VALUES (?, ?, ?, ?, ?, ?)"
)


class ReadGovernance:
    """The file, opened to be read.

    Raises
    ------
    ConfigFault
        It cannot be read, or is no such file.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.db = open_read_only(path)
            if not _is_ours(self.db):
                raise sqlite3.DatabaseError(f"not a {GOVERNANCE.name} of this version")
        except sqlite3.DatabaseError as error:
            raise ConfigFault(refusal("unreadable_log", path=path, error=error)) from error

    def close(self) -> None:
        """Close the file."""
        self.db.close()


class SqliteReadingTrail:
    """Implements ``decisions.person.stores.ReadingTrail``: rows of the trail of changes.

    Parameters
    ----------
    path
        The file of the service; written whether one runs or not.
    now_us
        Machine time.
    """

    def __init__(self, path: Path, now_us: Callable[[], int]) -> None:
        self._path = path
        self._now_us = now_us

    def note(self, actor_id: str, subjects: Sequence[str], facts: Mapping[str, object]) -> None:
        """Write a row for each subject; durable on return.

        Raises
        ------
        ConfigFault
            The trail cannot be written.
        """
        at_us, after = self._now_us(), as_json(**facts)
        rows = [(at_us, actor_id, PERSON_READ, one, as_json(), after) for one in subjects]
        with self._opened() as db, transaction(db):
            db.executemany(_INSERT, rows)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        # Never made where it is not: an empty trail would look like the first day.
        place = f"{self._path.resolve().as_uri()}?mode=rw"
        try:
            with closing(sqlite3.connect(place, uri=True, isolation_level=None)) as db:
                db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
                db.execute("PRAGMA synchronous = FULL")
                if not _is_ours(db):
                    raise sqlite3.DatabaseError(f"not a {GOVERNANCE.name} of this version")
                yield db
        except sqlite3.DatabaseError as error:
            raise ConfigFault(refusal("no_trail", path=self._path, error=error)) from error


def _is_ours(db: sqlite3.Connection) -> bool:
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version = db.execute("PRAGMA user_version").fetchone()[0]
    return bool(application == GOVERNANCE.application_id and 0 < version <= GOVERNANCE.version)
