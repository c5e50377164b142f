"""One key group over a whole log: hash parts, on several threads.

All events and reads of an entity share a part, and a part is computed by itself, so that
memory holds a few parts and not the log sorted by every key.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.windows import kernels
from training.windows.group import keys_of
from training.windows.log import Int32s, Int64s
from training.windows.part import GroupLog, Reads, make_part

PART_EVENTS = 700_000
THREADS = 2
# What is gathered from the log at a time.
_CHUNK_EVENTS = 1 << 20
# int32 columns (counts) hold -1 where the value is missing.
MISSING = -1
_INT32_MEASURES = ("count", "distinct")
Column = NDArray[np.float64] | NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How to divide the work: events in a part, parts at the same time."""

    part_events: int = PART_EVENTS
    threads: int = THREADS


def group_values(
    source: GroupLog, reads: Reads, effort: Effort, done: Callable[[int, int], None]
) -> list[Column]:
    """Return the features of the group, one column each, one value per read.

    Parameters
    ----------
    reads
        In order of time; a read without a key stays missing.
    done
        Called with the parts done and the parts in all, one call at a time.
    """
    count = max(1, -(-max(len(source.log), len(reads)) // effort.part_events))
    event_rows, event_starts = kernels.grouped(_event_parts(source, count), count)
    read_parts = kernels.parts_of(reads.first, reads.second, count)
    read_rows, read_starts = kernels.grouped(read_parts, count)
    columns = [_blank(feature.measure, len(reads)) for feature in source.plan.features]

    def work(part: int) -> None:
        events = event_rows[event_starts[part] : event_starts[part + 1]]
        rows = read_rows[read_starts[part] : read_starts[part + 1]]
        if rows.size:
            made = make_part(source, events, reads.take(rows))
            places = rows[made.reads]
            for column, values in zip(columns, made.values(), strict=True):
                column[places] = values

    with ThreadPoolExecutor(effort.threads) as pool:
        for number, _ in enumerate(pool.map(work, range(count)), 1):
            done(number, count)
    return columns


def as_floats(column: Column) -> NDArray[np.float64]:
    """Return a column as the vector has it: float64, NaN where missing."""
    if column.dtype == np.int32:
        return np.where(column == MISSING, np.nan, column)
    return column.astype(np.float64, copy=False)


def _blank(measure: str, rows: int) -> Column:
    if measure in _INT32_MEASURES:
        return np.full(rows, MISSING, np.int32)
    return np.full(rows, np.nan)


def _event_parts(source: GroupLog, count: int) -> Int32s:
    """Return the part of each event of the log; -1 where it has no key or counts for nothing."""
    parts = np.empty(len(source.log), np.int32)
    counted = np.int64(source.plan.mask)
    arrived_us, _, _ = source.log.times(source.plan.number)
    for start in range(0, len(source.log), _CHUNK_EVENTS):
        stop = min(start + _CHUNK_EVENTS, len(source.log))
        events: Int64s = np.arange(start, stop)
        first, second = keys_of(source.log, source.plan.keys, events)
        second[(source.bits[start:stop] & counted == 0) | (arrived_us[start:stop] == 0)] = 0
        parts[start:stop] = kernels.parts_of(first, second, count)
    return parts
