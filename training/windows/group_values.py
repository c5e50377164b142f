"""One key group over a whole log: hash parts, on several threads.

All events and reads of an entity share a part, and a part is computed by itself, so that
memory holds a few parts and not the log sorted by every key.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.features.windows.terms import WindowFeature
from training.windows import kernels
from training.windows.group import keys_of
from training.windows.log import Int32s, Int64s
from training.windows.part import GroupLog, Part, Reads, make_part

PART_EVENTS = 700_000
THREADS = 2
# Counts are int32 on their way; -1 where the value is missing.
MISSING = -1
COUNTING = ("count", "distinct")
# What is gathered from the log at a time.
_CHUNK_EVENTS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How to divide the work: events in a part, parts at the same time."""

    part_events: int = PART_EVENTS
    threads: int = THREADS


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Features of all reads, one row per read: counts and the others, each in their order."""

    counts: NDArray[np.int32]
    numbers: NDArray[np.float64]

    def put(self, rows: Int32s, counts: NDArray[np.int32], numbers: NDArray[np.float64]) -> None:
        """Write some rows; the values come column by column."""
        kernels.put_rows(rows, counts, self.counts)
        kernels.put_rows(rows, numbers, self.numbers)

    def take(self, rows: Int32s) -> "Block":
        """Return some rows."""
        return Block(counts=self.counts[rows], numbers=self.numbers[rows])


def row_bytes(features: tuple[WindowFeature, ...]) -> int:
    """Return the bytes of a row of a block."""
    return sum(4 if feature.measure in COUNTING else 8 for feature in features)


def blank(features: tuple[WindowFeature, ...], rows: int) -> Block:
    """Return a block with every value missing."""
    counting = sum(feature.measure in COUNTING for feature in features)
    return Block(
        counts=np.full((rows, counting), MISSING, np.int32),
        numbers=np.full((rows, len(features) - counting), np.nan),
    )


def group_values(
    source: GroupLog, reads: Reads, effort: Effort, done: Callable[[int, int], None]
) -> Block:
    """Return the features of the group, one row per read.

    Parameters
    ----------
    reads
        In order of time; a read without a key stays missing.
    done
        Called with the parts done and the parts in all, one call at a time.
    """
    count = max(1, -(-max(len(source.log), len(reads)) // effort.part_events))
    event_rows, event_keys, event_starts = kernels.parted(_counted_keys(source), count)
    read_rows, read_keys, read_starts = kernels.parted(reads.keys, count)
    block = blank(source.plan.features, len(reads))

    def work(part: int) -> None:
        events = slice(event_starts[part], event_starts[part + 1])
        mine = slice(read_starts[part], read_starts[part + 1])
        rows = read_rows[mine]
        if rows.size:
            its_reads = Reads(keys=read_keys[mine], at_us=reads.at_us[rows])
            made = make_part(source, event_rows[events], event_keys[events], its_reads)
            _fill(made, rows, block)

    with ThreadPoolExecutor(effort.threads) as pool:
        for number, _ in enumerate(pool.map(work, range(count)), 1):
            done(number, count)
    return block


def _fill(part: Part, rows: Int32s, block: Block) -> None:
    """Compute a part and write its rows of the block."""
    counts = np.empty((block.counts.shape[1], rows.size), np.int32)
    numbers = np.empty((block.numbers.shape[1], rows.size))
    counting, others = iter(counts), iter(numbers)
    for feature, values in zip(part.source.plan.features, part.values(), strict=True):
        column = next(counting) if feature.measure in COUNTING else next(others)
        # Back from entity by entity to order of time, so that the block is written once through.
        column[part.reads] = values
    block.put(rows, counts, numbers)


def _counted_keys(source: GroupLog) -> Int64s:
    """Return the key of each event of the log; 0 where it has none or counts for nothing."""
    keys = np.zeros(len(source.log), np.int64)
    mask = np.int64(source.plan.mask)
    arrived_us, _, _ = source.log.times(source.plan.number)
    for start in range(0, len(source.log), _CHUNK_EVENTS):
        here = slice(start, start + _CHUNK_EVENTS)
        counted = (source.bits[here] & mask != 0) & (arrived_us[here] != 0)
        events: Int64s = np.flatnonzero(counted) + start
        keys[events] = keys_of(source.log, source.plan.keys, events)
    return keys
