"""The memory of all blocks and the table of records; both grow as they must."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.blocks import allocate
from risk_service.adapters.live.flat.memory import Ints, Memory, Table
from risk_service.adapters.live.flat.program import Program
from risk_service.features.windows.record import UNSEEN_US

# Zeroed memory takes room when it is first written: this much costs nothing to begin with.
FIRST_WORDS = 1 << 24
FIRST_RECORDS = 1 << 10
# Growing copies all blocks while an order waits. What is behind them is not there yet.
WORDS_FACTOR = 4
# Block 0 stands for none.
FIRST_BLOCK = 8
# The last row of the table belongs to no record: it stands for an event without a key.
NO_RECORD = -1


class Space:
    """Numbers for records, and blocks for what they hold.

    Attributes
    ----------
    memory, table
        As the loops take them; others after each growth.
    group, used
        By record: its key group (-1: the number is free), when it was last used.
    """

    def __init__(self, program: Program) -> None:
        self._free: list[int] = []
        self.memory = Memory(
            np.zeros(FIRST_WORDS, np.int64), np.zeros(at.FREE + at.SIZES, np.int64)
        )
        self.memory.meta[at.TAIL] = FIRST_BLOCK
        empty = np.array([self._empty(plan) for plan in program.plans], np.int64)
        none = np.zeros(0, np.int64)
        self.table = Table(none, none, np.zeros(0, np.uint8), empty, none)
        self.group, self.used = none, none
        self._more_records()

    def reserve(self, words: int) -> None:
        """Make room for so many words in new blocks."""
        old, tail = self.memory.words, int(self.memory.meta[at.TAIL])
        # A block is a quarter larger than asked for at most.
        needed = tail + words + words // 4 + FIRST_BLOCK
        if needed > len(old):
            self.grow(needed)

    def grow(self, least: int = 0) -> None:
        """Give the memory several times as many words as it has, or must have at least."""
        old, tail = self.memory.words, int(self.memory.meta[at.TAIL])
        words = np.zeros(int(max(least, len(old)) * WORDS_FACTOR), np.int64)
        words[:tail] = old[:tail]
        self.memory = self.memory._replace(words=words)

    def new(self, group: int) -> int:
        """Return the number of a new record without any event."""
        if not self._free:
            self._more_records()
        record = self._free.pop()
        self.group[record] = group
        self.table.block[record] = self.table.empty[group]
        return record

    def release(self, records: Ints) -> Ints:
        """Take numbers back; return the blocks that are to be freed."""
        blocks = self.table.block[records]
        groups = self.group[records]
        self.group[records] = NO_RECORD
        self._free += records.tolist()
        full: Ints = blocks[blocks != self.table.empty[groups]]
        return full

    def _more_records(self) -> None:
        block, draft, dirty, empty, touched = self.table
        size = max(FIRST_RECORDS, 2 * len(block))
        self._free += range(size - 2, max(len(block) - 2, -1), -1)
        self.table = Table(
            _longer(block, size),
            _longer(draft, size),
            _longer(dirty, size),
            empty,
            _longer(touched, size),
        )
        self.group, before = np.full(size, NO_RECORD, np.int64), self.group
        self.group[: len(before)] = before
        self.used = _longer(self.used, size)

    def _empty(self, plan: Ints) -> int:
        """Return the block of a record without any event."""
        maps, totals, words = int(plan[at.N_MAPS]), int(plan[at.N_TOTALS]), self.memory.words
        size = int(plan[at.STARTS]) + 1 + 2 * totals + 2 * maps
        self.reserve(size)
        o = allocate(self.memory, size)
        words = self.memory.words
        words[o + at.ROOM] = 1
        words[o + at.HEAD : o + at.HEAD + plan[at.N_SEEN]] = UNSEEN_US
        sizes = o + int(plan[at.STARTS]) - 2 * maps
        words[sizes + 1 : sizes + 2 * maps : 2] = 1
        return o


def _longer(old: NDArray[Any], size: int) -> NDArray[Any]:
    new = np.zeros(size, old.dtype)
    new[: len(old)] = old
    return new
