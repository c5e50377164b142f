"""Changed blocks on their way to the file."""

from collections.abc import Sequence

import numpy as np

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.memory import Ints
from risk_service.adapters.live.flat.packing import pack_all
from risk_service.adapters.live.flat.program import Program
from risk_service.adapters.live.flat.space import Space
from risk_service.adapters.live.records_file import Row, key_of
from risk_service.features.windows.record_plan import RecordPlan

FIRST_BYTES = 1 << 20


class FlatDirty:
    """Implements ``keeper.Dirty``.

    Parameters
    ----------
    keys
        Of every record, by its number.
    """

    def __init__(
        self,
        space: Space,
        program: Program,
        plans: Sequence[RecordPlan],
        keys: Sequence[str],
        records: Ints,
    ) -> None:
        self._space = space
        self._program = program
        self._plans = plans
        self._keys = keys
        self._records = records
        self._stamps_us = np.zeros(len(records), np.int64)
        self._ends = np.zeros(len(records), np.int64)
        self._bytes = np.empty(FIRST_BYTES, np.uint8)

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self._records)

    def pack(self, first: int, at_most: int, now_us: int) -> list[Row]:
        """Return the rows of some records from ``first`` on, at least one."""
        space = self._space
        records = self._records[first : first + at_most]
        blocks, groups = space.table.block[records], space.group[records]
        stamps_us = space.memory.words[blocks + at.STAMP]
        count = 0
        while not count:
            packed = (groups, self._ends, self._bytes)
            count = pack_all(space.memory, self._program, blocks, packed, now_us)
            if not count:
                self._bytes = np.empty(2 * len(self._bytes), np.uint8)
        self._stamps_us[first : first + count] = stamps_us[:count]
        ends = self._ends[:count].tolist()
        content = self._bytes[: ends[-1]].tobytes()
        begins = [0, *ends[:-1]]
        numbers = zip(records.tolist(), groups.tolist(), stamps_us.tolist(), begins, ends)  # noqa: B905 - as many as there was room for
        return [
            Row(
                key_of(group, self._keys[record]),
                self._plans[group].expires_us(stamp_us),
                content[begin:end],
            )
            for record, group, stamp_us, begin, end in numbers
        ]

    def written(self) -> None:
        """Take note that the file has all as they were packed; later changes stay dirty."""
        space, records = self._space, self._records
        # Stamps rise with every change.
        now_us = space.memory.words[space.table.block[records] + at.STAMP]
        space.table.dirty[records[now_us == self._stamps_us]] = 0

    def give_back(self) -> None:
        """Take note that not all was written: the records are dirty still."""
