"""Records as Python objects: the ones used last, and all that the file does not have yet."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from risk_service.adapters.live.held_back import Effects, Held, HeldBack
from risk_service.adapters.live.keeper import Floats, Keys
from risk_service.adapters.live.parts import Part
from risk_service.adapters.live.records_file import RecordsFile, Row, key_of
from risk_service.domain.event import Event
from risk_service.features.clusters.features import ClusterFeatures
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import effective_us

# Dirty records met at the cold end before room is given up for now.
PATIENCE = 8


class RecordCache:
    """Implements ``keeper.Keeper`` with nothing but Python: what runs where numba does not."""

    def __init__(self, compiled: CompiledWindows, file: RecordsFile, records_max: int) -> None:
        plans = compiled.plans
        self._compiled = compiled
        self._effects = Effects(compiled)
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

    def begin(self, events: Sequence[Event], keys: Keys) -> HeldBack:
        """Load the records of a group; ``keys`` are those of each event by key group."""
        held = [self._hold(group, keys_of) for group, keys_of in enumerate(zip(*keys, strict=True))]
        return HeldBack(self._compiled, self._effects, self.touch, events, held)

    def read(self, group: int, keys: Sequence[str], r_us: int) -> Floats:
        """Return the windows of some keys without any group's changes; keep no new record."""
        rows = [record.read(r_us) for record in self._peek(group, keys)]
        return np.array(rows).reshape(len(keys), len(self._plans[group].names))

    def adder(self, features: ClusterFeatures) -> None:
        """Return None: Python records are read one by one."""

    def replay(self, events: Sequence[Event], keys: Keys, stamps_us: Sequence[int]) -> None:
        """Let events of the log count under their stamps, where they do not count already."""
        compiled = self._compiled
        held = [self._hold(group, keys_of) for group, keys_of in enumerate(zip(*keys, strict=True))]
        for place, (event, a_us) in enumerate(zip(events, stamps_us, strict=True)):
            bits, hashes = compiled.bits(event), compiled.hashes(event)
            tau_us = effective_us(event.at_us, a_us)
            for group in self._effects.groups(bits):
                one = held[group][place]
                if one is not None and one.record.stamp_us < a_us:
                    one.record.apply(a_us, tau_us, bits, event.columns, hashes)
                    self.touch(one)

    def make(self, part: Part, now_us: int) -> Iterator[list[Row]]:
        """Yield the packed records of a part in its order; none of them stays in memory."""
        columns = len(self._compiled.window_set.columns)
        for number, (key, group) in enumerate(zip(part.keys, part.groups.tolist(), strict=True)):
            plan = self._plans[group]
            record = Record(plan)
            places = part.places[part.begins[number] : part.begins[number + 1]]
            for _, a_us, tau_us, bits, *rest in part.words[places].tolist():
                record.apply(a_us, tau_us, bits, tuple(rest[:columns]), tuple(rest[columns:]))
            yield [Row(key, plan.expires_us(record.stamp_us), record.pack(now_us))]

    def _hold(self, group: int, keys: Sequence[str]) -> list[Held | None]:
        """Return the record of each key, loaded or new; None for an empty key."""
        held = self._groups[group]
        found: dict[str, Held] = {}
        absent: list[str] = []
        for key in dict.fromkeys(keys):
            one = held.get(key)
            if one is not None:
                held.move_to_end(key)
                found[key] = one
            elif key:
                absent.append(key)
        if absent:
            packed = self._file.load([(group, key) for key in absent])
            plan = self._plans[group]
            for key in absent:
                data = packed.get((group, key))
                record = Record(plan) if data is None else Record.unpack(plan, data)
                found[key] = held[key] = Held(group, key, record)
        return [found.get(key) for key in keys]

    def _peek(self, group: int, keys: Sequence[str]) -> Iterator[Record]:
        held = self._groups[group]
        absent = [(group, key) for key in keys if key not in held]
        packed = self._file.load(absent) if absent else {}
        for key in keys:
            one = held.get(key)
            if one is not None:
                yield one.record
            elif (group, key) in packed:
                yield Record.unpack(self._plans[group], packed[group, key])
            else:
                yield self._empty[group]

    def touch(self, held: Held) -> None:
        """Take note that a record has changed."""
        if not held.dirty:
            held.dirty = True
            self._dirty.append(held)

    def take_dirty(self) -> "PlainDirty":
        """Return all that must be written."""
        dirty, self._dirty = self._dirty, []
        return PlainDirty(dirty, self._dirty_again)

    def _dirty_again(self, held: Iterable[Held]) -> None:
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


class PlainDirty:
    """Implements ``keeper.Dirty``.

    Parameters
    ----------
    again
        Takes those back that are still to be written.
    """

    def __init__(self, held: Sequence[Held], again: Callable[[Iterable[Held]], None]) -> None:
        self._held = held
        self._again = again
        self._stamps_us: list[int] = []

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self._held)

    def pack(self, first: int, at_most: int, now_us: int) -> list[Row]:
        """Return the rows of some records from ``first`` on, at least one."""
        rows = []
        for held in self._held[first : first + at_most]:
            record = held.record
            self._stamps_us.append(record.stamp_us)
            expires_us = record.plan.expires_us(record.stamp_us)
            rows.append(Row(key_of(held.group, held.key), expires_us, record.pack(now_us)))
        return rows

    def written(self) -> None:
        """Take note that the file has all as they were packed; later changes stay dirty."""
        # Stamps rise with every change: one that has moved on must be written again.
        moved_on = []
        for held, stamp_us in zip(self._held, self._stamps_us, strict=True):
            if held.record.stamp_us == stamp_us:
                held.dirty = False
            else:
                moved_on.append(held)
        self._again(moved_on)

    def give_back(self) -> None:
        """Take note that nothing was written."""
        self._again(self._held)
