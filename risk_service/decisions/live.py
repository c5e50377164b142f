"""What the windows say about a group of attempts, and how each attempt comes to count.

The one place where decisions meet the windows' store.
"""

import logging
from collections import OrderedDict
from collections.abc import Collection, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from risk_service.decisions.linked import Linked
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.event import Event
from risk_service.domain.order import Order
from risk_service.domain.stamps import Stamps
from risk_service.feature_ports import Observed, WindowStore
from risk_service.features.clusters.view import ClusterView
from risk_service.features.windows.order_event import order_event
from risk_service.features.windows.plan import CompiledWindows
from risk_service.ports import IdSource

Floats = NDArray[np.float64]

log = logging.getLogger(__name__)

# Requests whose decision could not be made durable and that may come again.
UNDECIDED_MAX = 10_000


class LiveAttempt(Struct, frozen=True, kw_only=True, gc=False):
    """An order before its decision; the end of a challenge reads windows and does not count."""

    order: Order
    decision_id: str
    counts: bool


class Stamped(Struct, frozen=True, kw_only=True, gc=False):
    """Stamps of one decision, as ``DecisionRecord`` keeps them."""

    stamp_us: int
    read_us: tuple[int, ...] = ()
    applied_us: tuple[int, ...] = ()
    linked_us: int = 0
    others_us: tuple[int, ...] = ()


class LiveGroup(Struct, frozen=True, kw_only=True):
    """What was read for a group; ``values`` is None when no window could be read.

    ``views`` is what each order sees of its identity cluster, None where it has none or nobody
    looked, and ``clusters`` names it.
    """

    values: Floats | None
    stamps: list[Stamped]
    events: Sequence[Event]
    clusters: list[str]
    views: Sequence[ClusterView[str] | None]


class Live:
    """Reads and counts the attempts of a group: windows, then clusters and linked accounts.

    Parameters
    ----------
    linked
        Over the same windows.
    stamps
        Source of the stamps of the log; a shared store gives its own for each entity.
    """

    def __init__(
        self, store: WindowStore, linked: Linked, compiled: CompiledWindows, stamps: Stamps
    ) -> None:
        self._store = store
        self._linked = linked
        self._compiled = compiled
        self._stamps = stamps
        self._width = len(compiled.window_set.names)

    def observe(self, attempts: Sequence[LiveAttempt], now_us: int) -> LiveGroup:
        """Read the windows of each attempt and let those count that do.

        Without windows decisions go on: the log has the attempts, and the windows count them
        when they are made again.
        """
        events = [order_event(one.order, one.decision_id, now_us) for one in attempts]
        try:
            group = self._observe(attempts, events, now_us)
        except StoreUnavailable as error:
            log.warning("windows_unavailable", extra={"error": str(error)})
            stamps = [Stamped(stamp_us=self._stamps.next_us(now_us)) for _ in attempts]
            group = LiveGroup(
                values=None,
                stamps=stamps,
                events=events,
                clusters=[""] * len(attempts),
                views=[None] * len(attempts),
            )
        self._linked.count(
            [
                (stamped.stamp_us, event)
                for stamped, event, one in zip(group.stamps, events, attempts, strict=True)
                if one.counts
            ]
        )
        return group

    def accounts(self, group: LiveGroup, index: int, now_us: int) -> tuple[str, ...]:
        """Return all accounts of one order's cluster, the one that names it first."""
        return self._linked.accounts(group.events[index], now_us, group.views[index])

    def _observe(
        self, attempts: Sequence[LiveAttempt], events: Sequence[Event], now_us: int
    ) -> LiveGroup:
        self._linked.begin(now_us)
        rows, stamps = self._own(attempts, events, now_us)
        first_us = min([stamped.stamp_us for stamped in stamps])
        linked_us = self._linked.arrive(first_us)
        views = self._linked.views(events, linked_us)
        # Links that have fallen behind are read as of long ago; windows never are.
        is_behind = linked_us < now_us
        r_us = first_us if is_behind else linked_us
        linked = self._linked.rows(views, events, rows, r_us, stamped=is_behind)
        return LiveGroup(
            values=np.concatenate([rows, linked.values], axis=1),
            events=events,
            clusters=["" if view is None else view.id for view in views],
            views=views,
            stamps=[
                replace(stamped, linked_us=linked_us, others_us=others_us)
                for stamped, others_us in zip(stamps, linked.others_us, strict=True)
            ],
        )

    def _own(
        self, attempts: Sequence[LiveAttempt], events: Sequence[Event], now_us: int
    ) -> tuple[Floats, list[Stamped]]:
        """Return the windows of each attempt, and its stamps."""
        if all(one.counts for one in attempts):
            observed = self._store.observe(events, now_us)
            return observed.values, self._stamped(observed, now_us)
        rows = np.empty((len(attempts), self._width))
        stamps: dict[int, Stamped] = {}
        # First those that only read: their stamps lie before what the others let count.
        for place, one in enumerate(attempts):
            if not one.counts:
                rows[place], stamps[place] = self._read(events[place], now_us)
        places = [place for place, one in enumerate(attempts) if one.counts]
        if places:
            observed = self._store.observe([events[place] for place in places], now_us)
            rows[places] = observed.values
            stamps.update(zip(places, self._stamped(observed, now_us), strict=True))
        return rows, [stamps[place] for place in range(len(attempts))]

    def _read(self, event: Event, now_us: int) -> tuple[Floats, Stamped]:
        """Return the windows of an event that does not count, and when they were read."""
        stamp_us = self._stamps.next_us(now_us)
        requests = [(group, [key]) for group, key in enumerate(self._compiled.keys(event)) if key]
        row = [np.full(len(plan.names), np.nan) for plan in self._compiled.plans]
        read_us = [0] * len(row)
        found = self._store.read_many(requests, stamp_us)
        for (group, _), one in zip(requests, found, strict=True):
            row[group], read_us[group] = one.values[0], int(one.read_us[0])
        given = () if {*read_us} <= {0, stamp_us} else tuple(read_us)
        return np.concatenate(row), Stamped(stamp_us=stamp_us, read_us=given)

    def _stamped(self, observed: Observed, now_us: int) -> list[Stamped]:
        one_us = observed.one_us or _one_us(observed)
        return [
            self._of_one((stamp_us,) if stamp_us else (), (observed, place), now_us)
            for place, stamp_us in enumerate(one_us)
        ]

    def _of_one(self, given: Collection[int], seen: tuple[Observed, int], now_us: int) -> Stamped:
        """Return the stamps of one attempt, the first or a later one of what was observed."""
        stamp_us, is_theirs = self._stamps.recorded(given, now_us)
        if is_theirs:
            return Stamped(stamp_us=stamp_us)
        observed, place = seen
        read_us, applied_us = observed.read_us[place].tolist(), observed.applied_us[place].tolist()
        return Stamped(stamp_us=stamp_us, read_us=tuple(read_us), applied_us=tuple(applied_us))


def _one_us(observed: Observed) -> list[int]:
    """Return for each event its one stamp, 0 where it has several or none."""
    both = np.concatenate([observed.read_us, observed.applied_us], axis=1)
    latest_us = both.max(axis=1)
    is_one = ((both == latest_us[:, None]) | (both == 0)).all(axis=1)
    one_us: list[int] = np.where(is_one, latest_us, 0).tolist()
    return one_us


class DecisionIds:
    """Decision ids, the same again for a request whose decision did not become durable.

    A shared store of windows may have counted the attempt: under the same id it counts once.
    """

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._undecided: OrderedDict[str, str] = OrderedDict()

    def of(self, request_id: str) -> str:
        """Return the id of the decision on a request."""
        known = self._undecided.get(request_id)
        if known is not None:
            return known
        self._undecided[request_id] = new = self._ids.new_id("dec")
        if len(self._undecided) > UNDECIDED_MAX:
            self._undecided.popitem(last=False)
        return new

    def durable(self, request_ids: Sequence[str]) -> None:
        """Forget requests whose decisions are durable."""
        for request_id in request_ids:
            self._undecided.pop(request_id, None)
