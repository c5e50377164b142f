"""What the loops over entities of a shared store work on.

An entity is a block (its record) and a tail (what is known of its stored value): how many ids
are remembered, the value's head as two words, the words of the tail, the bytes known, then
each id with its stamp. ``adapters/redis/take.lua`` lays down the bytes in the store, and
``adapters/redis/entity.py`` says in Python what the loops do.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.flat.compiled import compiled

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

# A tail.
COUNT, BASE, SIZES, LENGTH, IDS = 0, 1, 2, 4, 5
FIRST_IDS = 4
# A form: how the entries of a key group lie.
ENTRY_BYTES, BITS_BYTES, N_NUMBERS, NUMBERS, TTL_MS, FORM = 0, 1, 2, 3, 4, 5
# Bytes: of a part's head, of a value's head and end, of an entry before its bits, of a reply's
# head.
PART_HEAD, VALUE_HEAD, VALUE_END, ENTRY_HEAD, REPLY_HEAD, FOLD_HEAD = 48, 16, 8, 24, 24, 32
LOW = 0xFFFFFFFF
# What became of a call: nothing is known of its entity, it is caught up, it should be folded.
UNMET, MET, DUE = 0, 1, 2
# How far the reading of a reply came.
DONE, GROW, FAULT = 0, 1, 2
# The place of a trip: the next call, where its reply begins.
NEXT, OFFSET = 0, 1


class Kept(NamedTuple):
    """By record where its block and its tail begin, 0 for none; by key group an empty block.

    ``forms`` has a row per key group; ``numbers`` are places in an event's words.
    """

    block: Ints
    tail: Ints
    empty: Ints
    forms: Ints
    numbers: Ints


class Calls(NamedTuple):
    """One call per entity: its record and group, and where its visits begin (one more at the end).

    ``visits`` are rows of events. ``became`` says what became of each call. ``cells`` is where
    calls are noted while they are gathered.
    """

    record: Ints
    group: Ints
    first: Ints
    visits: Ints
    became: Ints
    place: Ints
    cells: Ints


class Seen(NamedTuple):
    """What the events of a trip read, and their stamps: (rows, features) and (rows, groups).

    An event's words begin with its id's hash (0: it counts nowhere); its time is its own.
    ``event`` has room for the words of one, ``tokens`` for those of a packed record.
    """

    events: Ints
    values: Floats
    read_us: Ints
    applied_us: Ints
    event: Ints
    tokens: Ints


@compiled
def put_number(out: Bytes, end: int, value: int, count: int) -> int:
    """Write so many bytes of a number; return where they end."""
    for byte in range(count):
        out[end + byte] = (value >> (8 * byte)) & 0xFF
    return end + count


@compiled
def get_number(data: Bytes, begin: int, count: int) -> int:
    """Return the number of so many bytes, without a sign unless there are eight."""
    value = 0
    for byte in range(begin + count - 1, begin - 1, -1):
        value = value << 8 | int(data[byte])
    return value
