"""What the loops work on: the words of all blocks, the table of records, a group's work."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Memory(NamedTuple):
    """``words`` of all blocks; ``meta`` says which are in use, see ``words``."""

    words: Ints
    meta: Ints


class Table(NamedTuple):
    """Where each record's block begins, and that of its draft while a group changes it (0: none).

    ``dirty`` is 1 for those that the file does not have as they are. ``empty`` has a block per
    key group, that of a record without any event. ``touched`` lists what a group has changed.
    """

    block: Ints
    draft: Ints
    dirty: NDArray[np.uint8]
    empty: Ints
    touched: Ints


class Work(NamedTuple):
    """What a group does: ``records`` has shape (events, key groups), -1 where there is no key.

    ``events`` has shape (events, words of an event), ``values`` (events, features).
    """

    records: Ints
    events: Ints
    values: Floats
