"""Stores of reservations that do only what must be done: what the ledgers are held against."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from risk_service.adapters.sqlite.connection import connect, transaction
from risk_service.domain.grant import Demand
from tests.fixtures.postgres_server import PostgresServer

# About as long as ours.
RECORD = b"x" * 1_400

Way = Callable[[Sequence[Demand]], None]

_SQLITE_TABLES = """
CREATE TABLE counters (counter TEXT PRIMARY KEY, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE reservations (id TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT;
"""
_SQLITE_GRANT = """
INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used
WHERE used + excluded.used <= 10000000
"""


@contextmanager
def bare_sqlite(directory: Path) -> Iterator[Way]:
    """Give a way that does what must be done in SQLite, as prepared statements."""
    with closing(connect(directory / "bare.sqlite3", "FULL")) as db:
        db.executescript(_SQLITE_TABLES)

        def write(demands: Sequence[Demand]) -> None:
            used = _used(demands)
            rows = [(one.reservation_id, RECORD) for one in demands]
            with transaction(db):
                granted = db.executemany(_SQLITE_GRANT, list(used.items()))
                db.executemany("INSERT INTO reservations VALUES (?, ?)", rows)
                if granted.rowcount < len(used):
                    raise SystemExit("the bare write refused")

        yield write


def _used(demands: Sequence[Demand]) -> dict[str, int]:
    """Return by how much each counter goes up."""
    used: dict[str, int] = {}
    for one in demands:
        keys = [f"{name}={token}" for name, token in one.subjects.items()]
        for key in (f"GLOBAL={one.lines[0].sku}", *keys):
            used[key] = used.get(key, 0) + 1
    return used


_POSTGRES_TABLES = """
CREATE TABLE counters (counter text COLLATE "C" PRIMARY KEY, used bigint NOT NULL)
    WITH (fillfactor = 70);
CREATE TABLE reservations (id text COLLATE "C" PRIMARY KEY, record bytea NOT NULL);
"""
_POSTGRES_GRANT = """
INSERT INTO counters AS c SELECT * FROM unnest(%s::text[], %s::bigint[]) AS n (counter, q)
ORDER BY counter
ON CONFLICT (counter) DO UPDATE SET used = c.used + excluded.used
WHERE c.used + excluded.used <= 10000000 RETURNING counter
"""
_POSTGRES_RECORDS = "INSERT INTO reservations SELECT * FROM unnest(%s::text[], %s::bytea[])"


@contextmanager
def bare_postgres(postgres: PostgresServer) -> Iterator[Way]:
    """Give a way that does what must be done in PostgreSQL, values ready, in one pipeline."""
    schema = postgres.fresh_schema().rpartition("%3D")[2]
    with closing(postgres.connect(f"-csearch_path={schema}")) as db:
        db.execute(_POSTGRES_TABLES)

        def write(demands: Sequence[Demand]) -> None:
            used = _used(demands)
            with db.pipeline(), db.transaction():
                granted = db.execute(_POSTGRES_GRANT, (list(used), list(used.values())))
                db.execute(
                    _POSTGRES_RECORDS,
                    ([one.reservation_id for one in demands], [RECORD] * len(demands)),
                )
                if len(granted.fetchall()) < len(used):
                    raise SystemExit("the bare write refused")

        yield write
