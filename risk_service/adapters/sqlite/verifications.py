"""Verifications of real names: a table beside the log of events, tokens only."""

import sqlite3
from collections.abc import Sequence

import msgspec

from risk_service.adapters.sqlite.connection import marks
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.domain.verification import Verification

_INSERT = (
    "INSERT INTO verifications (request_id, account, real_name, level, expires_at_us, record) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Verification).decode


class SqliteVerifications:
    """Implements ``ports.VerificationStore`` in the file of the decision store.

    Parameters
    ----------
    log
        The log of events; it opens and closes the file.
    """

    def __init__(self, log: SqliteEventLog) -> None:
        self._log = log

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, Verification]:
        """Return the verifications answered to these requests, absent ones left out."""
        sql = f"SELECT record FROM verifications WHERE request_id IN ({marks(request_ids)})"  # noqa: S608 - question marks only
        found = [_decode(record) for (record,) in self._log.select(sql, request_ids)]
        return {one.request_id: one for one in found}

    def in_force(self, accounts: Sequence[str], now_us: int) -> dict[str, Verification]:
        """Return each account's highest verification that has not expired, the newest of equals."""
        sql = (
            f"SELECT record FROM verifications WHERE account IN ({marks(accounts)}) "  # noqa: S608 - question marks only
            "AND expires_at_us > ? ORDER BY level, seq"
        )
        found = [_decode(record) for (record,) in self._log.select(sql, (*accounts, now_us))]
        return {one.account: one for one in found}

    def accounts_of(self, real_name: str, now_us: int) -> frozenset[str]:
        """Return the accounts with this real name whose verification has not expired."""
        sql = (
            "SELECT DISTINCT account FROM verifications "
            "WHERE real_name = ? AND real_name <> '' AND expires_at_us > ?"
        )
        return frozenset(account for (account,) in self._log.select(sql, (real_name, now_us)))

    def commit(self, verifications: Sequence[Verification]) -> None:
        """Write all of them in one transaction and flush it to the disk.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing of the group was written.
        """
        rows = [
            (one.request_id, one.account, one.real_name, one.level, one.expires_at_us, _encode(one))
            for one in verifications
        ]

        def write(db: sqlite3.Connection) -> None:
            db.executemany(_INSERT, rows)

        self._log.append((), write)
