"""Reads a Parquet file; its columns keep their types until they are converted.

A column within a nested one stands under its path, as in ``rider.id``; a length of time is its
seconds. Lists and maps have no plain value: they are named, and refused where a mapping asks.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from risk_service.domain.errors import DataFault
from risk_service.domain.text import LocalizedText
from training.datasets.importing.faults import FaultLog
from training.datasets.importing.source_batch import SourceBatch
from training.words import fault

_BATCH_ROWS = 131_072
_NO_PLAIN_VALUES = (pa.types.is_nested, pa.types.is_interval)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


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
        found = [place for field in self._schema for place in _places(field, ())]
        self.columns: list[str] = [".".join(path) for path, _ in found]
        self._kinds = {".".join(path): kind for path, kind in found}
        self._paths = {".".join(path): path for path, _ in found}

    def batches(self, wanted: Sequence[str], faults: FaultLog) -> Iterator[SourceBatch]:
        """Yield the wanted columns with the types of the file."""
        # To Arrow a Parquet file is sound or unreadable; it knows no bad row.
        del faults
        self._check(wanted)
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(wanted)):
                    first = self._done + 1
                    columns = {name: _column(batch, self._paths[name]) for name in wanted}
                    for name, column in columns.items():
                        self._check_text(name, column, first)
                    self._done += batch.num_rows
                    rows = np.arange(first, first + batch.num_rows)
                    yield SourceBatch(rows=rows, columns=columns)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    @property
    def no_plain_values(self) -> Mapping[str, str]:
        """Return the columns that cannot be imported, and of which type they are."""
        return {name: str(kind) for name, kind in self._kinds.items() if _has_no_plain(kind)}

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
            kind = self._kinds[name]
            if _has_no_plain(kind):
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


def _places(field: pa.Field, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the path and type of each column that lies in a field."""
    path = (*above, field.name)
    if not (pa.types.is_struct(field.type) and field.type.num_fields):
        yield path, field.type
        return
    for child in field.type:
        yield from _places(child, path)


def _column(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    """Return the column of a path; it is missing where what it lies in is missing."""
    column = batch.column(path[0])
    for name in path[1:]:
        column = pc.struct_field(column, [name])
    if pa.types.is_duration(column.type):
        units = column.cast(pa.int64()).cast(pa.float64(), safe=False)
        return pc.divide(units, _PER_SECOND[column.type.unit])
    return column


def _has_no_plain(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    elif isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return any(test(kind) for test in _NO_PLAIN_VALUES)
