"""Blocks of features on their way into one Parquet file.

Windows are computed group by group, each group for all rows; Parquet wants a run of rows
with all its columns. So each block goes to plain files first and they are joined at the
end: memory holds one block, then one run of rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.features.windows.terms import WindowFeature
from training.windows.group_values import COUNTING, MISSING, Block

# Rows of a run, fewer where there are so many features that their values are more than this.
RUN_ROWS, RUN_BYTES = 1 << 17, 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A block in two files, and the features in it."""

    features: tuple[WindowFeature, ...]
    counts: Path
    numbers: Path


class ScratchBlocks:
    """Blocks in files.

    Parameters
    ----------
    directory
        Where to write; the caller removes it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._blocks: list[_Kept] = []

    def put(self, features: tuple[WindowFeature, ...], block: Block) -> None:
        """Keep a block; Parquet will have the features in the order of their coming."""
        stem = f"{len(self._blocks)}"
        kept = _Kept(
            features=features,
            counts=self._directory / f"{stem}.counts",
            numbers=self._directory / f"{stem}.numbers",
        )
        block.counts.tofile(kept.counts)
        block.numbers.tofile(kept.numbers)
        self._blocks.append(kept)

    def write(
        self, out: Path, event_id: pa.Array | pa.ChunkedArray, done: Callable[[int, int], None]
    ) -> None:
        """Write ``out``: the ids and all features as float64.

        Parameters
        ----------
        done
            Called with the rows written and the rows in all.
        """
        features = [feature for kept in self._blocks for feature in kept.features]
        ids = pa.field("event_id", pa.string(), nullable=False)
        schema = pa.schema([ids, *((feature.name, pa.float64()) for feature in features)])
        rows = len(event_id)
        with pq.ParquetWriter(
            out,
            schema,
            compression="zstd",
            compression_level=1,
            # Counts have few values; seconds and sums have many, and a dictionary only costs.
            use_dictionary=[one.name for one in features if one.measure in COUNTING],
            write_statistics=False,
        ) as writer:
            most = max(1, min(RUN_ROWS, RUN_BYTES // (8 * max(1, len(features)))))
            for start in range(0, rows, most):
                count = min(most, rows - start)
                runs = [pa.array(run) for kept in self._blocks for run in _runs(kept, start, count)]
                ids = event_id.slice(start, count).cast(pa.string())
                writer.write_table(pa.table([ids, *runs], schema=schema))
                done(start + count, rows)


def as_columns(features: tuple[WindowFeature, ...], block: Block) -> list[NDArray[np.float64]]:
    """Return each feature of a block, NaN where missing."""
    counts = np.ascontiguousarray(block.counts.T).astype(np.float64)
    counts[counts == MISSING] = np.nan
    places = {True: iter(counts), False: iter(np.ascontiguousarray(block.numbers.T))}
    return [next(places[feature.measure in COUNTING]) for feature in features]


def _runs(kept: _Kept, start: int, rows: int) -> list[NDArray[np.float64]]:
    """Return a run of each feature of a block in files."""
    counting = sum(feature.measure in COUNTING for feature in kept.features)
    others = len(kept.features) - counting
    counts = np.fromfile(kept.counts, np.int32, rows * counting, offset=4 * start * counting)
    numbers = np.fromfile(kept.numbers, np.float64, rows * others, offset=8 * start * others)
    block = Block(counts=counts.reshape(rows, counting), numbers=numbers.reshape(rows, others))
    return as_columns(kept.features, block)
