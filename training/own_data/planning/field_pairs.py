"""How two fields go together: their pairs as one key, and whether one of them tells the other.

Linear in the events: pairs are numbered by a table, not by sorting. A file of many columns asks
this of every two of them, and nearly all of those are told apart by their first events.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.own_data.events import MISSING, Coded
from training.own_data.planning.density import different
from training.windows.kernels import dense_pairs

Codes = NDArray[np.int32]
# What still counts as one to one.
SAME_SHARE = 1.02
# Two fields that are not one have more pairs than values within a few times as many events.
FIRST_EVENTS_PER_VALUE, FEWEST_FIRST_EVENTS = 4, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """The pairs of two fields.

    ``codes`` number the pair of each event, -1 where a field is missing; ``pairs`` is how many
    different ones there are, ``values`` how many different values of each field they have.
    """

    codes: Codes
    pairs: int
    values: tuple[int, int]


def together(first: Codes, second: Codes) -> Together:
    """Return the pairs of two fields, given the code of each event."""
    present = (first != MISSING) & (second != MISSING)
    a, b = first[present], second[present]
    numbers, pairs = dense_pairs(a.astype(np.int64), b.astype(np.int64))
    codes = np.full(len(first), MISSING, np.int32)
    codes[present] = numbers
    return Together(codes=codes, pairs=pairs, values=(different(a), different(b)))


def determined(both: Together, exceptions: float) -> bool:
    """Tell whether one field as good as tells the other: the pair is then that field again.

    Parameters
    ----------
    exceptions
        How many events may break the rule, since a few tell nothing.
    """
    return _as_many(both.pairs, max(both.values), exceptions)


def one_to_one(first: Coded, second: Coded, exceptions: float) -> bool:
    """Tell whether two fields are as good as one, missing values included."""
    a, b = first.codes, second.codes
    fewest = min(len(first.levels), len(second.levels))
    some = FIRST_EVENTS_PER_VALUE * fewest + FEWEST_FIRST_EVENTS
    # More events can only have more pairs, and never fewer values than these to hold against.
    if some < len(a) and not _as_many(together(a[:some], b[:some]).pairs, fewest, exceptions):
        return False
    if np.sum((a == MISSING) != (b == MISSING)) > min((SAME_SHARE - 1) * len(a), exceptions):
        return False
    both = together(a, b)
    return _as_many(both.pairs, min(both.values), exceptions)


def _as_many(pairs: int, values: int, exceptions: float) -> bool:
    """Tell whether pairs are no more than values, but for a few that tell nothing."""
    return pairs - values <= min((SAME_SHARE - 1) * values, exceptions)
