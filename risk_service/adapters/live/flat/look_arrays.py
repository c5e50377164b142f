"""The arrays that the loops over identity clusters read, grouped as their owners have them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.flat.memory import Ints

Int32s = NDArray[np.int32]
Bytes = NDArray[np.uint8]


class Evidences(NamedTuple):
    """The arrays of ``Evidence`` and its index, whose slots come last."""

    kind: Bytes
    hub: Bytes
    head: Int32s
    row_account: Int32s
    row_value: Int32s
    row_us: Ints
    older: Int32s
    next_of: Int32s
    first_row: Int32s
    keys: Ints
    slots: Int32s


class Partitions(NamedTuple):
    """The arrays of ``Partition``."""

    label: Int32s
    starts: Int32s
    members: Int32s
    moved: Int32s
    following: Int32s
    some: Int32s
    sizes: Int32s
    merges: Int32s


class Ages(NamedTuple):
    """The arrays of ``Accounts``."""

    first_us: Ints
    last_us: Ints


class Look(NamedTuple):
    """What is looked at: ``asked`` has an account's number and its links by order.

    ``values``, ``clusters`` and ``accounts`` are room for the loops.
    """

    terms: Ints
    asked: Ints
    values: Ints
    clusters: Ints
    accounts: Ints
