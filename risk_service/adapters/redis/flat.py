"""Entities as blocks of one int64 array, asked and read by compiled loops (ADR 113)."""

import struct
from collections.abc import Sequence

import numpy as np

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.asking import ask, gather
from risk_service.adapters.live.flat.entities import DUE as IS_DUE
from risk_service.adapters.live.flat.entities import (
    ENTRY_BYTES,
    FAULT,
    GROW,
    NEXT,
    PART_HEAD,
    Calls,
    Kept,
    Seen,
)
from risk_service.adapters.live.flat.entities import UNMET as IS_UNMET
from risk_service.adapters.live.flat.folding import find_due, fold, forget_all, room
from risk_service.adapters.live.flat.hearing import take
from risk_service.adapters.live.flat.program import make_program
from risk_service.adapters.live.flat.space import Space
from risk_service.adapters.redis.entity import REMEMBERED_IDS, REMEMBERED_US
from risk_service.adapters.redis.layout import FOLD_MIN_BYTES, event_hash
from risk_service.adapters.redis.scripts import ALWAYS_WHOLE
from risk_service.adapters.redis.trips import MISSING, Damaged, Fold, Group, Ints, Keys, Requests
from risk_service.domain.event import Event
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import NEVER_US

FIRST_TOKENS = 1 << 14
ABSENT, NO_RECORD = -2, -1
FIRST_RECORDS = 1 << 10
# Entities that give way together: to find those met longest ago means to look at all.
EVICTED = 1024
_REMEMBERED = (REMEMBERED_IDS, REMEMBERED_US)


class FlatEntities:
    """Implements ``trips.Entities``.

    Parameters
    ----------
    kept
        How many entities to keep, some 1.5 KB each.
    """

    def __init__(self, compiled: CompiledWindows, groups: Sequence[Group], kept: int) -> None:
        window_set = compiled.window_set
        self._compiled = compiled
        self._groups = groups
        self._kept_max = kept
        self.program = make_program(compiled)
        self.space = Space(self.program)
        self.width = len(window_set.names)
        self.wires: list[bytes] = []
        self._names: list[tuple[int, str]] = []
        self._places: list[dict[str, int]] = [{"": NO_RECORD} for _ in groups]
        self._free: list[int] = []
        self._tick = 0
        self._used = self._mark = np.zeros(0, np.int64)
        none = np.zeros(0, np.int64)
        self.kept = Kept(none, none, self.space.table.empty, *_forms(compiled, groups))
        self.entry_bytes = self.kept.forms[:, ENTRY_BYTES].copy()
        words = at.COLUMNS + len(window_set.columns) + len(compiled.hashed)
        self._pack = struct.Struct(f"{words}q").pack
        self._words = words
        self._tokens = np.empty((FIRST_TOKENS, 2), np.int64)
        self._more_records()
        self._call_everything()

    def attempts(self, events: Sequence[Event]) -> "FlatTrip":
        """Begin a trip of events that read and, where they mean something, count."""
        return self._trip(events, [self._compiled.keys(one) for one in events], attempts=True)

    def others(self, events: Sequence[Event], keys: Keys | None = None) -> "FlatTrip":
        """Begin a trip of events that count and do not read; ``keys``, if not with all theirs."""
        keys = keys or [self._compiled.keys(one) for one in events]
        return self._trip(events, keys, attempts=False)

    def looks(self, requests: Requests) -> tuple["FlatTrip", list[list[int]]]:
        """Begin a trip that reads other keys; return also the row of values of each."""
        rows: dict[int, int] = {}
        groups: list[int] = []
        found = []
        for group, keys in requests:
            found.append([rows.setdefault(one, len(rows)) for one in self._row(group, keys)])
            groups += [group] * (len(rows) - len(groups))
        records = np.array(list(rows), np.int64)
        (real,) = (records >= 0).nonzero()
        self._touch(records[real])
        of_calls = np.array(groups, np.int64)[real]
        calls = _calls(records[real], of_calls, np.arange(len(real) + 1), real)
        events = np.zeros((len(records), self._words), np.int64)
        # As those of orders are: else all loops are compiled once more, under the first order.
        events.setflags(write=False)
        return FlatTrip(self, calls, events, reads=True, limit=ALWAYS_WHOLE), found

    def tokens(self, size: int) -> Ints:
        """Return room for the tokens of a reply of so many bytes."""
        if size + 2 > len(self._tokens):
            self._tokens = np.empty((2 * size + 2, 2), np.int64)
        return self._tokens

    def release(self, records: Ints) -> None:
        """Forget entities."""
        forget_all(self.space.memory, self.kept, records)
        for record in records.tolist():
            group, key = self._names[record]
            del self._places[group][key]
            self._free.append(record)
        self._used[records] = 0

    def make_room(self) -> None:
        """Let those go that were met longest ago, when there are too many."""
        excess = len(self._names) - len(self._free) - self._kept_max
        if excess <= 0:
            return
        known = np.flatnonzero(self._used)
        wanted = min(len(known), max(excess, min(EVICTED, self._kept_max // 16)))
        if wanted < len(known):
            known = known[np.argpartition(self._used[known], wanted)[:wanted]]
        self.release(known)

    def _trip(self, events: Sequence[Event], keys: Keys, *, attempts: bool) -> "FlatTrip":
        compiled, pack = self._compiled, self._pack
        rows = [
            pack(
                event_hash(event.event_id),
                0,
                NEVER_US if attempts else event.at_us,
                compiled.bits(event),
                *event.columns,
                *compiled.hashes(event),
            )
            for event in events
        ]
        words = np.frombuffer(b"".join(rows), np.int64).reshape(len(events), -1)
        records = self._records(keys)
        cells = records.size
        columns = np.zeros((4, cells + 2), np.int64)
        calls = _calls(*columns)
        seen = words, attempts
        count = gather(tuple(self.program), records, seen, self._mark, tuple(calls))
        record, group, first, visits = columns
        calls = _calls(record[:count], group[:count], first[: count + 1], visits)
        limit = ALWAYS_WHOLE if attempts else FOLD_MIN_BYTES
        self._touch(calls.record)
        return FlatTrip(self, calls, words, reads=attempts, limit=limit)

    def _records(self, keys: Keys) -> Ints:
        """Return the records of a group, known or new, shape (key groups, events)."""
        rows = [self._row(*of_group) for of_group in enumerate(zip(*keys, strict=True))]
        return np.array(rows, np.int64).reshape(len(self._groups), -1)

    def _row(self, group: int, keys: Sequence[str]) -> list[int]:
        """Return the records of some keys of a group, known or new."""
        places = self._places[group]
        row = [places.get(key, ABSENT) for key in keys]
        if ABSENT in row:
            row = [places[key] if key in places else self._new(group, key) for key in keys]
        return row

    def _new(self, group: int, key: str) -> int:
        """Return the number of a new record, of which nothing is known yet."""
        if self._free:
            record = self._free.pop()
            self._names[record] = (group, key)
            self.wires[record] = self._groups[group].key(key)
        else:
            record = len(self._names)
            self._names.append((group, key))
            self.wires.append(self._groups[group].key(key))
            if record >= len(self._used):
                self._more_records()
        self._places[group][key] = record
        self._used[record] = self._tick + 1
        return record

    def _touch(self, records: Ints) -> None:
        self._tick += 1
        self._used[records] = self._tick

    def _more_records(self) -> None:
        size = max(FIRST_RECORDS, 2 * len(self._used))
        block, tail, used, mark = (
            np.concatenate([old, np.zeros(size - len(old), np.int64)])
            for old in (self.kept.block, self.kept.tail, self._used, self._mark)
        )
        self.kept = self.kept._replace(block=block, tail=tail)
        self._used, self._mark = used, mark

    def _call_everything(self) -> None:
        """Load every loop, or compile it: better now than under the first order."""
        window_set = self._compiled.window_set
        fields = tuple("x" for _ in window_set.fields)
        trip = self.attempts([Event("x", 0, 0, fields, (0,) * len(window_set.columns))])
        number = struct.Struct("<q")
        sizes = np.diff(trip.calls.first).tolist()
        reply = b"".join(
            struct.pack("<qqq", 1, 16, 0) + size * number.pack(0) + struct.pack("<qiiq", 0, 0, 0, 0)
            for size in sizes
        )
        trip.take(0, len(sizes), reply)
        trip.calls.became[:] = IS_DUE
        trip.finish()
        self.release(np.flatnonzero(self._used))


class FlatTrip:
    """Implements ``trips.Trip``."""

    def __init__(
        self, owner: FlatEntities, calls: Calls, events: Ints, *, reads: bool, limit: int
    ) -> None:
        shape = (len(events), len(owner.program.plans))
        self.values = np.full((len(events), owner.width if reads else 0), MISSING)
        self.read_us = np.zeros(shape, np.int64)
        self.applied_us = np.zeros(shape, np.int64)
        self.calls = calls
        self.keys: Sequence[bytes] = [owner.wires[record] for record in calls.record.tolist()]
        self._owner = owner
        event = np.zeros(events.shape[1], np.int64)
        self._seen = Seen(
            events, self.values, self.read_us, self.applied_us, event, owner.tokens(0)
        )
        self._reads = reads
        memory, program, kept = owner.space.memory, owner.program, owner.kept
        visits = calls.first[1:] - calls.first[:-1]
        sizes = PART_HEAD + visits * owner.entry_bytes[calls.group]
        self._ends = [0, *sizes.cumsum().tolist()]
        asked = np.zeros(self._ends[-1], np.uint8)
        calling = tuple(calls), events, limit
        ask(tuple(memory), tuple(program), tuple(kept), calling, asked)
        self._asked = asked.tobytes()

    def parts(self, first: int, last: int) -> bytes:
        """Return the parts of the script's argument for some calls."""
        return self._asked[self._ends[first] : self._ends[last]]

    def take(self, first: int, last: int, reply: bytes) -> None:
        """Take in what the script said to some calls."""
        owner, calls = self._owner, self.calls
        calls.place[:] = first, 0
        data = np.frombuffer(reply, np.uint8)
        seen = self._seen._replace(tokens=owner.tokens(len(reply)))
        asked = tuple(calls), tuple(seen), self._reads
        program, kept = tuple(owner.program), tuple(owner.kept)
        said = GROW
        while said == GROW:
            said = take(tuple(owner.space.memory), program, kept, asked, (data, last))
            if said == GROW:
                owner.space.grow()
        if said == FAULT:
            raise Damaged(int(calls.place[NEXT]))

    def finish(self) -> list[Fold]:
        """Forget the entities that were told nothing of; return folds that are due."""
        owner, calls = self._owner, self.calls
        memory, kept = owner.space.memory, owner.kept
        if not find_due(tuple(memory), tuple(kept), tuple(calls), FOLD_MIN_BYTES):
            owner.make_room()
            return []
        folds = []
        due = np.flatnonzero(calls.became == IS_DUE)
        if len(due):
            records = calls.record[due]
            data = np.empty(room(memory, kept, records), np.uint8)
            ends = np.empty(len(due), np.int64)
            asked = (records, calls.group[due], *_REMEMBERED)
            fold(memory, owner.program, kept, asked, (data, ends))
            content, begin = data[: ends[-1]].tobytes(), 0
            for record, end in zip(records.tolist(), ends.tolist(), strict=True):
                folds.append(Fold(owner.wires[record], content[begin:end]))
                begin = end
        owner.release(calls.record[calls.became == IS_UNMET])
        owner.make_room()
        return folds


def _forms(compiled: CompiledWindows, groups: Sequence[Group]) -> tuple[Ints, Ints]:
    """Return how the entries of each key group lie, as the loops take it."""
    hashes = at.COLUMNS + len(compiled.window_set.columns)
    rows: list[tuple[int, ...]] = []
    numbers: list[int] = []
    for group in groups:
        layout = group.layout
        own = [at.COLUMNS + column for column in layout.columns]
        own += [hashes + index for index in layout.hashes]
        rows.append((layout.size, layout.bits_bytes, len(own), len(numbers), layout.ttl_ms))
        numbers += own
    return np.array(rows, np.int64), np.array([*numbers, 0], np.int64)


def _calls(record: Ints, group: Ints, first: Ints, visits: Ints) -> Calls:
    none = np.zeros(len(record), np.int64)
    return Calls(record, group, first, visits, none, np.zeros(2, np.int64), none.copy())
