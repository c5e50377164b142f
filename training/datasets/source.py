"""Reads a raw table as a stream of record batches, from Parquet or from CSV.

CSV (``NAME.csv`` or ``NAME.csv.gz``, UTF-8, header line, an empty cell is null where the
column may be null, times as RFC 3339, ``discounts`` as a JSON list) is read as text first and
converted after, so that a cell at fault is found with its line. Limits: no line breaks
inside a cell, because they would part line numbers from rows.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from risk_service.domain.errors import DataFault
from risk_service.domain.text import LocalizedText
from training.datasets.tables import RawTable
from training.words import fault

BATCH_ROWS = 8192
_SUFFIXES = (".parquet", ".csv", ".csv.gz")
# The header is line 1, so the first data row of a CSV file is its line 2.
_CSV_FIRST_LINE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One raw file: where it is, which table it holds, how its rows are numbered."""

    path: Path
    table: RawTable
    rows: int | None

    def fault(self, position: int | None, text: LocalizedText) -> DataFault:
        """Return the error that names the row at a 0-based position, or the whole file."""
        first = 1 if self.path.suffix == ".parquet" else _CSV_FIRST_LINE
        return DataFault(str(self.path), None if position is None else position + first, text)

    def column_fault(self, position: int, column: str, text: LocalizedText) -> DataFault:
        """Return the error that names a row and a column."""
        return self.fault(position, fault("of_column", column=column, text=text))

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield (position of the first row, batch) with the table's columns and types.

        Raises
        ------
        DataFault
            The file cannot be read to its end, a column is missing, or a cell has no value
            of its column's type.
        """
        read = self._parquet if self.path.suffix == ".parquet" else self._csv
        position = 0
        for batch in read():
            yield position, self._convert(batch, position)
            position += batch.num_rows

    def _parquet(self) -> Iterator[pa.RecordBatch]:
        names = self.table.schema.names
        try:
            with pq.ParquetFile(self.path) as file:
                self._check_columns(file.schema_arrow.names)
                there = [name for name in names if name in file.schema_arrow.names]
                yield from file.iter_batches(batch_size=BATCH_ROWS, columns=there)
        except (pa.ArrowException, OSError) as error:
            raise self.fault(None, _no_parquet(error)) from error

    def _csv(self) -> Iterator[pa.RecordBatch]:
        bad_rows: list[int | None] = []

        def remember(row: Any) -> str:
            bad_rows.append(row.number)
            return "error"

        try:
            with pa.input_stream(str(self.path), compression="detect") as stream:
                reader = pa_csv.open_csv(
                    stream,
                    read_options=pa_csv.ReadOptions(use_threads=False),
                    parse_options=pa_csv.ParseOptions(invalid_row_handler=remember),
                    convert_options=self._as_text(),
                )
                self._check_columns(reader.schema.names)
                names = self.table.schema.names
                there = [name for name in names if name in reader.schema.names]
                for batch in reader:
                    yield batch.select(there)
        except (pa.ArrowException, OSError, EOFError) as error:
            if bad_rows and bad_rows[0] is not None:
                # Arrow counts lines from 1, the header included, and quotes the line itself.
                position = bad_rows[0] - _CSV_FIRST_LINE
                raise self.fault(position, fault("other_cells")) from None
            told = fault("unreadable_csv", error=_first_line(error))
            raise self.fault(None, told) from None

    def _as_text(self) -> pa_csv.ConvertOptions:
        return pa_csv.ConvertOptions(
            column_types=dict.fromkeys(self.table.schema.names, pa.string()),
            strings_can_be_null=False,
        )

    def _check_columns(self, found: list[str]) -> None:
        needed = [name for name in self.table.schema.names if name not in self.table.may_lack]
        missing = [name for name in needed if name not in found]
        if missing:
            raise self.fault(None, fault("column_missing", column=missing[0]))

    def _convert(self, batch: pa.RecordBatch, position: int) -> pa.RecordBatch:
        columns = []
        there = frozenset(batch.schema.names)
        for field in self.table.schema:
            if field.name not in there:
                columns.append(pa.repeat("", batch.num_rows))
                continue
            column = self._cast(batch.column(field.name), field, position)
            if column.null_count and not field.nullable:
                row = pc.index(column.is_null(), True).as_py()
                raise self.column_fault(position + row, field.name, fault("is_null"))
            columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=self.table.schema)

    def _cast(self, column: pa.Array, field: pa.Field, position: int) -> pa.Array:
        if column.type == field.type:
            return column
        if pa.types.is_string(column.type) and field.nullable:
            column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
        try:
            return _converted(column, field.type)
        except (pa.ArrowException, ValueError, TypeError, KeyError):
            row = _first_bad(column, field.type)
            raise self.column_fault(
                position + row, field.name, fault("no_value_of_type", kind=field.type)
            ) from None


def find_source(directory: Path, table: RawTable) -> Source:
    """Return the file of a table in a data set.

    Raises
    ------
    DataFault
        There is none, or there are two.
    """
    paths = [directory / (table.name + suffix) for suffix in _SUFFIXES]
    found = [path for path in paths if path.is_file()]
    if not found:
        raise DataFault(str(paths[0]), None, fault("no_raw_file"))
    if len(found) > 1:
        raise DataFault(str(found[1]), None, fault("table_twice", name=found[0].name))
    return Source(path=found[0], table=table, rows=_rows(found[0]))


def is_there(directory: Path, table: RawTable) -> bool:
    """Tell whether a data set has the file of a table that it may leave out."""
    return any((directory / (table.name + suffix)).exists() for suffix in _SUFFIXES)


def _rows(path: Path) -> int | None:
    """Return the number of rows when the file tells it, for progress only."""
    if path.suffix != ".parquet":
        return None
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError) as error:
        raise DataFault(str(path), None, _no_parquet(error)) from error


def _converted(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_list(kind) and pa.types.is_string(column.type):
        return pa.array([json.loads(text) for text in column.to_pylist()], kind)
    return column.cast(kind)


def _first_bad(column: pa.Array, kind: pa.DataType) -> int:
    for row in range(len(column)):
        try:
            _converted(column.slice(row, 1), kind)
        except (pa.ArrowException, ValueError, TypeError, KeyError):
            return row
    return 0


def _no_parquet(error: Exception) -> LocalizedText:
    return fault("unreadable_parquet", error=_first_line(error))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
