"""DuckDB connections with bounded memory, and SQL quoting."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

MEMORY_LIMIT = "2GB"
THREADS = 2


@contextmanager
def connect(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory database that spills to ``scratch`` instead of growing.

    Time is UTC whatever the machine's zone, and equal input gives equal files.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix=".duckdb-") as spill:
        connection = duckdb.connect(
            config={"threads": THREADS, "memory_limit": MEMORY_LIMIT, "temp_directory": spill}
        )
        try:
            # Commands have bars of their own; DuckDB writes its into the output.
            connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
            yield connection
        finally:
            connection.close()


def literal(value: object) -> str:
    """Return a path or text as a SQL string."""
    text = str(value).replace("'", "''")
    return f"'{text}'"


def name(identifier: str) -> str:
    """Return a column or table name, quoted."""
    text = identifier.replace('"', '""')
    return f'"{text}"'
