"""Reads a Parquet file; its columns keep their types until they are converted."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from risk_service.domain.errors import DataFault
from risk_service.domain.text import LocalizedText
from training.datasets.importing.faults import FaultLog
from training.datasets.importing.source_batch import SourceBatch
from training.words import fault

_BATCH_ROWS = 131_072
_NO_PLAIN_VALUES = (pa.types.is_nested, pa.types.is_interval, pa.types.is_duration)


class ParquetFile:
    """A Parquet file as a source of rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._done = 0
        try:
            with pq.ParquetFile(path) as file:
                self._schema = file.schema_arrow
                self._rows = file.metadata.num_rows
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error
        self.columns: list[str] = list(self._schema.names)

    def batches(self, wanted: Sequence[str], faults: FaultLog) -> Iterator[SourceBatch]:
        """Yield the wanted columns with the types of the file."""
        # To Arrow a Parquet file is sound or unreadable; it knows no bad row.
        del faults
        self._check(wanted)
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(wanted)):
                    first = self._done + 1
                    for name in wanted:
                        self._check_text(name, batch.column(name), first)
                    self._done += batch.num_rows
                    yield SourceBatch(
                        rows=np.arange(first, first + batch.num_rows),
                        columns={name: batch.column(name) for name in wanted},
                    )
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    @property
    def notes(self) -> list[LocalizedText]:
        """Return nothing: a Parquet file has one way to be read."""
        return []

    def progress(self) -> tuple[int, int]:
        """Return rows read and rows in all."""
        return self._done, self._rows

    def _check(self, wanted: Sequence[str]) -> None:
        for name in wanted:
            if self.columns.count(name) > 1:
                raise DataFault(str(self.path), None, fault("column_twice_parquet", name=name))
            kind = self._schema.field(name).type
            if pa.types.is_dictionary(kind):
                kind = kind.value_type
            if any(test(kind) for test in _NO_PLAIN_VALUES):
                told = fault("nested_column", name=name, kind=kind)
                raise DataFault(str(self.path), None, told)

    def _check_text(self, name: str, column: pa.Array, first: int) -> None:
        """Refuse a text that is none: a Parquet file may hold any bytes as one."""
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            return
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            cells = column.cast(pa.large_binary()).to_pylist()
            sound = [c is None or c.decode("utf-8", "ignore").encode() == c for c in cells]
            row = first + sound.index(False)
            raise DataFault(str(self.path), row, fault("no_utf8", name=name)) from error

    def _unreadable(self, error: Exception) -> DataFault:
        words = str(error).partition("\n")[0][:200]
        return DataFault(str(self.path), None, fault("unreadable_parquet", error=words))
