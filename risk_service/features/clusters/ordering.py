"""Stable ordering of small numbers, several times faster than numpy's stable argsort."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_BITS = 31
_PLACES = np.int64((1 << _BITS) - 1)


def stable_order(numbers: NDArray[np.integer]) -> Ints:
    """Return the places of numbers in rising order, equal ones in the order they stand in.

    Parameters
    ----------
    numbers
        From 0 to 2^32, fewer than 2^31 of them. Number and place are sorted as one int64,
        which numpy does with vector instructions.
    """
    keys = numbers.astype(np.int64) << _BITS
    keys |= np.arange(len(keys))
    keys.sort()
    keys &= _PLACES
    return keys
