"""Reads one stored decision beside a running service, or without one: changes nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.adapters.sqlite.key_index import FILE_NAME as INDEX_NAME
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import ConfigFault, DecisionNotFound

COLUMNS = ("decision_id", "request_id", "order_id")
_TABLES = {"decision_id": "decision_ids", "request_id": "requests", "order_id": "orders"}


def read_record(directory: Path, column: str, value: str) -> DecisionRecord | AssessmentRecord:
    """Return the record under a key; of an order the latest, claims and actions by their own.

    Parameters
    ----------
    directory
        State directory of the service.
    column
        ``decision_id``, ``request_id`` or ``order_id``.

    Raises
    ------
    ConfigFault
        There is no log of decisions in the directory, or it cannot be read.
    DecisionNotFound
        The log has no such decision.
    """
    if column not in COLUMNS:
        raise ValueError(f"{column} is no key of a decision")
    path = directory / FILE_NAME
    if not path.exists():
        raise ConfigFault(f"{path}: there is no log of decisions; give the --state of the service")
    try:
        with closing(_open(path)) as log:
            row = _newest(directory, log, column, value)
            assessed = None if row else _assessed(log, column, value)
    except sqlite3.DatabaseError as error:
        raise ConfigFault(f"{path}: cannot be read: {error}") from error
    if assessed is not None:
        return msgspec.msgpack.decode(assessed, type=AssessmentRecord)
    if row is None:
        raise DecisionNotFound(f"{path} has no decision with {column} {value}")
    return msgspec.msgpack.decode(row, type=DecisionRecord)


def _assessed(log: sqlite3.Connection, column: str, value: str) -> bytes | None:
    """Look among the decisions on claims and promotion actions, which no order's id finds."""
    if column == "order_id":
        return None
    row = log.execute(f"SELECT record FROM assessments WHERE {column} = ?", (value,)).fetchone()  # noqa: S608 - a column of ours
    return None if row is None else row[0]


def _newest(directory: Path, log: sqlite3.Connection, column: str, value: str) -> bytes | None:
    """Look at the rows that the key index has not reached, then ask the index."""
    indexed, reached = _indexed(directory / INDEX_NAME, column, value)
    sql = f"SELECT record FROM decisions WHERE seq > ? AND {column} = ? ORDER BY seq DESC LIMIT 1"  # noqa: S608 - a column of ours
    row = log.execute(sql, (reached, value)).fetchone()
    if row is None and indexed is not None:
        row = log.execute("SELECT record FROM decisions WHERE seq = ?", (indexed,)).fetchone()
    return None if row is None else row[0]


def _indexed(path: Path, column: str, value: str) -> tuple[int | None, int]:
    """Return the row that the index names, if any, and the row that it has reached."""
    if not path.exists():
        return None, 0
    with closing(_open(path)) as index:
        reached: int = index.execute("SELECT seq FROM reached").fetchone()[0]
        sql = f"SELECT max(seq) FROM {_TABLES[column]} WHERE {column} = ?"  # noqa: S608 - a table of ours
        return index.execute(sql, (value,)).fetchone()[0], reached


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
