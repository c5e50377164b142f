"""Makes records from all their events at once: one block at a time, from empty to packed."""

from collections.abc import Iterator, Sequence

import numpy as np

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.blocks import copied, free
from risk_service.adapters.live.flat.compiled import compiled
from risk_service.adapters.live.flat.group import apply
from risk_service.adapters.live.flat.memory import Ints, Memory
from risk_service.adapters.live.flat.packing import Bytes, pack_all
from risk_service.adapters.live.flat.program import Program
from risk_service.adapters.live.flat.space import Space
from risk_service.adapters.live.parts import Part
from risk_service.adapters.live.records_file import Row
from risk_service.features.windows.record_plan import RecordPlan

FIRST_BYTES = 1 << 22


@compiled
def _block(
    memory: Memory, program: Program, plan: Ints, empty: int, events: tuple[Ints, Ints]
) -> int:
    """Return a block in which events (places, words) count, 0 if the memory is too short."""
    o, (places, words) = empty, events
    for place in places:
        # A copy, and each list at most doubled in a copy of its own.
        most = (plan[at.N_MAPS] + 3) * 3 * (memory.words[o + at.WORDS] + 64)
        if memory.meta[at.TAIL] + most > len(memory.words):
            if o != empty:
                free(memory, o)
            return 0
        if o == empty:
            o = copied(memory, o)
        o = apply(memory, program, plan, o, words[place])
    return o


@compiled
def make_records(
    memory: Memory,
    program: Program,
    empty: Ints,
    part: tuple[Ints, Ints, Ints, Ints],
    packed: tuple[Ints, Ints, Ints, Bytes],
    now_us: int,
) -> int:
    """Pack records one after the other; return how many there was room for.

    ``part`` has the key group of each record, where its events begin, their places and words;
    ``packed`` takes of each record its block, the greatest stamp and where its bytes end, and
    the bytes.
    """
    groups, begins, places, words = part
    blocks, stamps_us, ends, out = packed
    end = 0
    for record in range(len(groups)):
        group = groups[record]
        events = (places[begins[record] : begins[record + 1]], words)
        o = _block(memory, program, program.plans[group], empty[group], events)
        if not o:
            return record
        blocks[record], stamps_us[record] = o, memory.words[o + at.STAMP]
        one = slice(record, record + 1)
        packed_one = (groups[one], ends[one], out[end:])
        has_room = pack_all(memory, program, blocks[one], packed_one, now_us) == 1
        free(memory, o)
        if not has_room:
            return record
        end += ends[record]
        ends[record] = end
    return len(groups)


def make(
    space: Space, program: Program, plans: Sequence[RecordPlan], part: Part, now_us: int
) -> Iterator[list[Row]]:
    """Yield the records of a part in the order of their keys, some at a time."""
    out, first = np.empty(FIRST_BYTES, np.uint8), 0
    while first < len(part.keys):
        groups, begins = part.groups[first:], part.begins[first:]
        blocks, stamps_us, ends = (np.zeros_like(groups) for _ in range(3))
        count = make_records(
            space.memory,
            program,
            space.table.empty,
            (groups, begins, part.places, part.words),
            (blocks, stamps_us, ends, out),
            now_us,
        )
        if not count and blocks[0]:
            out = np.empty(2 * len(out), np.uint8)
        elif not count:
            space.grow()
        lasts = [0, *ends[:count].tolist()]
        content = out[: lasts[-1]].tobytes()
        yield [
            Row(part.keys[first + place], plans[group].expires_us(stamp_us), content[begin:end])
            for place, (group, stamp_us, begin, end) in enumerate(
                zip(groups.tolist(), stamps_us[:count].tolist(), lasts, lasts[1:])  # noqa: B905 - as many as there was room for
            )
        ]
        first += count
