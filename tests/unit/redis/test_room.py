"""Loops write nothing behind the memory that they have."""

import struct

import numpy as np

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.entities import COUNT, IDS
from risk_service.adapters.redis.flat import FlatEntities
from risk_service.adapters.redis.layout import VALUE_HEAD
from risk_service.adapters.redis.trips import groups_of
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.event import Event
from risk_service.features.windows.plan import compile_windows
from tests.fixtures.window_replay import START_US

COMPILED = compile_windows(load_windows())
EMPTY = VALUE_HEAD.pack(START_US - 1, 0, 0)
COLUMNS = (1,) * len(COMPILED.window_set.columns)
LENGTH_AT = 24


def leave_too_little(entities: FlatEntities, record: int) -> None:
    """Let the memory end a word too early where an entity's ids are about to need twice the room.

    What lies behind it is there all the same, so that a wrong write harms no other test.
    """
    memory, tail = entities.space.memory, int(entities.kept.tail[record])
    size = int(memory.words[tail + at.WORDS])
    if tail and IDS + 2 * int(memory.words[tail + COUNT]) + 2 > size:
        end = int(memory.meta[at.TAIL]) + 2 * size - 1
        entities.space.memory = memory._replace(words=memory.words[:end])


def test_ids_of_a_burst_stay_within_the_memory() -> None:
    """Many events in one tile: the record stays small, the ids by which they are known do not."""
    entities = FlatEntities(COMPILED, groups_of(COMPILED, "w"), 100)
    fields = tuple(COMPILED.window_set.fields)
    for number in range(900):
        trip = entities.attempts([Event(f"{number}", 0, 0, fields, COLUMNS)])
        for call in range(len(trip.keys)):
            (length,) = struct.unpack_from("<q", trip.parts(call, call + 1), LENGTH_AT)
            stored = b"" if length else EMPTY
            head = struct.pack("<qqqq", START_US + number, length or len(EMPTY), length, 0)
            leave_too_little(entities, int(trip.calls.record[call]))
            trip.take(call, call + 1, head + stored + bytes(8))
            memory = entities.space.memory
            assert memory.meta[at.TAIL] <= len(memory.words)
        trip.finish()
    assert np.max(entities.space.memory.words[entities.kept.tail + COUNT]) > 800
