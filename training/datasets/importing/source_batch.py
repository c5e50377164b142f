"""What a source yields, of whatever kind it is: batches that know their row numbers.

A row number is the record's place in the file, the header of a CSV file being row 1 (as in
an editor, unless cells hold line breaks); rows of a Parquet file count from 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from risk_service.domain.text import LocalizedText
from training.datasets.importing.faults import FaultLog


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBatch:
    """Rows of the source: their numbers, and the columns that were asked for."""

    rows: NDArray[np.int64]
    columns: dict[str, pa.Array]


class SourceFile(Protocol):
    """A file with named columns."""

    @property
    def path(self) -> Path:
        """Return where it is, as the user named it."""

    @property
    def columns(self) -> list[str]:
        """Return the names of its columns."""

    @property
    def notes(self) -> list[LocalizedText]:
        """Return what a reader of the import should know of the file, once it was read."""

    def batches(self, wanted: Sequence[str], faults: FaultLog) -> Iterator[SourceBatch]:
        """Yield the wanted columns; rows that cannot be read go to ``faults``."""

    def progress(self) -> tuple[int, int]:
        """Return how much was read, and how much there is."""
