"""Tells whether numbers of two columns name the same things, or only look as if they did.

Clients 1 to 3,000 share their numbers with orders 1 to 9,000 and nothing else. But nobody is
invited by one who came later, nor by themselves, and some of the latest have already invited;
clients that are numbered as they come stay behind the orders instead.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

LEAST_REFERENCES = 20
# Numbers must share so many times the texts that numbers of their ranges would by chance.
TIMES_CHANCE = 3.0
WHOLE_NUMBER = r"^[1-9][0-9]{0,17}$"
# Slips of a clock put one in a hundred out of order; what stays behind is no reference.
_MOST_AHEAD, _LATEST = 0.01, 0.95


def refers_back(place: NDArray[np.int64]) -> bool:
    """Tell whether events refer to earlier ones.

    Parameters
    ----------
    place
        Of each event in order of time: where the event stands whose id it tells, -1 for none.
    """
    event = np.flatnonzero(place >= 0)
    # Each is asked once: an account that is emptied over and over does not refer to order 0.
    told, first = np.unique(place[event], return_index=True)
    if len(told) < LEAST_REFERENCES:
        return False
    ahead = float((told >= event[first]).mean())
    return bool(ahead <= _MOST_AHEAD and told.max() >= _LATEST * event.max())


def shared_by_chance(one: pa.Array, other: pa.Array) -> float:
    """Return how many whole numbers two sets of texts would share if drawn from their ranges."""
    numbers = [_whole_numbers(texts) for texts in (one, other)]
    if not all(map(len, numbers)):
        return 0.0
    low, high = max(n.min() for n in numbers), min(n.max() for n in numbers)
    inside = [int(((n >= low) & (n <= high)).sum()) for n in numbers]
    return inside[0] * inside[1] / (float(high) - float(low) + 1.0)


def _whole_numbers(texts: pa.Array) -> NDArray[np.int64]:
    found = texts.filter(pc.match_substring_regex(texts, WHOLE_NUMBER))
    return np.asarray(found.cast(pa.int64()).to_numpy(zero_copy_only=False))
