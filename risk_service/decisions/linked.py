"""What an order's identity cluster and linked accounts say, and how its own links count.

The one place where decisions and intake meet the clusters. Links of a group wait until the
log has the group; the next group applies them, or drops them with a commit that failed.
"""

from collections.abc import Callable, Iterable, Sequence

from risk_service.domain.event import Event
from risk_service.feature_ports import WindowStore
from risk_service.features.clusters.features import ClusterFeatures, Floats
from risk_service.features.clusters.links import LinkReader, Links
from risk_service.features.clusters.others import LinkedRows, Views, others_over
from risk_service.features.clusters.state import ClusterState
from risk_service.features.clusters.terms import ClusterSet
from risk_service.features.clusters.view import ClusterView
from risk_service.features.windows.terms import WindowSet


class Linked:
    """Reads clusters for groups of orders and lets links count.

    Parameters
    ----------
    state
        Who is linked to whom, by account token.
    windows
        Where the records of members and neighbours are read.
    logged_us
        Returns the greatest stamp that the log has.
    """

    def __init__(
        self,
        state: ClusterState[str],
        declared: tuple[WindowSet, ClusterSet],
        windows: WindowStore,
        logged_us: Callable[[], int],
    ) -> None:
        window_set, cluster_set = declared
        self.state = state
        self._reader = LinkReader(window_set, cluster_set.rules)
        self._others = others_over(windows, ClusterFeatures(window_set, cluster_set))
        self._logged_us = logged_us
        self._waiting: list[tuple[str, Links, int]] = []
        # Those of the group that was viewed last: it is asked for again when it counts.
        self._links: dict[str, tuple[Event, Links | None]] = {}

    def views(self, events: Sequence[Event], r_us: int) -> Views:
        """Return what the orders of a group see of their clusters; None without an account.

        All orders of a group see the links that are durable, each its own on top.

        Parameters
        ----------
        r_us
            The group's first stamp.
        """
        self.settle()
        links_of = self._reader.links
        links = [links_of(event) for event in events]
        self._links = {
            event.event_id: (event, link) for event, link in zip(events, links, strict=True)
        }
        account = self._reader.account
        seen = [
            (account(event), link)
            for event, link in zip(events, links, strict=True)
            if link is not None
        ]
        views = self.state.views(seen, r_us) if seen else []
        if len(views) == len(events):
            return list(views)
        found = iter(views)
        return [None if link is None else next(found) for link in links]

    def accounts(
        self, event: Event, at_us: int, view: ClusterView[str] | None = None
    ) -> tuple[str, ...]:
        """Return all accounts of an order's cluster, the one that names it first.

        Reads what is linked right now, so it may be asked after ``views`` of the same group.

        Parameters
        ----------
        view
            What the event sees, if it was looked at: spares a second look where it shows all.
        """
        if view is not None and len(view.members) + 1 == view.size:
            return self.state.by_age(view.account, view.members, at_us)
        links = self._links_of(event)
        if links is None:
            return ()
        return self.state.whole(self._reader.account(event), links, at_us)

    def rows(
        self,
        views: Views,
        events: Sequence[Event],
        observed: Floats,
        r_us: int,
    ) -> LinkedRows:
        """Return the cluster features of the orders of a group, NaN where missing.

        Parameters
        ----------
        observed
            The orders' own windows, shape (orders, window features).
        r_us
            When ``views`` was asked, and the records of other accounts are read.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            The records of other accounts cannot be read.
        """
        return self._others.rows(views, events, observed, r_us)

    def count(self, stamped: Iterable[tuple[int, Event]]) -> None:
        """Let the links of a group count once the log has it; stamps must rise."""
        self.settle()
        for stamp_us, event in stamped:
            links = self._links_of(event)
            if links is not None:
                self._waiting.append((self._reader.account(event), links, stamp_us))

    def shared(self, event: Event, other: str) -> frozenset[str] | None:
        """Return the fields by which the event's account meets another; None when unknown."""
        self.settle()
        links = self._links_of(event) or ()
        return self.state.shared(self._reader.account(event), other, links)

    def settle(self) -> None:
        """Apply the links of the group before, or drop them when the log has not got it."""
        waiting, self._waiting = self._waiting, []
        if waiting and waiting[-1][2] <= self._logged_us():
            for account, links, stamp_us in waiting:
                self.state.apply(account, links, stamp_us)

    def prepare(self, now_us: int) -> None:
        """Begin or finish the nightly run when it is due, also while no orders come."""
        self.settle()
        self.state.prepare(now_us)

    def _links_of(self, event: Event) -> Links | None:
        kept = self._links.get(event.event_id)
        return kept[1] if kept is not None and kept[0] is event else self._reader.links(event)
