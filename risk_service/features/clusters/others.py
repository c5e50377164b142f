"""The records of linked accounts on the order path: read and added up.

A store that keeps records in this process adds them up where they lie (``AddsUp``); for any
other one ``ReadOthers`` reads them in one trip. Both say the same to the last digit.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from risk_service.feature_ports import ReadRows, WindowStore
from risk_service.features.clusters.features import ClusterFeatures, Trip
from risk_service.features.clusters.view import ClusterView
from risk_service.features.windows.event import Event

Floats = NDArray[np.float64]
Views = Sequence[ClusterView[str] | None]


class LinkedRows(Struct, frozen=True, kw_only=True):
    """Cluster features of a group of orders, and when other accounts' records were read.

    ``values`` has shape (orders, cluster features). ``others_us`` is empty for an order whose
    linked accounts were read at the group's stamp; else it has a stamp per source of the
    features and linked account, in the order of ``ClusterView.others``.
    """

    values: Floats
    others_us: list[tuple[int, ...]]


class Others(Protocol):
    """Reads the records of linked accounts and adds them up."""

    def rows(
        self, views: Views, events: Sequence[Event], observed: Floats, r_us: int
    ) -> LinkedRows:
        """Return the cluster features of the orders of a group, NaN where missing.

        Parameters
        ----------
        views
            What each order sees of its cluster; None without an account.
        observed
            The orders' own windows, shape (orders, window features).
        r_us
            When the records of other accounts are read.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            The records of other accounts cannot be read.
        """


@runtime_checkable
class AddsUp(Protocol):
    """A store of windows that adds up records by itself."""

    def others(self, features: ClusterFeatures) -> Others:
        """Return what adds up the records of linked accounts for these features."""


def others_over(windows: WindowStore, features: ClusterFeatures) -> Others:
    """Return what adds up records of a store: the store itself if it can."""
    if isinstance(windows, AddsUp):
        return windows.others(features)
    return ReadOthers(windows, features)


class ReadOthers:
    """Implements ``Others`` over any store: one trip, then whole columns."""

    def __init__(self, windows: WindowStore, features: ClusterFeatures) -> None:
        self._windows = windows
        self._features = features

    def rows(
        self, views: Views, events: Sequence[Event], observed: Floats, r_us: int
    ) -> LinkedRows:
        """Return the cluster features of the orders of a group, NaN where missing."""
        trip = self._features.trip(views, events)
        read = self._windows.read_many(trip.requests, r_us) if trip.requests else []
        values = self._features.rows(trip, observed, [one.values for one in read])
        if all((one.read_us == r_us).all() for one in read):
            return LinkedRows(values=values, others_us=[()] * len(events))
        return LinkedRows(values=values, others_us=self._stamps(views, events, trip, read, r_us))

    def _stamps(
        self,
        views: Views,
        events: Sequence[Event],
        trip: Trip,
        read: Sequence[ReadRows],
        r_us: int,
    ) -> list[tuple[int, ...]]:
        """Return the stamps of each order's linked accounts; the group's for what was not read."""
        by_group = {
            group: dict(zip(keys, one.read_us.tolist(), strict=True))
            for (group, keys), one in zip(trip.requests, read, strict=True)
        }
        return [
            ()
            if view is None
            else tuple(
                by_group.get(source.group, {}).get(source.key(other, event), r_us)
                for source in self._features.sources
                for other in view.others
            )
            for view, event in zip(views, events, strict=True)
        ]
