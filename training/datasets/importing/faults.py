"""Rows that cannot be imported: collected, shown with number, column and value, and counted.

A row is refused once, for its first reason. Up to twenty are shown when the import is
refused; when some may be left out (``max_bad_rows``), each stands in ``refused.csv``.
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from risk_service.domain.errors import DataFault
from risk_service.domain.text import LocalizedText
from training.words import fault, in_lines

REFUSED = "refused.csv"
MOST_SHOWN = 20
_LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """One refused row. ``column`` is empty when the row as a whole is at fault."""

    row: int
    column: str
    value: str | None
    reason: LocalizedText

    def text(self) -> LocalizedText:
        """Return the fault as a person reads it, without the row."""
        shown = "" if self.value is None else f"{shortened(self.value)!r} "
        told = LocalizedText(zh=f"{shown}{self.reason.zh}", en=f"{shown}{self.reason.en}")
        return fault("of_column", column=self.column, text=told) if self.column else told


def shortened(value: str) -> str:
    """Return a value short enough for a line."""
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."


@dataclass(slots=True)
class BatchFaults:
    """Faults of one batch; ``bad`` tells which of its rows are refused."""

    rows: NDArray[np.int64]
    found: list[RowFault] = field(default_factory=list)
    bad: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        """Start with every row good."""
        self.bad = np.zeros(len(self.rows), np.bool_)

    def mark(
        self, mask: NDArray[np.bool_], column: str, values: pa.Array | None, reason: LocalizedText
    ) -> None:
        """Refuse the rows of ``mask`` that are not refused yet.

        Parameters
        ----------
        values
            What stands in the column, to be shown; None when it is not to be shown.
        """
        new = np.flatnonzero(mask & ~self.bad)
        if not len(new):
            return
        self.bad[new] = True
        shown = [None] * len(new) if values is None else values.take(pa.array(new)).to_pylist()
        for position, value in zip(new.tolist(), shown, strict=True):
            text = None if value is None else str(value)
            row = int(self.rows[position])
            self.found.append(RowFault(row=row, column=column, value=text, reason=reason))


class FaultLog:
    """All refused rows of an import; a context manager, because it may write a file.

    Parameters
    ----------
    source
        The file at fault, as the user named it.
    allowed
        How many rows may be left out.
    directory
        Where ``refused.csv`` is written when rows may be left out.
    """

    def __init__(self, source: Path, allowed: int, directory: Path) -> None:
        self.count = 0
        self._source = source
        self._allowed = allowed
        self._first: list[RowFault] = []
        self._path = directory / REFUSED
        self._file = self._path.open("w", encoding="utf-8", newline="") if allowed else None
        self._writer = csv.writer(self._file) if self._file is not None else None
        self._write("row", "column", "value", "reason")

    def __enter__(self) -> "FaultLog":
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close ``refused.csv``, and remove it when no row stands in it."""
        if self._file is not None:
            self._file.close()
            if not self.count:
                self._path.unlink()

    @property
    def first_row(self) -> int | None:
        """Return the first refused row, if there is one."""
        return min((one.row for one in self._first), default=None)

    def absorb(self, faults: list[RowFault]) -> None:
        """Note faults, in order of rows.

        Raises
        ------
        DataFault
            There are more than may be left out, and enough to show.
        """
        for one in sorted(faults, key=lambda one: one.row):
            self.count += 1
            if len(self._first) < MOST_SHOWN:
                self._first.append(one)
            self._write(one.row, one.column, one.value or "", one.reason.en)
        if self.count > self._allowed and len(self._first) >= MOST_SHOWN:
            raise self._refusal("many_refused_least")

    def check(self) -> None:
        """Refuse the import when more rows are bad than may be left out.

        Raises
        ------
        DataFault
            Names the first row; further ones on a line each.
        """
        if self.count > self._allowed:
            raise self._refusal("many_refused")

    def _write(self, *cells: str | int) -> None:
        if self._writer is not None:
            self._writer.writerow(cells)

    def _refusal(self, many: str) -> DataFault:
        # Rows that Arrow could not split come before the others of their batch.
        first, *others = sorted(self._first, key=lambda one: one.row)
        lines = [first.text(), *(fault("of_row", row=one.row, text=one.text()) for one in others)]
        if self.count > 1 or self._allowed:
            lines.append(fault(many, count=self.count, allowed=self._allowed))
        return DataFault(str(self._source), first.row, in_lines(lines))
