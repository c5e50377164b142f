"""Vectorised checks of a batch: each names the first row at fault and its column."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.source import Source
from training.datasets.tables import MONEY_MINOR_MAX
from training.words import fault

MAX_TEXT_CHARS = 1024


class BatchCheck:
    """Checks the columns of one batch of a source.

    Parameters
    ----------
    source
        Where the batch comes from, for the error.
    position
        0-based position of the batch's first row in the source.
    batch
        The batch, in the types of the source's table.
    """

    def __init__(self, source: Source, position: int, batch: pa.RecordBatch) -> None:
        self._source = source
        self._position = position
        self._batch = batch

    def require(
        self, good: pa.Array | NDArray[np.bool_], column: str, code: str, /, **facts: object
    ) -> None:
        """Refuse the first row where ``good`` is false; null passes.

        Parameters
        ----------
        code, facts
            What is wrong with it, see ``training.words.fault``.

        Raises
        ------
        DataFault
            Names file, row and column.
        """
        if isinstance(good, np.ndarray):
            bad = np.flatnonzero(~good)
            row = int(bad[0]) if len(bad) else -1
        else:
            row = pc.index(good, False).as_py()
        if row >= 0:
            raise self._source.column_fault(self._position + row, column, fault(code, **facts))

    def texts(self) -> None:
        """Refuse texts longer than 1,024 characters."""
        for field in self._batch.schema:
            if pa.types.is_string(field.type):
                length = pc.utf8_length(self._batch[field.name])
                short = pc.less_equal(length, MAX_TEXT_CHARS)
                self.require(short, field.name, "longer_text", most=MAX_TEXT_CHARS)

    def filled(self, *columns: str) -> None:
        """Refuse empty texts."""
        for column in columns:
            self.require(pc.not_equal(self._batch[column], ""), column, "is_empty")

    def between(self, low: float, high: float, *columns: str) -> None:
        """Refuse numbers outside ``low`` to ``high``, and NaN; null passes."""
        for column in columns:
            values = self._batch[column]
            good = pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high))
            self.require(good, column, "not_between", low=low, high=high)

    def money(self, *columns: str) -> None:
        """Refuse negative amounts and absurd ones."""
        self.between(0, MONEY_MINOR_MAX, *columns)

    def one_of(self, column: str, values: Iterable[object]) -> None:
        """Refuse values that the contract does not know."""
        allowed = pa.array(list(values), self._batch[column].type)
        self.require(pc.is_in(self._batch[column], allowed), column, "not_of_contract")

    def times(self, low_us: int, high_us: int, *columns: str) -> None:
        """Refuse times outside ``low_us`` to ``high_us`` (inclusive); null passes."""
        for column in columns:
            values = self._batch[column].cast(pa.int64())
            good = pc.and_(pc.greater_equal(values, low_us), pc.less_equal(values, high_us))
            self.require(good, column, "out_of_time")

    def not_before(self, column: str, other: str) -> None:
        """Refuse a time that is earlier than the other column's; null passes."""
        good = pc.greater_equal(self._batch[column], self._batch[other])
        self.require(good, column, "earlier_than", other=other)


def hashes(column: pa.Array) -> NDArray[np.uint64]:
    """Return a 64 bit hash of each text: what stands for an id where memory is bounded."""
    values = column.to_numpy(zero_copy_only=False)
    return np.asarray(pd.util.hash_array(values, categorize=False), dtype=np.uint64)
