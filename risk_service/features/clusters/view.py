"""What one order sees of its account's cluster."""

from typing import Generic

from msgspec import Struct

from risk_service.features.clusters.accounts import Key


class ClusterView(Struct, Generic[Key], frozen=True):
    """An account's cluster and direct neighbours at one moment.

    Parameters
    ----------
    account
        Whose view it is; empty (or 0) where the event names none.
    members
        Other accounts of the cluster, those seen last first, as many as are looked at.
    neighbours
        Other accounts that share a value, those seen last first, as many as are looked at.
    size
        Accounts of the cluster, the account itself included; 0 without an account.
    age_us
        Since the cluster's first account was first seen; 0 for one that is new.
    merges
        Merges since the night that made the cluster.
    hub_links
        Values of the order that are hubs.
    new_accounts
        Accounts of the cluster first seen within the last 7 days, itself included.
    id
        The account of the cluster that was seen first: it names the cluster.
    """

    account: Key
    members: tuple[Key, ...]
    neighbours: tuple[Key, ...]
    size: int
    age_us: int
    merges: int
    hub_links: int
    new_accounts: int
    id: Key

    @property
    def others(self) -> tuple[Key, ...]:
        """Return members, then neighbours that are no member shown; none twice."""
        if not self.neighbours:
            return self.members
        return tuple(dict.fromkeys(self.members + self.neighbours))
