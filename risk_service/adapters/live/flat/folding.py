"""The loops that fold entries into records, and those that forget entities."""

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.blocks import free
from risk_service.adapters.live.flat.compiled import compiled
from risk_service.adapters.live.flat.entities import (
    BASE,
    COUNT,
    DUE,
    FOLD_HEAD,
    IDS,
    LENGTH,
    LOW,
    MET,
    SIZES,
    VALUE_HEAD,
    Bytes,
    Calls,
    Ints,
    Kept,
    put_number,
)
from risk_service.adapters.live.flat.memory import Memory
from risk_service.adapters.live.flat.packing import BYTES_PER_WORD, pack
from risk_service.adapters.live.flat.program import Program
from risk_service.loops.compiled import Arrays


@compiled
def find_due(memory: Arrays, kept: Arrays, calls: Arrays, least: int) -> int:
    """Mark calls behind whose records more bytes wait than a least, and than the record has.

    Return how many calls are not done with: to be folded, or never answered.
    """
    return _find_due(Memory(*memory), Kept(*kept), Calls(*calls), least)


@compiled
def _find_due(memory: Memory, kept: Kept, calls: Calls, least: int) -> int:
    words, count = memory.words, 0
    for call in range(len(calls.record)):
        tail = kept.tail[calls.record[call]]
        if calls.became[call] == MET and tail:
            sizes = words[tail + SIZES]
            waiting = words[tail + LENGTH] - VALUE_HEAD - (sizes & LOW) - (sizes >> 32)
            if waiting > max(least, sizes >> 32):
                calls.became[call] = DUE
        count += calls.became[call] != MET
    return count


@compiled
def room(memory: Memory, kept: Kept, records: Ints) -> int:
    """Return how many bytes folds of some records take at most."""
    words, size = memory.words, 0
    for record in records:
        size += BYTES_PER_WORD * (words[kept.block[record] + at.WORDS] + 16)
        size += FOLD_HEAD + VALUE_HEAD + 16 * words[kept.tail[record] + COUNT]
    return size


@compiled
def fold(
    memory: Memory,
    program: Program,
    kept: Kept,
    due: tuple[Ints, Ints, int, int],
    folded: tuple[Bytes, Ints],
) -> None:
    """Fold entries into records and write down what says so to the store, and where each ends.

    ``due`` are records and their groups, how many ids are remembered, and how long.
    """
    (records, groups, ids_max, age_us), (out, ends) = due, folded
    words, end = memory.words, 0
    for place in range(len(records)):
        record = records[place]
        tail, begin = kept.tail[record], end
        put_number(out, begin, words[tail + BASE], 8)
        put_number(out, begin + 8, words[tail + SIZES], 8)
        put_number(out, begin + 16, words[tail + LENGTH], 8)
        stamp_us = _forget_ids(words, tail, (ids_max, age_us))
        ids_bytes = 16 * words[tail + COUNT]
        record_at = begin + FOLD_HEAD + VALUE_HEAD + ids_bytes
        for word in range(ids_bytes // 8):
            put_number(out, begin + FOLD_HEAD + VALUE_HEAD + 8 * word, words[tail + IDS + word], 8)
        plan, target = program.plans[groups[place]], (out, record_at)
        end = pack(words, program, plan, (kept.block[record], stamp_us), target)
        words[tail + BASE] = stamp_us
        words[tail + SIZES] = ids_bytes | (end - record_at) << 32
        words[tail + LENGTH] = end - begin - FOLD_HEAD
        put_number(out, begin + 24, words[tail + LENGTH], 8)
        put_number(out, begin + FOLD_HEAD, stamp_us, 8)
        put_number(out, begin + FOLD_HEAD + 8, words[tail + SIZES], 8)
        ends[place] = end


@compiled
def _forget_ids(words: Ints, tail: int, bounds: tuple[int, int]) -> int:
    """Forget ids beyond a number and an age; return the stamp of the newest."""
    ids_max, age_us = bounds
    count, ids = words[tail + COUNT], tail + IDS
    newest_us: int = words[ids + 2 * count - 1]
    gone = max(0, count - ids_max)
    while words[ids + 2 * gone + 1] < newest_us - age_us:
        gone += 1
    if gone:
        for word in range(2 * (count - gone)):
            words[ids + word] = words[ids + word + 2 * gone]
        words[tail + COUNT] = count - gone
    return newest_us


@compiled
def forget(memory: Memory, kept: Kept, record: int) -> None:
    """Give back what is kept of a record."""
    if kept.block[record]:
        free(memory, kept.block[record])
    if kept.tail[record]:
        free(memory, kept.tail[record])
    kept.block[record] = kept.tail[record] = 0


@compiled
def forget_all(memory: Memory, kept: Kept, records: Ints) -> None:
    """Give back what is kept of some records."""
    for record in records:
        forget(memory, kept, record)
