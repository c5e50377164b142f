"""Keeps records as blocks: which key has which record, and the calls of the loops."""

import struct
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

import numpy as np

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.adding import FlatAdder
from risk_service.adapters.live.flat.blocks import free_all
from risk_service.adapters.live.flat.group import read_all, run, settle
from risk_service.adapters.live.flat.making import make
from risk_service.adapters.live.flat.memory import Floats, Ints, Work
from risk_service.adapters.live.flat.packing import DAMAGED, unpack
from risk_service.adapters.live.flat.program import make_program
from risk_service.adapters.live.flat.space import NO_RECORD, Space
from risk_service.adapters.live.flat.writing import FlatDirty
from risk_service.adapters.live.keeper import Keys, Visit
from risk_service.adapters.live.parts import Part
from risk_service.adapters.live.records_file import RecordKey, RecordsFile, Row
from risk_service.domain.errors import DataFault
from risk_service.domain.event import Event
from risk_service.features.clusters.features import ClusterFeatures
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import effective_us

ABSENT = -2
# Records that give way together: to find the least recently used means to look at all.
EVICTED = 4096
# What is known not to be in the file; it is asked again when that has been forgotten.
UNWRITTEN_MAX = 100_000


class FlatRecords:
    """Implements ``keeper.Keeper``."""

    def __init__(self, compiled: CompiledWindows, file: RecordsFile, records_max: int) -> None:
        self.records_max = records_max
        self._compiled = compiled
        self._file = file
        self._program = make_program(compiled)
        firsts = self._program.plans[:, at.FIRST_OUT].tolist()
        outs = self._program.plans[:, at.OUTS].tolist()
        self._own_columns = [slice(f, f + n) for f, n in zip(firsts, outs, strict=True)]
        self._space = Space(self._program)
        # An event without a key has the record that there is not.
        self._places: list[dict[str, int]] = [{"": NO_RECORD} for _ in compiled.plans]
        self._keys: list[str] = []
        # Records that are not in the file, as far as it was asked: mostly pairs that never met.
        self._unwritten: set[RecordKey] = set()
        self._count = 0
        self._tick = 0
        window_set = compiled.window_set
        words = at.COLUMNS + len(window_set.columns) + len(compiled.hashed)
        self._pack = struct.Struct(f"{words}q").pack
        self._call_everything()
        # By key group the number of a record that never counts anything and never gives way.
        self._nobody = [self._space.new(group) for group in range(len(compiled.plans))]
        self._space.group[self._nobody] = NO_RECORD

    def __len__(self) -> int:
        """Return the number of records in memory."""
        return self._count

    @property
    def dirty_count(self) -> int:
        """Return how many records the file does not have as they are."""
        return int(np.count_nonzero(self._space.table.dirty))

    def begin(self, events: Sequence[Event], keys: Keys) -> "FlatChanges":
        """Load the records of a group."""
        return FlatChanges(self, events, self._hold(keys))

    def read(self, group: int, keys: Sequence[str], r_us: int) -> Floats:
        """Return the windows of some keys without any group's changes; keep no new record."""
        blocks, loaded = self._find([(group, key) for key in keys])
        # As wide as all windows: every window has its column.
        values = np.empty((len(keys), len(self._compiled.window_set.names)))
        memory = self._space.memory
        read_all(memory, self._program, blocks, (group, r_us), values)
        free_all(memory, loaded)
        return values[:, self._own_columns[group]]

    def adder(self, features: ClusterFeatures) -> FlatAdder | None:
        """Return what adds up records of linked accounts; None where there are none to add up."""
        if not features.sources:
            return None
        return FlatAdder(features, self._space, self._program, self._find)

    def replay(self, events: Sequence[Event], keys: Keys, stamps_us: Sequence[int]) -> None:
        """Let events of the log count under their stamps, where they do not count already."""
        visits = [
            Visit(0, a_us, effective_us(event.at_us, a_us))
            for event, a_us in zip(events, stamps_us, strict=True)
        ]
        self.run(self._hold(keys), events, visits, at.REPLAY)

    def make(self, part: Part, now_us: int) -> Iterator[list[Row]]:
        """Yield the packed records of a part in its order; none of them stays in memory."""
        return make(self._space, self._program, self._compiled.plans, part, now_us)

    def run(
        self, records: Ints, events: Sequence[Event], visits: Sequence[Visit], mode: int
    ) -> Floats:
        """Let events read, count, or both; return what they read, if they do."""
        compiled, pack, space = self._compiled, self._pack, self._space
        rows = [
            pack(*visit, compiled.bits(event), *event.columns, *compiled.hashes(event))
            for event, visit in zip(events, visits, strict=True)
        ]
        words = np.frombuffer(b"".join(rows), np.int64).reshape(len(events), -1)
        width = len(compiled.window_set.names) if mode == at.OBSERVE else 0
        work = Work(records, words, np.empty((len(events), width)))
        space.memory.meta[at.CELL] = 0
        while not self._run(work, mode):
            space.grow()
        return work.values

    def _run(self, work: Work, mode: int) -> bool:
        memory, program, table = self._space.memory, self._program, self._space.table
        return run(tuple(memory), tuple(program), tuple(table), tuple(work), mode)

    def settle(self, *, keep: bool) -> None:
        """Make the changes of a group those of everybody, or drop them."""
        space = self._space
        settle(tuple(space.memory), tuple(space.table), space.group, keep)

    def make_room(self) -> bool:
        """Drop clean records beyond the limit; False when dirty ones stand in the way."""
        excess = self._count - self.records_max
        if excess <= 0:
            return True
        space = self._space
        clean = np.flatnonzero((space.table.dirty == 0) & (space.group != NO_RECORD))
        wanted = max(excess, min(EVICTED, self.records_max // 16))
        if wanted < len(clean):
            clean = clean[np.argpartition(space.used[clean], wanted)[:wanted]]
        for record, group in zip(clean.tolist(), space.group[clean].tolist(), strict=True):
            del self._places[group][self._keys[record]]
            # By now the file has it.
            self._unwritten.discard((group, self._keys[record]))
        free_all(space.memory, space.release(clean))
        self._count -= len(clean)
        return self._count <= self.records_max

    def take_dirty(self) -> FlatDirty:
        """Return all that must be written."""
        records = np.flatnonzero(self._space.table.dirty)
        plans = self._compiled.plans
        return FlatDirty(self._space, self._program, plans, self._keys, records)

    def _call_everything(self) -> None:
        """Load every loop, or compile it: better now than under the first order."""
        window_set, space = self._compiled.window_set, self._space
        nobody = Event("", 0, 0, ("",) * len(window_set.fields), (0,) * len(window_set.columns))
        changes = self.begin([nobody], [("",) * len(self._places)])
        changes.observe([Visit(0, 0, 0)])
        changes.drop()
        record = space.new(0)
        written = FlatDirty(space, self._program, self._compiled.plans, [""], np.array([record]))
        (row,) = written.pack(0, 1, 0)
        space.table.block[record] = self._loaded(0, row.record)
        read_all(
            space.memory,
            self._program,
            space.table.block[[record]],
            (0, 0),
            np.empty((1, len(self._compiled.window_set.names))),
        )
        free_all(space.memory, space.release(np.array([record])))

    def _hold(self, keys: Keys) -> Ints:
        """Return the records of a group, loaded or new, shape (events, key groups)."""
        places = self._places
        found = [
            known.get(key, ABSENT)
            for of_event in keys
            for known, key in zip(places, of_event, strict=True)
        ]
        if ABSENT in found:
            wanted = chain.from_iterable(map(enumerate, keys))
            self._load(dict.fromkeys([one for one in wanted if one[1] not in places[one[0]]]))
            return self._hold(keys)
        records = np.array(found, np.int64)
        self._tick += 1
        self._space.used[records] = self._tick
        return records.reshape(len(keys), len(places))

    def _find(self, wanted: Sequence[RecordKey]) -> tuple[Ints, Ints]:
        """Return the blocks of records, 0 for an empty key, and those to be freed afterwards."""
        places, space, unwritten, nobody = self._places, self._space, self._unwritten, self._nobody
        records = []
        for one in wanted:
            record = places[one[0]].get(one[1])
            if record is None:
                record = nobody[one[0]] if one in unwritten else ABSENT
            records.append(record)
        blocks = space.table.block[np.array(records, np.int64)]
        if ABSENT not in records:
            return blocks, blocks[:0]
        absent = [place for place, record in enumerate(records) if record == ABSENT]
        packed = self._packed({wanted[place] for place in absent})
        for place in absent:
            blocks[place] = self._loaded(wanted[place][0], packed.get(wanted[place]))
        loaded, groups = blocks[absent], [wanted[place][0] for place in absent]
        return blocks, loaded[loaded != space.table.empty[groups]]

    def _packed(self, asked: Collection[RecordKey]) -> dict[RecordKey, bytes]:
        """Return what the file has of records; what it has not is not asked for again."""
        packed = self._file.load(asked)
        if len(self._unwritten) > UNWRITTEN_MAX:
            self._unwritten.clear()
        self._unwritten.update(key for key in asked if key not in packed)
        return packed

    def _load(self, absent: dict[RecordKey, None]) -> None:
        packed = self._file.load(absent)
        for asked in absent:
            group, key = asked
            block = self._loaded(group, packed.get(asked))
            record = self._space.new(group)
            self._space.table.block[record] = block
            self._places[group][key] = record
            if record >= len(self._keys):
                self._keys += [""] * (record + 1 - len(self._keys))
            self._keys[record] = key
            self._count += 1

    def _loaded(self, group: int, data: bytes | None) -> int:
        """Return the block of a packed record, that of an empty one for None.

        Raises
        ------
        DataFault
            The bytes are no record of this plan: it must be rebuilt from the log.
        """
        plan, space = self._program.plans[group], self._space
        if data is None:
            return int(space.table.empty[group])
        # No word of a block without a byte of it, but for its head and room for what comes.
        space.reserve(3 * len(data) + int(plan[at.STARTS] + 2 * plan[at.N_TOTALS]) + at.PLAN)
        scratch = np.empty((len(data) + 2, 2), np.int64)
        block = unpack(space.memory, plan, np.frombuffer(data, np.uint8), scratch)
        if block == DAMAGED:
            name = self._compiled.plans[group].group.name
            raise DataFault("window record", None, f"is damaged or of other windows than {name}")
        return block


class FlatChanges:
    """Implements ``keeper.Changes``: the drafts of one group of events.

    Parameters
    ----------
    records
        By event and key group.
    """

    def __init__(self, owner: FlatRecords, events: Sequence[Event], records: Ints) -> None:
        self._owner = owner
        self._events = events
        self._records = records

    def observe(self, visits: Sequence[Visit]) -> Floats:
        """Let each event read, then count; return what they read, shape (events, features)."""
        return self._owner.run(self._records, self._events, visits, at.OBSERVE)

    def count(self, visits: Sequence[Visit]) -> None:
        """Let each event count, for those that follow in the group."""
        self._owner.run(self._records, self._events, visits, at.COUNT)

    def apply(self) -> None:
        """Make the changes those of everybody."""
        self._owner.settle(keep=True)

    def drop(self) -> None:
        """Forget what the group has changed."""
        self._owner.settle(keep=False)
