"""Decoded records in memory: the ones used last, and all that the file does not have yet."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

from risk_service.adapters.live.records_file import RecordsFile
from risk_service.features.windows.record import Record
from risk_service.features.windows.record_plan import RecordPlan

# Dirty records met at the cold end before room is given up for now.
PATIENCE = 8


class Held:
    """A record in memory.

    ``dirty``: it has changed since it was last written. ``shared``: several events of the
    group in flight have it; their common copy is ``draft``, once one of them counts.
    """

    __slots__ = ("dirty", "draft", "group", "key", "record", "shared")

    def __init__(self, group: int, key: str, record: Record) -> None:
        self.group = group
        self.key = key
        self.record = record
        self.dirty = False
        self.shared = False
        self.draft: Record | None = None


class RecordCache:
    """Least recently used records give way; dirty ones stay until they are written.

    Used by one thread at a time.

    Parameters
    ----------
    records_max
        Clean records beyond so many are dropped.
    """

    def __init__(self, plans: Sequence[RecordPlan], file: RecordsFile, records_max: int) -> None:
        self._plans = plans
        self._file = file
        self.records_max = records_max
        self._groups: list[OrderedDict[str, Held]] = [OrderedDict() for _ in plans]
        self._dirty: list[Held] = []
        # What any key reads that was never seen.
        self._empty = [Record(plan) for plan in plans]

    def __len__(self) -> int:
        """Return the number of records in memory."""
        return sum(map(len, self._groups))

    @property
    def dirty_count(self) -> int:
        """Return how many records the file does not have as they are."""
        return len(self._dirty)

    def hold(self, group: int, keys: Iterable[str]) -> dict[str, Held]:
        """Return the records of these keys, loaded or new."""
        held = self._groups[group]
        found: dict[str, Held] = {}
        absent: list[str] = []
        for key in keys:
            one = held.get(key)
            if one is None:
                absent.append(key)
            else:
                held.move_to_end(key)
                found[key] = one
        if absent:
            packed = self._file.load(group, absent)
            plan = self._plans[group]
            for key in absent:
                data = packed.get(key)
                record = Record(plan) if data is None else Record.unpack(plan, data)
                found[key] = held[key] = Held(group, key, record)
        return found

    def peek(self, group: int, keys: Sequence[str]) -> Iterator[Record]:
        """Yield the records of these keys to read only; unknown ones are not kept."""
        held = self._groups[group]
        absent = [key for key in keys if key not in held]
        packed = self._file.load(group, absent) if absent else {}
        for key in keys:
            one = held.get(key)
            if one is not None:
                yield one.record
            elif key in packed:
                yield Record.unpack(self._plans[group], packed[key])
            else:
                yield self._empty[group]

    def touch(self, held: Held) -> None:
        """Take note that a record has changed."""
        if not held.dirty:
            held.dirty = True
            self._dirty.append(held)

    def take_dirty(self) -> list[Held]:
        """Return all that must be written; they stay dirty until ``written``."""
        dirty, self._dirty = self._dirty, []
        return dirty

    def written(self, held: Iterable[tuple[Held, int]]) -> None:
        """Take note of what the file has, by the stamps of the records as they were packed.

        Stamps rise with every change: one that has moved on must be written again.
        """
        for one, stamp_us in held:
            if one.record.stamp_us == stamp_us:
                one.dirty = False
            else:
                self._dirty.append(one)

    def give_back(self, held: Iterable[Held]) -> None:
        """Take back what could not be written."""
        self._dirty.extend(held)

    def make_room(self) -> bool:
        """Drop clean records beyond the limit; False when dirty ones stand in the way."""
        excess = len(self) - self.records_max
        if excess <= 0:
            return True
        largest = max(self._groups, key=len)
        patience = PATIENCE
        while excess > 0 and patience > 0 and largest:
            key, oldest = largest.popitem(last=False)
            if oldest.dirty:
                largest[key] = oldest
                patience -= 1
            else:
                excess -= 1
        return excess <= 0
