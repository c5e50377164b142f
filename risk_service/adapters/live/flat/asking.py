"""The loops that ask a shared store: which entities a group meets, and what is sent to each."""

import numpy as np

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.compiled import compiled
from risk_service.adapters.live.flat.entities import (
    BASE,
    BITS_BYTES,
    ENTRY_BYTES,
    ENTRY_HEAD,
    LENGTH,
    N_NUMBERS,
    NUMBERS,
    PART_HEAD,
    SIZES,
    TTL_MS,
    Bytes,
    Calls,
    Ints,
    Kept,
    put_number,
)
from risk_service.adapters.live.flat.memory import Memory
from risk_service.adapters.live.flat.program import Program


@compiled
def gather(program: Program, records: Ints, events: Ints, mark: Ints, attempts: bool) -> Calls:
    """Return the calls of a group; ``records`` has shape (groups, events), -1 without a key.

    Attempts also meet entities for which they do not count. ``mark`` has a 0 per record.
    """
    groups, width = records.shape
    size = groups * width
    record, group = np.empty(size, np.int64), np.empty(size, np.int64)
    first, visits = np.zeros(size + 1, np.int64), np.empty(size, np.int64)
    cells, count = np.empty(size, np.int64), 0
    for cell in range(size):
        one, bits = records[cell // width, cell % width], events[cell % width, at.BITS]
        cells[cell] = -1
        if one < 0 or not (attempts or bits & program.plans[cell // width, at.ANY_BIT]):
            continue
        if not mark[one]:
            record[count], group[count] = one, cell // width
            count += 1
            mark[one] = count
        cells[cell] = mark[one] - 1
        first[mark[one]] += 1
    for call in range(count):
        first[call + 1] += first[call]
        mark[record[call]] = 0
    filled = first[:count].copy()
    for cell in range(size):
        if cells[cell] >= 0:
            visits[filled[cells[cell]]] = cell % width
            filled[cells[cell]] += 1
    became, place = np.zeros(count, np.int64), np.zeros(2, np.int64)
    return Calls(record[:count], group[:count], first[: count + 1], visits, became, place)


@compiled
def ask(
    memory: Memory, program: Program, kept: Kept, asked: tuple[Calls, Ints], limit: int
) -> tuple[Bytes, Ints]:
    """Return the parts of all calls, and where each ends."""
    words, (calls, events) = memory.words, asked
    ends, size = np.empty(len(calls.record), np.int64), 0
    for call in range(len(ends)):
        visits = calls.first[call + 1] - calls.first[call]
        size += PART_HEAD + visits * kept.forms[calls.group[call], ENTRY_BYTES]
        ends[call] = size
    out, end = np.zeros(size, np.uint8), 0
    for call in range(len(ends)):
        group, tail = calls.group[call], kept.tail[calls.record[call]]
        form, mask = kept.forms[group], program.plans[group, at.ANY_BIT]
        first, last = calls.first[call], calls.first[call + 1]
        put_number(out, end, form[TTL_MS], 8)
        if tail:
            put_number(out, end + 8, words[tail + BASE], 8)
            put_number(out, end + 16, words[tail + SIZES], 8)
            put_number(out, end + 24, words[tail + LENGTH], 8)
        put_number(out, end + 32, form[ENTRY_BYTES], 4)
        put_number(out, end + 36, limit, 4)
        put_number(out, end + 40, last - first, 8)
        end += PART_HEAD
        for visit in range(first, last):
            event = events[calls.visits[visit]]
            if event[at.BITS] & mask:
                _put_entry(out, end, kept, (group, mask), event)
            end += form[ENTRY_BYTES]
    return out, ends


@compiled
def _put_entry(out: Bytes, end: int, kept: Kept, of: tuple[int, int], event: Ints) -> None:
    group, mask = of
    form = kept.forms[group]
    put_number(out, end, event[at.READ_US], 8)
    put_number(out, end + 16, event[at.TAU_US], 8)
    end = put_number(out, end + ENTRY_HEAD, event[at.BITS] & mask, form[BITS_BYTES])
    for number in kept.numbers[form[NUMBERS] : form[NUMBERS] + form[N_NUMBERS]]:
        end = put_number(out, end, event[number], 8)
