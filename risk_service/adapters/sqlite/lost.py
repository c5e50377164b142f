"""Refuses to begin anew where something was lost: an empty file would look like a quiet first day.

Without the log every limit could be used up once more and every request be answered anew; without
the governance file deny lists and published rules would be gone. What lies beside the file tells.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.adapters.sqlite.event_keys import FILE_NAME as EVENT_KEYS
from risk_service.adapters.sqlite.key_index import FILE_NAME as DECISION_KEYS
from risk_service.domain.errors import ConfigFault

# What an index has read of the log so far.
_REACHED = {DECISION_KEYS: "seq", EVENT_KEYS: "stamp_us"}


def refuse_lost_log(directory: Path) -> None:
    """Refuse a state directory whose log is gone while an index of it is there.

    Raises
    ------
    ConfigFault
        The log is missing or empty, and was not when the indexes were written.
    """
    path = directory / FILE_NAME
    if not _is_gone(path):
        return
    for name, column in _REACHED.items():
        if _has_read(directory / name, column):
            raise ConfigFault(
                f"{path} is missing or empty, but {name} beside it knows of decisions or events: "
                "restore it from a backup; to begin anew, move the whole directory away"
            )


def refuse_lost_governance(path: Path, lock: Path) -> None:
    """Refuse a governance file that is gone while the lock that was made after it is there.

    Raises
    ------
    ConfigFault
        The file is missing or empty.
    """
    if _is_gone(path) and lock.exists():
        raise ConfigFault(
            f"{path} is missing or empty, but {lock.name} says that there was one: restore it from "
            f"a backup; to begin without published rules, limits and lists, delete {lock.name}"
        )


def _is_gone(path: Path) -> bool:
    # Opening writes a first page before anything else, so that a file of ours is never empty.
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return True
    except OSError as error:
        raise ConfigFault(f"{path}: {error.strerror}") from error


def _has_read(path: Path, column: str) -> bool:
    """Tell whether an index has read anything; one that cannot be read is taken to have."""
    if _is_gone(path):
        return False
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            return bool(db.execute(f"SELECT {column} FROM reached").fetchone()[0])  # noqa: S608 - a column of ours
    except sqlite3.DatabaseError:
        return True
