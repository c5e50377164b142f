"""Tells keys that are certainly not in an index, without reading it.

Nearly every request and order is new, and asking a file for what is not there costs as much
as finding it. A key marks two of 32 Mi slots, by its hash; one whose slots are not both marked
was never added. Of 4 million keys every 20th new one is taken for known and looked up, of 20
million every second: the answer stays right, only less is saved. A slot is a byte, so that
marking it is one store: threads mark while others ask.
"""

from collections.abc import Sequence

import numpy as np

SLOTS = 1 << 25
_MASK = SLOTS - 1
_SECOND = 32


class KeyFilter:
    """Keys that were added, with some more.

    Memory is taken as slots are marked, 32 MiB in the end. Any thread adds, any asks.
    """

    def __init__(self) -> None:
        self._slots = bytearray(SLOTS)
        self._marked = np.frombuffer(self._slots, np.uint8)

    def add(self, keys: Sequence[str]) -> None:
        """Add keys; who asks for one of them from now on is told that it may be there."""
        hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
        self._marked[hashes & _MASK] = 1
        self._marked[hashes >> _SECOND & _MASK] = 1

    def add_few(self, keys: Sequence[str]) -> None:
        """Add keys like ``add``; faster for those of one group."""
        slots = self._slots
        for key in keys:
            h = hash(key)
            slots[h & _MASK] = slots[h >> _SECOND & _MASK] = 1

    def known(self, keys: Sequence[str]) -> list[str]:
        """Return the keys that may have been added; the others were not."""
        slots = self._slots
        hashes = [(key, hash(key)) for key in keys]
        return [key for key, h in hashes if slots[h & _MASK] and slots[h >> _SECOND & _MASK]]
