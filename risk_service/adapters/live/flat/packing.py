"""Blocks to and from the packed form of ``features.windows.record``: the same msgpack.

A packed record is [version, stamp, starts, rows, maps, times last seen, latest values]; it
holds integers, lists of them and maps between them, nothing else.
"""

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.blocks import allocate, lower_bound, maps_begin, merge, start
from risk_service.adapters.live.flat.compiled import compiled
from risk_service.adapters.live.flat.memory import Memory
from risk_service.adapters.live.flat.program import Program
from risk_service.features.windows.tiles import UNIT_US

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

# A word and its sign byte, or a list's head; two more for each word of a block.
BYTES_PER_WORD = 10
# Kinds of tokens.
NUMBER, LIST, MAP, FAULT = 0, 1, 2, 3
DAMAGED = 0


@compiled
def _put(out: Bytes, end: int, sign: int, value: int) -> int:
    """Write a sign byte and a number of 1, 2, 4 or 8 bytes; ``sign`` is that for one byte."""
    steps = sign & 3
    out[end] = sign
    count = 1 << steps
    for byte in range(count):
        out[end + 1 + byte] = (value >> (8 * (count - 1 - byte))) & 0xFF
    return end + 1 + count


@compiled
def _put_number(out: Bytes, end: int, value: int) -> int:
    if -32 <= value < 128:
        out[end] = value & 0xFF
        return end + 1
    if 0 <= value < 1 << 32:
        return _put(out, end, 0xCC if value < 256 else 0xCD if value < 65_536 else 0xCE, value)
    # 0xD3 ends in the bits of eight bytes, as 0xCC to 0xCE do in theirs.
    return _put(out, end, 0xD3, value)


@compiled
def _put_head(out: Bytes, end: int, short: int, count: int) -> int:
    """Write the head of a list (``short`` 0x90) or a map (0x80)."""
    if count < 16:
        out[end] = short | count
        return end + 1
    out[end] = 0xDD if short == 0x90 else 0xDF
    for byte in range(4):
        out[end + 1 + byte] = (count >> (8 * (3 - byte))) & 0xFF
    return end + 5


@compiled
def _put_list(out: Bytes, end: int, words: Ints, first: int, count: int) -> int:
    end = _put_head(out, end, 0x90, count)
    for place in range(first, first + count):
        end = _put_number(out, end, words[place])
    return end


@compiled
def _forget(words: Ints, program: Program, plan: Ints, o: int, at_us: int) -> None:
    """Drop values that are in no window any more."""
    tiles, sizes = maps_begin(words, plan, o), o + plan[at.STARTS] - 2 * plan[at.N_MAPS]
    for index in range(plan[at.N_MAPS]):
        count, room = words[sizes + 2 * index], words[sizes + 2 * index + 1]
        window = program.operands[plan[at.MAPS] + 5 * index + 4]
        gone = lower_bound(words, tiles, count, start(program.windows, window, at_us // UNIT_US))
        if gone:
            for place in range(count - gone):
                words[tiles + place] = words[tiles + place + gone]
                words[tiles + room + place] = words[tiles + room + place + gone]
            words[sizes + 2 * index] = count - gone
        tiles += 2 * room


@compiled
def _pack(words: Ints, program: Program, plan: Ints, o: int, target: tuple[Bytes, int]) -> int:
    out, end = target
    starts, n, totals = o + plan[at.STARTS], words[o + at.ROWS], plan[at.N_TOTALS]
    end = _put_head(out, end, 0x90, 7)
    end = _put_number(out, end, plan[at.VERSION])
    end = _put_number(out, end, words[o + at.STAMP])
    end = _put_list(out, end, words, starts, n)
    rows = starts + words[o + at.ROOM]
    end = _put_head(out, end, 0x90, n + 1)
    for row in range(n + 1):
        end = _put_list(out, end, words, rows + row * totals, totals)
    end = _put_head(out, end, 0x90, plan[at.N_MAPS])
    tiles, sizes = maps_begin(words, plan, o), starts - 2 * plan[at.N_MAPS]
    for index in range(plan[at.N_MAPS]):
        count, room = words[sizes + 2 * index], words[sizes + 2 * index + 1]
        end = _put_head(out, end, 0x80, count)
        for place in range(tiles, tiles + count):
            end = _put_number(out, end, words[place + room])
            end = _put_number(out, end, words[place])
        tiles += 2 * room
    end = _put_list(out, end, words, o + at.HEAD, plan[at.N_SEEN])
    return _put_list(out, end, words, o + at.HEAD + plan[at.N_SEEN], plan[at.N_LASTS])


@compiled
def pack(
    words: Ints, program: Program, plan: Ints, cell: tuple[int, int], target: tuple[Bytes, int]
) -> int:
    """Pack a block (first of ``cell``) without what no read from a time (second) on can see.

    Returns where the bytes end that begin at the second of ``target``.
    """
    o, now_us = cell
    at_us = max(now_us, words[o + at.STAMP])
    merge(words, program, plan, o, at_us)
    _forget(words, program, plan, o, at_us)
    return _pack(words, program, plan, o, target)


@compiled
def pack_all(
    memory: Memory, program: Program, blocks: Ints, packed: tuple[Ints, Ints, Bytes], now_us: int
) -> int:
    """Pack blocks without what no read from ``now_us`` on can see; return how many had room.

    ``packed`` has the key group of each block, where its bytes end, and the bytes.
    """
    words, (groups, ends, out) = memory.words, packed
    end = 0
    for place in range(len(blocks)):
        o, plan = blocks[place], program.plans[groups[place]]
        if end + BYTES_PER_WORD * (words[o + at.WORDS] + 16) > len(out):
            return place
        end = pack(words, program, plan, (o, now_us), (out, end))
        ends[place] = end
    return len(blocks)


@compiled
def _token(data: Bytes, begin: int) -> tuple[int, int, int]:
    """Return kind and value of what begins here, and where it ends."""
    first = int(data[begin])
    if first < 0x80 or first >= 0xE0:
        return NUMBER, first if first < 0x80 else first - 256, begin + 1
    if first < 0xA0:
        return (MAP if first < 0x90 else LIST), first & 15, begin + 1
    is_number = 0xCC <= first <= 0xD3
    if not is_number and not 0xDC <= first <= 0xDF:
        return FAULT, 0, begin + 1
    count = 1 << (first & 3) if is_number else 2 << (first & 1)
    end = begin + 1 + count
    if end > len(data):
        return FAULT, 0, end
    value = 0
    for byte in range(begin + 1, end):
        value = value << 8 | int(data[byte])
    if is_number:
        if first >= 0xD0 and count < 8 and value >> (8 * count - 1):
            value -= 1 << (8 * count)
        return NUMBER, value, end
    return (LIST if first < 0xDE else MAP), value, end


@compiled
def _tokens(data: Bytes, tokens: Ints) -> int:
    """Write kind and value of every token, two closing ones more; return how many, 0: damaged."""
    count, begin = 0, 0
    while begin < len(data):
        kind, value, begin = _token(data, begin)
        tokens[count, 0], tokens[count, 1] = kind, value
        count += 1
        if kind == FAULT:
            return 0
    tokens[count : count + 2, 0] = FAULT
    return count + 2


@compiled
def _take(tokens: Ints, place: int, words: Ints, first: int, count: int) -> int:
    """Copy a list of so many numbers; return the place behind it, 0 if it is another."""
    if not place or place + count >= len(tokens) or tokens[place, 0] != LIST:
        return 0
    if tokens[place, 1] != count:
        return 0
    for each in range(count):
        if tokens[place + 1 + each, 0] != NUMBER:
            return 0
        words[first + each] = tokens[place + 1 + each, 1]
    return place + 1 + count


@compiled
def _maps(tokens: Ints, plan: Ints) -> tuple[int, int, int]:
    """Return how many rows a packed record has, where its maps begin (0: damaged), their words."""
    if len(tokens) < 6 or tokens[0, 0] != LIST or tokens[0, 1] != 7 or tokens[3, 0] != LIST:
        return 0, 0, 0
    rows, words = tokens[3, 1], 0
    place = 5 + rows + (rows + 1) * (1 + plan[at.N_TOTALS])
    if place >= len(tokens) or tokens[place, 0] != LIST or tokens[place, 1] != plan[at.N_MAPS]:
        return 0, 0, 0
    maps = place
    place += 1
    for _ in range(plan[at.N_MAPS]):
        if place >= len(tokens) or tokens[place, 0] != MAP:
            return 0, 0, 0
        words += 2 * max(1, tokens[place, 1])
        place += 1 + 2 * tokens[place, 1]
    is_whole = place < len(tokens) and tokens[4 + rows, 0] == LIST
    return rows, maps if is_whole else 0, words


@compiled
def unpack(memory: Memory, plan: Ints, data: Bytes, scratch: Ints) -> int:
    """Return a block of what was packed, or ``DAMAGED``; there must be room for it.

    ``scratch`` has two rows more than there are bytes, of two words each.
    """
    tokens, words = scratch[: _tokens(data, scratch)], memory.words
    rows, maps, need = _maps(tokens, plan)
    if not maps or tokens[1, 1] != plan[at.VERSION] or tokens[4 + rows, 1] != rows + 1:
        return DAMAGED
    totals, room = plan[at.N_TOTALS], max(1, rows)
    o = allocate(memory, plan[at.STARTS] + room + (room + 1) * totals + need)
    words[o + at.STAMP], words[o + at.ROWS], words[o + at.ROOM] = tokens[2, 1], rows, room
    starts = o + plan[at.STARTS]
    place = _take(tokens, 3, words, starts, rows)
    place += 1 if place else 0
    for row in range(rows + 1):
        place = _take(tokens, place, words, starts + room + row * totals, totals)
    if place != maps:
        return DAMAGED
    place, sizes, tiles = place + 1, starts - 2 * plan[at.N_MAPS], maps_begin(words, plan, o)
    for index in range(plan[at.N_MAPS]):
        count, size = tokens[place, 1], max(1, tokens[place, 1])
        words[sizes + 2 * index], words[sizes + 2 * index + 1] = count, size
        for each in range(count):
            value, tile = place + 1 + 2 * each, place + 2 + 2 * each
            if tokens[value, 0] != NUMBER or tokens[tile, 0] != NUMBER:
                return DAMAGED
            # Nearly in order of tiles already.
            to = tiles + each
            while to > tiles and words[to - 1] > tokens[tile, 1]:
                words[to], words[to + size] = words[to - 1], words[to - 1 + size]
                to -= 1
            words[to], words[to + size] = tokens[tile, 1], tokens[value, 1]
        place += 1 + 2 * count
        tiles += 2 * size
    place = _take(tokens, place, words, o + at.HEAD, plan[at.N_SEEN])
    place = _take(tokens, place, words, o + at.HEAD + plan[at.N_SEEN], plan[at.N_LASTS])
    return o if place and tokens[place, 0] == FAULT else DAMAGED
