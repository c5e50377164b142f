"""Tells whether numbers that are counted up refer to earlier events, or only look like their ids.

Clients 1 to 3,000 share their numbers with orders 1 to 9,000 and nothing else. But nobody is
invited by one who came later, nor by themselves, and some of the latest have already invited;
clients that are numbered as they come stay behind the orders instead.
"""

import numpy as np
from numpy.typing import NDArray

LEAST_REFERENCES = 20
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
    if len(event) < LEAST_REFERENCES:
        return False
    told = place[event]
    ahead = float((told >= event).mean())
    return bool(ahead <= _MOST_AHEAD and told.max() >= _LATEST * event.max())
