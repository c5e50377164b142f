"""What the first lines of a CSV text tell: delimiter, header, and what stands before it."""

import csv
import io
import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.importing.specs import SourceSpec

# Spreadsheets write the delimiter on a line before the header.
SEP_LINE = re.compile(r"sep=(.)\r?\n")
# The byte order mark of a joined or doubly marked file stands before its first name.
AROUND_NAMES = " \t\r\n\ufeff"
_DELIMITERS = ",;\t|"
_ROWS_LOOKED_AT = 100
_VALUE = re.compile(r"[-+]?\d+(?:[.,]\d+)?|\d{4}-\d\d-\d\d(?:[ T][\d:.]+Z?)?")


def header(sample: str, spec: SourceSpec, delimiter: str) -> tuple[list[str], int]:
    """Return the names of the first row, and how many lines it takes.

    Raises
    ------
    csv.Error
        It cannot be read.
    """
    reader = _reader(sample, spec, delimiter)
    names: list[str] = next(reader, [])
    return [name.strip(AROUND_NAMES) for name in names], reader.line_num


def likely_delimiter(sample: str, spec: SourceSpec, wanted: Sequence[str]) -> str:
    """Return the delimiter under which most of the wanted names stand in the header.

    Raises
    ------
    csv.Error
        The header cannot be read.
    """

    def fitness(delimiter: str) -> tuple[int, int]:
        names = set(header(sample, spec, delimiter)[0])
        return len(names & set(wanted)), len(names)

    return max(_DELIMITERS, key=fitness)


def is_row(names: Sequence[str]) -> bool:
    """Tell whether a first line is likely no header but a row: no name empty, half of them values.

    Days and years stand in headers as well, but beside names, or all in one kind; and columns
    without names are numbered.
    """
    values = [name for name in names if _VALUE.fullmatch(name)]
    lengths = {len(name) for name in values}
    counted = [str(int(values[0]) + at) for at in range(len(values))] if _counts(values) else []
    many = len(names) > 1 and all(names) and 2 * len(values) >= len(names)
    return many and len(lengths) > 1 and values != counted


def _counts(values: Sequence[str]) -> bool:
    return bool(values) and values[0].isascii() and values[0].isdigit()


def other_headers(cells: Sequence[pa.Array], names: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which rows hold nothing but names of columns, as the header of a joined file does."""
    found = np.ones(len(cells[0]) if cells else 0, np.bool_)
    # An empty cell is the name of no column.
    known = pa.array([name for name in names if name], pa.string())
    for column in cells:
        if not found.any():
            break
        told = pc.is_in(pc.utf8_trim(column, characters=AROUND_NAMES), value_set=known)
        found &= told.to_numpy(zero_copy_only=False)
    return found


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of which none comes twice: ``Account`` and ``Account 2``; none has no name."""
    found: list[str] = []
    for place, name in enumerate(names, 1):
        told, number = name or f"column {place}", 1
        while told in found or (number > 1 and told in names):
            number += 1
            told = f"{name} {number}"
        found.append(told)
    return tuple(found)


def likely_skip_lines(sample: str, spec: SourceSpec) -> int:
    """Return how many lines likely stand before the header: those narrower than the table.

    A spreadsheet fills a title up with delimiters: what is mostly empty is no header either.
    """
    sample = SEP_LINE.sub("", sample, count=1) if SEP_LINE.match(sample) else sample
    found = 1, 0
    for delimiter in _DELIMITERS:
        starts, widths, filled = _first_rows(sample, spec, delimiter)
        width = max(sorted(set(widths)), key=widths.count, default=0)
        if width > found[0] and 2 * widths.count(width) > len(widths):
            whole = zip(starts, widths, filled, strict=False)
            heads = (start for start, one, full in whole if one == width and 2 * full > width)
            found = width, next(heads, starts[widths.index(width)])
    return found[1]


def _first_rows(
    sample: str, spec: SourceSpec, delimiter: str
) -> tuple[list[int], list[int], list[int]]:
    """Return the line that each of the first rows begins in, its cells, and those not empty."""
    reader = _reader(sample, spec, delimiter)
    starts, widths, filled = [0], [], []
    try:
        for row in islice(reader, _ROWS_LOOKED_AT):
            widths.append(len(row))
            filled.append(sum(bool(cell.strip(AROUND_NAMES)) for cell in row))
            starts.append(reader.line_num)
    except csv.Error:
        # A cell without an end; the import says so of its row.
        return starts, widths, filled
    return starts, widths, filled


def _reader(sample: str, spec: SourceSpec, delimiter: str) -> Any:
    return csv.reader(
        io.StringIO(sample, newline=""),
        delimiter=delimiter,
        quotechar=spec.quote or None,
        escapechar=spec.escape or None,
        quoting=csv.QUOTE_MINIMAL if spec.quote else csv.QUOTE_NONE,
    )
