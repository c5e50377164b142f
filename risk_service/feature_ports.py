"""Where the core has features from, as Protocols that adapters implement, and what it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.event import Event
from risk_service.domain.order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFeatures:
    """Stored feature values of a group of orders.

    ``values`` has shape (orders, stored features of the schema), float64, NaN where the
    entity is unknown or its row is older than the view's TTL. ``materialized_until_us``
    is the time up to which the online store holds history.
    """

    values: NDArray[np.float64]
    materialized_until_us: int


class FeatureReader(Protocol):
    """Reads the slow features of the entities of a group of orders."""

    def read(self, orders: Sequence[Order], now_us: int) -> StoredFeatures:
        """Return one row per order.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            The store cannot be read; the caller decides in mode NO_FEATURES.
        """


class Observed(Protocol):
    """What a group of order attempts saw of the windows, and when."""

    @property
    def values(self) -> NDArray[np.float64]:
        """Return windows, shape (events, window features), NaN missing."""

    @property
    def read_us(self) -> NDArray[np.int64]:
        """Return when each record was read, shape (events, key groups); 0 without such a key."""

    @property
    def applied_us(self) -> NDArray[np.int64]:
        """Return the stamp under which the event counts in each record; 0 where it does not."""

    @property
    def one_us(self) -> Sequence[int] | None:
        """Return the stamp of an event that has but one, else 0; None: nobody looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedEach:
    """Implements ``Observed`` where each record has stamps of its own."""

    values: NDArray[np.float64]
    read_us: NDArray[np.int64]
    applied_us: NDArray[np.int64]
    one_us: None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRows:
    """Windows of some keys of one group, and when each of them was read.

    ``values`` has shape (keys, features of the group), float64, NaN missing; ``read_us`` has
    shape (keys,). A read sees what was applied before its stamp.
    """

    values: NDArray[np.float64]
    read_us: NDArray[np.int64]


class WindowStore(Protocol):
    """Windows over the events of entities; an event counts once, by its id."""

    def observe(self, events: Sequence[Event], now_us: int) -> Observed:
        """Read each attempt's windows, then let it count; a repeated event id changes nothing."""

    def apply(self, events: Sequence[Event], now_us: int) -> NDArray[np.int64]:
        """Let life events and promotion actions count; a repeated event id changes nothing.

        Returns the stamps under which they count, shape (events, key groups).
        """

    def read_many(
        self, requests: Sequence[tuple[int, Sequence[str]]], now_us: int
    ) -> list[ReadRows]:
        """Return the windows of other keys, none of them empty, group by group in one trip."""

    def close(self) -> None:
        """Give back what the store holds open."""
