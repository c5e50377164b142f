"""The loops that ask a shared store: which entities a group meets, and what is sent to each."""

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
from risk_service.loops.compiled import Arrays


@compiled
def gather(program: Arrays, records: Ints, seen: tuple[Ints, bool], mark: Ints, to: Arrays) -> int:
    """Write down the calls of a group and return how many there are.

    ``records`` has shape (groups, events), -1 without a key; ``mark`` has a 0 per record.
    Attempts (last of ``seen``) also meet entities for which they do not count.
    """
    return _gather(Program(*program), records, seen, mark, Calls(*to))


@compiled
def _gather(program: Program, records: Ints, seen: tuple[Ints, bool], mark: Ints, to: Calls) -> int:
    (events, attempts), (groups, width), count = seen, records.shape, 0
    first, cells = to.first, to.cells
    for cell in range(groups * width):
        one, bits = records[cell // width, cell % width], events[cell % width, at.BITS]
        cells[cell] = -1
        if one < 0 or not (attempts or bits & program.plans[cell // width, at.ANY_BIT]):
            continue
        if not mark[one]:
            to.record[count], to.group[count] = one, cell // width
            count += 1
            mark[one] = count
        cells[cell] = mark[one] - 1
        first[mark[one] + 1] += 1
    # Until its visits are written, a call begins where the one after it will.
    for call in range(count):
        first[call + 2] += first[call + 1]
        mark[to.record[call]] = 0
    for cell in range(groups * width):
        if cells[cell] >= 0:
            place = cells[cell] + 1
            to.visits[first[place]] = cell % width
            first[place] += 1
    return count


@compiled
def ask(
    memory: Arrays, program: Arrays, kept: Arrays, asked: tuple[Arrays, Ints, int], out: Bytes
) -> None:
    """Write the parts of all calls of some events; the last of ``asked`` is the limit."""
    calls, events, limit = asked
    _ask(Memory(*memory), Program(*program), Kept(*kept), (Calls(*calls), events, limit), out)


@compiled
def _ask(
    memory: Memory, program: Program, kept: Kept, asked: tuple[Calls, Ints, int], out: Bytes
) -> None:
    words, (calls, events, limit), end = memory.words, asked, 0
    for call in range(len(calls.record)):
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


@compiled
def _put_entry(out: Bytes, end: int, kept: Kept, of: tuple[int, int], event: Ints) -> None:
    group, mask = of
    form = kept.forms[group]
    put_number(out, end, event[at.READ_US], 8)
    put_number(out, end + 16, event[at.TAU_US], 8)
    end = put_number(out, end + ENTRY_HEAD, event[at.BITS] & mask, form[BITS_BYTES])
    for number in kept.numbers[form[NUMBERS] : form[NUMBERS] + form[N_NUMBERS]]:
        end = put_number(out, end, event[number], 8)
