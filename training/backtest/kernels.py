"""Loops that the windows of the live service have no need of: extremes, first times, gone keys.

Events and reads come as in ``training.windows.kernels``: entity by entity, ``born`` the first
read that an event counts for, ``gone`` the first one that it does not count for any more.
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
    """Return the greatest value of the chosen events alive at each read; NaN where none is.

    Parameters
    ----------
    spans
        ``born`` and ``gone``, both never falling within an entity.
    values
        One per chosen event.
    """
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
