"""Files that hold converted rows between reading and assembling."""

from pathlib import Path

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from training.datasets.importing.convert import FOLLOWER_SCHEMA, Staged, staged_schema
from training.datasets.importing.mapping import EventMapping
from training.datasets.staging import table_writer

ROWS = "rows"


def later_name(label: str) -> str:
    """Return the name of the table of rows that make a label of earlier ones."""
    return f"later_{label}"


class Staging:
    """Writers of the staged tables; a context manager that closes them.

    Parameters
    ----------
    directory
        Made here; the caller removes it.
    """

    def __init__(self, directory: Path, mapping: EventMapping) -> None:
        directory.mkdir()
        self.directory = directory
        self.rows = 0
        self._rows: ParquetWriter = table_writer(directory, ROWS, staged_schema(mapping))
        self._followers: dict[str, ParquetWriter] = {
            name: table_writer(directory, later_name(name), FOLLOWER_SCHEMA)
            for name, label in mapping.labels.items()
            if label.later is not None
        }

    def __enter__(self) -> "Staging":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every file."""
        for writer in (self._rows, *self._followers.values()):
            writer.close()

    def write(self, staged: Staged) -> None:
        """Keep what came of a batch."""
        self.rows += staged.rows.num_rows
        _write(self._rows, staged.rows)
        for name, table in staged.followers.items():
            _write(self._followers[name], table)


def _write(writer: ParquetWriter, table: pa.Table) -> None:
    if table.num_rows:
        writer.write_table(table)
