"""Which numbers belong to a key: those that differ less within a key than between keys.

How far such a number lies from what is usual for its key says something; of one that is drawn
anew at each event it says no more than the number itself, and of one that never changes (where
a client lives) it says nothing at all. Labels play no part in it. Limits: at most
``SAMPLE_ROWS`` events are looked at, the last ones.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from training.own_data.events import MISSING, Floats

Codes = NDArray[np.int32]
SAMPLE_ROWS = 200_000
# What rounding leaves of the variance of a number that never changes.
NEVER = 1e-9


def belonging(numbers: Mapping[str, Floats], keys: Iterable[Codes], most: int) -> tuple[str, ...]:
    """Return the numbers that belong most to any of the keys, in the order in which they came."""
    if len(numbers) <= most:
        return tuple(numbers)
    recent = [codes[-SAMPLE_ROWS:] for codes in keys]
    shares = {
        name: max((_share_of_key(_ranks(values[-SAMPLE_ROWS:]), of) for of in recent), default=0.0)
        for name, values in numbers.items()
    }
    chosen = sorted(shares, key=lambda name: -shares[name])[:most]
    return tuple(name for name in numbers if name in chosen)


def _ranks(values: Floats) -> Floats:
    """Return places instead of values, so that no single large one decides; NaN stays."""
    found = np.full(len(values), np.nan)
    there = np.isfinite(values)
    different, place = np.unique(values[there], return_inverse=True)
    found[there] = place / max(len(different), 1)
    return found


def _share_of_key(values: Floats, codes: Codes) -> float:
    """Return the part of the variance that lies between keys; 0 too where all of it does."""
    there = np.isfinite(values) & (codes != MISSING)
    of, number = codes[there], values[there]
    again = np.bincount(of)[of] > 1 if len(of) else np.empty(0, np.bool_)
    of, number = np.unique(of[again], return_inverse=True)[1], number[again]
    if not len(of):
        return 0.0
    count = np.bincount(of)
    mean = np.bincount(of, weights=number) / count
    within = float(((number - mean[of]) ** 2).sum()) / (len(of) - len(count))
    whole = float(number.var())
    return 1.0 - within / whole if within > NEVER * whole else 0.0
