"""The loops over one hash part of the log, compiled; linear in its events and reads.

Events and reads come grouped by entity: entity ``g`` has the events ``event_starts[g]`` to
``event_starts[g + 1]`` in order of arrival, and the reads ``read_starts[g]`` to
``read_starts[g + 1]`` in order of time. An event counts for the reads from ``born`` (the
first one after its arrival) up to but not with ``gone`` (the first one at or after its
expiry), so every aggregate is a sum of intervals, whatever the heat of the entity.
"""

import numpy as np
from numpy.typing import NDArray

from training.windows.compiled import compiled

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Table = NDArray[np.int32] | NDArray[np.float64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@compiled
def _part(key: np.int64, count: int) -> np.int64:
    mixed = np.uint64(key) * _GOLDEN
    return np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(0x7FFFFFFF)) % count


@compiled
def dense_pairs(first: Int64s, second: Int64s) -> tuple[Int32s, int]:
    """Give each distinct pair a number, from 0 in order of appearance.

    Returns
    -------
    The number of each row's pair, and how many there are.
    """
    bits = 4
    while (1 << bits) < 2 * first.size:
        bits += 1
    mask, shift = (1 << bits) - 1, np.uint64(64 - bits)
    slots = np.full(1 << bits, -1, np.int32)
    owners = np.empty(first.size, np.int64)
    numbers = np.empty(first.size, np.int32)
    count = 0
    for row in range(first.size):
        mixed = np.uint64(first[row]) * _GOLDEN ^ np.uint64(second[row])
        slot = np.int64((mixed * _GOLDEN) >> shift)
        while slots[slot] >= 0:
            owner = owners[slots[slot]]
            if first[owner] == first[row] and second[owner] == second[row]:
                break
            slot = (slot + 1) & mask
        if slots[slot] < 0:
            slots[slot] = count
            owners[count] = row
            count += 1
        numbers[row] = slots[slot]
    return numbers, count


@compiled
def parted(keys: Int64s, count: int) -> tuple[Int32s, Int64s, Int64s]:
    """Sort rows by the hash part of their key, those of one part as they are; key 0 is left out.

    Returns
    -------
    The rows, their keys, and where each part starts among them (``count`` + 1 elements).
    """
    starts = np.zeros(count + 1, np.int64)
    for row in range(keys.size):
        if keys[row] != 0:
            starts[_part(keys[row], count) + 1] += 1
    for part in range(count):
        starts[part + 1] += starts[part]
    free = starts[:-1].copy()
    rows, sorted_keys = np.empty(starts[count], np.int32), np.empty(starts[count], np.int64)
    for row in range(keys.size):
        if keys[row] != 0:
            mine = _part(keys[row], count)
            rows[free[mine]], sorted_keys[free[mine]] = row, keys[row]
            free[mine] += 1
    return rows, sorted_keys, starts


@compiled
def grouped(numbers: Int32s, count: int) -> tuple[Int32s, Int64s]:
    """Sort rows by their number, those of equal number as they are.

    Returns
    -------
    The rows in the new order, and where each number starts in it (``count`` + 1 elements).
    """
    starts = np.zeros(count + 1, np.int64)
    for row in range(numbers.size):
        starts[numbers[row] + 1] += 1
    for number in range(count):
        starts[number + 1] += starts[number]
    free = starts[:-1].copy()
    rows = np.empty(starts[count], np.int32)
    for row in range(numbers.size):
        number = numbers[row]
        rows[free[number]] = row
        free[number] += 1
    return rows, starts


@compiled
def births(arrived: Int64s, read: Int64s, event_starts: Int64s, read_starts: Int64s) -> Int32s:
    """Return the first read after each event's arrival."""
    born = np.empty(arrived.size, np.int32)
    for entity in range(event_starts.size - 1):
        first = read_starts[entity]
        for event in range(event_starts[entity], event_starts[entity + 1]):
            while first < read_starts[entity + 1] and read[first] <= arrived[event]:
                first += 1
            born[event] = first
    return born


@compiled
def expiries(
    expiry: Int64s, read: Int64s, born: Int32s, event_starts: Int64s, read_starts: Int64s
) -> Int32s:
    """Return the first read at or after each event's expiry, never one before its birth."""
    gone = np.empty(expiry.size, np.int32)
    for entity in range(event_starts.size - 1):
        start = read_starts[entity]
        furthest = start
        latest = np.int64(-(2**63))
        for event in range(event_starts[entity], event_starts[entity + 1]):
            if expiry[event] >= latest:
                latest = expiry[event]
                while furthest < read_starts[entity + 1] and read[furthest] < latest:
                    furthest += 1
                end = furthest
            else:
                # A late event: its expiry lies among reads that were passed already.
                end = start + np.searchsorted(read[start:furthest], expiry[event])
            gone[event] = max(end, born[event])
    return gone


@compiled
def counts(chosen: Int32s, born: Int32s, gone: Int32s, reads: int) -> Int64s:
    """Return the chosen events alive at each read."""
    alive = np.zeros(reads + 1, np.int64)
    for event in chosen:
        alive[born[event]] += 1
        alive[gone[event]] -= 1
    return np.cumsum(alive)[:-1]


@compiled
def sums(chosen: Int32s, born: Int32s, gone: Int32s, amounts: Int64s, reads: int) -> Int64s:
    """Return the sum over the chosen events alive at each read; ``amounts`` run as they do."""
    alive = np.zeros(reads + 1, np.int64)
    for place in range(chosen.size):
        event = chosen[place]
        alive[born[event]] += amounts[place]
        alive[gone[event]] -= amounts[place]
    return np.cumsum(alive)[:-1]


@compiled
def distincts(chosen: Int32s, born: Int32s, gone: Int32s, values: Int32s, reads: int) -> Int64s:
    """Return how many values the chosen events alive at each read have.

    Parameters
    ----------
    values
        Number of each chosen event's value within its entity, from ``dense_pairs``; -1 is
        none.
    """
    alive = np.zeros(reads + 1, np.int64)
    furthest = np.zeros(values.size, np.int32)
    for place in range(chosen.size):
        event, value = chosen[place], values[place]
        if value < 0:
            continue
        # What an earlier event of the same value covers already is not counted again.
        first = max(born[event], furthest[value])
        if gone[event] > first:
            alive[first] += 1
            alive[gone[event]] -= 1
            furthest[value] = gone[event]
    return np.cumsum(alive)[:-1]


@compiled
def newest(
    chosen: Int32s, born: Int32s, happened: Int64s, event_starts: Int64s, read_starts: Int64s
) -> Int32s:
    """Return the chosen event of the greatest (time, arrival) at each read; -1 is none."""
    best = np.empty(read_starts[-1], np.int32)
    at = 0
    for entity in range(event_starts.size - 1):
        read = read_starts[entity]
        found = -1
        while at < chosen.size and chosen[at] < event_starts[entity + 1]:
            event = chosen[at]
            while read < born[event]:
                best[read] = found
                read += 1
            if found < 0 or happened[event] >= happened[found]:
                found = event
            at += 1
        while read < read_starts[entity + 1]:
            best[read] = found
            read += 1
    return best


@compiled
def put_rows(rows: Int32s, columns: Table, out: Table) -> None:
    """Write ``columns`` (values by column) into some rows of ``out`` (values by row)."""
    for row in range(rows.size):
        for column in range(columns.shape[0]):
            out[rows[row], column] = columns[column, row]
