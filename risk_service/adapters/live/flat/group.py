"""The loops over a group of events: what each reads, and what it changes.

A group works on drafts: copies of the records it changes. They take the records' place when
the group is durable; everybody else reads the records as they were. Functions that are named
as methods of ``features.windows.record.Record`` do what those do.
"""

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.blocks import (
    add,
    copied,
    free,
    grown,
    lower_bound,
    maps_begin,
    start,
)
from risk_service.adapters.live.flat.compiled import compiled, inlined
from risk_service.adapters.live.flat.memory import Memory, Table, Work
from risk_service.adapters.live.flat.program import EVER_WINDOW, Program
from risk_service.features.windows.tiles import UNIT_US
from risk_service.loops.compiled import Arrays
from risk_service.loops.prefetch import LINE_WORDS, prefetch

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Where a block begins, and the time at which it is read.
Cell = tuple[int, int]
# Of each block: most are no longer, and long ones are of entities that come by often.
ASKED_LINES = 8


@compiled
def read(words: Ints, program: Program, plan: Ints, cell: Cell, out: Floats) -> None:
    """Write what the windows of a block hold at a time."""
    _read_totals(words, program, plan, cell, out)
    _read_distinct(words, program, plan, cell, out)
    _read_times(words, program, plan, cell, out)


@inlined
def _read_totals(words: Ints, program: Program, plan: Ints, cell: Cell, out: Floats) -> None:
    """Write counts and sums: each total now without that before its window."""
    o, r_us = cell
    operands, windows, tile = program.operands, program.windows, r_us // UNIT_US
    totals, starts, n = plan[at.N_TOTALS], o + plan[at.STARTS], words[o + at.ROWS]
    rows = starts + words[o + at.ROOM]
    now, before, current = rows + n * totals, 0, -1
    for place in range(plan[at.N_TOTAL_READS]):
        d = plan[at.TOTAL_READS] + 3 * place
        window, slot = operands[d], operands[d + 1]
        if window != current and window != EVER_WINDOW:
            current = window
            first = lower_bound(words, starts, n, start(windows, window, tile))
            before = rows + first * totals
        base = 0 if window == EVER_WINDOW else words[before + slot]
        out[operands[d + 2]] = words[now + slot] - base


@inlined
def _read_distinct(words: Ints, program: Program, plan: Ints, cell: Cell, out: Floats) -> None:
    """Write how many values of each map were seen within a window."""
    o, r_us = cell
    operands, windows, tile = program.operands, program.windows, r_us // UNIT_US
    sizes = o + plan[at.STARTS] - 2 * plan[at.N_MAPS]
    index, tiles = 0, maps_begin(words, plan, o)
    for place in range(plan[at.N_DISTINCT]):
        d = plan[at.DISTINCT] + 3 * place
        while index > operands[d]:
            index -= 1
            tiles -= 2 * words[sizes + 2 * index + 1]
        while index < operands[d]:
            tiles += 2 * words[sizes + 2 * index + 1]
            index += 1
        count = words[sizes + 2 * index]
        since = start(windows, operands[d + 1], tile)
        out[operands[d + 2]] = count - lower_bound(words, tiles, count, since)


@inlined
def _read_times(words: Ints, program: Program, plan: Ints, cell: Cell, out: Floats) -> None:
    """Write the seconds since something was seen, and what was seen last, NaN where too old."""
    o, r_us = cell
    operands, windows, tile = program.operands, program.windows, r_us // UNIT_US
    seen = o + at.HEAD
    lasts = seen + plan[at.N_SEEN]
    for place in range(plan[at.N_SINCE]):
        d = plan[at.SINCE] + 3 * place
        last_us = words[seen + operands[d]]
        is_in = last_us >= start(windows, operands[d + 1], tile) * UNIT_US
        out[operands[d + 2]] = (r_us - last_us) / 1e6 if is_in else np.nan
    for place in range(plan[at.N_LAST_READS]):
        d = plan[at.LAST_READS] + 4 * place
        last_us = words[seen + operands[d + 1]]
        is_in = last_us >= start(windows, operands[d + 2], tile) * UNIT_US
        out[operands[d + 3]] = words[lasts + operands[d]] if is_in else np.nan


@compiled
def _see(memory: Memory, plan: Ints, o: int, index: int, seen: tuple[int, int, int]) -> int:
    """Remember the latest tile of a value; the ``cap`` values seen last are kept."""
    value, tile, cap = seen
    words = memory.words
    sizes = o + plan[at.STARTS] - 2 * plan[at.N_MAPS]
    tiles = maps_begin(words, plan, o)
    for each in range(index):
        tiles += 2 * words[sizes + 2 * each + 1]
    count, room = words[sizes + 2 * index], words[sizes + 2 * index + 1]
    place = _find(words, tiles + room, count, value)
    if place == count and count < min(room, cap):
        words[sizes + 2 * index] = count + 1
        words[tiles + count], words[tiles + room + count] = tile, value
        _move(words, (tiles, count + 1, room), place)
        return o
    if place == count and count < cap:
        return _see(memory, plan, grown(memory, plan, o, index, cap), index, seen)
    # A new one takes the place of the one seen longest ago.
    place = 0 if place == count else place
    if tile > words[tiles + place]:
        words[tiles + place], words[tiles + room + place] = tile, value
        _move(words, (tiles, count, room), place)
    return o


@compiled
def _find(words: Ints, first: int, count: int, value: int) -> int:
    for place in range(count):
        if words[first + place] == value:
            return place
    return count


@compiled
def _move(words: Ints, values: tuple[int, int, int], place: int) -> None:
    """Bring the value at a place to where its tile belongs."""
    tiles, count, room = values
    last, step = tiles + place, 1
    tile, value = words[last], words[last + room]
    if place and words[last - 1] > tile:
        step = -1
    while tiles <= last + step < tiles + count and step * (tile - words[last + step]) > 0:
        words[last], words[last + room] = words[last + step], words[last + step + room]
        last += step
    words[last], words[last + room] = tile, value


@compiled
def apply(memory: Memory, program: Program, plan: Ints, o: int, event: Ints) -> int:
    """Let an event count; return the block, which may have moved."""
    operands, bits, tau_us = program.operands, event[at.BITS], event[at.TAU_US]
    memory.words[o + at.STAMP] = max(memory.words[o + at.STAMP], event[at.APPLIED_US])
    o = add(memory, program, plan, o, event)
    tile = tau_us // UNIT_US
    for index in range(plan[at.N_MAPS]):
        d = plan[at.MAPS] + 5 * index
        value = event[plan[at.HASHES] + operands[d + 1]]
        if operands[d] & bits and value:
            width = operands[d + 3]
            o = _see(memory, plan, o, index, (value, tile - tile % width, operands[d + 2]))
    words, seen = memory.words, o + at.HEAD
    for slot in range(plan[at.N_LASTS]):
        d = plan[at.LASTS] + 3 * slot
        if operands[d] & bits and tau_us >= words[seen + operands[d + 2]]:
            column = event[at.COLUMNS + operands[d + 1]]
            words[seen + plan[at.N_SEEN] + slot] = column
    for slot in range(plan[at.N_SEEN]):
        if operands[plan[at.SEEN] + slot] & bits:
            words[seen + slot] = max(words[seen + slot], tau_us)
    return o


@compiled
def run(memory: Arrays, program: Arrays, table: Arrays, work: Arrays, mode: int) -> bool:
    """Go on with a group; False when the memory must grow before the rest."""
    return _run(Memory(*memory), Program(*program), Table(*table), Work(*work), mode)


@compiled
def _run(memory: Memory, program: Program, table: Table, work: Work, mode: int) -> bool:
    words, meta, plans = memory.words, memory.meta, program.plans
    groups = len(plans)
    _ask_for(words, table, work.records[:1])
    for cell in range(meta[at.CELL], groups * len(work.events)):
        meta[at.CELL] = cell
        place, group = cell // groups, cell % groups
        if not group:
            _ask_for(words, table, work.records[place + 1 : place + 2])
        record, event, plan = work.records[place, group], work.events[place], plans[group]
        if record < 0:
            if mode == at.OBSERVE:
                first = plan[at.FIRST_OUT]
                work.values[place, first : first + plan[at.OUTS]] = np.nan
            continue
        o = table.draft[record] or table.block[record]
        # A copy, and each list at most doubled in a copy of its own.
        if meta[at.TAIL] + (plan[at.N_MAPS] + 3) * 3 * (words[o + at.WORDS] + 64) > len(words):
            return False
        if mode == at.OBSERVE:
            read(words, program, plan, (o, event[at.READ_US]), work.values[place])
        if event[at.APPLIED_US] and plan[at.ANY_BIT] & event[at.BITS]:
            _change(memory, program, table, (record, group, mode), event)
    meta[at.CELL] = groups * len(work.events)
    return True


@compiled
def _ask_for(words: Ints, table: Table, records: Ints) -> None:
    """Ask for an event's blocks; those of the next one come while this one is at work."""
    for record in records.flat:
        if record >= 0:
            ask_for_block(words, table.draft[record] or table.block[record])


@compiled
def ask_for_block(words: Ints, o: int) -> None:
    """Ask for the beginning of a block before it is read."""
    for line in range(ASKED_LINES):
        prefetch(words, o + line * LINE_WORDS)


@compiled
def _change(
    memory: Memory, program: Program, table: Table, cell: tuple[int, int, int], event: Ints
) -> None:
    record, group, mode = cell
    plan, block = program.plans[group], table.block
    if mode == at.REPLAY:
        o = block[record]
        if memory.words[o + at.STAMP] >= event[at.APPLIED_US]:
            return
        if o == table.empty[group]:
            o = copied(memory, o)
        block[record] = apply(memory, program, plan, o, event)
        table.dirty[record] = 1
        return
    draft = table.draft[record]
    if not draft:
        draft = copied(memory, block[record])
        table.touched[memory.meta[at.TOUCHED]] = record
        memory.meta[at.TOUCHED] += 1
    table.draft[record] = apply(memory, program, plan, draft, event)


@compiled
def settle(memory: Arrays, table: Arrays, groups: Ints, keep: bool) -> None:
    """Let drafts take their records' place, or drop them; ``groups`` are those of records."""
    _settle(Memory(*memory), Table(*table), groups, keep)


@compiled
def _settle(memory: Memory, table: Table, groups: Ints, keep: bool) -> None:
    # Blocks that go are read once more, for their size.
    for place in range(memory.meta[at.TOUCHED]):
        prefetch(memory.words, table.block[table.touched[place]])
    for place in range(memory.meta[at.TOUCHED]):
        record = table.touched[place]
        gone = table.draft[record]
        if keep:
            gone = table.block[record]
            table.block[record] = table.draft[record]
            table.dirty[record] = 1
        table.draft[record] = 0
        if gone != table.empty[groups[record]]:
            free(memory, gone)
    memory.meta[at.TOUCHED] = 0


@compiled
def read_all(
    memory: Memory, program: Program, blocks: Ints, asked: tuple[int, int], values: Floats
) -> None:
    """Read blocks of one key group (first of ``asked``) at a time (second), one row each."""
    group, r_us = asked
    plan = program.plans[group]
    for place in range(len(blocks)):
        read(memory.words, program, plan, (blocks[place], r_us), values[place])
