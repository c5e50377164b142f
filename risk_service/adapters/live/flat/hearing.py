"""The loops that take in what a shared store says: each entity is caught up, then read."""

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.blocks import allocate, copied, copy, free
from risk_service.adapters.live.flat.compiled import compiled
from risk_service.adapters.live.flat.entities import (
    BASE,
    BITS_BYTES,
    COUNT,
    DONE,
    ENTRY_BYTES,
    ENTRY_HEAD,
    FAULT,
    FIRST_IDS,
    GROW,
    IDS,
    LENGTH,
    MET,
    N_NUMBERS,
    NEXT,
    NUMBERS,
    OFFSET,
    REPLY_HEAD,
    SIZES,
    VALUE_END,
    VALUE_HEAD,
    Bytes,
    Calls,
    Ints,
    Kept,
    Seen,
    get_number,
)
from risk_service.adapters.live.flat.folding import forget
from risk_service.adapters.live.flat.group import apply, read
from risk_service.adapters.live.flat.memory import Memory
from risk_service.adapters.live.flat.packing import DAMAGED, unpack
from risk_service.adapters.live.flat.program import Program
from risk_service.features.windows.tiles import MAX_AGE_US
from risk_service.loops.compiled import Arrays

# The calls of a trip, what its events come to, and whether each event reads before it counts.
Asked = tuple[Calls, Seen, bool]
AskedArrays = tuple[Arrays, Arrays, bool]
# What was said to the calls before one.
Reply = tuple[Bytes, int]


@compiled
def take(memory: Arrays, program: Arrays, kept: Arrays, asked: AskedArrays, reply: Reply) -> int:
    """Take in the reply to the calls before one; go on where it stopped."""
    calls, seen, reads = asked
    of_trip = Calls(*calls), Seen(*seen), reads
    return _take(Memory(*memory), Program(*program), Kept(*kept), of_trip, reply)


@compiled
def _take(memory: Memory, program: Program, kept: Kept, asked: Asked, reply: Reply) -> int:
    (calls, seen, _), (data, before) = asked, reply
    for call in range(calls.place[NEXT], before):
        calls.place[NEXT], begin = call, calls.place[OFFSET]
        record, group = calls.record[call], calls.group[call]
        count = calls.first[call + 1] - calls.first[call]
        if begin + REPLY_HEAD + 8 * count > len(data):
            return FAULT
        old, since = get_number(data, begin + 8, 8), get_number(data, begin + 16, 8)
        body = begin + REPLY_HEAD + 8 * count
        end = body if since < 0 else body + old - since
        next_begin = body if since < 0 else end + VALUE_END
        if next_begin > len(data):
            return FAULT
        events = count + (end - body) // kept.forms[group, ENTRY_BYTES]
        cell, stored = (record, group, since), (data, body, end)
        if not _has_room(memory, program, kept, cell, (end - body, events)):
            return GROW
        if since >= 0 and not _catch_up(memory, program, kept, cell, stored, seen):
            return FAULT
        if since >= 0:
            calls.became[call] = MET
        _meet(memory, program, kept, asked, (call, data, begin))
        calls.place[OFFSET] = next_begin
    calls.place[NEXT] = before
    return DONE


@compiled
def _has_room(
    memory: Memory, program: Program, kept: Kept, cell: tuple[int, int, int], more: tuple[int, int]
) -> bool:
    """Tell whether the memory has room for a stored value of a size, and for some events."""
    (record, group, _), (size, events) = cell, more
    plan, doublings = program.plans[group], 2
    words = plan[at.STARTS] + 64 + 2 * size
    for known in (kept.block[record], kept.tail[record]):
        if known:
            words += memory.words[known + at.WORDS]
    words += events * (4 + plan[at.N_TOTALS] + 2 * plan[at.N_MAPS])
    while events >> doublings:
        doublings += 1
    # Each list at most doubled so often, in a copy of its own.
    need = (plan[at.N_MAPS] + 4) * doublings * 3 * words
    return bool(memory.meta[at.TAIL] + need <= len(memory.words))


@compiled
def _catch_up(
    memory: Memory,
    program: Program,
    kept: Kept,
    cell: tuple[int, int, int],
    stored: tuple[Bytes, int, int],
    seen: Seen,
) -> bool:
    """Bring an entity to what is stored from a byte (last of ``cell``) on; False: damaged."""
    (record, group, since), (data, begin, end), event = cell, stored, seen.event
    if not since:
        begin = _begin(memory, program, kept, (record, group), stored, seen.tokens)
        if not begin:
            return False
    form, tail = kept.forms[group], kept.tail[record]
    size = form[ENTRY_BYTES]
    if not tail or (end - begin) % size:
        return False
    memory.words[tail + LENGTH] += end - begin
    for entry in range(begin, end, size):
        _get_entry(data, entry, kept, group, event)
        _count(memory, program, kept, (record, group), event)
        _remember(memory, kept, record, get_number(data, entry, 8), event[at.APPLIED_US])
    return True


@compiled
def _begin(
    memory: Memory,
    program: Program,
    kept: Kept,
    cell: tuple[int, int],
    stored: tuple[Bytes, int, int],
    tokens: Ints,
) -> int:
    """Take in a value's head, ids and record; return where its entries begin, 0: damaged."""
    (record, group), (data, begin, end) = cell, stored
    forget(memory, kept, record)
    if end - begin < VALUE_HEAD:
        return 0
    ids_bytes, record_bytes = get_number(data, begin + 8, 4), get_number(data, begin + 12, 4)
    record_at = begin + VALUE_HEAD + ids_bytes
    entries_at = record_at + record_bytes
    if ids_bytes % 16 or entries_at > end:
        return 0
    if record_bytes:
        block = unpack(memory, program.plans[group], data[record_at:entries_at], tokens)
        if block == DAMAGED:
            return 0
    else:
        block = copied(memory, kept.empty[group])
    tail, count = allocate(memory, IDS + 2 * FIRST_IDS + ids_bytes // 8), ids_bytes // 16
    kept.block[record], kept.tail[record] = block, tail
    words = memory.words
    words[tail + COUNT], words[tail + LENGTH] = count, entries_at - begin
    words[tail + BASE] = get_number(data, begin, 8)
    words[tail + SIZES] = ids_bytes | record_bytes << 32
    for word in range(2 * count):
        words[tail + IDS + word] = get_number(data, begin + VALUE_HEAD + 8 * word, 8)
    return entries_at


@compiled
def _get_entry(data: Bytes, begin: int, kept: Kept, group: int, event: Ints) -> None:
    form = kept.forms[group]
    event[at.APPLIED_US] = get_number(data, begin + 8, 8)
    event[at.TAU_US] = get_number(data, begin + 16, 8)
    event[at.BITS] = get_number(data, begin + ENTRY_HEAD, form[BITS_BYTES])
    begin += ENTRY_HEAD + form[BITS_BYTES]
    for number in kept.numbers[form[NUMBERS] : form[NUMBERS] + form[N_NUMBERS]]:
        event[number] = get_number(data, begin, 8)
        begin += 8


@compiled
def _count(
    memory: Memory, program: Program, kept: Kept, cell: tuple[int, int], event: Ints
) -> None:
    """Let an event count in a record, unless it was too old when it was applied."""
    record, group = cell
    event[at.TAU_US] = min(event[at.TAU_US], event[at.APPLIED_US])
    if event[at.TAU_US] >= event[at.APPLIED_US] - MAX_AGE_US:
        kept.block[record] = apply(memory, program, program.plans[group], kept.block[record], event)


@compiled
def _remember(memory: Memory, kept: Kept, record: int, id_hash: int, a_us: int) -> None:
    """Remember an id with its stamp."""
    tail = kept.tail[record]
    count, size = memory.words[tail + COUNT], memory.words[tail + at.WORDS]
    if IDS + 2 * count + 2 > size:
        new, words = allocate(memory, 2 * size), memory.words
        more = words[new + at.WORDS]
        copy(words, new, tail, size)
        words[new + at.WORDS] = more
        free(memory, tail)
        kept.tail[record] = tail = new
    place = tail + IDS + 2 * count
    memory.words[place], memory.words[place + 1] = id_hash, a_us
    memory.words[tail + COUNT] = count + 1


@compiled
def _meet(
    memory: Memory,
    program: Program,
    kept: Kept,
    asked: Asked,
    said: tuple[int, Bytes, int],
) -> None:
    """Note the stamps of a call's events; let them read and count where the entity is known."""
    (calls, seen, reads), (call, data, begin) = asked, said
    cell = (calls.record[call], calls.group[call])
    record, group = cell
    plan, first_us = program.plans[group], get_number(data, begin, 8)
    for place in range(calls.first[call + 1] - calls.first[call]):
        row, stamp_us = calls.visits[calls.first[call] + place], first_us + place
        event, before_us = seen.events[row], get_number(data, begin + REPLY_HEAD + 8 * place, 8)
        counts = event[at.BITS] & plan[at.ANY_BIT]
        seen.read_us[row, group] = stamp_us
        if counts:
            seen.applied_us[row, group] = before_us or stamp_us
        if calls.became[call] != MET:
            continue
        if reads:
            read(memory.words, program, plan, (kept.block[record], stamp_us), seen.values[row])
        if counts and not before_us:
            for word in range(len(event)):
                seen.event[word] = event[word]
            seen.event[at.APPLIED_US] = stamp_us
            _count(memory, program, kept, cell, seen.event)
            _remember(memory, kept, record, event[at.READ_US], stamp_us)
            memory.words[kept.tail[record] + LENGTH] += kept.forms[group, ENTRY_BYTES]
