"""Reads CSV, plain or compressed, as text: every cell is converted later, with its row known.

The header is read first, by Python; the rows by Arrow. A cell in another encoding spoils its
row and not the file. Limits: one character parts cells, and a row takes
at most 16 MiB.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from risk_service.domain.errors import DataFault
from risk_service.domain.text import LocalizedText
from training.datasets.importing.csv_header import (
    AROUND_NAMES,
    SEP_LINE,
    distinct,
    header,
    is_row,
    likely_delimiter,
    likely_skip_lines,
    other_headers,
)
from training.datasets.importing.decoding import MARK, MarkingDecoder, likely_encoding
from training.datasets.importing.faults import FaultLog, RowFault
from training.datasets.importing.source_batch import SourceBatch
from training.datasets.importing.specs import (
    SourceSpec,
)
from training.words import NOTHING, as_it_is, fault

_BLOCK_BYTES = 16 << 20
_HEADER_BYTES = 1 << 20
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}


class CsvFile:
    """A CSV file as a source of rows.

    Parameters
    ----------
    wanted
        Columns that are looked for; the delimiter that finds most of them is taken when
        the mapping names none.
    start
        The first bytes of the file.

    Raises
    ------
    DataFault
        There is no header that could be read.
    """

    def __init__(self, path: Path, spec: SourceSpec, wanted: Sequence[str], start: bytes) -> None:
        self.path = path
        self._spec = spec
        packed = (name for magic, name in _COMPRESSIONS.items() if start.startswith(magic))
        self._compression = next(packed, None)
        self._size = path.stat().st_size
        self._raw: Any = None
        self._headers = 0
        is_utf16 = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        self._encoding = "utf-16" if is_utf16 else spec.encoding
        self._decoder = MarkingDecoder(self._encoding)
        self._skip_lines = spec.skip_lines
        sample = self._sample()
        told = SEP_LINE.match(sample)
        if told is not None:
            # Spreadsheets write the delimiter on a line before the header.
            sample = sample[told.end() :]
            self._skip_lines += 1
        self._delimiter, self.columns, lines = self._header(sample, told, wanted)
        self._skip_lines += lines
        if not any(self.columns):
            raise self._fault(fault("no_header"))

    def batches(self, wanted: Sequence[str], faults: FaultLog) -> Iterator[SourceBatch]:
        """Yield the wanted columns as texts."""
        for name in wanted:
            if self.columns.count(name) > 1:
                raise self._fault(fault("column_twice", name=name))
        refused: list[Any] = []
        try:
            yield from self._batches(wanted, faults, refused)
        except (pa.ArrowException, OSError, EOFError) as error:
            words = as_it_is(str(error).partition("\n")[0][:200])
            if "Could not skip" in words.en:
                raise self._fault(fault("no_rows")) from error
            if "straddling" in words.en:
                words = fault("row_too_long")
            raise self._fault(fault("unreadable_csv", error=words)) from error

    def likely_encoding(self) -> str:
        """Return the encoding that the first bytes are likely in."""
        if self._encoding == "utf-16":
            return self._encoding
        with pa.OSFile(str(self.path)) as raw, self._unpacked(raw) as stream:
            return likely_encoding(bytes(stream.read(_HEADER_BYTES)))

    def encoding_advice(self) -> LocalizedText:
        """Return what to do about bytes that are no text in the encoding of the mapping."""
        likely = self.likely_encoding()
        code = "no_text" if likely == self._encoding else "no_text_likely"
        return fault(code, encoding=self._encoding, likely=likely)

    @property
    def likely_columns(self) -> tuple[str, ...]:
        """Names for the columns of a file that likely has no header; none where it has one."""
        count = len(self.columns) if is_row(self.columns) else 0
        return tuple(f"column_{number}" for number in range(1, count + 1))

    def renamed(self) -> SourceSpec | None:
        """Return how to read the rows under names of their own, where columns share some."""
        named = [name for name in self.columns if name]
        if len(named) == len(set(named)):
            return None
        told = {"columns": distinct(self.columns), "skip_lines": self._skip_lines}
        return self._spec.model_copy(update=told)

    def likely_skip_lines(self) -> int:
        """Return how many lines likely stand before the header."""
        return self._spec.skip_lines or likely_skip_lines(self._sample(), self._spec)

    @property
    def notes(self) -> list[LocalizedText]:
        """Return what a reader of the import should know of the file."""
        if not self._headers:
            return []
        return [fault("note_headers", lines=self._headers)]

    def progress(self) -> tuple[int, int]:
        """Return bytes of the file that were read, and its size."""
        if self._raw is None or self._raw.closed:
            return self._size, self._size
        return min(self._raw.tell(), self._size), self._size

    def _batches(
        self, wanted: Sequence[str], faults: FaultLog, ragged: list[Any]
    ) -> Iterator[SourceBatch]:
        positions = [self.columns.index(name) for name in wanted]
        done, skipped = 0, np.empty(0, np.int64)
        with self._stream() as stream, pa_csv.open_csv(stream, **self._options(ragged)) as reader:
            for batch in reader:
                found = [self._ragged(row) for row in ragged]
                ragged.clear()
                skipped = np.concatenate([skipped, [one.row for one in found]]).astype(np.int64)
                rows = self._row_numbers(done, batch.num_rows, skipped)
                done += batch.num_rows
                whole, texts, broken = self._texts(batch, positions, rows)
                faults.absorb([one for one in found if one.reason.en] + broken)
                columns = dict(zip(wanted, texts, strict=True))
                yield SourceBatch(rows=rows[whole], columns=columns)
        faults.absorb([one for one in map(self._ragged, ragged) if one.reason.en])

    def _ragged(self, row: Any) -> RowFault:
        reason = fault("cells", found=row.actual_columns, expected=row.expected_columns)
        if row.actual_columns == 1 and not row.text.strip():
            reason = NOTHING
        return RowFault(row=row.number, column="", value=None, reason=reason)

    def _row_numbers(self, done: int, count: int, skipped: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return record numbers; records that Arrow left out are counted as well.

        A row's number is its place among the rows kept plus the left out ones before it. The
        k-th left out record (from 0) stands before the kept row number ``skipped[k] - k``.
        """
        kept = self._skip_lines + 1 + done + np.arange(count)
        before = np.searchsorted(np.sort(skipped) - np.arange(len(skipped)), kept, side="right")
        return kept + before

    def _texts(
        self, batch: pa.RecordBatch, positions: list[int], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], list[pa.Array], list[RowFault]]:
        """Return which rows are whole, their cells, and those that are no text."""
        again = self._repeats_header(batch, positions, rows)
        self._headers += int(again.sum())
        whole = ~_blank(batch, positions) & ~again
        faults: dict[int, RowFault] = {}
        if self._decoder.has_marked:
            reason = self.encoding_advice()
            for position in positions:
                column = batch.column(position)
                broken = pc.match_substring(column, MARK).to_numpy(zero_copy_only=False)
                for row in np.flatnonzero(broken).tolist():
                    value, name = column[row].as_py().replace(MARK, "?"), self.columns[position]
                    found = RowFault(row=int(rows[row]), column=name, value=value, reason=reason)
                    faults.setdefault(row, found)
                whole &= ~broken
        if not whole.all():
            batch = batch.filter(pa.array(whole))
        return whole, [batch.column(position) for position in positions], list(faults.values())

    def _repeats_header(
        self, batch: pa.RecordBatch, positions: list[int], rows: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell which rows are the header again: each wanted cell holds the name of its column."""
        names = [self.columns[position] for position in positions]
        columns = [batch.column(position) for position in positions]
        again = other_headers(columns, self.columns)
        for row in np.flatnonzero(again).tolist():
            # The byte order mark of a joined file stands before its first name.
            told = [column[row].as_py().strip(AROUND_NAMES) for column in columns]
            if told != names:
                raise self._fault(fault("header_of_another_order", row=int(rows[row])))
        return again

    def _options(self, ragged: list[Any]) -> dict[str, Any]:
        spec = self._spec
        # Names may be repeated in the header; positions are not.
        names = [str(position) for position in range(len(self.columns))]

        def remember(row: Any) -> str:
            ragged.append(row)
            return "skip"

        return {
            "read_options": pa_csv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK_BYTES,
                skip_rows=self._skip_lines,
                column_names=names,
            ),
            "parse_options": pa_csv.ParseOptions(
                delimiter=self._delimiter,
                quote_char=spec.quote or False,
                escape_char=spec.escape or False,
                newlines_in_values=bool(spec.quote),
                ignore_empty_lines=False,
                invalid_row_handler=remember,
            ),
            "convert_options": pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        }

    def _stream(self) -> Any:
        """Return the file unpacked and as UTF-8, whatever it is on disk."""
        self._raw = pa.OSFile(str(self.path))
        self._decoder = MarkingDecoder(self._encoding)
        return pa.TransformInputStream(self._unpacked(self._raw), self._decoder)

    def _unpacked(self, raw: Any) -> Any:
        packed = self._compression
        return raw if packed is None else pa.CompressedInputStream(raw, packed)

    def _header(
        self, sample: str, told: re.Match[str] | None, wanted: Sequence[str]
    ) -> tuple[str, list[str], int]:
        """Return the delimiter, the names of the columns, and how many lines the header takes."""
        spec = self._spec
        try:
            named = spec.delimiter or (told[1] if told else "")
            delimiter = named or likely_delimiter(sample, spec, wanted)
            if spec.columns:
                return delimiter, list(spec.columns), 0
            return delimiter, *header(sample, spec, delimiter)
        except csv.Error as error:
            raise self._fault(fault("unreadable_header", error=error)) from error

    def _sample(self) -> str:
        """Return the start of the file as text, from the header on."""
        try:
            with self._stream() as stream:
                data = bytes(stream.read(_HEADER_BYTES))
        except (pa.ArrowException, OSError, EOFError) as error:
            raise self._fault(fault("unpacking", error=error)) from error
        lines = data.decode("utf-8", "ignore").splitlines(keepends=True)
        return "".join(lines[self._spec.skip_lines :])

    def _fault(self, text: LocalizedText) -> DataFault:
        return DataFault(str(self.path), None, text)


def _blank(batch: pa.RecordBatch, positions: list[int]) -> NDArray[np.bool_]:
    """Tell which rows are empty lines: no cell of any column has a byte.

    The other columns are looked at only where the wanted ones are empty.
    """
    blank = np.ones(batch.num_rows, np.bool_)
    for position in (*positions, *range(batch.num_columns)):
        if not blank.any():
            break
        lengths = pc.binary_length(batch.column(position)).to_numpy(zero_copy_only=False)
        blank &= lengths == 0
    return blank
