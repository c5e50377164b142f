"""Verifications of real names: a table beside the log of events, tokens only."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from risk_service.adapters.sqlite.connection import marks
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.domain.verification import AttemptOf, Verification

_COLUMNS = (
    "(request_id, account, real_name, level, expires_at_us, record, refused_name, at_us) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT = f"INSERT INTO verifications {_COLUMNS}"
INSERT_IF_NEW = f"INSERT OR IGNORE INTO verifications {_COLUMNS}"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Verification).decode

Select = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]
Row = tuple[str, str, str, int, int, bytes, str, int]
# Column of the token whose failed attempts are counted.
_COUNTED: dict[AttemptOf, str] = {"account": "account", "real_name": "refused_name"}


def row_of(one: Verification) -> Row:
    """Return the row of a verification."""
    token, level = one.real_name, int(one.level)
    return (
        *(one.request_id, one.account, token, level, one.expires_at_us, _encode(one)),
        *(one.refused_name, one.verified_at_us),
    )


class VerificationRows:
    """Looks verifications up in a table of them.

    Parameters
    ----------
    select
        Returns the rows of a query on the file of the table.
    """

    def __init__(self, select: Select) -> None:
        self._select = select

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, Verification]:
        """Return the verifications answered to these requests, absent ones left out."""
        sql = f"SELECT record FROM verifications WHERE request_id IN ({marks(request_ids)})"  # noqa: S608 - question marks only
        found = [_decode(record) for (record,) in self._select(sql, request_ids)]
        return {one.request_id: one for one in found}

    def in_force(self, accounts: Sequence[str], now_us: int) -> dict[str, Verification]:
        """Return each account's highest verification that has not expired, the newest of equals."""
        sql = (
            f"SELECT record FROM verifications WHERE account IN ({marks(accounts)}) "  # noqa: S608 - question marks only
            "AND expires_at_us > ? ORDER BY level, seq"
        )
        found = [_decode(record) for (record,) in self._select(sql, (*accounts, now_us))]
        return {one.account: one for one in found}

    def accounts_of(self, real_name: str, now_us: int) -> frozenset[str]:
        """Return the accounts with this real name whose verification has not expired."""
        sql = (
            "SELECT DISTINCT account FROM verifications "
            "WHERE real_name = ? AND real_name <> '' AND expires_at_us > ?"
        )
        return frozenset(account for (account,) in self._select(sql, (real_name, now_us)))

    def failed(self, kind: AttemptOf, token: str, after_us: int) -> dict[str, int]:
        """Return the time of each attempt that failed later than this, by its request id."""
        sql = (
            "SELECT request_id, at_us FROM verifications "  # noqa: S608 - a name of the table above
            f"WHERE {_COUNTED[kind]} = ? AND refused_name <> '' AND at_us > ?"
        )
        return dict(self._select(sql, (token, after_us)))

    def end(self) -> int:
        """Return the place of the last verification in the table, 0 for none."""
        return int(self._select("SELECT coalesce(max(seq), 0) FROM verifications", ())[0][0])

    def after(self, seq: int, at_most: int) -> list[tuple[int, Verification]]:
        """Return verifications behind a place in the table, and the place of each."""
        sql = "SELECT seq, record FROM verifications WHERE seq > ? ORDER BY seq LIMIT ?"
        return [(place, _decode(record)) for place, record in self._select(sql, (seq, at_most))]


class SqliteVerifications(VerificationRows):
    """Implements ``ports.VerificationStore`` in the file of the decision store.

    Parameters
    ----------
    log
        The log of events; it opens and closes the file.
    """

    def __init__(self, log: SqliteEventLog) -> None:
        super().__init__(log.select)
        self._log = log

    def commit(self, verifications: Sequence[Verification]) -> None:
        """Write all of them in one transaction and flush it to the disk.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing of the group was written.
        """
        rows = [row_of(one) for one in verifications]

        def write(db: sqlite3.Connection) -> None:
            db.executemany(_INSERT, rows)

        self._log.append((), write)
