"""Ties a state directory to the ledger in which its service has counted.

Another database in its place, after a failover to an empty one or under a wrong address, would
look like a quiet first day, and every purchase limit could be used up once more. So each
connection looks first whether it is the one. A dump and its restoration are the same ledger.
"""

import re
from pathlib import Path
from typing import LiteralString

from risk_service.adapters.postgres.connection import Session
from risk_service.adapters.whole_file import replace_file
from risk_service.domain.errors import ConfigFault, StoreUnavailable

FILE_NAME = "ledger.mark"
# What our own look raises.
OTHER = "PGL02"
# When its tables were made, to the microsecond.
_ASKED: LiteralString = (
    "SELECT to_char(done_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') "
    "FROM ledger_schema WHERE step = 1"
)
_FORM = re.compile(r"\d{20}")


class LedgerMark:
    """The mark of one ledger, in a state directory.

    Raises
    ------
    ConfigFault
        The file is none of ours, or cannot be read.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME
        self._known = self._read()

    def hold(self, session: Session) -> None:
        """Let a session refuse any other ledger, if one is known."""
        if self._known:
            session.require(_look(self._known, self._path))

    def met(self, session: Session) -> None:
        """Remember the ledger whose tables a session has just opened, if none was known.

        Raises
        ------
        StoreUnavailable
            The server does not answer, or the mark cannot be written.
        """
        if not self._known:
            known = str(session.rows(_ASKED)[0][0])
            try:
                replace_file(self._path, known.encode())
            except OSError as error:
                raise StoreUnavailable(f"{self._path}: {error.strerror}") from error
            self._known = known
            self.hold(session)

    def _read(self) -> str:
        try:
            known = self._path.read_text("ascii")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigFault(f"{self._path}: cannot be read: {error}") from error
        if not _FORM.fullmatch(known):
            raise ConfigFault(f"{self._path}: no mark of a ledger; restore it, or delete it")
        return known


def is_other_ledger(error: Exception) -> bool:
    """Tell whether an error says that a database holds another ledger, or none."""
    return getattr(error.__cause__, "sqlstate", None) == OTHER


def _look(known: str, path: Path) -> str:
    name = str(path).replace("'", "''").replace("%", "%%").replace("$", "?")
    told = (
        "not the ledger in which this service has counted, limits would begin anew: "
        f"put that one back, or delete {name} to begin anew"
    )
    refuse = f"RAISE EXCEPTION '{told}' USING ERRCODE = '{OTHER}'"
    return (
        # Step by step: a table that is not there cannot be asked.
        f"DO $$ BEGIN IF to_regclass('ledger_schema') IS NULL THEN {refuse}; "
        f"ELSIF coalesce(({_ASKED}), '') <> '{known}' THEN {refuse}; END IF; END $$"
    )
