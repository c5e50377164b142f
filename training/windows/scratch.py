"""Columns on their way into one Parquet file.

Windows are computed group by group, each group for all rows; Parquet wants a run of rows
with all its columns. So each column goes to a plain file first and they are joined at the
end: memory holds one group of columns, then one run of rows.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.windows.group_values import Column, as_floats

RUN_ROWS = 1 << 17


class ScratchColumns:
    """Columns in files of their own.

    Parameters
    ----------
    directory
        Where to write; the caller removes it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._types: dict[str, np.dtype[np.generic]] = {}
        self._paths: dict[str, Path] = {}

    def put(self, name: str, values: Column) -> None:
        """Keep a column; Parquet will have them in the order of their coming."""
        # Names of other people's entities are no file names.
        self._paths[name] = self._directory / f"{len(self._paths)}.bin"
        self._types[name] = values.dtype
        values.tofile(self._paths[name])

    def write(
        self, out: Path, event_id: pa.Array | pa.ChunkedArray, done: Callable[[int, int], None]
    ) -> None:
        """Write ``out``: the ids and all columns as float64.

        Parameters
        ----------
        done
            Called with the rows written and the rows in all.
        """
        fields = [pa.field("event_id", pa.string(), nullable=False)]
        schema = pa.schema([*fields, *((name, pa.float64()) for name in self._types)])
        rows = len(event_id)
        with pq.ParquetWriter(
            out,
            schema,
            compression="zstd",
            compression_level=1,
            # Counts have few values; seconds and sums have many, and a dictionary only costs.
            use_dictionary=self._counts(),
            write_statistics=False,
        ) as writer:
            for start in range(0, rows, RUN_ROWS):
                count = min(RUN_ROWS, rows - start)
                ids = event_id.slice(start, count).cast(pa.string())
                runs = [pa.array(self._run(name, start, count)) for name in self._types]
                writer.write_table(pa.table([ids, *runs], schema=schema))
                done(start + count, rows)

    def _run(self, name: str, start: int, rows: int) -> NDArray[np.float64]:
        path, kind = self._paths[name], self._types[name]
        offset = start * kind.itemsize
        if kind == np.int32:
            return as_floats(np.fromfile(path, np.int32, rows, offset=offset))
        return np.fromfile(path, np.float64, rows, offset=offset)

    def _counts(self) -> Sequence[str]:
        return [name for name, kind in self._types.items() if kind == np.int32]
