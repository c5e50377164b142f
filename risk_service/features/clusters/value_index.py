"""Numbers for 64 bit hashes: a hash table of 16 to 24 bytes per entry.

A dict of ints takes 120 bytes per entry, and there are five values per account.
"""

from array import array
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from risk_service.features.clusters.ordering import stable_order

NONE = -1
_MIN_CAPACITY = 1_024
# Free places behind the last home place, so that probing never wraps around.
_SLACK = 64


class ValueIndex:
    """Gives each hash the next number; open addressing with linear probing.

    Parameters
    ----------
    keys
        Hashes of the numbers from 0 on, all different. They are hashes already: their low
        bits are the home place.
    """

    __slots__ = ("_limit", "keys", "mask", "slots")

    def __init__(self, keys: "array[int] | None" = None) -> None:
        self.keys: array[int] = array("q") if keys is None else keys
        self.slots: array[int] = array("i")
        self.mask = 0
        self._limit = 0
        self._build(_MIN_CAPACITY)

    def __len__(self) -> int:
        """Return how many hashes have a number."""
        return len(self.keys)

    def find(self, key: int) -> int:
        """Return the number of a hash, or ``NONE``."""
        slots, keys = self.slots, self.keys
        place = key & self.mask
        while True:
            number = slots[place]
            if number < 0 or keys[number] == key:
                return number
            place += 1

    def find_all(self, keys: Iterable[int]) -> list[int]:
        """Return the numbers of the hashes that have one."""
        slots, known, mask = self.slots, self.keys, self.mask
        found = []
        for key in keys:
            place = key & mask
            number = slots[place]
            while number >= 0 and known[number] != key:
                place += 1
                number = slots[place]
            if number >= 0:
                found.append(number)
        return found

    def add(self, key: int) -> int:
        """Return the number of a hash that has none yet."""
        number = len(self.keys)
        self.keys.append(key)
        if number >= self._limit:
            self._build(2 * (self.mask + 1))
            return number
        slots = self.slots
        place = key & self.mask
        while slots[place] >= 0:
            place += 1
        if place >= len(slots) - 1:
            # The last place stays free: it ends every search.
            self._build(2 * (self.mask + 1))
            return number
        slots[place] = number
        return number

    @property
    def nbytes(self) -> int:
        """Return the bytes of the arrays."""
        return len(self.slots) * 4 + len(self.keys) * 8

    def _build(self, capacity: int) -> None:
        while capacity < 2 * len(self.keys):
            capacity *= 2
        places, order = _places(np.array(self.keys, np.int64), capacity)
        while len(places) and places[-1] >= capacity + _SLACK - 1:
            capacity *= 2
            places, order = _places(np.array(self.keys, np.int64), capacity)
        slots = np.full(capacity + _SLACK, NONE, np.int32)
        slots[places] = order
        self.slots = array("i", slots.tobytes())
        self.mask = capacity - 1
        self._limit = capacity // 2


def _places(keys: NDArray[np.int64], capacity: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the place of each key, rising, and the numbers in that order."""
    home = keys & np.int64(capacity - 1)
    order = stable_order(home)
    steps = np.arange(len(keys))
    return np.maximum.accumulate(home[order] - steps) + steps, order
