"""Reads stored decisions beside a running service, or without one: changes nothing."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from risk_service.adapters.sqlite.decision_rows import DecisionRows, keys_of, record_of
from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.adapters.sqlite.key_index import FILE_NAME as INDEX_NAME
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import ConfigFault, DecisionNotFound
from risk_service.domain.governed import PublishedKind, Sources
from risk_service.domain.positional import reader
from risk_service.domain.refusals import refusal

COLUMNS = ("decision_id", "request_id", "order_id")
_TABLES = {"decision_id": "decision_ids", "request_id": "requests", "order_id": "orders"}
_assessment_of = reader(AssessmentRecord)
_sources_of = msgspec.msgpack.Decoder(Sources).decode


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
        raise ValueError(f"{column} is not a key of a decision")
    path = directory / FILE_NAME
    with _opened(path) as log:
        record = _newest(directory, DecisionRows(log), column, value)
        assessed = None if record else _assessed(log, column, value)
    if assessed is not None:
        return _assessment_of(assessed)
    if record is None:
        raise DecisionNotFound(
            refusal("log_has_no_decision", path=path, column=column, value=value)
        )
    return record


def _assessed(log: sqlite3.Connection, column: str, value: str) -> bytes | None:
    """Look among the decisions on claims and promotion actions, which no order's id finds."""
    if column == "order_id":
        return None
    row = log.execute(f"SELECT record FROM assessments WHERE {column} = ?", (value,)).fetchone()  # noqa: S608 - a column of ours
    return None if row is None else row[0]


def _newest(directory: Path, log: DecisionRows, column: str, value: str) -> DecisionRecord | None:
    """Look at the records that the key index has not reached, then ask the index."""
    indexed, reached = _indexed(directory / INDEX_NAME, log, column, value)
    newest = None
    for _, record in log.after(reached):
        if getattr(keys_of(record), column) == value:
            newest = record
    if newest is None and indexed is not None:
        newest = log.at([indexed])[indexed]
    return None if newest is None else record_of(newest)


def _indexed(path: Path, log: DecisionRows, column: str, value: str) -> tuple[int | None, int]:
    """Return the place that the index names, if any, and the place that it has reached."""
    if not path.exists():
        return None, 0
    with closing(open_read_only(path)) as index:
        reached: int = index.execute("SELECT seq FROM reached").fetchone()[0]
        if not _is_of(index, log, reached):
            return None, 0
        sql = f"SELECT max(seq) FROM {_TABLES[column]} WHERE {column} = ?"  # noqa: S608 - a table of ours
        return index.execute(sql, (value,)).fetchone()[0], reached


def _is_of(index: sqlite3.Connection, log: DecisionRows, reached: int) -> bool:
    """Tell whether the log has the row that the index has reached.

    It has not when it was put back from a backup and no service has been started since.
    """
    record = log.at([reached]).get(reached)
    if record is None:
        return reached == 0
    sql = "SELECT seq FROM decision_ids WHERE decision_id = ?"
    row: tuple[int] | None = index.execute(sql, (keys_of(record).decision_id,)).fetchone()
    return row == (reached,)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(open_read_only(there(path))) as file:
            yield file
    except sqlite3.DatabaseError as error:
        raise ConfigFault(refusal("unreadable_log", path=path, error=error)) from error


def there(log: Path) -> Path:
    """Return the path of a log of decisions that exists.

    Raises
    ------
    ConfigFault
        There is none.
    """
    if not log.exists():
        raise ConfigFault(refusal("no_log", path=log))
    return log


def open_read_only(path: Path) -> sqlite3.Connection:
    """Return a connection that can change nothing in a file that is there.

    SQLite makes files beside it to share it with a writer. On a medium that cannot be written there
    is no writer, and nothing to share.
    """
    alone = "&immutable=1" if is_left_alone(path) else ""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{alone}", uri=True)


def is_left_alone(path: Path) -> bool:
    """Tell whether we could write nothing beside a file, and nobody has it open to write."""
    wal = path.with_name(f"{path.name}-wal")
    return not wal.exists() and not os.access(path.parent, os.W_OK)


def read_sources(path: Path, kind: PublishedKind, version: str) -> Sources | None:
    """Return the sources of a published version, whatever its state, None when there is none.

    Raises
    ------
    ConfigFault
        There is no such file, or it cannot be read.
    """
    with _opened(path) as store:
        sql = "SELECT sources FROM publications WHERE kind = ? AND version = ? LIMIT 1"
        row = store.execute(sql, (kind, version)).fetchone()
    return None if row is None else _sources_of(row[0])
