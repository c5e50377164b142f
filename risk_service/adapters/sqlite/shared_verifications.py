"""Verifications of all services that share their windows: own ones, and a copy of everybody's.

Own ones are durable beside the own log before they are answered. The copy is a file of its
own, with the place in the shared log up to which it has come, both in one transaction.
"""

import logging
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from risk_service.adapters.sqlite.connection import connect, transaction, unavailable
from risk_service.adapters.sqlite.schema import FAILED_ATTEMPTS, VERIFICATIONS, FileKind, migrate
from risk_service.adapters.sqlite.verifications import (
    INSERT_IF_NEW,
    SqliteVerifications,
    VerificationRows,
    row_of,
)
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.verification import AttemptOf, Verification

log = logging.getLogger(__name__)

FILE_NAME = "verified.sqlite3"
WAL_PAGES = 1000
# Between the name of a service's log and what tells apart the logs that it has begun anew.
ANEW = "~"
SHARED_VERIFICATIONS = FileKind(
    name="copy of verifications",
    application_id=0x50524D53,  # "PRMS"
    steps=(
        VERIFICATIONS
        + """
        CREATE TABLE place (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            origin TEXT NOT NULL, entry_us INTEGER NOT NULL, published INTEGER NOT NULL
        ) STRICT;
        """,
        FAILED_ATTEMPTS,
        # Absent once the shared log was met.
        "ALTER TABLE place ADD COLUMN unmet INTEGER;",
    ),
)


class SqliteSharedVerifications:
    """Implements ``ports.VerificationStore`` for a service that is not alone.

    Used by the thread that commits to the log.

    Parameters
    ----------
    own
        Those of this service.
    origin
        Names this service's log among others: a file that was copied from another service
        knows nothing of what this one has published.

    Attributes
    ----------
    origin
        Under which name own ones are published: that of the log, or another one since the
        log was put back from a backup.
    entry_us, published
        The last entry of the shared log that the copy has, and the place of the last own
        verification that the shared log has.
    unmet
        The place of the last own verification when this was opened first since it met the shared
        log, None once it has: more than that was published of a log that was longer before a
        backup was put back, of all the directory or of the log alone.
    """

    def __init__(self, directory: Path, own: SqliteVerifications, origin: str) -> None:
        self._own = own
        self._log_name = origin
        path = directory / FILE_NAME
        with unavailable(path):
            self._db = connect(path, "NORMAL")
            migrate(self._db, str(path), SHARED_VERIFICATIONS)
            # A copy needs no flush: what a power cut takes is read once more.
            self._db.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        self._copy = VerificationRows(self._select)
        row = self._select("SELECT origin, entry_us, published, unmet FROM place", ())
        of, self.entry_us, published, unmet = row[0] if row else (origin, 0, 0, None)
        is_ours = of.partition(ANEW)[0] == origin
        self.origin: str = of if is_ours else origin
        self.published: int = published if is_ours else 0
        self.unmet: int | None = unmet if is_ours else None
        if self.unmet is None:
            # Now, and durably: later the log may be as long as the one that was met.
            self.unmet = own.end()
            with unavailable(path):
                self._db.execute("PRAGMA synchronous = FULL")
            self.take((), self.entry_us, self.published)
            with unavailable(path):
                self._db.execute("PRAGMA synchronous = NORMAL")
        if self.published > own.end():
            self.begin_anew()

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, Verification]:
        """Return the verifications answered to these requests, absent ones left out."""
        return self._copy.by_request_ids(request_ids) | self._own.by_request_ids(request_ids)

    def in_force(self, accounts: Sequence[str], now_us: int) -> dict[str, Verification]:
        """Return each account's highest verification that has not expired, the newest of equals."""
        found = self._copy.in_force(accounts, now_us)
        for account, one in self._own.in_force(accounts, now_us).items():
            other = found.get(account, one)
            found[account] = max(one, other, key=lambda each: (each.level, each.verified_at_us))
        return found

    def accounts_of(self, real_name: str, now_us: int) -> frozenset[str]:
        """Return the accounts with this real name whose verification has not expired."""
        return self._copy.accounts_of(real_name, now_us) | self._own.accounts_of(real_name, now_us)

    def failed(self, kind: AttemptOf, token: str, after_us: int) -> dict[str, int]:
        """Return the time of each attempt that failed later than this, by its request id."""
        own = self._own.failed(kind, token, after_us)
        return self._copy.failed(kind, token, after_us) | own

    def commit(self, verifications: Sequence[Verification]) -> None:
        """Write own ones in one transaction and flush it to the disk.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing of the group was written.
        """
        self._own.commit(verifications)

    def unpublished(self, at_most: int) -> list[tuple[int, Verification]]:
        """Return own ones that the shared log has not got, and the place of each."""
        return self._own.after(self.published, at_most)

    def begin_anew(self) -> None:
        """Publish all own ones under another name: under this one their places were others'.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing has changed.
        """
        before, self.origin = self.origin, f"{self._log_name}{ANEW}{secrets.token_hex(4)}"
        try:
            self.take((), self.entry_us, 0)
        except StoreUnavailable:
            self.origin = before
            raise
        log.warning("verifications_published_anew", extra={"count": self._own.end()})

    def met(self) -> None:
        """Take note that all that the shared log has of this one is of this one.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing has changed.
        """
        unmet, self.unmet = self.unmet, None
        try:
            self.take((), self.entry_us, self.published)
        except StoreUnavailable:
            self.unmet = unmet
            raise

    def take(self, found: Iterable[Verification], entry_us: int, published: int) -> None:
        """Add what the shared log has up to an entry; none of it twice.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing was written.
        """
        with unavailable(FILE_NAME), transaction(self._db):
            self._db.executemany(INSERT_IF_NEW, [row_of(one) for one in found])
            sql = "INSERT OR REPLACE INTO place VALUES (1, ?, ?, ?, ?)"
            self._db.execute(sql, (self.origin, entry_us, published, self.unmet))
        self.entry_us, self.published = entry_us, published

    def close(self) -> None:
        """Close the file of the copy."""
        with unavailable(FILE_NAME):
            self._db.close()

    def _select(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with unavailable(FILE_NAME):
            return self._db.execute(sql, values).fetchall()
