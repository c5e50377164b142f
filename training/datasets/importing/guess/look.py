"""Looks at the columns of a source: what their first rows hold, and what their names say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from risk_service.domain.errors import DataFault
from risk_service.domain.text import LocalizedText
from training.datasets.importing.cells import Cells
from training.datasets.importing.csv_file import CsvFile
from training.datasets.importing.faults import FaultLog
from training.datasets.importing.guess.lines import no_use
from training.datasets.importing.guess.words import TIMES
from training.datasets.importing.iso_time import iso_clock
from training.datasets.importing.mapping_faults import words_of
from training.datasets.importing.numbers import Numbers, currencies, floats, unmarked
from training.datasets.importing.parquet_file import ParquetFile
from training.datasets.importing.source_batch import SourceBatch
from training.datasets.importing.source_file import open_source
from training.datasets.importing.specs import SourceSpec
from training.datasets.importing.time_advice import (
    SPREADSHEET_DAYS,
    common_format,
    is_spreadsheet_day,
    unix_unit,
)
from training.words import fault

MOST_ROWS = 100_000
_MOST_VALUES = 12
_MOST_LAST_LINES = 20
_ENOUGH, _ENOUGH_NUMBERS = 0.99, 0.999
_MANY_ROWS = 1_000
_BLANK_THOUSANDS = (" ", "'")
_PHONE = r"^\(?(?:\+|00)?86\D*1(?:\D?\d){10}$"
# What people write where there is no number.
_DASHES = ("-", "--", "---", "—", "–", "/", "?", "NA", "#N/A", "n/a")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one column looks like.

    ``share`` is the part of the rows that have a value; ``different`` counts the values;
    ``common`` holds the most frequent ones; ``time`` is the part of a mapping that would read
    it as a time, or empty; ``marks`` is the decimal mark of its numbers, with that of
    thousands after it, or empty when it has no numbers. ``is_code``: digits that begin with a
    zero, which name something and measure nothing. ``codes`` numbers the ``values``, -1 where there
    is none; ``rises``: numbers of which none is below the one before it. ``dash`` is what
    stands among numbers for no value, such as "-", or empty. ``currency`` is the one sign or
    code that stands with its numbers, or empty. ``has_country``: some value is a Chinese phone
    with the country before it.
    """

    name: str
    share: float
    different: int
    common: tuple[tuple[str, int], ...]
    rows: int
    time: str
    marks: str
    is_whole: bool
    is_code: bool
    codes: NDArray[np.int32]
    values: pa.Array
    rises: bool
    dash: str = ""
    currency: str = ""
    has_country: bool = False

    @property
    def repeats(self) -> bool:
        """Tell whether a value comes twice on average, or more often."""
        return 2 * self.different <= self.share * self.rows

    @property
    def is_unique(self) -> bool:
        """Tell whether every row has a value of its own."""
        return self.share == 1 and self.different == self.rows

    def says(self, words: str) -> bool:
        """Tell whether a part of the name begins with one of the words; ``$`` is its end."""
        return says(self.name, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLook:
    """How a source is read, what its columns look like, and why others have no look.

    ``is_renamed``: several columns have one name, and the ``spec`` tells others; ``last_lines``
    counts lines of another width behind the last row, as summaries are.
    """

    spec: SourceSpec
    columns: list[Look]
    left_out: list[LocalizedText]
    is_renamed: bool
    last_lines: int


def look_at(path: Path) -> SourceLook:
    """Return how a source is read and what its columns look like, by its first rows.

    Raises
    ------
    DataFault
        The file cannot be read, or has no rows.
    """
    source = open_source(path, SourceSpec(), ())
    spec, is_renamed = SourceSpec(), False
    if isinstance(source, CsvFile):
        encoding = source.likely_encoding()
        spec = SourceSpec(encoding=encoding, skip_lines=source.likely_skip_lines())
        source = open_source(path, spec, ())
        if isinstance(source, CsvFile) and source.likely_columns:
            spec = spec.model_copy(update={"columns": source.likely_columns})
            source = open_source(path, spec, ())
        elif isinstance(source, CsvFile) and (other := source.renamed()) is not None:
            is_renamed, spec = True, other
            source = open_source(path, spec, ())
    nested = source.no_plain_values if isinstance(source, ParquetFile) else {}
    known = [name for name in dict.fromkeys(source.columns) if name not in nested]
    names = [name for name in known if source.columns.count(name) == 1]
    with TemporaryDirectory() as scratch:
        # Broken rows are the import's business; here they are passed over.
        log = FaultLog(path, MOST_ROWS, Path(scratch))
        with log:
            batch = next((b for b in source.batches(names, log) if len(b.rows)), None)
    if batch is None:
        raise DataFault(str(path), None, fault("no_rows"))
    cells = Cells(_first(batch), spec)
    looks = [_look(cells, name) for name in names if name]
    is_last = log.first_row is not None and log.first_row > batch.rows[-1]
    return SourceLook(
        spec=spec,
        columns=looks,
        left_out=_left_out(nested, known, names),
        is_renamed=is_renamed,
        last_lines=log.count if is_last and log.count <= _MOST_LAST_LINES else 0,
    )


def _left_out(
    nested: Mapping[str, str], known: Sequence[str], names: Sequence[str]
) -> list[LocalizedText]:
    """Return a comment on each column that nothing can be said of."""
    told = [no_use(name, fault("guess_nested", kind=kind)) for name, kind in nested.items()]
    again = (name for name in known if name and name not in names)
    told += [no_use(name, fault("guess_repeated")) for name in again]
    return told + [no_use("", fault("guess_nameless")) for name in known if not name]


def says(name: str, words: str) -> bool:
    """Tell whether a part of a name begins with one of the words; ``$`` is its end."""
    spellings = (" ".join(words_of(name)), name.lower())
    return any(re.search(rf"\b(?:{words})", one) for one in spellings)


def _first(batch: SourceBatch) -> SourceBatch:
    columns = {name: column[:MOST_ROWS] for name, column in batch.columns.items()}
    return SourceBatch(rows=batch.rows[:MOST_ROWS], columns=columns)


def _look(cells: Cells, name: str) -> Look:
    text = cells.joined([name])
    present = text.drop_null()
    counts = sorted(
        ((pair["values"].as_py(), pair["counts"].as_py()) for pair in pc.value_counts(present)),
        key=lambda pair: (-pair[1], pair[0]),
    )
    is_code = bool(pc.any(pc.match_substring_regex(present, r"^0\d+$"), min_count=0).as_py())
    dash = next((value for value, _ in counts[:_MOST_VALUES] if value in _DASHES), "")
    numbers = present if not dash else present.filter(pc.not_equal(present, dash))
    marks, is_whole, rises = ("", False, False) if is_code else _numbers(numbers)
    coded = pc.dictionary_encode(text)
    return Look(
        name=name,
        share=len(present) / len(text),
        different=len(counts),
        common=tuple(counts[:_MOST_VALUES]),
        rows=len(text),
        time=_time(name, cells.typed(name).type, present),
        marks=marks,
        is_whole=is_whole,
        is_code=is_code,
        codes=coded.indices.fill_null(-1).to_numpy(zero_copy_only=False),
        values=coded.dictionary,
        rises=rises,
        dash=dash if marks else "",
        currency=_currency(numbers) if marks else "",
        has_country=bool(pc.any(pc.match_substring_regex(present, _PHONE), min_count=0).as_py()),
    )


def _currency(numbers: pa.Array) -> str:
    found = currencies(numbers)
    return found.pop() if len(found) == 1 else ""


def _has(present: pa.Array, mark: str) -> bool:
    return bool(pc.any(pc.match_substring(present, mark)).as_py())


def _numbers(present: pa.Array) -> tuple[str, bool, bool]:
    # A line of totals or a slip of the pen makes no column of numbers one of texts.
    allowed = 1 - _ENOUGH_NUMBERS if len(present) >= _MANY_ROWS else 0.0
    best, least = ("", False, False), np.inf
    for marks in (".", ".,", ",", ",.", ", ", ". ", ".'"):
        numbers = Numbers(decimal=marks[0], thousands=marks[1:])
        # Digits in groups of three without a decimal are a phone as soon as a number.
        if marks[1:] in _BLANK_THOUSANDS and not _has(present, marks[0]):
            continue
        values, bad = floats(unmarked(present), numbers)
        share = bad.mean() if len(present) else np.inf
        # Few amounts may reach a thousand: the way that reads them too is the one.
        if share <= allowed and share < least:
            found = values.drop_null().to_numpy(zero_copy_only=False)
            is_whole, rises = found == np.floor(found), np.diff(found) >= 0
            best, least = (marks, bool(is_whole.all()), bool(rises.all())), share
        if least == 0:
            break
    return best


def _time(name: str, kind: pa.DataType, present: pa.Array) -> str:
    """Return the keys of a time beside its column, ``iso8601`` for none, empty for no time."""
    if not len(present):
        return ""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "iso8601"
    clock = iso_clock(present)
    if clock.bad.mean() <= 1 - _ENOUGH:
        zones = np.unique(clock.offset_s[~clock.bad])
        return "iso8601" if len(zones) < 2 else 'zone = "from value"'
    sample = present[:: max(len(present) // 200, 1)].to_pylist()
    units = {unix_unit(cell) for cell in sample}
    if len(units) == 1 and None not in units:
        return f'format = "unix", unit = "{units.pop()}"'
    if says(name, TIMES) and all(map(is_spreadsheet_day, sample)):
        return SPREADSHEET_DAYS
    found = common_format(sample)
    return "" if found is None else f'format = "{found}"'
