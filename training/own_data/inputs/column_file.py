"""Columns of single precision in a file without a name, which ends with the process.

A file of 200 columns and two million rows has a thousand inputs, more than memory should hold,
and a model is fitted on a part of their rows. What is read often stays in the system's cache.
"""

import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from training.words import fault

Floats32 = NDArray[np.float32]
_VALUE_BYTES = np.dtype(np.float32).itemsize


class ColumnFile(Mapping[str, Floats32]):
    """Columns of equal length by name, in the order in which they came.

    Parameters
    ----------
    directory
        On whose disk they lie; nothing of them is seen there.
    rows
        Values of each column.
    """

    def __init__(self, directory: Path, rows: int) -> None:
        self._directory, self._rows = directory, rows
        self._places: dict[str, int] = {}
        with tempfile.TemporaryFile(dir=directory) as file:
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def add(self, name: str, values: NDArray[np.floating[Any]]) -> None:
        """Keep a column; one of the same name is replaced.

        Raises
        ------
        ConfigFault
            The disk is full.
        """
        # Beyond single precision is no difference that a tree should split on.
        with np.errstate(over="ignore"):
            left = memoryview(values.astype(np.float32).tobytes())
        place = self._places.setdefault(name, len(self._places))
        at = place * self._rows * _VALUE_BYTES
        try:
            while left:
                written = os.pwrite(self._descriptor, left, at)
                left, at = left[written:], at + written
        except OSError as error:
            why = error.strerror or error
            told = fault("inputs_unwritable", path=self._directory, error=why)
            raise ConfigFault(told) from error

    def part(self, name: str, start: int, end: int) -> Floats32:
        """Return the rows from ``start`` to before ``end`` of a column."""
        first = (self._places[name] * self._rows + start) * _VALUE_BYTES
        read = os.pread(self._descriptor, (end - start) * _VALUE_BYTES, first)
        return np.frombuffer(read, np.float32)

    def matrix(self, at: NDArray[np.int64], names: tuple[str, ...]) -> Floats32:
        """Return a matrix of shape (at, names); ``at`` are rows."""
        found = np.empty((len(at), len(names)), np.float32)
        if len(at):
            start, end = int(at.min()), int(at.max()) + 1
            for place, name in enumerate(names):
                found[:, place] = self.part(name, start, end)[at - start]
        return found

    def __getitem__(self, name: str) -> Floats32:
        """Return a whole column."""
        return self.part(name, 0, self._rows)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._places)
