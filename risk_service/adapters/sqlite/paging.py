"""Reads a table from its beginning to its end beside the process that writes it.

Each look is a short one: a reader that stayed would keep the service from letting its WAL start
afresh, and the file would grow for as long as the table is read. So some rows are read, and gone
through when nothing is open any more; nothing behind the place where the table ended at first.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from risk_service.adapters.sqlite.read_only import is_left_alone, open_read_only
from risk_service.domain.errors import ConfigFault
from risk_service.domain.refusals import refusal

# What is read, how much of it, and of how much; called after each look.
Tell = Callable[[str, int, int], None]


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """A table, its key, and what is read of it: names of ours, ``rows`` at once."""

    table: str
    key: str
    columns: str
    rows: int = 2_000

    @property
    def bounds(self) -> str:
        """Return the statement for the first and the last key."""
        return f"SELECT min({self.key}), max({self.key}) FROM {self.table}"  # noqa: S608 - names of ours

    @property
    def page(self) -> str:
        """Return the statement for the rows from a key on, and behind it."""
        return (
            f"SELECT {self.key}, {self.columns} FROM {self.table} "  # noqa: S608 - as above
            f"WHERE {self.key} {{}} ? AND {self.key} <= ? ORDER BY {self.key} LIMIT {self.rows}"
        )


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what is wrong with a file into an error that names it.

    Raises
    ------
    ConfigFault
        It cannot be read.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> ConfigFault:
    """Return the error for a file that cannot be read."""
    return ConfigFault(refusal("unreadable_log", path=path, error=error))


def rows_of(path: Path, pages: Pages, tell: Tell) -> Iterator[tuple[Any, ...]]:
    """Yield key and columns of every row; none where there is no such file or table."""
    if not path.exists():
        return
    alone = is_left_alone(path)
    with closing(_opened(path)) as db:
        with readable(path):
            if not _has(db, pages.table):
                return
            first, last = db.execute(pages.bounds).fetchone()
        behind, how = first, ">="
        while behind is not None:
            with readable(path):
                rows = db.execute(pages.page.format(how), (behind, last)).fetchall()
                if alone and not is_left_alone(path):
                    raise sqlite3.DatabaseError("a service has begun to write it; ask again")
            yield from rows
            behind, how = (rows[-1][0], ">") if rows else (None, "")
            if isinstance(behind, int):
                tell(pages.table, behind - first + 1, last - first + 1)


def _opened(path: Path) -> sqlite3.Connection:
    with readable(path):
        return open_read_only(path)


def _has(db: sqlite3.Connection, table: str) -> bool:
    sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
    return bool(db.execute(sql, (table,)).fetchone()[0])
