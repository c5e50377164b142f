"""The loops over the running totals of a block, and room for blocks.

``words`` says how a block is laid out, ``features.windows.record`` what each step means:
functions are named as the methods there. ``o`` is where a block begins.
"""

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.compiled import compiled
from risk_service.adapters.live.flat.memory import Memory
from risk_service.adapters.live.flat.program import EVER_WINDOW, Program
from risk_service.features.windows.record import FIRST_LIMIT
from risk_service.features.windows.tiles import UNIT_US

Ints = NDArray[np.int64]


@compiled
def _size(words: int) -> tuple[int, int]:
    """Return the number of a block's size and its words, a quarter more at most."""
    shift = 0
    while (words - 1) >> shift >= 8:
        shift += 1
    steps = (words - 1 >> shift) + 1
    return 8 * shift + steps, steps << shift


@compiled
def allocate(memory: Memory, words: int) -> int:
    """Return a block of at least so many words; the caller has seen that there is room."""
    number, words = _size(words)
    o: int = memory.meta[at.FREE + number]
    if o:
        memory.meta[at.FREE + number] = memory.words[o]
    else:
        o = memory.meta[at.TAIL]
        memory.meta[at.TAIL] = o + words
    memory.words[o + at.WORDS] = words
    return o


@compiled
def free(memory: Memory, o: int) -> None:
    """Give a block back."""
    number, _ = _size(memory.words[o + at.WORDS])
    memory.words[o] = memory.meta[at.FREE + number]
    memory.meta[at.FREE + number] = o


@compiled
def copy(words: Ints, to: int, source: int, count: int) -> None:
    """Copy words to where others stand; the two do not overlap."""
    for place in range(count):
        words[to + place] = words[source + place]


@compiled
def copied(memory: Memory, o: int) -> int:
    """Return a copy of a block."""
    words = memory.words
    size = words[o + at.WORDS]
    new = allocate(memory, size)
    copy(words, new, o, size)
    return new


@compiled
def lower_bound(words: Ints, first: int, count: int, value: int) -> int:
    """Return how many of the sorted words are less than a value."""
    low, high = 0, count
    while low < high:
        middle = (low + high) >> 1
        if words[first + middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def start(windows: Ints, window: int, tile: int) -> int:
    """Return the tile at which a window of a read within a tile starts."""
    width: int = windows[window, at.WIDTH]
    length: int = windows[window, at.LENGTH]
    return (tile // width - length) * width


@compiled
def maps_begin(words: Ints, plan: Ints, o: int) -> int:
    """Return where the first map's tiles begin."""
    room: int = words[o + at.ROOM]
    starts: int = o + plan[at.STARTS]
    return starts + room + (room + 1) * int(plan[at.N_TOTALS])


@compiled
def grown(memory: Memory, plan: Ints, o: int, index: int, limit: int) -> int:
    """Return the block with twice the room for rows (index -1) or for a map's values."""
    words, totals, maps = memory.words, plan[at.N_TOTALS], plan[at.N_MAPS]
    sizes = o + plan[at.STARTS] - 2 * maps
    room = words[o + at.ROOM] * (2 if index < 0 else 1)
    need = plan[at.STARTS] + room + (room + 1) * totals
    for each in range(maps):
        more = words[sizes + 2 * each + 1]
        need += 2 * (min(limit, 2 * more) if each == index else more)
    new = allocate(memory, need)
    size = words[new + at.WORDS]
    head = plan[at.STARTS]
    copy(words, new, o, head)
    words[new + at.WORDS], words[new + at.ROOM] = size, room
    rows, old_room = words[o + at.ROWS], words[o + at.ROOM]
    copy(words, new + head, o + head, rows)
    to, source, count = new + head + room, o + head + old_room, (rows + 1) * totals
    copy(words, to, source, count)
    to, source = to + (room + 1) * totals, source + (old_room + 1) * totals
    new_sizes = new + head - 2 * maps
    for each in range(maps):
        count, old = words[sizes + 2 * each], words[sizes + 2 * each + 1]
        more = min(limit, 2 * old) if each == index else old
        words[new_sizes + 2 * each + 1] = more
        copy(words, to, source, count)
        copy(words, to + more, source + old, count)
        to, source = to + 2 * more, source + 2 * old
    free(memory, o)
    return new


@compiled
def merge(words: Ints, program: Program, plan: Ints, o: int, at_us: int) -> None:
    """Drop rows that no window tells from their neighbours any more."""
    windows, tile = program.windows, at_us // UNIT_US
    timed = program.operands[plan[at.TIMED] : plan[at.TIMED] + plan[at.N_TIMED]]
    n = _drop(words, program, plan, o, _earliest(windows, timed, tile, EVER_WINDOW))
    starts = o + plan[at.STARTS]
    place = (starts, starts + words[o + at.ROOM], plan[at.N_TOTALS])
    for each in range(1, len(timed)):
        # Windows come by growing tiles: rows take the width of one when finer ones are past.
        width = windows[timed[each], at.WIDTH]
        if windows[timed[each - 1], at.WIDTH] < width:
            before = _earliest(windows, timed[:each], tile, each) // width * width
            n = _widen(words, place, n, before, width)
    words[o + at.ROWS] = n


@compiled
def _earliest(windows: Ints, timed: Ints, tile: int, at_most: int) -> int:
    """Return the start of the window that reaches back furthest, of the first ones."""
    earliest = tile + 1
    for window in timed[:at_most]:
        earliest = min(earliest, start(windows, window, tile))
    return earliest


@compiled
def _drop(words: Ints, program: Program, plan: Ints, o: int, before: int) -> int:
    """Drop rows before a tile; return how many are left."""
    n: int = words[o + at.ROWS]
    starts, totals = o + plan[at.STARTS], plan[at.N_TOTALS]
    rows, gone = starts + words[o + at.ROOM], lower_bound(words, starts, n, before)
    if not gone:
        return n
    for slot in range(totals):
        # Totals that nothing reads from the beginning start at 0 again: they stay short.
        ever = program.operands[plan[at.TOTALS] + 3 * slot + 2]
        base = 0 if ever else words[rows + gone * totals + slot]
        for word in range(rows + slot, rows + slot + (n - gone + 1) * totals, totals):
            words[word] = words[word + gone * totals] - base
    for row in range(starts, starts + n - gone):
        words[row] = words[row + gone]
    return n - gone


@compiled
def _widen(words: Ints, place: tuple[int, int, int], n: int, before: int, width: int) -> int:
    """Give rows before a tile a width; return how many are left."""
    starts, rows, totals = place
    end = lower_bound(words, starts, n, before)
    to, last = 0, 0
    for row in range(n + 1):
        tile = words[starts + row] if row < n else 0
        # The first tile of each wide one stays, with the totals before it.
        if 0 < row < end and tile // width == last:
            continue
        last = tile // width
        if to < row:
            if row < n:
                words[starts + to] = tile
            for slot in range(totals):
                words[rows + to * totals + slot] = words[rows + row * totals + slot]
        to += 1
    return to - 1


@compiled
def add(memory: Memory, program: Program, plan: Ints, o: int, event: Ints) -> int:
    """Add an event to the totals from its tile on; return the block, which may have moved."""
    operands, totals, bits = program.operands, plan[at.N_TOTALS], event[at.BITS]
    place, descriptor = -1, plan[at.TOTALS]
    for slot in range(totals):
        if operands[descriptor + 3 * slot] & bits:
            if place < 0:
                o = _with_room(memory, program, plan, o)
                place = _row(memory.words, plan, o, event[at.TAU_US])
            rows = o + plan[at.STARTS] + memory.words[o + at.ROOM]
            column = operands[descriptor + 3 * slot + 1]
            value = event[at.COLUMNS + column] if column >= 0 else 1
            for row in range(place + 1, memory.words[o + at.ROWS] + 1):
                memory.words[rows + row * totals + slot] += value
    return o


@compiled
def _with_room(memory: Memory, program: Program, plan: Ints, o: int) -> int:
    """Return the block, which may have moved, with room for one row more."""
    words = memory.words
    if words[o + at.ROWS] < words[o + at.ROOM]:
        return o
    if words[o + at.ROOM] >= FIRST_LIMIT:
        merge(words, program, plan, o, words[o + at.STAMP])
    # Room that is half used again soon would be merged again soon.
    return grown(memory, plan, o, -1, 0) if 2 * words[o + at.ROWS] > words[o + at.ROOM] else o


@compiled
def _row(words: Ints, plan: Ints, o: int, tau_us: int) -> int:
    """Return the place of a time's tile among the starts; it is made if there is none."""
    n, starts, totals = words[o + at.ROWS], o + plan[at.STARTS], plan[at.N_TOTALS]
    tile = tau_us // UNIT_US
    tile -= tile % plan[at.TILE]
    place = lower_bound(words, starts, n, tile) if n and tile <= words[starts + n - 1] else n
    if place < n and words[starts + place] == tile:
        return place
    for row in range(starts + n, starts + place, -1):
        words[row] = words[row - 1]
    rows = starts + words[o + at.ROOM]
    for word in range(rows + (n + 2) * totals - 1, rows + (place + 1) * totals - 1, -1):
        words[word] = words[word - totals]
    words[starts + place] = tile
    words[o + at.ROWS] = n + 1
    return place


@compiled
def free_all(memory: Memory, blocks: Ints) -> None:
    """Give blocks back."""
    for place in range(len(blocks)):
        free(memory, blocks[place])
