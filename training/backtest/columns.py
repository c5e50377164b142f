"""Columns of a data set of own events, read when something needs them and then kept.

Memory: 8 bytes per event and number read, 4 bytes per event and text plus the distinct texts.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.backtest.zones import local_seconds
from training.datasets.own_events import (
    AMOUNT_COLUMN,
    EVENTS,
    OwnDescription,
    categorical_column,
    entity_column,
    numeric_column,
)

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]
MISSING = -1
# How far decimals of a number are looked for, to sum it exactly as whole numbers.
MOST_DECIMALS = 9
_LARGEST_SUM = 2.0**62


@dataclass(frozen=True)
class Texts:
    """Texts as numbers: ``codes`` are places in ``levels``, -1 where there is none."""

    codes: Int32s
    levels: Sequence[str]

    @property
    def missing(self) -> int:
        """Return how many are missing."""
        return int((self.codes == MISSING).sum())

    def part(self, start: int, stop: int) -> list[str | float]:
        """Return some of them; NaN where missing, as rules read it."""
        return list(self._spread[self.codes[start:stop]])

    def at(self, places: Int64s) -> list[str | None]:
        """Return those at some places; None where missing, as files have it."""
        codes = self.codes[places].tolist()
        return [None if code == MISSING else self.levels[code] for code in codes]

    @cached_property
    def _spread(self) -> NDArray[np.object_]:
        """Levels and then NaN, which the code -1 finds."""
        return np.array([*self.levels, math.nan], dtype=object)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers; NaN where there is none."""

    values: Floats

    @property
    def missing(self) -> int:
        """Return how many are missing."""
        return int(np.isnan(self.values).sum())

    def part(self, start: int, stop: int) -> list[float]:
        """Return some of them."""
        return list(self.values[start:stop].tolist())


@dataclass(frozen=True, slots=True)
class Whole:
    """Numbers as whole ones: value times ``scale``, 0 where there is none."""

    values: Int64s
    scale: int


Column = Texts | Numbers


@dataclass(kw_only=True)
class EventColumns:
    """All columns of the events of a directory, in their order: time, then row of the source.

    Parameters
    ----------
    zone
        Of the parts of the time, such as the hour.
    """

    directory: Path
    description: OwnDescription
    zone: ZoneInfo
    _texts: dict[str, Texts] = field(default_factory=dict)
    _numbers: dict[str, Numbers] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of events."""
        return self.description.rows

    @cached_property
    def at_us(self) -> Int64s:
        """Time of each event."""
        return np.asarray(self._read("event_at").cast(pa.int64()).to_numpy(), dtype=np.int64)

    @cached_property
    def ids(self) -> pa.Array:
        """Id of each event."""
        return self._read("event_id").combine_chunks()

    @cached_property
    def local_s(self) -> Int64s:
        """Seconds since 1970 by the clock on the wall, for hours and days."""
        return local_seconds(self.at_us, self.zone)

    def texts(self, column: str) -> Texts:
        """Return a column of texts, by its name in the file."""
        if column not in self._texts:
            encoded = pc.dictionary_encode(self._read(column).combine_chunks())
            codes = encoded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False)
            self._texts[column] = Texts(codes.astype(np.int32), encoded.dictionary.to_pylist())
        return self._texts[column]

    def numbers(self, column: str) -> Numbers:
        """Return a column of numbers, by its name in the file."""
        if column not in self._numbers:
            values = self._read(column).cast(pa.float64()).to_numpy()
            self._numbers[column] = Numbers(np.asarray(values, dtype=np.float64))
        return self._numbers[column]

    def amount(self) -> Numbers:
        """Return the amounts in whole units of the currency."""
        return Numbers(self.numbers(AMOUNT_COLUMN).values / 10.0**self.exponent)

    @property
    def exponent(self) -> int:
        """Return how many decimals the minor unit of the currency has."""
        return self.description.amount.exponent if self.description.amount is not None else 0

    def whole(self, column: str) -> Whole | None:
        """Return numbers as whole ones, for sums that do not depend on their order.

        With as many decimals as the values have, up to 9; None when they have more, or when
        sums of them do not fit into an int64: one such value would take the decimals, or all
        there is, of every other.
        """
        values = self.numbers(column).values
        filled = np.where(np.isfinite(values), values, 0.0)
        # Beyond the greatest number there is, the sum is infinite, and too large all the same.
        with np.errstate(over="ignore"):
            most = max(float(np.abs(filled).sum()), 1.0)
        for scale in (10**decimals for decimals in range(MOST_DECIMALS + 1)):
            if most * scale >= _LARGEST_SUM:
                break
            scaled = filled * scale
            # A decimal times its power of ten is off by a rounding, never by more.
            if np.all(np.abs(scaled - np.rint(scaled)) <= np.abs(scaled) * 2.0**-50):
                return Whole(np.rint(scaled).astype(np.int64), scale)
        return None

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield columns of the file in batches of that many events, straight from it."""
        with pq.ParquetFile(self.directory / EVENTS) as file:
            yield from file.iter_batches(rows, columns=list(columns))

    def _read(self, column: str) -> pa.ChunkedArray:
        with pq.ParquetFile(self.directory / EVENTS) as file:
            return file.read([column]).column(0)


def entity_columns(description: OwnDescription) -> dict[str, str]:
    """Return the column of each entity."""
    return {name: entity_column(name) for name in description.entities}


def category_columns(description: OwnDescription) -> dict[str, str]:
    """Return the column of each categorical attribute."""
    return {name: categorical_column(name) for name in description.categorical}


def number_columns(description: OwnDescription) -> dict[str, str]:
    """Return the column of each numeric attribute."""
    return {name: numeric_column(name) for name in description.numeric}
