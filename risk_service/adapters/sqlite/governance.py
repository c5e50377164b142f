"""``governance.sqlite3``: opening it, and the trail of changes in it.

Any number of processes may have the file open: every change is one transaction that reads what
it rests on, so that of two that contradict each other one is refused. Used by one
thread per object.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from risk_service.adapters.sqlite.connection import connect, transaction, unavailable
from risk_service.adapters.sqlite.governance_schema import FOUR_EYES, GOVERNANCE
from risk_service.adapters.sqlite.lost import refuse_lost_governance
from risk_service.adapters.sqlite.schema import migrate
from risk_service.domain.audit import AuditFilter, AuditRow, NumberedRow
from risk_service.domain.errors import Forbidden
from risk_service.domain.refusals import refusal

# Somebody else's import of a million entries takes some seconds.
BUSY_TIMEOUT_MS = 20_000


def as_json(**values: object) -> str:
    """Return values as the trail keeps them: equal values, equal text."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@contextmanager
def second_person() -> Iterator[None]:
    """Tell the constraint on approvals in words."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        if FOUR_EYES not in str(error):
            raise
        raise Forbidden(refusal("own_change")) from error


class GovernanceFile:
    """Implements ``ports.AuditTrail``; what else is in the file writes its rows with ``audit``.

    Parameters
    ----------
    now_us
        Where times come from.

    Raises
    ------
    ConfigFault
        The file was there before and is gone.
    """

    def __init__(self, path: Path, now_us: Callable[[], int]) -> None:
        self.now_us = now_us
        refuse_lost_governance(path, _lock_of(path))
        with unavailable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.db = connect(path, "FULL")
            self.db.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            self.db.execute("PRAGMA wal_autocheckpoint = 1000")
            self.db.execute("PRAGMA foreign_keys = ON")
            with _alone(path):
                migrate(self.db, str(path), GOVERNANCE)

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def append(self, row: AuditRow) -> int:
        """Write a row of the trail in a transaction of its own, and return its number."""
        with unavailable("governance"), transaction(self.db):
            return self.note(row)

    def note(self, row: AuditRow) -> int:
        """Write a row of the trail in the transaction that is open."""
        cursor = self.db.execute(
            "INSERT INTO audit (at_us, actor_id, action, subject, before, after) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (row.at_us, row.actor_id, row.action, row.subject, row.before, row.after),
        )
        return int(cursor.lastrowid or 0)

    def rows(self, wanted: AuditFilter) -> Sequence[NumberedRow]:
        """Return rows of the trail in their order."""
        where, values = ["number > ?"], [wanted.after_number]
        asked: list[Any] = values
        for column in ("actor_id", "action", "subject"):
            if text := getattr(wanted, column):
                where.append(f"{column} = ?")
                asked.append(text)
        sql = (
            "SELECT number, at_us, actor_id, action, subject, before, after FROM audit "  # noqa: S608 - own column names
            f"WHERE {' AND '.join(where)} ORDER BY number LIMIT ?"
        )
        with unavailable("governance"):
            found = self.db.execute(sql, (*asked, wanted.limit)).fetchall()
        names = AuditRow.__struct_fields__
        return [
            NumberedRow(number=number, row=AuditRow(**dict(zip(names, rest, strict=True))))
            for number, *rest in found
        ]

    def audit(self, actor_id: str, action: str, subject: str, before: str, after: str) -> None:
        """Write a row of the trail, as of now, in the transaction that is open."""
        self.note(
            AuditRow(
                at_us=self.now_us(), actor_id=actor_id, action=action, subject=subject,
                before=before, after=after,
            )
        )  # fmt: skip


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time bring the tables to this version."""
    handle = os.open(_lock_of(path), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
