"""Loops that the windows of the live service have no need of: extremes, first times, float sums.

Events and reads come as in ``training.windows.kernels``: entity by entity, ``born`` the first
read that an event counts for, ``gone`` the first one that it does not count for any more. Both,
together ``spans``, never fall within an entity; ``values`` has one per chosen event.
"""

import numpy as np
from numpy.typing import NDArray

from training.windows.compiled import compiled

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]


@compiled
def greatest(
    chosen: Int32s,
    spans: tuple[Int32s, Int32s],
    values: Floats,
    event_starts: Int64s,
    read_starts: Int64s,
) -> Floats:
    """Return the greatest value of the chosen events alive at each read; NaN where none is."""
    born, gone = spans
    found = np.full(read_starts[-1], np.nan)
    # Places of ``chosen`` that may still be the greatest, values falling.
    line = np.empty(chosen.size, np.int64)
    at = 0
    for entity in range(event_starts.size - 1):
        head, tail = 0, 0
        end = event_starts[entity + 1]
        for read in range(read_starts[entity], read_starts[entity + 1]):
            while at < chosen.size and chosen[at] < end and born[chosen[at]] <= read:
                while tail > head and values[line[tail - 1]] <= values[at]:
                    tail -= 1
                line[tail] = at
                tail += 1
                at += 1
            while head < tail and gone[chosen[line[head]]] <= read:
                head += 1
            if head < tail:
                found[read] = values[line[head]]
        while at < chosen.size and chosen[at] < end:
            at += 1
    return found


@compiled
def firsts(chosen: Int32s, born: Int32s, event_starts: Int64s, read_starts: Int64s) -> Int32s:
    """Return the first chosen event of each read's entity that it can see; -1 is none."""
    found = np.full(read_starts[-1], -1, np.int32)
    at = 0
    for entity in range(event_starts.size - 1):
        end = event_starts[entity + 1]
        if at < chosen.size and chosen[at] < end:
            for read in range(born[chosen[at]], read_starts[entity + 1]):
                found[read] = chosen[at]
        while at < chosen.size and chosen[at] < end:
            at += 1
    return found


@compiled
def float_sums(
    chosen: Int32s,
    spans: tuple[Int32s, Int32s],
    values: Floats,
    event_starts: Int64s,
    read_starts: Int64s,
) -> Floats:
    """Return the sum of the chosen events' values alive at each read; 0 where none is.

    Nothing is ever subtracted, which would leave what a large value took from the small ones: a
    queue of two stacks, and beside each sum what rounding lost. Linear in events and reads.
    """
    born, gone = spans
    found = np.zeros(read_starts[-1])
    # Of the older events: the sums from each to the youngest of them, and their rests.
    high, low = np.empty(chosen.size), np.empty(chosen.size)
    at = 0
    for entity in range(event_starts.size - 1):
        end = event_starts[entity + 1]
        head, middle, young, young_rest = at, at, 0.0, 0.0
        for read in range(read_starts[entity], read_starts[entity + 1]):
            while at < chosen.size and chosen[at] < end and born[chosen[at]] <= read:
                young, rest = _two_sum(young, values[at])
                young_rest += rest
                at += 1
            while head < at and gone[chosen[head]] <= read:
                if head == middle:
                    _sum_from_the_youngest(values, head, at, high, low)
                    middle, young, young_rest = at, 0.0, 0.0
                head += 1
            total, rest = young, young_rest
            if head < middle:
                total, more = _two_sum(high[head], young)
                rest += low[head] + more
            found[read] = total + rest
        while at < chosen.size and chosen[at] < end:
            at += 1
    return found


@compiled
def _sum_from_the_youngest(values: Floats, head: int, stop: int, high: Floats, low: Floats) -> None:
    """Write the sum of the values from each place to ``stop``, and what rounding lost of it."""
    total, lost = 0.0, 0.0
    for place in range(stop - 1, head - 1, -1):
        total, rest = _two_sum(total, values[place])
        lost += rest
        high[place], low[place] = total, lost


@compiled
def _two_sum(one: float, other: float) -> tuple[float, float]:
    """Return a sum and what its rounding lost.

    Source: D. E. Knuth, The art of computer programming, volume 2, section 4.2.2, theorem B.
    """
    total = one + other
    back = total - one
    return total, (one - (total - back)) + (other - back)
