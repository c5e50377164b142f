"""Finds a repeated id in a stream with 8 bytes per row in memory.

Ids are remembered as 64 bit hashes; only when two of them are equal is the file read again
to compare the ids themselves, so a chance collision is never reported as a fault.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.checks import hashes
from training.datasets.source import Source
from training.words import NOTHING, fault


class UniqueIds:
    """Collects the ids of a source and refuses a repeated one at the end.

    Parameters
    ----------
    source
        The file that the ids come from.
    columns
        The columns that make up the id.
    """

    def __init__(self, source: Source, *columns: str) -> None:
        self._source = source
        self._columns = columns
        self._parts: list[NDArray[np.uint64]] = []

    def add(self, batch: pa.RecordBatch) -> NDArray[np.uint64]:
        """Remember the ids of the next batch and return their hashes."""
        part = hashes(self._ids(batch))
        self._parts.append(part)
        return part

    def all_hashes(self) -> NDArray[np.uint64]:
        """Return the hash of every row so far, in the order of the file."""
        return np.concatenate(self._parts) if self._parts else np.empty(0, np.uint64)

    def check(self) -> None:
        """Refuse the file when an id is repeated.

        Raises
        ------
        DataFault
            Names the row of the repetition.
        """
        every = self.all_hashes()
        order = np.argsort(every, kind="stable")
        ranked = every[order]
        repeated = np.unique(ranked[1:][ranked[1:] == ranked[:-1]])
        if len(repeated):
            self._compare(repeated)

    def _compare(self, repeated: NDArray[np.uint64]) -> None:
        seen: dict[str, int] = {}
        for position, batch in self._source.batches():
            ids = self._ids(batch)
            for row in np.flatnonzero(np.isin(hashes(ids), repeated)):
                key = ids[int(row)].as_py()
                if key in seen:
                    told = fault("id_again", row=self._row(seen[key]))
                    raise self._source.column_fault(position + int(row), self._columns[0], told)
                seen[key] = position + int(row)

    def _row(self, position: int) -> int | None:
        return self._source.fault(position, NOTHING).row

    def _ids(self, batch: pa.RecordBatch) -> pa.Array:
        columns = [batch[name] for name in self._columns]
        return pc.binary_join_element_wise(*columns, "\x1f") if len(columns) > 1 else columns[0]
