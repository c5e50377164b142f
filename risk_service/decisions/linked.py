"""What an order's identity cluster and linked accounts say, and how its own links count.

The one place where decisions and intake meet the clusters. How links come to count when the
log has their group is the matter of a ``LinkLog``.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from risk_service.decisions.link_log import LinkLog
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
    log
        Brings links to the state of clusters.
    windows
        Where the records of members and neighbours are read.
    """

    def __init__(
        self, log: LinkLog, declared: tuple[WindowSet, ClusterSet], windows: WindowStore
    ) -> None:
        window_set, cluster_set = declared
        features = ClusterFeatures(window_set, cluster_set)
        self._log = log
        self._reader = LinkReader(window_set, cluster_set.rules)
        self._others = others_over(windows, features)
        self._sources = len(features.sources)
        # Those of the group that was viewed last: it is asked for again when it counts.
        self._links: dict[str, tuple[Event, Links | None]] = {}

    @property
    def state(self) -> ClusterState[str]:
        """Return who is linked to whom, by account token."""
        return self._log.state

    def begin(self, now_us: int) -> None:
        """Ask for links of other services, before the windows of a group are read."""
        self._log.begin(now_us)

    def arrive(self, r_us: int) -> int:
        """Let all links count that have come; return the stamp under which clusters are read.

        Parameters
        ----------
        r_us
            The group's first stamp.
        """
        return self._log.arrive(r_us)

    def views(self, events: Sequence[Event], r_us: int) -> Views:
        """Return what the orders of a group see of their clusters; None without an account.

        All orders of a group see the links that are durable, each its own on top.

        Parameters
        ----------
        r_us
            As ``arrive`` has said.
        """
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
        *,
        stamped: bool = False,
    ) -> LinkedRows:
        """Return the cluster features of the orders of a group, NaN where missing.

        Parameters
        ----------
        observed
            The orders' own windows, shape (orders, window features).
        r_us
            When the records of other accounts are read.
        stamped
            Name this stamp where it is that of the reading: ``views`` was asked under another.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            The records of other accounts cannot be read.
        """
        rows = self._others.rows(views, events, observed, r_us)
        if not stamped:
            return rows
        others_us = [
            given or (r_us,) * (self._sources * len(view.others) if view else 0)
            for given, view in zip(rows.others_us, views, strict=True)
        ]
        return replace(rows, others_us=others_us)

    def count(self, stamped: Iterable[tuple[int, Event]]) -> None:
        """Let the links of a group count once the log has it; stamps must rise."""
        self._log.settle()
        found = [(self._links_of(event), stamp_us, event) for stamp_us, event in stamped]
        account = self._reader.account
        self._log.add(
            [(account(event), links, at_us) for links, at_us, event in found if links is not None]
        )

    def shared(self, event: Event, other: str) -> frozenset[str] | None:
        """Return the fields by which the event's account meets another; None when unknown."""
        links = self._links_of(event) or ()
        return self.state.shared(self._reader.account(event), other, links)

    def prepare(self, now_us: int) -> None:
        """Begin or finish the nightly run when it is due, also while no orders come."""
        self._log.prepare(now_us)

    def close(self) -> None:
        """Pass on what is durable; nothing comes any more."""
        self._log.close()

    def _links_of(self, event: Event) -> Links | None:
        kept = self._links.get(event.event_id)
        return kept[1] if kept is not None and kept[0] is event else self._reader.links(event)
