"""A group of events between what it has read and the log: its changes, and what it is told."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.keeper import Changes, Floats
from risk_service.domain.event import Event


class GroupInFlight:
    """The changes of a group, and the stamps under which its events count."""

    def __init__(self, changes: Changes, keys: Sequence[tuple[str, ...]]) -> None:
        self.changes = changes
        self.stamps: dict[str, int] = {}
        self.stamp_us = 0
        self._keys = keys

    def count(self, event: Event, stamp_us: int) -> None:
        """Take note that an event counts."""
        self.stamps[event.event_id] = stamp_us
        self.stamp_us = stamp_us

    def observed(
        self, values: Floats, stamps_us: Sequence[int], repeated: Mapping[int, int]
    ) -> "ObservedAtOnce":
        """Return what events read under their stamps; some were counted before, by place."""
        return ObservedAtOnce(values, self._keys, stamps_us, repeated)

    def has_key(self) -> NDArray[np.bool_]:
        """Return where events have a key, shape (events, key groups)."""
        return _has_key(self._keys)


class ObservedAtOnce:
    """Implements ``Observed``; an event reads all its records under one stamp.

    Stamps by record are made for who asks: as a rule one stamp says all.
    """

    def __init__(
        self,
        values: Floats,
        keys: Sequence[tuple[str, ...]],
        stamps_us: Sequence[int],
        repeated: Mapping[int, int],
    ) -> None:
        self.values = values
        self.one_us = None if repeated or not all(map(any, keys)) else stamps_us
        self._keys = keys
        self._stamps_us = stamps_us
        self._repeated = repeated

    @cached_property
    def read_us(self) -> NDArray[np.int64]:
        """Return when each record was read."""
        return self._by_record(self._stamps_us)

    @cached_property
    def applied_us(self) -> NDArray[np.int64]:
        """Return the stamp under which the event counts in each record."""
        counted = self._repeated.get
        return self._by_record([counted(at, us) for at, us in enumerate(self._stamps_us)])

    def _by_record(self, stamps_us: Sequence[int]) -> NDArray[np.int64]:
        by_record: NDArray[np.int64] = np.array(stamps_us, np.int64)[:, None] * _has_key(self._keys)
        return by_record


def _has_key(keys: Sequence[tuple[str, ...]]) -> NDArray[np.bool_]:
    # As bytes: numpy would look at the type of every truth.
    given = bytes(map(bool, chain.from_iterable(keys)))
    return np.frombuffer(given, np.bool_).reshape(len(keys), -1)
